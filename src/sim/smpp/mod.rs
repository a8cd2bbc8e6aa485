//! A short-message centre on loopback that speaks SMPP 3.4. It joins parts as a handset does and keeps what the handset
//! shows; it sends receipts and answers, and misbehaves when told to, for all numbers or by a number's last four digits.

mod wire;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

pub use self::wire::Letters;
use super::Far;

/// How many PDUs may wait for a session to send them.
const WAITING_MAX: usize = 1_000;
/// How long "slow" takes.
const SLOW: Duration = Duration::from_millis(300);

/// How the centre treats a message.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Behaviour {
    /// Accepts, shows, sends a receipt.
    #[default]
    Good,
    /// `ESME_RINVDSTADR` (ending 0001).
    InvalidDestination,
    /// `ESME_RTHROTTLED` for every second (ending 0002).
    ThrottleEverySecond,
    /// Accepts; the receipt says UNDELIV and nothing is shown (ending 0003).
    Undeliverable,
    /// Accepts and shows, no receipt (ending 0004).
    NoReceipt,
    /// Shows, but never answers (ending 0005).
    NoResponse,
    /// Closes the connection instead of answering (ending 0006).
    Close,
    /// Answers after a while (ending 0007).
    Slow,
    /// Answers something that is not SMPP (ending 0008).
    Garbage,
    /// `ESME_RTHROTTLED` for ever.
    Throttle,
    /// Accepts, shows it to nobody, no receipt.
    Drops,
}

impl Behaviour {
    fn of(to: &str, opts: &Opts) -> Self {
        if !opts.by_ending {
            return opts.all;
        }
        match to.get(to.len().saturating_sub(4)..) {
            Some("0001") => Self::InvalidDestination,
            Some("0002") => Self::ThrottleEverySecond,
            Some("0003") => Self::Undeliverable,
            Some("0004") => Self::NoReceipt,
            Some("0005") => Self::NoResponse,
            Some("0006") => Self::Close,
            Some("0007") => Self::Slow,
            Some("0008") => Self::Garbage,
            _ => opts.all,
        }
    }
}

/// How receipts are written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Receipts {
    /// Text and parameters.
    #[default]
    Both,
    /// Text only, number as in the answer.
    Text,
    /// Text only, number in decimal although the answer was hexadecimal.
    DecimalText,
    /// Parameters only.
    Parameters,
}

/// What the centre is like.
#[derive(Clone, Debug)]
pub struct Opts {
    /// The user that may bind.
    pub system_id: String,
    pub password: String,
    /// What data coding 0 means.
    pub letters: Letters,
    /// How it treats messages.
    pub all: Behaviour,
    /// Whether the last four digits of a number choose a behaviour (0001 to 0008).
    pub by_ending: bool,
    /// How receipts are written.
    pub receipts: Receipts,
    /// Whether nothing is kept of what arrives: a trivial sink for measuring.
    pub sink: bool,
}

impl Default for Opts {
    fn default() -> Self {
        Self {
            system_id: "tester".into(),
            password: "secret".into(),
            letters: Letters::Gsm,
            all: Behaviour::Good,
            by_ending: true,
            receipts: Receipts::Both,
            sink: false,
        }
    }
}

/// Parts of one text that have come, by receiver, reference and total.
type Joining = HashMap<(String, u32, u8), Vec<Option<String>>>;

struct Centre {
    far: Far,
    name: String,
    opts: Opts,
    ids: AtomicU32,
    submits: AtomicUsize,
    joining: Mutex<Joining>,
    receivers: Mutex<Vec<mpsc::Sender<Vec<u8>>>>,
    bound: watch::Sender<usize>,
    kick: watch::Sender<u32>,
}

/// Starts centres.
pub struct SimSmsc;

/// A running centre. It stops when this is dropped.
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    centre: Arc<Centre>,
    task: JoinHandle<()>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimSmsc {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(far: Far, name: &str, opts: Opts) -> io::Result<Handle> {
        Self::start_at("127.0.0.1:0", far, name, opts).await
    }

    /// Listens at that address; so a test can bring a centre back at the same place.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start_at(at: &str, far: Far, name: &str, opts: Opts) -> io::Result<Handle> {
        let listener = TcpListener::bind(at).await?;
        let addr = listener.local_addr()?;
        let centre = Arc::new(Centre {
            far,
            name: name.into(),
            opts,
            ids: AtomicU32::new(9),
            submits: AtomicUsize::new(0),
            joining: Mutex::default(),
            receivers: Mutex::default(),
            bound: watch::Sender::new(0),
            kick: watch::Sender::new(0),
        });
        let task = tokio::spawn(listen(listener, centre.clone()));
        Ok(Handle { addr, centre, task })
    }
}

