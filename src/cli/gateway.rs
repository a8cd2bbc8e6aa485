//! The ways out: which there are and how they stand, whether they answer, and whether a test reaches somebody.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::Answer;
use super::context::Context;
use super::incident_show::channel;
use super::table::{self, Said, hued, said};
use super::terminal::Hue;
use crate::api::{GatewayView, Probed, Standing, TestView, calls};
use crate::app::gateways;
use crate::app::training::{Ends, Operation};
use crate::clock::{Clock, SystemClock};
use crate::config::{Loaded, Source, load};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::GatewayId;
use crate::domain::incident::gateways::Reached;
use crate::domain::incident::input::Action;
use crate::domain::lang::Lang;
use crate::error::{Error, Kind};
use crate::gateways::protocol::Env;
use crate::web::gateways::can;
use crate::words::causes::cause;
use crate::words::{Word, cli as words, console};

/// A probe without a server may take that long.
const PROBE_TIMEOUT: Duration = Duration::from_secs(15);
/// How often a test is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The longest that a test is waited for.
const WAIT_S_MAX: u32 = 24 * 3600;

/// List the ways out, probe them without reaching anybody, send a marked test to a duty.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase gateway list                              how each stands, what last proved it\n  \
    vardkase gateway list --config region/             without a server: what is configured\n  \
    vardkase gateway probe sms-api                     connects and logs in; nobody is reached\n  \
    vardkase gateway test sms-api tib --as it-duty     a note that begins with TEST, and what became of it\n  \
    vardkase gateway answered 271828 --as switchboard  somebody called and said the code\n  \
    vardkase gateway out sms-api --reason \"accepts and loses\" --as it-duty  used only where no other way is left\n  \
    vardkase gateway in sms-api --reason \"mended\" --as it-duty")]
pub struct GatewayArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Show every way out.
    List {
        /// The folder of a configuration: show what stands there, without asking a server.
        #[arg(long, value_name = "DIR")]
        config: Option<PathBuf>,
    },
    /// Connect and log in. Never reaches a person.
    Probe {
        /// Which; all when missing.
        gateway: Option<String>,
        /// The folder of a configuration: probe from here, without a server.
        #[arg(long, value_name = "DIR")]
        config: Option<PathBuf>,
    },
    /// Send a note that begins with TEST to every point of a duty that the gateway reaches, and follow it.
    Test {
        /// The gateway.
        gateway: String,
        /// The function that gets the test.
        function: String,
        /// How long to wait for delivery and answer.
        #[arg(long, value_name = "TIME", default_value = "2m", value_parser = span)]
        wait: u32,
    },
    /// Note that somebody called and said the code of a test.
    Answered {
        /// The six digits at the test's end.
        code: String,
    },
    /// Take a gateway out by hand: from now on it is used only where no other way is left, and what waits for it moves.
    Out {
        /// The gateway.
        gateway: String,
        /// Why; it stands in the journal.
        #[arg(long, value_name = "WHY")]
        reason: String,
    },
    /// Use a gateway again that was taken out.
    In {
        /// The gateway.
        gateway: String,
        /// Why; it stands in the journal.
        #[arg(long, value_name = "WHY")]
        reason: String,
    },
}

impl GatewayArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<u8, Error> {
        match self.what {
            What::List { config: Some(dir) } => list_offline(cx, dir),
            What::List { config: None } => list(cx),
            What::Probe { gateway, config: Some(dir) } => probe_offline(cx, dir, gateway.as_deref()),
            What::Probe { gateway, config: None } => probe(cx, gateway.as_deref()),
            What::Test { gateway, function, wait } => test(cx, &gateway, &function, wait.min(WAIT_S_MAX)),
            What::Out { gateway, reason } => {
                cx.act(&Action::GatewayOut { gateway: gateway.into(), reason: reason.into() }).map(|()| 0)
            }
            What::In { gateway, reason } => {
                cx.act(&Action::GatewayIn { gateway: gateway.into(), reason: reason.into() }).map(|()| 0)
            }
            What::Answered { code } => cx.act(&Action::TestAnswered { code: code.into() }).map(|()| 0),
        }
    }
}

fn fetched(cx: &mut Context<'_>) -> Result<Answer<Vec<GatewayView>>, Error> {
    let answer = cx.call(&calls::gateways());
    answer.map_err(|e| match e.kind {
        Kind::Unreachable => Error::new(e.kind, e.why, words::or_configured(cx.term.lang(), e.help)),
        _ => e,
    })
}

