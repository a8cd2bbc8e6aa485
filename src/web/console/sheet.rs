//! A text that waits for a yes, as its approver reads it: the same sheet behind the link in the request and in the console. To whom,
//! by when and what happens then; the text as telephones show it; yes, another wording, no; what became of it before.
//!
//! Every text is a preview of the function that releases (RULES A14), and a yes names the fingerprint that stood on the sheet. It
//! speaks the languages of pages behind links.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;

use super::fields::NOT_PERSONAL;
use super::form_words::{FormWord, form_words};
use super::words;
use crate::domain::ids::{FunctionId, MessageNo};
use crate::domain::incident::actor::Actor;
use crate::domain::incident::input::Action;
use crate::domain::incident::refused::refuse;
use crate::domain::incident::state::State;
use crate::domain::lang::Lang;
use crate::domain::plan::{Audience, Channel, Plan, Then};
use crate::domain::text::Canonical;
use crate::domain::time::At;
use crate::domain::view::{
    self, ApprovalView, EyesView, HistoryView, PreviewView, PreviewsView, RejectionView, ReleasedView, TextPreview,
};
use crate::web::difference::{Run, difference};
use crate::web::phone::{OnPhone, on_phone};
use crate::web::problem::Problem;
use crate::words::{Word, link as w};

form_words! {
    /// The buttons of a sheet.
    pub enum Wanted {
        /// Yes to what was read.
        Approve = "approve",
        /// Another wording.
        Change = "change",
        Reject = "reject",
        /// More time, once.
        Wait = "wait",
        /// A language that somebody else edited was read.
        Reviewed = "reviewed",
        /// Somebody else, since the own yes would be that of the same eyes (RULES H3).
        Ask = "ask",
    }
}

/// What a sheet shows.
/// So many functions are named in a heading.
const NAMED_MAX: usize = 3;

#[derive(Template)]
#[template(path = "sheet.html")]
pub struct Sheet {
    pub lang: Lang,
    plan: Arc<Plan>,
    now: At,
    me: FunctionId,
    pub number: MessageNo,
    /// Where its forms lead, and the secret of the session where there is one.
    path: String,
    csrf: String,
    /// What waits under this number for this duty; the first deadline first.
    pub entries: Vec<ApprovalView>,
    pub previews: PreviewsView,
    pub history: HistoryView,
    /// The text that it took the place of.
    before: Option<(MessageNo, BTreeMap<Lang, String>)>,
    /// Who reads it came by the earlier number.
    replaced: bool,
    /// Who reads it comes to change it.
    change: bool,
    /// The yes of whoever reads it would be refused (RULES H3).
    eyes: Option<EyesView>,
    pub typed: Typed,
}

/// What was typed and could not be taken: it stands in the form still (RULES H4).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Typed {
    /// Another wording.
    pub texts: BTreeMap<Lang, String>,
    /// Of a no.
    pub reason: String,
    pub instead: BTreeMap<Lang, String>,
    /// It looks like a person's number: whoever sends it says that it is none.
    pub personal: bool,
}

impl Typed {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Fields as a form sent them.
pub struct Sent<'a>(pub &'a [(String, String)]);

