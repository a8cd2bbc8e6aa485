//! What somebody typed into an act of two steps, kept for the session between form and check: Back, a look at another page and a
//! reload lose nothing (RULES H4).
//!
//! Must not: be shown to another session, or in a log.

use std::fmt;

/// So many drafts has a session; one more ends the oldest.
pub const UNSENT_MAX: usize = 8;

/// The drafts of a session, by the address of their page.
#[derive(Clone, Default)]
pub struct Unsent(Vec<(String, Vec<(String, String)>)>);

/// Somebody's words are in no log.
impl fmt::Debug for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unsent({})", self.0.len())
    }
}

impl Unsent {
    /// Keeps what was typed there, without the secret of its session.
    pub fn keep(&mut self, page: &str, pairs: &[(String, String)]) {
        self.end(page);
        let own = pairs.iter().filter(|(name, _)| name != "csrf").cloned().collect();
        self.0.push((page.to_owned(), own));
        let many = self.0.len().saturating_sub(UNSENT_MAX);
        self.0.drain(..many);
    }
    /// What was typed there.
    pub fn of(&self, page: &str) -> Option<&[(String, String)]> {
        self.0.iter().find(|(of, _)| of == page).map(|(_, pairs)| pairs.as_slice())
    }
    /// It was sent, or thrown away.
    pub fn end(&mut self, page: &str) {
        self.0.retain(|(of, _)| of != page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_kept_until_it_is_sent_and_never_its_secret() {
        let pairs = |text: &str| vec![("csrf".to_owned(), "s".to_owned()), ("known.sv".to_owned(), text.to_owned())];
        let mut unsent = Unsent::default();
        for n in 0..=UNSENT_MAX {
            unsent.keep(&format!("/{n}"), &pairs("a"));
        }
        unsent.keep("/8", &pairs("b"));
        assert_eq!(unsent.of("/0"), None, "the oldest went");
        assert_eq!(unsent.of("/8"), Some(&[("known.sv".to_owned(), "b".to_owned())][..]));
        unsent.end("/8");
        assert_eq!(unsent.of("/8"), None);
        assert_eq!(format!("{unsent:?}"), format!("Unsent({})", UNSENT_MAX - 1));
    }
}