fn list(cx: &mut Context<'_>) -> Result<u8, Error> {
    let answer = fetched(cx)?;
    if cx.json() {
        cx.term.json(&answer);
        return Ok(0);
    }
    let gateways = answer.read()?;
    let lang = cx.term.lang();
    let mut rows = Vec::with_capacity(gateways.len());
    for g in &gateways {
        let queue = match (g.queue_len, g.in_flight, g.waiting) {
            (0, 0, 0) => "-".to_owned(),
            (line, flying, 0) => format!("{line} + {flying}"),
            (line, flying, waiting) => words::line_waits(lang, line, flying, waiting),
        };
        let test = match &g.test {
            Some(t) => said(words::tested(lang, age(lang, t.age_s.into()), &t.function, reached(lang, t.how_far))),
            None if matches!(g.standing, Standing::Manual | Standing::Page) => said("-"),
            None => hued(Hue::Wait, words::NEVER.say(lang)),
        };
        let last = g.last_proof_s.map_or_else(|| "-".into(), |s| words::ago(lang, age(lang, s)));
        rows.push(vec![
            said(g.id.as_str()),
            said(channel(lang, g.channel)),
            standing(lang, g),
            said(queue),
            said(last),
            test,
        ]);
    }
    let heads =
        [words::GATEWAY, words::CHANNEL, words::STANDING, words::IN_LINE, words::LAST_HEALTHY, words::LAST_TEST];
    table::show(cx.term, &heads.map(|w| w.say(lang)), rows);
    for g in gateways.iter().filter(|g| g.in_trouble()) {
        cx.term.line_in(Hue::Bad, &format!("{}: {}", g.id, cx.term.cause(&g.detail)));
    }
    Ok(0)
}

fn standing(lang: Lang, g: &GatewayView) -> Said {
    let hue = match g.standing {
        Standing::Healthy => Hue::Good,
        Standing::Suspect => Hue::Wait,
        Standing::Down | Standing::Out | Standing::Unusable => Hue::Bad,
        Standing::Manual | Standing::Page | Standing::Unknown => Hue::Faint,
    };
    // Colours stand beside words: what is wrong is written large.
    let word = standing_word(g.standing).say(lang);
    let text = if hue == Hue::Bad { word.to_uppercase() } else { word.to_owned() };
    hued(hue, text)
}

fn standing_word(standing: Standing) -> Word {
    match standing {
        Standing::Healthy => console::GATEWAY_HEALTHY,
        Standing::Suspect => console::GATEWAY_SUSPECT,
        Standing::Down => console::GATEWAY_DOWN,
        Standing::Out => console::GATEWAY_OUT,
        Standing::Unusable => console::GATEWAY_UNUSABLE,
        Standing::Manual => console::GATEWAY_WALKED,
        Standing::Page => console::GATEWAY_PAGE_OF_OUR_OWN,
        Standing::Unknown => console::GATEWAY_UNKNOWN,
    }
}

fn reached(lang: Lang, reached: Reached) -> &'static str {
    match reached {
        Reached::Accepted => words::ACCEPTED,
        Reached::Delivered => words::DELIVERED,
        Reached::Answered => words::ANSWERED,
    }
    .say(lang)
}

/// `90s`, `5m`, `1h`, in seconds.
fn span(text: &str) -> Result<u32, String> {
    let wrong = || format!("“{text}” is no span of time; write 90s, 5m or 1h");
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    number.parse::<u32>().ok().and_then(|n| n.checked_mul(factor)).ok_or_else(wrong)
}

/// `12 s`, `3 min`, `5 h`, `40 d`.
fn age(lang: Lang, seconds: u64) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds / 60),
        6_000..172_800 => format!("{} h", seconds / 3600),
        _ => words::days(lang, seconds / 86_400),
    }
}

/// The configuration, or the first of what is wrong with it.
pub(super) fn loaded(cx: &Context<'_>, source: Source) -> Result<Loaded, Error> {
    load(&source).map_err(|list| {
        let lang = cx.term.lang();
        let first = list.first().map(|d| format!(": {}:{}: {}", d.file, d.line, d.message)).unwrap_or_default();
        let why = format!("{}{first}", words::config_mistakes(lang, list.len()));
        Error::new(Kind::Configuration, why, words::CONFIG_MEND.say(lang))
    })
}

fn list_offline(cx: &mut Context<'_>, dir: PathBuf) -> Result<u8, Error> {
    let loaded = loaded(cx, Source::Dir(dir))?;
    let (plan, lang) = (&loaded.plan, cx.term.lang());
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for (info, config) in plan.gateways.iter().zip(&loaded.gateways) {
        let reaches: Vec<_> =
            plan.points.iter().filter(|p| p.gateways.iter().any(|g| plan.gateway(*g).id == info.id)).collect();
        let never = reaches.iter().filter(|p| p.proven.is_none()).count();
        let can = can(info);
        values.push(json!({ "id": info.id, "channel": info.channel, "kind": config.word(), "points": reaches.len(),
            "never_proven": never, "can": can }));
        let carries = can.first().map(|(_, v)| v.clone()).unwrap_or_default();
        let unproven = if never > 0 { hued(Hue::Wait, words::never_proven(lang, never)) } else { said("-") };
        rows.push(vec![
            said(info.id.as_str()),
            said(channel(lang, info.channel)),
            said(config.word()),
            said(reaches.len().to_string()),
            unproven,
            said(carries),
        ]);
    }
    if cx.json() {
        cx.term.json(&Value::Array(values));
        return Ok(0);
    }
    let heads = [words::GATEWAY, words::CHANNEL, words::SPOKEN_BY, words::DUTY_POINTS, words::PROVEN, words::CARRIES];
    table::show(cx.term, &heads.map(|w| w.say(lang)), rows);
    Ok(0)
}

