//! A text as a CAP 1.2 alert (OASIS, CAP-v1.2-os), near the profile that MET Norway, SMHI and FMI share (MetCoOp; MET Norway's
//! metalerts CAP v2 profile): an `info` a language, the same in all but its words; Update and Cancel name what they replace.
//!
//! | the text | msgType | responseType | urgency | severity | certainty |
//! |---|---|---|---|---|---|
//! | holding text | Alert, Update | Monitor | Unknown | Unknown | Likely |
//! | anything while it goes on | Alert, Update | Monitor | Immediate | Moderate; Severe in a crisis | Observed |
//! | running again | Update | Monitor | Expected | Minor | Observed |
//! | all clear | Update | AllClear | Past | Minor | Observed |
//! | stopped | Cancel | None | Past | Minor | Unlikely |
//!
//! An all clear is an Update with AllClear, as that profile has it ("responseType"): a Cancel would say that there was nothing.
//! A text is an Alert when nothing stands that it could replace. `expires` is until when the page is valid (RULES D9): a reader
//! fetches the file again before, and finds it with a later one as long as the text stands, or not at all.
//!
//! Headline, description and instruction, joined by one space, are the text that was approved, byte for byte (invariant 2).

use super::xml::Xml;
use super::{authority, identifier, moment};
use crate::domain::incident::values::Kind;
use crate::domain::lang::Lang;
use crate::domain::public_view::{PublicMessage, PublicState, PublicView, Stands};
use crate::web::page::{PageFrame, heading, site_name, words_of};

const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";

/// How urgent, how severe, how certain, and what the reader should do.
struct Judged {
    response: &'static str,
    urgency: &'static str,
    severity: &'static str,
    certainty: &'static str,
}

fn judged(message: &PublicMessage) -> Judged {
    let [response, urgency, severity, certainty] = match message.kind {
        Kind::Holding => ["Monitor", "Unknown", "Unknown", "Likely"],
        Kind::Restored => ["Monitor", "Expected", "Minor", "Observed"],
        Kind::AllClear => ["AllClear", "Past", "Minor", "Observed"],
        Kind::Stopped { .. } => ["None", "Past", "Minor", "Unlikely"],
        _ if message.state == PublicState::Crisis => ["Monitor", "Immediate", "Severe", "Observed"],
        _ => ["Monitor", "Immediate", "Moderate", "Observed"],
    };
    Judged { response, urgency, severity, certainty }
}

/// RFC 3066, as CAP wants it: with the country that each language is written for here.
fn language(lang: Lang) -> String {
    let country = match lang.as_str() {
        "sv" => "SE",
        "en" => "GB",
        "da" => "DK",
        "fi" => "FI",
        _ => return lang.to_string(),
    };
    format!("{lang}-{country}")
}

/// A text as a CAP alert.
pub fn render_cap(view: &PublicView, message: &PublicMessage, frame: &PageFrame<'_>) -> Vec<u8> {
    let plan = frame.plan;
    let sender = authority(frame);
    let kind = match message.kind {
        _ if message.earlier.is_empty() => "Alert",
        Kind::Stopped { .. } => "Cancel",
        _ => "Update",
    };
    let mut xml = Xml::new();
    xml.element("alert", &[("xmlns", NAMESPACE)], |xml| {
        xml.text("identifier", &identifier(plan, message.number, message.released));
        xml.text("sender", &sender);
        xml.text("sent", &moment(plan, message.released));
        xml.text("status", "Actual");
        xml.text("msgType", kind);
        xml.text("scope", "Public");
        if frame.fictional {
            xml.text("note", crate::words::common::FICTIONAL.say(plan.lang()));
        }
        if !message.earlier.is_empty() {
            let named =
                |(number, at): &(_, _)| format!("{sender},{},{}", identifier(plan, *number, *at), moment(plan, *at));
            xml.text("references", &message.earlier.iter().map(named).collect::<Vec<_>>().join(" "));
        }
        xml.text("incidents", &message.number.incident.n.to_string());
        for lang in plan.region.languages.iter().filter(|l| message.text.contains_key(l)) {
            info(xml, view, message, frame, *lang);
        }
    });
    xml.finish()
}

fn info(xml: &mut Xml, view: &PublicView, message: &PublicMessage, frame: &PageFrame<'_>, lang: Lang) {
    let plan = frame.plan;
    let Some(parts) = message.parts(lang) else { return };
    let Judged { response, urgency, severity, certainty } = judged(message);
    let about = match message.kind {
        Kind::AllClear => Stands::Over,
        Kind::Stopped { .. } => Stands::Withdrawn,
        _ if message.state == PublicState::Crisis => Stands::Crisis,
        _ => Stands::Disturbance,
    };
    xml.element("info", &[], |xml| {
        xml.text("language", &language(lang));
        xml.text("category", "Health");
        xml.text("event", heading(about).say(words_of(lang)));
        xml.text("responseType", response);
        xml.text("urgency", urgency);
        xml.text("severity", severity);
        xml.text("certainty", certainty);
        xml.text("expires", &moment(plan, view.valid_until));
        xml.text("senderName", &plan.region.name);
        xml.text("headline", parts.headline);
        for (name, part) in [("description", parts.description), ("instruction", parts.instruction)] {
            if !part.is_empty() {
                xml.text(name, part);
            }
        }
        if !frame.public_url.is_empty() {
            xml.text("web", &format!("{}/{lang}", frame.public_url.trim_end_matches('/')));
        }
        if !view.call.is_empty() {
            xml.text("contact", &view.call);
        }
        if let Some(print) = message.fingerprint.get(&lang) {
            xml.element("parameter", &[], |xml| {
                xml.text("valueName", "fingerprint");
                xml.text("value", &print.to_string());
            });
        }
        let mut names: Vec<&str> = message.sites.iter().map(|s| site_name(plan, s, lang)).collect();
        names.dedup();
        if names.is_empty() {
            names.push(&plan.region.name);
        }
        for name in names {
            xml.element("area", &[], |xml| xml.text("areaDesc", name));
        }
    });
}
