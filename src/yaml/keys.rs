//! Which key was meant: one that stands a level too deep or too high, one that people know under another word, or the nearest.

use super::diagnostics::{Diagnostic, Place, nearest};

/// What people write for keys of ours: the other grammatical number, the word of other programs, the Swedish word.
const SYNONYMS: &[(&str, &[&str])] = &[
    ("deputies", &["deputy", "backup", "backups", "substitute", "substitutes", "ersattare", "ersättare", "stand_in"]),
    ("covered_by", &["cover", "covers", "covered", "coverer", "covered_from", "held_by"]),
    ("languages", &["language", "lang", "langs", "locale", "språk"]),
    ("time_zone", &["timezone", "tz", "zone", "tidszon"]),
    ("holidays", &["holiday", "public_holidays", "helgdagar"]),
    ("office_hours", &["opening_hours", "working_hours", "business_hours", "kontorstid"]),
    ("sms", &["mobile", "cell", "cellphone", "mobil", "msisdn", "gsm"]),
    ("phone", &["telephone", "tel", "telefon", "phone_number"]),
    ("number", &["phone_number", "nummer", "tel"]),
    ("email", &["mail", "e-mail", "e_mail", "mailbox", "epost"]),
    ("pager", &["page", "beeper", "sökare", "minicall"]),
    ("fax", &["facsimile", "telefax"]),
    ("reach", &["contact", "contacts", "addresses", "address", "points", "duty_points", "channels"]),
    ("via", &["gateway", "gateways", "over", "through"]),
    ("answer_within", &["timeout", "reply_within", "respond_within", "answer_time", "deadline"]),
    ("within", &["deadline", "timeout", "after", "before", "due"]),
    ("title", &["name", "label", "titel", "heading"]),
    ("label", &["title", "name"]),
    ("name", &["title", "label", "namn"]),
    ("text", &["message", "texts"]),
    ("host", &["hostname", "server", "address", "ip", "addr", "url"]),
    ("url", &["uri", "address", "endpoint", "host", "link"]),
    ("user", &["username", "login", "user_name", "account"]),
    ("password", &["pass", "passwd", "pwd", "secret", "token", "api_key", "lösenord"]),
    ("from", &["sender", "source", "source_addr", "originator", "senderid", "sender_id"]),
    ("to", &["recipients", "recipient", "receiver", "receivers", "notify", "destination"]),
    ("channels", &["channel", "over", "via"]),
    ("approval", &["approve", "approved_by", "approvals"]),
    ("by", &["who", "approver", "function"]),
    ("then", &["otherwise", "else", "on_timeout"]),
    ("needs", &["need", "depends_on", "requires", "dependencies", "require"]),
    ("sites", &["site", "locations", "location"]),
    ("site", &["location", "place", "sites"]),
    ("systems", &["system"]),
    ("infrastructure", &["infra"]),
    ("aliases", &["alias", "synonyms", "other_names"]),
    ("alias", &["aliases", "short"]),
    ("notify", &["tell", "rows", "recipients", "alert"]),
    ("tell", &["notify"]),
    ("levels", &["level"]),
    ("modes", &["mode"]),
    ("mode", &["staff_mode"]),
    ("staff_mode", &["mode"]),
    ("decides", &["by", "who", "decided_by", "approver"]),
    ("beat", &["every", "interval", "updates", "update_every"]),
    ("every", &["interval", "beat", "period", "each"]),
    ("owner", &["owned_by", "responsible", "ägare"]),
    ("steps", &["step", "tasks", "actions"]),
    ("clocks", &["clock", "deadlines"]),
    ("tests", &["test"]),
    ("routine", &["routines", "fallback"]),
    ("do", &["routines", "actions", "todo", "action"]),
    ("answers", &["answer", "replies"]),
    ("receipts", &["receipt", "dlr", "delivery_reports", "delivery_receipts"]),
    ("gateways", &["gateway"]),
    ("functions", &["function", "duties"]),
    ("groups", &["group"]),
    ("system_id", &["user", "username", "systemid", "login"]),
    ("ca_file", &["ca", "cafile", "ca_cert", "certificate", "cacert"]),
    ("limits", &["limit"]),
    ("proven", &["tested", "verified", "proved"]),
    ("publishable", &["public", "publish"]),
    ("shifts", &["shift", "cron", "schedule"]),
    ("hours", &["hour", "when"]),
];

/// What a struct of the file is known by while it is read.
#[derive(Debug)]
pub struct Level {
    /// The keys that it has.
    fields: &'static [&'static str],
    /// How many keys lead to it.
    depth: usize,
    /// Keys that it does not have, in the order of the file.
    unknown: Vec<(Place, String)>,
    /// The structs within it that were read: under which keys, where, and what they have.
    inner: Vec<(String, Place, &'static [&'static str])>,
}

