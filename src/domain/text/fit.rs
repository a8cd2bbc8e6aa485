//! Whether a gateway can carry a text whole (invariant 2): asked when a text is drafted, released, and by day in `check`.

use super::pages::{self, PageRules};
use super::sms::{self, Alphabet, SmsLimits, Split};
use super::{Charset, DoesNotFit, Outgoing};
use crate::domain::plan::Capability;

/// What one fax page holds at 14 pt, in characters; the page itself is laid out by its channel.
pub const FAX_PAGE_CHARS: u32 = 1_400;

/// How many units (SMS, pages) a text takes there.
///
/// # Errors
/// Why it can't go whole.
pub fn units(out: &Outgoing, trailer: Option<&str>, capability: &Capability) -> Result<u32, DoesNotFit> {
    match capability {
        Capability::Sms { charset, ucs2, ref16, separate, parts_max } => {
            sms::fit(out, trailer, &sms_limits(*charset, *ucs2, *ref16, *separate, *parts_max))
                .map(|f| u32::from(f.parts))
        }
        Capability::Pages { charset, chars_max, pages_max } => {
            let rules = PageRules { chars_max: *chars_max, pages_max: *pages_max, charset: *charset };
            pages::fit(out, trailer, &rules).map(|f| f.pages)
        }
        Capability::Fax { pages_max, chars_max } => {
            let chars = count(out.text().chars().count());
            let pages = chars.div_ceil(FAX_PAGE_CHARS).max(1);
            if chars > *chars_max {
                Err(DoesNotFit::TooLong { needs: chars, max: *chars_max, unit: "characters".into() })
            } else if pages > *pages_max {
                Err(DoesNotFit::TooLong { needs: pages, max: *pages_max, unit: "pages".into() })
            } else {
                Ok(pages)
            }
        }
        Capability::Whole { chars_max: Some(max) } => {
            let chars = count(out.text().chars().count());
            if chars > *max {
                return Err(DoesNotFit::TooLong { needs: chars, max: *max, unit: "characters".into() });
            }
            Ok(1)
        }
        Capability::Whole { chars_max: None } => Ok(1),
    }
}

/// What the far device shows, unit by unit: an SMS that it joins is one, each pager page and each SMS that stands alone is one;
/// paper, mail and the page show the text as a whole.
///
/// # Errors
/// Why it can't go whole.
pub fn shown(out: &Outgoing, trailer: Option<&str>, capability: &Capability) -> Result<Vec<String>, DoesNotFit> {
    match capability {
        Capability::Sms { charset, ucs2, ref16, separate, parts_max } => {
            let limits = sms_limits(*charset, *ucs2, *ref16, *separate, *parts_max);
            let parts = sms::parts(out, trailer, &limits)?;
            Ok(if *separate { parts.texts } else { vec![parts.texts.concat()] })
        }
        Capability::Pages { charset, chars_max, pages_max } => {
            let rules = PageRules { chars_max: *chars_max, pages_max: *pages_max, charset: *charset };
            pages::pages(out, trailer, &rules)
        }
        Capability::Fax { .. } | Capability::Whole { .. } => {
            units(out, trailer, capability).map(|_| vec![out.whole(trailer)])
        }
    }
}

fn sms_limits(charset: Charset, ucs2: bool, ref16: bool, separate: bool, parts_max: u32) -> SmsLimits {
    SmsLimits {
        alphabet: match charset {
            Charset::Latin1 => Alphabet::Latin1,
            Charset::Ascii7 => Alphabet::Ascii,
            _ => Alphabet::Gsm7,
        },
        ucs2,
        split: match (separate, ref16) {
            (true, _) => Split::Separate,
            (false, true) => Split::Udh16,
            (false, false) => Split::Udh8,
        },
        parts_max: u16::try_from(parts_max).unwrap_or(u16::MAX),
        ..SmsLimits::default()
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
