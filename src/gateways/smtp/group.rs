//! Several whole messages in one write (RFC 3030 with RFC 2920): MAIL, RCPT and one chunk with its octets behind them, again
//! and again, and then all the answers. One round trip for a group.
//!
//! The price is a wider window: when the connection is lost, every message of the group that was written whole, and has no
//! answer yet, may have been delivered. So a group is small, and a server that loses one is not sent groups again.

use std::collections::VecDeque;

use super::Manner;
use super::codec::{Reply, bdat_last};
use super::session::{Lost, Session};
use super::worker::{Ready, Verdict, Worker, accepted};
use crate::domain::delivery::{Accepted, SendError};

/// Messages of one group: as many have an unknown outcome at most when a connection is lost.
const GROUP_MESSAGES_MAX: usize = 8;
/// Octets after which a group gets no further message.
const GROUP_BYTES_MAX: usize = 128 * 1024;

/// What the answers say of one message.
enum Told {
    Outcome(Result<Accepted, SendError>),
    /// The server left amid it, and has begun with nothing behind it.
    Left(SendError),
    /// The server left before it had begun with it.
    NotBegun(SendError),
    /// The connection is gone, or of no more use.
    Lost(Lost),
}

impl Worker {
    /// Sends a group, as many as are there, and tells the outcomes.
    pub(super) async fn send_group(&mut self, mut session: Session, mut first: Ready, carried: &mut VecDeque<Ready>) {
        // Written into a connection that the server has closed, a whole message has an unknown outcome; so look first.
        let unusable = session.begun > 0 && session.is_stale().await;
        let refused = if unusable { None } else { self.reset(&mut session).await.err() };
        if unusable || refused.is_some() {
            if !first.given_back {
                first.given_back = true;
                return carried.push_front(first);
            }
            let error = match refused {
                Some(Verdict::Leaving { error, .. } | Verdict::Refused(error)) => error,
                _ => SendError::temporary("before the text: connection lost"),
            };
            return self.tell(&first.job, Err(error)).await;
        }

        let group = self.gather(&mut session, first, carried).await;
        let (wire, ends) = self.written_out(&session, &group);
        let written = match session.write(&wire).await {
            Ok(()) => wire.len(),
            Err(written) => written,
        };
        let mut gone: Option<Lost> = (written < wire.len()).then_some(Lost::Closed);
        let mut left: Option<SendError> = None;
        let mut unknown = false;
        let last = group.len() - 1;
        for (i, (mut ready, end)) in group.into_iter().zip(ends).enumerate() {
            let told = match (&left, &gone) {
                (Some(error), _) => Told::NotBegun(error.clone()),
                // An answer that came before the connection went may still lie there: only what can't be read is lost.
                (None, Some(lost)) if *lost != Lost::Closed => Told::Lost(lost.clone()),
                (None, _) => self.group_answers(&mut session, &ready, i > 0).await,
            };
            match told {
                Told::Outcome(result) => {
                    if i == last {
                        session.dirty = result.is_err();
                    }
                    self.tell(&ready.job, result).await;
                }
                Told::Left(error) => {
                    left = Some(SendError::temporary("before the text: the server left"));
                    self.tell(&ready.job, Err(error)).await;
                }
                Told::NotBegun(error) => {
                    left.get_or_insert_with(|| error.clone());
                    if ready.given_back {
                        self.tell(&ready.job, Err(error)).await;
                    } else {
                        ready.given_back = true;
                        carried.push_back(ready);
                    }
                }
                // Its last octet never left: an unfinished chunk is never delivered.
                Told::Lost(lost) if written < end => {
                    let error = SendError::temporary(format!("amid the text: {}", lost.as_str()));
                    gone.get_or_insert(lost);
                    self.tell(&ready.job, Err(error)).await;
                }
                Told::Lost(lost) => {
                    unknown = true;
                    let error = SendError::unknown(format!("after the text: {}", lost.as_str()));
                    gone = Some(lost);
                    self.tell(&ready.job, Err(error)).await;
                }
            }
        }
        if unknown {
            self.inner.more_carefully_than(Manner::Chunked);
        }
        if gone.is_none() && left.is_none() {
            self.session = Some(session);
        }
    }

    /// What goes together: what is carried first, then what is there.
    async fn gather(&mut self, session: &mut Session, first: Ready, carried: &mut VecDeque<Ready>) -> Vec<Ready> {
        let share = self.inner.config.messages_per_connection_max.max(1);
        let mut bytes = first.message.len();
        let mut group = vec![first];
        session.begun += 1;
        while group.len() < GROUP_MESSAGES_MAX && bytes < GROUP_BYTES_MAX && session.begun < share {
            let next = match carried.pop_front() {
                Some(next) => Some(next),
                None => self.next_now().await,
            };
            let Some(next) = next else { break };
            if !self.is_too_plain(session, &next).await {
                session.begun += 1;
                bytes += next.message.len();
                group.push(next);
            }
        }
        group
    }

    /// The octets of a group, and where each message ends. RSET stands between two: the one before may have been refused
    /// midway, and a transaction that is still open would take the next message under the envelope of the last.
    fn written_out(&self, session: &Session, group: &[Ready]) -> (Vec<u8>, Vec<usize>) {
        let mut wire = Vec::with_capacity(group.iter().map(|r| r.message.len() + 384).sum());
        let mut ends = Vec::with_capacity(group.len());
        for (i, ready) in group.iter().enumerate() {
            if i > 0 {
                wire.extend_from_slice(b"RSET\r\n");
            }
            for command in self.envelope(session, ready) {
                wire.extend_from_slice(command.as_bytes());
            }
            wire.extend_from_slice(bdat_last(ready.message.len()).as_bytes());
            wire.extend_from_slice(&ready.message);
            ends.push(wire.len());
        }
        (wire, ends)
    }

    /// Reads the answers to one message. All come, also after a refusal; the last one, to the chunk, decides, but the first
    /// refusal says why.
    async fn group_answers(&self, session: &mut Session, ready: &Ready, after_reset: bool) -> Told {
        let accept_timeout = self.inner.config.accept_timeout.duration();
        let mut refusal: Option<SendError> = None;
        let mut begun = false;
        for at in ["RSET", "MAIL", "RCPT", "text"].into_iter().skip(usize::from(!after_reset)) {
            let within = if at == "text" { accept_timeout } else { session.reply_timeout() };
            let reply: Reply = match session.reply(within).await {
                Ok(reply) => reply,
                // What was refused before the text was not delivered, whatever became of the connection.
                Err(lost) => return refusal.map_or(Told::Lost(lost), |e| Told::Outcome(Err(e))),
            };
            if reply.code == 421 {
                let error = reply.refusal(at, &ready.job.to.0);
                return if begun { Told::Left(refusal.unwrap_or(error)) } else { Told::NotBegun(error) };
            }
            if reply.code / 100 == 3 {
                return Told::Lost(Lost::OutOfStep);
            }
            match at {
                "text" if reply.is_yes() => return Told::Outcome(Ok(accepted(&reply, ready))),
                "text" => {
                    let error = refusal.unwrap_or_else(|| reply.refusal("after the text", &ready.job.to.0));
                    return Told::Outcome(Err(error));
                }
                "RSET" => {}
                _ if reply.is_yes() => begun = true,
                _ => {
                    begun = true;
                    refusal.get_or_insert_with(|| reply.refusal(at, &ready.job.to.0));
                }
            }
        }
        Told::Lost(Lost::OutOfStep)
    }
}
