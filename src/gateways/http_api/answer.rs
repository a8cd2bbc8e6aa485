//! What an answer says: status, body and headers judged. No IO.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::delivery::SendError;
use crate::yaml::List;

/// How much of an answer stands in a cause.
const QUOTE_CHARS_MAX: usize = 80;

/// So long a far end that says "later" and not when is left alone, in seconds.
const LATER_S: u32 = 5;
/// Words of an answer that say that it was not taken, whatever else they mean.
const REFUSED: [&str; 10] =
    ["error", "fail", "reject", "refus", "denied", "not accepted", "unable", "expired", "cancel", "insufficient"];

/// What an answer means that is not a good one, and says neither "later" nor "never".
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// Nobody knows whether the text left: it goes once more, marked, then over the next gateway. An answer that says at least that
    /// it was not taken ("error") is worth another try.
    #[default]
    Unknown,
    /// Worth another try.
    Temporary,
    /// For good.
    Permanent,
}

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

/// How answers are read.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerRules {
    /// Statuses that mean "taken", if the body agrees. Default: 200, 201, 202.
    pub status_ok: List<u16>,
    /// Statuses that mean that the far end does not know who we are: it is not asked again for a while. Default: 401, 407.
    pub status_credentials: List<u16>,
    /// Statuses that mean "later", beside those that always do.
    pub status_temporary: List<u16>,
    /// Statuses that mean "never", beside those that always do.
    pub status_permanent: List<u16>,
    /// Statuses after which nobody knows, beside those that always mean it.
    pub status_unknown: List<u16>,
    /// What a good body contains; a status of 200 alone is not success.
    pub success: String,
    /// Where in a JSON answer the state stands (a JSON pointer, such as /status).
    pub success_at: String,
    /// What stands there in a good answer.
    pub success_values: List<String>,
    /// Where in a JSON answer the far end's number stands (a JSON pointer, such as /id).
    pub id_at: String,
    /// What stands before the far end's number in an answer that is not JSON.
    pub id_after: String,
    /// Where in a JSON answer the error stands; without it the body is quoted, and words are looked for in all of it.
    pub error_at: String,
    /// Words in a refusal that mean "later" (any case).
    pub temporary_words: List<String>,
    /// Words in a refusal that mean "never" (any case).
    pub permanent_words: List<String>,
    /// Words in a refusal after which nobody knows whether the text went out (any case).
    pub unknown_words: List<String>,
    /// What an answer means that is not a good one and has no such word: unknown, temporary, permanent. Default: unknown.
    pub otherwise: Otherwise,
}

/// A list of words.
pub fn words(list: &[&str]) -> List<String> {
    List(list.iter().map(|w| (*w).to_owned()).collect())
}

impl Default for AnswerRules {
    fn default() -> Self {
        Self {
            status_ok: List(vec![200, 201, 202]),
            status_credentials: List(vec![401, 407]),
            status_temporary: List::default(),
            status_permanent: List::default(),
            status_unknown: List::default(),
            success: String::new(),
            success_at: String::new(),
            success_values: List::default(),
            id_at: String::new(),
            id_after: String::new(),
            error_at: String::new(),
            temporary_words: words(&["throttl", "busy", "too many", "try again", "temporar", "queue"]),
            permanent_words: words(&["invalid", "not allowed", "blocked", "blacklist", "unknown number"]),
            unknown_words: List::default(),
            otherwise: Otherwise::Unknown,
        }
    }
}

impl AnswerRules {
    /// Says what can't work.
    ///
    /// # Errors
    /// What to write.
    pub fn checked(&self) -> Result<(), String> {
        if self.success.is_empty() && self.success_at.is_empty() {
            return Err("a status of 200 alone is not success: say what a good answer contains (success)".into());
        }
        Ok(())
    }
}

/// Accepted under this number, or why not. `secrets` are taken out of what is quoted: far ends echo what they got.
///
/// # Errors
/// Whether it is worth another try, and what was said.
pub fn judge(answer: &Answer, rules: &AnswerRules, secrets: &[&str]) -> Result<String, SendError> {
    let json = serde_json::from_str::<Value>(&answer.body).ok();
    let at = |pointer: &str| json.as_ref().filter(|_| !pointer.is_empty()).and_then(|j| j.pointer(pointer)).map(plain);
    let said = at(&rules.error_at).filter(|error| !error.is_empty()).unwrap_or_else(|| answer.body.clone());
    if !rules.status_ok.contains(&answer.status) {
        return Err(by_status(answer, &said, rules, secrets));
    }
    let contains = answer.body.contains(&rules.success);
    let equals =
        rules.success_at.is_empty() || at(&rules.success_at).is_some_and(|value| rules.success_values.contains(&value));
    if !(contains && equals) {
        return Err(refusal(answer, &said, rules, secrets));
    }
    Ok(if rules.id_at.is_empty() {
        behind(&answer.body, &rules.id_after)
    } else {
        at(&rules.id_at).unwrap_or_default()
    })
}

