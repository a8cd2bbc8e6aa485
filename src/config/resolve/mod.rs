//! Names to positions: raw YAML becomes a [`Plan`] and [`Contacts`]. Collects every mistake and stops at none; what a bad
//! name stood for becomes a harmless default, and the plan is not used.
//!
//! A name is not called unknown when the file that would define it has broken entries: that mistake is said already.

mod contacts;
mod drills;
mod gateways;
mod messages;
mod organisation;
mod playbooks;
pub mod printers;
mod readiness;
mod rosters;
mod steps;
mod systems;
mod watch;
pub mod webhooks;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::loaded::{Contacts, Loaded, RETENTION_MONTHS};
use super::parse::Raw;
use super::places::Places;
use crate::domain::ids::{FunctionIx, GatewayIx, GroupId, InfraId, PointIx, RoutineId, SiteId, SystemId};
use crate::domain::ladder::{LevelIx, ModeIx};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{Needs, Plan};
use crate::domain::text::Canonical;
use crate::yaml::{At, Found, List, Name, Need, Place, Texts};

pub(super) struct Resolved {
    pub loaded: Loaded,
    pub places: Places,
}

/// What is being built, and the names known so far.
struct Resolver<'a> {
    raw: &'a Raw,
    base: Option<&'a Path>,
    found: &'a mut Found,
    plan: Plan,
    places: Places,
    addresses: Vec<Arc<str>>,
    /// By function: what rosters call its duty points.
    point_ids: HashMap<FunctionIx, Vec<(String, PointIx)>>,
    fx: HashMap<String, FunctionIx>,
    gx: HashMap<String, GatewayIx>,
}

/// Resolves everything.
pub(super) fn resolve(raw: &Raw, base: Option<&Path>, found: &mut Found) -> Resolved {
    let mut r = Resolver {
        raw,
        base,
        found,
        plan: Plan::default(),
        places: Places::default(),
        addresses: Vec::new(),
        point_ids: HashMap::new(),
        fx: HashMap::new(),
        gx: HashMap::new(),
    };
    r.organisation();
    r.infrastructure();
    let gateways = r.gateways();
    let around = r.around(&gateways);
    let accepted = r.accepted();
    r.function_names();
    r.groups();
    r.systems();
    r.readiness();
    r.functions();
    r.rosters();
    r.duties_of_the_organisation();
    r.messages();
    let tests = r.playbooks();
    let watch = r.watch();
    let webhooks = r.webhooks();
    let printers = r.printers();
    let statement = r.statement();
    let drills = r.drills(&around);
    let fictional = raw.organisation.as_ref().is_some_and(|o| o.region.fictional);
    Resolved {
        loaded: Loaded {
            plan: r.plan,
            contacts: Contacts::new(r.addresses),
            gateways,
            warnings: Vec::new(),
            fictional,
            tests,
            turns: turns(r.point_ids),
            watch,
            webhooks,
            printers,
            retention_months: raw.organisation.as_ref().and_then(|o| o.retention).map_or(RETENTION_MONTHS, |r| r.0),
            statement,
            around,
            accepted,
            drills,
        },
        places: r.places,
    }
}

fn turns(ids: HashMap<FunctionIx, Vec<(String, PointIx)>>) -> Vec<(FunctionIx, String, PointIx)> {
    let all = ids.into_iter().flat_map(|(f, ids)| ids.into_iter().map(move |(id, p)| (f, id, p)));
    let mut all: Vec<_> = all.collect();
    all.sort_unstable();
    all
}

