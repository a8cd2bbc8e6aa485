//! What an answer says: status, body and headers judged. No IO.

use serde_json::Value;

use super::config::{Otherwise, SmsHttpConfig};
use crate::domain::delivery::SendError;

/// How much of an answer stands in a cause.
const QUOTE_CHARS_MAX: usize = 80;

/// An answer that was read whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after_s: Option<u32>,
    /// The body.
    pub body: String,
}

/// Accepted under this number, or why not. `secrets` are taken out of what is quoted: gateways echo what they got.
pub fn judge(answer: &Answer, config: &SmsHttpConfig, secrets: &[&str]) -> Result<String, SendError> {
    if !config.status_ok.contains(&answer.status) {
        return Err(by_status(answer, config, secrets));
    }
    let json = serde_json::from_str::<Value>(&answer.body).ok();
    let contains = answer.body.contains(&config.body_contains);
    let equals = config.body_pointer.is_empty()
        || json
            .as_ref()
            .and_then(|j| j.pointer(&config.body_pointer))
            .map(plain)
            .is_some_and(|value| config.body_values.contains(&value));
    if !(contains && equals) {
        return Err(refusal(answer, config, secrets));
    }
    Ok(number(&answer.body, json.as_ref(), config))
}

fn number(body: &str, json: Option<&Value>, config: &SmsHttpConfig) -> String {
    if !config.id_pointer.is_empty() {
        return json.and_then(|j| j.pointer(&config.id_pointer)).map(plain).unwrap_or_default();
    }
    if config.id_after.is_empty() {
        return String::new();
    }
    let behind = body.split_once(&config.id_after).map(|(_, behind)| behind.trim_start()).unwrap_or_default();
    behind.split_whitespace().next().unwrap_or_default().to_owned()
}

/// A JSON value as people would write it: without quotes.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn by_status(answer: &Answer, config: &SmsHttpConfig, secrets: &[&str]) -> SendError {
    let cause = format!("HTTP {}: {}", answer.status, quote(&answer.body, secrets));
    match answer.status {
        408 | 425 | 429 | 500 | 503 => SendError::Temporary { cause, retry_after_s: answer.retry_after_s },
        // A gateway's gateway gave up: whether the text had left, nobody says.
        502 | 504 => SendError::unknown(cause),
        501 | 505 => SendError::permanent(cause),
        500..=599 => SendError::temporary(cause),
        401 | 403 | 407 => SendError::permanent(format!("{cause}; check user, password or token")),
        300..=399 => SendError::permanent(format!("{cause}; redirects are not followed, check url")),
        400..=499 => SendError::permanent(cause),
        _ => refusal(answer, config, secrets),
    }
}

/// "200 but failed".
fn refusal(answer: &Answer, config: &SmsHttpConfig, secrets: &[&str]) -> SendError {
    let body = answer.body.to_lowercase();
    let has = |words: &[String]| words.iter().any(|w| body.contains(&w.to_lowercase()));
    let cause = format!("HTTP {} but refused: {}", answer.status, quote(&answer.body, secrets));
    let permanent = match (has(&config.temporary_words), has(&config.permanent_words)) {
        (true, _) => false,
        (false, true) => true,
        (false, false) => config.otherwise == Otherwise::Permanent,
    };
    if permanent {
        SendError::permanent(cause)
    } else {
        SendError::Temporary { cause, retry_after_s: answer.retry_after_s }
    }
}

/// The beginning of an answer, fit for the journal: printable, no secret, and no run of digits as long as a telephone number.
fn quote(body: &str, secrets: &[&str]) -> String {
    let mut text = body.to_owned();
    for secret in secrets.iter().filter(|s| !s.is_empty()) {
        text = text.replace(secret, "…");
    }
    let mut out = String::new();
    let mut digits = 0;
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTE_CHARS_MAX) {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        match digits {
            0..=5 => out.push(c),
            6 => out.push('…'),
            _ => {}
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::config::{elks_like, generic_json, kannel, twilio_like};
    use super::*;
    use crate::gateways::Secret;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, retry_after_s: None, body: body.into() }
    }
    fn kind(result: Result<String, SendError>) -> String {
        match result {
            Ok(id) => format!("ok {id}"),
            Err(SendError::Temporary { .. }) => "temporary".into(),
            Err(SendError::Permanent { .. }) => "permanent".into(),
            Err(SendError::Unknown { .. }) => "unknown".into(),
        }
    }

    #[test]
    fn success_needs_status_and_body() {
        let json = generic_json("http://127.0.0.1/", Secret::default());
        let kannel = kannel("http://127.0.0.1/", "u", Secret::default(), "");
        let elks = elks_like("http://127.0.0.1/", "u", Secret::default(), "");
        let twilio = twilio_like("http://127.0.0.1/", "u", Secret::default(), "");
        let after = SmsHttpConfig { body_contains: "OK".into(), id_after: "ID=".into(), ..SmsHttpConfig::default() };
        let cases = [
            (&json, 200, r#"{"status":"accepted","id":17}"#, "ok 17"),
            (&json, 200, r#"{"status":"rejected","error":"invalid number"}"#, "permanent"),
            (&json, 200, r#"{"status":"rejected","error":"throttled"}"#, "temporary"),
            (&json, 200, r#"{"status":"error"}"#, "temporary"),
            (&json, 200, "", "temporary"),
            (&json, 200, "<html>accepted</html>", "temporary"),
            (&json, 204, "", "temporary"),
            (&json, 302, "", "permanent"),
            (&json, 400, "no", "permanent"),
            (&json, 401, "", "permanent"),
            (&json, 429, "", "temporary"),
            (&json, 500, r#"{"status":"accepted","id":17}"#, "temporary"),
            (&json, 502, "", "unknown"),
            (&json, 504, "", "unknown"),
            (&json, 503, "", "temporary"),
            (&kannel, 202, "0: Accepted for delivery", "ok "),
            (&kannel, 202, "3: Queued for later delivery", "ok "),
            (&kannel, 200, "0: Accepted for delivery", "temporary"),
            (&kannel, 403, "Authorization failed for sendsms", "permanent"),
            (
                &elks,
                200,
                r#"{"status":"created","id":"s70df59406a1b4643b96f3f91e0bfb7b0"}"#,
                "ok s70df59406a1b4643b96f3f91e0bfb7b0",
            ),
            (&elks, 200, r#"{"status":"failed"}"#, "temporary"),
            (&twilio, 201, r#"{"sid":"SM1","status":"queued"}"#, "ok SM1"),
            (&twilio, 201, r#"{"sid":"SM1","status":"failed","error_message":"Blocked"}"#, "permanent"),
            (&after, 200, "OK ID= 4711 more", "ok 4711"),
            (&after, 200, "OK", "ok "),
            (&after, 200, "ERR invalid", "permanent"),
        ];
        for (config, status, body, expected) in cases {
            assert_eq!(kind(judge(&answer(status, body), config, &[])), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_cause_shows_no_secret_and_no_number() {
        let config = SmsHttpConfig::default();
        let body = "user=u&password=hemligt to=+46701740605\nfailed";
        let error = judge(&answer(400, body), &config, &["hemligt"]).unwrap_err();
        assert_eq!(error.cause(), "HTTP 400: user=u&password=… to=+46701… failed");
        let retry = Answer { retry_after_s: Some(7), ..answer(429, "") };
        assert!(matches!(judge(&retry, &config, &[]), Err(SendError::Temporary { retry_after_s: Some(7), .. })));
    }
}
