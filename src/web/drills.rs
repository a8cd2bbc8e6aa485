//! Drills over the API: what is planned, going on and ended; what one would do; and its start. Ending one is a command as any other.

use axum::extract::State;
use axum::{Extension, Json};
use sha2::{Digest, Sha256};

use super::Ctx;
use super::api::command_id;
use super::asked::{Body, Key};
use super::problem::Problem;
use crate::accounts::Who;
use crate::api::{CommandDone, DrillRequest, DrillsView, MomentView, PlannedView};
use crate::config::{Away, near_shift};
use crate::dispatch::engine::Meta;
use crate::domain::drills::{Drill, DrillKind};
use crate::domain::ids::FunctionId;
use crate::domain::incident::input::{Action, DrillOrder, Report, find_playbook};
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::state::State as Domain;
use crate::domain::view::{DrillForesight, foresee_drill, gateway_tested, running_drills};

/// All drills, as they stand.
pub(super) fn drills_of(state: &Domain, meta: &Meta) -> DrillsView {
    let planned = meta.drills.iter().filter_map(|planned| {
        let drill = &planned.order.drill;
        let id = drill.id.clone()?;
        let last = state.drills.moments.get(&id);
        Some(PlannedView {
            title: drill.title.clone(),
            kind: drill.kind,
            announced: drill.announced,
            next: planned.next_used(&state.plan, meta.now.timestamp()).map(Into::into),
            leads: drill.leads.clone(),
            without: drill.without.clone(),
            objectives: drill.objectives.clone(),
            tested: drill.gateway.as_ref().and_then(|g| gateway_tested(state, g, &drill.to)),
            last: last.map(|m| MomentView { planned: m.planned, fate: m.fate.clone() }),
            id,
        })
    });
    DrillsView {
        planned: planned.collect(),
        running: running_drills(state),
        past: state.drills.past.iter().rev().cloned().collect(),
    }
}

/// What a drill would do, with what the calendar says of this moment.
///
/// # Errors
/// What its beginning would be refused for.
pub(super) fn foreseen(state: &Domain, meta: &Meta, asked: &DrillRequest) -> Result<DrillForesight, Refused> {
    let order = ordered(state, meta, asked)?;
    let mut seen = foresee_drill(state, &asked.by, &order, meta.now)?;
    let reached = seen.reaches.iter().filter_map(|id| state.plan.function_ix(id.as_str()));
    seen.near_shift = near_shift(&state.plan, reached, meta.now.timestamp());
    Ok(seen)
}

/// What is ordered: a drill that is planned, or one that is made up.
///
/// # Errors
/// There is none of that name, or what is taken away is nothing.
pub(super) fn ordered(state: &Domain, meta: &Meta, asked: &DrillRequest) -> Result<DrillOrder, Refused> {
    let plan = &state.plan;
    let mut order = match (&asked.drill, &asked.playbook) {
        (Some(id), playbook) => {
            // What is planned for real gateways is not taken for something at a table.
            if asked.tabletop || playbook.is_some() {
                return Err(refuse!(DrillAsPlanned { drill: id }));
            }
            let named = meta.drills.iter().find(|d| d.order.drill.id.as_ref() == Some(id));
            let Some(planned) = named else {
                let drills = List::of(meta.drills.iter().filter_map(|d| d.order.drill.id.as_ref()));
                return Err(refuse!(UnknownDrill { drill: id, drills }));
            };
            let mut order = planned.order.clone();
            // The calendar announces; by hand it begins now.
            order.drill.announced = false;
            order
        }
        (None, Some(typed)) => {
            let book = &plan.playbooks[&find_playbook(plan, typed)?];
            let kind = if asked.tabletop { DrillKind::Tabletop } else { DrillKind::Functional };
            let drill = Drill { title: book.title.clone(), kind, leads: vec![asked.by.clone()], ..Drill::default() };
            let report = Report { exercise: true, playbook: book.id.to_string(), ..Report::default() };
            DrillOrder { report, drill }
        }
        (None, None) => return Err(refuse!(NoPlaybook { playbooks: List::of(plan.playbooks.keys()) })),
    };
    if asked.level.is_some() {
        order.report.level.clone_from(&asked.level);
    }
    if !asked.sites.is_empty() {
        order.report.sites.clone_from(&asked.sites);
    }
    order.report.confirmed = asked.confirmed;
    if !asked.without.is_empty() {
        let names: Vec<String> = order.drill.without.iter().chain(&asked.without).cloned().collect();
        let away = Away::of(plan, &meta.around, &names)
            .map_err(|unknown| refuse!(UnknownLoss { name: unknown.name, known: List::of(unknown.known) }))?;
        (order.drill.without, order.drill.gateways_away, order.report.down) = (away.names, away.gateways, away.infra);
    }
    Ok(order)
}

pub(super) async fn list(State(ctx): State<Ctx>) -> Result<Json<DrillsView>, Problem> {
    Ok(Json(ctx.handle.query(drills_of).await?))
}

pub(super) async fn dry_run(
    State(ctx): State<Ctx>,
    Body(asked, _): Body<DrillRequest>,
) -> Result<Json<DrillForesight>, Problem> {
    let seen = ctx.handle.query(move |s, m| foreseen(s, m, &asked));
    seen.await?.map(Json).map_err(Problem::from)
}

pub(super) async fn start(
    State(ctx): State<Ctx>,
    Extension(who): Extension<Who>,
    Key(key): Key,
    Body(asked, bytes): Body<DrillRequest>,
) -> Result<Json<CommandDone>, Problem> {
    let by: FunctionId = asked.by.clone();
    let once = key.map(|key| command_id(&by, key.as_bytes(), &Sha256::digest(&bytes))).transpose()?;
    let order = ctx.handle.query(move |s, m| ordered(s, m, &asked)).await?.map_err(Problem::from)?;
    let action = Action::DrillStart(Box::new(order));
    let done = super::command::command(&ctx, &who, by, action, once, false).await?;
    Ok(Json(CommandDone::of(&done)))
}