impl Sent<'_> {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.trim())
    }
    fn texts(&self, prefix: &str) -> BTreeMap<Lang, String> {
        let typed = self.0.iter().filter_map(|(name, value)| {
            let lang = name.strip_prefix(prefix)?.strip_prefix('.')?;
            Some((Lang::try_from(lang.to_owned()).ok()?, value.trim().to_owned()))
        });
        typed.filter(|(_, text)| !text.is_empty()).collect()
    }
    /// What was typed in it.
    pub fn typed(&self) -> Typed {
        match Wanted::named(self.get("do")) {
            Some(Wanted::Change) => Typed { texts: self.texts("text"), ..Typed::default() },
            Some(Wanted::Reject) => {
                Typed { reason: self.get("reason").to_owned(), instead: self.texts("instead"), ..Typed::default() }
            }
            _ => Typed::default(),
        }
    }
    /// Whoever sends it has looked: what looks like a person's number is none.
    pub fn not_personal(&self) -> bool {
        !self.get(NOT_PERSONAL).is_empty()
    }
    /// Its button asks somebody else, which is no command of the rules.
    pub fn asks_other(&self) -> bool {
        Wanted::named(self.get("do")) == Some(Wanted::Ask)
    }
    /// What its button wants of that number, whose texts stand so now.
    ///
    /// # Errors
    /// Something in it can't be read: nothing is guessed, and nothing is done.
    pub fn action(&self, number: MessageNo, now: &BTreeMap<Lang, String>) -> Result<(Action, Wanted), Problem> {
        let wanted = Wanted::named(self.get("do"));
        let unread = |typed: &str| {
            let typed: String = typed.chars().take(WORD_SHOWN_MAX).collect();
            Problem::from(refuse!(UnknownAct { typed }))
        };
        let wanted = wanted.ok_or_else(|| unread(self.get("do")))?;
        let action = match wanted {
            Wanted::Approve => {
                let fingerprint = self.get("fingerprint").parse().map_err(|_| unread(self.get("fingerprint")))?;
                // A number that can't be read is not taken for "all of them".
                let entry = match self.get("entry") {
                    "" => None,
                    entry => Some(entry.parse().map_err(|_| unread(entry))?),
                };
                Action::Approve { number, fingerprint, entry, works: !self.get("works").is_empty() }
            }
            Wanted::Change => {
                let mut texts = self.texts("text");
                // A language that stands as it stood was not changed.
                texts.retain(|lang, typed| !now.get(lang).is_some_and(|now| is_same(typed, now)));
                Action::Change { number, texts }
            }
            Wanted::Reject => {
                let instead = self.texts("instead");
                let replacement = (!instead.is_empty()).then_some(instead);
                let changed = replacement.is_some();
                let reject = Action::Reject { number, reason: self.get("reason").into(), replacement };
                // With a text instead it is the approver's own change: nobody else is asked (RULES B3), and so it is said.
                return Ok((reject, if changed { Wanted::Change } else { Wanted::Reject }));
            }
            Wanted::Wait => Action::Wait { number },
            Wanted::Ask => return Err(unread(self.get("do"))),
            Wanted::Reviewed => {
                let typed = self.get("lang");
                let lang = Lang::try_from(typed.to_owned()).map_err(|_| refuse!(UnknownLanguageUnread { typed }))?;
                Action::Reviewed { number, lang }
            }
        };
        Ok((action, wanted))
    }
}

/// So much is shown of a word that is not known.
const WORD_SHOWN_MAX: usize = 40;

fn is_same(typed: &str, now: &str) -> bool {
    Canonical::from_typed(typed).is_ok_and(|typed| typed.as_str() == now)
}

/// The texts of a number, by language, if it is there.
pub fn texts(state: &State, number: MessageNo) -> Option<BTreeMap<Lang, String>> {
    let message = state.incidents.get(&number.incident)?.message(number.seq)?;
    Some(message.texts.iter().map(|(lang, draft)| (*lang, draft.text.as_str().to_owned())).collect())
}

/// What stands around a sheet.
pub struct Frame {
    pub lang: Lang,
    /// Where its forms lead.
    pub path: String,
    pub csrf: String,
    /// The number that its reader came by, when that is an earlier one.
    pub from: Option<MessageNo>,
    /// Its reader comes to change it.
    pub change: bool,
    /// Who would say yes; `None`: a program.
    pub who: Option<Actor>,
    pub typed: Typed,
}

