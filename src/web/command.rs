//! The one way by which somebody who came in acts: for a function that is his, by a right that he has. What the function may is then
//! for the rules to say.

use super::Ctx;
use super::access::record;
use crate::accounts::{Right, Who, WhoId};
use crate::dispatch::engine::{Done, Failed};
use crate::domain::ids::{FunctionId, MessageNo};
use crate::domain::incident::event::{Event, GatewayChange};
use crate::domain::incident::input::{Action, CommandId, Input};
use crate::domain::incident::refused::{List, Refused, refuse};
use crate::domain::incident::typed::no_personal_number;

/// Whether that one may act for the function.
///
/// # Errors
/// It is not among his.
pub(super) fn may_act(who: &Who, by: &FunctionId) -> Result<(), Refused> {
    if who.functions.has(by) {
        return Ok(());
    }
    tracing::warn!(who = %who.id, function = %by, "acting for another function was refused");
    Err(refuse!(NotYourFunction { function: by, functions: List::of(&who.functions.0) }))
}

/// Whether that one has the right.
///
/// # Errors
/// He has not.
pub(super) fn may(who: &Who, right: Right) -> Result<(), Refused> {
    if who.may(right) {
        return Ok(());
    }
    tracing::warn!(who = %who.id, %right, "a right was missing");
    Err(match who.id {
        WhoId::Token(_) => refuse!(NoRightToken { right }),
        _ => refuse!(NoRight { right }),
    })
}

/// Asks whoever comes after for an approval beside, where the yes of the one who was asked would be that of the same eyes (RULES H3).
///
/// # Errors
/// Neither his function nor his right, or the program is going down.
pub(super) async fn ask_other(ctx: &Ctx, who: &Who, by: FunctionId, number: MessageNo) -> Result<Done, Failed> {
    may_act(who, &by).and_then(|()| may(who, Right::Approve)).map_err(Failed::Refused)?;
    ctx.handle.input(Input::AskBeside { number, by }).await
}

/// Gives a command. `once`: the ID under which it may come again. `not_personal`: somebody has looked, and what looks like a person's
/// number in its words is none.
///
/// # Errors
/// Neither his function nor his right, a person's number, what the rules refuse, or the program is going down.
pub(super) async fn command(
    ctx: &Ctx,
    who: &Who,
    by: FunctionId,
    action: Action,
    once: Option<CommandId>,
    not_personal: bool,
) -> Result<Done, Failed> {
    may_act(who, &by).and_then(|()| may(who, Right::of(&action))).map_err(Failed::Refused)?;
    if !not_personal {
        no_personal_number(&action).map_err(Failed::Refused)?;
    }
    let action = Box::new(action);
    let input = match once {
        None => Input::Command { who: who.actor(), by, action },
        Some(id) => Input::Once { id, who: who.actor(), by, action },
    };
    let done = ctx.handle.input(input).await?;
    for event in done.events.iter() {
        // No incident has this, in which it would be sealed who acted.
        if let Event::Gateway { change } = event
            && let GatewayChange::TakenOut { gateway, .. } | GatewayChange::PutBack { gateway, .. } = &**change
        {
            record(ctx, change.name(), &format!("gateway {gateway}"), &who.id.to_string()).await;
        }
    }
    Ok(done)
}