fn probe(cx: &mut Context<'_>, only: Option<&str>) -> Result<u8, Error> {
    let ids: Vec<GatewayId> = match only {
        Some(id) => vec![id.into()],
        None => {
            let all = fetched(cx)?.read()?.into_iter();
            let spoken = all.filter(|g| g.standing != Standing::Manual);
            spoken.map(|g| g.id).collect()
        }
    };
    let mut results = BTreeMap::new();
    for id in ids {
        let probed = cx.call(&calls::probe(&id))?.read()?;
        results.insert(id.to_string(), probed);
    }
    Ok(show_probes(cx, &results))
}

/// Probes from this machine, as the server would; the table and the exit code say what answered.
fn probe_offline(cx: &mut Context<'_>, dir: PathBuf, only: Option<&str>) -> Result<u8, Error> {
    let loaded = loaded(cx, Source::Dir(dir))?;
    let known = |id: &str| loaded.plan.gateways.iter().any(|g| g.id.as_str() == id);
    if let Some(id) = only.filter(|id| !known(id)) {
        let all: Vec<&str> = loaded.plan.gateways.iter().map(|g| g.id.as_str()).collect();
        let lang = cx.term.lang();
        return Err(Error::usage(words::no_gateway(lang, id), words::there_are(lang, all.join(", "))));
    }
    let results = probe_all(cx.term.lang(), &loaded, |id| only.is_none_or(|o| o == id.as_str()))?;
    Ok(show_probes(cx, &results))
}

/// Every gateway at once: one that is silent holds up no other.
pub(super) fn probe_all(
    lang: Lang,
    loaded: &Loaded,
    wanted: impl Fn(&GatewayId) -> bool,
) -> Result<BTreeMap<String, Probed>, Error> {
    let clock = Arc::new(SystemClock::new());
    // A probe sends nothing: no key is needed.
    let around = Env { now: Arc::new(move || clock.now()), public_url: None, mail_key: [0; 32] };
    // What this machine would meet: a server in training has nothing to be asked about.
    let ends = Ends::of(Operation::Real);
    let built = gateways::build(loaded, &around, &ends, &wanted);
    let mirrors = ends.outward().map(|outward| gateways::mirrors(loaded, outward)).unwrap_or_default();
    super::serve::runtime(lang)?.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        let mut results = BTreeMap::new();
        for b in built {
            let id = b.id.to_string();
            match b.gateway {
                Ok(gateway) => {
                    tasks.spawn(async move {
                        let health = tokio::time::timeout(PROBE_TIMEOUT, gateway.probe()).await;
                        let far_end = gateway.far_end();
                        (id, health.map(|h| Probed { ok: h.ok, detail: h.detail, far_end }))
                    });
                }
                Err(why) => {
                    results.insert(id, Probed { ok: false, detail: why, far_end: Vec::new() });
                }
            }
        }
        for (id, mirror) in mirrors.into_iter().filter(|(id, _)| wanted(id)) {
            let id = id.to_string();
            match mirror {
                Ok(mirror) => {
                    let now = SystemClock::new().now();
                    tasks.spawn(async move {
                        let health = tokio::time::timeout(PROBE_TIMEOUT, mirror.probe(now)).await;
                        let far_end = mirror.far_end();
                        (id, health.map(|h| Probed { ok: h.ok, detail: h.detail, far_end }))
                    });
                }
                Err(why) => {
                    results.insert(id, Probed { ok: false, detail: why, far_end: Vec::new() });
                }
            }
        }
        while let Some(done) = tasks.join_next().await {
            let Ok((id, probed)) = done else { continue };
            let silent = || {
                let detail = words::no_probe_answer(lang, PROBE_TIMEOUT.as_secs());
                Probed { ok: false, detail, far_end: Vec::new() }
            };
            results.insert(id, probed.unwrap_or_else(|_| silent()));
        }
        Ok(results)
    })
}

