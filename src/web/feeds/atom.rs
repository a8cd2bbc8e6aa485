//! The texts in one language as an Atom feed (RFC 4287), each with its CAP file beside it. Names are `tag:` URIs (RFC 4151): they stay
//! when the page moves. A feed's own `updated` is when it was checked; an entry's, when the text was released.

use super::xml::Xml;
use super::{authority, cap_name, entries, moment, plain};
use crate::domain::lang::Lang;
use crate::domain::public_view::PublicView;
use crate::web::page::{PageFrame, heading, words_of};
use crate::words::{common, public as w};

const NAMESPACE: &str = "http://www.w3.org/2005/Atom";
/// The year since which feeds of this program have their names (RFC 4151, 2.1: a date on which the host was the sender's).
const NAMED_SINCE: &str = "2026";

/// Where the feed of a language lies, from the top.
pub fn atom_name(lang: Lang) -> String {
    format!("feed.{lang}.atom")
}

/// The feed of one language.
pub fn render_atom(view: &PublicView, lang: Lang, frame: &PageFrame<'_>) -> Vec<u8> {
    let plan = frame.plan;
    let region = plain(&plan.region.id);
    let host = authority(frame);
    let said = words_of(lang);
    let page = format!("{lang}/index.html");
    let mut xml = Xml::new();
    xml.element("feed", &[("xmlns", NAMESPACE), ("xml:lang", said.as_str())], |xml| {
        xml.text("id", &format!("tag:{host},{NAMED_SINCE}:{region}/feed/{lang}"));
        let title = w::feed_title(said, &plan.region.name);
        let mark = if frame.training { format!("{} ", common::TRAINING.say(said)) } else { String::new() };
        xml.text("title", &format!("{mark}{title}"));
        xml.text("subtitle", heading(view.stands()).say(said));
        xml.text("updated", &moment(plan, view.checked_at));
        xml.element("author", &[], |xml| xml.text("name", &plan.region.name));
        xml.empty("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", &atom_name(lang))]);
        xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("hreflang", lang.as_str()), ("href", &page)]);
        for message in entries(view) {
            let Some((of, text)) = message.text_for(lang, &plan.region.languages) else { continue };
            let Some(parts) = message.parts(of) else { continue };
            let released = moment(plan, message.released);
            let day = message.released.timestamp().strftime("%Y-%m-%d");
            xml.element("entry", &[("xml:lang", of.as_str())], |xml| {
                xml.text("id", &format!("tag:{host},{day}:{region}/{}/{lang}", message.number));
                xml.text("title", parts.headline);
                xml.text("published", &released);
                xml.text("updated", &released);
                xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &page)]);
                xml.empty(
                    "link",
                    &[("rel", "alternate"), ("type", "application/cap+xml"), ("href", &cap_name(message))],
                );
                xml.text("content", text);
            });
        }
    });
    xml.finish()
}
