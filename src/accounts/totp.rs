//! Codes by time (RFC 6238) as every authenticator app makes them: SHA-1, six digits, thirty seconds.

use ring::hmac;

use crate::domain::time::At;

/// A code is good for so many seconds (RFC 6238, 5.2).
pub const STEP_S: i64 = 30;
/// So many steps to either side are taken: somebody types slowly, a clock is a little off.
const STEPS_OFF_MAX: u64 = 1;
/// So far off a clock is told apart from a wrong code, in steps: ten minutes.
const STEPS_TOLD_MAX: u64 = 20;
/// Bytes of a secret (RFC 4226, 4: at least 128 bits, 160 recommended).
pub const SECRET_BYTES: usize = 20;

/// What a code was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// Right, of that step.
    Right(u64),
    /// It was right and is used up.
    Used,
    /// Right by a clock that is so many seconds ahead of ours, or behind it.
    ClockOff(i64),
    Wrong,
}

/// The code of a step.
fn code(secret: &[u8], step: u64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    // RFC 4226, 5.3: the last four bits say where.
    let at = usize::from(bytes.last().copied().unwrap_or(0) & 0xf);
    let mut word = [0; 4];
    word.iter_mut().zip(bytes.iter().skip(at)).for_each(|(to, from)| *to = *from);
    (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000
}

/// The step that a moment lies in.
pub fn step_of(now: At) -> u64 {
    u64::try_from(now.0 / 1000 / STEP_S).unwrap_or(0)
}

/// Judges what was typed. `last`: the newest step that was used; that one and those before it are used up.
pub fn judge(secret: &[u8], typed: &str, last: u64, now: At) -> Code {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(number) = (digits.len() == 6)
        .then(|| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u32>().ok()).flatten())
        .flatten()
    else {
        return Code::Wrong;
    };
    let here = step_of(now);
    let near = |off: u64| [here.saturating_sub(off), here.saturating_add(off)];
    let matches = |step: &u64| code(secret, *step) == number;
    for off in 0..=STEPS_OFF_MAX {
        if let Some(step) = near(off).into_iter().find(matches) {
            return if step > last { Code::Right(step) } else { Code::Used };
        }
    }
    for off in STEPS_OFF_MAX + 1..=STEPS_TOLD_MAX {
        if let Some(step) = near(off).into_iter().find(matches) {
            let steps = i64::try_from(step).unwrap_or(0) - i64::try_from(here).unwrap_or(0);
            return Code::ClockOff(steps * STEP_S);
        }
    }
    Code::Wrong
}

/// As authenticator apps take a secret (RFC 4648, 6, without padding).
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut held, mut bits) = (String::new(), 0u32, 0u32);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(LETTERS[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(LETTERS[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// What a QR code for an authenticator app holds. IDs are of letters that need no escaping.
pub fn uri(account: &str, secret: &[u8]) -> String {
    format!("otpauth://totp/Vardkase:{account}?secret={}&issuer=Vardkase", base32(secret))
}

/// The code of a moment, for tests of others.
#[cfg(any(test, feature = "internals"))]
pub fn code_at(secret: &[u8], now: At) -> String {
    format!("{:06}", code(secret, step_of(now)))
}

/// The secret of an address that [`uri`] made, for tests of others.
#[cfg(any(test, feature = "internals"))]
pub fn secret_of(uri: &str) -> Vec<u8> {
    let text = uri.split("secret=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or("");
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0u32, 0u32);
    for c in text.bytes() {
        let value = if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' };
        held = (held << 5 | u32::from(value)) & 0xffff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 255) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B; the last six of its eight digits.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, At(seconds * 1000)), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_a_clock_that_is_off_is_told() {
        let now = At(1_234_567_890_000);
        let at = |seconds: i64| code_at(SECRET, At(now.0 + seconds * 1000));
        let here = step_of(now);
        assert_eq!(judge(SECRET, &at(0), 0, now), Code::Right(here));
        assert_eq!(judge(SECRET, &at(-30), 0, now), Code::Right(here - 1));
        assert_eq!(judge(SECRET, &at(30), 0, now), Code::Right(here + 1));
        assert_eq!(judge(SECRET, &at(0), here, now), Code::Used);
        assert_eq!(judge(SECRET, &at(-30), here, now), Code::Used, "an older one too");
        assert_eq!(judge(SECRET, &at(30), here, now), Code::Right(here + 1));
        assert_eq!(judge(SECRET, &at(-240), 0, now), Code::ClockOff(-240));
        assert_eq!(judge(SECRET, &at(600), 0, now), Code::ClockOff(600));
        assert_eq!(judge(SECRET, &at(900), 0, now), Code::Wrong);
        let (front, back) = (&at(0)[..3], &at(0)[3..]);
        assert_eq!(judge(SECRET, &format!(" {front} {back} "), 0, now), Code::Right(here), "as apps show it");
        for typed in ["", "12345", "1234567", "+12345", "abcdef", "\u{0661}\u{0662}\u{0663}\u{0664}\u{0665}\u{0666}"] {
            assert_eq!(judge(SECRET, typed, 0, now), Code::Wrong, "{typed}");
        }
        assert_eq!(judge(SECRET, "287082", 0, At(-1)), judge(SECRET, "287082", 0, At(0)), "before 1970");
    }

    #[test]
    fn secrets_are_written_as_apps_read_them() {
        // RFC 4648, 10.
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        let uri = uri("it-1", SECRET);
        assert_eq!(uri, "otpauth://totp/Vardkase:it-1?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Vardkase");
        assert_eq!(secret_of(&uri), SECRET);
    }
}
