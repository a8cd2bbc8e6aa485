//! Passkeys of accounts: kept, shown, taken away.

use sha2::{Digest, Sha256};

use super::book::Account;
use super::passkey::{self, Lie, Made, Passkey, Place, Shown};
use super::{Accounts, short_id, unknown};
use crate::domain::incident::refused::{Refused, refuse};
use crate::domain::time::At;

/// Passkeys of one account.
pub const PASSKEYS_MAX: usize = 10;
/// What a passkey is called has at most so many characters.
pub const LABEL_CHARS_MAX: usize = 32;

/// By what authenticators tell accounts apart (WebAuthn Level 3, 5.4.3, `id`): it says nothing of one, and one of the same ID that
/// is added later is another.
pub fn handle(account: &Account) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"vardkase passkey\0");
    hash.update(account.id.as_bytes());
    hash.update(account.added.0.to_be_bytes());
    hash.finalize().into()
}

impl Accounts {
    /// Keeps a passkey of an account; gives its ID.
    ///
    /// # Errors
    /// There are too many, or the authenticator's is known already; its label is none; the disk does not take it.
    pub fn add_passkey(&self, account: &str, label: &str, made: &Made, now: At) -> Result<String, Refused> {
        let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
        if label.is_empty() || label.chars().count() > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
            return Err(refuse!(BadLabel { max: LABEL_CHARS_MAX }));
        }
        let (id, credential) = (short_id("p")?, hex::encode(&made.credential));
        self.change_book(|book| {
            // WebAuthn Level 3, 7.1, step 27: of nobody, disabled or not.
            if book.accounts.iter().flat_map(|a| &a.passkeys).any(|p| p.credential == credential) {
                return Err(refuse!(PasskeyThere {}));
            }
            let account = book.account_mut(account).ok_or_else(|| unknown("account", account))?;
            if account.passkeys.len() >= PASSKEYS_MAX {
                return Err(refuse!(AccessFull { max: PASSKEYS_MAX }));
            }
            account.passkeys.push(Passkey {
                id: id.clone(),
                label: label.clone(),
                credential: credential.clone(),
                key: made.key.clone(),
                counter: made.counter,
                backup_eligible: made.backup_eligible,
                added: now,
                used: None,
            });
            Ok(id.clone())
        })
    }

    /// A passkey comes in no more.
    ///
    /// # Errors
    /// There is none of that ID; the disk does not take it.
    pub fn remove_passkey(&self, account: &str, id: &str) -> Result<(), Refused> {
        self.change_book(|book| {
            let account = book.account_mut(account).ok_or_else(|| unknown("account", account))?;
            let at = account.passkeys.iter().position(|p| p.id == id).ok_or_else(|| unknown("passkey", id))?;
            account.passkeys.remove(at);
            Ok(())
        })
    }

    /// Judges a passkey that is shown: gives the account, and keeps how often the authenticator has signed. The inner error is the
    /// account that it may be of, and why it is not believed.
    ///
    /// # Errors
    /// That it was used can't be kept: then it does not count.
    pub fn by_passkey(
        &self,
        place: &Place,
        shown: &Shown,
        now: At,
        is_challenge: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Result<String, (Option<String>, Lie)>, Refused> {
        let credential = hex::encode(&shown.credential);
        self.change_book(|book| {
            // WebAuthn Level 3, 7.2, step 6: the key says whose it is, and that one must have it.
            let of = |a: &&mut Account| !a.disabled && a.passkeys.iter().any(|p| p.credential == credential);
            let Some(account) = book.accounts.iter_mut().find(of) else { return Ok(Err((None, Lie::Unknown))) };
            let id = account.id.clone();
            if shown.user != handle(account) {
                return Ok(Err((Some(id), Lie::OtherAccount)));
            }
            let Some(kept) = account.passkeys.iter_mut().find(|p| p.credential == credential) else {
                return Ok(Err((Some(id), Lie::Unknown)));
            };
            match passkey::shown(place, kept, shown, is_challenge) {
                Ok(counter) => {
                    // 24.
                    kept.counter = counter;
                    kept.used = Some(now);
                    account.used = Some(now);
                    Ok(Ok(id))
                }
                Err(lie) => Ok(Err((Some(id), lie))),
            }
        })
    }
}
