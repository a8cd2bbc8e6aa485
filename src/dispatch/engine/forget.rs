//! What is private of an incident is forgotten: its key is destroyed in the same commit in which it is put on record.

use super::*;
use crate::dispatch::forgotten::day;
use crate::dispatch::record::label;
use crate::dispatch::system_record::Forgotten;
use crate::domain::incident::refused::refuse;

impl Engine {
    /// Forgets on somebody's word, or because the time is over; refused as long as the values may still be needed.
    pub(super) fn forget(&mut self, forgotten: Forgotten, reply: Answer, gathered: &mut Gathered) {
        match self.may_forget(&forgotten, gathered) {
            Ok(events) => {
                gathered.forget.push(label(Some(forgotten.incident)));
                gathered.kept.push((self.now(), SystemRecord::Forgotten(forgotten)));
                gathered.replies.push((reply, events));
            }
            Err(refused) => drop(reply.send(Err(refused))),
        }
    }

    fn may_forget(&mut self, wanted: &Forgotten, gathered: &mut Gathered) -> Result<std::ops::Range<usize>, Refused> {
        let no = wanted.incident;
        if wanted.reason.trim().is_empty() {
            return Err(refuse!(NoReasonForget));
        }
        if let Some((at, before)) = self.meta.kept.forgotten.get(&no) {
            let (day, reason) = (day(*at), &before.reason);
            return Err(refuse!(ForgottenAlready { incident: no, day, reason }));
        }
        let input = Input::LeaveMemory { incident: no, by: wanted.by.clone() };
        self.decided(&input, gathered)
    }

    /// What memory still holds of an incident that was forgotten.
    pub(super) fn forgotten(&mut self, no: IncidentNo) {
        self.meta.kept.refs.retain(|other| other != no);
    }
}
