//! Accounts: a password and an authenticator app, with rights to functions.

use clap::{Args, Subcommand};

use super::access::{change, functions, in_a_row, look, rights, tell_account};
use super::context::Context;
use super::table::{said, show};
use super::terminal::Hue;
use crate::accounts::{Change, password};
use crate::error::Error;
use crate::words::cli as words;

/// Add, list and disable accounts of the console; give one another password or authenticator, take away a passkey.
///
/// An account is an ID with rights to functions, and no text is ever addressed to one. Rights: read, answer, report (and lead), approve,
/// decide, all-clear, administer. Works through the running server, or on a state folder that no server holds. The password is asked for
/// on a terminal, or made and shown once; so are the key for the authenticator app and the recovery codes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase account add it-3 --right answer --right report --function it-bered\n  \
    vardkase account add chief --right administer --right approve --function '*'\n  \
    vardkase account list\n  \
    vardkase account disable it-3          its sessions end at once\n  \
    vardkase account reset-password it-3   another password, made and shown once\n  \
    vardkase account reset-totp it-3       another key for the app, other recovery codes\n  \
    vardkase account remove-passkey it-3 p-k3x7pq2a   on a lost telephone")]
pub struct AccountArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// One more.
    Add {
        /// Its ID: small letters, digits and hyphens; not a person's name.
        id: String,
        /// What it may; once for each.
        #[arg(long = "right", value_name = "RIGHT", required = true)]
        rights: Vec<String>,
        /// For which function it may act; once for each, '*' for all.
        #[arg(long = "function", value_name = "FUNCTION")]
        functions: Vec<String>,
    },
    /// All of them.
    List,
    /// It comes in no more.
    Disable {
        /// The account.
        id: String,
    },
    /// Another password for who has lost it; its sessions end.
    ResetPassword {
        /// The account.
        id: String,
    },
    /// Another key for its authenticator app, and other recovery codes; its sessions end.
    ResetTotp {
        /// The account.
        id: String,
    },
    /// A passkey of it lets in no more; its sessions end.
    RemovePasskey {
        /// The account.
        id: String,
        /// The passkey's ID.
        passkey: String,
    },
}

impl AccountArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let (wanted, online, view) = match self.what {
            What::List => {
                let (view, _) = look(cx)?;
                return list(cx, &view);
            }
            What::Add { id, rights: typed, functions: of } => {
                let rights = rights(cx, &typed)?;
                let (view, online) = look(cx)?;
                let password = asked_password(cx, &id)?;
                (Change::AccountAdd { id, password, rights, functions: functions(&of) }, online, view)
            }
            What::Disable { id } => {
                let (view, online) = look(cx)?;
                (Change::AccountDisable { id }, online, view)
            }
            What::ResetPassword { id } => {
                let (view, online) = look(cx)?;
                let password = asked_password(cx, &id)?;
                (Change::AccountResetPassword { id, password }, online, view)
            }
            What::ResetTotp { id } => {
                let (view, online) = look(cx)?;
                (Change::AccountResetTotp { id }, online, view)
            }
            What::RemovePasskey { id, passkey } => {
                let (view, online) = look(cx)?;
                (Change::PasskeyRemove { account: id, id: passkey }, online, view)
            }
        };
        drop(view);
        let changed = change(cx, &wanted, online)?;
        if cx.json() {
            cx.term.json(&changed);
            return Ok(());
        }
        let (lang, id) = (cx.term.lang(), changed.id.as_str());
        let done = match &wanted {
            Change::AccountDisable { .. } => words::account_disabled(lang, id),
            Change::AccountResetTotp { .. } => words::totp_reset(lang, id),
            Change::PasskeyRemove { .. } => words::passkey_removed(lang, id),
            Change::AccountResetPassword { .. } => words::password_reset(lang, id),
            _ => words::account_added(lang, id),
        };
        cx.term.line_in(Hue::Good, &done);
        if !matches!(wanted, Change::AccountDisable { .. } | Change::PasskeyRemove { .. }) {
            tell_account(cx, &changed);
        }
        Ok(())
    }
}

/// What was typed, twice; nothing: one is made.
fn asked_password(cx: &mut Context<'_>, id: &str) -> Result<Option<String>, Error> {
    if !cx.asks() {
        return Ok(None);
    }
    let lang = cx.term.lang();
    let first = cx.term.ask_hidden(words::ASK_PASSWORD.say(lang)).unwrap_or_default();
    if first.is_empty() {
        return Ok(None);
    }
    password::check(id, &first).map_err(|refused| {
        let (why, help) = crate::words::refused(lang, &refused);
        Error::usage(why, help).coded(refused.code)
    })?;
    if cx.term.ask_hidden(words::ASK_AGAIN.say(lang)).as_deref() != Some(&first) {
        return Err(
            Error::usage(words::PASSWORDS_DIFFER.say(lang), words::TYPE_AGAIN.say(lang)).coded("passwords-differ")
        );
    }
    Ok(Some(first))
}

fn list(cx: &mut Context<'_>, view: &crate::accounts::AccessView) -> Result<(), Error> {
    if cx.json() {
        cx.term.json(&view.accounts);
        return Ok(());
    }
    let lang = cx.term.lang();
    let row = |a: &crate::accounts::AccountView| {
        let state = if a.disabled { words::DISABLED.say(lang).to_owned() } else { String::new() };
        let used = a.used.map(|at| at.to_string()).unwrap_or_default();
        let passkeys = in_a_row(a.passkeys.iter().map(|p| &p.id));
        [a.id.clone(), in_a_row(&a.rights), in_a_row(&a.functions.0), passkeys, used, state].map(said).to_vec()
    };
    let rows = view.accounts.iter().map(row).collect();
    let heads = [
        words::HEAD_ID,
        words::HEAD_RIGHTS,
        words::HEAD_FUNCTIONS,
        words::HEAD_PASSKEYS,
        words::HEAD_LAST_USED,
        words::HEAD_STATE,
    ];
    show(cx.term, &heads.map(|w| w.say(lang)), rows);
    Ok(())
}
