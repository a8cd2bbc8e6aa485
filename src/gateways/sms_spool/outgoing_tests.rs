//! Names and contents of files to send.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::Folders;
use super::*;
use crate::domain::ids::IncidentNo;
use crate::domain::lang::Lang;
use crate::domain::text::sms::SmsLimits;
use crate::domain::text::{Actual, Canonical, Fingerprint, NO_MARK, Outgoing, Text, gsm7};
use crate::gateways::{Address, MessageContext};

fn job(to: &str, text: &str) -> Job {
    let f = Fingerprint::of("14-2", "internal", "sv", text);
    let text = Text::<Actual>::new("14-2", f, Canonical::new(text).unwrap());
    let head = MessageContext {
        sender: "Region".into(),
        lang: Lang::SV,
        title: "Journalen".into(),
        mode_line: String::new(),
        page_url: String::new(),
        thread: String::new(),
        foot: String::new(),
        priority: 0,
    };
    Job {
        delivery: DeliveryId { incident: IncidentNo::actual(14), ordinal: 17 },
        to: Address(to.into()),
        out: Arc::new(Outgoing::message(&text, NO_MARK)),
        head: Arc::new(head),
        trailer: None,
        link: None,
        repeat: false,
        ttl_s: 3_600,
    }
}

fn reporting() -> Folders {
    Folders { reports: Some(PathBuf::from("/r")), ..Folders::default() }
}

fn smstools() -> SpoolConfig {
    let sms = SmsLimits { parts_max: 40, ..SmsLimits::default() };
    SpoolConfig { folders: reporting(), sms, ..SpoolConfig::default() }
}

#[test]
fn the_exact_file_of_smstools() {
    let files = files(&job("+46 70-174 06 05", "Å [@]"), &smstools()).unwrap();
    assert_eq!((files.parts.len(), files.units, &files.tail), (1, 1, b"740605"));
    let f = Fingerprint::of("14-2", "internal", "sv", "Å [@]");
    let mut expected =
        b"To: 46701740605\nAlphabet: GSM\nAutosplit: 0\nReport: yes\nValidity: 60 min\nPriority: High\n\n".to_vec();
    expected.extend(format!("14-2 {f} ").bytes());
    expected.extend(b"\x0e \x1b\x3c\x00\x1b\x3e");
    assert_eq!(files.parts[0].octets, expected);
    let name = &files.parts[0].name;
    assert!(name.starts_with("vk-14.17-1of1-") && name.len() == "vk-14.17-1of1-".len() + 8, "{name}");

    let mut low = job("0701740605", "я");
    (low.ttl_s, Arc::make_mut(&mut low.head).priority) = (30, 1);
    let config = SpoolConfig { folders: Folders::default(), queue: "LARM".into(), ..smstools() };
    let octets = super::files(&low, &config).unwrap().parts.remove(0).octets;
    let head = b"To: 0701740605\nTo_TOA: unknown\nAlphabet: UCS\nAutosplit: 0\nReport: no\nValidity: 5 min\nQueue: LARM\n\n\x00\x31";
    assert_eq!(octets[..head.len()], head[..]);
    assert!(octets.ends_with(b"\x04\x4f"));
}

#[test]
fn the_exact_file_of_gammu() {
    let config = SpoolConfig { daemon: Daemon::Gammu, ..smstools() };
    let one = files(&job("+46701740605", "Å [@]"), &config).unwrap();
    assert_eq!((one.parts.len(), one.units), (1, 1));
    let name = &one.parts[0].name;
    assert!(name.starts_with("OUTA00000014_000017_00_+46701740605_vk-14.17-1of1-"), "{name}");
    assert!(name.ends_with(".smsbackup") && name.len() < 100, "{name}");
    let f = Fingerprint::of("14-2", "internal", "sv", "Å [@]").to_string();
    let head: String = format!("14-2 {f} ").bytes().map(|b| format!("{b:04X}")).collect();
    let expected = format!(
        "[SMSBackup000]\nPDU = Status_Report\nNumber = \"+46701740605\"\nClass = -1\n\
         Text00 = {head}00C50020005B0040005D\nCoding = Default_No_Compression\nLength = 17\n\n"
    );
    assert_eq!(String::from_utf8_lossy(&one.parts[0].octets), expected);

    // A long one is one file, cut by us, in the alphabet that it needs, whatever gammu's own settings are.
    let (key, text) = (SpoolConfig { folders: Folders::default(), ..config.clone() }, format!("{}😀", "Å".repeat(300)));
    let long = files(&job("0701740605", &text), &key).unwrap();
    assert_eq!((long.parts.len(), long.units), (1, 5));
    let file = String::from_utf8(long.parts[0].octets.clone()).unwrap();
    let all = |key: &str| file.lines().filter_map(|l| l.strip_prefix(key)?.strip_prefix(" = ")).collect::<Vec<_>>();
    let headers = all("UDH");
    assert_eq!(headers.len(), 5);
    assert!((1..).zip(&headers).all(|(k, h)| *h == format!("050003{}05{k:02X}", &headers[0][6..8])), "{headers:?}");
    assert_eq!((all("PDU"), all("Coding")), (vec!["Submit"; 5], vec!["Unicode_No_Compression"; 5]));
    let lines: Vec<&str> = file.lines().filter(|l| l.starts_with("Text")).collect();
    assert!(lines.len() == 9 && lines.iter().all(|l| l.len() <= "Text00 = ".len() + 200), "{lines:?}");
    let digits: String = lines.iter().map(|l| &l[9..]).collect();
    let units: Vec<u16> = digits.as_bytes().chunks(4).map(|d| u16::from_str_radix(str(d), 16).unwrap()).collect();
    assert_eq!(String::from_utf16(&units).unwrap(), job("0701740605", &text).out.whole(None));

    let sms = SmsLimits { parts_max: 255, ..config.sms.clone() };
    let far_too_long = job("+46701740605", &"я".repeat(3_600));
    assert!(matches!(files(&far_too_long, &SpoolConfig { sms, ..config }), Err(SendError::Permanent { .. })));
}

