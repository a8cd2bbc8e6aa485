//! Words that several files of `channels/` have in common, and what can be checked of them without knowing a protocol.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::text::Charset;
use crate::yaml::{At, Found, Name, Secs};

/// A far end that has not answered by then does not answer, in seconds: alerts wait for another way.
const TIMEOUT_S_MAX: u32 = 600;

/// Bounds of a gateway; what is left out has a default of its channel.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Connections at one time.
    #[serde(default)]
    pub connections_max: Option<u32>,
    /// Unanswered requests at one time on a connection.
    #[serde(default)]
    pub window_max: Option<u32>,
    /// Units a second that the far end allows.
    #[serde(default)]
    pub per_second_max: Option<u32>,
    /// Units a minute that the far end allows.
    #[serde(default)]
    pub per_minute_max: Option<u32>,
    /// Waiting deliveries.
    #[serde(default)]
    pub queue_len_max: Option<u32>,
    /// How long an answer of the far end may take.
    #[serde(default)]
    pub timeout: Option<Secs>,
}

impl Limits {
    /// Says which bounds let nothing through.
    pub fn check(&self, name: &Name, found: &mut Found) {
        for (bound, what) in [
            (self.connections_max, "connections_max"),
            (self.window_max, "window_max"),
            (self.per_second_max, "per_second_max"),
            (self.per_minute_max, "per_minute_max"),
            (self.queue_len_max, "queue_len_max"),
            (self.timeout.map(|s| s.0), "timeout"),
        ] {
            if bound == Some(0) {
                let message = format!("{what} of gateway \"{}\" is 0: nothing would ever leave", name.value);
                found.error(name.place, "limit", message);
            }
        }
        if let Some(timeout) = self.timeout.filter(|t| t.0 > TIMEOUT_S_MAX) {
            let message =
                format!("gateway \"{}\" may be silent for {} s before anything else is tried", name.value, timeout.0);
            let help = format!("timeout: at most {}m", TIMEOUT_S_MAX / 60);
            found.error(name.place, "limit", message).help(help);
        }
    }
}

/// How a connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Not at all: loopback and closed networks.
    #[default]
    None,
    /// Plain at first, then STARTTLS; without it nothing is sent.
    Starttls,
    /// Plain at first, then STARTTLS if the server offers it. Somebody on the line can take the offer away.
    Opportunistic,
    /// TLS from the first byte.
    #[serde(rename = "tls")]
    Implicit,
}

// Not the domain's own type: that one has no schema, and a file has several words for one set.
/// The characters that a far end can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CharsetWord {
    /// Everything.
    Utf8,
    /// GSM 03.38.
    Gsm7,
    /// ISO 8859-1.
    Latin1,
    /// ISO 646-SE: å ä ö in the places of brackets.
    Iso646Se,
    /// Seven-bit ASCII.
    Ascii7,
    /// ISO 646-NO: æ ø å in the places of brackets.
    Iso646No,
    /// ISO 646-DK: æ ø å in the places of brackets.
    Iso646Dk,
    /// ISO 646-DE: ä ö ü ß in the places of brackets.
    Iso646De,
    /// Finland's, which is Sweden's.
    Iso646Fi,
    /// A pager that shows digits only: it carries no text.
    Numeric,
}

impl CharsetWord {
    /// The set of that name.
    pub fn charset(self) -> Charset {
        match self {
            CharsetWord::Utf8 => Charset::Utf8,
            CharsetWord::Gsm7 => Charset::Gsm7,
            CharsetWord::Latin1 => Charset::Latin1,
            // SFS 4017 has the letters of SEN 85 02 00 in the same places.
            CharsetWord::Iso646Se | CharsetWord::Iso646Fi => Charset::Iso646Se,
            CharsetWord::Ascii7 => Charset::Ascii7,
            CharsetWord::Iso646No => Charset::Iso646No,
            CharsetWord::Iso646Dk => Charset::Iso646Dk,
            CharsetWord::Iso646De => Charset::Iso646De,
            CharsetWord::Numeric => Charset::Numeric,
        }
    }
}

/// Whether a long SMS goes as one message or as several.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SplitWord {
    /// Joined by the telephone.
    #[default]
    Joined,
    /// Each part a message of its own.
    Separate,
}

/// Says when a number that must be at least 1 is 0.
pub fn check_at_least_one(value: &At<u32>, found: &mut Found) {
    if value.value == 0 {
        found.error(value.place, "limit", "0 carries nothing; at least 1");
    }
}
