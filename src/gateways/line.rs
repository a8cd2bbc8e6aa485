//! The line to a paging terminal that speaks byte by byte: a TCP connection (a terminal server, a modern central) or a serial
//! device of this machine. ESPA 4.4.4 and TAP share it.
//!
//! Every write and every read has its limit at the call. Must not: know what the bytes mean.

use std::fs::File;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::termios::{
    ControlModes, InputModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::unix::pipe;
use tokio::time::{Instant, timeout, timeout_at};

use crate::domain::delivery::SendError;
use crate::gateways::protocol::Entry;
use crate::yaml::{Found, Name};

/// Bytes that are read ahead; whoever floods the line is cut off.
const READ_AHEAD_MAX: usize = 64 * 1024;

/// Bits of a character on a serial line.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
pub enum Framing {
    /// Seven bits, even parity: what ESPA 4.4.4 (2.1) and TAP (2.0) ask for.
    #[default]
    #[serde(rename = "7e1")]
    SevenEven,
    /// Eight bits, no parity: what many terminals are set to.
    #[serde(rename = "8n1")]
    EightNone,
}

/// How one side holds the other back on a serial line.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema, Debug)]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    /// Nothing holds it back.
    #[default]
    None,
    /// RTS and CTS.
    Rtscts,
}

/// A line to a paging terminal: host and port, or a serial device of this machine.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct LineConfig {
    /// Name or address, with port.
    pub host: Option<Name>,
    /// Port.
    pub port: Option<u16>,
    /// A serial device, such as /dev/ttyS0.
    pub device: Option<Name>,
    /// Bits a second. Default: 9600.
    pub baud: u32,
    /// 7e1 or 8n1. Default: 7e1.
    pub framing: Framing,
    /// none or rtscts. Default: none.
    pub flow: Flow,
}

impl Default for LineConfig {
    fn default() -> Self {
        Self { host: None, port: None, device: None, baud: 9_600, framing: Framing::SevenEven, flow: Flow::None }
    }
}

impl LineConfig {
    /// A line to a TCP port.
    pub fn tcp(addr: SocketAddr) -> Self {
        Self { host: Some(addr.ip().to_string().into()), port: Some(addr.port()), ..Self::default() }
    }

    /// The host that it goes to; a device is of this machine.
    pub fn host(&self) -> Option<&str> {
        self.host.as_ref().map(|h| h.as_str())
    }

    /// Says what is wrong with it.
    pub fn check(&self, entry: &Entry<'_>, found: &mut Found) {
        match (&self.host, self.port, &self.device) {
            (Some(host), Some(_), None) => entry.host(host, found),
            (None, None, Some(device)) => {
                if !device.starts_with('/') {
                    let message = format!("\"{}\" is not a device such as /dev/ttyS0", device.value);
                    found.error(device.place, "line", message);
                }
            }
            _ => {
                let message = "a line is a host with its port, or a device";
                found.error(entry.name.place, "line", message).help("line: { device: /dev/ttyS0, baud: 9600 }");
            }
        }
    }
}

/// Why a line is of no more use, or gave nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lost {
    /// The far end closed it, or the network did, or the device is gone.
    Closed,
    /// Nothing came in its time.
    TimedOut,
}

impl Lost {
    pub fn as_str(self) -> &'static str {
        match self {
            Lost::Closed => "connection lost",
            Lost::TimedOut => "no answer in time",
        }
    }
}

enum End {
    Tcp(TcpStream),
    /// tokio waits for any descriptor that can be waited for through these two; a serial line is one, both ways.
    Device {
        rx: pipe::Receiver,
        tx: pipe::Sender,
    },
}

/// An open line.
pub(super) struct Line {
    end: End,
    /// What was read and not yet understood; the codecs take from its front.
    pub read: Vec<u8>,
    mask: u8,
}

impl Line {
    /// Opens it. `seven_bit`: the eighth bit of what comes is parity, or nothing, and is taken away.
    pub async fn open(config: &LineConfig, seven_bit: bool, within: Duration) -> Result<Self, SendError> {
        let end = match (&config.host, config.port, &config.device) {
            (Some(host), Some(port), None) => {
                let tcp = timeout(within, TcpStream::connect((host.as_str(), port)))
                    .await
                    .map_err(|_| SendError::temporary("connect: no answer in time"))?
                    .map_err(|e| SendError::temporary(format!("connect: {}", e.kind())))?;
                let _ = tcp.set_nodelay(true);
                End::Tcp(tcp)
            }
            (None, None, Some(device)) => {
                let opened = config.open_device(device).and_then(|file| {
                    let rx = pipe::Receiver::from_file_unchecked(file.try_clone()?)?;
                    Ok(End::Device { rx, tx: pipe::Sender::from_file_unchecked(file)? })
                });
                opened.map_err(|e| SendError::temporary(format!("serial line: {e}")))?
            }
            _ => return Err(SendError::permanent("its line is a host with its port, or a device")),
        };
        Ok(Self { end, read: Vec::new(), mask: if seven_bit { 0x7f } else { 0xff } })
    }

