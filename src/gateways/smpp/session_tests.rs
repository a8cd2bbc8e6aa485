//! Bytes in, bytes and events out; no socket, no clock.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::domain::ids::{DeliveryId, IncidentNo};
use crate::domain::lang::Lang;
use crate::domain::text::{Actual, Canonical, Fingerprint, NO_MARK, Outgoing, Text};
use crate::gateways::smpp::submit::reference;
use crate::gateways::{Address, MessageContext};
use crate::yaml::Secs;

pub fn job(ordinal: u32, text: &str) -> Job {
    let f = Fingerprint::of("14-2", "internal", "sv", text);
    let text = Text::<Actual>::new("14-2", f, Canonical::new(text).unwrap());
    let head = MessageContext {
        sender: "Region".into(),
        lang: Lang::SV,
        title: String::new(),
        mode_line: String::new(),
        page_url: String::new(),
        thread: String::new(),
        priority: 0,
        foot: String::new(),
    };
    Job {
        delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal },
        to: Address("+46701740605".into()),
        out: Arc::new(Outgoing::message(&text, NO_MARK)),
        head: Arc::new(head),
        trailer: None,
        link: None,
        repeat: false,
        ttl_s: 0,
    }
}

struct Rig {
    s: Session,
    now: Instant,
}

impl Rig {
    fn new(config: SmppConfig) -> Self {
        let now = Instant::now();
        let book = Arc::new(Mutex::new(Book::new("sms".into(), config.receipt_ids)));
        Self { s: Session::new("sms".into(), Arc::new(config), book, 1, now), now }
    }
    fn take(&mut self, jobs: &[Job]) {
        jobs.iter().for_each(|j| self.s.take(j));
        self.s.pump(self.now);
    }
    /// What was written since: command and sequence number of each PDU.
    fn wrote(&mut self) -> Vec<(u32, u32)> {
        let mut all = Vec::new();
        let mut rest = &self.s.out[..];
        while let Some((header, _)) = pdu::next(rest).unwrap() {
            all.push((header.id, header.sequence));
            rest = &rest[header.len..];
        }
        assert!(rest.is_empty());
        self.s.written();
        all
    }
    fn answer(&mut self, sequence: u32, status: u32, message_id: &str) -> Result<usize, Broken> {
        let mut pdu = Vec::new();
        let body = if status == 0 { format!("{message_id}\0") } else { String::new() };
        for word in [16 + body.len() as u32, id::SUBMIT_SM | RESP, status, sequence] {
            pdu.extend(word.to_be_bytes());
        }
        pdu.extend(body.as_bytes());
        let read = self.s.heard(&pdu, self.now);
        self.s.pump(self.now);
        read
    }
    fn deliver(&mut self, esm_class: u8, text: &str) {
        let mut pdu = vec![0; 16];
        pdu.extend(b"\0\x01\x0146701740605\0\0\x0172112\0");
        pdu.extend([esm_class, 0, 0, 0, 0, 0, 0, 0, 0, text.len() as u8]);
        pdu.extend(text.as_bytes());
        let len = pdu.len() as u32;
        pdu[..4].copy_from_slice(&len.to_be_bytes());
        pdu[4..8].copy_from_slice(&id::DELIVER_SM.to_be_bytes());
        pdu[15] = 77;
        assert_eq!(self.s.heard(&pdu, self.now), Ok(pdu.len()));
    }
    /// What was told since, short.
    fn told(&mut self) -> Vec<String> {
        let short = |e| match e {
            GatewayEvent::Outcome { delivery, result: Ok(a) } => {
                format!("{delivery} accepted {} ×{}", a.gateway_ref, a.units)
            }
            GatewayEvent::Outcome { delivery, result: Err(e) } => format!("{delivery} {}", kind(&e)),
            GatewayEvent::Receipt { delivery, result, .. } => {
                format!(
                    "{} receipt {}",
                    delivery.map_or("?".into(), |d| d.to_string()),
                    result.map_or_else(|e| kind(&e), |()| "ok")
                )
            }
            GatewayEvent::Reply { from, text, .. } => format!("{}: {text}", from.0),
            GatewayEvent::Down { .. } => "down".into(),
        };
        self.s.events.drain(..).map(short).collect()
    }
}
fn kind(e: &SendError) -> &'static str {
    match e {
        SendError::Temporary { .. } => "temporary",
        SendError::Permanent { .. } => "permanent",
        SendError::Unknown { .. } => "unknown",
    }
}
const SUBMIT: u32 = id::SUBMIT_SM;

