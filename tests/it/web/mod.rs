//! The console's listener and the answer pages, over real sockets, on the shipped region, with a loop that owns a state of its
//! own and gateways that take everything.

mod acts;
mod addresses;
mod after;
mod api;
mod calls;
mod console;
mod described;
mod directory;
mod drills;
mod events;
mod links;
mod live;
mod now;
mod oidc;
mod pages;
mod passkeys;
mod reports;
mod sign_in;
mod site;
mod who_acted;

pub use site::between;
