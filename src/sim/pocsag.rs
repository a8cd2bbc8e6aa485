//! A receiver of POCSAG on loopback: it takes sound over TCP, finds the bits in it, corrects none and believes none that are
//! wrong, and shows what pagers of a network would show.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::Far;
use super::display::displayed;
use crate::domain::text::Charset;

/// Samples a second.
const RATE: f64 = 22_050.0;
/// Bytes of one transmission: ten minutes of sound.
const SOUND_BYTES_MAX: u64 = 22_050 * 2 * 600;
const SYNC: u32 = 0x7CD2_15D8;
const IDLE: u32 = 0x7A89_C197;

/// One call that a receiver heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// Radio identity code.
    pub ric: u32,
    /// Function, 0 to 3.
    pub function: u8,
    /// The bits of the message, in the order in which they came.
    pub bits: Vec<bool>,
}

impl Heard {
    /// As seven bits a letter, up to the end of the text.
    pub fn letters(&self) -> Vec<u8> {
        let letters = self.bits.chunks_exact(7).map(|seven| (0..7).map(|i| u8::from(seven[i]) << i).sum());
        letters.take_while(|letter: &u8| *letter != 4).collect()
    }
    /// As four bits a digit.
    pub fn digits(&self) -> Vec<u8> {
        let fours = self.bits.chunks_exact(4).map(|four| (0..4).map(|i| usize::from(four[i]) << i).sum::<usize>());
        fours.map(|n| b"0123456789*U -)("[n]).collect()
    }
}

/// Whether a code word's ten check bits and its parity are right: its 31 bits, as a polynomial, leave nothing when divided
/// by the generator.
fn is_whole(word: u32) -> bool {
    let mut rest = u64::from(word >> 1);
    for shift in (0..=20).rev() {
        if rest & (1 << (shift + 10)) != 0 {
            rest ^= 0x769 << shift;
        }
    }
    rest == 0 && word.count_ones().is_multiple_of(2)
}

/// What stands in the sound at that speed. A damaged code word ends its call.
pub fn decode(samples: &[i16], bits_a_second: u32) -> Vec<Heard> {
    let period = RATE / f64::from(bits_a_second);
    let Some(start) = samples.iter().position(|s| s.unsigned_abs() > 4_000) else { return Vec::new() };
    // The clock follows each change of the sign.
    let mut bits = Vec::new();
    let mut at = start as f64 + period / 2.0;
    while let Some(sample) = samples.get(at as usize) {
        bits.push(*sample < 0);
        let next = at + period;
        let edge = (at as usize + 1..next as usize + 1)
            .find(|i| matches!((samples.get(i - 1), samples.get(*i)), (Some(a), Some(b)) if (*a < 0) != (*b < 0)));
        at = match edge {
            Some(edge) => edge as f64 + period / 2.0,
            None => next,
        };
    }
    let mut heard: Vec<Heard> = Vec::new();
    let mut open = false;
    let mut i = 0;
    let word = |i: usize| bits.get(i..i + 32).map(|w| w.iter().fold(0_u32, |w, bit| w << 1 | u32::from(*bit)));
    while let Some(first) = word(i) {
        if first != SYNC {
            i += 1;
            continue;
        }
        i += 32;
        for slot in 0..16_u32 {
            let Some(word) = word(i) else { return heard };
            i += 32;
            if word == IDLE || !is_whole(word) {
                open = false;
            } else if word >> 31 == 0 {
                let ric = ((word >> 13 & 0x3_ffff) << 3) | (slot / 2);
                heard.push(Heard { ric, function: (word >> 11 & 3) as u8, bits: Vec::new() });
                open = true;
            } else if let Some(call) = heard.last_mut().filter(|_| open) {
                call.bits.extend((11..31).rev().map(|bit| word >> bit & 1 == 1));
            }
        }
    }
    heard
}

/// A running receiver; stops when it is dropped.
#[derive(Debug)]
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    listener: AbortHandle,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Listens on a port of its own on loopback.
///
/// # Errors
/// When the machine gives no port.
pub async fn start(far: Far, name: &str, charset: Charset, bits_a_second: u32) -> io::Result<Handle> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let addr = listener.local_addr()?;
    let name = name.to_owned();
    let task = tokio::spawn(async move {
        let mut streams = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            let (far, name) = (far.clone(), name.clone());
            streams.spawn(async move {
                let _ = receive(tcp, &far, &name, charset, bits_a_second).await;
            });
            while streams.try_join_next().is_some() {}
        }
    });
    Ok(Handle { addr, listener: task.abort_handle() })
}

async fn receive(tcp: TcpStream, far: &Far, name: &str, charset: Charset, bits_a_second: u32) -> io::Result<()> {
    let mut sound = Vec::new();
    let mut tcp = tcp.take(SOUND_BYTES_MAX);
    tcp.read_to_end(&mut sound).await?;
    let samples: Vec<i16> = sound.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    for call in decode(&samples, bits_a_second) {
        let text = if charset == Charset::Numeric { call.digits() } else { call.letters() };
        far.show(name, &call.ric.to_string(), displayed(&text, charset).trim_end_matches(' '));
    }
    // The connection is closed when everything was taken.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_everybody_knows_are_whole() {
        assert!(is_whole(SYNC) && is_whole(IDLE) && is_whole(0));
        for bit in 0..32 {
            assert!(!is_whole(IDLE ^ 1 << bit));
            assert!(!is_whole(SYNC ^ 1 << bit ^ 1 << ((bit + 7) % 32)));
        }
    }

    #[test]
    fn noise_is_no_call() {
        assert_eq!(decode(&[], 1_200), []);
        assert_eq!(decode(&[0; 1_000], 1_200), []);
        let noise: Vec<i16> = (0..40_000_i64).map(|i| (i * i * 7_919 % 65_536 - 32_768) as i16).collect();
        assert_eq!(decode(&noise, 512), []);
    }
}
