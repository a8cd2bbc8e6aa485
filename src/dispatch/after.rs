//! Reads what the journal has of one incident into its report ([`crate::domain::report`]). Private values stay sealed.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::record::{Decoder, Entry};
use super::replay::{plans_named, stored_plan};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::event::Event;
use crate::domain::plan::Plan;
use crate::domain::report::{AfterReport, Reading, RecordSeal};
use crate::domain::time::At;
use crate::gateways::handed_over::handed_over;
use crate::journal::{Head, Reader};
use crate::record::format0;

/// Records that are looked at for one report: an incident that stays open for years has a report of its first part.
const REPORT_RECORDS_MAX: usize = 2_000_000;
/// So many records are read before they are carried out: the reader gives records or plans, not both at one time.
const HANDFUL: usize = 1_024;

/// The report of an incident, from records after `from` on; `None`: there are none of it.
///
/// # Errors
/// The journal can't be read, or a record of the incident can't be carried out; in words.
pub fn after_report(reader: &dyn Reader, from: Head, no: IncidentNo) -> Result<Option<AfterReport>, String> {
    let mut reading: Option<Reading> = None;
    let (mut head, mut decoder, mut looked_at) = (from, Decoder::default(), 0);
    loop {
        let mut read: Vec<(At, Event, bool)> = Vec::new();
        let (mut records, mut wrong) = (0, None);
        let reached = reader.read(head, &mut |record| {
            records += 1;
            match decoder.next(&record) {
                Ok(Entry::Event { at, event, incomplete }) if event.incident() == Some(no) => {
                    let over = event.name() == "archived";
                    read.push((at, event, incomplete));
                    if over {
                        return ControlFlow::Break(());
                    }
                }
                Ok(_) => {}
                Err(e) => wrong = Some(e.to_string()),
            }
            if wrong.is_some() || records >= HANDFUL { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        head = reached.map_err(|e| e.to_string())?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        for (at, mut event, incomplete) in read {
            for hash in plans_named(&event) {
                let plan: Arc<Plan> = stored_plan(reader, hash)?;
                reading.get_or_insert_with(|| Reading::new(no, plan.clone())).knows(plan);
            }
            let Some(reading) = &mut reading else { continue };
            if incomplete {
                format0::complete(&mut event, reading.state());
            }
            if let Event::Incident { change, .. } = &event {
                reading.see(at, change).map_err(|e| e.to_string())?;
            }
        }
        looked_at += records;
        let over = reading.as_ref().is_some_and(Reading::is_over);
        if records == 0 || over || looked_at >= REPORT_RECORDS_MAX {
            break;
        }
    }
    let seal = RecordSeal { record: head.seq, hash: hex::encode(head.hash) };
    Ok(reading.and_then(|r| r.report_with(seal, &handed_over)))
}
