//! Each request that the command line makes: its path, its body, and the type of its answer.

use std::marker::PhantomData;

use super::{
    Acting, AddressProofView, Adoption, ClockView, ClusterView, CommandDone, CommandRequest, DrillRequest, DrillsView,
    DryRunRequest, DryRunView, ForgetDone, ForgetRequest, GatewayView, LogPart, Probed, ProofExport, ROOT, RegionZone,
    Reloaded, ReportAnswer, StatusAnswer, TestRequest, TestView, TestsSent, TrendsView,
};
use crate::accounts::{AccessView, Change, Changed};
use crate::dispatch::forgotten::ClosedView;
use crate::dispatch::system_record::{BackedUp, Rehearsal};
use crate::domain::ids::{FunctionId, GatewayId, IncidentNo, MessageNo};
use crate::domain::incident::input::{Action, Report};
use crate::domain::view::{ApprovalView, DrillForesight, IncidentView, ListsView, PreviewsView};

/// Whether a request changes something: then a lost answer leaves open whether it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It only reads.
    Reads,
    /// It changes something.
    Changes,
}

/// Nothing is sent with a request.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Nothing {}

/// A request that `A` answers, with `B` as its body.
#[derive(Clone, Debug)]
pub struct Call<A, B = Nothing> {
    /// Path and query.
    pub path: String,
    /// What is posted; without it the request is a GET.
    pub body: Option<B>,
    /// Whether it changes something.
    pub effect: Effect,
    /// It goes with an ID, and may be sent again under it.
    pub once: bool,
    answer: PhantomData<fn() -> A>,
}

fn get<A>(path: &str) -> Call<A> {
    Call { path: format!("{ROOT}{path}"), body: None, effect: Effect::Reads, once: false, answer: PhantomData }
}

fn post<A, B>(path: &str, body: B, effect: Effect) -> Call<A, B> {
    Call { path: format!("{ROOT}{path}"), body: Some(body), effect, once: false, answer: PhantomData }
}

/// The region at a glance.
pub fn status() -> Call<StatusAnswer> {
    get("/status")
}

/// The region's time zone alone.
pub fn zone() -> Call<RegionZone> {
    get("/status")
}

/// One incident. In paths a drill's number has the prefix X: no letter there needs escaping.
pub fn incident(no: IncidentNo) -> Call<IncidentView> {
    get(&format!("/incidents/{}", in_path(no)))
}

/// What far devices show of a message.
pub fn previews(number: MessageNo) -> Call<PreviewsView> {
    get(&format!("/incidents/{}/messages/{}/previews", in_path(number.incident), number.seq))
}

/// What moving to the newest configuration would change.
pub fn adoption(no: IncidentNo) -> Call<Adoption> {
    get(&format!("/incidents/{}/adopt", in_path(no)))
}

/// All drills.
pub fn drills() -> Call<DrillsView> {
    get("/drills")
}

/// What a drill would do.
pub fn drill_dry_run(asked: DrillRequest) -> Call<DrillForesight, DrillRequest> {
    post("/drills/dry-runs", asked, Effect::Reads)
}

/// What an incident or a drill came to.
pub fn after_report(no: IncidentNo) -> Call<ReportAnswer> {
    get(&format!("/incidents/{}/report", in_path(no)))
}

/// What all of them came to, side by side.
pub fn trends() -> Call<TrendsView> {
    get("/drills/trends")
}

/// Begins a drill.
pub fn drill_start(asked: DrillRequest) -> Call<CommandDone, DrillRequest> {
    Call { once: true, ..post("/drills", asked, Effect::Changes) }
}

/// What waits for this duty's yes.
pub fn approvals(by: &FunctionId) -> Call<Vec<ApprovalView>> {
    get(&format!("/approvals?as={}", quoted(by.as_str())))
}

/// What a report chooses from.
pub fn lists() -> Call<ListsView> {
    get("/lists")
}

/// How the nodes of a cluster stand.
#[cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "there are no others"))]
pub fn cluster() -> Call<ClusterView> {
    get("/cluster")
}

/// How each gateway stands.
pub fn gateways() -> Call<Vec<GatewayView>> {
    get("/gateways")
}

