//! What became of a question to one member, from what gRPC says: whether it was surely not carried out decides if it may be asked again.
//! The texts are etcd's (`api/v3rpc/rpctypes/error.go`).

use std::error::Error;

use tonic::{Code, ConnectError, Status};

use super::kv::KvError;

/// Longest text of an error that is passed on, in characters.
const SHOWN_CHARS: usize = 240;

/// Said before anything was proposed: another member, or the same one later, may do it.
const NOT_PROPOSED: [&str; 6] = [
    "etcdserver: no leader",
    "etcdserver: not leader",
    "etcdserver: unhealthy cluster",
    "not enough started members",
    "etcdserver: too many requests",
    // Rights were changed meanwhile; asked again it is judged by the new ones.
    "etcdserver: revision of auth store is old",
];
/// The quota is used up.
const NO_SPACE: &str = "database space exceeded";
/// The request is over a limit of etcd, or over gRPC's.
const TOO_LARGE: [&str; 2] = ["request is too large", "message larger than max"];
/// Said by TLS, of a certificate: theirs is not taken by us, or ours not by them.
const CERTIFICATE: [&str; 2] = ["invalid peer certificate", "received fatal alert"];

/// Why one member did not do it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// It was surely not carried out there: the next may be asked.
    Elsewhere(KvError),
    /// It may have been carried out.
    Unknown(String),
    /// It won't be, whoever is asked.
    Final(KvError),
}

impl Failure {
    /// Nothing came back in time.
    pub fn late(member: &str) -> Self {
        Self::Unknown(format!("{member} did not answer in time"))
    }

    /// One of both does not take the other's certificate, so that nothing was asked.
    pub fn certificate(member: &str, said: &str) -> Self {
        Self::Elsewhere(KvError::Refused(format!("the certificates don't fit at {member}: {said}")))
    }

    /// From what gRPC says of that member.
    pub fn of(member: &str, status: &Status) -> Self {
        // What etcd itself says has no source; what has one is the connection's.
        if let Some(source) = status.source() {
            let said = chain(source);
            if CERTIFICATE.iter().any(|text| said.contains(text)) {
                return Self::certificate(member, &said);
            }
            return match is_connect(source) {
                true => Self::Elsewhere(KvError::Down(format!("{member}: {said}"))),
                false => Self::Unknown(format!("{member}: {said}")),
            };
        }
        let said = shown(status.message());
        let refused = || Self::Final(KvError::Refused(said.clone()));
        if said.contains(NO_SPACE) {
            return Self::Final(KvError::NoSpace);
        }
        if NOT_PROPOSED.iter().any(|text| said.contains(text)) {
            return Self::Elsewhere(KvError::Down(format!("{member}: {said}")));
        }
        if TOO_LARGE.iter().any(|text| said.contains(text)) {
            return refused();
        }
        match status.code() {
            Code::PermissionDenied
            | Code::Unauthenticated
            | Code::InvalidArgument
            | Code::NotFound
            | Code::OutOfRange
            | Code::FailedPrecondition
            | Code::Unimplemented
            | Code::DataLoss => refused(),
            // `request timed out`, `leader changed`, `server stopped`, and whatever is not known here.
            _ => Self::Unknown(format!("{member}: {said}")),
        }
    }
}

fn is_connect(error: &(dyn Error + 'static)) -> bool {
    let mut at = Some(error);
    while let Some(error) = at {
        if error.is::<ConnectError>() {
            return true;
        }
        at = error.source();
    }
    false
}

/// All that an error is made of, each text once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let (mut said, mut at) = (String::new(), Some(error));
    while let Some(error) = at {
        let text = error.to_string();
        if !said.contains(&text) {
            said = if said.is_empty() { text } else { format!("{said}: {text}") };
        }
        at = error.source();
    }
    shown(&said)
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_etcd_says_decides() {
        let of = |code, text: &str| Failure::of("m", &Status::new(code, text));
        let down = |text: &str| Failure::Elsewhere(KvError::Down(format!("m: {text}")));
        let unknown = |text: &str| Failure::Unknown(format!("m: {text}"));
        let refused = |text: &str| Failure::Final(KvError::Refused(text.into()));
        let check = |code, text: &str, expected: &dyn Fn(&str) -> Failure| assert_eq!(of(code, text), expected(text));
        check(Code::Unavailable, "etcdserver: no leader", &down);
        check(Code::FailedPrecondition, "etcdserver: not leader", &down);
        check(Code::FailedPrecondition, "etcdserver: re-configuration failed due to not enough started members", &down);
        check(Code::Unavailable, "etcdserver: request timed out", &unknown);
        check(Code::Unavailable, "etcdserver: request timed out, possibly due to previous leader failure", &unknown);
        check(Code::Unavailable, "etcdserver: leader changed", &unknown);
        check(Code::Unavailable, "etcdserver: server stopped", &unknown);
        check(Code::DeadlineExceeded, "context deadline exceeded", &unknown);
        check(Code::Unknown, "what is this", &unknown);
        check(Code::ResourceExhausted, "etcdserver: too many requests", &down);
        check(Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded", &|_| {
            Failure::Final(KvError::NoSpace)
        });
        check(Code::InvalidArgument, "etcdserver: request is too large", &refused);
        check(Code::ResourceExhausted, "grpc: received message larger than max (9 vs. 8)", &refused);
        check(Code::PermissionDenied, "etcdserver: permission denied", &refused);
        check(Code::Unauthenticated, "etcdserver: invalid auth token", &refused);
        check(Code::InvalidArgument, "etcdserver: revision of auth store is old", &down);
    }
}
