//! A gateway: how it stands, what last proved it, what it can do; a probe, and a marked test to a duty.

use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::act::submit;
use super::form_words::form_words;
use super::overview::Did;
use super::ui::Ui;
use super::{Visitor, escaped, gone, html, refused, words};
use crate::accounts::Right;
use crate::api::{GatewayView, Standing, TestView};
use crate::domain::delivery::DeliveryState;
use crate::domain::ids::{FunctionId, GatewayId};
use crate::domain::incident::gateways::Reached;
use crate::domain::incident::input::Action;
use crate::domain::incident::refused::refuse;
use crate::domain::plan::{Capability, Channel};
use crate::web::Ctx;
use crate::web::command::may;
use crate::web::gateways::{gateways_of, tests_of};
use crate::words::{console as w, paper as p};

form_words! {
    /// The buttons of a gateway's page.
    enum Wanted {
        /// Connect and log in; nobody is reached.
        Probe = "probe",
        /// A marked test to a duty.
        Test = "test",
        /// Somebody called and said the code of a test.
        Answered = "answered",
        /// Take it out by hand.
        Out = "out",
        /// Use it again.
        In = "in",
    }
}

#[derive(Template)]
#[template(path = "gateway.html")]
struct Page {
    ui: Ui,
    gateway: GatewayView,
    tests: Vec<TestView>,
    /// Duties that it reaches.
    reaches: Vec<FunctionId>,
}

impl Ui {
    /// A sign besides the word and the colour, for people who don't see colours.
    pub fn standing(&self, g: &GatewayView) -> String {
        if let Some(out) = &g.out {
            return format!("✖ {}: {}, {}", self.t(w::GATEWAY_OUT), self.name(&out.by), self.time(&out.at));
        }
        let (sign, word) = match g.standing {
            Standing::Healthy => ("✔", w::GATEWAY_HEALTHY),
            Standing::Suspect => ("⚠", w::GATEWAY_SUSPECT),
            Standing::Down => ("✖", w::GATEWAY_DOWN),
            Standing::Out => ("✖", w::GATEWAY_OUT),
            Standing::Unusable => ("✖", w::GATEWAY_UNUSABLE),
            Standing::Manual => ("○", w::GATEWAY_WALKED),
            Standing::Page => ("○", w::GATEWAY_PAGE_OF_OUR_OWN),
            Standing::Unknown => ("○", w::GATEWAY_UNKNOWN),
        };
        format!("{sign} {}", self.t(word))
    }
    pub fn reached(&self, reached: &Reached) -> &'static str {
        match reached {
            Reached::Accepted => w::TEST_ACCEPTED.say(self.lang),
            Reached::Delivered => w::DELIVERED.say(self.lang),
            Reached::Answered => w::TEST_ANSWERED.say(self.lang),
        }
    }
    /// What it carries, what comes of it, and how answers come back.
    fn can(&self, id: &GatewayId) -> Vec<(&'static str, String)> {
        let Some(g) = self.plan.gateways.iter().find(|g| g.id == *id) else { return Vec::new() };
        let text = match &g.capability {
            Capability::Sms { parts_max, .. } => p::can_parts(self.lang, *parts_max),
            Capability::Pages { chars_max, pages_max, .. } => p::can_pages(self.lang, *pages_max, *chars_max),
            Capability::Fax { pages_max, chars_max } => p::can_pages(self.lang, *pages_max, *chars_max),
            Capability::Whole { chars_max: Some(max) } => p::can_whole(self.lang, *max),
            Capability::Whole { chars_max: None } => self.t(p::CAN_ANY).to_owned(),
        };
        let receipts = match (g.channel, g.receipts) {
            (Channel::Web, _) => p::RECEIPT_READ_BACK,
            (_, true) => p::RECEIPT_DEVICE,
            (_, false) => p::RECEIPT_NONE,
        };
        let answers = if g.answers { p::ANSWERS_OVER_IT } else { p::ANSWERS_BY_TELEPHONE };
        [(p::CAN_TEXT, text), (p::CAN_RECEIPT, self.t(receipts).into()), (p::CAN_ANSWER, self.t(answers).into())]
            .map(|(name, value)| (self.t(name), value))
            .into()
    }
    fn test_state(&self, t: &TestView) -> &'static str {
        if t.answered_at.is_some() {
            return w::TEST_ANSWERED_SIGN.say(self.lang);
        }
        match t.state {
            DeliveryState::Queued | DeliveryState::Attempting => w::ON_ITS_WAY.say(self.lang),
            DeliveryState::Accepted => w::TEST_ACCEPTED_SIGN.say(self.lang),
            DeliveryState::Delivered => w::TEST_DELIVERED_SIGN.say(self.lang),
            DeliveryState::Unknown => w::TEST_UNKNOWN.say(self.lang),
            DeliveryState::Failed | DeliveryState::Expired | DeliveryState::Withdrawn => {
                w::TEST_FAILED_SIGN.say(self.lang)
            }
        }
    }
}

