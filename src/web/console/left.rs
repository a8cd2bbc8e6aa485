//! “What is left?”: what is lost is ticked, and the page says who is reached over what, with a picture of what hangs on what; below, the
//! smallest losses that silence somebody. It asks the configuration alone, beside the loop that owns the state.

use std::time::Duration;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use tokio::sync::Semaphore;

use super::ui::Ui;
use super::{Visitor, gone, html};
use crate::config::Accepted;
use crate::domain::ids::FunctionIx;
use crate::domain::incident::refused::refuse;
use crate::domain::lang::Lang;
use crate::domain::plan::{Channel, Plan};
use crate::domain::reach::left::{Around, Left, Loss, Over, Reach};
use crate::domain::reach::net::When;
use crate::paper::net::net_svg;
use crate::paper::{channel, loss, span};
use crate::web::Ctx;
use crate::web::problem::Problem;
use crate::words::{console as w, paper as p};

/// The most losses of a set on the page: three take a while, and the command line shows them.
const SIZE_SHOWN_MAX: usize = 2;
/// The most rows of sets.
const ROWS_MAX: usize = 30;
/// The most names that are taken from one address.
const NAMES_MAX: usize = 200;
/// So many answers are worked out at a time: it is hard work beside an alert.
static WORKING: Semaphore = Semaphore::const_new(1);
/// Whoever has waited so long for it asks again.
const WAIT: Duration = Duration::from_secs(10);

/// What can be ticked.
struct Tick {
    name: String,
    ticked: bool,
}

/// What is left at one moment.
struct Moment {
    head: &'static str,
    program: bool,
    page: bool,
    /// How many are reached by day and by night.
    reached: String,
    /// Titles of playbooks that nobody can approve.
    no_approval: String,
    /// Over what each function is reached by day and by night, in the order of the plan.
    over: Vec<[String; 2]>,
}

/// A set of losses.
struct Set {
    names: String,
    silences: String,
    when: &'static str,
    add: String,
}

/// What was worked out.
struct Worked {
    picture: String,
    moments: Vec<Moment>,
    falls: Vec<String>,
    sets: Vec<Set>,
}

#[derive(Template)]
#[template(path = "left.html")]
struct Page {
    ui: Ui,
    infra: Vec<Tick>,
    gateways: Vec<Tick>,
    unknown: Vec<String>,
    nothing_lost: bool,
    /// `None`: there is too much of it.
    worked: Option<Worked>,
}

pub async fn page(State(ctx): State<Ctx>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let looked = visitor.look(&ctx, |s, m, _| (s.plan.clone(), m.around.clone(), m.accepted.clone())).await;
    let (ui, (plan, around, accepted)) = match looked {
        Ok(seen) => seen,
        Err(e) => return gone(e),
    };
    let typed: Vec<String> = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .filter(|(key, value)| key == "without" && !value.is_empty())
        .map(|(_, value)| value.into_owned())
        .take(NAMES_MAX)
        .collect();
    let (mut loss, mut unknown) = (Loss::default(), Vec::new());
    for name in typed {
        match Loss::named(&plan, std::slice::from_ref(&name)) {
            Ok(one) => {
                loss.infra.extend(one.infra);
                loss.gateways.extend(one.gateways);
                loss.systems.extend(one.systems);
            }
            Err(_) => unknown.push(name),
        }
    }
    let tick = |name: &str, ticked: bool| Tick { name: name.to_owned(), ticked };
    let infra = plan.infra.iter().map(|x| tick(x.id.as_str(), loss.infra.contains(&x.id))).collect();
    let gateways = plan.gateways.iter().map(|g| tick(g.id.as_str(), loss.gateways.contains(&g.id))).collect();
    let nothing_lost = loss == Loss::default();
    let Ok(Ok(turn)) = tokio::time::timeout(WAIT, WORKING.acquire()).await else {
        return busy();
    };
    let lang = ui.lang;
    let worked = tokio::task::spawn_blocking(move || worked(lang, &plan, &around, &accepted, &loss)).await;
    drop(turn);
    match worked {
        Ok(worked) => html(&Page { ui, infra, gateways, unknown, nothing_lost, worked }),
        Err(_) => busy(),
    }
}

