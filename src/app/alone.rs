//! In the place of `cluster`, in a program that was built without it: a node is alone.

use std::path::Path;
use std::sync::Arc;

use super::answers::Elsewhere;
use super::running::StartError;
use super::seat::{Seat, Sits};
use crate::dispatch::worker::MaySend;
use crate::journal::{Journal, JournalError, OpenOptions};

/// There is no file that says where others are.
#[derive(Clone, Debug)]
pub enum Settings {}

/// There are no others.
#[derive(Clone)]
pub enum Reached {}

impl Reached {
    /// Nobody.
    ///
    /// # Errors
    /// None.
    pub fn of(_: Option<&Settings>, _: &Path) -> Result<Option<Self>, StartError> {
        Ok(None)
    }
    /// Never asked.
    pub fn open(&self, _: &Path, _: OpenOptions) -> Result<Journal, JournalError> {
        match *self {}
    }
    /// Never asked.
    pub fn may_send(&self) -> MaySend {
        match *self {}
    }
    /// Never asked.
    pub fn elsewhere(&self, _: &Journal) -> Arc<dyn Elsewhere> {
        match *self {}
    }
    /// Never asked.
    pub fn sit(self, _: Sits) -> Result<Seat, StartError> {
        match self {}
    }
}