impl Resolver<'_> {
    /// Says that a name is defined nowhere.
    fn unknown<'n>(
        &mut self,
        broken: bool,
        name: &Name,
        code: &'static str,
        message: String,
        names: impl IntoIterator<Item = &'n str>,
    ) {
        // A dot stands for a sign that can't be seen: that is said already.
        if !broken && !name.contains('·') {
            self.found.error(name.place, code, message).nearest(name, names);
        }
    }

    /// A function by name. Unknown names become the first function; the plan is not used then.
    fn function(&mut self, name: &Name) -> FunctionIx {
        if let Some(f) = self.fx.get(name.as_str()) {
            return *f;
        }
        let names: Vec<String> = self.plan.functions.iter().map(|f| f.id.to_string()).collect();
        let is_group = self.plan.groups.contains_key(&GroupId::from(name.as_str()));
        let message = match is_group {
            true => format!("\"{}\" is a group; one function is wanted here", name.value),
            false => format!("\"{}\" is not a function of contacts/functions.yaml", name.value),
        };
        let broken = self.raw.broken.functions;
        self.unknown(broken, name, "unknown-function", message, names.iter().map(String::as_str));
        FunctionIx(0)
    }

    /// Functions and groups, each function once, in the order of the list.
    fn duties(&mut self, names: &[Name]) -> Vec<FunctionIx> {
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        for name in names {
            let group = self.plan.groups.iter().find(|(g, _)| g.as_str() == name.as_str()).map(|(_, f)| f.clone());
            let members = match group {
                Some(members) => members,
                None if self.fx.contains_key(name.as_str()) => vec![self.function(name)],
                None => {
                    let mut known: Vec<String> = self.plan.groups.keys().map(ToString::to_string).collect();
                    known.extend(self.plan.functions.iter().map(|f| f.id.to_string()));
                    let message = format!("\"{}\" is neither a function nor a group in contacts/", name.value);
                    let broken = self.raw.broken.functions;
                    self.unknown(broken, name, "unknown-function", message, known.iter().map(String::as_str));
                    Vec::new()
                }
            };
            all.extend(members.into_iter().filter(|f| seen.insert(*f)));
        }
        all
    }

    fn site(&mut self, name: &Name) -> SiteId {
        let id = SiteId::from(name.as_str());
        if !self.plan.region.sites.iter().any(|s| s.id == id) {
            let names: Vec<String> = self.plan.region.sites.iter().map(|s| s.id.to_string()).collect();
            let message = format!("\"{}\" is not a site of contacts/organisation.yaml", name.value);
            let broken = self.raw.broken.organisation;
            self.unknown(broken, name, "unknown-site", message, names.iter().map(String::as_str));
        }
        id
    }

    fn level(&mut self, name: &Name) -> LevelIx {
        if let Some(level) = self.plan.ladders.level(name) {
            return level;
        }
        let names: Vec<String> = self.plan.ladders.levels.iter().map(|l| l.id.clone()).collect();
        let message = format!("\"{}\" is not a level of playbooks/readiness.yaml", name.value);
        let broken = self.raw.broken.readiness;
        self.unknown(broken, name, "unknown-level", message, names.iter().map(String::as_str));
        LevelIx(0)
    }

    fn mode(&mut self, name: &Name) -> ModeIx {
        if let Some(mode) = self.plan.ladders.mode(name) {
            return mode;
        }
        let names: Vec<String> = self.plan.ladders.modes.iter().map(|m| m.id.clone()).collect();
        let message = format!("\"{}\" is not a staff mode of playbooks/readiness.yaml", name.value);
        let broken = self.raw.broken.readiness;
        self.unknown(broken, name, "unknown-mode", message, names.iter().map(String::as_str));
        ModeIx::NORMAL
    }

    fn lang(&mut self, name: &Name) -> Option<Lang> {
        let lang = match Lang::try_from(name.value.clone()) {
            Ok(lang) => lang,
            Err(why) => {
                self.found.error(name.place, "language", why);
                return None;
            }
        };
        if !self.plan.region.languages.contains(&lang) && !self.raw.broken.organisation {
            let there: Vec<&str> = self.plan.region.languages.iter().map(Lang::as_str).collect();
            let message = format!("\"{lang}\" is not a language of contacts/organisation.yaml");
            self.found.error(name.place, "unknown-language", message).nearest(name, there.iter().copied());
            return None;
        }
        Some(lang)
    }

    /// Infrastructure that something hangs on.
    fn needs(&mut self, list: &List<At<Need>>) -> Needs {
        list.iter().map(|any| any.0.iter().map(|name| self.infra(name, any.place)).collect()).collect()
    }

    fn infra(&mut self, name: &str, place: Place) -> InfraId {
        let id = InfraId::from(name);
        if !self.plan.infra.iter().any(|i| i.id == id) {
            let names: Vec<String> = self.plan.infra.iter().map(|i| i.id.to_string()).collect();
            let message = format!("\"{name}\" is nothing that channels/infrastructure.yaml defines");
            let broken = self.raw.broken.infra;
            let name = At { value: name.to_owned(), place };
            self.unknown(broken, &name, "unknown-infrastructure", message, names.iter().map(String::as_str));
        }
        id
    }

    fn system(&mut self, name: &Name) -> SystemId {
        let id = SystemId::from(name.as_str());
        if self.plan.system(&id).is_none() {
            let names: Vec<String> = self.plan.systems.iter().map(|s| s.id.to_string()).collect();
            let message = format!("\"{}\" is not a system of playbooks/systems.yaml", name.value);
            let broken = self.raw.broken.systems;
            self.unknown(broken, name, "unknown-system", message, names.iter().map(String::as_str));
        }
        id
    }

    fn routine(&mut self, name: &Name) -> RoutineId {
        let id = RoutineId::from(name.as_str());
        if !self.plan.routines.contains_key(&id) {
            let names: Vec<String> = self.plan.routines.keys().map(ToString::to_string).collect();
            let message = format!("\"{}\" is not a fallback routine of playbooks/systems.yaml", name.value);
            let broken = self.raw.broken.systems;
            self.unknown(broken, name, "unknown-routine", message, names.iter().map(String::as_str));
        }
        id
    }

    /// A text in every language of the region; each must be able to stand in a message.
    fn texts(&mut self, place: Place, texts: &Texts) -> L10n {
        let mut all = BTreeMap::new();
        for (name, text) in texts.iter() {
            let Some(lang) = self.lang(name) else { continue };
            self.canonical(text);
            all.insert(lang, text.value.clone());
        }
        let missing: Vec<&str> =
            self.plan.region.languages.iter().filter(|l| !all.contains_key(*l)).map(Lang::as_str).collect();
        if !missing.is_empty() && !self.raw.broken.organisation {
            let message = format!("the text is missing in {}", missing.join(", "));
            let at = texts.first().map_or(place, |(name, _)| name.place);
            self.found.error(at, "missing-language", message);
        }
        L10n(all)
    }

    /// The same where it may be left out.
    fn optional(&mut self, place: Place, texts: Option<&Texts>) -> L10n {
        texts.map_or_else(L10n::default, |t| self.texts(place, t))
    }

    /// Text that stands in messages must be printable, in one paragraph, with single spaces.
    fn canonical(&mut self, text: &Name) {
        if let Err(why) = Canonical::new(text) {
            let note = self.found.error(text.place, "text", why.to_string());
            if let Ok(mended) = Canonical::from_typed(text) {
                note.help(format!("write \"{mended}\""));
            }
        }
    }

    /// IDs stand in logs, file names and on command lines.
    fn id(&mut self, name: &Name) {
        let good = !name.is_empty()
            && name.len() <= 40
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !good {
            let message =
                format!("\"{}\" can't be an ID: small letters a-z, digits and hyphens, at most 40", name.value);
            self.found.error(name.place, "id", message);
        }
    }
}
