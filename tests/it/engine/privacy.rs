//! What the chain and its blobs must not hold: addresses, codes, free reasons, replies.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use vardkase::dispatch::recover::frozen;
use vardkase::domain::incident::input::{Action, Input, News, StepStart};
use vardkase::domain::incident::state::EntryState;
use vardkase::domain::lang::{L10n, Lang};
use vardkase::domain::plan::Channel;
use vardkase::domain::step::StepKind;
use vardkase::journal::{Head, Reader, SqliteReader};

use super::rig::*;

fn holds(hay: &[u8], needle: &str) -> bool {
    !needle.is_empty() && hay.windows(needle.len()).any(|w| w == needle.as_bytes())
}

#[tokio::test]
async fn no_address_code_or_free_reason_stands_in_the_chain_or_in_a_blob() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    rig.report().await;
    rig.settled().await;
    let no = *rig.state().await.incidents.keys().next().unwrap();
    let mut secrets: BTreeSet<String> = BTreeSet::new();
    let waiting = |s: &vardkase::domain::incident::state::State| {
        s.incidents[&no]
            .entries
            .iter()
            .find(|e| matches!(e.state, EntryState::Waiting(_)))
            .map(|e| s.incidents[&no].number(e.message))
    };
    // Replies from every SMS address, one a nonsense with words of its own.
    let sms = rig.loaded.plan.points.iter().position(|p| p.channel == Channel::Sms).unwrap();
    let from =
        rig.loaded.contacts.address(vardkase::domain::ids::PointIx(u32::try_from(sms).unwrap())).unwrap().to_string();
    rig.handle.reply(Channel::Sms, from.clone(), "JA".into()).await;
    rig.handle.reply(Channel::Sms, from.clone(), "zebrahemlighet i korridoren".into()).await;
    rig.handle.reply(Channel::Sms, "+46701740699".into(), "okändhemlighet".into()).await;
    rig.handle.reply(Channel::Sms, from, "LARM journal D3".into()).await;
    if let Some(number) = waiting(&rig.state().await) {
        rig.act("kib", Action::Reject { number, reason: "girafforsak".into(), replacement: None }).await;
    }
    if let Some(number) = waiting(&rig.state().await) {
        rig.act("tib", Action::BreakGlass { number, reason: "krossatglas".into() }).await;
    }
    rig.clock.advance(Duration::from_secs(20 * 60));
    rig.settled().await;
    let text = |t: &str| Some(L10n::of([(Lang::SV, t), (Lang::EN, t)]));
    rig.act(
        "it-bered",
        Action::Update { incident: no, news: News { known: text("felet är funnet"), ..News::default() } },
    )
    .await;
    let start = StepStart {
        kind: Some(StepKind::Intervention),
        title: text("Byt disk"),
        to: vec!["iva".into()],
        due: Some(rig.state().await.incidents[&no].opened + 30 * 24 * 3600),
        ..StepStart::default()
    };
    rig.act("it-bered", Action::StepStart { incident: no, start }).await;
    let state = rig.state().await;
    for inc in state.incidents.values() {
        secrets.extend(inc.proposals.iter().map(|p| p.code.as_str().to_owned()));
        secrets.extend(inc.codes.keys().map(|c| c.as_str().to_owned()));
        secrets.extend(inc.steps.iter().map(|s| s.new.code.as_str().to_owned()));
        secrets.extend(inc.notes.iter().map(|n| n.text.as_str().to_owned()));
    }
    secrets.extend(state.pending.keys().map(|c| c.as_str().to_owned()));
    secrets.extend(state.system_notes.iter().map(|(_, n)| n.text.as_str().to_owned()));
    let step = u32::try_from(state.incidents[&no].steps.len()).unwrap();
    rig.act("iva", Action::StepStop { incident: no, step, reason: "kamelskal".into() }).await;
    rig.act("tib", Action::Stop { incident: no, message: Some(1), false_alarm: false, reason: "fel text".into() })
        .await;
    rig.act("tib", Action::Restored { incident: no, news: News::default() }).await;
    rig.act("tib", Action::AllClear { incident: no, override_reason: Some("flodhastskal".into()) }).await;
    rig.handle.input(Input::Due).await.unwrap();
    rig.settled().await;
    let words = ["zebrahemlighet", "okändhemlighet", "girafforsak", "krossatglas", "flodhastskal", "kamelskal"];
    secrets.extend(words.map(str::to_owned));
    let loaded = rig.loaded.clone();
    rig.stop().await;

    let mut publishable: BTreeSet<String> = BTreeSet::new();
    for (i, f) in loaded.plan.functions.iter().enumerate() {
        let Some(phone) = &f.phone else { continue };
        if phone.publishable || i == loaded.plan.region.switchboard.ix() {
            publishable.insert(phone.number.chars().filter(char::is_ascii_digit).collect());
        } else {
            secrets.insert(phone.number.clone());
        }
    }
    for p in 0..loaded.contacts.len() {
        let address = loaded.contacts.address(vardkase::domain::ids::PointIx(u32::try_from(p).unwrap())).unwrap();
        if loaded.plan.points[p].channel == Channel::Web {
            continue;
        }
        let digits: String = address.chars().filter(char::is_ascii_digit).collect();
        if address.contains('@') {
            secrets.insert(address.to_string());
        } else if digits.len() >= 4 {
            let national = digits.strip_prefix("46").map_or(digits.clone(), |n| format!("0{n}"));
            if !publishable.contains(&national) {
                secrets.extend([digits, national]);
            }
        }
    }
    secrets.retain(|s| s.len() >= 4);
    assert!(secrets.len() > 50);
    let reader = SqliteReader::open(dir.path()).unwrap();
    let mut chained: Vec<(u16, Vec<u8>)> = Vec::new();
    reader
        .read(Head::START, &mut |r| {
            chained.push((r.kind, r.bytes.to_vec()));
            ControlFlow::Continue(())
        })
        .unwrap();
    chained.push((0, frozen(loaded.plan.clone()).0));
    assert!(chained.len() > 20);
    let found: Vec<String> = secrets
        .iter()
        .flat_map(|s| {
            let hits = chained.iter().filter(move |(_, bytes)| holds(bytes, s));
            hits.map(move |(kind, bytes)| {
                format!("“{s}” in kind {kind}: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(120)]))
            })
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
