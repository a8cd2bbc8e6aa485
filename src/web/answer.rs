//! stub
use super::public::{Answer, Call};
use crate::dispatch::{links::LinkKey, owner::Handle};
/// stub
pub async fn answer(_: &Handle, _: &LinkKey, _: &Call) -> Answer {
    Answer::text(hyper::StatusCode::NOT_FOUND, "404")
}
