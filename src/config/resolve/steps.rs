//! Steps of a playbook: each is one kind, with what that kind needs.

use super::Resolver;
use crate::config::raw::playbook::Playbook;
use crate::config::raw::steps::{StartsWord, StepEntry};
use crate::domain::ids::PlaybookId;
use crate::domain::ladder::LevelIx;
use crate::domain::lang::L10n;
use crate::domain::step::{Beat, EVERY_MIN_S, StepKind, StepRule, Within};
use crate::yaml::diagnostics::Place;
use crate::yaml::{At, Clock, Name, Secs, Span};

/// How long an intervention may take when the playbook does not say.
const LASTS_S: u32 = 2 * 3600;
/// An intervention is announced at least that long before, in seconds.
const NOTICE_MIN_S: u32 = 300;
/// So many answers a function may ask for.
const ANSWERS_MAX: u32 = 5;

impl Resolver<'_> {
    pub(super) fn steps(&mut self, entry: &Playbook, mildest: LevelIx) -> Vec<StepRule> {
        let mut steps: Vec<StepRule> = Vec::new();
        for (name, step) in entry.steps.iter() {
            self.id(name);
            if steps.iter().any(|s| s.id == name.value) {
                self.found.error(name.place, "duplicate-step", format!("there is another step \"{}\"", name.value));
            }
            if !step.needs.is_empty() {
                let wants = self.wants(&step.needs);
                let key = (PlaybookId::from(entry.playbook.as_str()), name.value.clone());
                self.places.step_wants.insert(key, (name.place, wants));
            }
            steps.extend(self.step(name, step, mildest));
        }
        for (i, clock) in (1..).zip(entry.clocks.iter()) {
            steps.push(StepRule {
                id: format!("clock-{i}"),
                level: mildest,
                kind: StepKind::Clock,
                title: self.texts(entry.playbook.place, &clock.title),
                over: L10n::default(),
                concerns: L10n::default(),
                owner: self.function(&clock.owner),
                to: Vec::new(),
                within: within(clock.within),
                lasts_s: LASTS_S,
                beat: None,
                at_once: true,
            });
        }
        steps
    }

    fn step(&mut self, name: &Name, entry: &At<StepEntry>, mildest: LevelIx) -> Option<StepRule> {
        let all = [
            (StepKind::Task, &entry.task),
            (StepKind::Clock, &entry.clock),
            (StepKind::Intervention, &entry.intervention),
            (StepKind::Redirection, &entry.redirection),
            (StepKind::Conference, &entry.conference),
        ];
        let said: Vec<_> = all.iter().filter_map(|(kind, texts)| texts.as_ref().map(|t| (*kind, t))).collect();
        let &[(kind, texts)] = said.as_slice() else {
            let words: Vec<&str> = StepKind::ALL.iter().map(|k| k.as_str()).collect();
            let message =
                format!("step \"{}\" is {}", name.value, if said.is_empty() { "nothing" } else { "several things" });
            self.found
                .error(name.place, "step-kind", message)
                .help(format!("write exactly one of {}", words.join(", ")));
            return None;
        };
        let title: L10n = self.texts(name.place, texts);
        let owner = self.function(&entry.owner);
        let to = self.duties(&entry.to);
        let over = self.optional(name.place, entry.over.as_ref());
        let concerns = self.optional(name.place, entry.concerns.as_ref());
        let beat = self.beat(name, entry, kind);
        let level = entry.from.as_ref().map_or(mildest, |l| self.level(l));
        let mut wrong = |place: Place, message: String, help: &str| {
            self.found.error(place, "step", message).help(help.to_owned());
        };
        if entry.within.is_none() && kind != StepKind::Conference {
            wrong(name.place, format!("{kind} \"{}\" has no deadline", name.value), "write within: 4h");
        }
        if let Some(span) = &entry.within {
            let short =
                matches!(span.value, Span::Secs(s) if kind == StepKind::Intervention && s < NOTICE_MIN_S || s == 0);
            if short || span.value == Span::Months(0) {
                wrong(span.place, format!("that is too short for {kind}s"), "those concerned need time to stop it");
            }
        }
        if kind.concerns_others() && kind != StepKind::Redirection && entry.to.is_empty() {
            wrong(
                name.place,
                format!("{kind} \"{}\" concerns nobody", name.value),
                "name functions or groups with to:",
            );
        }
        let redirected = entry.over.is_some() || entry.concerns.is_some();
        if redirected && kind != StepKind::Redirection {
            wrong(name.place, format!("{kind} \"{}\" redirects nobody", name.value), "leave over: and for: out");
        }
        if !kind.concerns_others() && !entry.to.is_empty() {
            wrong(entry.to[0].place, format!("{kind}s are their owner's alone"), "leave to: out");
        }
        let starts = entry.starts.map(|s| s.value == StartsWord::AtOnce);
        let careful = matches!(kind, StepKind::Intervention | StepKind::Redirection);
        if careful && starts == Some(true) {
            let place = entry.starts.map_or(name.place, |s| s.place);
            wrong(
                place,
                format!("{kind}s are not begun by a table"),
                "leave starts: out; somebody says `vardkase step start`",
            );
        }
        Some(StepRule {
            id: name.value.clone(),
            level,
            kind,
            title,
            over,
            concerns,
            owner,
            to,
            within: entry.within.map_or(Within::Seconds(0), |s| within(s.value)),
            lasts_s: entry.lasts.map_or(LASTS_S, |s| s.0.max(60)),
            beat,
            at_once: starts.unwrap_or(!careful),
        })
    }

    /// `every: 60m`, or `every: ["08:30", "15:30"]`.
    fn beat(&mut self, name: &Name, entry: &StepEntry, kind: StepKind) -> Option<Beat> {
        if kind != StepKind::Conference {
            if let Some(first) = entry.every.first() {
                self.found.error(first.place, "step", format!("{kind}s do not recur")).help("leave every: out");
            }
            return None;
        }
        let mut minutes = Vec::new();
        for word in entry.every.iter() {
            if let Ok(clock) = word.parse::<Clock>() {
                minutes.push(clock.0);
                continue;
            }
            match word.parse::<Secs>() {
                Ok(span) if entry.every.len() == 1 && span.0 >= EVERY_MIN_S => return Some(Beat::Every(span.0)),
                _ => {
                    let message = format!("\"{}\" is not a beat for a conference", word.value);
                    self.found
                        .error(word.place, "step", message)
                        .help("write one span from 5m on, or times of day: [\"08:30\", \"15:30\"]");
                }
            }
        }
        if entry.every.is_empty() {
            let message = format!("conference \"{}\" has no beat", name.value);
            self.found.error(name.place, "step", message).help("write every: 60m, or every: [\"08:30\", \"15:30\"]");
        }
        minutes.sort_unstable();
        minutes.dedup();
        (!minutes.is_empty()).then_some(Beat::Daily(minutes))
    }

    /// How many must answer.
    pub(super) fn answers(&mut self, given: Option<&At<u32>>) -> Option<u8> {
        let given = given?;
        if !(1..=ANSWERS_MAX).contains(&given.value) {
            let message = format!("{} answers can't be asked for: 1 to {ANSWERS_MAX}", given.value);
            self.found.error(given.place, "answers", message);
            return None;
        }
        u8::try_from(given.value).ok()
    }
}

fn within(span: Span) -> Within {
    match span {
        Span::Secs(s) => Within::Seconds(s),
        Span::Months(m) => Within::Months(m),
    }
}
