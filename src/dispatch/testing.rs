//! Jobs for the tests of this module.

use std::sync::Arc;

use crate::domain::ids::{DeliveryId, IncidentNo};
use crate::domain::lang::Lang;
use crate::domain::text::{Actual, Canonical, NO_MARK, Outgoing};
use crate::gateways::{Address, Job, MessageContext};

/// A delivery of incident 14.
pub fn actual(ordinal: u32) -> DeliveryId {
    DeliveryId { incident: IncidentNo::actual(14), ordinal }
}

/// A delivery of drill 3.
pub fn drill(ordinal: u32) -> DeliveryId {
    DeliveryId { incident: IncidentNo::exercise(3), ordinal }
}

/// A letterhead of that priority.
pub fn head(priority: u8) -> Arc<MessageContext> {
    Arc::new(MessageContext {
        sender: "Region".into(),
        lang: Lang::SV,
        title: "Journalen ligger nere".into(),
        mode_line: "STABSLÄGE FS".into(),
        page_url: String::new(),
        thread: "incident-14@region".into(),
        priority,
        foot: String::new(),
    })
}

/// A body.
pub fn out() -> Arc<Outgoing> {
    let text = Canonical::new("LARM STABSLÄGE FS: Journalen ligger nere.").expect("canonical");
    Arc::new(Outgoing::note::<Actual>("14", &text, NO_MARK))
}

/// A job that is of use for ten minutes.
pub fn job(delivery: DeliveryId, priority: u8) -> Job {
    Job {
        delivery,
        to: Address("0701740605".into()),
        out: out(),
        head: head(priority),
        trailer: None,
        link: None,
        repeat: false,
        ttl_s: 600,
    }
}