#[test]
fn the_window_is_kept_and_filled_again() {
    let mut rig = Rig::new(SmppConfig { window_max: 2, ..SmppConfig::default() });
    assert_eq!(rig.s.room(rig.now), 2);
    rig.take(&[job(1, "a"), job(2, "b"), job(3, "c")]);
    assert_eq!(rig.wrote(), [(SUBMIT, 2), (SUBMIT, 3)]);
    assert_eq!(rig.s.room(rig.now), 0);
    rig.answer(3, 0, "B").unwrap();
    assert_eq!(rig.wrote(), [(SUBMIT, 4)]);
    rig.answer(4, 0, "C").unwrap();
    rig.answer(2, 0, "A").unwrap();
    rig.answer(2, 0, "A").unwrap();
    assert_eq!(rig.told(), ["14.2 accepted B ×1", "14.3 accepted C ×1", "14.1 accepted A ×1"]);
    assert!(rig.s.idle());
    assert_eq!(rig.s.room(rig.now), 2);
}

#[test]
fn several_parts_are_accepted_when_all_are_and_carry_one_reference() {
    let mut rig = Rig::new(SmppConfig::default());
    rig.take(&[job(5, &"x".repeat(300))]);
    let low = reference(job(5, "x").delivery) as u8;
    let out = rig.s.out.clone();
    for k in 1..=3u8 {
        let header = [5, 0, 3, low, 3, k];
        assert_eq!(out.windows(6).filter(|w| **w == header).count(), 1, "part {k}");
    }
    assert_eq!(rig.wrote(), [(SUBMIT, 2), (SUBMIT, 3), (SUBMIT, 4)]);
    rig.answer(2, 0, "a").unwrap();
    rig.answer(4, 0, "c").unwrap();
    assert!(rig.told().is_empty());
    rig.answer(3, 0, "b").unwrap();
    assert_eq!(rig.told(), ["14.5 accepted a b c ×3"]);
    rig.deliver(4, "id:a stat:DELIVRD");
    rig.deliver(4, "id:b stat:DELIVRD");
    assert!(rig.told().is_empty());
    rig.deliver(4, "id:c stat:DELIVRD");
    assert_eq!(rig.told(), ["14.5 receipt ok"]);
    assert_eq!(rig.wrote(), [(id::DELIVER_SM | RESP, 77); 3]);
}

#[test]
fn a_refused_part_keeps_the_rest_at_home() {
    let mut rig = Rig::new(SmppConfig { window_max: 1, ..SmppConfig::default() });
    rig.take(&[job(5, &"x".repeat(300)), job(6, "next")]);
    assert_eq!(rig.wrote(), [(SUBMIT, 2)]);
    rig.answer(2, 0x0b, "").unwrap();
    assert_eq!(rig.told(), ["14.5 permanent"]);
    assert_eq!(rig.wrote(), [(SUBMIT, 3)], "the next text");
}

#[test]
fn throttling_is_temporary_and_slows_down() {
    let mut rig = Rig::new(SmppConfig::default());
    rig.take(&[job(1, "a")]);
    rig.answer(2, status::THROTTLED, "").unwrap();
    assert_eq!(rig.told(), ["14.1 temporary"]);
    assert_eq!(rig.s.room(rig.now), 0);
    rig.now += Duration::from_secs(1);
    assert!(rig.s.room(rig.now) > 0);
}

