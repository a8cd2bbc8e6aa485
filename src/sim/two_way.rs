//! Two-way pages of the transmitter of `snpp` (RFC 1861, level 3): where each of them is, and what was answered.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Answer {
    Choice(u8),
    Words(String),
}

/// What a client asked of one page.
#[derive(Clone, Default, Debug)]
pub(super) struct Asked {
    pub read_ack: bool,
    /// RTYP, as it came.
    pub reply_type: String,
    pub choices: Vec<(u8, String)>,
}

#[derive(Clone, Debug)]
struct Page {
    pager: String,
    asked: Asked,
    queued: bool,
    read: bool,
    expired: bool,
    answer: Option<Answer>,
}

impl Page {
    fn waits(&self) -> bool {
        matches!(self.asked.reply_type.as_str(), "MULTICHOICE" | "TEXT")
    }

    fn status(&self, sequence: u32) -> String {
        let at = "081218094512+01";
        match &self.answer {
            _ if self.expired => format!("780 {sequence} {at} Message expired before delivery"),
            _ if self.queued => format!("960 {sequence} {at} Message queued, awaiting delivery"),
            Some(Answer::Choice(code)) => format!("888 {sequence} {at} {code:02} MCR reply received"),
            Some(Answer::Words(words)) => format!("889 {sequence} {at} {words}"),
            None if self.waits() && self.read => format!("870 {sequence} {at} Delivered, read, awaiting reply"),
            None if self.waits() => format!("861 {sequence} {at} Delivered, awaiting reply"),
            None if self.asked.read_ack && self.read => format!("881 {sequence} {at} Message delivered and read"),
            None if self.asked.read_ack => format!("860 {sequence} {at} Delivered, awaiting read confirmation"),
            None => format!("880 {sequence} {at} Message delivered"),
        }
    }
}

/// All pages so far, by their tag.
#[derive(Default, Debug)]
pub(super) struct Pages(Mutex<BTreeMap<u32, Page>>);

impl Pages {
    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page that SEND finished: the reply to it.
    pub fn send(&self, pager: &str, asked: Asked, queued: bool) -> String {
        let mut all = self.all();
        let tag = 4_000 + u32::try_from(all.len()).unwrap_or(0);
        let page = Page { pager: pager.into(), asked, queued, read: false, expired: false, answer: None };
        let status = page.status(0);
        all.insert(tag, page);
        // The pass code is another number than the tag, so that a client that mixes them up is found out.
        format!("{} {tag} {} OK", &status[..3], tag * 7)
    }

    /// Answers MSTA: what became of a page.
    pub fn status(&self, words: &str) -> String {
        match self.find(words) {
            Some((tag, page)) => page.status(tag),
            None => "550 Unknown or illegal message tag or pass code".into(),
        }
    }

    /// Answers KTAG: takes a page back.
    pub fn kill(&self, words: &str) -> String {
        match self.find(words) {
            Some((tag, _)) => {
                self.all().remove(&tag);
                "250 Message tag purged".into()
            }
            None => "550 Unknown or illegal message tag or pass code".into(),
        }
    }

    fn find(&self, words: &str) -> Option<(u32, Page)> {
        let (tag, pass) = words.split_once(' ')?;
        let tag: u32 = tag.parse().ok()?;
        let page = self.all().get(&tag).cloned()?;
        (pass == (tag * 7).to_string()).then_some((tag, page))
    }

    /// Does something to the pages of a pager. `false`: it has none.
    fn each(&self, pager: &str, change: impl Fn(&mut Page)) -> bool {
        let mut all = self.all();
        let mut any = false;
        for page in all.values_mut().filter(|p| p.pager == pager) {
            any = true;
            change(page);
        }
        any
    }

    /// The pager came into reach.
    pub fn arrive(&self, pager: &str) -> bool {
        self.each(pager, |page| page.queued = false)
    }

    /// Its queued pages expire.
    pub fn expire(&self, pager: &str) -> bool {
        self.each(pager, |page| page.expired = page.queued)
    }

    /// The bearer reads.
    pub fn read(&self, pager: &str) -> bool {
        self.each(pager, |page| page.read = true)
    }

    /// The bearer answers in words, or by one of the choices that went with a page: to those pages that wait for it.
    pub fn answer(&self, pager: &str, text: &str) -> bool {
        let mut taken = false;
        for page in self.all().values_mut().filter(|p| p.pager == pager && p.waits() && p.answer.is_none()) {
            let choice = page.asked.choices.iter().find(|(_, words)| words == text).map(|(code, _)| *code);
            page.answer = match (choice, page.asked.reply_type.as_str()) {
                (Some(code), "MULTICHOICE") => Some(Answer::Choice(code)),
                (_, "TEXT") => Some(Answer::Words(text.into())),
                _ => continue,
            };
            taken = true;
        }
        taken
    }
}
