//! Words that forms and addresses choose among. Each list is an enum, read at the edge: a word that is not on it is refused,
//! and nothing is done in its stead.

/// A word of a form, as a type.
pub trait FormWord: Sized + Copy + 'static {
    /// All values that there are.
    const ALL: &'static [Self];
    /// As it stands in forms and addresses.
    fn as_str(self) -> &'static str;
    /// The one that is written so.
    fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|w| w.as_str() == word)
    }
}

/// An enum of such words: each variant with the word that stands for it.
macro_rules! form_words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        $vis enum $name { $($(#[$doc])* $variant,)+ }

        impl $crate::web::console::form_words::FormWord for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}
pub(super) use form_words;
