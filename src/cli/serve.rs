//! Runs the server.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use crate::error::Error;

/// Run the server: loop, gateways, timers, public page, console, API.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase serve --config region/ --state /var/lib/vardkase --public-url https://larm.example/\n  \
    vardkase serve                          the fictional region that is built in, on loopback")]
pub struct ServeArgs {
    /// The folder with `channels/`, `playbooks/` and `contacts/`; the fictional region when missing.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Where the public page, answer links and callbacks of gateways listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    public_listen: SocketAddr,
    /// Where the console, the API and the metrics listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Under which address the public reaches this server; for links and QR codes.
    #[arg(long, value_name = "URL", env = "VARDKASE_PUBLIC_URL")]
    public_url: Option<String>,
    /// A folder on another disk for the second copy of the journal.
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
    /// Start though the key file is lost: what was sealed by it is given up.
    #[arg(long)]
    accept_lost_key: bool,
}

/// What the server is started with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServeOptions {
    /// The configuration; the fictional region when none.
    pub config: Option<PathBuf>,
    /// The state folder.
    pub state: PathBuf,
    /// Public page, answer links, callbacks.
    pub public_listen: SocketAddr,
    /// Console, API, metrics.
    pub listen: SocketAddr,
    /// For links and QR codes.
    pub public_url: Option<String>,
    /// The second copy of the journal.
    pub mirror: Option<PathBuf>,
    /// Start though the key file is lost.
    pub accept_lost_key: bool,
    /// JSON for programs.
    pub json: bool,
}

impl ServeArgs {
    pub(super) fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let (state, json) = (cx.global.state.clone(), cx.json());
        let Self { config, public_listen, listen, public_url, mirror, accept_lost_key } = self;
        let options = ServeOptions { config, state, public_listen, listen, public_url, mirror, accept_lost_key, json };
        // To be `crate::app::serve(options)`.
        let ServeOptions { listen, .. } = options;
        Err(Error::other(format!("`serve` on {listen} is not wired yet"), "use a build with the server in it"))
    }
}
