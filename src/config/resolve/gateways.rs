//! Gateways: what they carry goes into the plan, how they are spoken to goes to the channels.

use super::Resolver;
use crate::config::load::{GatewayConfig, GatewayKind, Settings, host_of};
use crate::config::raw::channels::{
    CharsetWord, DaemonWord, EmailGateway, FaxGateway, FaxMailEntry, JoinWord, LimitsEntry, PageWord, SecretEntry,
    SmsGateway, SmsHttpEntry, SmsSpoolEntry, SplitWord, TlsWord, WebGateway,
};
use crate::config::raw::{At, List, Name, Need};
use crate::config::secrets::SecretRef;
use crate::domain::ids::{GatewayId, GatewayIx};
use crate::domain::plan::{Capability, Channel, GatewayInfo, Infra};
use crate::domain::text::Charset;

/// More parts than that are no SMS any more.
const SMS_PARTS_MAX: u32 = 16;

/// What is the same for every gateway.
pub(super) struct Way<'r> {
    pub name: &'r Name,
    pub channel: Channel,
    pub capability: Capability,
    pub answers: bool,
    pub receipts: bool,
    pub needs: &'r List<At<Need>>,
    pub limits: &'r LimitsEntry,
    pub settings: Settings,
}

impl Resolver<'_> {
    pub(super) fn infrastructure(&mut self) {
        let raw = self.raw;
        let Some(file) = &raw.infrastructure else { return };
        for (name, entry) in file.infrastructure.iter() {
            self.id(name);
            let holds_min = entry.holds.map(|s| s.0 / 60);
            self.plan.infra.push(Infra { id: name.as_str().into(), needs: Vec::new(), holds_min });
            self.places.infra.push(name.place);
        }
        for (i, (_, entry)) in file.infrastructure.iter().enumerate() {
            self.plan.infra[i].needs = self.needs(&entry.needs);
        }
    }

    pub(super) fn gateways(&mut self) -> Vec<GatewayConfig> {
        let raw = self.raw;
        let mut all = Vec::new();
        for (name, g) in raw.sms.iter().flat_map(|f| f.gateways.iter()) {
            self.sms(name, g, &mut all);
        }
        for (name, g) in raw.email.iter().flat_map(|f| f.gateways.iter()) {
            self.host(&g.smtp.host);
            self.mailbox(&g.smtp.from);
            for address in [&g.smtp.reply_to, &g.smtp.return_path].into_iter().flatten() {
                self.mailbox(address);
            }
            self.secret(g.smtp.password.as_ref());
            self.returns(name, g);
            let (needs, limits) = (&g.needs, &g.limits);
            let (capability, settings) =
                (Capability::Whole { chars_max: None }, Settings::Smtp(Box::new(g.smtp.clone())));
            let (answers, receipts) = (g.answers, g.receipts);
            self.gateway(
                Way { name, channel: Channel::Email, capability, answers, receipts, needs, limits, settings },
                &mut all,
            );
        }
        for (name, g) in raw.fax.iter().flat_map(|f| f.gateways.iter()) {
            self.fax(name, g, &mut all);
        }
        for (name, g) in raw.paging.iter().flat_map(|f| f.gateways.iter()) {
            self.paging(name, g, &mut all);
        }
        for (name, g) in raw.web.iter().flat_map(|f| f.gateways.iter()) {
            self.url(&g.readback_url);
            self.mirror(g);
            let (needs, limits, settings) = (&g.needs, &g.limits, Settings::Web(g.clone()));
            let capability = Capability::Whole { chars_max: None };
            let way = Way {
                name,
                channel: Channel::Web,
                capability,
                answers: false,
                receipts: true,
                needs,
                limits,
                settings,
            };
            self.gateway(way, &mut all);
        }
        let no_limits = LimitsEntry::default();
        for (name, g) in raw.manual.iter().flat_map(|f| f.gateways.iter()) {
            self.texts(name.place, &g.title);
            self.texts(name.place, &g.how);
            if let Some(coverage) = &g.coverage {
                self.texts(name.place, &coverage.of);
                if coverage.reached.value > coverage.total {
                    let message = format!("{} of {} can't be reached", coverage.reached.value, coverage.total);
                    self.found.error(coverage.reached.place, "coverage", message);
                }
            }
            let (needs, limits, settings) = (&g.needs, &no_limits, Settings::Manual(g.clone()));
            let capability = Capability::Whole { chars_max: g.chars_max };
            let way = Way {
                name,
                channel: Channel::Manual,
                capability,
                answers: false,
                receipts: true,
                needs,
                limits,
                settings,
            };
            self.gateway(way, &mut all);
        }
        all
    }

    /// What comes back by mail, and whether anybody reads it.
    fn returns(&mut self, name: &Name, g: &EmailGateway) {
        let Some(mailbox) = &g.smtp.mailbox else {
            for (says, what) in [(g.receipts, "receipts"), (g.answers, "answers")] {
                if says {
                    let message = format!("gateway \"{}\" says {what}: true, but no mailbox is read", name.value);
                    self.found
                        .error(name.place, "mailbox", message)
                        .help("give smtp a mailbox: { maildir: PATH } or { imap: … }");
                }
            }
            return;
        };
        if let Some(imap) = &mailbox.value.imap {
            if let Some(host) = &imap.host {
                self.host(host);
            }
            self.secret(Some(&imap.password));
        }
        if mailbox.value.maildir.is_some() == mailbox.value.imap.is_some() {
            self.found
                .error(mailbox.place, "mailbox", "a mailbox lies in one place")
                .help("write { maildir: PATH } or { imap: { host: …, user: …, password: … } }");
        }
        if !g.receipts && !g.answers {
            let message = format!("nothing counts that comes into the mailbox of gateway \"{}\"", name.value);
            self.found
                .warning(mailbox.place, "mailbox", message)
                .help("add receipts: true, and answers: true if people may answer by mail");
        }
    }

    fn sms(&mut self, name: &Name, g: &SmsGateway, all: &mut Vec<GatewayConfig>) {
        self.at_least_one(&g.parts_max);
        if g.parts_max.value > SMS_PARTS_MAX {
            self.found.error(g.parts_max.place, "limit", format!("at most {SMS_PARTS_MAX} parts make one SMS"));
        }
        if !matches!(g.alphabet.value, CharsetWord::Gsm7 | CharsetWord::Latin1 | CharsetWord::Ascii7) {
            let message = "SMS knows gsm7, latin1 and ascii7 as its alphabet";
            self.found.error(g.alphabet.place, "alphabet", message).help("for everything else set ucs2: true");
        }
        let settings = match (&g.smpp, &g.http, &g.spool) {
            (Some(smpp), None, None) => {
                self.host(&smpp.host);
                self.secret(smpp.password.as_ref());
                if matches!(smpp.tls, TlsWord::Starttls | TlsWord::Opportunistic) {
                    let message = "SMPP has no STARTTLS: its connection is TLS from the first byte, or not at all";
                    self.found.error(smpp.host.place, "smpp-tls", message).help("write tls: tls or tls: none");
                }
                Settings::Smpp(Box::new(smpp.clone()))
            }
            (None, Some(http), None) => {
                self.url(&http.url);
                self.secret(http.password.as_ref());
                self.secret(http.callback_secret.as_ref());
                self.callback_signature(http);
                for url in [&http.callback_base, &http.probe_url].into_iter().flatten() {
                    self.url(url);
                }
                Settings::Http(Box::new(http.clone()))
            }
            (None, None, Some(spool)) => {
                self.spool(name, g, spool);
                Settings::SmsSpool(Box::new(spool.clone()))
            }
            (None, None, None) => {
                let message = format!("gateway \"{}\" does not say how it is spoken to", name.value);
                self.found.error(name.place, "gateway-kind", message).help("give it smpp:, http: or spool:");
                return;
            }
            _ => {
                let message = format!(
                    "gateway \"{}\" has more than one of smpp, http and spool; one gateway is one way out",
                    name.value
                );
                self.found.error(name.place, "gateway-kind", message).help("make it several gateways");
                return;
            }
        };
        let capability = Capability::Sms {
            charset: charset(g.alphabet.value),
            ucs2: g.ucs2,
            // The header that a gateway writes for sar_* has a reference of 16 bits.
            ref16: g.ref16 || g.smpp.as_ref().is_some_and(|s| s.join == JoinWord::Sar),
            separate: g.split == SplitWord::Separate,
            parts_max: g.parts_max.value,
        };
        let (needs, limits, answers, receipts) = (&g.needs, &g.limits, g.answers, g.receipts);
        self.gateway(Way { name, channel: Channel::Sms, capability, answers, receipts, needs, limits, settings }, all);
    }

    fn fax(&mut self, name: &Name, g: &FaxGateway, all: &mut Vec<GatewayConfig>) {
        self.at_least_one(&g.pages_max);
        self.at_least_one(&g.chars_max);
        let settings = match (&g.hylafax, &g.mail) {
            (Some(hylafax), None) => {
                self.host(&hylafax.host);
                self.secret(hylafax.password.as_ref());
                self.secret(hylafax.admin_password.as_ref());
                Settings::Hylafax(hylafax.clone())
            }
            (None, Some(mail)) => {
                self.fax_mail(name, g.receipts, mail);
                Settings::FaxMail(Box::new(mail.clone()))
            }
            (None, None) => {
                let message = format!("gateway \"{}\" does not say how it is spoken to", name.value);
                self.found.error(name.place, "gateway-kind", message).help("give it hylafax: or mail:");
                return;
            }
            (Some(_), Some(_)) => {
                let message =
                    format!("gateway \"{}\" has both hylafax and mail; one gateway is one way out", name.value);
                self.found.error(name.place, "gateway-kind", message).help("make it two gateways");
                return;
            }
        };
        let capability = Capability::Fax { pages_max: g.pages_max.value, chars_max: g.chars_max.value };
        let (needs, limits, receipts) = (&g.needs, &g.limits, g.receipts);
        let way = Way { name, channel: Channel::Fax, capability, answers: false, receipts, needs, limits, settings };
        self.gateway(way, all);
    }

    fn fax_mail(&mut self, name: &Name, receipts: bool, mail: &FaxMailEntry) {
        self.host(&mail.smtp.host);
        self.mailbox(&mail.smtp.from);
        for address in [&mail.smtp.reply_to, &mail.smtp.return_path].into_iter().flatten() {
            self.mailbox(address);
        }
        self.secret(mail.smtp.password.as_ref());
        let number = "{number}";
        let parts: Vec<&str> = mail.to.split(number).collect();
        if parts.len() != 2 || parts[0].contains('@') || !parts[1].contains('@') {
            let message = format!("\"{}\" is no address of a fax provider", mail.to.value);
            self.found
                .error(mail.to.place, "fax-address", message)
                .help("write {number} where the number goes: \"{number}@fax.provider.example\"");
        }
        if receipts || mail.smtp.mailbox.is_some() {
            let message = format!("gateway \"{}\" would take a report on the mail for one on the fax", name.value);
            self.found
                .error(name.place, "fax-receipts", message)
                .help("a mail server knows nothing of the machine that is called: leave out receipts and mailbox");
        }
    }

    fn callback_signature(&mut self, http: &SmsHttpEntry) {
        let Some(signature) = &http.callback_signature else { return };
        self.secret(Some(&signature.secret));
        let header = &signature.header;
        // RFC 9110, 5.6.2: the characters of a name; those that nobody uses are left out.
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if header.is_empty() || !header.chars().all(good) {
            let message = format!("\"{}\" is no name of a header", header.value);
            self.found.error(header.place, "callback-signature", message).help("such as X-Signature");
        }
        if http.callback_secret.is_none() {
            self.found
                .error(header.place, "callback-signature", "nobody calls back without a callback_secret")
                .help("give it one beside the signature: it makes the path");
        }
    }

    fn spool(&mut self, name: &Name, g: &SmsGateway, spool: &SmsSpoolEntry) {
        if spool.folder.is_empty() {
            self.found.error(spool.folder.place, "spool", "a spool without a folder");
        }
        if spool.daemon == DaemonWord::Gammu && g.receipts {
            let message =
                format!("gammu-smsd does not tell which SMS a status report is about (gateway \"{}\")", name.value);
            self.found.error(name.place, "spool-receipts", message).help("write receipts: false, or use smstools");
        }
        let lines = spool.queue.contains(|c: char| c.is_control());
        if lines {
            self.found.error(name.place, "spool-queue", "a queue's name is one line");
        }
    }

    pub(super) fn gateway(&mut self, way: Way<'_>, all: &mut Vec<GatewayConfig>) {
        let Way { name, channel, capability, answers, receipts, needs, limits, settings } = way;
        self.id(name);
        let at = GatewayIx(u32::try_from(all.len()).unwrap_or(u32::MAX));
        if self.gx.insert(name.value.clone(), at).is_some() {
            let message = format!("there is a gateway \"{}\" in another file of channels/", name.value);
            self.found.error(name.place, "duplicate-gateway", message);
        }
        let id = GatewayId::from(name.as_str());
        let needs = self.needs(needs);
        self.places.gateways.push(name.place);
        self.plan.gateways.push(GatewayInfo { id: id.clone(), channel, capability, answers, receipts, needs });
        for (bound, what) in [
            (limits.connections_max, "connections_max"),
            (limits.window_max, "window_max"),
            (limits.per_second_max, "per_second_max"),
            (limits.per_minute_max, "per_minute_max"),
            (limits.queue_len_max, "queue_len_max"),
            (limits.timeout.map(|s| s.0), "timeout"),
        ] {
            if bound == Some(0) {
                let message = format!("{what} of gateway \"{id}\" is 0: nothing would ever leave");
                self.found.error(name.place, "limit", message);
            }
        }
        let kind = match &settings {
            Settings::Smtp(_) => GatewayKind::Smtp,
            Settings::Smpp(_) => GatewayKind::Smpp,
            Settings::Http(_) => GatewayKind::Http,
            Settings::SmsSpool(_) => GatewayKind::SmsSpool,
            Settings::Hylafax(_) => GatewayKind::Hylafax,
            Settings::FaxMail(_) => GatewayKind::FaxMail,
            Settings::Snpp(_) => GatewayKind::Snpp,
            Settings::Tap(_) => GatewayKind::Tap,
            Settings::Espa(_) => GatewayKind::Espa,
            Settings::Pocsag(_) => GatewayKind::Pocsag,
            Settings::Web(_) => GatewayKind::Web,
            Settings::Manual(_) => GatewayKind::Manual,
        };
        let (limits, base) = (limits.clone(), self.base.map(Into::into));
        all.push(GatewayConfig { id, channel, kind, settings, limits, base });
    }

    fn mirror(&mut self, g: &WebGateway) {
        let Some(mirror) = &g.mirror else { return };
        if mirror.kinds() != 1 {
            let message = format!("a mirror is one place, here are {}", mirror.kinds());
            self.found
                .error(mirror.place, "mirror", message)
                .help("write one of folder, webdav and s3; two are two mirrors");
        }
        if g.page != PageWord::Public {
            let message = "only the public page is mirrored: nothing internal may lie on a server outside";
            self.found.error(mirror.place, "mirror", message);
        }
        if let Some(url) = mirror.url() {
            self.url(url);
        }
        if mirror.folder.as_ref().is_some_and(|f| f.trim().is_empty()) {
            self.found.error(mirror.place, "mirror", "the folder has no name");
        }
        if let Some(s3) = &mirror.s3
            && (s3.bucket.is_empty() || s3.bucket.contains(|c: char| !c.is_ascii_alphanumeric() && !"-._".contains(c)))
        {
            self.found.error(s3.bucket.place, "mirror", format!("\"{}\" is no name of a bucket", s3.bucket.value));
        }
        self.secret(mirror.secret());
    }

    pub(super) fn host(&mut self, host: &Name) {
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
            let message = format!("\"{}\" is no name or address of a machine", host.value);
            self.found.error(host.place, "host", message);
        }
    }

    pub(super) fn url(&mut self, url: &Name) {
        let good = (url.starts_with("http://") || url.starts_with("https://"))
            && host_of(url).is_some()
            && !url.contains(char::is_whitespace);
        if !good {
            let message = format!("\"{}\" is no address that begins with http:// or https://", url.value);
            self.found.error(url.place, "url", message);
        }
    }

    pub(super) fn secret(&mut self, entry: Option<&At<SecretEntry>>) {
        let Some(entry) = entry else { return };
        if SecretRef::of(entry, None).is_none() {
            self.found
                .error(entry.place, "secret", "a secret lies in one place")
                .help("write { env: NAME } or { file: PATH }; no secret stands in these files");
        }
    }

    pub(super) fn at_least_one(&mut self, value: &At<u32>) {
        if value.value == 0 {
            self.found.error(value.place, "limit", "0 carries nothing; at least 1");
        }
    }

    /// The place of a gateway, for mistakes about it.
    pub(super) fn gateway_named(&mut self, name: &Name, channel: Channel) -> Option<GatewayIx> {
        let hit = self.gx.get(name.as_str()).copied();
        match hit {
            Some(g) if self.plan.gateways.get(g.ix()).is_some_and(|info| info.channel == channel) => Some(g),
            Some(_) => {
                let message = format!("gateway \"{}\" can't reach it: it is no {channel} gateway", name.value);
                self.found.error(name.place, "wrong-channel", message);
                None
            }
            None => {
                let names: Vec<String> =
                    self.plan.gateways.iter().filter(|g| g.channel == channel).map(|g| g.id.to_string()).collect();
                let message = format!("gateway \"{}\" is one that no file in channels/ defines", name.value);
                let broken = self.raw.broken.gateways;
                self.unknown(broken, name, "unknown-gateway", message, names.iter().map(String::as_str));
                None
            }
        }
    }

    pub(super) fn mailbox(&mut self, address: &Name) -> bool {
        let good = address.split_once('@').is_some_and(|(user, domain)| {
            let plain = |s: &str, extra: &str| {
                !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || extra.as_bytes().contains(&b))
            };
            plain(user, ".!#$%&'*+-/=?^_`{|}~") && plain(domain, ".-") && domain.contains('.') && address.len() <= 254
        });
        if !good {
            self.found.error(address.place, "mailbox", format!("\"{}\" is no mail address", address.value));
        }
        good
    }
}

pub(super) fn charset(word: CharsetWord) -> Charset {
    match word {
        CharsetWord::Utf8 => Charset::Utf8,
        CharsetWord::Gsm7 => Charset::Gsm7,
        CharsetWord::Latin1 => Charset::Latin1,
        // SFS 4017 has the letters of SEN 85 02 00 in the same places.
        CharsetWord::Iso646Se | CharsetWord::Iso646Fi => Charset::Iso646Se,
        CharsetWord::Ascii7 => Charset::Ascii7,
        CharsetWord::Iso646No => Charset::Iso646No,
        CharsetWord::Iso646Dk => Charset::Iso646Dk,
        CharsetWord::Iso646De => Charset::Iso646De,
        CharsetWord::Numeric => Charset::Numeric,
    }
}
