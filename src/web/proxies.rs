//! Proxies before a listener, and what they say of whom they speak for. Only those that were named are believed: anybody can write a
//! header.
//!
//! `Forwarded` (RFC 7239) is not read: a proxy that writes the one header hands the other on as its visitor wrote it, so that who
//! believes both believes the visitor.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use hyper::HeaderMap;
use hyper::header::HeaderName;

/// Proxies that may be named.
pub const TRUSTED_PROXIES_MAX: usize = 32;
/// Hops that are looked at, from the nearest on.
const HOPS_MAX: usize = 16;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A proxy's address, or the network that proxies are in (`192.0.2.0/28`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proxy {
    network: u128,
    mask: u128,
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| "write an address, or a network as 192.0.2.0/28")?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if bits.bytes().all(|b| b.is_ascii_digit()) => bits.parse().ok().filter(|n| *n <= all),
            Some(_) => None,
            None => Some(all),
        };
        let bits: u32 = bits.ok_or_else(|| format!("behind the / stand 1 to {all} bits"))?;
        if bits == 0 {
            return Err("everybody is no proxy: name its address".into());
        }
        // As a number both kinds of address lie in one space; a mask of IPv4 covers the prefix, too.
        let mask = u128::MAX << (all - bits);
        let number = number(address);
        if number & !mask != 0 {
            let network = shown(number & mask, address.is_ipv4());
            return Err(format!("that network begins at {network}/{bits}; for one proxy leave out /{bits}"));
        }
        Ok(Self { network: number, mask })
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().into(),
        IpAddr::V6(six) => six.into(),
    }
}

fn shown(number: u128, is_four: bool) -> IpAddr {
    let six = IpAddr::V6(number.into());
    if is_four { six.to_canonical() } else { six }
}

/// The proxies that are believed; by default none.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Trusted(pub Vec<Proxy>);

impl Trusted {
    /// Whether that is one of them.
    pub fn has(&self, address: IpAddr) -> bool {
        let number = number(address);
        self.0.iter().any(|proxy| number & proxy.mask == proxy.network)
    }

