//! The words of prompts and tables, in Swedish and English.

/// The language of the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tongue {
    /// Swedish.
    Sv,
    /// English.
    En,
}

impl Tongue {
    /// By the locale, as POSIX ranks its variables.
    pub fn of_locale(var: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| var(name).filter(|v| !v.is_empty()));
        if locale.is_some_and(|l| l.starts_with("sv")) { Tongue::Sv } else { Tongue::En }
    }
    /// Its two letters.
    pub fn code(self) -> &'static str {
        match self {
            Tongue::Sv => "sv",
            Tongue::En => "en",
        }
    }
}

/// A word in both languages.
#[derive(Clone, Copy, Debug)]
pub struct Word(pub &'static str, pub &'static str);

impl Word {
    /// In that language.
    pub fn say(self, tongue: Tongue) -> &'static str {
        match tongue {
            Tongue::Sv => self.0,
            Tongue::En => self.1,
        }
    }
}

macro_rules! words {
    ($($name:ident = $sv:literal, $en:literal;)*) => { $(pub(super) const $name: Word = Word($sv, $en);)* };
}

words! {
    ERROR = "fel", "error";
    HELP = "hjälp", "help";
    YES_NO = "j/n", "y/n";
    ACTING = "Vilken funktion är du (tib, kib …)", "Which function are you (tib, kib …)";
    REASON = "Skäl", "Reason";
    WHICH_PLAYBOOK = "Vad är nere (nummer, namn, system)", "What is down (number, name, system)";
    WHICH_LEVEL = "Störningsnivå", "Disruption level";
    WHICH_SITES = "Var (platser med komma)", "Where (sites, with commas)";
    SINCE = "Sedan", "Since";
    NOW = "nu", "now";
    UNKNOWN = "okänt", "unknown";
    RESTORE = "Åter i drift", "Expected back";
    CONTACT = "Kontakt", "Contact";
    OWNERS_PHONE = "ägarens jourtelefon", "the owner's duty phone";
    SAFETY = "Fara för patienter (ja, nej, okänt)", "Patients in danger (yes, no, unknown)";
    SCOPE = "Gäller", "Scope";
    BY_PLAYBOOK = "enligt handlingsplanen", "the playbook's";
    SEND = "Sänd", "Send";
    NOT_SENT = "Inget sändes.", "Nothing was sent.";
    DRILL = "ÖVNING", "EXERCISE";
    WHICH_NUMBER = "Vilket nummer", "Which number";
    APPROVE_IT = "Godkänn", "Approve";
    NOT_APPROVED = "Inget godkändes.", "Nothing was approved.";
    NOTHING_WAITS = "Inget väntar på dig.", "Nothing waits for you.";
    NOTHING_OPEN = "Ingen öppen händelse.", "No open incident.";
    JOURNAL = "Journalen", "Journal";
    SEALED = "Förseglad", "Sealed";
    REHEARSED = "Återläsning provad", "Restore rehearsed";
    NEVER = "aldrig", "never";
    DAYS_AGO = "dagar sedan", "days ago";
    NOT_ON_RECORD = "EJ I JOURNALEN: ingen disk kan skrivas; det sker ändå, och skrivs när det går",
        "NOT ON RECORD: no disk can be written; it is done all the same, and written when that is possible";
    FICTIONAL = "PÅHITTAD REGION: inget av detta finns", "FICTIONAL REGION: none of this exists";
    FOLLOW = "Följ:", "Follow:";
    INCIDENT = "Händelse", "Incident";
    SITE = "Plats", "Site";
    MODE = "Läge", "Mode";
    LEVEL = "Nivå", "Level";
    WHAT = "Vad", "What";
    FUNCTION = "Funktion", "Function";
    REACHED = "Nådd över", "Reached over";
    REACHED_OF = "nådda", "reached";
    ANSWERED_OF = "har svarat", "answered";
    ANSWER = "Svar", "Answer";
    NEXT = "Nästa", "Next";
    MESSAGE = "Meddelande", "Message";
    UNTIL = "Till", "Until";
    TIME = "Tid", "Time";
    RECORD = "Post", "Record";
    DONE = "Gjort", "Done";
    ADD_OR_SEPARATE = "Lägg till (l) eller rapportera för sig (s)", "Add to it (a) or report it as separate (s)";
    ADD_LETTER = "l", "a";
    RAISES = "höjer", "raises";
    RAISES_NOTHING = "höjer inget läge", "raises no mode";
    PAGES = "larmar", "pages";
    DUTIES_NOW = "funktioner nu", "duties now";
    WAIT_FOR_APPROVAL = "texter väntar på godkännande", "texts wait for approval";
    ADDED = "Läggs till", "Adding to";
    RELOADED = "Gäller för nya händelser:", "Holds for new incidents:";
    NOTHING_CHANGED = "Inget är ändrat.", "Nothing has changed.";
    NOTHING_CHANGES = "Händelsen har redan den nya konfigurationen.", "The incident has the newest configuration.";
    CHANGES = "Det här ändras för händelsen:", "This changes for the incident:";
    STARTED_ANEW = "Startade om:", "Started anew:";
    NEXT_UPDATE = "nästa besked", "next update";
    UPDATE_OVERDUE = "BESKEDET ÄR FÖRSENAT sedan", "UPDATE OVERDUE since";
    NOT_REACHED = "EJ NÅDDA", "NOT REACHED";
    CALL_THEM = "ring dem", "call them";
    TO_APPROVE = "att godkänna", "to approve";
    TO_DECIDE = "att besluta", "to decide";
    ERRANDS = "ärenden", "errands";
    STEPS = "steg", "steps";
    STEPS_LATE = "steg FÖRSENADE", "steps LATE";
    NOT_ARRIVED = "EJ PÅ PLATS", "NOT ARRIVED";
    NOT_THERE = "EJ PÅ PLATS i tid", "NOT THERE in time";
    THERE = "på plats", "there";
    TO_BE_THERE = "ska vara på plats", "to be there";
    ERRAND = "ärende", "errand";
    PHASE_RESTORED = " (åter i drift, data kontrolleras)", " (running again, data being checked)";
    PHASE_CLOSED = " (avslutad)", " (closed)";
    FORECAST = "prognos", "forecast";
    GOES_ON_AS = "fortsätter som", "goes on as";
    NO_LONGER_HOLDS = "gäller inte längre", "no longer holds";
    RELEASED = "sänt", "released";
    DRAFT = "utkast", "draft";
    PAGE_EQUAL = ", sidan läst tillbaka: lika", ", page read back: equal";
    PAGE_DIFFERS = ", SIDAN SKILJER SIG", ", PAGE DIFFERS";
    THEN_RELEASE = "sänds det ändå", "it goes out";
    THEN_ESCALATE = "frågas ersättaren", "the deputy is asked";
    THEN_HOLD = "hålls det, med larm", "it is held, with an alarm";
    HELD = " HÅLLS: larmet kvarstår.", " HELD: a standing alarm.";
    THE_PUBLIC = "allmänheten", "the public";
    FUNCTIONS = "funktioner", "functions";
    TO = "till", "to";
    WAITS_FOR = "väntar på", "waits for";
    UNTIL_LOW = "till", "until";
    THEN = "sedan", "then";
    PROPOSAL = "förslag", "proposal";
    RAISE_TO = "höj till", "raise to";
    LOWER_TO = "sänk till", "lower to";
    DECIDES_UNTIL = "beslutar senast", "decides until";
    TELLS = "underrättar", "tells";
    OF = "om", "of";
    CANT_GO = "kan inte gå till", "can't go to";
    OVER = "över", "over";
    INSTEAD = "i stället", "instead";
    SWITCHBOARD_READS = "växeln läser upp det", "the switchboard reads it out";
    QUEUED = "i kö", "queued";
    ATTEMPTING = "försöker", "attempting";
    ACCEPTED = "mottaget av vägen", "accepted";
    DELIVERED = "framme", "delivered";
    FAILED = "MISSLYCKAT", "FAILED";
    UNSURE = "osäkert", "unknown";
    EXPIRED = "FÖR GAMMALT", "EXPIRED";
    WITHDRAWN = "återkallat", "withdrawn";
    UNTIL_AT = "till", "until";
    BY = "via", "by";
    NOTED_BY = "antecknat av", "noted by";
    NOT_REACHED_SINCE = "EJ NÅDD sedan", "NOT REACHED since";
    CLOSED_BY = "avslutat av", "closed by";
    UNANSWERED = "obesvarat", "unanswered";
    NOT_WANTED = "inget svar behövs", "no answer is wanted";
    SILENCE = "tystnad räcker", "silence is enough";
    REMINDER = "påminnelse vid halva tiden", "half-time reminder";
    ASKS = "frågar", "asks";
    NO_ANSWER = "(inget svar)", "(no answer)";
    ALARM = "larm (ingen är kvar att fråga)", "alarm (nobody is left to ask)";
    CALL = "RING: ingen är kvar att fråga", "CALL: nobody is left to ask";
    STEP = "steg", "step";
    TASK = "uppgift", "task";
    CLOCK = "myndighetsfrist", "clock";
    INTERVENTION = "ingrepp", "intervention";
    REDIRECTION = "omdirigering", "redirection";
    CONFERENCE = "möte", "conference";
    LATE_SINCE = "FÖRSENAT sedan", "LATE since";
    LATE = "FÖRSENADE", "LATE";
    DUE = "senast", "due";
    AT = "kl.", "at";
    NEXT_AT = "nästa", "next";
    STEP_WAITS = "VÄNTAR: ej nådda:", "WAITS: not reached:";
    BEGUN = "påbörjat", "begun";
    STOP_WANTED = "STOPP BEGÄRT av", "STOP WANTED by";
    DONE_BY = "av", "by";
    HAS_IT = "har den", "has it";
    NOT_REACHED_YET = "ännu ej nådda:", "not reached yet:";
    PRESENT = "med", "there";
    MISSING = "saknas", "missing";
    PREPARED = "förberett", "prepared";
    NO_STEPS = "inga steg", "no steps";
    STEPS_OPEN = "steg kvar", "steps open";
    CLOSED = "avslutad", "closed";
    EMAIL = "e-post", "email";
    PAGER = "sökare", "paging";
    WEB = "webb", "web";
    BY_HAND = "manuellt", "manual";
    GATEWAY_DOWN = "UR BRUK", "DOWN";
    GATEWAY_SUSPECT = "OSÄKER", "SUSPECT";
    GATEWAY_UNUSABLE = "OANVÄNDBAR", "UNUSABLE";
    GATEWAY_FULL = "FULL KÖ", "QUEUE FULL";
    KIND_ALERT = "larm", "alert";
    KIND_MODE = "ändrat läge", "mode";
    KIND_UPDATE = "uppdatering", "update";
    KIND_CORRECTION = "rättelse", "correction";
    KIND_STOPPED = "gäller inte", "stopped";
    KIND_RESTORED = "åter i drift", "restored";
    KIND_ALL_CLEAR = "faran över", "all_clear";
    KIND_HOLDING = "utreds", "holding";
    KIND_REDIRECTION_OVER = "omdirigering slut", "redirection_over";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_chooses() {
        let with = |pairs: &'static [(&str, &str)]| {
            Tongue::of_locale(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(with(&[("LANG", "sv_SE.UTF-8")]), Tongue::Sv);
        assert_eq!(with(&[("LANG", "sv_SE.UTF-8"), ("LC_ALL", "C")]), Tongue::En);
        assert_eq!(with(&[("LANG", "sv_SE.UTF-8"), ("LC_ALL", "")]), Tongue::Sv);
        assert_eq!(with(&[]), Tongue::En);
    }
}
