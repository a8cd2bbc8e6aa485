//! The table that the API's routes and its description are made of: each operation is there, asks for its right, and nothing is open
//! that does not say so.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::site::{Site, TOKEN};

/// Method, path with something in each place, and what is said of it.
fn operations(whole: &Value) -> Vec<(Method, String, Value)> {
    let mut all = Vec::new();
    for (path, methods) in whole["paths"].as_object().unwrap() {
        let path = path.replace("{no}", "1").replace("{id}", "sms-api").replace("{seq}", "1");
        for (method, said) in methods.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            all.push((method, format!("/api/v1{path}"), said.clone()));
        }
    }
    all
}

/// A token with these rights.
pub async fn token(site: &Site, rights: &[&str]) -> (String, String) {
    let change = json!({ "token-add": { "rights": rights, "functions": ["*"], "expires": "2027-06-01T00:00:00Z" } });
    let (status, made) = site.post("/access", &change).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn each_operation_asks_for_the_right_that_is_said_of_it() {
    let site = Site::start().await;
    let whole: Value = site.request(Method::GET, "/api/v1/openapi.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(whole["openapi"], "3.1.0");
    let (_, reads) = token(&site, &["read"]).await;
    let all = operations(&whole);
    assert!(all.len() > 25);
    for (method, path, said) in all {
        let open = said["security"] == json!([]);
        let bare = site.request(method.clone(), &path).send().await.unwrap();
        let wanted = if open { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(bare.status(), wanted, "{method} {path}");
        assert!(bare.headers().contains_key("vardkase-version"), "{path}");
        if path.ends_with("/events") {
            continue;
        }
        let request = site.request(method.clone(), &path).bearer_auth(&reads);
        let request = if method == Method::POST { request.json(&json!({})) } else { request };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let asks = said["description"].as_str().unwrap_or("Asks for the right `read`.");
        if asks.contains("`read`") {
            assert_ne!(status, StatusCode::FORBIDDEN, "{method} {path}");
        } else {
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
            assert_eq!(answer.json::<Value>().await.unwrap()["code"], "no-right", "{path}");
        }
        // Whatever it answers is said of it.
        assert!(said["responses"].get(status.as_str()).is_some(), "{method} {path}: {status}");
    }
}

#[tokio::test]
async fn what_is_refused_is_one_of_the_kinds_that_are_listed() {
    let site = Site::start().await;
    let kinds: Value = site.request(Method::GET, "/api/v1/problems").send().await.unwrap().json().await.unwrap();
    let refused = site.request(Method::GET, "/api/v1/incidents/nothing").bearer_auth(TOKEN).send().await.unwrap();
    let refused: Value = refused.json().await.unwrap();
    let kind = kinds.as_array().unwrap().iter().find(|k| k["type"] == refused["type"]).expect("its kind");
    assert_eq!((&kind["status"], &kind["title"]), (&json!(404), &refused["title"]));
}
