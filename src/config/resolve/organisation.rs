//! The region, its sites, its calendar and its limits.

use jiff::civil::Date;

use super::Resolver;
use crate::config::loaded::Statement;
use crate::config::raw::contacts::Limits;
use crate::domain::calendar::{Calendar, Zone};
use crate::domain::ids::SiteId;
use crate::domain::lang::Lang;
use crate::domain::plan::{self, Site};
use crate::yaml::addresses::{check_mail_address, check_url};
use crate::yaml::telephone;

/// The digits of a number that the public dials: 112, 1177, or a whole one.
const DIALLED: std::ops::RangeInclusive<usize> = 2..=15;
/// A site stands in every text: more letters leave no room on a pager's first page.
const SITE_CHARS_MAX: usize = 4;

impl Resolver<'_> {
    pub(super) fn organisation(&mut self) {
        let raw = self.raw;
        let Some(org) = &raw.organisation else { return };
        self.id(&org.region.id);
        self.canonical(&org.region.name);
        let region = &mut self.plan.region;
        region.id = org.region.id.value.clone();
        region.name = org.region.name.value.clone();
        region.languages.clear();
        for name in org.languages.iter() {
            match Lang::try_from(name.value.clone()) {
                Ok(lang) if !region.languages.contains(&lang) => region.languages.push(lang),
                Ok(lang) => {
                    self.found.error(name.place, "language", format!("{lang} stands in the list twice"));
                }
                Err(why) => {
                    self.found.error(name.place, "language", why);
                }
            }
        }
        if region.languages.is_empty() {
            self.found.error(org.region.id.place, "language", "the region needs at least one language");
        }
        for (id, entry) in org.sites.iter() {
            let good = (1..=SITE_CHARS_MAX).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            if !good {
                let message = format!("\"{}\" can't be a site: 1 to {SITE_CHARS_MAX} letters A-Z or digits", id.value);
                self.found
                    .error(id.place, "site-name", message)
                    .help("it stands in every text, also on pagers without å ä ö");
            }
            let name = self.texts(id.place, &entry.name);
            self.plan.region.sites.push(Site { id: SiteId::from(id.as_str()), name });
        }
        self.plan.region.whole = self.site(&org.whole);

        let zone = Zone::named(&org.time_zone);
        if zone.is_none() {
            self.found
                .error(org.time_zone.place, "time-zone", format!("there is no time zone \"{}\"", org.time_zone.value))
                .help("write its IANA name, such as Europe/Stockholm");
        }
        let (day, night) = (&org.office_hours.value, &org.night);
        if day.from.0 >= day.to.0 {
            self.found.error(org.office_hours.place, "office-hours", "office hours end before they begin");
        }
        self.places.office_hours = org.office_hours.place;
        self.plan.calendar = Calendar {
            zone: zone.unwrap_or_default(),
            day_from_min: day.from.0,
            day_to_min: day.to.0,
            night_from_min: night.from.0,
            night_to_min: night.to.0,
            holidays: org.holidays.iter().map(|d| d.value.0).collect(),
        };
        for (i, day) in org.holidays.iter().enumerate() {
            if org.holidays[..i].iter().any(|before| before.value == day.value && before.value.0 != Date::ZERO) {
                self.found.warning(day.place, "holiday-twice", format!("{} stands here twice", day.value.0));
            }
        }
        if night.from == night.to {
            let help = "write from: 22:00 and to: 06:30, or what holds with you";
            self.found.error(org.night.place, "night", "the night ends when it begins").help(help);
        }
        for (number, what) in [(&org.call, "call"), (&org.emergency, "emergency"), (&org.outside_call, "outside_call")]
        {
            if let Some(number) = number.as_ref().filter(|n| !telephone::is_dialled(n, DIALLED)) {
                let message = format!("{what}: \"{}\" is not a telephone number", number.value);
                self.found.error(number.place, "phone", message).help("digits, spaces and hyphens, as people dial it");
            }
        }

        let region = &mut self.plan.region;
        if let Some(call) = &org.call {
            region.call = call.value.clone();
            self.places.call = Some(call.place);
        }
        region.emergency = org.emergency.as_ref().map_or_else(String::new, |n| n.value.clone());
        region.outside_call = org.outside_call.as_ref().map_or_else(String::new, |n| n.value.clone());
        if let Some(country) = &org.country {
            let code = country.value.trim_start_matches('+');
            if (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()) && !code.starts_with('0') {
                region.country = code.to_owned();
            } else {
                let message = format!("\"{}\" is not a country's calling code", country.value);
                self.found.error(country.place, "country", message).help("one to three digits, as country: \"46\"");
            }
        }
        let region = &mut self.plan.region;
        let set = |to: &mut u32, from: Option<u32>| {
            if let Some(value) = from {
                *to = value;
            }
        };
        set(&mut region.holding_after_s, org.holding_after.map(|s| s.0));
        set(&mut region.page_valid_s, org.page_valid.map(|s| s.0));
        limits(&mut region.limits, &org.limits);
    }

    /// What the public page says of its accessibility; after the languages are known.
    pub(super) fn statement(&mut self) -> Statement {
        let raw = self.raw;
        let Some(org) = &raw.organisation else { return Statement::default() };
        self.places.organisation = org.region.id.place;
        let Some(given) = &org.accessibility else { return Statement::default() };
        let (place, given) = (given.place, &given.value);
        let contact = &given.contact;
        if contact.contains("://") {
            check_url(contact, self.found);
        } else if contact.contains('@') {
            check_mail_address(contact, self.found);
        } else if !telephone::is_dialled(contact, DIALLED) {
            let message = format!("accessibility: \"{}\" is no address that a reader can use", contact.value);
            self.found
                .error(contact.place, "accessibility-contact", message)
                .help("a mail address, a telephone number, or the https address of a form");
        }
        let text = self.optional(place, given.text.as_ref());
        let authority = self.optional(place, given.authority.as_ref());
        let assessed = given.assessed.as_ref().map(|d| d.value.0);
        Statement { contact: contact.value.clone(), text, assessed, authority }
    }

    /// What of the organisation names functions; after they are known.
    pub(super) fn duties_of_the_organisation(&mut self) {
        let raw = self.raw;
        let Some(org) = &raw.organisation else { return };
        self.plan.region.last_resort = self.duties(&org.last_resort);
        self.plan.region.command = self.duties(&org.command);
        if org.last_resort.is_empty() {
            self.found
                .error(org.switchboard.place, "last-resort", "last_resort names nobody")
                .help("it is asked when a function and its deputies are silent");
        }
        self.places.switchboard = org.switchboard.place;
        self.plan.region.switchboard = self.function(&org.switchboard);
        self.plan.region.seals_to = org.seals_to.as_ref().map(|name| self.function(name));
        for f in self.duties(&org.care) {
            if let Some(function) = self.plan.functions.get_mut(f.ix()) {
                function.care = true;
            }
        }
    }
}

fn limits(to: &mut plan::Limits, from: &Limits) {
    for (value, given) in [
        (&mut to.approval_delivered_s, from.approval_delivered.map(|s| s.0)),
        (&mut to.wrong_codes_max, from.wrong_codes_max),
        (&mut to.bare_answer_s, from.bare_answer.map(|s| s.0)),
        (&mut to.after_drill_s, from.after_drill.map(|s| s.0)),
        (&mut to.wait_extends_s, from.wait_extends.map(|s| s.0)),
        (&mut to.delivery_ttl_s, from.delivery_ttl.map(|s| s.0)),
        (&mut to.open_incidents_max, from.open_incidents_max),
        (&mut to.deliveries_max, from.deliveries_max),
        (&mut to.restored_within_s, from.restored_within.map(|s| s.0)),
    ] {
        if let Some(given) = given {
            *value = given;
        }
    }
}
