//! What happened to no incident: configuration, reports that wait, notes of the program itself, gateways; and what was written after one.

use serde::{Deserialize, Serialize};

use super::Written;
use super::after::AfterChange2;
use super::drills::Fate1;
use super::frozen::{Damaged, Frozen};
use super::values::{NoteWord1, Number1, Outcome2, PendingReport1, Sealed1, Send1, Standing1};
use crate::domain::incident::event::{Event, GatewayChange};

/// A frozen form of an event of no incident.
pub trait FrozenEvent: serde::de::DeserializeOwned {
    /// As the domain has it.
    ///
    /// # Errors
    /// A value that the domain's type can't have.
    fn thaw(self) -> Result<Event, Damaged>;
}

/// `10 v 1 PlanSet1 of PlanSet { … }`: kind, version, form, and the event that it is the form of. What happened to gateways
/// stands in a list of its own, as it does in the domain.
macro_rules! events {
    (
        events { $(
            $(#[$meta:meta])*
            $kind:literal v $version:literal $name:ident of $variant:ident { $($field:ident : $type:ty),* $(,)? }
        )* }
        gateways { $(
            $(#[$g_meta:meta])*
            $g_kind:literal v $g_version:literal $g_name:ident of $g_variant:ident { $($g_field:ident : $g_type:ty),* $(,)? }
        )* }
    ) => {
        $(
            $(#[$meta])*
            #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
            pub struct $name { $(pub $field: $type),* }
            impl FrozenEvent for $name {
                fn thaw(self) -> Result<Event, Damaged> {
                    let Self { $($field),* } = self;
                    Ok(Event::$variant { $($field: Frozen::thaw($field)?),* })
                }
            }
        )*
        $(
            $(#[$g_meta])*
            #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
            pub struct $g_name { $(pub $g_field: $g_type),* }
            impl FrozenEvent for $g_name {
                fn thaw(self) -> Result<Event, Damaged> {
                    let Self { $($g_field),* } = self;
                    let change = GatewayChange::$g_variant { $($g_field: Frozen::thaw($g_field)?),* };
                    Ok(Event::Gateway { change: Box::new(change) })
                }
            }
        )*

        /// The record of an event, in the version that is written now.
        pub fn write(event: &Event) -> Written {
            match event {
                Event::Incident { no, change } => super::changes::write(*no, change),
                $(Event::$variant { $($field),* } => {
                    super::written($kind, $version, &$name { $($field: Frozen::freeze($field)),* })
                })*
                Event::Gateway { change } => match &**change { $(
                    GatewayChange::$g_variant { $($g_field),* } => {
                        super::written($g_kind, $g_version, &$g_name { $($g_field: Frozen::freeze($g_field)),* })
                    }
                )* },
            }
        }

        /// Reads an event of no incident that was written in the version of now; `None` when it is of another kind or version.
        pub fn read_current(kind: u16, version: u16, bytes: &[u8]) -> Option<Result<Event, Damaged>> {
            match (kind, version) {
                $(($kind, $version) => Some(super::from_bytes::<$name>(bytes).and_then(FrozenEvent::thaw)),)*
                $(($g_kind, $g_version) => Some(super::from_bytes::<$g_name>(bytes).and_then(FrozenEvent::thaw)),)*
                _ => None,
            }
        }

        /// Kinds with the version that is written now.
        pub const KINDS: &[(u16, u16, &str)] = &[
            $(($kind, $version, stringify!($variant)),)*
            $(($g_kind, $g_version, stringify!($g_variant)),)*
        ];
    };
}

events! {
    events {
        /// A configuration is in force for new incidents.
        10 v 1 PlanSet1 of PlanSet { plan: String }
        /// A report waits for its code.
        11 v 1 ReportPending1 of ReportPending { code: Sealed1, report: PendingReport1 }
        /// It was started, or its time is up.
        12 v 2 ReportGone2 of ReportGone { code: Sealed1, started: Option<Number1> }
        /// Somebody without a duty address wrote.
        13 v 1 StrangerWrote1 of StrangerWrote {}
        /// A note that belongs to no incident leaves.
        14 v 1 SystemNote1 of SystemNote { send: Send1, plan: String, word: NoteWord1, text: Sealed1 }
        /// What gateways told of such notes.
        15 v 2 SystemNoteResults2 of SystemNoteResults { results: Vec<Outcome2> }
        /// Notes in return that changed nothing, in a row.
        16 v 1 InVain1 of InVain { point: u32, count: u32 }
        /// A command with an ID was carried out, or came again.
        17 v 1 Carried1 of Carried { key: [u8; 16], body: [u8; 8], incident: Option<Number1>, message: Option<u32> }
        /// Wrong codes from the addresses of a function, in a row.
        18 v 1 CodeTried1 of CodeTried { function: String, count: u32, until: Option<i64> }
        /// What looks like an answer came from nobody known.
        19 v 1 StrangerAnswered1 of StrangerAnswered { incident: Option<Number1> }
        /// A moment at which a drill was planned is used up.
        30 v 1 DrillMoment1 of DrillMoment { drill: String, planned: i64, fate: Fate1 }
        /// Functions were told that a drill will begin.
        31 v 1 DrillAnnounced1 of DrillAnnounced { drill: String, planned: i64 }
        /// The addresses of a plan's points, by keyed marks.
        32 v 1 AddressesKnown1 of AddressesKnown { plan: String, keys: Vec<u64> }
        /// What was sent to an address was answered from it.
        33 v 1 AddressAnswered1 of AddressAnswered { key: u64 }
        /// What was written after an incident, or of one that goes on.
        34 v 2 After2 of After {
            incident: Number1,
            by: Option<String>,
            who: Option<Sealed1>,
            change: Box<AfterChange2>,
        }
    }
    gateways {
        /// A marked test note leaves over one gateway.
        20 v 1 TestSent1 of TestSent {
            send: Send1,
            plan: String,
            gateway: String,
            function: String,
            by: String,
            code: Sealed1,
            text: Sealed1,
        }
        /// Somebody answered a test.
        21 v 1 TestAnswered1 of TestAnswered { ordinal: u32 }
        /// Somebody was told that parts of the program are not well.
        22 v 1 AlarmTold1 of AlarmTold { alarms: Vec<String> }
        /// It stands otherwise.
        23 v 1 Stands1 of Stands { gateway: String, standing: Standing1, why: Option<String> }
        /// Somebody took it out by hand.
        24 v 1 TakenOut1 of TakenOut { gateway: String, by: String, reason: Sealed1 }
        /// It may be used again.
        25 v 1 PutBack1 of PutBack { gateway: String, by: String, reason: Sealed1 }
    }
}

/// As the domain has it, for forms that format 0 shares.
///
/// # Errors
/// A value that the domain's type can't have.
pub fn thaw(form: impl FrozenEvent) -> Result<Event, Damaged> {
    form.thaw()
}
