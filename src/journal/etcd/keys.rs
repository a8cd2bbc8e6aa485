//! How the keys in etcd are called; nobody else puts one together. All of them stand under one prefix, so that a role of etcd can be
//! given just these, and one etcd can serve others too.
//!
//! ```text
//! PREFIX/head                        the journal's last record: NUMBER:HASH
//! PREFIX/cluster                     which journal this is
//! PREFIX/leader                      who decides; under a lease
//! PREFIX/j/FIRST                     what one append wrote; FIRST in 16 hexadecimal digits
//! PREFIX/part/FIRST/HASH/N           pieces of one that is too large for a value
//! PREFIX/node/NAME                   who takes part, and what it holds
//! PREFIX/cmd/ID, PREFIX/ans/ID       commands for the leader and its answers
//! PREFIX/gateway/ID                  who serves a gateway that not all reach; under a lease
//! ```

use super::kv::after_prefix;
use crate::journal::Hash;

/// A range of keys: from the first up to before the second.
pub type KeyRange = (Vec<u8>, Vec<u8>);

/// Names keys under a prefix.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keys {
    prefix: String,
}

/// Which piece of which append a key names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartName {
    /// The first record of that append.
    pub first: u64,
    /// The hash of the whole.
    pub hash: Hash,
    /// Which piece, from 0.
    pub n: u32,
}

impl Keys {
    /// Keys under a prefix, which may end in `/` or not.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: format!("{}/", prefix.trim_end_matches('/')) }
    }

    fn key(&self, rest: impl AsRef<[u8]>) -> Vec<u8> {
        [self.prefix.as_bytes(), rest.as_ref()].concat()
    }
    fn under(&self, folder: &str) -> KeyRange {
        let from = self.key(folder);
        let to = after_prefix(&from);
        (from, to)
    }

    /// What all keys begin with.
    pub fn all(&self) -> Vec<u8> {
        self.key("")
    }
    /// The journal's last record.
    pub fn head(&self) -> Vec<u8> {
        self.key("head")
    }
    /// Which journal this is.
    pub fn cluster(&self) -> Vec<u8> {
        self.key("cluster")
    }
    /// Who decides.
    pub fn leader(&self) -> Vec<u8> {
        self.key("leader")
    }

    /// What the append wrote whose first record is this one.
    pub fn journal(&self, first: u64) -> Vec<u8> {
        self.key(format!("j/{first:016x}"))
    }
    /// All appends whose first record is this one or a later one.
    pub fn journal_from(&self, first: u64) -> KeyRange {
        (self.journal(first), self.journal_end())
    }
    /// The key after the last append that there can be.
    pub fn journal_end(&self) -> Vec<u8> {
        self.under("j/").1
    }
    /// The first record of the append that a key names.
    pub fn first_of(&self, key: &[u8]) -> Option<u64> {
        number(key.strip_prefix(self.key("j/").as_slice())?)
    }

    /// One piece of an append.
    pub fn part(&self, name: PartName) -> Vec<u8> {
        self.key(format!("part/{:016x}/{}/{:08x}", name.first, hex::encode(name.hash), name.n))
    }
    /// All pieces of one append.
    pub fn parts_of(&self, first: u64, hash: Hash) -> KeyRange {
        self.under(&format!("part/{first:016x}/{}/", hex::encode(hash)))
    }
    /// Pieces of appends whose first record is this one or a later one.
    pub fn parts_from(&self, first: u64) -> KeyRange {
        (self.key(format!("part/{first:016x}/")), self.under("part/").1)
    }
    /// Which piece a key names.
    pub fn part_of(&self, key: &[u8]) -> Option<PartName> {
        let rest = key.strip_prefix(self.key("part/").as_slice())?;
        let (first, rest) = rest.split_at_checked(16)?;
        let (hash, n) = rest.strip_prefix(b"/")?.split_at_checked(64)?;
        let mut name = PartName { first: number(first)?, hash: [0; 32], n: 0 };
        hex::decode_to_slice(hash, &mut name.hash).ok()?;
        name.n = u32::try_from(digits(n.strip_prefix(b"/")?, 8)?).ok()?;
        Some(name)
    }

    /// One node.
    pub fn node(&self, name: &str) -> Vec<u8> {
        self.key(format!("node/{name}"))
    }
    /// All nodes.
    pub fn nodes(&self) -> KeyRange {
        self.under("node/")
    }
    /// Who may come in.
    pub fn access(&self) -> Vec<u8> {
        self.key("access")
    }
    /// A node that was taken out: it may not come back under that name.
    pub fn gone(&self, name: &str) -> Vec<u8> {
        self.key(format!("gone/{name}"))
    }
    /// A command for the leader.
    pub fn command(&self, id: &str) -> Vec<u8> {
        self.key(format!("cmd/{id}"))
    }
    /// All commands.
    pub fn commands(&self) -> KeyRange {
        self.under("cmd/")
    }
    /// The answer to a command.
    pub fn answer(&self, id: &str) -> Vec<u8> {
        self.key(format!("ans/{id}"))
    }
    /// All answers.
    pub fn answers(&self) -> KeyRange {
        self.under("ans/")
    }
    /// Who serves a gateway.
    pub fn gateway(&self, id: &str) -> Vec<u8> {
        self.key(format!("gateway/{id}"))
    }
    /// All gateways that somebody serves.
    pub fn gateways(&self) -> KeyRange {
        self.under("gateway/")
    }
    /// What stands behind the beginning of a range, such as the name of a node in [`nodes`](Self::nodes).
    pub fn name_in<'k>(range: &KeyRange, key: &'k [u8]) -> Option<&'k str> {
        std::str::from_utf8(key.strip_prefix(range.0.as_slice())?).ok()
    }
}

