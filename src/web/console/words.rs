//! The console's own words, Swedish and English beside each other. What a far device shows comes from the plan, not from here.

use crate::domain::delivery::DeliveryState;
use crate::domain::ids::MessageNo;
use crate::domain::incident::state::Phase;
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Channel, Then};
use crate::domain::step::StepKind;
use crate::domain::text::DoesNotFit;

pub fn t<'a>(lang: Lang, sv: &'a str, en: &'a str) -> &'a str {
    if lang == Lang::SV { sv } else { en }
}

/// `12 s`, `3 min`, `2 h 5 min`.
pub fn span(seconds: u32) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds / 60),
        _ if (seconds / 60).is_multiple_of(60) => format!("{} h", seconds / 3600),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

pub fn channel(lang: Lang, c: Channel) -> &'static str {
    match c {
        Channel::Sms => "SMS",
        Channel::Email => t(lang, "E-post", "E-mail"),
        Channel::Fax => "Fax",
        Channel::Paging => t(lang, "Sökare", "Pager"),
        Channel::Web => t(lang, "Webbsida", "Web page"),
        Channel::Manual => t(lang, "Läses upp", "Read out"),
    }
}

pub fn audience(lang: Lang, a: Audience) -> &'static str {
    match a {
        Audience::Internal => t(lang, "internt", "internal"),
        Audience::Public => t(lang, "allmänheten", "the public"),
        Audience::Outside => t(lang, "andra vårdgivare och kommuner", "other providers and municipalities"),
    }
}

pub fn step_kind(lang: Lang, kind: StepKind) -> &'static str {
    match kind {
        StepKind::Task => t(lang, "Uppgift", "Task"),
        StepKind::Clock => t(lang, "Till myndighet", "To an authority"),
        StepKind::Intervention => t(lang, "Ingrepp", "Intervention"),
        StepKind::Redirection => t(lang, "Omledning", "Redirection"),
        StepKind::Conference => t(lang, "Konferens", "Conference"),
    }
}

pub fn phase(lang: Lang, p: Phase) -> &'static str {
    match p {
        Phase::Open => t(lang, "pågår", "going on"),
        Phase::Restored => t(lang, "åter i drift, data kontrolleras", "running again, data being checked"),
        Phase::Closed => t(lang, "avslutat", "closed"),
    }
}

pub fn kind(lang: Lang, kind: &str, of: Option<MessageNo>) -> String {
    let of = of.map_or_else(String::new, |n| n.to_string());
    match kind {
        "alert" => t(lang, "Larm", "Alert").into(),
        "mode" => t(lang, "Ändrat läge", "Changed mode").into(),
        "update" => t(lang, "Uppdatering", "Update").into(),
        "correction" => format!("{} {of}", t(lang, "Rättelse av", "Correction of")),
        "stopped" => format!("{of} {}", t(lang, "gäller inte", "does not hold")),
        "restored" => t(lang, "Åter i drift", "Running again").into(),
        "all_clear" => t(lang, "Faran över", "All clear").into(),
        "redirection" => t(lang, "Omledning", "Redirection").into(),
        "redirection_over" => t(lang, "Omledningen upphör", "Redirection over").into(),
        _ => t(lang, "Förhandsgodkänd text", "Pre-approved text").into(),
    }
}

/// A sign and a word: how far a text came. Never colour alone.
pub fn delivery(lang: Lang, state: DeliveryState) -> (&'static str, &'static str, &'static str) {
    match state {
        DeliveryState::Queued => ("·", t(lang, "i kö", "queued"), "wait"),
        DeliveryState::Attempting => ("…", t(lang, "sänds", "sending"), "wait"),
        DeliveryState::Accepted => ("›", t(lang, "lämnad", "handed over"), "sent"),
        DeliveryState::Delivered => ("✓", t(lang, "framme", "delivered"), "good"),
        DeliveryState::Failed => ("✕", t(lang, "kom inte fram", "failed"), "bad"),
        DeliveryState::Unknown => ("?", t(lang, "okänt", "unknown"), "bad"),
        DeliveryState::Expired => ("✕", t(lang, "för sent", "too late"), "bad"),
        DeliveryState::Withdrawn => ("↩", t(lang, "återkallad", "withdrawn"), "wait"),
    }
}

