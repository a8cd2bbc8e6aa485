//! What gateways hand over of a text, made once more for a report: the units as far devices show them. A mail is composed and read back,
//! a fax page is laid out; SMS and pages are cut by what all of their gateways call.
//!
//! Must not: send, or know who gets it.

use crate::domain::plan::{Capability, Channel};
use crate::domain::report::Form;
use crate::domain::text::fit;
use crate::gateways::{MessageContext, fax_page, smtp};

/// The units of a text, in order.
///
/// # Errors
/// It can't be made so; in words.
pub fn handed_over(form: &Form<'_>) -> Result<Vec<String>, String> {
    let Form { out, trailer, channel, capability, lang } = *form;
    let head = || MessageContext {
        sender: String::new(),
        lang,
        title: String::new(),
        mode_line: String::new(),
        page_url: String::new(),
        thread: String::new(),
        priority: 0,
        foot: String::new(),
    };
    match capability {
        Capability::Sms { .. } | Capability::Pages { .. } => {
            fit::shown(out, trailer, capability).map_err(|e| e.to_string())
        }
        Capability::Fax { .. } => fax_page::shown(out, &head(), trailer).map_err(|e| e.to_string()),
        Capability::Whole { .. } if channel == Channel::Email => {
            smtp::shown(out, head(), trailer).map(|text| vec![text])
        }
        Capability::Whole { .. } => Err("no gateway sets it".into()),
    }
}
