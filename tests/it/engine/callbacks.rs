//! What gateways call back with, from the request to the state: believed, refused, or not found.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use hmac::{Hmac, KeyInit, Mac};
use hyper::{HeaderMap, Method, StatusCode};
use vardkase::app::answers::{Answers, Back};
use vardkase::dispatch::links::LinkKey;
use vardkase::domain::delivery::DeliveryState;
use vardkase::domain::ids::GatewayId;
use vardkase::domain::plan::Channel;
use vardkase::gateways::callback::Callback;
use vardkase::gateways::http_api::{CallbackNames, Signature, callback};
use vardkase::gateways::{GatewayEvent, Secret};
use vardkase::web::public::{Call, Dynamic};

use super::rig::*;

fn signed(with: &str, what: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(with.as_bytes()).unwrap();
    mac.update(what.as_bytes());
    mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

fn call(path: String, body: &str, signature: Option<String>) -> Call {
    let mut headers = HeaderMap::new();
    if let Some(signature) = signature {
        headers.insert("x-signature", signature.parse().unwrap());
    }
    Call { method: Method::POST, path, query: None, headers, body: body.to_owned().into() }
}

#[tokio::test]
async fn a_call_that_is_not_signed_as_agreed_is_refused_and_changes_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options { by_ref: Some(Channel::Sms), ..Options::default() });
    rig.report().await;
    let sms = rig.loaded.plan.gateways.iter().find(|g| g.channel == Channel::Sms).unwrap().id.clone();
    rig.until("one took", |_, far| far.took().iter().any(|(g, _)| *g == sms)).await;
    rig.settled().await;
    let id = rig.far.took().into_iter().find(|(g, _)| *g == sms).unwrap().1.delivery;
    let gateway = sms.clone();
    let signature = Signature { header: "X-Signature".into(), secret: Secret::new("hemligt") };
    let callback = Callback {
        reader: Arc::new(move |kind, query: &str, body: &[u8]| {
            callback::read(&gateway, &CallbackNames::default(), kind, query, body)
        }),
        secret: Secret::new("path"),
        signature: Some(signature),
    };
    let back = Back { callback, worker: rig.workers[&sms].clone() };
    let backs = Arc::new(RwLock::new(BTreeMap::from([(sms.clone(), Arc::new(back))])));
    let answers = Answers::new(rig.handle.clone(), Arc::new(LinkKey::from_bytes([1; 32])), backs, None);

    let receipt = format!("id=m-{id}&status=delivered");
    let path = |secret: &str| format!("/cb/{sms}/{secret}/receipt");
    let (forbidden, not_found) = (StatusCode::FORBIDDEN, StatusCode::NOT_FOUND);
    for (secret, body, signature, status) in [
        ("path", &*receipt, None, forbidden),
        ("path", &receipt, Some(signed("guess", &receipt)), forbidden),
        ("path", &receipt, Some(signed("hemligt", "id=1&status=delivered")), forbidden),
        ("path", &receipt, Some(String::new()), forbidden),
        ("guess", &receipt, Some(signed("hemligt", &receipt)), not_found),
        ("path", "status=delivered", Some(signed("hemligt", "status=delivered")), StatusCode::BAD_REQUEST),
    ] {
        let answer = answers.call(call(path(secret), body, signature)).await;
        assert_eq!(answer.status, status, "{secret} {body}");
    }
    rig.settled().await;
    let now =
        |s: &vardkase::domain::incident::state::State| s.incidents[&id.incident].deliveries[id.ordinal as usize].state;
    assert_eq!(now(&rig.state().await), DeliveryState::Accepted);
    let answer = answers.call(call(path("path"), &receipt, Some(signed("hemligt", &receipt)))).await;
    assert_eq!(answer.status, StatusCode::OK);
    rig.until("delivered", |s, _| now(s) == DeliveryState::Delivered).await;
    rig.stop().await;
}

#[tokio::test]
async fn rule_h1_a_callback_decides_only_deliveries_of_its_own_gateway() {
    let dir = tempfile::tempdir().unwrap();
    let rig = start(dir.path(), Options::default());
    rig.report().await;
    rig.settled().await;
    let took = rig.far.took();
    let (mine, job) = took.first().unwrap().clone();
    let (other, _) = took.iter().find(|(g, _)| *g != mine).unwrap().clone();
    let state_of = |s: &vardkase::domain::incident::state::State| {
        s.incidents[&job.delivery.incident].deliveries[job.delivery.ordinal as usize].state
    };
    let before = state_of(&rig.state().await);
    let receipt = |gateway: &GatewayId| GatewayEvent::Receipt {
        gateway: gateway.clone(),
        delivery: Some(job.delivery),
        gateway_ref: "4711".into(),
        result: Ok(()),
    };
    assert!(rig.workers[&other].tell(receipt(&other)));
    rig.settled().await;
    assert_eq!(state_of(&rig.state().await), before, "whoever knows the secret of {other} says nothing of {mine}'s");
    assert!(rig.workers[&mine].tell(receipt(&mine)));
    rig.until("it arrived", |s, _| state_of(s) == DeliveryState::Delivered).await;
}