pub fn then(lang: Lang, then: Then, last: Then) -> &'static str {
    match (then, last) {
        (Then::Release, _) => t(lang, "sänds texten ändå", "the text goes out anyway"),
        (Then::Escalate, Then::Release) => {
            t(lang, "frågas nästa; svarar ingen sänds texten", "the next is asked; if nobody answers it goes out")
        }
        (Then::Escalate, _) => t(lang, "frågas nästa", "the next is asked"),
        (Then::Hold, _) => t(
            lang,
            "larmas det och frågas igen; inget sänds",
            "an alarm stands and it is asked again; nothing goes out",
        ),
    }
}

pub fn cannot(lang: Lang, why: &DoesNotFit) -> String {
    match why {
        DoesNotFit::Lacks(c) => format!("{} “{c}”", t(lang, "kan inte visa", "can't show")),
        DoesNotFit::TooLong { needs, max, .. } => {
            let (a, b) = (t(lang, "för lång: kräver", "too long: needs"), t(lang, "ryms", "fit"));
            format!("{a} {needs}, {max} {b}")
        }
        DoesNotFit::NoRoom => t(lang, "ryms inte", "no room").into(),
    }
}

/// What was just done, by the code in the address.
pub fn done(lang: Lang, code: &str) -> Option<&'static str> {
    Some(match code {
        "reported" => t(lang, "Larmat.", "The alarm is out."),
        "approved" => t(lang, "Godkänt. Texten sänds.", "Approved. The text is going out."),
        "changed" => t(
            lang,
            "Texten är ändrad och har fått ett nytt nummer. Läs och godkänn den.",
            "The text was changed and has a new number. Read and approve it.",
        ),
        "rejected" => t(lang, "Avslaget. Nästa i tur frågas.", "Rejected. The next in turn is asked."),
        "more-time" => t(lang, "Mer tid är given, en gång.", "More time was given, once."),
        "reviewed" => t(lang, "Språket är granskat.", "The language was reviewed."),
        "ack" => t(lang, "Svaret är noterat.", "The answer is noted."),
        "unack" => t(lang, "Svaret är återtaget; frågan går vidare.", "The answer was taken back; asking goes on."),
        "update" => {
            t(lang, "Uppdateringen är sänd eller väntar på godkännande.", "The update was sent, or waits for approval.")
        }
        "correct" => t(lang, "Rättelsen är sänd.", "The correction was sent."),
        "stop" => t(lang, "Stoppat. Alla som fått texten får veta.", "Stopped. Everybody who got it is told."),
        "mode" => t(lang, "Läget är ändrat.", "The mode was changed."),
        "decide" => t(lang, "Beslutet är noterat.", "The decision is on record."),
        "restored" => t(lang, "Åter i drift är meddelat.", "Running again was told."),
        "test" => t(lang, "Provet är sänt. Läget visas nedan.", "The test was sent. Below is how it stands."),
        "probed" => t(lang, "Vägen är provad utan att någon nås.", "The way was probed; nobody was reached."),
        "test-answered" => t(lang, "Svaret på provet är noterat.", "The answer to the test is noted."),
        "arrived" => t(lang, "Noterat: på plats.", "Noted: arrived."),
        "step" => t(lang, "Svaret på steget är noterat.", "The answer to the step is noted."),
        "step-start" => {
            t(lang, "Steget har börjat. De som berörs får veta.", "The step has begun. Those concerned are told.")
        }
        "step-stop" => {
            t(lang, "Steget är stoppat. De som berörs får veta.", "The step was stopped. Those concerned are told.")
        }
        "step-move" => t(lang, "Tiden är ändrad.", "The time was changed."),
        "all-clear" => t(lang, "Faran över är meddelat.", "All clear was told."),
        _ => return None,
    })
}