fn busy() -> Response {
    Problem::from(refuse!(TooSlow {})).answer(false)
}

fn worked(lang: Lang, plan: &Plan, around: &Around, accepted: &[Accepted], loss: &Loss) -> Option<Worked> {
    let reach = Reach::of(plan, around)?;
    let left = reach.without(loss);
    let mut moments = vec![moment(lang, plan, &left.at_once, p::LEFT_AT_ONCE.say(lang))];
    if left.at_once != left.after_batteries {
        moments.push(moment(lang, plan, &left.after_batteries, p::LEFT_LATER.say(lang)));
    }
    let fall = |(after_s, nodes): &(u64, Vec<_>)| {
        let names: Vec<String> = nodes.iter().map(|n: &crate::domain::ids::InfraId| n.to_string()).collect();
        p::left_falls(lang, span(u32::try_from(*after_s).unwrap_or(u32::MAX)), names.join(", "))
    };
    let (now, later) = (reach.cuts(When::AtOnce, SIZE_SHOWN_MAX), reach.cuts(When::AfterBatteries, SIZE_SHOWN_MAX));
    let set = |cut: &crate::domain::reach::worst::Cut| {
        let reason = accepted.iter().find(|a| a.covers(plan, cut)).map(|a| a.reason.as_str());
        Set {
            names: cut.nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            silences: loss::silenced(lang, plan, cut, &later),
            when: if cut.at_once { p::LEFT_AT_ONCE.say(lang) } else { p::LEFT_LATER.say(lang) },
            add: loss::advice(lang, cut, reason),
        }
    };
    Some(Worked {
        picture: net_svg(lang, plan, &reach, loss, false).ok()?,
        moments,
        falls: left.falls.iter().map(fall).collect(),
        sets: reach.worst_first(&now, &later).iter().take(ROWS_MAX).map(set).collect(),
    })
}

fn moment(lang: Lang, plan: &Plan, left: &Left, head: &'static str) -> Moment {
    let all = plan.functions.len();
    let reached = |over: &[Over]| over.iter().filter(|o| !o.channels.is_empty()).count();
    let said = |over: &Over| match (over.channels.is_empty(), over.or_deputy) {
        (false, _) => {
            let names: Vec<&str> = over.channels.iter().map(|c: &Channel| channel(lang, *c)).collect();
            names.join(", ")
        }
        (true, true) => format!("⚠ {}", p::LEFT_DEPUTY.say(lang)),
        (true, false) => format!("✖ {}", p::LEFT_NOBODY.say(lang)),
    };
    let books: Vec<&str> = left
        .approvals
        .iter()
        .filter(|(_, asked)| !asked[0].can_answer)
        .filter_map(|(id, _)| plan.playbooks.get(id))
        .map(|b| b.title.get(lang))
        .collect();
    Moment {
        head,
        program: left.program,
        page: left.public_page,
        reached: p::left_moment(
            lang,
            format!("{} / {all}", reached(&left.day)),
            format!("{} / {all}", reached(&left.night)),
        ),
        no_approval: books.join(", "),
        over: left.day.iter().zip(&left.night).map(|(d, n)| [said(d), said(n)]).collect(),
    }
}

impl Page {
    /// Each duty's title, with its row of every moment.
    fn rows<'w>(&self, worked: &'w Worked) -> Vec<(String, Vec<&'w [String; 2]>)> {
        let plan = &self.ui.plan;
        let row = |n: usize| {
            let of = u32::try_from(n).map(|n| plan.function(FunctionIx(n)).title.get(self.ui.lang).to_owned());
            (of.unwrap_or_default(), worked.moments.iter().filter_map(|m| m.over.get(n)).collect())
        };
        (0..plan.functions.len()).map(row).collect()
    }
}
