//! Random bytes and a corpus that goes astray, through everything that reads bytes from outside, on stable Rust. No panic, no
//! endless loop. `VARDKASE_BYTES_MS` is the time for each; under coverage guidance: `fuzz/`.

mod targets;

use std::path::Path;
use std::time::{Duration, Instant};

use targets::TARGETS;

/// Thirteen of them: a minute on two cores, with room.
const EACH: Duration = Duration::from_millis(5_500);
/// No input is longer.
const LEN_MAX: usize = 4_096;
/// One input that takes longer than this is an endless loop, or nearly.
const ONE_MAX: Duration = Duration::from_secs(5);

struct Rng(u64);
impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Bytes that decoders look for.
const TELLING: [&[u8]; 14] = [
    b"\r\n",
    b"\n",
    b"250 ",
    b"250-",
    b"550 ",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x80",
    b"{",
    b"\"",
    b": ",
    b"- ",
    b"&a=%",
    b"\xc3\xb6",
];

fn astray(rng: &mut Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = if corpus.is_empty() || rng.below(12) == 0 {
        (0..rng.below(96)).map(|_| rng.next() as u8).collect()
    } else {
        corpus[rng.below(corpus.len())].clone()
    };
    for _ in 0..rng.below(7) {
        let at = rng.below(bytes.len() + 1);
        match rng.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.below(8),
            1 if at < bytes.len() => bytes[at] = rng.next() as u8,
            2 => bytes.insert(at, rng.next() as u8),
            3 => {
                let to = (at + rng.below(9)).min(bytes.len());
                bytes.drain(at..to);
            }
            4 => {
                let word = TELLING[rng.below(TELLING.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            5 if !corpus.is_empty() => {
                let other = &corpus[rng.below(corpus.len())];
                let from = rng.below(other.len() + 1);
                bytes.splice(at.., other[from..].iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes.truncate(LEN_MAX);
    bytes
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}")).flatten().collect();
    files.sort_by_key(std::fs::DirEntry::path);
    let mut all: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(f.path()).unwrap()).collect();
    match name {
        "record" => all.extend(golden()),
        // The shipped files are the best corpus there is.
        "yaml" => all.extend(["playbooks/ehr-down.yaml", "channels/sms.yaml"].map(|f| std::fs::read(f).unwrap())),
        _ => {}
    }
    assert!(!all.is_empty(), "{name} has no corpus");
    all
}

/// Every kind of published event.
fn golden() -> Vec<Vec<u8>> {
    let files = std::fs::read_dir("tests/golden/record").unwrap().map(|f| f.unwrap().path());
    let text: String = files.filter_map(|f| std::fs::read_to_string(f).ok()).collect();
    let hex = text.lines().filter_map(|l| l.split_whitespace().last());
    let bytes = |h: &str| {
        (0..h.len() / 2).map(|i| u8::from_str_radix(&h[2 * i..2 * i + 2], 16)).collect::<Result<Vec<u8>, _>>()
    };
    hex.filter_map(|h| bytes(h).ok()).collect()
}

fn feed(name: &str) {
    let (_, target) = *TARGETS.iter().find(|t| t.0 == name).unwrap();
    let corpus = corpus(name);
    corpus.iter().for_each(|bytes| target(bytes));
    let each = std::env::var("VARDKASE_BYTES_MS").ok().and_then(|n| n.parse().ok()).map_or(EACH, Duration::from_millis);
    let (began, mut rng, mut n) = (Instant::now(), Rng(0x76_6b), 0_u64);
    while began.elapsed() < each {
        let bytes = astray(&mut rng, &corpus);
        let one = Instant::now();
        let fed = std::panic::catch_unwind(|| target(&bytes));
        assert!(fed.is_ok(), "{name}: {:02x?} / “{}”", bytes, String::from_utf8_lossy(&bytes));
        assert!(one.elapsed() < ONE_MAX, "{name} takes {:?} for {:02x?}", one.elapsed(), bytes);
        n += 1;
    }
    println!("{name}: {} of the corpus, {n} astray", corpus.len());
}

macro_rules! bytes {
    ($($test:ident $name:literal),* $(,)?) => { $(#[test] fn $test() { feed($name); })* };
}
bytes! {
    smpp_takes_any_bytes "smpp",
    snpp_takes_any_bytes "snpp",
    smtp_takes_any_bytes "smtp",
    mails_take_any_bytes "mail",
    answers_by_mail_take_any_bytes "mail_answer",
    reports_by_mail_take_any_bytes "mail_report",
    hylafax_takes_any_bytes "hylafax",
    callbacks_take_any_bytes "callback",
    answers_take_any_bytes "answer",
    yaml_takes_any_bytes "yaml",
    calendars_take_any_bytes "icalendar",
    records_take_any_bytes "record",
    frames_take_any_bytes "frame",
}

#[test]
fn a_frame_passes_only_when_its_chain_holds() {
    let two = std::fs::read("fuzz/corpus/frame/two").unwrap();
    assert_eq!(vardkase::journal::any_frame(&two), 2);
    for at in 1..two.len() {
        let mut bytes = two.clone();
        bytes[at] ^= 1;
        assert!(vardkase::journal::any_frame(&bytes) < 2, "byte {at} does not count");
        assert!(vardkase::journal::any_frame(&two[..at]) < 2);
    }
}