fn number(text: &[u8]) -> Option<u64> {
    digits(text, 16)
}

/// Lower-case hexadecimal digits, as they are written above.
fn digits(text: &[u8], count: usize) -> Option<u64> {
    let fits = text.len() == count && text.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    u64::from_str_radix(std::str::from_utf8(text).ok().filter(|_| fits)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_records_do_and_are_read_back() {
        let keys = Keys::new("/hall/");
        assert_eq!(keys, Keys::new("/hall"));
        assert_eq!(keys.journal(0x1f), b"/hall/j/000000000000001f");
        let all = [0, 1, 9, 10, 15, 16, 255, 256, u64::MAX];
        assert!(all.windows(2).all(|w| keys.journal(w[0]) < keys.journal(w[1])));
        for first in all {
            assert_eq!(keys.first_of(&keys.journal(first)), Some(first));
            assert!(keys.journal(first) < keys.journal_end());
            let name = PartName { first, hash: [0xab; 32], n: 3 };
            let key = keys.part(name);
            assert_eq!(keys.part_of(&key), Some(name));
            let (from, to) = keys.parts_of(first, name.hash);
            assert!(from < key && key < to);
            let (from, to) = keys.parts_from(first);
            assert!(from < key && key < to);
        }
        for bad in
            ["/hall/j/1f", "/hall/j/000000000000001F", "/hall/j/+00000000000001f", "/other/j/000000000000001f", ""]
        {
            assert_eq!(keys.first_of(bad.as_bytes()), None, "{bad}");
            assert_eq!(keys.part_of(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_folder_of_keys_holds_its_own_alone() {
        let keys = Keys::new("k");
        let nodes = keys.nodes();
        let key = keys.node("hall-2");
        assert!(nodes.0 <= key && key < nodes.1);
        assert_eq!(Keys::name_in(&nodes, &key), Some("hall-2"));
        for other in
            [keys.head(), keys.leader(), keys.cluster(), keys.command("n"), keys.answer("n"), keys.gateway("n")]
        {
            assert!(other < nodes.0 || other >= nodes.1);
            assert!(other.starts_with(&keys.all()));
        }
    }
}