fn str(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap()
}

#[test]
fn a_name_tells_the_delivery_and_another_text_has_another_name() {
    let drill = DeliveryId { incident: IncidentNo::exercise(3), ordinal: 2 };
    let one = DeliveryId { incident: IncidentNo::actual(14), ordinal: 17 };
    for (name, expected) in [
        ("vk-14.17-1of2-0a1b2c3d", Some((one, 1, 2))),
        ("vk-X3.2-2of2-0a1b2c3d", Some((drill, 2, 2))),
        ("OUTA00000014_000017_00_+46701740605_vk-14.17-1of1-0a1b2c3d.smsbackup", Some((one, 1, 1))),
        ("vk-14.17-3of2-0a1b2c3d", None),
        ("vk-14.17-0of2-0a1b2c3d", None),
        ("vk-14.17", None),
        ("vk-", None),
        ("somebody's_vk-14.17-1of1-0a1b2c3d", None),
        ("", None),
    ] {
        assert_eq!(ours(name), expected, "{name}");
    }
    let name = |to: &str, text: &str| files(&job(to, text), &smstools()).unwrap().parts.remove(0).name;
    assert_eq!(name("+46701740605", "Larm"), name("+46 70 174 06 05", "Larm"));
    assert_ne!(name("+46701740605", "Larm"), name("+46701740605", "Larm!"));
    assert_ne!(name("+46701740605", "Larm"), name("+46701740606", "Larm"));
}

#[test]
fn what_is_no_number_is_refused_for_good() {
    for to in ["", "+", "iva@fs.example", "070/../x", "123456789012345678901", "+46\n70"] {
        assert!(matches!(files(&job(to, "Larm"), &smstools()), Err(SendError::Permanent { .. })), "{to}");
    }
}

/// A telephone: the octets of each part read by themselves and put together by their header.
fn shown(files: &Files) -> String {
    let mut parts: Vec<(u8, String)> = Vec::new();
    for part in &files.parts {
        let end = part.octets.windows(2).position(|w| w == b"\n\n").unwrap();
        let head = std::str::from_utf8(&part.octets[..end]).unwrap();
        let body = &part.octets[end + 2..];
        let text = if head.contains("Alphabet: UCS") {
            assert!(body.len() <= 140);
            let units: Vec<u16> = body.chunks(2).map(|p| u16::from_be_bytes([p[0], p[1]])).collect();
            String::from_utf16(&units).unwrap()
        } else {
            assert!(body.len() <= 160 && body.last() != Some(&gsm7::ESCAPE));
            gsm7::decode(body)
        };
        let k = head.lines().find_map(|l| l.strip_prefix("UDH-DATA: ")).map_or(1, |h| {
            assert!(body.len() <= 153);
            u8::from_str_radix(h.rsplit(' ').next().unwrap(), 16).unwrap()
        });
        parts.push((k, text));
    }
    parts.sort();
    parts.into_iter().map(|(_, text)| text).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever the text, the parts put together are the text, and no part ends within a character.
    #[test]
    fn parts_put_together_are_the_text(words in prop::collection::vec("[a-zåäöÅÄÖ@\\[\\]{}€~я😀,.]{1,12}", 1..80), wide in any::<bool>()) {
        let text = words.join(" ");
        prop_assume!(Canonical::new(&text).is_ok());
        let split = if wide { Split::Udh16 } else { Split::Udh8 };
        let config = SpoolConfig { sms: SmsLimits { split, ..smstools().sms }, ..smstools() };
        let job = job("+46701740605", &text);
        let files = files(&job, &config).unwrap();
        prop_assert_eq!(shown(&files), job.out.whole(None));
        prop_assert!(files.parts.iter().all(|p| ours(&p.name).is_some()));
    }
}