#[test]
fn without_an_answer_the_outcome_is_unknown() {
    let mut rig = Rig::new(SmppConfig { response_timeout: Secs(30), ..SmppConfig::default() });
    rig.take(&[job(1, "a")]);
    rig.now += Duration::from_secs(29);
    rig.s.tick(rig.now).unwrap();
    assert!(rig.told().is_empty());
    rig.now += Duration::from_secs(1);
    rig.s.tick(rig.now).unwrap();
    assert_eq!(rig.told(), ["14.1 unknown"]);
    rig.answer(2, 0, "late").unwrap();
    assert!(rig.told().is_empty(), "one outcome");
}

#[test]
fn silence_is_asked_about_and_ends_the_session() {
    let mut rig = Rig::new(SmppConfig { enquire_every: Secs(20), response_timeout: Secs(10), ..SmppConfig::default() });
    rig.now += Duration::from_secs(20);
    rig.s.tick(rig.now).unwrap();
    rig.s.tick(rig.now).unwrap();
    assert_eq!(rig.wrote(), [(id::ENQUIRE_LINK, 2)]);
    let mut answer = Vec::new();
    pdu::bare(&mut answer, id::ENQUIRE_LINK | RESP, 0, 2);
    rig.s.heard(&answer, rig.now).unwrap();
    rig.now += Duration::from_secs(20);
    rig.s.tick(rig.now).unwrap();
    assert_eq!(rig.wrote(), [(id::ENQUIRE_LINK, 3)]);
    rig.now += Duration::from_secs(10);
    assert!(rig.s.tick(rig.now).is_err());
}

#[test]
fn a_broken_connection_tells_what_may_have_gone_out_from_what_did_not() {
    let mut rig = Rig::new(SmppConfig { window_max: 3, ..SmppConfig::default() });
    rig.take(&[job(1, "a")]);
    rig.wrote();
    rig.take(&[job(2, "b"), job(3, "c"), job(4, "d")]);
    let first = pdu::next(&rig.s.out).unwrap().unwrap().0.len;
    rig.s.broken(first - 1, "gone");
    assert_eq!(rig.told(), ["14.1 unknown", "14.2 unknown", "14.3 temporary", "14.4 temporary"]);
    assert!(rig.s.idle());
}

#[test]
fn going_down_finishes_what_was_begun_and_gives_back_the_rest() {
    let mut rig = Rig::new(SmppConfig { window_max: 1, ..SmppConfig::default() });
    rig.take(&[job(1, &"x".repeat(200)), job(2, "b")]);
    rig.s.give_back();
    assert_eq!(rig.told(), ["14.2 temporary"]);
    rig.answer(2, 0, "a").unwrap();
    rig.answer(3, 0, "b").unwrap();
    assert_eq!(rig.told(), ["14.1 accepted a b ×2"]);
}

#[test]
fn what_people_write_and_what_gateways_ask() {
    let mut rig = Rig::new(SmppConfig::default());
    rig.deliver(0, "JA 14");
    assert_eq!(rig.told(), ["+46701740605: JA 14"]);
    assert_eq!(rig.wrote(), [(id::DELIVER_SM | RESP, 77)]);
    let mut input = Vec::new();
    pdu::bare(&mut input, id::ENQUIRE_LINK, 0, 5);
    pdu::bare(&mut input, 0x99, 0, 6);
    pdu::bare(&mut input, id::ALERT_NOTIFICATION, 0, 7);
    rig.s.heard(&input, rig.now).unwrap();
    assert_eq!(rig.wrote(), [(id::ENQUIRE_LINK | RESP, 5), (id::GENERIC_NACK, 6)]);
    input.clear();
    pdu::bare(&mut input, id::UNBIND, 0, 8);
    assert!(rig.s.heard(&input, rig.now).is_err());
    assert_eq!(rig.wrote(), [(id::UNBIND | RESP, 8)]);
    assert!(rig.s.heard(b"HTTP/1.1 400", rig.now).is_err());
}

