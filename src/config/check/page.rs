//! What the public page lacks besides its texts: somebody to tell that it can't be read, and words of its own in a language.

use crate::config::loaded::Loaded;
use crate::config::places::Places;
use crate::gateways::registry::{Kind, PageWord};
use crate::words::Section;
use crate::yaml::diagnostics::Found;

pub(super) fn check(loaded: &Loaded, places: &Places, found: &mut Found) {
    let plan = &loaded.plan;
    let is_public = |kind: &Kind| matches!(kind, Kind::Page(web) if web.page == PageWord::Public);
    if !loaded.gateways.iter().any(|g| is_public(&g.kind)) {
        return;
    }
    if loaded.statement.contact.is_empty() {
        let message =
            "nobody can be told that the public page can't be read: its statement of accessibility has no contact";
        found
            .warning(places.organisation, "no-accessibility-contact", message)
            .help("accessibility: { contact: … } in contacts/organisation.yaml");
    }
    for lang in plan.region.languages.iter().filter(|l| !Section::Public.languages().any(|has| has == **l)) {
        let message = format!("the public page has no words of its own in {lang}: around its texts stands English");
        found
            .warning(places.organisation, "no-page-words", message)
            .help(format!("a catalogue assets/words/{lang}.ftl that covers `public`, or another language"));
    }
}