/// The structs from the outermost to the one that is read.
#[derive(Debug, Default)]
pub struct Levels {
    open: Vec<Level>,
    /// The keys that lead to where the reader is.
    path: Vec<String>,
    /// Keys that were found a level too deep, with the depth where they belong: they are not said to be missing there.
    strays: Vec<(String, usize)>,
}

/// Where a key belongs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meant {
    /// Under these keys, in the struct that stands there.
    Inside(String, Place),
    /// So many structs further out, not under this key.
    Outside(usize, String),
    /// It is called so.
    Called(&'static str),
    /// Nobody knows.
    Nothing,
}

impl Levels {
    /// The reader goes into the value of a key.
    pub fn enter(&mut self, key: &str) {
        self.path.push(key.to_owned());
    }
    /// …and comes out of it.
    pub fn leave(&mut self) {
        self.path.pop();
    }
    /// A struct begins, in which these keys stand that it does not have.
    pub fn begin(&mut self, fields: &'static [&'static str], unknown: Vec<(Place, String)>) {
        self.open.push(Level { fields, depth: self.path.len(), unknown, inner: Vec::new() });
    }
    /// The key whose value is read.
    pub fn key(&self) -> Option<&str> {
        self.path.last().map(String::as_str)
    }
    /// A struct at `place` ends: its unknown keys with what was meant.
    pub fn end(&mut self, place: Place) -> Vec<(Place, String, Meant)> {
        let Some(level) = self.open.pop() else { return Vec::new() };
        let told: Vec<(Place, String, Meant)> = level
            .unknown
            .iter()
            .map(|(place, key)| {
                let meant = self.meant(&level, key);
                if let Meant::Outside(up, _) = &meant {
                    self.strays.push((key.clone(), self.open.len().saturating_sub(*up)));
                }
                (*place, key.clone(), meant)
            })
            .collect();
        if let Some(outer) = self.open.last_mut() {
            let under = self.path.get(outer.depth..).unwrap_or_default().join(": ");
            outer.inner.push((under, place, level.fields));
        }
        told
    }
    /// Whether a key that is missing in the struct that just ended stands a level too deep.
    pub fn strayed(&self, key: &str) -> bool {
        self.strays.iter().any(|(stray, depth)| stray == key && *depth == self.open.len())
    }

    fn meant(&self, level: &Level, key: &str) -> Meant {
        // Words such as `name` belong to many things: the nearest struct around it that has it.
        for (up, outer) in (1..).zip(self.open.iter().rev()) {
            if outer.fields.contains(&key) {
                let under = self.path.get(outer.depth).cloned().unwrap_or_default();
                return Meant::Outside(up, under);
            }
        }
        if let Some((under, place, _)) = level.inner.iter().find(|(_, _, fields)| fields.contains(&key)) {
            return Meant::Inside(under.clone(), *place);
        }
        let bare = bare(key);
        let same = level.fields.iter().find(|field| self::bare(field) == bare);
        let known = SYNONYMS.iter().filter(|(_, words)| words.contains(&key.to_lowercase().as_str())).map(|(k, _)| *k);
        let known = known.into_iter().find_map(|word| level.fields.iter().find(|field| **field == word));
        match same.or(known) {
            Some(field) => Meant::Called(field),
            None => nearest(key, level.fields.iter().copied()).map_or(Meant::Nothing, |near| {
                level.fields.iter().find(|f| **f == near).map_or(Meant::Nothing, |f| Meant::Called(f))
            }),
        }
    }
}

impl Meant {
    /// Says it.
    pub fn help(&self, key: &str, fields: &[&str], diagnostic: &mut Diagnostic) {
        match self {
            Meant::Inside(under, _) => {
                diagnostic.help(format!("\"{key}\" belongs under \"{under}\": indent it further"));
            }
            Meant::Outside(1, under) => {
                diagnostic.help(format!("\"{key}\" belongs one level further out, beside \"{under}\""));
            }
            Meant::Outside(up, under) => {
                diagnostic.help(format!("\"{key}\" belongs {up} levels further out, beside \"{under}\""));
            }
            Meant::Called(field) => diagnostic.help(format!("did you mean \"{field}\"?")),
            Meant::Nothing => diagnostic.nearest(key, fields.iter().copied()),
        }
    }
}

/// `timeZone`, `time-zone` and `timezones` are one word: without signs, in small letters, without the s of many.
fn bare(key: &str) -> String {
    let low: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let one = low.strip_suffix("ies").map(|stem| format!("{stem}y"));
    one.or_else(|| low.strip_suffix('s').filter(|stem| stem.len() > 2).map(str::to_owned)).unwrap_or(low)
}