impl Handle {
    /// Somebody writes back. A long text goes in parts. `false`: nobody is bound to get it.
    pub async fn reply(&self, from: &str, text: &str) -> bool {
        let opts = &self.centre.opts;
        let (data_coding, octets) = wire::typed(text, opts.letters);
        let to = "72112";
        let pdus: Vec<Vec<u8>> = if octets.len() <= 140 {
            vec![wire::deliver(from, to, 0, data_coding, &octets, &[])]
        } else {
            let parts: Vec<&[u8]> = octets.chunks(132).collect();
            let n = parts.len() as u8;
            let reference = self.centre.ids.fetch_add(1, Ordering::Relaxed) as u8;
            let part = |(part, k): (&&[u8], u8)| {
                let text = [&[5, 0, 3, reference, n, k], *part].concat();
                wire::deliver(from, to, 0x40, data_coding, &text, &[])
            };
            parts.iter().zip(1..).map(part).collect()
        };
        let receiver = lock(&self.centre.receivers).iter().rfind(|r| !r.is_closed()).cloned();
        let Some(receiver) = receiver else { return false };
        for body in pdus {
            let sequence = self.centre.ids.fetch_add(1, Ordering::Relaxed);
            if receiver.send(wire::frame(0x05, 0, sequence, &body)).await.is_err() {
                return false;
            }
        }
        true
    }

    /// How many `submit_sm` came.
    pub fn submits(&self) -> usize {
        self.centre.submits.load(Ordering::Relaxed)
    }

    /// Waits until that many sessions have been bound since the start.
    pub async fn bound(&self, sessions: usize) {
        // The sender lives as long as this handle.
        let _ = self.centre.bound.subscribe().wait_for(|n| *n >= sessions).await;
    }

    /// Closes all sessions, without a word.
    pub fn close_sessions(&self) {
        self.centre.kick.send_modify(|n| *n += 1);
    }
}

async fn listen(listener: TcpListener, centre: Arc<Centre>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((tcp, _)) = accepted {
                let kicked = centre.kick.subscribe();
                let session = Session { centre: centre.clone(), out: Vec::new(), later: None };
                sessions.spawn(session.serve(tcp, kicked));
            },
            Some(_) = sessions.join_next() => {}
        }
    }
}

struct Session {
    centre: Arc<Centre>,
    out: Vec<u8>,
    later: Option<mpsc::Sender<Vec<u8>>>,
}

impl Session {
    async fn serve(mut self, mut tcp: TcpStream, mut kicked: watch::Receiver<u32>) {
        if tcp.set_nodelay(true).is_err() {
            return;
        }
        let (sender, mut waiting) = mpsc::channel(WAITING_MAX);
        self.later = Some(sender);
        let mut input = Vec::with_capacity(64 * 1024);
        loop {
            tokio::select! {
                read = tcp.read_buf(&mut input) => if !matches!(read, Ok(1..)) { return },
                Some(pdu) = waiting.recv() => self.out.extend(pdu),
                _ = kicked.changed() => return,
            }
            let go_on = loop {
                match wire::cut(&mut input) {
                    Ok(None) => break true,
                    Ok(Some(frame)) => {
                        if !self.frame(&frame) {
                            break false;
                        }
                    }
                    Err(()) => break false,
                }
            };
            let wrote = tcp.write_all(&self.out).await;
            self.out.clear();
            if !go_on || wrote.is_err() {
                return;
            }
        }
    }

    fn put(&mut self, command: u32, status: u32, sequence: u32, body: &[u8]) {
        self.out.extend(wire::frame(command, status, sequence, body));
    }

    /// `false`: the session ends.
    fn frame(&mut self, frame: &wire::Frame) -> bool {
        let sequence = frame.sequence;
        match frame.command {
            bind @ (1 | 2 | 9) => {
                let [system_id, password] = wire::texts(&frame.body);
                let opts = &self.centre.opts;
                if system_id != opts.system_id || password != opts.password {
                    self.put(bind | 0x8000_0000, 0x0e, sequence, b"");
                    return false;
                }
                self.put(bind | 0x8000_0000, 0, sequence, b"SIMSMSC\0");
                if bind != 2 {
                    lock(&self.centre.receivers).extend(self.later.clone());
                }
                self.centre.bound.send_modify(|n| *n += 1);
            }
            0x04 => return self.submit(sequence, &frame.body),
            0x06 => {
                self.put(0x8000_0006, 0, sequence, b"");
                return false;
            }
            0x15 => self.put(0x8000_0015, 0, sequence, b""),
            answer if answer >= 0x8000_0000 => {}
            _ => self.put(0x8000_0000, 0x03, sequence, b""),
        }
        true
    }