pub async fn page(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<GatewayId>, PathRejection>,
    did: Query<Did>,
) -> Response {
    let Ok(Path(id)) = path else { return Redirect::to("/reach").into_response() };
    let wanted = id.clone();
    let seen = visitor
        .look(&ctx, move |s, m, _| {
            let gateway = gateways_of(s, m).into_iter().find(|g| g.id == wanted)?;
            let tests = tests_of(s, m).into_iter().filter(|t| t.gateway == wanted).take(8).collect();
            let plan = &s.plan;
            let by_it = |f: &&crate::domain::plan::Function| {
                !matches!(gateway.channel, Channel::Web | Channel::Manual)
                    && f.points.iter().any(|p| plan.point(*p).gateways.iter().any(|g| plan.gateway(*g).id == wanted))
            };
            let reaches = plan.functions.iter().filter(by_it).map(|f| f.id.clone()).collect();
            Some((gateway, tests, reaches))
        })
        .await;
    match seen {
        Ok((mut ui, Some((gateway, tests, reaches)))) => {
            ui.done = words::done(ui.lang, &did.done).map(str::to_owned);
            html(&Page { ui, gateway, tests, reaches })
        }
        Ok((_, None)) => refused(&ctx, &visitor, refuse!(UnknownGatewayLook { gateway: id }).into(), "/reach").await,
        Err(e) => gone(e),
    }
}

pub async fn posted(
    State(ctx): State<Ctx>,
    visitor: Visitor,
    path: Result<Path<GatewayId>, PathRejection>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let Ok(Path(gateway)) = path else { return Redirect::to("/reach").into_response() };
    let here = format!("/gateways/{}", escaped(gateway.as_str()));
    let fields = match visitor.fields(form) {
        Ok(fields) => fields,
        Err(problem) => return refused(&ctx, &visitor, problem, &here).await,
    };
    let wanted: Wanted = match fields.word("do") {
        Ok(wanted) => wanted,
        Err(problem) => return refused(&ctx, &visitor, problem, &here).await,
    };
    let (action, done) = match wanted {
        Wanted::Probe => {
            if let Err(refused_now) = may(&visitor.session.who, Right::Report) {
                return refused(&ctx, &visitor, refused_now.into(), &here).await;
            }
            let probed = gateway.clone();
            if let Ok(Some(worker)) = ctx.handle.query(move |_, m| m.workers.get(&probed).cloned()).await {
                worker.probe().await;
            }
            return Redirect::to(&format!("{here}?done=probed")).into_response();
        }
        Wanted::Test => (Action::TestGateway { gateway, function: fields.get("function").into() }, "test"),
        Wanted::Out => (Action::GatewayOut { gateway, reason: fields.get("reason").into() }, "gateway-out"),
        Wanted::In => (Action::GatewayIn { gateway, reason: fields.get("reason").into() }, "gateway-in"),
        Wanted::Answered => (Action::TestAnswered { code: fields.get("code").into() }, "test-answered"),
    };
    let by = match visitor.acting() {
        Ok(by) => by,
        Err(choose) => return choose,
    };
    submit(&ctx, &visitor, by, action, &format!("{here}?done={done}"), &here).await
}
