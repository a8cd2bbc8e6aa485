//! Functions, their duty points, groups.

use std::collections::{HashMap, HashSet};

use super::Resolver;
use crate::config::CronTime;
use crate::config::loaded::normal;
use crate::config::raw::contacts::{FunctionEntry, HoursWord, PointEntry};
use crate::domain::ids::{FunctionId, FunctionIx, GatewayIx, GroupId, PointIx};
use crate::domain::lang::{L10n, Lang};
use crate::domain::plan::{Channel, DutyPoint, Function, Hours, Phone};
use crate::domain::roster::Roster;
use crate::yaml::addresses::check_mail_address;
use crate::yaml::diagnostics::Place;
use crate::yaml::{At, Name, telephone};

/// The digits of a number that people dial: a short one on the own exchange, or a whole one (E.164).
const DIALLED: std::ops::RangeInclusive<usize> = 1..=15;
/// A function's short name has no more characters: several stand before a text.
const SHORT_CHARS_MAX: usize = 10;
/// The most digits of a pager's code.
const PAGER_DIGITS_MAX: usize = 20;

impl Resolver<'_> {
    /// The functions' names and titles, so that they can be named from everywhere.
    pub(super) fn function_names(&mut self) {
        let raw = self.raw;
        let Some(file) = &raw.functions else { return };
        for (name, entry) in file.functions.iter() {
            self.id(name);
            let at = FunctionIx(u32::try_from(self.plan.functions.len()).unwrap_or(u32::MAX));
            self.fx.insert(name.value.clone(), at);
            self.places.functions.push(name.place);
            let title = self.texts(name.place, &entry.title);
            let short = self.short(name, entry);
            let site = self.site(&entry.site);
            let place = entry.place.as_ref().map_or_else(L10n::default, |texts| self.texts(name.place, texts));
            let answers = self.answers(entry.answers.as_ref()).unwrap_or(1);
            self.plan.functions.push(Function {
                id: FunctionId::from(name.as_str()),
                title,
                short,
                site,
                place,
                hours: Hours::Always,
                answer_within_s: entry.answer_within.value.0,
                answers,
                deputies: Vec::new(),
                points: Vec::new(),
                roster: Roster::default(),
                lang: self.plan.lang(),
                care: false,
                shifts: Vec::new(),
                phone: None,
                may_own: entry.may_own,
            });
        }
        if self.plan.functions.is_empty() && !raw.broken.functions {
            let place = raw.organisation.as_ref().map_or_else(Place::default, |o| o.switchboard.place);
            self.found.error(place, "no-functions", "contacts/functions.yaml has no function");
        }
    }

    /// What a function is called where many are listed.
    fn short(&mut self, name: &Name, entry: &FunctionEntry) -> L10n {
        let Some(texts) = &entry.short else { return L10n::default() };
        for (_, text) in texts.iter() {
            let chars = text.chars().count();
            if chars > SHORT_CHARS_MAX {
                let message = format!("\"{}\" has {chars} characters, at most {SHORT_CHARS_MAX}", text.value);
                self.found.error(text.place, "short", message);
            }
        }
        self.texts(name.place, texts)
    }

    pub(super) fn groups(&mut self) {
        let raw = self.raw;
        let Some(file) = &raw.groups else { return };
        for (name, members) in file.groups.iter() {
            self.id(name);
            if self.fx.contains_key(name.as_str()) || name.as_str() == "public" {
                let message = format!(
                    "\"{}\" is a function too, or has a meaning of its own; name the group differently",
                    name.value
                );
                self.found.error(name.place, "group-name", message);
            }
            let mut all = Vec::new();
            let mut seen = HashSet::new();
            for member in members.iter() {
                let f = self.function(member);
                let known = self.fx.contains_key(member.as_str());
                if known && !seen.insert(f) {
                    let message = format!("\"{}\" is in the group twice", member.value);
                    self.found.warning(member.place, "twice-in-group", message);
                } else {
                    all.push(f);
                }
            }
            if all.is_empty() {
                self.found.warning(name.place, "empty-group", format!("group \"{}\" has nobody", name.value));
            }
            self.plan.groups.insert(GroupId::from(name.as_str()), all);
        }
    }

    pub(super) fn functions(&mut self) {
        let raw = self.raw;
        let Some(file) = &raw.functions else { return };
        let mut points: HashMap<(Channel, String), PointIx> = HashMap::new();
        for (i, (name, entry)) in file.functions.iter().enumerate() {
            let f = FunctionIx(u32::try_from(i).unwrap_or(u32::MAX));
            let hours = self.hours(name, entry);
            let mut deputies = Vec::new();
            for deputy in entry.deputies.iter() {
                let d = self.function(deputy);
                if d == f && self.fx.contains_key(deputy.as_str()) {
                    self.found.error(deputy.place, "own-deputy", format!("\"{}\" is its own deputy", name.value));
                } else if !deputies.contains(&d) && self.fx.contains_key(deputy.as_str()) {
                    deputies.push(d);
                }
            }
            let languages: Vec<Lang> = entry.languages.iter().filter_map(|l| self.lang(l)).collect();
            let languages = if languages.is_empty() { vec![self.plan.lang()] } else { languages };
            for shift in entry.shifts.iter() {
                if let Err(e) = CronTime::read(&shift.value) {
                    let message = format!("\"{}\" is not a time in cron notation: {e}", shift.value);
                    self.found
                        .error(shift.place, "shift", message)
                        .help("write minute hour day month weekday: 0 7 * * *");
                }
            }
            let phone = entry.phone.as_ref().map(|p| {
                if !telephone::is_dialled(&p.number, DIALLED) {
                    let message = format!("\"{}\" is not a telephone number", p.number.value);
                    self.found
                        .error(p.number.place, "phone", message)
                        .help("digits, spaces and hyphens, as people dial it");
                }
                Phone { number: p.number.value.clone(), publishable: p.publishable, needs: self.needs(&p.needs) }
            });
            let reach: Vec<Option<PointIx>> =
                entry.reach.iter().map(|p| self.point(f, p, &languages, &mut points)).collect();
            let ids = self.point_ids(entry, &reach);
            self.point_ids.insert(f, ids);
            let function = &mut self.plan.functions[i];
            function.hours = hours;
            function.deputies = deputies;
            function.lang = languages[0];
            function.shifts = entry.shifts.iter().map(|s| s.value.clone()).collect();
            function.phone = phone;
            function.points = reach.into_iter().flatten().collect();
        }
    }

    fn hours(&mut self, name: &Name, entry: &FunctionEntry) -> Hours {
        match (entry.hours, &entry.covered_by) {
            (HoursWord::Always, None) => Hours::Always,
            (HoursWord::Day, Some(by)) => {
                let covered_by = self.function(by);
                // Who is nobody closes no circle.
                if self.fx.contains_key(by.as_str()) { Hours::Day { covered_by } } else { Hours::Always }
            }
            (HoursWord::Day, None) => {
                let day = self.plan.calendar.day_to_min.saturating_sub(self.plan.calendar.day_from_min);
                let open = 168 - 5 * u32::from(day) / 60;
                let message = format!("nobody holds \"{}\" in {open} of the week's 168 hours", name.value);
                self.found.error(name.place, "gap", message).help("say who holds it outside office hours: covered_by");
                Hours::Always
            }
            (HoursWord::Always, Some(by)) => {
                let message = format!("\"{}\" is always held by itself, and yet covered", name.value);
                self.found.error(by.place, "covered-always", message).help("write hours: day, or leave covered_by out");
                Hours::Always
            }
        }
    }

    fn point(
        &mut self,
        f: FunctionIx,
        at: &At<PointEntry>,
        languages: &[Lang],
        points: &mut HashMap<(Channel, String), PointIx>,
    ) -> Option<PointIx> {
        let given: Vec<(Channel, &Name)> = [
            (Channel::Sms, &at.sms),
            (Channel::Paging, &at.pager),
            (Channel::Fax, &at.fax),
            (Channel::Email, &at.email),
        ]
        .into_iter()
        .filter_map(|(channel, name)| name.as_ref().map(|n| (channel, n)))
        .collect();
        let [(channel, address)] = given[..] else {
            let message = "a duty point is one of sms, pager, fax, email";
            self.found.error(at.place, "point", message).help("make each address a line of its own");
            return None;
        };
        self.address(channel, address);
        let key = normal(channel, address);
        let via: Vec<GatewayIx> = at.via.iter().filter_map(|g| self.gateway_named(g, channel)).collect();
        if channel == Channel::Paging && at.via.is_empty() {
            let help = "pager codes mean something on their own transmitter only: via: [page-fs]";
            self.found.error(at.place, "pager-via", "a pager needs its transmitter").help(help);
        }
        let gateways: Vec<GatewayIx> = if at.via.is_empty() {
            let all = self.plan.gateways.iter().enumerate().filter(|(_, g)| g.channel == channel);
            all.filter_map(|(i, _)| u32::try_from(i).ok()).map(GatewayIx).collect()
        } else {
            via
        };
        if gateways.is_empty() && at.via.is_empty() && !self.raw.broken.gateways {
            let message = format!("no gateway in channels/ can reach a {channel} address");
            self.found.error(at.place, "no-gateway", message);
        }
        let own: Vec<Lang> = at.languages.iter().filter_map(|l| self.lang(l)).collect();
        let languages = if own.is_empty() { languages.to_vec() } else { own };
        let needs = self.needs(&at.needs);
        // One code on two transmitters is two pagers; one number is one telephone, whoever reaches it.
        let key = match channel {
            Channel::Paging => format!("{key}@{:?}", gateways.iter().map(|g| g.0).collect::<Vec<_>>()),
            _ => key,
        };
        if let Some(&px) = points.get(&(channel, key.clone())) {
            let point = &mut self.plan.points[px.ix()];
            if point.functions.contains(&f) {
                self.found.error(at.place, "point-twice", "this address stands here twice");
                return None;
            }
            point.functions.push(f);
            let new: Vec<_> = needs.into_iter().filter(|any| !point.needs.contains(any)).collect();
            point.needs.extend(new);
            point.proven = point.proven.max(at.proven.map(|d| d.0));
            let (differs, first) = (point.languages != languages || point.gateways != gateways, point.functions[0]);
            if differs {
                let first = &self.plan.functions[first.ix()].id;
                let message =
                    format!("\"{first}\" has the same address with other gateways or languages, and those hold");
                self.found.warning(at.place, "point-differs", message).help("write the same in both");
            }
            return Some(px);
        }
        let px = PointIx(u32::try_from(self.plan.points.len()).unwrap_or(u32::MAX));
        let proven = at.proven.map(|d| d.0);
        self.plan.points.push(DutyPoint { channel, gateways, languages, functions: vec![f], proven, needs });
        self.places.points.push(at.place);
        self.addresses.push(normal(channel, address).into());
        points.insert((channel, key), px);
        Some(px)
    }

    fn address(&mut self, channel: Channel, address: &Name) {
        match channel {
            Channel::Email => {
                check_mail_address(address, self.found);
            }
            Channel::Paging => {
                // A radio identity code may say which of the pager's four functions is meant: 1234567:1.
                let code = match address.split_once(':') {
                    Some((code, "0" | "1" | "2" | "3" | "A" | "B" | "C" | "D")) => code,
                    _ => address.as_str(),
                };
                let digits = code.bytes().all(|b| b.is_ascii_digit());
                if !digits || code.is_empty() || address.len() > PAGER_DIGITS_MAX {
                    self.found.error(
                        address.place,
                        "pager",
                        format!("\"{}\" is not a pager code: digits only", address.value),
                    );
                }
            }
            Channel::Sms | Channel::Fax => {
                if let Err((why, help)) = telephone::international(address) {
                    let message = format!("\"{}\" {why}", address.value);
                    self.found.error(address.place, "number", message).help(help);
                }
            }
            Channel::Web | Channel::Manual => {}
        }
    }
}
