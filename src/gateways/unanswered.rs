//! A request over HTTP that got no answer: what that says of its outcome, in words that give nothing away.

use crate::bounded::innermost;
use crate::domain::delivery::SendError;

/// No answer: did the request leave?
pub(super) fn not_answered(error: &reqwest::Error) -> SendError {
    let cause = innermost(error);
    if error.is_connect() {
        SendError::temporary(format!("connecting: {cause}"))
    } else if error.is_builder() {
        SendError::permanent(format!("the request can't be made: {cause}"))
    } else if error.is_timeout() {
        SendError::unknown("no answer in time")
    } else {
        SendError::unknown(format!("no answer: {cause}"))
    }
}