/// The table; 1 when one did not answer well.
pub(super) fn show_probes(cx: &mut Context<'_>, results: &BTreeMap<String, Probed>) -> u8 {
    if cx.json() {
        cx.term.json(&json!(results));
    } else {
        let (mut rows, lang) = (Vec::new(), cx.term.lang());
        for (id, p) in results {
            let (good, bad) = (words::WELL.say(lang), words::NOT_WELL.say(lang));
            let how = if p.ok { hued(Hue::Good, good) } else { hued(Hue::Bad, bad) };
            rows.push(vec![said(id), how, said(cx.term.cause(&p.detail))]);
            for (name, value) in &p.far_end {
                rows.push(vec![said(""), said(format!("  {name}")), said(value)]);
            }
        }
        let heads = [words::GATEWAY, words::PROBE, words::IT_SAID];
        table::show(cx.term, &heads.map(|w| w.say(lang)), rows);
    }
    u8::from(results.values().any(|p| !p.ok))
}

fn test(cx: &mut Context<'_>, gateway: &str, function: &str, wait_s: u32) -> Result<u8, Error> {
    let (by, lang) = (cx.acting()?, cx.term.lang());
    let via = GatewayId::from(gateway);
    let sent = cx.call(&calls::gateway_test(&via, &by, &function.into()))?.read()?;
    let begun = Instant::now();
    let until = begun + Duration::from_secs(wait_s.into());
    if !cx.json() {
        cx.term.line(&words::test_sent(lang, gateway, function, sent.tests.len()));
    }
    let mut shown: BTreeMap<u32, String> = BTreeMap::new();
    let tests = loop {
        let mut tests: Vec<TestView> = cx.call(&calls::gateway_tests(&via))?.read()?;
        tests.retain(|t| sent.tests.contains(&t.id));
        for t in &tests {
            let now = how(lang, t);
            if shown.insert(t.id, now.clone()).as_ref() != Some(&now) && !cx.json() {
                let after = begun.elapsed().as_secs_f32();
                cx.term.line(&format!("{after:6.1} s  {}: {now}", t.id));
            }
        }
        let done = !tests.is_empty() && tests.iter().all(is_final);
        if done || Instant::now() >= until || cx.term.gone() {
            break tests;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    if cx.json() {
        cx.term.json(&json!({ "tests": tests }));
    } else {
        conclude(cx, &tests);
    }
    let good =
        |t: &TestView| matches!(t.state, DeliveryState::Accepted | DeliveryState::Delivered) || t.answered_at.is_some();
    Ok(u8::from(tests.is_empty() || !tests.iter().all(good)))
}

/// Nothing more is to be waited for.
fn is_final(t: &TestView) -> bool {
    use DeliveryState as S;
    t.answered_at.is_some() || matches!(t.state, S::Failed | S::Expired | S::Withdrawn | S::Unknown)
}

fn how(lang: Lang, t: &TestView) -> String {
    use DeliveryState as S;
    let why = if t.why.is_empty() { String::new() } else { format!(": {}", cause(lang, &t.why)) };
    let word = match (t.answered_at, t.state) {
        (Some(_), _) => words::ANSWERED,
        (None, S::Queued | S::Attempting) => words::TEST_IN_LINE,
        (None, S::Accepted) if t.receipts => words::TEST_ACCEPTED,
        (None, S::Accepted) => words::TEST_ACCEPTED_NO_RECEIPT,
        (None, S::Delivered) => words::TEST_DELIVERED,
        (None, S::Unknown) => return words::test_unknown(lang, why),
        (None, S::Failed | S::Expired | S::Withdrawn) => return words::test_failed(lang, why),
    };
    word.say(lang).to_owned()
}

fn conclude(cx: &mut Context<'_>, tests: &[TestView]) {
    let answered = tests.iter().any(|t| t.answered_at.is_some());
    let came = tests.iter().any(|t| t.state == DeliveryState::Delivered);
    if answered || came {
        let day = tests.iter().map(|t| t.at.to_string()).max().unwrap_or_default();
        let day = day.get(..10).unwrap_or_default();
        cx.term.line_in(Hue::Good, &words::test_proven(cx.term.lang(), day));
    } else if tests.iter().all(|t| t.state == DeliveryState::Accepted) && !tests.is_empty() {
        cx.term.line_in(Hue::Wait, words::TEST_ASK.say(cx.term.lang()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        for (text, seconds) in [
            ("90", Some(90)),
            ("5m", Some(300)),
            ("1h", Some(3600)),
            ("", None),
            ("m", None),
            ("5d", None),
            ("99999999h", None),
        ] {
            assert_eq!(span(text).ok(), seconds, "{text}");
        }
    }

    #[test]
    fn ages_are_short() {
        for (seconds, text) in [(0, "0 s"), (99, "99 s"), (100, "1 min"), (7_200, "2 h"), (864_000, "10 d")] {
            assert_eq!(age(Lang::EN, seconds), text);
        }
    }
}
