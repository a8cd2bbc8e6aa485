//! Every far end by the protocol that it speaks: **a new one is a line in [`start`]**. Whoever starts them knows no protocol.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;

use tokio::sync::watch;

use super::relay::Line;
use super::{Far, espa, hylafax, paging_http, pocsag, smpp, sms_http, sms_spool, smtp, snpp, tap};
use crate::domain::text::Charset;

/// A far end, whatever it speaks; it speaks as long as this lives.
pub trait FarEnd: Send + Sync {
    /// Where it listens; `None`: it is spoken to by files.
    fn addr(&self) -> Option<SocketAddr>;
    /// Sets where it calls, once that is known.
    fn call_back(&self, receipt_url: &str, reply_url: &str) {
        let _ = (receipt_url, reply_url);
    }
    /// Somebody there writes back. `false`: nobody takes it.
    fn reply<'a>(&'a self, from: &'a str, text: &'a str) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        let _ = (from, text);
        Box::pin(ready(false))
    }
}

/// What a far end is told when it starts.
pub struct Told<'t> {
    /// Where it notes what arrives.
    pub far: Far,
    /// The gateway's name.
    pub name: &'t str,
    /// What it must know to play its part: `user`, `password`, and what its protocol has beside.
    pub facts: &'t BTreeMap<&'static str, String>,
    /// What its devices show.
    pub charset: Charset,
    /// Numbers that end in 0001 to 0009 misbehave, each in its way.
    pub by_ending: bool,
    /// It keeps nothing of what arrives.
    pub sink: bool,
    /// How the line to it is, for those that are spoken to by files.
    pub line: watch::Receiver<Line>,
}

impl Told<'_> {
    /// A fact; empty when there is none.
    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }

    fn login(&self) -> Option<(String, String)> {
        Some((self.facts.get("user")?.clone(), self.facts.get("password")?.clone()))
    }

    fn first_byte(&self, name: &str, usual: u8) -> u8 {
        self.fact(name).bytes().next().unwrap_or(usual)
    }
}

/// Starts the far end of a protocol.
///
/// # Errors
/// There is no free port or no folder; or nobody speaks it here.
pub async fn start(protocol: &str, told: &Told<'_>) -> io::Result<Box<dyn FarEnd>> {
    let (far, name, charset) = (told.far.clone(), told.name, told.charset);
    Ok(match protocol {
        "smpp" => {
            let letters = match charset {
                Charset::Latin1 => smpp::Letters::Latin1,
                Charset::Ascii7 => smpp::Letters::Ascii,
                _ => smpp::Letters::Gsm,
            };
            let opts = smpp::Opts {
                system_id: told.fact("system_id").into(),
                password: told.fact("password").into(),
                letters,
                by_ending: told.by_ending,
                sink: told.sink,
                ..smpp::Opts::default()
            };
            Box::new(smpp::SimSmsc::start(far, name, opts).await?)
        }
        "http" => {
            let opts = sms_http::Opts {
                by_ending: told.by_ending,
                kannel: told.fact("preset") == "kannel",
                authorization: sms_http::authorization(told.fact("user"), told.fact("password")),
                ..sms_http::Opts::default()
            };
            Box::new(sms_http::SimSmsHttp::start(far, name, opts).await?)
        }
        "smsspool" => {
            let opts = sms_spool::Opts { by_ending: told.by_ending, is_scratch: true, ..sms_spool::Opts::default() };
            let line = told.line.clone();
            let folder = Path::new(told.fact("folder"));
            Box::new(sms_spool::start(folder, far, name, opts, move || line.borrow().is_up)?)
        }
        "smtp" | "faxmail" => {
            Box::new(smtp::start(far, name, smtp::Options { login: told.login(), ..smtp::Options::default() }).await?)
        }
        "hylafax" => {
            let password = told.facts.get("password").cloned();
            Box::new(hylafax::start(far, name, hylafax::Options { password, ..hylafax::Options::default() }).await?)
        }
        "snpp" => {
            let level = told.fact("level").parse().unwrap_or(1);
            let options = snpp::Options { level, login: told.login(), charset, ..snpp::Options::default() };
            Box::new(snpp::start(far, name, options).await?)
        }
        "tap" => {
            let password = told.fact("password").into();
            Box::new(tap::start(far, name, tap::Options { password, charset, ..tap::Options::default() }).await?)
        }
        "espa" => {
            let options = espa::Options {
                polls_every_ms: (told.fact("role") == "polled").then_some(100),
                own: told.first_byte("own", b'2'),
                caller: told.first_byte("caller", b'1'),
                charset,
                ..espa::Options::default()
            };
            Box::new(espa::start(far, name, options).await?)
        }
        "pocsag" => Box::new(pocsag::start(far, name, charset, told.fact("baud").parse().unwrap_or(1_200)).await?),
        "paging-http" => paging_http::far_end(told).await?,
        other => return Err(io::Error::other(format!("nobody here speaks {other}"))),
    })
}

type Replied<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

macro_rules! listens {
    ($($far_end:ty),+) => { $(
        impl FarEnd for $far_end {
            fn addr(&self) -> Option<SocketAddr> {
                Some(self.addr)
            }
        }
    )+ };
}
listens!(smtp::Handle, hylafax::Handle, tap::Handle, espa::Handle, pocsag::Handle);

impl FarEnd for smpp::Handle {
    fn addr(&self) -> Option<SocketAddr> {
        Some(self.addr)
    }
    fn reply<'a>(&'a self, from: &'a str, text: &'a str) -> Replied<'a> {
        Box::pin(smpp::Handle::reply(self, from, text))
    }
}

impl FarEnd for snpp::Handle {
    fn addr(&self) -> Option<SocketAddr> {
        Some(self.addr)
    }
    fn reply<'a>(&'a self, from: &'a str, text: &'a str) -> Replied<'a> {
        Box::pin(ready(self.answer(from, text)))
    }
}

impl FarEnd for sms_spool::Handle {
    fn addr(&self) -> Option<SocketAddr> {
        None
    }
    fn reply<'a>(&'a self, from: &'a str, text: &'a str) -> Replied<'a> {
        Box::pin(ready(sms_spool::Handle::reply(self, from, text)))
    }
}

impl FarEnd for sms_http::Handle {
    fn addr(&self) -> Option<SocketAddr> {
        Some(self.addr)
    }
    fn call_back(&self, receipt_url: &str, reply_url: &str) {
        sms_http::Handle::call_back(self, receipt_url, reply_url);
    }
    fn reply<'a>(&'a self, from: &'a str, text: &'a str) -> Replied<'a> {
        Box::pin(async move { (200..300).contains(&sms_http::Handle::reply(self, from, text).await) })
    }
}
