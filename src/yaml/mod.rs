//! What configuration files are written in, whatever they say: text to a tree with places, types out of the tree, small words
//! (`5m`, `07:30`), secrets, and what is wrong where.
//!
//! Must not: know a file, a name that stands in one, or what becomes of it.

pub mod addresses;
mod at;
pub mod de;
pub mod diagnostics;
mod keys;
mod secret;
pub mod signs;
mod syntax;
pub mod telephone;
mod tree;
mod words;

pub use at::{At, Json, List, Name, NoneOr, OneOrMany, Ordered, Texts};
pub use de::read;
pub use diagnostics::{Diagnostic, Found, Place, Severity};
pub use secret::Secret;
pub use tree::{FILE_BYTES_MAX, Kind, Node, parse};
pub use words::{Clock, Day, Lapse, Months, Need, Night, Secs, Span};