#[test]
fn what_cannot_go_is_refused_for_good() {
    let mut rig = Rig::new(SmppConfig::default());
    let mail = Job { to: Address("iva@fs.example".into()), ..job(1, "a") };
    rig.take(&[mail, job(2, &"x".repeat(3000))]);
    assert_eq!(rig.told(), ["14.1 permanent", "14.2 permanent"]);
    assert!(rig.s.out.is_empty());
}

/// The status of each answer to a `deliver_sm` since.
fn acknowledged(rig: &mut Rig) -> Vec<u32> {
    let (mut all, mut rest) = (Vec::new(), &rig.s.out[..]);
    while let Some((header, _)) = pdu::next(rest).unwrap() {
        assert_eq!((header.id, header.sequence), (id::DELIVER_SM | RESP, 77));
        all.push(header.status);
        rest = &rest[header.len..];
    }
    rig.s.written();
    all
}

#[test]
fn what_a_person_wrote_is_acknowledged_when_it_is_kept() {
    let mut rig = Rig::new(SmppConfig::default());
    let (let_go, mut let_gone) = mpsc::unbounded_channel();
    rig.s.hold(let_go);
    rig.deliver(0, "JA 14");
    assert_eq!(acknowledged(&mut rig), [0; 0]);
    assert!(!rig.s.holds_nothing());
    let Some(GatewayEvent::Reply { ack, .. }) = rig.s.events.pop_front() else { panic!() };
    ack.tell();
    rig.s.let_go(let_gone.try_recv().unwrap());
    assert_eq!(acknowledged(&mut rig), [0]);
    // Told twice, or of a session before this one: nothing.
    rig.s.let_go(77);
    assert_eq!(acknowledged(&mut rig), [0; 0]);
    // Not kept in time: the gateway brings it again.
    rig.deliver(0, "JA 15");
    rig.now += Duration::from_secs(HELD_S);
    rig.s.tick(rig.now).unwrap();
    assert_eq!(acknowledged(&mut rig), [status::NOT_KEPT]);
    assert!(rig.s.holds_nothing());
    // Of a long text only the last part waits: a gateway with a window of one would never send it.
    rig.s.events.clear();
    rig.deliver(0x40, "\u{5}\0\u{3}\u{7}\u{2}\u{1}NEJ");
    assert_eq!(acknowledged(&mut rig), [0]);
    rig.deliver(0x40, "\u{5}\0\u{3}\u{7}\u{2}\u{2} 14");
    assert_eq!(acknowledged(&mut rig), [0; 0]);
    assert_eq!(rig.told(), ["+46701740605: NEJ 14"]);
    // Receipts wait for nobody.
    rig.deliver(4, "id:7 stat:DELIVRD");
    assert_eq!(acknowledged(&mut rig), [0]);
}

#[test]
fn a_part_that_came_too_fast_is_sent_again_and_the_others_are_not() {
    let mut rig = Rig::new(SmppConfig::default());
    rig.take(&[job(1, &"x".repeat(400))]);
    assert_eq!(rig.wrote(), [(SUBMIT, 2), (SUBMIT, 3), (SUBMIT, 4)]);
    rig.answer(2, 0, "a").unwrap();
    rig.answer(3, status::QUEUE_FULL, "").unwrap();
    rig.answer(4, 0, "c").unwrap();
    assert_eq!((rig.wrote(), rig.told()), (vec![], vec![]));
    assert_eq!(rig.s.room(rig.now), 0, "the others wait, too");
    rig.now += Duration::from_secs(1);
    rig.s.pump(rig.now);
    let second = rig.s.out.clone();
    assert_eq!(rig.wrote(), [(SUBMIT, 5)]);
    assert!(second.windows(6).any(|w| w[..3] == [5, 0, 3] && w[4..] == [3, 2]), "part 2 of 3");
    rig.answer(5, 0, "b").unwrap();
    assert_eq!(rig.told(), ["14.1 accepted a b c ×3"]);
    // Not for ever: then the text goes back whole.
    let mut rig = Rig::new(SmppConfig::default());
    rig.take(&[job(2, &"x".repeat(200))]);
    let (mut sequence, began) = (2, rig.now);
    rig.answer(3, 0, "b").unwrap();
    let mut told = rig.told();
    while told.is_empty() {
        rig.answer(sequence, status::THROTTLED, "").unwrap();
        told = rig.told();
        rig.now += Duration::from_secs(1);
        rig.s.pump(rig.now);
        sequence = rig.s.sequence;
    }
    assert_eq!(told, ["14.2 temporary"]);
    assert!(rig.now - began <= AGAIN_WITHIN, "{:?}", rig.now - began);
}

