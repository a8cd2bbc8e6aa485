//! What an incident or a drill came to: the figures of its report, from what the journal has of it, in its order. Same journal, same
//! report; what is not known is said so, and never 0. What people wrote after it stands beside them ([`written`]).
//!
//! Owns the figures, and what an objective is rated by (RULES D19). Must not: hold an address, take anything private into a figure, or find
//! words: whoever shows it does.

mod curve;
mod earlier;
mod identical;
mod made;
mod objective;
mod reading;
mod seen;
mod shown;
mod story;
mod trend;
mod unproven;
mod written;

pub use curve::{CURVE_POINTS_MAX, Curve, Point};
pub use earlier::{EARLIER_MAX, Earlier, earlier};
pub use identical::{FORMS_MAX, Form, Identical, IdenticalText, MakeForm, SentAs, Unknowable};
pub use objective::{Asked, ObjectiveResult, Rating, Unrated, rate};
pub use reading::Reading;
pub use shown::*;
pub use trend::{TREND_WITHIN_S, Trend, TrendChannel};
pub use unproven::{UNPROVEN_MAX, Unproven, UnprovenAddress};
pub use written::*;
