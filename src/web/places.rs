//! Who takes how many of a listener's connections: no address but this machine's may take them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// How many connections each address has.
#[derive(Default, Debug)]
pub struct Addresses(Mutex<HashMap<IpAddr, usize>>);

/// One connection that is counted as long as this lives.
#[derive(Debug)]
pub struct Counted(Arc<Addresses>, Option<IpAddr>);

impl Addresses {
    /// One more of that address; `None` when it has `max`. A proxy on this machine speaks for many and is not counted.
    pub fn count(self: &Arc<Self>, address: IpAddr, max: usize) -> Option<Counted> {
        if address.is_loopback() {
            return Some(Counted(self.clone(), None));
        }
        let address = subscriber(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = all.entry(address).or_insert(0);
        if *n >= max.max(1) {
            return None;
        }
        *n += 1;
        Some(Counted(self.clone(), Some(address)))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(address) = self.1 else { return };
        let mut all = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = all.get_mut(&address) {
            *n -= 1;
            if *n == 0 {
                all.remove(&address);
            }
        }
    }
}

/// What one subscriber has: an address of IPv4, or the /64 that its IPv6 address lies in (RFC 6177).
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => IpAddr::V6((u128::from(six) & !u128::from(u64::MAX)).into()),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_take_all_places() {
        let all = Arc::new(Addresses::default());
        let one = IpAddr::from([192, 0, 2, 1]);
        let held: Vec<_> = (0..3).filter_map(|_| all.count(one, 2)).collect();
        assert_eq!(held.len(), 2);
        assert!(all.count(IpAddr::from([192, 0, 2, 2]), 2).is_some());
        let six: Vec<IpAddr> = (1..4u16).map(|n| [0x2001, 0xdb8, 0, 7, n, 0, 0, n].into()).collect();
        assert_eq!(six.iter().filter_map(|a| all.count(*a, 2)).collect::<Vec<_>>().len(), 2, "a subscriber has a /64");
        drop(held);
        assert!(all.0.lock().is_ok_and(|all| all.is_empty()), "nothing is kept of clients that have left");
        let proxy: Vec<_> = (0..9).filter_map(|_| all.count(IpAddr::from([127, 0, 0, 1]), 2)).collect();
        assert_eq!(proxy.len(), 9, "a proxy on this machine speaks for many");
    }
}