#[test]
fn rule_g2_a_text_of_several_parts_is_later_at_once_when_none_of_them_is_taken() {
    let mut rig = Rig::new(SmppConfig::default());
    rig.take(&[job(1, &"x".repeat(400))]);
    assert_eq!(rig.wrote(), [(SUBMIT, 2), (SUBMIT, 3), (SUBMIT, 4)]);
    for sequence in [2, 3, 4] {
        assert_eq!(rig.told(), [""; 0]);
        rig.answer(sequence, status::THROTTLED, "").unwrap();
    }
    rig.s.pump(rig.now);
    assert_eq!(rig.told(), ["14.1 temporary"]);
    assert_eq!(rig.wrote(), [], "none of it is sent again by itself");
}

#[test]
fn what_does_not_belong_here_costs_nothing() {
    let mut rig = Rig::new(SmppConfig::default());
    rig.take(&[job(1, "a")]);
    rig.wrote();
    let mut input = Vec::new();
    // An answer to nothing, a bind in the middle of a session, a submit to us, answers to them.
    pdu::bare(&mut input, id::SUBMIT_SM | RESP, 0, 4711);
    pdu::bare(&mut input, id::BIND_TRANSCEIVER, 0, 1);
    pdu::bare(&mut input, id::SUBMIT_SM, 0, 2);
    pdu::bare(&mut input, id::BIND_TRANSCEIVER | RESP, 0x0e, 1);
    pdu::bare(&mut input, id::UNBIND | RESP, 0, 99);
    pdu::bare(&mut input, id::GENERIC_NACK, 3, 4711);
    // One octet at a time.
    for end in 1..=input.len() {
        let used = rig.s.heard(&input[..end], rig.now).unwrap();
        assert!(used == 0 || used == 16);
        if used == 16 {
            let rest = input.split_off(16);
            input.clone_from(&rest);
            break;
        }
    }
    assert_eq!(rig.s.heard(&input, rig.now), Ok(input.len()));
    assert_eq!(rig.wrote(), [(id::GENERIC_NACK, 1), (id::GENERIC_NACK, 2)]);
    assert_eq!(rig.told(), [""; 0]);
    rig.answer(2, 0, "A").unwrap();
    assert_eq!(rig.told(), ["14.1 accepted A ×1"]);
    // Cut short: the body is missing altogether, and so is the sender. Nobody's text, no harm.
    let mut cut = Vec::new();
    pdu::bare(&mut cut, id::DELIVER_SM, 0, 77);
    rig.s.heard(&cut, rig.now).unwrap();
    assert_eq!(acknowledged(&mut rig), [0]);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let mut rig = Rig::new(SmppConfig::default());
        rig.take(&[job(1, "a"), job(2, "b")]);
        let mut framed = (bytes.len() as u32 + 4).to_be_bytes().to_vec();
        framed.extend(&bytes);
        let _ = rig.s.heard(&framed, rig.now);
        rig.s.broken(0, "end");
        let outcomes = rig.s.events.iter().filter(|e| matches!(e, GatewayEvent::Outcome { .. })).count();
        proptest::prop_assert_eq!(outcomes, 2, "each job has exactly one outcome");
    }
}