impl Sheet {
    /// The sheet of a number for a duty; nothing when there is no such number. Where nothing waits it says what became of it.
    pub fn of(state: &State, number: MessageNo, me: &FunctionId, now: At, frame: Frame) -> Option<Self> {
        let inc = state.incidents.get(&number.incident)?;
        let history = view::history(state, number)?;
        let previews = view::previews(state, number.incident, number.seq, now)?;
        let mut entries = view::approvals_for(state, me, now);
        entries.retain(|a| a.number == number);
        let from = frame.from.filter(|from| history.before.contains(from));
        let before = from.or(history.before.last().copied()).and_then(|n| Some((n, texts(state, n)?)));
        Some(Self {
            lang: frame.lang,
            plan: inc.plan.clone(),
            now,
            me: me.clone(),
            number,
            path: frame.path,
            csrf: frame.csrf,
            entries,
            previews,
            history,
            before,
            replaced: from.is_some(),
            change: frame.change,
            eyes: view::same_eyes_of(state, number, me, frame.who.as_ref(), now),
            typed: frame.typed,
        })
    }
    fn t(&self, word: Word) -> &'static str {
        word.say(self.lang)
    }
    fn id(&self) -> String {
        format!("t-{}", self.number.seq)
    }
    /// As the script counts down to it: milliseconds since 1970.
    fn millis(&self, at: &At) -> i64 {
        at.0
    }
    fn time(&self, at: &At) -> String {
        self.plan.words(self.lang).time(&self.plan.calendar, at.timestamp(), self.now.timestamp())
    }
    fn late(&self, at: &At) -> bool {
        self.now > *at
    }
    fn left(&self, at: &At) -> String {
        w::time_left(self.lang, words::span(at.seconds_since(self.now)))
    }
    fn name(&self, id: &FunctionId) -> String {
        let known = self.plan.function_ix(id.as_str());
        known.map_or_else(|| id.to_string(), |f| self.plan.function(f).title.get(self.lang).to_owned())
    }
    fn names(&self, all: &[FunctionId]) -> String {
        all.iter().map(|f| self.name(f)).collect::<Vec<_>>().join(", ")
    }
    fn channel(&self, c: &Channel) -> &'static str {
        match c {
            Channel::Sms => "SMS",
            Channel::Fax => "fax",
            Channel::Email => self.t(w::CHANNEL_MAIL),
            Channel::Paging => self.t(w::CHANNEL_PAGER),
            Channel::Web => self.t(w::CHANNEL_PAGE),
            Channel::Manual => self.t(w::CHANNEL_READ_OUT),
        }
    }
    fn channels(&self, all: &[Channel]) -> String {
        all.iter().map(|c| self.channel(c)).collect::<Vec<_>>().join(", ")
    }
    /// To whom, over what.
    fn whom(&self, a: &ApprovalView) -> String {
        let to = match a.to.len() {
            _ if a.public => self.t(w::THE_PUBLIC).to_owned(),
            n if n > NAMED_MAX => w::to_many(self.lang, n),
            _ => self.names(&a.to),
        };
        w::to_whom(self.lang, to, self.channels(&a.channels))
    }
    /// They are too many for a heading: they stand folded below it.
    fn folds(&self, a: &ApprovalView) -> bool {
        !a.public && a.to.len() > NAMED_MAX
    }
    /// What happens when nobody says anything.
    fn then(&self, a: &ApprovalView) -> String {
        match (a.approval.then, &a.next) {
            (Then::Escalate, Some(next)) => w::next_is_asked(self.lang, self.name(next)),
            _ => format!("{}.", words::then(self.lang, a.approval.then, a.approval.finally)),
        }
    }
    /// Who is asked now, when this duty has said no to it.
    fn rejected_by_me(&self) -> Option<&RejectionView> {
        self.history.rejections.iter().rev().find(|r| r.by == self.me && r.number == self.number)
    }
    fn asked_now(&self) -> String {
        let last = self.entries.first().and_then(|a| a.approval.asked.last());
        last.filter(|f| **f != self.me).map_or_else(String::new, |f| w::now_asked(self.lang, self.name(f)))
    }
    fn four_eyes(&self) -> bool {
        self.entries.iter().any(|a| a.four_eyes)
    }
    /// Why there is no yes here, who is asked instead, and when the deadline decides.
    fn eyes_said(&self, eyes: &EyesView) -> String {
        let at = self.time(&eyes.decides);
        let why = self.t(if eyes.program { w::EYES_PROGRAM } else { w::EYES_SAME });
        let then = match &eyes.other {
            Some(other) if eyes.asked => w::eyes_asked(self.lang, self.name(other), at),
            Some(other) => w::eyes_can_be_asked(self.lang, self.name(other), at),
            None => w::eyes_nobody(self.lang, at),
        };
        format!("{why} {then}")
    }
    /// Who can be asked now.
    fn asks(&self, eyes: &EyesView) -> Option<String> {
        let other = eyes.other.as_ref().filter(|_| !eyes.asked && !eyes.program)?;
        Some(w::eyes_ask(self.lang, self.name(other)))
    }
    fn extended(&self) -> bool {
        self.entries.iter().all(|a| a.approval.extended)
    }
    /// Something is to be done here.
    fn waits(&self) -> bool {
        !self.entries.is_empty() && self.rejected_by_me().is_none()
    }
    fn fingerprint(&self) -> String {
        self.previews.texts.first().map_or_else(String::new, |t| t.fingerprint.to_string())
    }
    fn own_name(&self, lang: &Lang) -> String {
        crate::words::own_name(*lang).map_or_else(|| lang.to_string(), str::to_owned)
    }
    fn on_phone(&self, t: &TextPreview) -> OnPhone {
        on_phone(t.lang, &t.text, &self.previews.shown)
    }
    /// What is new against the text before, where there is one.
    fn runs(&self, t: &TextPreview) -> Vec<Run> {
        match self.before.as_ref().and_then(|(_, texts)| texts.get(&t.lang)) {
            Some(before) if *before != t.text => difference(before, &t.text),
            _ => Vec::new(),
        }
    }
    /// What the text says works, in the reader's language where it says it there.
    fn works(&self) -> Option<&str> {
        let all = &self.entries.first()?.works;
        all.get(&self.lang).or(all.values().next()).map(String::as_str)
    }
    /// The text without that.
    fn without(&self, t: &TextPreview) -> String {
        let claim = self.entries.first().and_then(|e| e.works.get(&t.lang));
        claim.map_or_else(|| t.text.clone(), |c| t.text.replacen(c.as_str(), "", 1).replace("  ", " "))
    }
    /// What stands in the field: what was typed, else the text with what is offered in the place of costly characters.
    fn wording(&self, t: &TextPreview) -> Cow<'_, str> {
        if let Some(typed) = self.typed.texts.get(&t.lang) {
            return typed.into();
        }
        let offers = t.costly.iter().any(|c| c.replacement.is_some());
        if offers { view::replaced(&t.text).into() } else { t.text.clone().into() }
    }
    fn instead(&self, t: &TextPreview) -> &str {
        self.typed.instead.get(&t.lang).map_or("", String::as_str)
    }
    fn change_is_open(&self) -> bool {
        self.change || !self.typed.texts.is_empty() || self.previews.texts.iter().any(|t| !t.costly.is_empty())
    }
    fn reject_is_open(&self) -> bool {
        !self.typed.is_empty() && self.typed.texts.is_empty()
    }
    fn rejected(&self, r: &RejectionView) -> String {
        let reason = if r.reason.is_empty() { "–" } else { &r.reason };
        w::rejected_line(self.lang, self.name(&r.by), r.number, self.time(&r.at), reason)
    }
    fn released(&self) -> Option<String> {
        let (at, by) = self.history.released.as_ref()?;
        let at = self.time(at);
        Some(match by {
            ReleasedView::Approval(f) => w::released_by(self.lang, at, self.name(f)),
            ReleasedView::BreakGlass(f) => w::released_without(self.lang, at, self.name(f)),
            ReleasedView::Deadline => w::released_by_deadline(self.lang, at),
            ReleasedView::Playbook => w::released_at_once(self.lang, at),
        })
    }
    fn is_public(&self) -> bool {
        self.previews.audience == Audience::Public
    }
    fn all_ways(&self) -> &[PreviewView] {
        &self.previews.shown
    }
    fn cannot(&self, why: &crate::domain::text::DoesNotFit) -> String {
        crate::words::cannot(self.lang, why)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::ids::IncidentNo;

    #[test]
    fn a_form_is_read_into_what_it_says_and_nothing_is_guessed() {
        let number = MessageNo { incident: IncidentNo::actual(14), seq: 2 };
        let now = BTreeMap::from([(Lang::SV, "Nere. Nu.".to_owned()), (Lang::EN, "Down.".to_owned())]);
        let read = |body: &str| {
            let pairs: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            Sent(&pairs).action(number, &now).map(|(action, _)| action)
        };
        let approve = read("do=approve&fingerprint=7K4F2A&entry=1&works=1").unwrap();
        assert!(matches!(approve, Action::Approve { entry: Some(1), works: true, .. }), "{approve:?}");
        let change = read("do=change&text.sv=Nere.%0D%0A+Nu.&text.en=Down+again.").unwrap();
        let Action::Change { texts, .. } = change else { panic!("{change:?}") };
        assert_eq!(
            texts,
            BTreeMap::from([(Lang::EN, "Down again.".to_owned())]),
            "what stands as it stood is not sent"
        );
        let reject = read("do=reject&reason=fel+nummer&instead.sv=Ring+1177.").unwrap();
        let Action::Reject { reason, replacement, .. } = reject else { panic!("{reject:?}") };
        assert_eq!((reason.as_str(), replacement.unwrap().len()), ("fel nummer", 1));
        let said = |body: &str| {
            let pairs: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            Sent(&pairs).action("14-2".parse().unwrap(), &BTreeMap::new()).unwrap().1
        };
        assert_eq!(said("do=reject&reason=fel&instead.sv=Ring+1177."), Wanted::Change, "nobody else is asked");
        assert_eq!(said("do=reject&reason=fel"), Wanted::Reject);
        let reject = read("do=reject&reason=fel&instead.sv=+&instead.en=").unwrap();
        assert!(matches!(reject, Action::Reject { replacement: None, .. }));
        assert!(matches!(read("do=wait").unwrap(), Action::Wait { .. }));
        assert!(matches!(read("do=reviewed&lang=en").unwrap(), Action::Reviewed { .. }));
        for bad in [
            "",
            "do=",
            "do=x",
            "do=Approve&fingerprint=7K4F2A",
            "do=approve",
            "do=approve&fingerprint=7K4F2A&entry=x",
            "do=reviewed&lang=klingon",
            "%",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
