//! What known gateways call their fields, what their good answers are and how they call back; and what the configuration says
//! instead.

use std::collections::BTreeMap;

use super::config::{Preset, SendAs, SmsHttpConfig};
use crate::gateways::http_api::answer::words;
use crate::gateways::http_api::{AnswerRules, Auth, CallbackNames};
use crate::yaml::List;

/// How one gateway is spoken to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Rules {
    pub send_as: SendAs,
    /// Names and templates of the fields.
    pub fields: BTreeMap<String, String>,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    pub auth: Auth,
    pub answer: AnswerRules,
    pub callback: CallbackNames,
}

fn pairs(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// A plain JSON interface: `{"to", "from", "text", "id"}` gives `{"status": "accepted", "id": …}`.
fn generic() -> Rules {
    Rules {
        send_as: SendAs::Json,
        fields: pairs(&[("to", "{to}"), ("from", "{from}"), ("text", "{text}"), ("id", "{id}")]),
        answer: AnswerRules {
            success_at: "/status".into(),
            success_values: words(&["accepted", "ok", "queued"]),
            id_at: "/id".into(),
            ..AnswerRules::default()
        },
        ..Rules::default()
    }
}

/// Kannel's `sendsms` (its User's Guide, "SMS Push"). Where Kannel reports, it gets the delivery's key, so that a receipt needs
/// no number of Kannel's own, which it does not give.
fn kannel(callback_url: Option<&str>) -> Rules {
    let mut fields = pairs(&[
        ("username", "{user}"),
        ("password", "{password}"),
        ("to", "{to}"),
        ("from", "{from}"),
        ("text", "{text}"),
        ("charset", "UTF-8"),
        ("coding", "{coding}"),
        ("validity", "{ttl_min}"),
    ]);
    if let Some(url) = callback_url {
        // 1 delivered, 2 not delivered, 16 refused by the centre; %d is filled in by Kannel.
        fields.insert("dlr-mask".into(), "19".into());
        let glue = if url.contains('?') { '&' } else { '?' };
        fields.insert("dlr-url".into(), format!("{url}{glue}delivery={{id}}&status=%d&error=%A"));
    }
    Rules {
        send_as: SendAs::Query,
        fields,
        answer: AnswerRules {
            status_ok: List(vec![202]),
            // Kannel's "Authorization failed for sendsms".
            status_credentials: List(vec![401, 403, 407]),
            // "0: Accepted for delivery" or "3: Queued for later delivery".
            success: ": ".into(),
            ..AnswerRules::default()
        },
        callback: CallbackNames {
            delivered: Some(words(&["1"])),
            failed: Some(words(&["2", "16"])),
            ..CallbackNames::default()
        },
        ..Rules::default()
    }
}

/// Gateways in the manner of 46elks: a form, Basic authentication, JSON back.
fn elks() -> Rules {
    Rules {
        fields: pairs(&[("from", "{from}"), ("to", "{to}"), ("message", "{text}"), ("whendelivered", "{callback}")]),
        answer: AnswerRules {
            status_ok: List(vec![200]),
            success_at: "/status".into(),
            success_values: words(&["created", "sent", "delivered"]),
            id_at: "/id".into(),
            ..AnswerRules::default()
        },
        callback: CallbackNames { text: Some("message".into()), ..CallbackNames::default() },
        ..Rules::default()
    }
}

/// Gateways in the manner of Twilio: a form, Basic authentication, JSON back, capitals in callbacks.
fn twilio() -> Rules {
    Rules {
        fields: pairs(&[
            ("From", "{from}"),
            ("To", "{to}"),
            ("Body", "{text}"),
            ("ValidityPeriod", "{ttl_s}"),
            ("StatusCallback", "{callback}"),
        ]),
        answer: AnswerRules {
            status_ok: List(vec![200, 201]),
            success_at: "/status".into(),
            success_values: words(&["accepted", "scheduled", "queued", "sending", "sent", "delivered"]),
            id_at: "/sid".into(),
            ..AnswerRules::default()
        },
        callback: CallbackNames {
            id: Some("MessageSid".into()),
            state: Some("MessageStatus".into()),
            error: Some("ErrorCode".into()),
            delivered: Some(words(&["delivered", "read"])),
            failed: Some(words(&["undelivered", "failed", "canceled"])),
            from: Some("From".into()),
            text: Some("Body".into()),
            ..CallbackNames::default()
        },
        ..Rules::default()
    }
}

impl Rules {
    /// The preset's, and what the configuration says instead.
    pub fn of(config: &SmsHttpConfig) -> Self {
        let callback_url = config.callback_url.as_deref();
        let mut rules = match config.preset {
            Preset::Generic => generic(),
            Preset::Kannel => kannel(callback_url),
            Preset::Elks => elks(),
            Preset::Twilio => twilio(),
        };
        let owned = |(name, template): &(crate::yaml::Name, String)| (name.value.clone(), template.clone());
        if !config.fields.is_empty() {
            rules.fields = config.fields.iter().map(owned).collect();
        }
        rules.headers = config.headers.iter().map(owned).collect();
        for map in [&mut rules.fields, &mut rules.headers] {
            // Without an address to call back at, an empty one would be an error at most gateways: the field is left out.
            map.retain(|_, template| callback_url.is_some() || !template.contains("{callback}"));
            for template in map.values_mut() {
                *template = template.replace("{callback}", callback_url.unwrap_or_default());
            }
        }
        let in_a_field = rules.fields.values().chain(rules.headers.values()).any(|t| t.contains("{password}"));
        rules.auth = Auth::of(config.user.as_deref(), config.password.as_ref(), in_a_field);
        rules.send_as = config.body.unwrap_or(rules.send_as);
        let answer = &mut rules.answer;
        let instead = |of_preset: &mut String, given: &Option<String>| {
            if let Some(given) = given {
                of_preset.clone_from(given);
            }
        };
        instead(&mut answer.success, &config.success);
        if config.success.is_some() {
            // Where a good answer is named by its words, the preset's place for them in JSON is not meant.
            (answer.success_at, answer.success_values) = (String::new(), List::default());
        }
        instead(&mut answer.success_at, &config.success_at);
        instead(&mut answer.id_at, &config.id_at);
        if let Some(id_after) = &config.id_after {
            (answer.id_after, answer.id_at) = (id_after.clone(), String::new());
        }
        let status_ok = config.status_ok.clone();
        answer.status_ok = status_ok.unwrap_or_else(|| std::mem::take(&mut answer.status_ok));
        for (of_preset, given) in [
            (&mut answer.success_values, &config.success_values),
            (&mut answer.temporary_words, &config.temporary_words),
            (&mut answer.permanent_words, &config.permanent_words),
        ] {
            if let Some(given) = given {
                of_preset.clone_from(given);
            }
        }
        answer.otherwise = config.otherwise.unwrap_or(answer.otherwise);
        rules.callback = config.callback.clone().over(std::mem::take(&mut rules.callback));
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateways::http_api::answer::{Answer, judge};

    #[test]
    fn good_answers_of_each_preset() {
        let cases = [
            (Preset::Kannel, 202, "0: Accepted for delivery", Ok("")),
            (Preset::Kannel, 202, "3: Queued for later delivery", Ok("")),
            (Preset::Kannel, 200, "0: Accepted for delivery", Err("unknown")),
            (Preset::Kannel, 403, "Authorization failed for sendsms", Err("for good")),
            (
                Preset::Elks,
                200,
                r#"{"status":"created","id":"s70df59406a1b4643b96f3f91e0bfb7b0"}"#,
                Ok("s70df59406a1b4643b96f3f91e0bfb7b0"),
            ),
            (Preset::Elks, 200, r#"{"status":"failed"}"#, Err("temporary")),
            (Preset::Twilio, 201, r#"{"sid":"SM1","status":"queued"}"#, Ok("SM1")),
            (Preset::Twilio, 201, r#"{"sid":"SM1","status":"failed","error_message":"Blocked"}"#, Err("for good")),
        ];
        for (preset, status, body, expected) in cases {
            let rules = Rules::of(&SmsHttpConfig { preset, ..SmsHttpConfig::default() });
            let answer = Answer { status, retry_after_s: None, body: body.into() };
            let told = judge(&answer, &rules.answer, &[]);
            match expected {
                Ok(id) => assert_eq!(told.as_deref(), Ok(id), "{body}"),
                Err(kind) => {
                    let is_permanent = matches!(told, Err(crate::domain::delivery::SendError::Permanent { .. }));
                    assert_eq!(is_permanent, kind == "for good", "{told:?}");
                    assert!(told.is_err());
                }
            }
        }
    }

    fn of(yaml: &str, callback: Option<&str>) -> Rules {
        let mut found = crate::yaml::Found::default();
        let root = crate::yaml::parse(0, yaml, &mut found).expect("YAML");
        let (config, _): (Option<SmsHttpConfig>, _) = crate::yaml::read(&root, &mut found);
        let told = found.into_sorted();
        assert!(told.is_empty(), "{told:?}");
        let password = Some(crate::yaml::Secret::new("hemligt"));
        let callback_url = callback.map(str::to_owned);
        Rules::of(&SmsHttpConfig { password, callback_url, ..config.expect("a configuration") })
    }

    #[test]
    fn a_gateway_is_its_preset_and_what_yaml_says_beside_it() {
        let url = "https://larm.region.example/gateway/it/s/receipt";
        let secret = || crate::yaml::Secret::new("hemligt");
        let token = of("{ url: https://s.example/x, from: F }", None);
        assert_eq!((token.auth, token.send_as), (Auth::Bearer(secret()), SendAs::Json));
        assert_eq!(token.answer.success_at, "/status");
        // Words of a good answer take the place of where the preset looks in JSON (RULES G4).
        let own_words = of("{ url: https://s.example/x, from: F, success: accepted }", None);
        assert_eq!((own_words.answer.success.as_str(), own_words.answer.success_at.as_str()), ("accepted", ""));

        let kannel = of("{ url: https://s.example/x, preset: kannel, user: u }", Some(url));
        assert_eq!(kannel.auth, Auth::None, "Kannel takes them in fields");
        assert!(kannel.fields["dlr-url"].starts_with(url));
        let elks = of("{ url: https://s.example/x, preset: 46elks, user: u }", Some(url));
        assert_eq!((elks.auth, elks.fields["whendelivered"].as_str()), (Auth::Basic("u".into(), secret()), url));
        let twilio = of("{ url: https://s.example/x, preset: twilio, user: u }", None);
        assert!(!twilio.fields.contains_key("StatusCallback") && twilio.callback.text.as_deref() == Some("Body"));

        let own = "{ url: https://s.example/x, body: query, user: u, fields: { nr: \"{to}\", m: \"{text}\", cb: \"{callback}\" },
          headers: { X-Key: \"{password}\" }, status_ok: [202], success: OK, success_at: /a, success_values: [b], id_at: /c,
          temporary_words: [d], permanent_words: [e], otherwise: permanent, probe_url: https://s.example/p,
          connect_timeout: 3s,
          callback: { id: f, delivery: g, state: h, delivered: [i], failed: [j], error: k, from: l, text: m } }";
        let s = of(own, Some(url));
        assert_eq!((s.send_as, s.fields["cb"].as_str(), s.auth), (SendAs::Query, url, Auth::None));
        let answer = AnswerRules {
            status_ok: List(vec![202]),
            success: "OK".into(),
            success_at: "/a".into(),
            success_values: words(&["b"]),
            id_at: "/c".into(),
            temporary_words: words(&["d"]),
            permanent_words: words(&["e"]),
            otherwise: crate::gateways::http_api::Otherwise::Permanent,
            ..AnswerRules::default()
        };
        assert_eq!(s.answer, answer);
        let some = |word: &str| Some(word.to_owned());
        let callback = CallbackNames {
            id: some("f"),
            delivery: some("g"),
            state: some("h"),
            delivered: Some(words(&["i"])),
            failed: Some(words(&["j"])),
            error: some("k"),
            from: some("l"),
            text: some("m"),
        };
        assert_eq!(s.callback, callback);
        // Nobody to call back: the field is left out, not sent empty.
        assert!(!of(own, None).fields.contains_key("cb"));
    }
}
