//! Several nodes with one journal (etcd): one decides at a time, all answer. `docs/develop/cluster.md` says how, `docs/operate/cluster.md`
//! what an operations team does.
//!
//! | file | holds |
//! |---|---|
//! | `reached` | a node's own ends of it, and its place |
//! | `settings` | the file that `serve --cluster` names |
//! | `turn` | whose turn it is to decide |
//! | `node` | following, deciding, following again |
//! | `bus` | what one node wants of the one that decides |
//! | `envelope` | the seal on that |
//! | `access` | who may come in: the same on every node |
//! | `members` | who is there, and how far |

pub mod access;
pub mod bus;
pub mod envelope;
pub mod members;
pub mod node;
mod reached;
pub mod settings;
pub mod turn;

pub use reached::Reached;
pub use settings::Settings;
