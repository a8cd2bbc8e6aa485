//! What came out at a far end, put together and compared by the verifier that calls none of the product's code.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vardkase::domain::ids::{DeliveryId, IncidentNo};
use vardkase::domain::lang::Lang;
use vardkase::domain::text::Outgoing;
use vardkase::gateways::{Address, Job, MessageContext};
use vardkase::sim::Far;
use vardkase::sim::verify::{Kind, received};

use crate::verifier::{MARKS, outgoing, sent};

/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(90);
pub const TRAILER: &str = "Svara JA 14";

/// Texts that are hard on an alphabet: short, long, with characters at the place where parts are cut.
pub fn texts() -> Vec<Arc<Outgoing>> {
    let alert = "LARM STABSLÄGE FS: Journalen ligger nere. Gör nu: gå över till pappersjournal, skriv ut läkemedelslistan. \
        Gäller: sjukhus och vårdcentraler. Sedan: 03.12. Åter i drift: okänt. Nästa besked: 04.15. Kontakt: 0980-319200.";
    let mut all: Vec<(String, Option<&str>)> = vec![
        ("Larm.".into(), None),
        (alert.into(), None),
        (alert.into(), Some("ÖVNING")),
        (
            "@ £ $ ¥ è é ù ì ò Ç Ø ø Å å Δ _ Φ Γ Λ Ω Π Ψ Σ Θ Ξ Æ æ ß É ¤ ¡ Ä Ö Ñ Ü § ¿ ä ö ñ ü à ^ { } \\ [ ~ ] | €"
                .into(),
            None,
        ),
        (format!("Журнал “nere” 😀 – {}", "я".repeat(150)), None),
    ];
    // The cut falls into an escape sequence, or into a pair of surrogates, for one of them.
    for n in 0..3 {
        all.push((format!("{}{} slut", "a".repeat(125 + n), "[]{}€€€€€€€€".repeat(4)), None));
        all.push((format!("{}{} slut", "я".repeat(48 + n), "😀".repeat(30)), None));
    }
    let number = |mark: Option<&str>| if mark.is_some() { "Ö-3-1" } else { "14-2" };
    all.iter().map(|(text, mark)| outgoing(number(*mark), "sv", text, *mark)).collect()
}

pub fn job(ordinal: u32, to: &str, out: &Arc<Outgoing>) -> Job {
    let head = MessageContext {
        sender: "Region".into(),
        lang: Lang::SV,
        title: "Journalen".into(),
        mode_line: String::new(),
        page_url: String::new(),
        thread: String::new(),
        foot: String::new(),
        priority: 0,
    };
    Job {
        delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal },
        to: Address(to.into()),
        out: out.clone(),
        head: Arc::new(head),
        trailer: Some(TRAILER.into()),
        link: None,
        repeat: false,
        ttl_s: 3_600,
    }
}

/// The JSON lines of a far end: to whom, what.
pub fn shown(file: &Path) -> Vec<(String, String)> {
    let lines = std::fs::read_to_string(file).unwrap_or_default();
    let one = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        let word = |key: &str| value[key].as_str().expect("a word").to_owned();
        (word("to"), word("text"))
    };
    lines.lines().map(one).collect()
}

/// What one telephone shows is this text, whole, once, and nothing else.
pub fn same(shown: &[(String, String)], to: &str, kind: Kind, out: &Outgoing) {
    let far = Far::default();
    shown.iter().filter(|(t, _)| t == to).for_each(|(to, text)| far.show("far", to, text));
    let all = received(&far.all(), &MARKS, |_| Some(kind)).unwrap_or_else(|why| panic!("{to}: {why}"));
    match all.as_slice() {
        [one] => one.is(&sent(out, Some(TRAILER))).unwrap_or_else(|why| panic!("{to}: {why}")),
        all => panic!("{to}: {} texts came", all.len()),
    }
    println!("ok {to}: {} bytes are the same", out.text().len());
}

/// Waits for what another program does.
pub async fn until(what: &str, done: impl Fn() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("in time: {what}"));
}
