//! The provider of sign-in that `serve --oidc` names. A file of it that can't be used keeps nobody else out and nothing from starting: it
//! is told, and looked at again until it is right.
//!
//! Must not: decide who may come in; `web/oidc` does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::training::Outward;
use crate::clock::SharedClock;
use crate::dispatch::board::Board;
use crate::dispatch::engine::Handle;
use crate::domain::lang::Lang;
use crate::domain::plan::Plan;
use crate::domain::time::At;
use crate::web::auth::{Auth, ConsoleUrl};
use crate::web::oidc::{Provider, Settings};
use crate::words::{alarm, in_all};

/// A file that could not be used is looked at again that often.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// So many mistakes of it are said at one time.
const MISTAKES_MAX: usize = 3;
/// The alarm.
const NAME: &str = "sign-in-provider";

/// Where the provider is written down, and where it leads back to.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// What `--oidc` named.
    pub file: PathBuf,
    /// Where browsers reach the console.
    pub console: Option<ConsoleUrl>,
    /// Whoever asks a provider turns outwards.
    pub _outward: Outward,
}

/// Why there is no button of a provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoProvider(String);

impl NoProvider {
    /// What is wrong, and what goes on meanwhile.
    pub fn said(&self, lang: Lang) -> String {
        alarm::sign_in_provider(lang, &self.0)
    }
}

impl SignIn {
    /// The provider, as the file says now.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn provider(&self, plan: &Plan) -> Result<Provider, NoProvider> {
        let settings = Settings::load(&self.file, plan).map_err(|list| {
            let said = list.iter().take(MISTAKES_MAX);
            let said = said.map(|d| format!("{}:{}:{}: {}", d.file, d.line, d.column, d.message));
            NoProvider(said.collect::<Vec<_>>().join("; "))
        })?;
        let console = self.console.as_ref();
        let console = console.ok_or_else(|| NoProvider("--oidc needs --console-url".into()))?;
        let file = self.file.display();
        Provider::new(settings, console.origin()).map_err(|why| NoProvider(format!("{file}: {why}")))
    }

    /// Looks until it is right or `stop` turns true.
    pub async fn until_right(
        self,
        auth: Arc<Auth>,
        handle: Handle,
        clock: SharedClock,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let Ok(plan) = handle.query(|state, _| state.plan.clone()).await else { return };
            let (this, auth, board, now) = (self.clone(), auth.clone(), handle.board().clone(), clock.now().into());
            let looked = tokio::task::spawn_blocking(move || this.look(&plan, &auth, &board, now));
            if looked.await.unwrap_or(true) {
                return;
            }
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Looks once. `true`: the provider is there from now on.
    fn look(&self, plan: &Plan, auth: &Auth, board: &Board, now: At) -> bool {
        match self.provider(plan) {
            Ok(provider) => {
                auth.comes_beside(provider);
                board.clear(NAME);
                true
            }
            Err(wrong) => {
                board.raise(NAME, in_all(|lang| wrong.said(lang)), now, true);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::app::training::{Ends, Operation};
    use crate::config::{Source, load};

    #[test]
    fn a_file_that_is_wrong_is_told_until_it_is_right() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let (file, now) = (dir.path().join("oidc.yaml"), At(0));
        let plan = load(&Source::Shipped).unwrap().plan;
        let (auth, board) = (Auth::new("0123456789abcdef0123").unwrap(), Board::default());
        let _outward = Ends::of(Operation::Real).outward().unwrap();
        let sign_in = SignIn { file: file.clone(), console: "https://konsol.example".parse().ok(), _outward };
        let right = "issuer: https://login.example\nclient_id: vardkase\nname: Region-ID\n\
            groups: [{ group: tib, rights: [report], functions: [tib] }]\n";
        let wrong = right.replace("[tib]", "[nobody]");
        for (text, said) in [(None, "oidc.yaml"), (Some("\t{"), "oidc.yaml:1"), (Some(&*wrong), "no function nobody")] {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            assert!(!sign_in.look(&plan, &auth, &board, now));
            let alarms = board.alarms();
            assert_eq!((alarms.len(), alarms[0].name.as_str(), alarms[0].tell), (1, NAME, true));
            assert!(alarms[0].what.get(Lang::EN).contains(said), "{:?}", alarms[0].what);
            assert!(auth.provider().is_none());
        }
        std::fs::write(&file, right).unwrap();
        assert!(sign_in.look(&plan, &auth, &board, now));
        assert_eq!((board.alarms().len(), auth.provider().unwrap().name()), (0, "Region-ID"));
    }
}
