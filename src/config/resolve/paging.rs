//! Transmitters and paging systems: one protocol each, and nothing that its line or its pagers can't carry.

use super::Resolver;
use super::gateways::{Way, charset};
use crate::config::diagnostics::Place;
use crate::config::load::{GatewayConfig, Settings};
use crate::config::raw::Name;
use crate::config::raw::channels::{CharsetWord, LineEntry, PagingGateway, PocsagEntry};
use crate::domain::plan::{Capability, Channel};

/// A pager that shows fewer characters has no room for header and mark.
const PAGE_CHARS_MIN: u32 = 60;
/// Bytes of a block that ESPA 4.4.4 wants beside the text: header, separators, address, the other records, check character.
const ESPA_AROUND: u32 = 36;
/// Bytes of a block that every paging system takes.
const ESPA_BLOCK_BYTES: u32 = 128;

impl Resolver<'_> {
    pub(super) fn paging(&mut self, name: &Name, g: &PagingGateway, all: &mut Vec<GatewayConfig>) {
        self.at_least_one(&g.pages_max);
        if g.chars_max.value < PAGE_CHARS_MIN {
            let message =
                format!("{} characters have no room for header and text; {PAGE_CHARS_MIN} do", g.chars_max.value);
            self.found.error(g.chars_max.place, "limit", message);
        }
        let kinds = [g.snpp.is_some(), g.tap.is_some(), g.espa.is_some(), g.pocsag.is_some()];
        let settings = match (&g.snpp, &g.tap, &g.espa, &g.pocsag) {
            (Some(snpp), None, None, None) => {
                self.host(&snpp.host);
                self.secret(snpp.password.as_ref());
                if snpp.level.is_some_and(|l| !(1..=3).contains(&l)) {
                    self.found.error(snpp.host.place, "snpp-level", "SNPP has levels 1 to 3");
                }
                if snpp.two_way.is_some() && snpp.level != Some(3) {
                    let message = "two_way needs level: 3 (RFC 1861)";
                    self.found.error(snpp.host.place, "snpp-level", message);
                }
                if g.answers && snpp.two_way.is_none() {
                    let message = "pagers answer over SNPP only two-way";
                    self.found.error(name.place, "pager-answers", message).help("give it level: 3 and two_way: {}");
                }
                Settings::Snpp(snpp.clone())
            }
            (None, Some(tap), None, None) => {
                self.line(name.place, &tap.line);
                self.secret(tap.password.as_ref());
                self.seven_bits(g, "TAP");
                self.no_answers(name.place, g, "TAP");
                Settings::Tap(tap.clone())
            }
            (None, None, Some(espa), None) => {
                self.line(name.place, &espa.line);
                if matches!(g.charset.value, CharsetWord::Utf8 | CharsetWord::Gsm7) {
                    self.letters(g, "ESPA 4.4.4 carries one byte a letter");
                }
                let (own, system) = (espa.own.unwrap_or('1'), espa.system.unwrap_or('2'));
                if own == system || !own.is_ascii_graphic() || !system.is_ascii_graphic() {
                    let message = "own and system are two different characters, such as \"1\" and \"2\"";
                    self.found.error(name.place, "espa-address", message);
                }
                let room = espa.block_bytes_max.unwrap_or(ESPA_BLOCK_BYTES).saturating_sub(ESPA_AROUND);
                if g.chars_max.value > room {
                    let message = format!("{} characters do not go into one block; {room} do", g.chars_max.value);
                    let help = "lower chars_max, or raise block_bytes_max when the paging system takes it";
                    self.found.error(g.chars_max.place, "limit", message).help(help);
                }
                self.no_answers(name.place, g, "ESPA 4.4.4");
                Settings::Espa(espa.clone())
            }
            (None, None, None, Some(pocsag)) => {
                self.pocsag(name, pocsag);
                self.seven_bits(g, "POCSAG");
                self.no_answers(name.place, g, "POCSAG");
                Settings::Pocsag(pocsag.clone())
            }
            _ if kinds.contains(&true) => {
                let message =
                    format!("gateway \"{}\" speaks several protocols; one gateway is one way out", name.value);
                self.found.error(name.place, "gateway-kind", message).help("make them several gateways");
                return;
            }
            _ => {
                let message = format!("gateway \"{}\" does not say how it is spoken to", name.value);
                self.found.error(name.place, "gateway-kind", message).help("give it snpp:, tap:, espa: or pocsag:");
                return;
            }
        };
        let capability = Capability::Pages {
            charset: charset(g.charset.value),
            chars_max: g.chars_max.value,
            pages_max: g.pages_max.value,
        };
        let (needs, limits, answers, receipts) = (&g.needs, &g.limits, g.answers, g.receipts);
        self.gateway(
            Way { name, channel: Channel::Paging, capability, answers, receipts, needs, limits, settings },
            all,
        );
    }

    fn line(&mut self, place: Place, line: &LineEntry) {
        match (&line.host, line.port, &line.device) {
            (Some(host), Some(_), None) => self.host(host),
            (None, None, Some(device)) => {
                if !device.starts_with('/') {
                    let message = format!("\"{}\" is no device, such as /dev/ttyS0", device.value);
                    self.found.error(device.place, "line", message);
                }
            }
            _ => {
                let message = "a line is a host with its port, or a device";
                self.found.error(place, "line", message).help("line: { device: /dev/ttyS0, baud: 9600 }");
            }
        }
    }

    fn pocsag(&mut self, name: &Name, pocsag: &PocsagEntry) {
        let outputs =
            [pocsag.folder.is_some(), pocsag.command.is_some(), pocsag.host.is_some() && pocsag.port.is_some()];
        let count = outputs.iter().filter(|o| **o).count();
        if count != 1 || pocsag.host.is_some() != pocsag.port.is_some() {
            let message = "the sound goes to one place: a folder, a command, or a host with its port";
            self.found.error(name.place, "pocsag-output", message);
        }
        if let Some(host) = &pocsag.host {
            self.host(host);
        }
        if let Some(baud) = pocsag.baud.as_ref().filter(|b| ![512, 1_200, 2_400].contains(&b.value)) {
            self.found.error(baud.place, "pocsag-baud", "POCSAG has 512, 1200 and 2400 bits a second");
        }
        if pocsag.function.is_some_and(|f| f > 3) {
            self.found.error(name.place, "pocsag-function", "a pager has functions 0 to 3");
        }
    }

    fn seven_bits(&mut self, g: &PagingGateway, protocol: &str) {
        if matches!(g.charset.value, CharsetWord::Utf8 | CharsetWord::Gsm7 | CharsetWord::Latin1) {
            self.letters(g, &format!("{protocol} carries seven bits a letter"));
        }
    }

    fn letters(&mut self, g: &PagingGateway, why: &str) {
        let help = "write ascii7, iso646-se, iso646-fi, iso646-no, iso646-dk or iso646-de";
        self.found.error(g.charset.place, "charset", why.to_owned()).help(help);
    }

    fn no_answers(&mut self, place: Place, g: &PagingGateway, protocol: &str) {
        if g.answers {
            let message = format!("nobody answers over {protocol}");
            self.found.error(place, "pager-answers", message).help("leave out answers");
        }
    }
}