/// The newest tests of a gateway.
pub fn gateway_tests(gateway: &GatewayId) -> Call<Vec<TestView>> {
    get(&format!("/gateways/tests?gateway={}", quoted(gateway.as_str())))
}

/// Which addresses are proven.
pub fn addresses() -> Call<Vec<AddressProofView>> {
    get("/addresses")
}

/// The same for a check elsewhere.
pub fn address_proofs() -> Call<ProofExport> {
    get("/addresses/proofs")
}

/// Records after one number, of one incident or of all.
pub fn log(incident: Option<IncidentNo>, after: u64) -> Call<LogPart> {
    let incident = incident.map(|no| format!("incident={}&", in_path(no))).unwrap_or_default();
    get(&format!("/log?{incident}after={after}"))
}

/// Something is to be done.
pub fn command(by: &FunctionId, action: &Action) -> Call<CommandDone, CommandRequest> {
    let body = CommandRequest { by: by.clone(), action: action.clone(), not_personal: false };
    Call { once: true, ..post("/commands", body, Effect::Changes) }
}

/// What would a report do?
pub fn dry_run(by: &FunctionId, report: &Report) -> Call<DryRunView, DryRunRequest> {
    post("/dry-runs", DryRunRequest { by: by.clone(), report: report.clone() }, Effect::Reads)
}

/// A gateway connects and logs in.
pub fn probe(gateway: &GatewayId) -> Call<Probed, Nothing> {
    post(&format!("/gateways/{}/probe", quoted(gateway.as_str())), Nothing {}, Effect::Changes)
}

/// A marked test goes to a duty.
pub fn gateway_test(gateway: &GatewayId, by: &FunctionId, function: &FunctionId) -> Call<TestsSent, TestRequest> {
    let body = TestRequest { by: by.clone(), function: function.clone() };
    post(&format!("/gateways/{}/test", quoted(gateway.as_str())), body, Effect::Changes)
}

/// The configuration is read anew.
pub fn reload(by: &FunctionId) -> Call<Reloaded, Acting> {
    post("/reload", Acting { by: by.clone() }, Effect::Changes)
}

/// The server's time.
pub fn clock() -> Call<ClockView> {
    get("/clock")
}

/// The machine's clock is right.
pub fn clock_accept(by: &FunctionId) -> Call<ClockView, Acting> {
    post("/clock/accept", Acting { by: by.clone() }, Effect::Changes)
}

/// A rehearsal of the restore goes on record.
pub fn rehearsed(rehearsal: &Rehearsal) -> Call<CommandDone, Rehearsal> {
    post("/rehearsals", rehearsal.clone(), Effect::Changes)
}

/// A backup goes on record.
pub fn backed_up(backup: &BackedUp) -> Call<CommandDone, BackedUp> {
    post("/backups", backup.clone(), Effect::Changes)
}

/// Who may come in.
pub fn access() -> Call<AccessView> {
    get("/access")
}

/// Somebody is let in, or shut out.
pub fn access_change(change: &Change) -> Call<Changed, Change> {
    post("/access", change.clone(), Effect::Changes)
}

/// What is private of a closed incident is to be forgotten.
pub fn forget(no: IncidentNo, by: &FunctionId, reason: &str, not_personal: bool) -> Call<ForgetDone, ForgetRequest> {
    let body = ForgetRequest { by: by.clone(), reason: reason.to_owned(), not_personal };
    post(&format!("/incidents/{}/forget", in_path(no)), body, Effect::Changes)
}

/// All incidents that are closed.
pub fn closed() -> Call<Vec<ClosedView>> {
    get("/incidents/closed")
}

fn in_path(no: IncidentNo) -> String {
    quoted(&no.written("X"))
}

/// A part of a path or of a query, so that nothing in it is taken for structure (RFC 3986, 2.3).
fn quoted(part: &str) -> String {
    let mut out = String::new();
    for byte in part.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_becomes_structure() {
        assert_eq!(quoted("../a?b&c=å"), "..%2Fa%3Fb%26c%3D%C3%A5");
        assert_eq!(incident(IncidentNo::exercise(3)).path, "/api/v1/incidents/X-3");
    }
}
