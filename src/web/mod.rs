//! What people see in a browser: the public page, the console, the API.

pub mod public;
