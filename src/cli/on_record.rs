//! Puts something about the journal itself on record: through the server, or, when none runs, into the folder itself.

use std::path::Path;

use serde::Serialize;

use super::context::Context;
use crate::api::calls::Call;
use crate::dispatch::record::encode_system;
use crate::dispatch::system_record::SystemRecord;
use crate::error::{Error, Kind};
use crate::journal::{Batch, Journal, OpenOptions};

/// `call` tells the server; `record` is the same for the folder.
pub fn put_on_record<A, B: Serialize>(
    cx: &mut Context<'_>,
    state: &Path,
    call: &Call<A, B>,
    record: &SystemRecord,
) -> Result<(), Error> {
    let Err(error) = cx.call(call) else { return Ok(()) };
    // A server of another journal does not count.
    if error.kind != Kind::Unreachable && error.code != "another-journal" {
        return Err(error);
    }
    // The folder's lock tells whether a server is there after all.
    let journal = Journal::open(state, OpenOptions::default())?;
    let record = encode_system(cx.now(), record);
    let pending = journal.submit_blocking(journal.head().seq, Batch::of(vec![record]));
    let written = pending.and_then(|p| p.wait()).map(|_| ()).map_err(|refused| Error::from(refused.error));
    journal.close();
    written
}
