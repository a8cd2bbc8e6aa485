//! Runs the server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use serde_json::json;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::client::{STATE, TRAINING_STATE};
use super::context::Context;
use super::terminal::Hue;
use crate::accounts::FIRST_FILE;
use crate::app::cluster::Settings;
use crate::app::{Doors, Operation, Options, StartError, Wrong, start};
use crate::config::{Source, load};
use crate::dispatch::journal_view::journal_view;
use crate::domain::lang::Lang;
use crate::error::{Error, Kind};
use crate::web::auth::{ConsoleUrl, TOKEN_FILE};
use crate::web::proxies::Proxy;
use crate::web::tls::Files;
use crate::words::{Word, cli as words};
use crate::yaml::Diagnostic;

/// Run the server: loop, gateways, timers, public page, console, API.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase serve --config region/ --state /var/lib/vardkase --public-url https://larm.example/\n  \
    vardkase serve --public-listen 0.0.0.0:443 --public-tls-cert larm.pem --public-tls-key larm.key\n  \
    vardkase serve --training --config region/  to practise: nothing leaves this machine\n  \
    vardkase serve --trusted-proxy 127.0.0.1  a proxy on this machine says for whom it speaks\n  \
    vardkase serve                          the fictional region that is built in, on loopback")]
pub struct ServeArgs {
    /// The folder with `channels/`, `playbooks/` and `contacts/`; the fictional region when missing.
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Training: no gateway exists, nothing leaves this machine, every report is a drill. It listens on 8090 and 8091, with a state folder
    /// of its own.
    #[arg(long, conflicts_with_all = ["oidc", "second_copy"])]
    training: bool,
    /// Where the public page, answer links and callbacks of gateways listen.
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8080",
        default_value_if("training", "true", "127.0.0.1:8090")
    )]
    public_listen: SocketAddr,
    /// Where the console, the API and the metrics listen.
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8081",
        default_value_if("training", "true", "127.0.0.1:8091")
    )]
    listen: SocketAddr,
    /// PEM file with the certificate of the console's listener, and those between it and its authority; looked at again each 10 s.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file with the key of that certificate.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// PEM file with the certificate of the public listener, and those between it and its authority; looked at again each 10 s.
    #[arg(long, value_name = "FILE", requires = "public_tls_key")]
    public_tls_cert: Option<PathBuf>,
    /// PEM file with the key of that certificate.
    #[arg(long, value_name = "FILE", requires = "public_tls_cert")]
    public_tls_key: Option<PathBuf>,
    /// A proxy whose X-Forwarded-For and X-Forwarded-Proto are believed, or a network of them (192.0.2.0/28); may be given again.
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<Proxy>,
    /// Speak plain HTTP beyond this machine too; an alarm stands as long.
    #[arg(long)]
    insecure: bool,
    /// Under which address the public reaches this server; for links and QR codes.
    #[arg(long, value_name = "URL", env = "VARDKASE_PUBLIC_URL")]
    public_url: Option<String>,
    /// Under which address browsers reach the console: passkeys are good there alone.
    #[arg(long, value_name = "URL", env = "VARDKASE_CONSOLE_URL")]
    console_url: Option<ConsoleUrl>,
    /// YAML file with a provider of sign-in (OpenID Connect) that stands beside accounts, and what its groups may.
    #[arg(long, value_name = "FILE", requires = "console_url")]
    oidc: Option<PathBuf>,
    /// A folder on another disk for the second copy of the journal: each commit is on both before it counts.
    #[arg(long, value_name = "DIR")]
    second_copy: Option<PathBuf>,
    /// YAML file that makes this one node of several: its name, and where etcd is, which holds their common journal.
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["training", "second_copy", "new"])]
    cluster: Option<PathBuf>,
    /// Start though the key file is lost: what was sealed by it is given up.
    #[arg(long)]
    accept_lost_key: bool,
    /// Begin a new journal where one was and is gone; the keys that are left of it are set aside.
    #[arg(long)]
    new: bool,
}

