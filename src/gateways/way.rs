//! From an entry of a file to a gateway: which protocol it speaks, what the plan reckons with, and what is wrong with it.

use std::fmt;
use std::path::PathBuf;

use super::entry::{CharsetWord, Limits, SplitWord, check_at_least_one};
use super::manual::{Coverage, ManualGateway};
use super::protocol::{Entry, Protocol};
use super::registry::{EmailGateway, FaxGateway, PagingGateway, SmsGateway};
use super::web::WebGateway;
use crate::domain::ids::GatewayId;
use crate::domain::plan::{Capability, Channel};
use crate::yaml::{At, Found, List, Name, Need, Place, Secret, Texts};

/// What takes more parts than that is too long for SMS.
const SMS_PARTS_MAX: u32 = 16;
/// A pager that shows fewer characters has no room for header and mark.
const PAGE_CHARS_MIN: u32 = 60;

/// An entry that says how it is spoken to.
pub struct Way<'f> {
    /// What it is called, and where.
    pub name: &'f Name,
    pub channel: Channel,
    /// What the plan reckons with.
    pub capability: Capability,
    /// Answers come back over it.
    pub answers: bool,
    /// It tells when the receiver has it.
    pub receipts: bool,
    /// What it hangs on.
    pub needs: &'f List<At<Need>>,
    /// Bounds of the gateway.
    pub limits: Limits,
    /// What people read of it, which every language of the region must have.
    pub texts: Vec<&'f Texts>,
    /// How it is spoken to.
    pub kind: Kind,
}

/// How a gateway is spoken to.
#[derive(Clone, Debug)]
pub enum Kind {
    /// In a protocol.
    Protocol(Box<dyn Protocol>),
    /// A page that this program publishes.
    Page(Box<WebGateway>),
    /// People walk it.
    Walk(ManualGateway),
}

/// One configured gateway, at the same position as in `plan.gateways`.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// `sms-api`.
    pub id: GatewayId,
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
    pub channel: Channel,
    /// How it is spoken to.
    pub kind: Kind,
    /// Its bounds, as far as they are given.
    pub limits: Limits,
    /// The folder from which relative paths of secrets and CA files count; `None`: the shipped region.
    pub base: Option<PathBuf>,
}

impl GatewayConfig {
    /// How it is spoken to, in a word.
    pub fn word(&self) -> &'static str {
        match &self.kind {
            Kind::Protocol(protocol) => protocol.protocol(),
            Kind::Page(_) => "web",
            Kind::Walk(_) => "manual",
        }
    }

    /// It is spoken to in a protocol.
    pub fn speaks(&self) -> bool {
        matches!(self.kind, Kind::Protocol(_))
    }

    /// Its secrets.
    pub fn secrets(&self) -> Vec<&Secret> {
        match &self.kind {
            Kind::Protocol(protocol) => protocol.secrets(),
            Kind::Page(page) => page.secrets(),
            Kind::Walk(_) => Vec::new(),
        }
    }

    /// The host it connects to, if it does: `demo` refuses all but loopback.
    pub fn host(&self) -> Option<&str> {
        match &self.kind {
            Kind::Protocol(protocol) => protocol.host(),
            Kind::Page(page) => page.host(),
            Kind::Walk(_) => None,
        }
    }

    /// Whom it reaches, where it does not reach all.
    pub fn coverage(&self) -> Option<&Coverage> {
        match &self.kind {
            Kind::Walk(walk) => walk.coverage.as_ref(),
            Kind::Protocol(_) | Kind::Page(_) => None,
        }
    }

    /// Whether it stays on this machine.
    pub fn is_loopback(&self) -> bool {
        let stays = |host: &str| host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        self.host().is_none_or(stays)
    }
}

/// One protocol that an entry may speak.
pub struct Spoken<'f> {
    key: &'static str,
    protocol: Option<(Place, &'f dyn Protocol)>,
}

impl<'f> Spoken<'f> {
    /// By its key in the file.
    pub fn of<P: Protocol>(key: &'static str, config: Option<&'f At<P>>) -> Self {
        Self { key, protocol: config.map(|c| (c.place, &c.value as &dyn Protocol)) }
    }
}

impl fmt::Debug for Spoken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)
    }
}

/// The one protocol that an entry speaks.
pub fn spoken<'f>(name: &Name, all: &[Spoken<'f>], found: &mut Found) -> Option<(Place, &'f dyn Protocol)> {
    let mut given = all.iter().filter_map(|s| s.protocol);
    match (given.next(), given.next()) {
        (Some(one), None) => Some(one),
        (None, _) => {
            let message = format!("gateway \"{}\" does not say how it is spoken to", name.value);
            let help = format!("give it {}", listed(all.iter().map(|s| format!("{}:", s.key)), "or"));
            found.error(name.place, "gateway-kind", message).help(help);
            None
        }
        (Some(_), Some(_)) => {
            let keys = listed(all.iter().map(|s| s.key.to_owned()), "and");
            let (what, help) = match all.len() {
                2 => (format!("has both {keys}"), "make it two gateways"),
                3 => (format!("has more than one of {keys}"), "make it several gateways"),
                _ => ("speaks several protocols".to_owned(), "make them several gateways"),
            };
            let message = format!("gateway \"{}\" {what}; one gateway speaks one protocol", name.value);
            found.error(name.place, "gateway-kind", message).help(help);
            None
        }
    }
}

