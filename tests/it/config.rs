//! The shipped region, and samples of valid and invalid configuration: adding a file adds a test.

mod drills;
mod hostile;
mod plain_words;
mod rosters;
mod samples;
mod schemas;
mod shipped;
mod wild;