impl ServeArgs {
    pub(super) fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let lang = cx.term.lang();
        let doors = self.doors();
        let cluster = self.cluster().map_err(|list| start_error(&StartError::Config(list), lang))?;
        let Self {
            config,
            training,
            public_listen,
            listen,
            public_url,
            console_url,
            oidc,
            second_copy,
            accept_lost_key,
            new,
            ..
        } = self;
        let source = config.map_or(Source::Shipped, Source::Dir);
        let loaded = load(&source).map_err(|list| start_error(&StartError::Config(list), lang))?;
        let state = match training && cx.global.state == Path::new(STATE) {
            true => PathBuf::from(TRAINING_STATE),
            false => cx.global.state.clone(),
        };
        let options = Options {
            operation: if training { Operation::Training } else { Operation::Real },
            state,
            second_copy,
            public_listen,
            listen,
            public_url,
            console_url,
            sign_in: oidc,
            accept_lost_key,
            new,
            source: Some(source),
            doors,
            cluster,
        };
        logging();
        let runtime = runtime(lang)?;
        let (fictional, region, warnings) = (loaded.fictional, loaded.plan.region.name.clone(), loaded.warnings.len());
        let no_url = options.public_url.is_none();
        runtime.block_on(async {
            let told = until_told();
            let running = start(loaded, options).await.map_err(|e| start_error(&e, lang))?;
            if cx.json() {
                cx.term.json(&json!({
                    "public": running.public_url(),
                    "console": running.console_url(),
                    "token_file": running.state_dir.join(TOKEN_FILE),
                    "first_account_file": running.first.as_ref().map(|_| running.state_dir.join(FIRST_FILE)),
                    "fictional": fictional,
                    "training": training,
                    "warnings": warnings,
                    "wrong": wrong(&running.wrong, lang).into_iter().map(|(said, _)| said).collect::<Vec<_>>(),
                }));
            } else {
                if training {
                    cx.term.line_in(Hue::Strong, words::TRAINING.say(lang));
                }
                if fictional {
                    cx.term.line_in(Hue::Strong, words::FICTIONAL_POINT.say(lang));
                }
                cx.term.line(&region);
                let on_screen = cx.term.screen();
                let mut line = |name: Word, what: String| cx.term.line(&format!("{:<14} {what}", name.say(lang)));
                line(words::PUBLIC_PAGE, running.public_url());
                line(words::CONSOLE, running.console_url());
                if training {
                    let state = running.state_dir.display().to_string();
                    let options = format!("--server {} --state {state}", running.console_url());
                    line(words::TRAINING_STATE, state);
                    line(words::TRAINING_COMMANDS, options);
                }
                // For a screen alone: what is written elsewhere ends in logs.
                match &running.first {
                    Some(path) if on_screen => line(words::FIRST_ACCOUNT, format!("{}{path}", running.console_url())),
                    Some(_) => line(words::FIRST_ACCOUNT, running.state_dir.join(FIRST_FILE).display().to_string()),
                    None => {}
                }
                let journal = running.handle.query(|_, meta| journal_view(meta)).await.unwrap_or_default();
                if let Some(second) = journal.copies.get(1) {
                    line(words::SECOND_COPY, words::copy_records(lang, &second.folder, second.records));
                }
                for (hue, said) in
                    journal.alarms.iter().map(|a| (Hue::Bad, a)).chain(journal.warnings.iter().map(|w| (Hue::Wait, w)))
                {
                    let said = cx.in_lang(said).to_owned();
                    cx.term.line_in(hue, &said);
                }
                if warnings > 0 {
                    cx.term.line(&words::check_warns(lang, warnings));
                }
                if no_url {
                    cx.term.line(words::NO_PUBLIC_URL.say(lang));
                }
                for (said, next) in wrong(&running.wrong, lang) {
                    cx.term.line_in(Hue::Bad, &said);
                    cx.term.line_in(Hue::Bad, &format!("  {next}"));
                }
            }
            told.await;
            running.stop().await;
            Ok(())
        })
    }
}

impl ServeArgs {
    #[cfg(feature = "cluster")]
    fn cluster(&self) -> Result<Option<Settings>, Vec<Diagnostic>> {
        self.cluster.as_deref().map(Settings::load).transpose()
    }

    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "there are no others")]
    fn cluster(&self) -> Result<Option<Settings>, Vec<Diagnostic>> {
        Ok(None)
    }

    fn doors(&self) -> Doors {
        let pair = |certificate: &Option<PathBuf>, key: &Option<PathBuf>| {
            Some(Files { certificate: certificate.clone()?, key: key.clone()? })
        };
        Doors {
            console: pair(&self.tls_cert, &self.tls_key),
            public: pair(&self.public_tls_cert, &self.public_tls_key),
            trusted: self.trusted_proxy.clone(),
            insecure: self.insecure,
        }
    }
}

/// What is wrong though the program runs, each with what to do next.
fn wrong(wrong: &Wrong, lang: Lang) -> Vec<(String, String)> {
    let certificates = wrong.certificates.iter().map(|one| (one.said(lang), one.next(lang)));
    let provider = wrong.provider.iter().map(|one| (one.said(lang), words::MEND_PROVIDER.say(lang).to_owned()));
    certificates.chain(provider).collect()
}

/// Ends with Ctrl-C, or when a service manager asks: from when this is called, within the runtime, so that nobody who was told that
/// the program is there ends it the hard way.
pub(super) fn until_told() -> impl Future<Output = ()> {
    let term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async move {
        let Ok(mut term) = term else {
            let _ = tokio::signal::ctrl_c().await;
            return;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
        }
    }
}

/// The threads that everything runs on.
pub(super) fn runtime(lang: Lang) -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::other(words::no_threads(lang, e), words::END_USERS.say(lang)))
}

/// Log lines go to standard error; `RUST_LOG` chooses which. Who signs in is always worth a line.
pub(super) fn logging() {
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    let chosen = std::env::var("RUST_LOG").ok().and_then(|v| v.parse::<Targets>().ok());
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    let filter = chosen.unwrap_or_else(|| {
        Targets::new().with_default(LevelFilter::WARN).with_target("vardkase::web::auth", LevelFilter::INFO)
    });
    // A second logger in one process (tests) changes nothing.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

/// What kept the program from starting.
pub(super) fn start_error(e: &StartError, lang: Lang) -> Error {
    match e {
        StartError::Doors(all) => {
            let why: Vec<_> = all.iter().map(|shut| shut.why(lang)).collect();
            let mut next: Vec<_> = all.iter().map(|shut| shut.next(lang)).collect();
            next.dedup();
            Error::new(Kind::Configuration, why.join("\n"), next.join("\n"))
        }
        StartError::Config(list) => {
            let sources: Vec<String> =
                list.iter().take(20).map(|d| format!("{}:{}:{}: {}", d.file, d.line, d.column, d.message)).collect();
            Error::new(Kind::Configuration, format!("{e}\n{}", sources.join("\n")), e.hint())
        }
        StartError::State(_) | StartError::Cluster { .. } => Error::new(Kind::Configuration, e.to_string(), e.hint()),
        StartError::Journal(_) | StartError::Recover(_) => Error::new(Kind::Journal, e.to_string(), e.hint()),
        StartError::Io { .. } => Error::other(e.to_string(), e.hint()),
    }
}