/// `a, b and c`.
fn listed(words: impl Iterator<Item = String>, last: &str) -> String {
    let words: Vec<String> = words.collect();
    match words.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// An entry of one of the files.
pub trait Envelope {
    /// The gateway that it is, with all that is wrong in it told to `found`. `None`: it does not say which.
    fn way<'f>(&'f self, name: &'f Name, found: &mut Found) -> Option<Way<'f>>;
}

/// A way in one protocol: what is wrong with it is said.
fn checked<'f>(
    entry: &Entry<'_>,
    protocol: &dyn Protocol,
    found: &mut Found,
    way: impl FnOnce(Kind) -> Way<'f>,
) -> Way<'f> {
    protocol.check(entry, found);
    let way = way(Kind::Protocol(protocol.copy()));
    way.limits.check(way.name, found);
    Way { capability: protocol.capability(way.capability), ..way }
}

impl Envelope for SmsGateway {
    fn way<'f>(&'f self, name: &'f Name, found: &mut Found) -> Option<Way<'f>> {
        check_at_least_one(&self.parts_max, found);
        if self.parts_max.value > SMS_PARTS_MAX {
            found.error(self.parts_max.place, "limit", format!("at most {SMS_PARTS_MAX} parts make one SMS"));
        }
        if !matches!(self.alphabet.value, CharsetWord::Gsm7 | CharsetWord::Latin1 | CharsetWord::Ascii7) {
            let message = "SMS knows gsm7, latin1 and ascii7 as its alphabet";
            found.error(self.alphabet.place, "alphabet", message).help("for everything else set ucs2: true");
        }
        let (place, protocol) = spoken(name, &self.protocols(), found)?;
        let (answers, receipts) = (self.answers, self.receipts);
        let entry = Entry { name, place, answers, receipts, pages: None };
        Some(checked(&entry, protocol, found, |kind| Way {
            name,
            channel: Channel::Sms,
            capability: Capability::Sms {
                charset: self.alphabet.value.charset(),
                ucs2: self.ucs2,
                ref16: self.ref16,
                separate: self.split == SplitWord::Separate,
                parts_max: self.parts_max.value,
            },
            answers,
            receipts,
            needs: &self.needs,
            limits: self.limits.clone(),
            texts: Vec::new(),
            kind,
        }))
    }
}

impl Envelope for EmailGateway {
    fn way<'f>(&'f self, name: &'f Name, found: &mut Found) -> Option<Way<'f>> {
        let (place, protocol) = spoken(name, &self.protocols(), found)?;
        let (answers, receipts) = (self.answers, self.receipts);
        let entry = Entry { name, place, answers, receipts, pages: None };
        Some(checked(&entry, protocol, found, |kind| Way {
            name,
            channel: Channel::Email,
            capability: Capability::Whole { chars_max: None },
            answers,
            receipts,
            needs: &self.needs,
            limits: self.limits.clone(),
            texts: Vec::new(),
            kind,
        }))
    }
}

impl Envelope for FaxGateway {
    fn way<'f>(&'f self, name: &'f Name, found: &mut Found) -> Option<Way<'f>> {
        check_at_least_one(&self.pages_max, found);
        check_at_least_one(&self.chars_max, found);
        let (place, protocol) = spoken(name, &self.protocols(), found)?;
        let entry = Entry { name, place, answers: false, receipts: self.receipts, pages: None };
        Some(checked(&entry, protocol, found, |kind| Way {
            name,
            channel: Channel::Fax,
            capability: Capability::Fax { pages_max: self.pages_max.value, chars_max: self.chars_max.value },
            answers: false,
            receipts: self.receipts,
            needs: &self.needs,
            limits: self.limits.clone(),
            texts: Vec::new(),
            kind,
        }))
    }
}

impl Envelope for PagingGateway {
    fn way<'f>(&'f self, name: &'f Name, found: &mut Found) -> Option<Way<'f>> {
        check_at_least_one(&self.pages_max, found);
        if self.chars_max.value < PAGE_CHARS_MIN {
            let message =
                format!("{} characters have no room for header and text; {PAGE_CHARS_MIN} do", self.chars_max.value);
            found.error(self.chars_max.place, "limit", message);
        }
        let (place, protocol) = spoken(name, &self.protocols(), found)?;
        let (answers, receipts) = (self.answers, self.receipts);
        let charset = At { value: self.charset.value.charset(), place: self.charset.place };
        let entry = Entry { name, place, answers, receipts, pages: Some((charset, self.chars_max)) };
        Some(checked(&entry, protocol, found, |kind| Way {
            name,
            channel: Channel::Paging,
            capability: Capability::Pages {
                charset: charset.value,
                chars_max: self.chars_max.value,
                pages_max: self.pages_max.value,
            },
            answers,
            receipts,
            needs: &self.needs,
            limits: self.limits.clone(),
            texts: Vec::new(),
            kind,
        }))
    }
}
