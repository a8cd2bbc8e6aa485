//! A modem with its daemon on this machine: takes files from a spool folder as smsd does, shows what a telephone would, moves
//! the files on, writes status reports and answers. Misbehaves when told to, for all numbers or by a number's last four digits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io};

use tokio::task::JoinHandle;

use super::Far;

/// GSM 03.38 by septet (3GPP TS 23.038, 6.2.1), read off its table row by row. `¬` is the escape.
const TABLE: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ¬ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// How the daemon treats a file.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Behaviour {
    /// Sends it and reports.
    #[default]
    Good,
    /// The network refuses it for good (ending 0001).
    Refused,
    /// The network refuses it for now (ending 0002).
    Congested,
    /// Sends it; the report says that it can't be delivered, and nothing is shown (ending 0003).
    Undeliverable,
    /// Sends it; no report (ending 0004).
    NoReport,
    /// Takes it and never sends it (ending 0005).
    Stuck,
    /// Sends it and leaves no trace (ending 0006).
    Vanishes,
    /// Fails without saying why (ending 0007).
    FailsDumb,
    /// Does not take it: the daemon is dead (ending 0008).
    Dead,
}

/// What the daemon is like.
#[derive(Clone, Debug)]
pub struct Opts {
    /// How it treats files.
    pub all: Behaviour,
    /// Whether the last four digits of a number choose.
    pub by_ending: bool,
    /// How often it looks.
    pub poll_interval: Duration,
    /// Whether the folders go with the daemon.
    pub is_scratch: bool,
}

impl Default for Opts {
    fn default() -> Self {
        Self { all: Behaviour::Good, by_ending: true, poll_interval: Duration::from_millis(20), is_scratch: false }
    }
}

/// Parts of one text that have come, by receiver, reference and total.
type Joining = BTreeMap<(String, String, u8), BTreeMap<u8, String>>;

struct Daemon {
    root: PathBuf,
    far: Far,
    name: String,
    opts: Opts,
    ids: AtomicU32,
    joining: Mutex<Joining>,
}

