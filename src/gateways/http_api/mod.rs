//! What gateways with an interface over HTTP have in common: a request that is filled in, an answer that is judged by status
//! *and* body, calls that come back, and how a caller is known. What each provider calls its fields, what a good answer is and
//! how it calls back is configuration of the gateways that use it; this knows none of them.
//!
//! | file | owns |
//! |---|---|
//! | `request` | placeholders, JSON, who we are |
//! | `answer` | status, body and headers judged |
//! | `callback` | receipts and answers that are brought by a call |
//! | `signature` | whether a call is signed as was agreed |
//! | `back` | where calls come in: keys, checks, address |
//! | `client` | requests with a limit on every wait; a login that is refused is left alone for a while |
//!
//! Success needs the status *and* the body. A request that may have arrived and was not answered is Unknown; one that never
//! left (connection refused) is Temporary.
//!
//! Deliberately absent: a template language, regular expressions, redirects, proxies from the environment.

pub mod answer;
pub mod back;
pub mod callback;
pub mod client;
pub mod request;
pub mod signature;

pub use answer::{Answer, AnswerRules, Otherwise};
pub use callback::CallbackNames;
pub use client::{Client, Connection, run};
pub use request::Auth;
pub use signature::Signature;