    fn submit(&mut self, sequence: u32, body: &[u8]) -> bool {
        const RESP: u32 = 0x8000_0004;
        let nth = self.centre.submits.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:08x}", self.centre.ids.fetch_add(1, Ordering::Relaxed));
        if self.centre.opts.sink {
            self.put(RESP, 0, sequence, format!("{id}\0").as_bytes());
            return true;
        }
        let Some(sm) = wire::submitted(body) else {
            self.put(RESP, 0x02, sequence, b"");
            return true;
        };
        let answer = wire::frame(RESP, 0, sequence, format!("{id}\0").as_bytes());
        let mut receipt = sm.receipt.then(|| self.receipt(&sm, &id, true));
        match Behaviour::of(&sm.to, &self.centre.opts) {
            Behaviour::Good => {}
            Behaviour::InvalidDestination => {
                self.put(RESP, 0x0b, sequence, b"");
                return true;
            }
            Behaviour::ThrottleEverySecond if nth % 2 == 1 => {
                self.put(RESP, 0x58, sequence, b"");
                return true;
            }
            Behaviour::ThrottleEverySecond => {}
            Behaviour::Undeliverable => {
                self.out.extend(answer);
                if sm.receipt {
                    let receipt = self.receipt(&sm, &id, false);
                    self.out.extend(receipt);
                }
                return true;
            }
            Behaviour::NoReceipt => receipt = None,
            Behaviour::Throttle => {
                self.put(RESP, 0x58, sequence, b"");
                return true;
            }
            Behaviour::Drops => {
                self.out.extend(answer);
                return true;
            }
            Behaviour::NoResponse => {
                self.show(&sm);
                return true;
            }
            Behaviour::Close => return false,
            Behaviour::Slow => {
                self.show(&sm);
                if let Some(later) = self.later.clone() {
                    tokio::spawn(async move {
                        tokio::time::sleep(SLOW).await;
                        // The session may be gone by then.
                        let _ = later.send([answer, receipt.unwrap_or_default()].concat()).await;
                    });
                }
                return true;
            }
            Behaviour::Garbage => {
                self.out.extend(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                return true;
            }
        }
        self.show(&sm);
        self.out.extend(answer);
        self.out.extend(receipt.unwrap_or_default());
        true
    }

    fn show(&self, sm: &wire::Submitted) {
        let text = wire::shows(sm.data_coding, self.centre.opts.letters, &sm.text);
        let Some((reference, n, k)) = sm.part else {
            return self.centre.far.show(&self.centre.name, &sm.to, &text);
        };
        let key = (sm.to.clone(), reference, n);
        let mut joining = lock(&self.centre.joining);
        let parts = joining.entry(key.clone()).or_insert_with(|| vec![None; usize::from(n)]);
        let Some(place) = usize::from(k).checked_sub(1).and_then(|k| parts.get_mut(k)) else { return };
        *place = Some(text);
        if let Some(whole) = parts.iter().cloned().collect::<Option<String>>() {
            joining.remove(&key);
            drop(joining);
            self.centre.far.show(&self.centre.name, &sm.to, &whole);
        }
    }

    fn receipt(&self, sm: &wire::Submitted, id: &str, good: bool) -> Vec<u8> {
        let (word, error, state) = if good { ("DELIVRD", "000", 2) } else { ("UNDELIV", "001", 5) };
        let written = match self.centre.opts.receipts {
            Receipts::DecimalText => u32::from_str_radix(id, 16).unwrap_or(0).to_string(),
            _ => id.to_owned(),
        };
        let text = format!(
            "id:{written} sub:001 dlvrd:001 submit date:2611220312 done date:2611220312 stat:{word} err:{error} text:"
        );
        let numbered = [id.as_bytes(), b"\0"].concat();
        let state = [state];
        let options: &[(u16, &[u8])] = &[(0x001e, &numbered), (0x0427, &state)];
        let (text, options) = match self.centre.opts.receipts {
            Receipts::Both => (text.as_str(), options),
            Receipts::Text | Receipts::DecimalText => (text.as_str(), &options[..0]),
            Receipts::Parameters => ("", options),
        };
        let body = wire::deliver(&sm.to, &sm.from, 4, 0, text.as_bytes(), options);
        wire::frame(0x05, 0, self.centre.ids.fetch_add(1, Ordering::Relaxed), &body)
    }
}