/// The word that stands behind those of a body.
fn behind(body: &str, words: &str) -> String {
    if words.is_empty() {
        return String::new();
    }
    let behind = body.split_once(words).map(|(_, behind)| behind.trim_start()).unwrap_or_default();
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

fn by_status(answer: &Answer, said: &str, rules: &AnswerRules, secrets: &[&str]) -> SendError {
    let cause = format!("HTTP {}: {}", answer.status, quote(said, secrets));
    let retry_after_s = answer.retry_after_s;
    // Whoever says this speaks to everybody, not about this delivery.
    let later = Some(retry_after_s.unwrap_or(LATER_S));
    match answer.status {
        status if rules.status_unknown.contains(&status) => SendError::unknown(cause),
        status if rules.status_temporary.contains(&status) => SendError::Temporary { cause, retry_after_s },
        status if rules.status_permanent.contains(&status) => SendError::permanent(cause),
        429 | 503 => SendError::Temporary { cause, retry_after_s: later },
        408 | 425 | 500 => SendError::Temporary { cause, retry_after_s },
        // A gateway's gateway gave up: whether the text had left, nobody says.
        502 | 504 => SendError::unknown(cause),
        501 | 505 => SendError::permanent(cause),
        500..=599 => SendError::temporary(cause),
        401 | 403 | 407 => SendError::permanent(format!("{cause}; check user, password or token")),
        300..=399 => SendError::permanent(format!("{cause}; redirects are not followed, check url")),
        400..=499 => SendError::permanent(cause),
        _ => refusal(answer, said, rules, secrets),
    }
}

/// "200 but failed", or "200 and nobody knows what it means" (RULES G4).
fn refusal(answer: &Answer, said: &str, rules: &AnswerRules, secrets: &[&str]) -> SendError {
    let lower = said.to_lowercase();
    let has = |words: &[String]| words.iter().any(|w| lower.contains(&w.to_lowercase()));
    let cause = format!("HTTP {} but refused: {}", answer.status, quote(said, secrets));
    let means = match (has(&rules.temporary_words), has(&rules.permanent_words)) {
        _ if has(&rules.unknown_words) => Otherwise::Unknown,
        (true, _) => Otherwise::Temporary,
        (false, true) => Otherwise::Permanent,
        (false, false) if rules.otherwise == Otherwise::Unknown && REFUSED.iter().any(|w| lower.contains(w)) => {
            Otherwise::Temporary
        }
        (false, false) => rules.otherwise,
    };
    match means {
        Otherwise::Permanent => SendError::permanent(cause),
        Otherwise::Temporary => SendError::Temporary { cause, retry_after_s: answer.retry_after_s },
        Otherwise::Unknown if has(&rules.unknown_words) => SendError::unknown(cause),
        Otherwise::Unknown => {
            SendError::unknown(format!("HTTP {}, not understood: {}", answer.status, quote(said, secrets)))
        }
    }
}

/// `Retry-After` in seconds: as it stands, or how much later it is than the answer's own `Date` (RFC 9110, 10.2.3).
pub fn retry_after_s(retry_after: &str, date: Option<&str>) -> Option<u32> {
    if let Ok(seconds) = retry_after.trim().parse() {
        return Some(seconds);
    }
    let read = |text: &str| jiff::fmt::rfc2822::parse(text.trim()).ok().map(|at| at.timestamp());
    let wait = read(retry_after)?.duration_since(read(date?)?).as_secs();
    u32::try_from(wait.max(0)).ok()
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

    use super::*;

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
        let json = AnswerRules {
            success_at: "/status".into(),
            success_values: words(&["accepted", "ok"]),
            id_at: "/id".into(),
            ..AnswerRules::default()
        };
        let after = AnswerRules { success: "OK".into(), id_after: "ID=".into(), ..AnswerRules::default() };
        let own = AnswerRules {
            error_at: "/error/code".into(),
            status_temporary: List(vec![409]),
            status_permanent: List(vec![500]),
            status_unknown: List(vec![503]),
            unknown_words: words(&["LATE"]),
            otherwise: Otherwise::Permanent,
            ..json.clone()
        };
        let cases = [
            (&json, 200, r#"{"status":"accepted","id":17}"#, "ok 17"),
            (&json, 200, r#"{"status":"rejected","error":"invalid number"}"#, "permanent"),
            (&json, 200, r#"{"status":"rejected","error":"throttled"}"#, "temporary"),
            (&json, 200, r#"{"status":"error"}"#, "temporary"),
            (&json, 200, "", "unknown"),
            (&json, 200, "<html>accepted</html>", "unknown"),
            (&json, 200, r#"{"status":"MERCI"}"#, "unknown"),
            (&json, 204, "", "unknown"),
            (&json, 302, "", "permanent"),
            (&json, 400, "no", "permanent"),
            (&json, 401, "", "permanent"),
            (&json, 429, "", "temporary"),
            (&json, 500, r#"{"status":"accepted","id":17}"#, "temporary"),
            (&json, 502, "", "unknown"),
            (&json, 504, "", "unknown"),
            (&json, 503, "", "temporary"),
            (&after, 200, "OK ID= 4711 more", "ok 4711"),
            (&after, 200, "OK", "ok "),
            (&after, 200, "ERR invalid", "permanent"),
            (&own, 409, "", "temporary"),
            (&own, 500, "", "permanent"),
            (&own, 503, "", "unknown"),
            (&own, 200, r#"{"status":"no","error":{"code":"TOO LATE"}}"#, "unknown"),
            // Words count where the error stands, and nowhere else.
            (&own, 200, r#"{"status":"no","hint":"busy","error":{"code":"E7"}}"#, "permanent"),
            (&own, 200, r#"{"status":"no","error":{"code":"busy"}}"#, "temporary"),
        ];
        for (rules, status, body, expected) in cases {
            assert_eq!(kind(judge(&answer(status, body), rules, &[])), expected, "{status} {body}");
        }
    }

    #[test]
    fn rule_g2_later_is_said_with_or_without_a_time() {
        let rules = AnswerRules { success: "OK".into(), ..AnswerRules::default() };
        for (status, given, expected) in [(503, None, Some(5)), (429, Some(3600), Some(3600)), (500, None, None)] {
            let judged = judge(&Answer { retry_after_s: given, ..answer(status, "") }, &rules, &[]);
            let Err(SendError::Temporary { retry_after_s, .. }) = judged else { panic!("{status}: {judged:?}") };
            assert_eq!(retry_after_s, expected, "{status}");
        }
        let date = Some("Thu, 18 Dec 2008 02:12:00 GMT");
        for (given, date, expected) in [
            ("120", None, Some(120)),
            (" 7 ", date, Some(7)),
            ("Thu, 18 Dec 2008 02:14:00 GMT", date, Some(120)),
            ("Thu, 18 Dec 2008 02:10:00 GMT", date, Some(0)),
            ("Thu, 18 Dec 2008 02:14:00 GMT", None, None),
            ("soon", date, None),
        ] {
            assert_eq!(retry_after_s(given, date), expected, "{given}");
        }
    }

    #[test]
    fn rule_g4_an_answer_that_is_not_understood_is_unknown_and_quoted() {
        let rules =
            AnswerRules { success_at: "/status".into(), success_values: words(&["ok"]), ..AnswerRules::default() };
        let Err(SendError::Unknown { cause }) = judge(&answer(200, "MERCI, À BIENTÔT"), &rules, &[]) else {
            panic!("understood")
        };
        assert_eq!(cause, "HTTP 200, not understood: MERCI, À BIENTÔT");
    }

    #[test]
    fn a_cause_shows_no_secret_and_no_number() {
        let rules = AnswerRules::default();
        let body = "user=u&password=hemligt to=+46701740605\nfailed";
        let error = judge(&answer(400, body), &rules, &["hemligt"]).unwrap_err();
        assert_eq!(error.cause(), "HTTP 400: user=u&password=… to=+46701… failed");
        let retry = Answer { retry_after_s: Some(7), ..answer(429, "") };
        assert!(matches!(judge(&retry, &rules, &[]), Err(SendError::Temporary { retry_after_s: Some(7), .. })));
        let named = AnswerRules { error_at: "/why".into(), ..rules };
        let error = judge(&answer(422, r#"{"why":"no such pager","page":"Larm"}"#), &named, &[]).unwrap_err();
        assert_eq!(error.cause(), "HTTP 422: no such pager");
    }
}
