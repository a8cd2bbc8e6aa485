//! Another process wrote into the journal although it must not. What was decided here and is not in it has lost: it is told as
//! refused, never carried out, and the state becomes what the journal says.

use super::*;
use crate::dispatch::recover::recover;
use crate::domain::incident::refused::refuse;

impl Engine {
    /// The head after the oldest commit, when the journal holds that very commit where it was to stand.
    pub(super) fn oldest_on_disk(&self) -> Option<Head> {
        let front = self.in_flight.front().filter(|f| f.expected == self.on_disk.seq)?;
        let mut head = self.on_disk;
        for record in &front.batch.records {
            let commitments: Vec<_> = record.private.iter().map(|sealed| sealed.commitment().0).collect();
            head = record.linked(head, &commitments)?;
        }
        let found = self.journal.reader().and_then(|reader| reader.head_at(head.seq)).ok()??;
        (found == head).then_some(head)
    }

    /// All that is in flight has lost.
    pub(super) fn set_aside(&mut self) {
        let mut lost = std::mem::take(&mut self.in_flight);
        // The oldest has been answered: that is how it became known. An answer comes once.
        if let Some(front) = lost.front_mut() {
            front.pending = None;
        }
        let told = lost.iter().filter(|f| f.carried_out).count();
        tracing::error!(
            after = self.on_disk.seq,
            commits = lost.len(),
            told,
            "another process writes into this journal: what was decided here since is lost; end that process"
        );
        self.retry_at = None;
        self.overtaken = Some(lost);
    }

    /// Ends the loop: whoever waits for something that is not on record is told so, and the desk is free. Nothing of it has left.
    pub(super) fn leave(self, gathered: Gathered) -> Left {
        let waiting = self.in_flight.into_iter().flat_map(|commit| commit.replies).chain(gathered.replies);
        for (reply, _) in waiting {
            let _ = reply.send(Err(refuse!(LeaderChanged)));
        }
        let Self { rx, changed, touched, closed, looks, meta, over, .. } = self;
        Left { desk: Desk { rx, changed, touched, closed, board: meta.board, looks }, why: over }
    }

    /// Reads the journal and goes on from there. False when it can't be read: then the loop ends, since what it knows is not
    /// what is on record.
    pub(super) async fn read_anew(&mut self, lost: VecDeque<InFlight>, gathered: &mut Gathered) -> bool {
        // What is still on its way to the writer may yet be taken, behind the other's records: it is read back then.
        for commit in lost {
            if let Some(pending) = commit.pending {
                let _ = tokio::time::timeout(COMMIT_LATE, pending).await;
            }
            refuse(commit.replies);
        }
        refuse(std::mem::take(gathered).replies);
        self.own.clear();
        let recovered = match self
            .journal
            .reader()
            .map_err(Into::into)
            .and_then(|reader| recover(&*reader, self.state.plan.clone()))
        {
            Ok(recovered) => recovered,
            Err(error) => {
                tracing::error!(%error, "the journal can't be read anew, and the loop ends");
                return false;
            }
        };
        self.system_notes_next = recovered.state.system_notes.next();
        (self.state, self.contacts, self.due) = (recovered.state, recovered.contacts, None);
        (self.seq, self.on_disk) = (recovered.head.seq, recovered.head);
        self.meta.kept = recovered.kept;
        self.foot = self.meta.kept.foot();
        (self.meta.on_record, self.meta.trouble) = (true, None);
        self.changed.send_modify(|n| *n += 1);
        true
    }
}

fn refuse(replies: Answers) {
    for (reply, _) in replies {
        let _ = reply.send(Err(refuse!(Lost)));
    }
}
