//! What every command has at hand: options, terminal, server, time.

use std::path::PathBuf;

use jiff::Zoned;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Global;
use super::client::{self, Answer, Client};
use super::terminal::{Hue, Terminal};
use super::times::{self, Side};
use crate::api::calls::{self, Call};
use crate::api::{CommandDone, Zone};
use crate::clock::{Clock, SystemClock};
use crate::config::Source;
use crate::domain::calendar;
use crate::domain::ids::FunctionId;
use crate::domain::incident::input::Action;
use crate::domain::lang::L10n;
use crate::domain::time::At;
use crate::error::{Error, Kind};
use crate::words::events::event_word;
use crate::words::{Word, cli as words};

/// What a command runs with.
pub struct Context<'t> {
    pub global: Global,
    pub term: &'t mut Terminal,
    clock: SystemClock,
    client: Option<Client>,
    zone: Option<Option<TimeZone>>,
    /// It was said that the server is run in training, or the command says it itself.
    told_training: bool,
}

impl<'t> Context<'t> {
    pub fn new(global: Global, term: &'t mut Terminal) -> Self {
        Self { global, term, clock: SystemClock::new(), client: None, zone: None, told_training: false }
    }

    /// Whether JSON is wanted.
    pub fn json(&self) -> bool {
        self.global.json
    }
    /// Somebody can be asked.
    pub fn asks(&self) -> bool {
        self.term.asks() && !self.json()
    }
    pub fn now(&self) -> At {
        self.clock.now().into()
    }
    /// The configuration that `--config` names; without it the region that is built in.
    ///
    /// # Errors
    /// There is no such folder.
    pub fn source(&self, config: Option<PathBuf>) -> Result<Source, Error> {
        match config {
            None => Ok(Source::Shipped),
            Some(dir) if dir.is_dir() => Ok(Source::Dir(dir)),
            Some(dir) => {
                let why = words::no_folder(self.term.lang(), dir.display());
                Err(Error::new(Kind::Configuration, why, self.say(words::NAME_FOLDER)))
            }
        }
    }
    pub fn say(&self, word: Word) -> &'static str {
        self.term.say(word)
    }
    /// The words of somebody else in the language of the screen.
    pub fn in_lang<'a>(&self, text: &'a L10n) -> &'a str {
        text.get(self.term.lang())
    }

    /// Asks the server. Where somebody has typed something, a server that is away for a while loses none of it: the same is sent
    /// again, under its ID, as often as that person wants (RULES H4).
    pub fn call<A, B: Serialize>(&mut self, call: &Call<A, B>) -> Result<Answer<A>, Error> {
        let key = client::key_of(call);
        loop {
            if self.client.is_none() {
                let file = client::token_file(self.global.token_file.as_ref(), &self.global.state);
                self.client =
                    Some(Client::new(&self.global.server, &file, self.global.ca_file.as_deref(), self.term.lang())?);
            }
            let client = self.client.as_ref().ok_or_else(|| Error::other("no server", "try again"))?;
            let (answered, training) = (client.call(call, key.as_deref()), client.is_training());
            if training && !self.told_training && !self.json() {
                self.told_training = true;
                let loud = self.say(words::TRAINING);
                self.term.notice(loud);
            }
            let error = match answered {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let may_pass = match error.kind {
                Kind::Unreachable | Kind::NotSignedIn => true,
                Kind::Unknown => key.is_some(),
                _ => false,
            };
            if !(may_pass && self.asks() && self.term.was_typed_at()) {
                return Err(error);
            }
            self.term.problem(&error);
            let question = self.say(words::SEND_AGAIN);
            if self.term.ask_yes(question) != Some(true) {
                return Err(error);
            }
            // Token and connection anew: the server may have come back with another.
            self.client = None;
        }
    }

    /// The command says itself, wherever it shows something, that the server is run in training.
    pub fn says_training(&mut self) {
        self.told_training = true;
    }

    /// The duty that acts.
    pub fn acting(&mut self) -> Result<FunctionId, Error> {
        let given = self.global.acting.clone();
        let function = self.need(given, words::ACTING, words::WHICH_FUNCTION, "--as FUNCTION (or VARDKASE_AS)")?;
        self.global.acting = Some(function.clone());
        Ok(function.into())
    }

    /// What was given, or what somebody answers; without a terminal a missing field is an error, never a wait (RULES E1).
    pub fn need(&mut self, given: Option<String>, ask: Word, what: Word, option: &str) -> Result<String, Error> {
        if let Some(given) = given.filter(|g| !g.trim().is_empty()) {
            return Ok(given);
        }
        let lang = self.term.lang();
        let missing = || {
            let why = words::is_missing(lang, what.say(lang));
            Error::usage(why, words::give_with(lang, option)).coded("missing")
        };
        if !self.asks() {
            return Err(missing());
        }
        let question = self.say(ask);
        self.term.ask(question, None).ok_or_else(missing)
    }

    /// A reason, which goes on record.
    pub fn need_reason(&mut self, given: Option<String>) -> Result<String, Error> {
        self.need(given, words::REASON, words::THE_REASON, "--reason REASON")
    }

    /// Gives a command and shows what came of it.
    pub fn act(&mut self, action: &Action) -> Result<(), Error> {
        let answer = self.command(action)?;
        self.show_done(&answer)
    }

    /// Gives a command. Where its words hold what looks like a person's number, somebody at a terminal is asked.
    pub fn command(&mut self, action: &Action) -> Result<Answer<CommandDone>, Error> {
        let acting = self.acting()?;
        let mut call = calls::command(&acting, action);
        loop {
            if let Some(body) = &mut call.body {
                body.not_personal = self.global.not_personal;
            }
            let error = match self.call(&call) {
                Err(error) if error.code == "personal-number" && self.asks() && !self.global.not_personal => error,
                answer => return answer,
            };
            self.term.problem(&error);
            let question = self.say(words::NOT_PERSONAL);
            if self.term.ask_yes(question) != Some(true) {
                return Err(error);
            }
            self.global.not_personal = true;
        }
    }

    /// Says loudly when what was done is not on disk.
    pub fn warn_off_record(&mut self, on_record: bool) {
        if !on_record {
            let loud = format!("*** {} ***", self.say(words::NOT_ON_RECORD));
            self.term.notice(&loud);
        }
    }

    /// What came of a command.
    pub fn show_done(&mut self, answer: &Answer<CommandDone>) -> Result<(), Error> {
        let done = answer.read();
        if let Ok(done) = &done {
            self.warn_off_record(done.on_record);
        }
        if self.json() {
            self.term.json(answer);
            return Ok(());
        }
        let CommandDone { incident, message, playbook, events: names, .. } = done?;
        let mut events: Vec<(&str, u32)> = Vec::new();
        for word in names.iter().filter_map(|name| event_word(name)).map(|word| self.say(word)) {
            match events.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => events.push((word, 1)),
            }
        }
        let counted =
            |(word, count): (&str, u32)| if count > 1 { format!("{word} × {count}") } else { word.to_owned() };
        let events: Vec<String> = events.into_iter().map(counted).collect();
        let number = message.map(|n| format!(" {n}")).or(incident.map(|n| format!(" {n}"))).unwrap_or_default();
        let told = if events.is_empty() { String::new() } else { format!(": {}", events.join(", ")) };
        let took = playbook.map(|id| format!(" ({id})")).unwrap_or_default();
        let done = format!("{}{number}{took}{told}", self.say(words::DONE));
        self.term.line_in(Hue::Good, &done);
        if let Some(no) = incident
            && self.term.screen()
        {
            let follow = format!("{} vardkase status {no} --watch", self.say(words::FOLLOW));
            self.term.line_in(Hue::Faint, &follow);
        }
        Ok(())
    }

    /// A time as it was typed.
    pub fn time(&mut self, text: &str, side: Side) -> Result<At, Error> {
        let now = self.now();
        if let Some(at) = times::absolute(text, now) {
            return Ok(at);
        }
        let lang = self.term.lang();
        let none = || Error::usage(words::no_time(lang, text), words::TIME_FORMS.say(lang)).coded("bad-time");
        if !times::is_time(text) {
            return Err(none());
        }
        let Some(zone) = self.zone()? else {
            return Err(Error::usage(words::needs_zone(lang, text), words::ZONE_FORMS.say(lang)));
        };
        times::local(text, now, &zone, side).ok_or_else(none)
    }

    /// The same for an option that may be missing.
    pub fn time_of(&mut self, text: Option<&str>, side: Side) -> Result<Option<At>, Error> {
        text.map(|t| self.time(t, side)).transpose()
    }

    /// The region's zone, as the server tells it.
    fn zone(&mut self) -> Result<Option<TimeZone>, Error> {
        if self.zone.is_none() {
            let zone = self.call(&calls::zone())?.read()?.status;
            self.learn_zone(zone);
        }
        Ok(self.zone.clone().flatten())
    }

    /// Takes the zone that a status tells.
    pub fn learn_zone(&mut self, told: Zone) {
        self.zone = Some(told.zone.and_then(|name| calendar::Zone::named(&name)).map(|zone| zone.0));
    }

    /// A moment for people: the clock in the region, with the date when it is not the day of `now`.
    pub fn clock(&mut self, at: At, now: At) -> String {
        let zone = self.zone().ok().flatten();
        let shown = |at: At| Zoned::new(at.timestamp(), zone.clone().unwrap_or(TimeZone::UTC));
        let (then, now) = (shown(at), shown(now));
        let day = if then.date() == now.date() { String::new() } else { then.strftime("%Y-%m-%d ").to_string() };
        format!("{day}{}{}", then.strftime("%H:%M"), if zone.is_some() { "" } else { "Z" })
    }
}