    /// Writes all of it.
    pub async fn write(&mut self, bytes: &[u8], within: Duration) -> Result<(), Lost> {
        let writing = async {
            match &mut self.end {
                End::Tcp(tcp) => tcp.write_all(bytes).await,
                End::Device { tx, .. } => tx.write_all(bytes).await,
            }
        };
        match timeout(within, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Lost::Closed),
            Err(_) => Err(Lost::TimedOut),
        }
    }

    /// Reads more into [`Line::read`]. Nothing is lost when this future is dropped.
    pub async fn fill(&mut self, until: Instant) -> Result<(), Lost> {
        if self.read.len() > READ_AHEAD_MAX {
            return Err(Lost::Closed);
        }
        let before = self.read.len();
        let reading = async {
            match &mut self.end {
                End::Tcp(tcp) => tcp.read_buf(&mut self.read).await,
                End::Device { rx, .. } => rx.read_buf(&mut self.read).await,
            }
        };
        let read = timeout_at(until, reading).await;
        for byte in &mut self.read[before..] {
            *byte &= self.mask;
        }
        match read {
            Ok(Ok(0) | Err(_)) => Err(Lost::Closed),
            Ok(Ok(_)) => Ok(()),
            Err(_) => Err(Lost::TimedOut),
        }
    }

    /// Hangs up.
    pub async fn close(mut self, within: Duration) {
        if let End::Tcp(tcp) = &mut self.end {
            let _ = timeout(within, tcp.shutdown()).await;
        }
    }
}

impl LineConfig {
    /// Opens the device and sets its line: no echo, no control characters, nothing translated. Never waits for a carrier.
    fn open_device(&self, device: &str) -> Result<File, std::io::Error> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(device, flags, Mode::empty())?;
        if !isatty(&fd) {
            return Err(std::io::Error::other("the device is not a serial line"));
        }
        let mut line = tcgetattr(&fd)?;
        self.set(&mut line)?;
        tcsetattr(&fd, OptionalActions::Now, &line)?;
        rustix::termios::tcflush(&fd, rustix::termios::QueueSelector::IOFlush)?;
        Ok(File::from(fd))
    }

    fn set(&self, line: &mut Termios) -> Result<(), std::io::Error> {
        line.make_raw();
        line.set_speed(self.baud)?;
        line.input_modes.remove(InputModes::IXON | InputModes::IXOFF | InputModes::INPCK);
        let bits = ControlModes::CSIZE | ControlModes::PARENB | ControlModes::PARODD | ControlModes::CSTOPB;
        line.control_modes.remove(bits | ControlModes::CRTSCTS);
        line.control_modes.insert(ControlModes::CREAD | ControlModes::CLOCAL);
        match self.framing {
            Framing::SevenEven => {
                line.control_modes.insert(ControlModes::CS7 | ControlModes::PARENB);
                // A character with the wrong parity is dropped: the check character of its block then tells.
                line.input_modes.insert(InputModes::INPCK | InputModes::IGNPAR | InputModes::ISTRIP);
            }
            Framing::EightNone => line.control_modes.insert(ControlModes::CS8),
        }
        line.control_modes.set(ControlModes::CRTSCTS, self.flow == Flow::Rtscts);
        line.special_codes[SpecialCodeIndex::VMIN] = 1;
        line.special_codes[SpecialCodeIndex::VTIME] = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn bytes_come_in_order_and_without_their_parity() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let config = LineConfig::tcp(at);
        let second = Duration::from_secs(1);
        let mut line = Line::open(&config, true, second).await.unwrap();
        let (mut far, _) = listener.accept().await.unwrap();
        line.write(b"\r", second).await.unwrap();
        assert_eq!(far.read_u8().await.unwrap(), b'\r');
        far.write_all(&[b'I', b'D' | 0x80, b'=' | 0x80]).await.unwrap();
        while line.read.len() < 3 {
            line.fill(Instant::now() + second).await.unwrap();
        }
        assert_eq!(line.read, b"ID=");
        drop(far);
        assert_eq!(line.fill(Instant::now() + second).await, Err(Lost::Closed));
    }

    #[tokio::test]
    async fn a_file_is_no_serial_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let at = |path: std::path::PathBuf| LineConfig {
            device: Some(path.to_string_lossy().into_owned().into()),
            ..LineConfig::default()
        };
        let opened = Line::open(&at(file.path().into()), true, Duration::from_secs(1)).await;
        assert_eq!(opened.err(), Some(SendError::temporary("serial line: the device is not a serial line")));
        let opened = Line::open(&at(file.path().join("x")), true, Duration::from_secs(1)).await;
        assert!(matches!(opened.err(), Some(SendError::Temporary { .. })));
    }
}