    /// For whom a request came from `peer`: the last address that is not a proxy's, read from the nearest hop on. What a visitor
    /// wrote stands before that, and is not reached.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut known = peer;
        let hops = headers.get_all(FOR).iter().rev().flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops.take(HOPS_MAX) {
            if !self.has(known) {
                break;
            }
            // Nobody comes to a proxy from this machine but over it: a header that says so lies, or is of a hop before.
            match address(hop).filter(|a| self.has(*a) || !(a.is_loopback() || a.is_unspecified())) {
                Some(address) => known = address,
                None => break,
            }
        }
        known
    }

    /// Whether a proxy says that it was reached over TLS; `None`: it does not say. With several words all must be `https`.
    pub fn says_https(&self, headers: &HeaderMap) -> Option<bool> {
        let mut words = headers.get_all(PROTO).iter().flat_map(|v| v.as_bytes().split(|byte| *byte == b',')).peekable();
        words.peek()?;
        Some(words.all(|word| word.trim_ascii().eq_ignore_ascii_case(b"https")))
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop.trim_ascii()).ok()?;
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|a| a.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn trusted(list: &[&str]) -> Trusted {
        Trusted(list.iter().map(|p| p.parse().unwrap()).collect())
    }

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        for (named, inside, outside) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.0/28", "192.0.2.15", "192.0.2.16"),
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::1", "::1", "127.0.0.1"),
            ("128.0.0.0/1", "255.0.0.1", "127.0.0.1"),
        ] {
            let all = trusted(&[named]);
            assert!(all.has(inside.parse().unwrap()) && !all.has(outside.parse().unwrap()), "{named}");
        }
        assert!(!Trusted::default().has("127.0.0.1".parse().unwrap()));
        assert!(!trusted(&["192.0.2.0/28"]).has("2001:db8::1".parse().unwrap()));
        for (bad, why) in [
            ("proxy.example", "192.0.2.0/28"),
            ("", "192.0.2.0/28"),
            ("192.0.2.1:80", "192.0.2.0/28"),
            ("192.0.2.0/33", "1 to 32"),
            ("192.0.2.0/", "1 to 32"),
            ("192.0.2.0/+8", "1 to 32"),
            ("2001:db8::/129", "1 to 128"),
            ("0.0.0.0/0", "everybody"),
            ("::/0", "everybody"),
            ("10.0.0.1/8", "10.0.0.0/8"),
            ("2001:db8::1/32", "2001:db8::/32"),
        ] {
            let said = bad.parse::<Proxy>().unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[test]
    fn the_last_address_that_is_no_proxys_counts_and_nothing_before_it() {
        let all = trusted(&["127.0.0.1", "10.0.0.0/8"]);
        let hundred: Vec<String> = (0..100).map(|n| format!("10.0.0.{n}")).collect();
        let hundred = hundred.join(", ");
        for (peer, said, client) in [
            // Nobody that is believed: what stands there is not read.
            ("198.51.100.7", &["203.0.113.9"][..], "198.51.100.7"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            // A visitor's lies stand before what the proxy wrote.
            ("127.0.0.1", &["127.0.0.1, 192.0.2.1, 203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["10.0.0.2", "192.0.2.1, 203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["192.0.2.1", "203.0.113.9", "10.0.0.2"], "203.0.113.9"),
            ("127.0.0.1", &["203.0.113.9, 10.1.2.3 ,10.0.0.2"], "203.0.113.9"),
            ("127.0.0.1", &["[2001:db8::9]:4711"], "2001:db8::9"),
            ("127.0.0.1", &["[2001:db8::9]"], "2001:db8::9"),
            ("127.0.0.1", &["2001:db8::9"], "2001:db8::9"),
            ("127.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", &["203.0.113.9:80"], "203.0.113.9"),
            // Nonsense: as far as it was known.
            ("127.0.0.1", &["203.0.113.9, unknown"], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.9, "], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.9, x, 10.0.0.2"], "10.0.0.2"),
            ("127.0.0.1", &["203.0.113.999"], "127.0.0.1"),
            ("127.0.0.1", &["[203.0.113.9"], "127.0.0.1"),
            ("127.0.0.1", &["\"203.0.113.9\""], "127.0.0.1"),
            ("127.0.0.1", &[","], "127.0.0.1"),
            // This machine is nobody's visitor.
            ("10.0.0.2", &["::1"], "10.0.0.2"),
            ("10.0.0.2", &["127.0.0.53"], "10.0.0.2"),
            ("10.0.0.2", &["0.0.0.0"], "10.0.0.2"),
            // A hundred hops: the nearest are looked at.
            ("127.0.0.1", &[&hundred], "10.0.0.84"),
        ] {
            let got = all.client(peer.parse().unwrap(), &headers("x-forwarded-for", said));
            assert_eq!(got, client.parse::<IpAddr>().unwrap(), "{peer} says {said:?}");
        }
        let mut bytes = HeaderMap::new();
        bytes.append("x-forwarded-for", hyper::header::HeaderValue::from_bytes(b"203.0.113.9, \xff").unwrap());
        assert_eq!(all.client([127, 0, 0, 1].into(), &bytes), IpAddr::from([127, 0, 0, 1]));
    }

    #[test]
    fn https_is_what_all_hops_say() {
        let all = Trusted::default();
        for (said, https) in [
            (&[][..], None),
            (&["https"], Some(true)),
            (&["HTTPS"], Some(true)),
            (&["http"], Some(false)),
            (&["https, http"], Some(false)),
            (&["http", "https"], Some(false)),
            (&["https", "https"], Some(true)),
            (&["httpsx"], Some(false)),
            (&[""], Some(false)),
        ] {
            assert_eq!(all.says_https(&headers("x-forwarded-proto", said)), https, "{said:?}");
        }
    }
}
