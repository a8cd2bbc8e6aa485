//! A server that answers as a test says, or badly; it keeps what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What came.
#[derive(Clone, PartialEq, Debug)]
pub struct Asked {
    /// `POST /api/v1/commands`.
    pub line: String,
    /// The bearer's token.
    pub token: Option<String>,
    /// The body, where there is one.
    pub body: Option<Value>,
}

/// What it does.
pub enum Answer {
    /// A status and a body.
    Says(u16, String),
    /// Reads the request and hangs up.
    HangsUp,
    /// Half of a body.
    Breaks,
    /// No HTTP at all.
    Garbage,
}

pub fn says(status: u16, body: Value) -> Answer {
    Answer::Says(status, body.to_string())
}

/// The server.
pub struct Fake {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    version: Arc<Mutex<Option<&'static str>>>,
}

impl Fake {
    /// Answers each request by its line (`GET /api/v1/status`) and body.
    pub fn new(mut answer: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        let version = Arc::new(Mutex::new(None));
        let named = version.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let _ = stream.set_nodelay(true);
                while let Some(request) = read(&mut stream) {
                    kept.lock().expect("not poisoned").push(request.clone());
                    let version = *named.lock().expect("not poisoned");
                    if !write(&mut stream, answer(&request), version) {
                        break;
                    }
                }
            }
        });
        Self { url, asked, version }
    }

    /// It says that it is of this version.
    pub fn of_version(self, version: &'static str) -> Self {
        *self.version.lock().expect("not poisoned") = Some(version);
        self
    }

    /// Answers every request so.
    pub fn always(status: u16, body: Value) -> Self {
        Self::new(move |_| says(status, body.clone()))
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let (mut len, mut token) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => len = value.parse().ok()?,
            "authorization" => token = value.strip_prefix("Bearer ").map(str::to_owned),
            _ => {}
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    let line = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    Some(Asked { line, token, body: (len > 0).then(|| serde_json::from_slice(&body).expect("the client sends JSON")) })
}

fn write(stream: &mut TcpStream, answer: Answer, version: Option<&str>) -> bool {
    let (status, body, len) = match answer {
        Answer::Says(status, body) => (status, body.clone(), body.len()),
        Answer::Breaks => (200, "{\"on_rec".into(), 1000),
        Answer::HangsUp => return false,
        Answer::Garbage => {
            let _ = stream.write_all(b"\x00\xff SSH-2.0-nonsense\r\n\r\n");
            return false;
        }
    };
    let version = version.map(|v| format!("Vardkase-Version: {v}\r\n")).unwrap_or_default();
    let head =
        format!("HTTP/1.1 {status} X\r\n{version}Content-Type: application/json\r\nContent-Length: {len}\r\n\r\n");
    let whole = body.len() == len;
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_ok() && whole
}
