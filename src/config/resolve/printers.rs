//! Printers that sheets to walk with come out of.

use std::path::PathBuf;

use super::Resolver;
use crate::config::loaded::{Printed, Printer};
use crate::config::raw::printers::PrinterEntry;
use crate::yaml::Name;
use crate::yaml::addresses::host_of;

/// Printers of a configuration.
pub const PRINTERS_MAX: usize = 16;
/// How long an answer may take.
const TIMEOUT_S: u32 = 20;

impl Resolver<'_> {
    pub(super) fn printers(&mut self) -> Vec<Printer> {
        let Some(all) = self.raw.printers.as_ref().map(|file| &file.printers) else { return Vec::new() };
        if let Some((name, _)) = all.get(PRINTERS_MAX) {
            let message = format!("there are {} printers; {PRINTERS_MAX} is the most", all.len());
            self.found.error(name.place, "too-many", message);
        }
        all.iter().take(PRINTERS_MAX).map(|(name, entry)| self.printer(name, entry)).collect()
    }

    fn printer(&mut self, name: &Name, entry: &PrinterEntry) -> Printer {
        self.id(name);
        let is_ipp = entry.url.starts_with("ipp://") || entry.url.starts_with("ipps://");
        if !is_ipp || host_of(&entry.url).is_none_or(str::is_empty) {
            let message = format!("\"{}\" is not an address that begins with ipp:// or ipps://", entry.url.value);
            self.found.error(entry.url.place, "address", message).help("as in ipp://10.0.4.7/ipp/print");
        }
        let printed = entry.prints.iter().filter_map(|what| {
            let known = Printed::ALL.into_iter().find(|known| known.as_str() == what.as_str());
            if known.is_none() {
                let names = Printed::ALL.map(Printed::as_str);
                let message = format!("\"{}\" is nothing that is printed by itself", what.value);
                self.found.error(what.place, "unknown-print", message).nearest(what, names);
            }
            known
        });
        let printed: Vec<Printed> = printed.collect();
        Printer {
            id: name.value.clone(),
            url: entry.url.value.clone(),
            prints: if entry.prints.is_empty() { Printed::ALL.to_vec() } else { printed },
            ca_file: entry.ca_file.as_ref().map(|p| self.base.map_or_else(|| PathBuf::from(p), |b| b.join(p))),
            timeout_s: entry.timeout.map_or(TIMEOUT_S, |t| t.0.max(1)),
        }
    }
}
