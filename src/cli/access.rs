//! Who may come in, for the commands `account`, `device` and `token`: through the server, or, when none runs, in the state folder itself.

use std::collections::BTreeSet;

use super::context::Context;
use super::terminal::Hue;
use crate::accounts::{AccessView, Accounts, Change, Changed, Functions, Right};
use crate::api::calls;
use crate::dispatch::record::encode_system;
use crate::dispatch::system_record::{Access, SystemRecord};
use crate::error::{Error, Kind};
use crate::journal::{Batch, Journal, OpenOptions};
use crate::words::cli as words;

/// Who may come in now. Whether a server runs is known then, before anybody has typed anything.
pub fn look(cx: &mut Context<'_>) -> Result<(AccessView, bool), Error> {
    match cx.call(&calls::access()).and_then(|answer| answer.read()) {
        Ok(view) => Ok((view, true)),
        Err(error) if error.kind == Kind::Unreachable && cx.global.state.join("journal.db").exists() => {
            let accounts = open(cx)?;
            Ok((accounts.view(cx.now()), false))
        }
        Err(error) => Err(error),
    }
}

fn open(cx: &Context<'_>) -> Result<Accounts, Error> {
    let broken = |e: std::io::Error| Error::new(Kind::Other, e.to_string(), cx.say(words::ACCESS_DAMAGED));
    Accounts::open(&cx.global.state, None).map_err(broken)
}

/// Carries a change out, where [`look`] has found that it goes.
pub fn change(cx: &mut Context<'_>, change: &Change, online: bool) -> Result<Changed, Error> {
    if online {
        return cx.call(&calls::access_change(change))?.read();
    }
    let (state, now, lang) = (cx.global.state.clone(), cx.now(), cx.term.lang());
    // Held as long as it is changed: a server that starts meanwhile waits, and one that runs holds it.
    let journal = Journal::open(&state, OpenOptions::default())?;
    let changed = open(cx)?.change(change, now).map_err(|refused| {
        let (why, help) = crate::words::refused(lang, &refused);
        Error::new(Kind::Refused, why, help).coded(refused.code)
    });
    let written = match &changed {
        Ok(done) => {
            let access = Access { what: change.name().into(), whom: done.id.clone(), by: "machine".into() };
            let record = encode_system(now, &SystemRecord::Access(access));
            let pending = journal.submit_blocking(journal.head().seq, Batch::of(vec![record]));
            pending.and_then(|p| p.wait()).map(|_| ()).map_err(|refused| Error::from(refused.error))
        }
        Err(_) => Ok(()),
    };
    journal.close();
    let changed = changed?;
    written?;
    cx.term.notice(&words::access_offline(lang, state.display()));
    Ok(changed)
}

/// Rights as they were typed.
pub fn rights(cx: &Context<'_>, typed: &[String]) -> Result<BTreeSet<Right>, Error> {
    let read = |text: &String| {
        text.parse::<Right>().map_err(|known| {
            let lang = cx.term.lang();
            Error::usage(words::no_right(lang, text), words::rights_are(lang, known)).coded("bad-right")
        })
    };
    typed.iter().map(read).collect()
}

/// Functions as they were typed.
pub fn functions(typed: &[String]) -> Functions {
    Functions(typed.iter().map(|f| f.as_str().into()).collect())
}

/// Functions in a row, as they are typed.
pub fn in_a_row<T: std::fmt::Display>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}

/// A QR code, where a screen shows it.
pub fn qr(cx: &mut Context<'_>, text: &str) {
    if !cx.term.screen() {
        return;
    }
    if let Ok(code) = fast_qr::QRBuilder::new(text).ecl(fast_qr::ECL::L).build() {
        cx.term.raw(&format!("{}\n", code.to_str()));
    }
}

/// What an account's owner must note down; shown once.
pub fn tell_account(cx: &mut Context<'_>, changed: &Changed) {
    let lang = cx.term.lang();
    if let Some(password) = &changed.password {
        cx.term.line(&format!("{}: {password}", words::ITS_PASSWORD.say(lang)));
    }
    if let Some(uri) = &changed.otpauth {
        cx.term.line(words::APP_KEY.say(lang));
        qr(cx, uri);
        cx.term.line(&format!("  {uri}"));
    }
    if changed.recovery.is_empty() {
        return;
    }
    cx.term.line_in(Hue::Wait, words::RECOVERY_ONCE.say(lang));
    for code in &changed.recovery {
        cx.term.line(&format!("  {code}"));
    }
}