/// A running daemon. It stops when this is dropped.
pub struct Handle {
    /// Where the folders lie.
    pub root: PathBuf,
    daemon: Arc<Daemon>,
    task: JoinHandle<()>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
        if self.daemon.opts.is_scratch {
            // It lies in the machine's folder for what nobody needs any more.
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

/// Makes the folders in `root` and looks after them. `is_up` says whether the daemon runs.
///
/// # Errors
/// When the folders can't be made.
pub fn start(
    root: &Path,
    far: Far,
    name: &str,
    opts: Opts,
    is_up: impl Fn() -> bool + Send + Sync + 'static,
) -> io::Result<Handle> {
    for folder in ["outgoing", "checked", "sent", "failed", "incoming", "report"] {
        fs::create_dir_all(root.join(folder))?;
    }
    let poll_interval = opts.poll_interval;
    let daemon = Arc::new(Daemon {
        root: root.to_owned(),
        far,
        name: name.into(),
        opts,
        ids: AtomicU32::new(0),
        joining: Mutex::default(),
    });
    let works = daemon.clone();
    let task = tokio::spawn(async move {
        loop {
            if is_up() {
                // What can't be read now is looked at the next time.
                let _ = works.look();
            }
            tokio::time::sleep(poll_interval).await;
        }
    });
    Ok(Handle { root: root.to_owned(), daemon, task })
}

impl Handle {
    /// Somebody writes. `false`: the file can't be written.
    pub fn reply(&self, from: &str, text: &str) -> bool {
        let (toa, digits) = match from.strip_prefix('+') {
            Some(digits) => ("91 international, ISDN/telephone", digits),
            None => ("81 unknown, ISDN/telephone", from),
        };
        let head = format!("From: {digits}\nFrom_TOA: {toa}\nReceived: 26-11-22 03:12:00\nAlphabet: UTF-8");
        self.daemon.write("incoming", &format!("{head}\nLength: {}\n\n{text}", text.chars().count()))
    }
}

impl Daemon {
    fn look(&self) -> io::Result<()> {
        let mut names: Vec<String> =
            fs::read_dir(self.root.join("outgoing"))?.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
        names.retain(|n| !n.starts_with('.'));
        names.sort();
        for name in names {
            self.one(&name)?;
        }
        Ok(())
    }

    fn one(&self, name: &str) -> io::Result<()> {
        let outgoing = self.root.join("outgoing").join(name);
        let octets = fs::read(&outgoing)?;
        let Some(end) = octets.windows(2).position(|w| w == b"\n\n") else { return Ok(()) };
        let head = String::from_utf8_lossy(&octets[..end]).into_owned();
        let body = &octets[end + 2..];
        let get = |key: &str| {
            head.lines().find_map(|l| Some(l.strip_prefix(key)?.strip_prefix(": ")?.to_owned())).unwrap_or_default()
        };
        let to = match (get("To"), get("To_TOA").as_str()) {
            (to, "unknown") => to,
            (to, _) => format!("+{to}"),
        };
        let behaviour = self.behaviour(&to);
        if behaviour == Behaviour::Dead {
            return Ok(());
        }
        let checked = self.root.join("checked").join(name);
        fs::rename(&outgoing, &checked)?;
        let (folder, line) = match behaviour {
            Behaviour::Stuck => return Ok(()),
            Behaviour::Refused => {
                ("failed", "Fail_reason: +CMS ERROR: 21 (Short message transfer rejected)\n".to_owned())
            }
            Behaviour::Congested => ("failed", "Fail_reason: +CMS ERROR: 42 (Congestion)\n".to_owned()),
            Behaviour::FailsDumb => ("failed", String::new()),
            _ => {
                let id = self.ids.fetch_add(1, Ordering::Relaxed) % 255 + 1;
                if behaviour != Behaviour::Undeliverable {
                    self.show(&to, &get("Alphabet"), &get("UDH-DATA"), body);
                }
                if get("Report") == "yes" && behaviour != Behaviour::NoReport {
                    let status = match behaviour {
                        Behaviour::Undeliverable => "65,Error,incompatible destination",
                        _ => "0,Ok,short message received by the SME",
                    };
                    let from = to.trim_start_matches('+');
                    let body = format!("SMS STATUS REPORT\nMessage_id: {id}\nStatus: {status}");
                    self.write("report", &format!("From: {from}\nReceived: 26-11-22 03:12:00\n\n{body}"));
                }
                ("sent", format!("Modem: GSM1\nMessage_id: {id}\n"))
            }
        };
        if behaviour == Behaviour::Vanishes {
            return fs::remove_file(checked);
        }
        let with = [head.as_bytes(), b"\n", line.as_bytes(), b"\n", body].concat();
        fs::write(&checked, with)?;
        fs::rename(checked, self.root.join(folder).join(name))
    }

    fn behaviour(&self, to: &str) -> Behaviour {
        let ending = to.get(to.len().saturating_sub(4)..).filter(|_| self.opts.by_ending);
        match ending {
            Some("0001") => Behaviour::Refused,
            Some("0002") => Behaviour::Congested,
            Some("0003") => Behaviour::Undeliverable,
            Some("0004") => Behaviour::NoReport,
            Some("0005") => Behaviour::Stuck,
            Some("0006") => Behaviour::Vanishes,
            Some("0007") => Behaviour::FailsDumb,
            Some("0008") => Behaviour::Dead,
            _ => self.opts.all,
        }
    }

    fn write(&self, folder: &str, text: &str) -> bool {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        fs::write(self.root.join(folder).join(format!("GSM1.{id:06}")), text).is_ok()
    }

    fn show(&self, to: &str, alphabet: &str, header: &str, body: &[u8]) {
        let text = match alphabet {
            "UCS" => {
                let units: Vec<u16> = body.chunks_exact(2).map(|p| u16::from(p[0]) << 8 | u16::from(p[1])).collect();
                String::from_utf16_lossy(&units)
            }
            _ => letters(body),
        };
        let octets: Vec<u8> = header.split(' ').filter_map(|o| u8::from_str_radix(o, 16).ok()).collect();
        let (reference, n, k) = match octets[..] {
            [5, 0, 3, reference, n, k] => (reference.to_string(), n, k),
            [6, 8, 4, high, low, n, k] => (format!("{high} {low}"), n, k),
            _ => return self.far.show(&self.name, to, &text),
        };
        let mut joining = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (to.to_owned(), reference, n);
        let parts = joining.entry(key.clone()).or_default();
        parts.insert(k, text);
        if parts.len() == usize::from(n) {
            let whole: String = parts.values().map(String::as_str).collect();
            joining.remove(&key);
            drop(joining);
            self.far.show(&self.name, to, &whole);
        }
    }
}

/// What a handset shows of septets.
fn letters(septets: &[u8]) -> String {
    let table: Vec<char> = TABLE.chars().collect();
    let mut text = String::new();
    let mut septets = septets.iter();
    while let Some(septet) = septets.next() {
        let c = match septet {
            0x1b => match septets.next() {
                Some(0x65) => '€',
                Some(0x3c) => '[',
                Some(0x3e) => ']',
                Some(0x28) => '{',
                Some(0x29) => '}',
                Some(0x2f) => '\\',
                Some(0x3d) => '~',
                Some(0x40) => '|',
                Some(0x14) => '^',
                Some(other) => table.get(usize::from(*other)).copied().unwrap_or('▯'),
                None => '▯',
            },
            _ => table.get(usize::from(*septet)).copied().unwrap_or('▯'),
        };
        text.push(c);
    }
    text
}
