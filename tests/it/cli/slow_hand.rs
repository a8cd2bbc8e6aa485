//! H4: somebody thinks, and the server is gone meanwhile. The real program, killed and started between two questions.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use vardkase::cli::run;
use vardkase::cli::terminal::{Setup, Terminal};
use vardkase::domain::lang::Lang;

use super::asking::Screen;
use crate::kills;

/// A server on an address that stays the same.
struct Server {
    running: Option<kills::Server>,
    console: SocketAddr,
    state: PathBuf,
}

impl Server {
    fn new(state: &Path) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let console = free.local_addr().unwrap();
        drop(free);
        let mut server = Self { running: None, console, state: state.to_owned() };
        server.start();
        server
    }

    fn start(&mut self) {
        self.running = Some(kills::Server::start_at(&self.console.to_string(), None, &self.state));
    }

    fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What happens to the server while somebody thinks about the answer.
enum Meanwhile {
    Nothing,
    Dies,
    Lives,
}

struct Hand {
    server: Rc<RefCell<Server>>,
    lines: VecDeque<(Meanwhile, &'static str)>,
}

impl Read for Hand {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some((meanwhile, line)) = self.lines.pop_front() else { return Ok(0) };
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Dies => self.server.borrow_mut().kill(),
            Meanwhile::Lives => self.server.borrow_mut().start(),
        }
        let bytes = format!("{line}\n");
        buf[..bytes.len()].copy_from_slice(bytes.as_bytes());
        Ok(bytes.len())
    }
}

fn typed(server: &Rc<RefCell<Server>>, args: &str, lines: Vec<(Meanwhile, &'static str)>) -> (u8, String) {
    let screen = Screen::default();
    let hand = Hand { server: server.clone(), lines: lines.into() };
    let mut term = Terminal::new(Setup {
        out: Box::new(screen.clone()),
        err: Box::new(screen.clone()),
        input: Box::new(BufReader::new(hand)),
        asks: true,
        screen: true,
        colour: false,
        lang: Lang::EN,
    });
    let (url, state) = (server.borrow().console, server.borrow().state.clone());
    let args = format!("vardkase {args} --server http://{url} --state {}", state.display());
    let code = run(args.split_whitespace().map(OsString::from), &mut term);
    (code, screen.text())
}

#[test]
fn rule_h4_a_report_survives_a_server_that_is_started_anew_between_two_questions() {
    use Meanwhile::{Dies, Lives, Nothing};
    let dir = tempfile::tempdir().unwrap();
    let server = Rc::new(RefCell::new(Server::new(&dir.path().join("state"))));
    let lines = vec![
        (Nothing, "journalen nere"),
        (Nothing, "outage"),
        (Nothing, "FS"),
        (Nothing, ""),
        (Nothing, ""),
        (Nothing, ""),
        // It goes while the report is filled in, and is not there yet when that person first wants to go on.
        (Dies, "no"),
        (Nothing, "ward 14 only"),
        (Nothing, "y"),
        (Lives, "y"),
        // And again before the last word.
        (Dies, "y"),
        (Lives, "y"),
    ];
    let (code, shown) = typed(&server, "report --as it-bered", lines);
    assert_eq!(code, 0, "{shown}");
    assert!(shown.matches("What you typed is kept").count() >= 3, "{shown}");
    let (code, shown) = typed(&server, "status --json", Vec::new());
    assert_eq!(code, 0, "{shown}");
    let status: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(status["status"]["open"].as_array().map(Vec::len), Some(1), "once: {shown}");
    let (_, shown) = typed(&server, "status 1 --json", Vec::new());
    assert!(shown.contains("ward 14 only"), "{shown}");
}
