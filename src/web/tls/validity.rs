//! From when until when a certificate holds (RFC 5280 4.1.2.5). rustls checks dates of certificates that it is shown, and tells none of
//! its own; a reader of all of X.509 brings a dozen packages for two fields, so the way to them is walked here.
//!
//! Must not: believe a length. Whatever the bytes are, it ends with two moments or with none.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// X.690 8.1.2: tags of what is passed on the way.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Not before, and not after. `None`: these bytes are no certificate.
pub(super) fn validity(certificate: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let mut certificate = inside(&mut { certificate }, SEQUENCE)?;
    let mut signed = inside(&mut certificate, SEQUENCE)?;
    if signed.first() == Some(&VERSION) {
        element(&mut signed)?;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        element(&mut signed)?;
    }
    let mut dates = inside(&mut signed, SEQUENCE)?;
    Some((date(&mut dates)?, date(&mut dates)?))
}

fn inside<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    element(rest).filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

/// The next tag and its content; what is left stands behind it.
fn element<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, after) = rest.split_first()?;
    let (&first, mut after) = after.split_first()?;
    let length = match first {
        0..=0x7f => usize::from(first),
        // X.690 8.1.3.5: so many bytes of length follow. A file of ours has no more than four.
        0x81..=0x84 => {
            let (bytes, behind) = after.split_at_checked(usize::from(first & 0x7f))?;
            after = behind;
            bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
        }
        _ => return None,
    };
    let (content, behind) = after.split_at_checked(length)?;
    *rest = behind;
    Some((tag, content))
}

/// RFC 5280 4.1.2.5.1 and .2: both forms end with Z and have seconds.
fn date(rest: &mut &[u8]) -> Option<Timestamp> {
    let (tag, text) = element(rest)?;
    let digits = text.strip_suffix(b"Z").filter(|text| text.iter().all(u8::is_ascii_digit))?;
    let two = |at: usize| digits.get(at..at + 2).map(|d| i16::from(d[0] - b'0') * 10 + i16::from(d[1] - b'0'));
    let (year, at) = match (tag, digits.len()) {
        (UTC_TIME, 12) => (two(0).map(|year| if year < 50 { 2000 + year } else { 1900 + year })?, 2),
        (GENERALIZED_TIME, 14) => (two(0)? * 100 + two(2)?, 4),
        _ => return None,
    };
    let part = |n: usize| two(at + 2 * n).and_then(|part| i8::try_from(part).ok());
    let moment = DateTime::new(year, part(0)?, part(1)?, part(2)?, part(3)?, part(4)?, 0).ok()?;
    // 99991231235959Z means never (4.1.2.5), and lies past the last moment that there is.
    Some(TimeZone::UTC.to_timestamp(moment).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap();
        let mut out = vec![tag, 0x82];
        out.extend(length.to_be_bytes());
        out.extend(content);
        out
    }

    fn certificate(version: bool, from: (u8, &str), to: (u8, &str)) -> Vec<u8> {
        let dates = [der(from.0, from.1.as_bytes()), der(to.0, to.1.as_bytes())].concat();
        let mut signed = if version { der(VERSION, &[2, 1, 2]) } else { Vec::new() };
        for part in [der(2, &[7]), der(SEQUENCE, &[]), der(SEQUENCE, &[0x31, 0]), der(SEQUENCE, &dates)] {
            signed.extend(part);
        }
        der(SEQUENCE, &der(SEQUENCE, &signed))
    }

    #[test]
    fn dates_are_read_in_both_forms_and_both_versions() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (from, to, first, last) in [
            ((UTC_TIME, "261129215100Z"), (UTC_TIME, "491231235959Z"), "2026-11-29T21:51:00Z", "2049-12-31T23:59:59Z"),
            ((UTC_TIME, "500101000000Z"), (UTC_TIME, "991231235959Z"), "1950-01-01T00:00:00Z", "1999-12-31T23:59:59Z"),
            (
                (UTC_TIME, "000101000000Z"),
                (GENERALIZED_TIME, "20500101000000Z"),
                "2000-01-01T00:00:00Z",
                "2050-01-01T00:00:00Z",
            ),
        ] {
            for version in [true, false] {
                assert_eq!(validity(&certificate(version, from, to)), Some((at(first), at(last))));
            }
        }
        let never = certificate(true, (UTC_TIME, "260101000000Z"), (GENERALIZED_TIME, "99991231235959Z"));
        assert_eq!(validity(&never).unwrap().1, Timestamp::MAX);
    }

    #[test]
    fn what_is_no_date_is_none() {
        let good = (UTC_TIME, "260101000000Z");
        for bad in
            ["260101000000", "2601010000Z", "261301000000Z", "260230000000Z", "26010100000xZ", "", "-60101000000Z"]
        {
            assert_eq!(validity(&certificate(true, (UTC_TIME, bad), good)), None, "{bad}");
            assert_eq!(validity(&certificate(true, good, (UTC_TIME, bad))), None, "{bad}");
        }
        assert_eq!(validity(&certificate(true, good, (GENERALIZED_TIME, good.1))), None);
        assert_eq!(validity(&certificate(true, good, (4, good.1))), None);
    }

    #[test]
    fn any_bytes_end_in_two_moments_or_none() {
        let whole = certificate(true, (UTC_TIME, "260101000000Z"), (UTC_TIME, "270101000000Z"));
        for end in 0..whole.len() {
            assert_eq!(validity(&whole[..end]), None, "cut at {end}");
        }
        // Each byte of the head as every other: lengths that lie, tags that are none.
        for at in 0..whole.len() {
            for byte in 0..=255 {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                let _ = validity(&bytes);
            }
        }
        for hostile in
            [&[0x30, 0x84, 255, 255, 255, 255][..], &[0x30, 0x80, 0, 0], &[0x30, 0x88, 1, 1, 1, 1, 1, 1, 1, 1], &[0x30]]
        {
            assert_eq!(validity(hostile), None);
        }
        assert_eq!(validity(&[0x30; 200_000]), None, "nothing is entered twice");
    }
}
