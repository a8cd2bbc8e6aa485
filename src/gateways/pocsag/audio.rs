//! Code words as sound: what the data input of a transmitter takes, 22 050 samples a second, sixteen bits, one channel.
//! Pure.

use super::codec::PREAMBLE_BITS;

/// Samples a second.
pub(super) const SAMPLES_A_SECOND: u32 = 22_050;
/// How far a bit swings, of 32 767.
const SWING: i16 = 12_000;
/// Silence before and after, in samples: the transmitter comes up, and goes down after the last bit.
const SILENCE: usize = SAMPLES_A_SECOND as usize / 10;

/// Bits a second.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Baud {
    /// 512.
    B512,
    /// 1 200: what most networks use.
    #[default]
    B1200,
    /// 2 400.
    B2400,
}

impl Baud {
    /// By their number.
    ///
    /// # Errors
    /// Which there are.
    pub fn of(bits_a_second: u32) -> Result<Self, String> {
        match bits_a_second {
            512 => Ok(Self::B512),
            1_200 => Ok(Self::B1200),
            2_400 => Ok(Self::B2400),
            other => Err(format!("POCSAG has no {other} bits a second: write 512, 1200 or 2400")),
        }
    }

    /// As a number.
    pub fn bits_a_second(self) -> u32 {
        match self {
            Self::B512 => 512,
            Self::B1200 => 1_200,
            Self::B2400 => 2_400,
        }
    }
}

/// One transmission: silence, preamble, batches, silence. A one is the lower frequency (ITU-R M.584): below zero, unless the
/// transmitter turns it round.
pub(super) fn samples(words: &[u32], baud: Baud, inverted: bool, lead_ms: u32) -> Vec<i16> {
    let preamble = (0..PREAMBLE_BITS).map(|i| i % 2 == 0);
    let data = words.iter().flat_map(|word| (0..32).rev().map(move |bit| word >> bit & 1 == 1));
    // A pager reads the last bit by the edge after it.
    let tail = [true, false].into_iter().cycle().take(8);
    let bits: Vec<bool> = preamble.chain(data).chain(tail).collect();
    let rate = u64::from(SAMPLES_A_SECOND);
    let speed = u64::from(baud.bits_a_second());
    let count = (bits.len() as u64 * rate).div_ceil(speed);
    let lead = (u64::from(lead_ms) * rate / 1_000) as usize;
    let mut samples = vec![0; SILENCE + lead];
    // Each sample asks which bit its time falls into: no error adds up over a long transmission.
    samples.extend((0..count).map(|i| {
        let bit = bits.get((i * speed / rate) as usize).copied().unwrap_or(false);
        if bit == inverted { SWING } else { -SWING }
    }));
    samples.resize(samples.len() + SILENCE, 0);
    samples
}

/// Little-endian bytes, without a header.
pub(super) fn raw(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

/// The same with the header that players want (RIFF, PCM).
pub(super) fn wav(samples: &[i16]) -> Vec<u8> {
    let data = raw(samples);
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(data.len() + 44);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&len.saturating_add(36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&SAMPLES_A_SECOND.to_le_bytes());
    file.extend_from_slice(&(SAMPLES_A_SECOND * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&len.to_le_bytes());
    file.extend_from_slice(&data);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_has_its_time() {
        for baud in [Baud::B512, Baud::B1200, Baud::B2400] {
            let words = [0xffff_0000, 0x0f0f_0f0f];
            let all = samples(&words, baud, false, 0);
            let sound = &all[SILENCE..all.len() - SILENCE];
            let bits = PREAMBLE_BITS + 64 + 8;
            let expected = bits as f64 * f64::from(SAMPLES_A_SECOND) / f64::from(baud.bits_a_second());
            assert!((sound.len() as f64 - expected).abs() <= 1.0, "{baud:?}");
            // Read in the middle of each bit.
            let at = |n: usize| {
                sound[((n as f64 + 0.5) * f64::from(SAMPLES_A_SECOND) / f64::from(baud.bits_a_second())) as usize] < 0
            };
            for (n, word) in words.iter().enumerate() {
                let read = (0..32).fold(0_u32, |w, i| w << 1 | u32::from(at(PREAMBLE_BITS + n * 32 + i)));
                assert_eq!(read, *word, "{baud:?}");
            }
            let turned: Vec<i16> = samples(&words, baud, true, 0).iter().map(|s| -s).collect();
            assert_eq!(all, turned);
            assert_eq!(samples(&words, baud, false, 1_000).len(), all.len() + SAMPLES_A_SECOND as usize);
        }
    }

    #[test]
    fn a_wav_file_byte_for_byte() {
        let file = wav(&[1, -2]);
        assert_eq!(file[..4], *b"RIFF");
        assert_eq!(file[4..8], 40_u32.to_le_bytes());
        assert_eq!(file[8..24], *b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        assert_eq!(file[24..32], [0x22, 0x56, 0, 0, 0x44, 0xac, 0, 0]);
        assert_eq!(file[32..], *b"\x02\0\x10\0data\x04\0\0\0\x01\0\xfe\xff");
    }
}
