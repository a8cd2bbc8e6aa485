//! Fax: the commands on the wire, the server that misbehaves, and the page that says what the text says.
#![expect(clippy::unwrap_used, reason = "tests")]

mod kept;
mod page;
mod server;

use std::sync::Arc;

use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::domain::lang::Lang;
use vardkase::domain::text::{Actual, Canonical, Exercise, Fingerprint, Mark, NO_MARK, Outgoing, Text};
use vardkase::gateways::{Address, Job, MessageContext};

pub const ALARM: &str = "LARM STABSLÄGE FS: Journalen ligger nere. Gör nu: gå över till pappersjournal. Gäller: sjukhus \
    och vårdcentraler. Sedan: 03.12. Åter i drift: okänt. Nästa besked: 04.15. Kontakt: 0980-319 200.";

pub fn actual(text: &str) -> Outgoing {
    let fingerprint = Fingerprint::of("14-2", "internal", "sv", text);
    Outgoing::message(&Text::<Actual>::new("14-2", fingerprint, Canonical::new(text).unwrap()), NO_MARK)
}

pub fn drill(text: &str) -> Outgoing {
    let fingerprint = Fingerprint::of("Ö-3-1", "internal", "sv", text);
    let text = Text::<Exercise>::new("Ö-3-1", fingerprint, Canonical::new(text).unwrap());
    Outgoing::message(&text, Mark::new("ÖVNING").unwrap())
}

fn head(page_url: &str) -> MessageContext {
    MessageContext {
        sender: "Region Fjällmark".into(),
        lang: Lang::SV,
        title: "Journalen ligger nere".into(),
        mode_line: "STABSLÄGE · Fjällmarks sjukhus (FS)".into(),
        page_url: page_url.into(),
        thread: "incident-14@fjallmark".into(),
        priority: 0,
        foot: String::new(),
    }
}

pub fn job(ordinal: u32, to: &str, out: &Arc<Outgoing>, trailer: Option<&str>) -> Job {
    Job {
        delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal },
        to: Address(to.into()),
        out: out.clone(),
        head: Arc::new(head("https://lage.fjallmark.example/h/14")),
        trailer: trailer.map(Into::into),
        link: None,
        repeat: false,
        ttl_s: 1_800,
    }
}

/// Takes apart what a fax shows, by the grammar and nothing else:
/// page = header text [SP mark], header = [mark SP] number SP fingerprint SP k/n SP; on the last page the trailer follows,
/// in a drill with the mark once more. Gives the text.
pub fn text_of(shown: &str, out: &Outgoing, trailer: Option<&str>) -> Result<String, String> {
    let pages: Vec<&str> = shown.split('\u{c}').collect();
    let mark = out.mark().map(Mark::as_str);
    let mut text = String::new();
    for (i, page) in pages.iter().enumerate() {
        let mut rest: &str = page;
        let mut words: Vec<String> = Vec::new();
        words.extend(mark.map(String::from));
        words.push(out.number().to_string());
        words.extend(out.fingerprint().map(|f| f.to_string()));
        words.push(format!("{}/{}", i + 1, pages.len()));
        for word in words {
            rest = rest
                .strip_prefix(&word)
                .and_then(|r| r.strip_prefix(' '))
                .ok_or_else(|| format!("page {}: no “{word}” in the header: {page:?}", i + 1))?;
        }
        let mut end = |what: &str| {
            rest = rest
                .strip_suffix(what)
                .and_then(|r| r.strip_suffix(' '))
                .ok_or_else(|| format!("page {}: does not end with “{what}”: {page:?}", i + 1))?;
            Ok::<(), String>(())
        };
        mark.map_or(Ok(()), &mut end)?;
        if let (Some(trailer), true) = (trailer, i + 1 == pages.len()) {
            end(trailer)?;
            mark.map_or(Ok(()), &mut end)?;
        }
        text.push_str(rest);
    }
    Ok(text)
}
