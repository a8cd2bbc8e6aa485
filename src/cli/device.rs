//! Duty devices: telephones and computers that act for their functions without a password.

use clap::{Args, Subcommand};

use super::access::{change, functions, in_a_row, look, qr};
use super::context::Context;
use super::table::{said, show};
use super::terminal::Hue;
use crate::accounts::Change;
use crate::error::Error;
use crate::words::cli as words;

/// Make, list and revoke duty devices: a telephone that opens the console as its function.
///
/// `add` gives a link and a QR code that are good once, for ten minutes. The browser that opens it acts for these functions alone, for 30
/// days from its last use; while an incident is open it never ends.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase device add --function tib     scan the code with TiB's telephone\n  \
    vardkase device list\n  \
    vardkase device revoke d-k3x7pq2a      a lost telephone")]
pub struct DeviceArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// A link that makes one.
    Add {
        /// For which function it acts; once for each.
        #[arg(long = "function", value_name = "FUNCTION", required = true)]
        functions: Vec<String>,
        /// How the device reaches the console; as this machine does unless given.
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// All of them.
    List,
    /// It comes in no more.
    Revoke {
        /// The device.
        id: String,
    },
}

impl DeviceArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let (view, online) = look(cx)?;
        let lang = cx.term.lang();
        match self.what {
            What::Add { functions: of, url } => {
                let changed = change(cx, &Change::DeviceAdd { functions: functions(&of) }, online)?;
                let base = url.unwrap_or_else(|| cx.global.server.clone());
                let path = changed.path.clone().unwrap_or_default();
                let link = format!("{}{path}", base.trim_end_matches('/'));
                if cx.json() {
                    cx.term.json(&serde_json::json!({ "link": link, "until": changed.until }));
                    return Ok(());
                }
                qr(cx, &link);
                cx.term.line(&link);
                let until = changed.until.map(|at| at.to_string()).unwrap_or_default();
                cx.term.line_in(Hue::Wait, &words::device_link(lang, until));
            }
            What::List if cx.json() => cx.term.json(&view.devices),
            What::List => {
                let row = |d: &crate::accounts::DeviceView| {
                    [d.id.clone(), in_a_row(&d.functions.0), d.used.to_string(), d.ends.to_string()].map(said).to_vec()
                };
                let rows = view.devices.iter().map(row).collect();
                let heads = [words::HEAD_ID, words::HEAD_FUNCTIONS, words::HEAD_LAST_USED, words::HEAD_UNTIL];
                show(cx.term, &heads.map(|w| w.say(lang)), rows);
            }
            What::Revoke { id } => {
                let changed = change(cx, &Change::DeviceRevoke { id }, online)?;
                if cx.json() {
                    cx.term.json(&changed);
                    return Ok(());
                }
                cx.term.line_in(Hue::Good, &words::device_revoked(lang, changed.id));
            }
        }
        Ok(())
    }
}
