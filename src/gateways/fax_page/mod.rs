//! The page that a fax shows: the text large and alone, what stands around it small and apart, and a code that lets a
//! reader check number and fingerprint.
//!
//! Owns the layout and the PDF. Must not: know a fax server, send, or change, cut or shrink a text: a long one takes more
//! pages, one with a character that the face lacks can't be carried and says so (invariant 2).
//!
//! ```text
//! ┌ ÖVNING ┐                     drill: on every page, at its top and its bottom
//! Region, mode, title     [code]
//! 14-2   7K4F2A   1/2            the unit's header
//! ──────────────
//! The text.                      20 pt when it fits on one page, never under 14 pt
//! ──────────────
//! Svara JA 14                    the trailer, outside the text
//! └ ÖVNING ┘
//! Journal 1234 7K4F-…            the journal's last seal, small
//! ```

mod draw;
mod layout;
mod words;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use fast_qr::{ECL, QRBuilder, QRCode};

use crate::domain::text::{DoesNotFit, Outgoing};
use crate::gateways::{Job, MessageContext};

/// Rendered bodies that are kept. A release has one for each audience, language and trailer.
pub const BODIES_KEPT_MAX: usize = 32;
/// Modules on a side of the code: what stands beside the letterhead. A longer address gets the short form of the code.
const CODE_SIDE_MAX: usize = 49;

/// A fax as it is handed to the server.
#[derive(Clone, PartialEq, Eq)]
pub struct FaxDocument {
    pub pdf: Vec<u8>,
    pub pages: u16,
}

impl std::fmt::Debug for FaxDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaxDocument({} pages, {} bytes)", self.pages, self.pdf.len())
    }
}

/// What the code on the page says: `URL#14-2.7K4F2A`, or `vardkase:14-2.7K4F2A` where there is no public page. A note has
/// no fingerprint: its number alone.
pub fn code_content(out: &Outgoing, head: &MessageContext) -> String {
    let check = match out.fingerprint() {
        Some(fingerprint) => format!("{}.{fingerprint}", out.number()),
        None => out.number().to_string(),
    };
    if head.page_url.is_empty() { format!("vardkase:{check}") } else { format!("{}#{check}", head.page_url) }
}

/// The code, with as much redundancy as its place allows: a fax line eats pixels.
fn code(out: &Outgoing, head: &MessageContext) -> Option<QRCode> {
    let fits = |content: &str, level| {
        QRBuilder::new(content).ecl(level).build().ok().filter(|code| code.size <= CODE_SIDE_MAX)
    };
    let whole = code_content(out, head);
    [ECL::Q, ECL::M, ECL::L].into_iter().find_map(|level| fits(&whole, level)).or_else(|| {
        let short = MessageContext { page_url: String::new(), ..head.clone() };
        fits(&code_content(out, &short), ECL::M)
    })
}

fn code_side(code: Option<&QRCode>) -> f32 {
    code.map_or(0.0, |code| code.size as f32 * draw::MODULE)
}

/// Makes the page. The same job gives the same bytes, at any time and on any machine.
///
/// # Errors
/// [`DoesNotFit`] when the face lacks a character, or header and trailer leave no room for the text.
pub fn render(job: &Job) -> Result<FaxDocument, DoesNotFit> {
    render_parts(&job.out, &job.head, job.trailer.as_deref())
}

fn render_parts(out: &Outgoing, head: &MessageContext, trailer: Option<&str>) -> Result<FaxDocument, DoesNotFit> {
    let code = code(out, head);
    let layout = layout::Layout::new(out, head, trailer, code_side(code.as_ref()))?;
    let pages = u16::try_from(layout.pages.len()).map_err(|_| DoesNotFit::NoRoom)?;
    // Drawing checks nothing that the text could fail: an error here is a broken face or library.
    let pdf = draw::draw(&layout, head, code.as_ref()).ok_or(DoesNotFit::NoRoom)?;
    Ok(FaxDocument { pdf, pages })
}

/// How many pages it takes, without making them.
///
/// # Errors
/// [`DoesNotFit`] as [`render`], and when it takes more than `pages_max`.
#[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "tests ask for it"))]
pub fn fits(out: &Outgoing, head: &MessageContext, trailer: Option<&str>, pages_max: u16) -> Result<u16, DoesNotFit> {
    let layout = layout::Layout::new(out, head, trailer, code_side(code(out, head).as_ref()))?;
    match u16::try_from(layout.pages.len()) {
        Ok(pages) if pages <= pages_max => Ok(pages),
        _ => Err(DoesNotFit::TooLong {
            needs: u32::try_from(layout.pages.len()).unwrap_or(u32::MAX),
            max: pages_max.into(),
            unit: "pages".into(),
        }),
    }
}

/// What stands on its pages, one after the other: header, the lines of the text as they are drawn, the mark of a drill. The trailer
/// stands apart from the text.
///
/// # Errors
/// As [`render`].
pub fn shown(out: &Outgoing, head: &MessageContext, trailer: Option<&str>) -> Result<Vec<String>, DoesNotFit> {
    let layout = layout::Layout::new(out, head, trailer, code_side(code(out, head).as_ref()))?;
    let of = u32::try_from(layout.pages.len()).unwrap_or(u32::MAX);
    let page =
        |(k, lines): (u32, &Vec<&str>)| format!("{}{}{}", out.header(Some((k, of))), lines.concat(), out.footer());
    Ok((1..).zip(&layout.pages).map(page).collect())
}

/// Bodies that were made already: all receivers of a message in one language share one.
#[derive(Default)]
pub struct FaxPages(Mutex<VecDeque<MadePages>>);

struct MadePages {
    out: Arc<Outgoing>,
    head: Arc<MessageContext>,
    trailer: Option<Arc<str>>,
    made: Result<Arc<FaxDocument>, DoesNotFit>,
}

impl MadePages {
    fn is_of(&self, job: &Job) -> bool {
        let look = |h: &MessageContext| {
            let MessageContext { lang, sender, title, mode_line, page_url, foot, thread: _, priority: _ } = h.clone();
            (lang, sender, title, mode_line, page_url, foot)
        };
        (Arc::ptr_eq(&self.out, &job.out) || self.out == job.out)
            && self.trailer == job.trailer
            && (Arc::ptr_eq(&self.head, &job.head) || look(&self.head) == look(&job.head))
    }
}

impl FaxPages {
    /// The body of that job, made now or kept from before; the pointer is the same for the same body.
    ///
    /// # Errors
    /// As [`render`].
    pub fn get(&self, job: &Job) -> Result<Arc<FaxDocument>, DoesNotFit> {
        // Made under the lock: whoever comes second for the same body waits for it instead of making it again.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.iter().find(|k| k.is_of(job)) {
            return found.made.clone();
        }
        let made = render(job).map(Arc::new);
        if kept.len() == BODIES_KEPT_MAX {
            kept.pop_front();
        }
        let (out, head) = (job.out.clone(), job.head.clone());
        kept.push_back(MadePages { out, head, trailer: job.trailer.clone(), made: made.clone() });
        made
    }
}
