//! Who may come in is the same on every node: the book of accounts lies in etcd, sealed as all that nodes write to each other, and each
//! node takes over what changed there and puts there what changed here. Two changes at two nodes at one time are both kept, entry by entry.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::envelope::Envelopes;
use crate::accounts::Accounts;
use crate::journal::etcd::{Act, Keys, Kv, KvError, Txn, When};

/// The book is looked at that often, and whenever it changes in etcd.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The book as it lies in etcd.
#[derive(Serialize, Deserialize)]
struct Shared {
    book: Value,
}

/// Keeps the book of this node and that of the others one.
pub struct Access {
    pub kv: Arc<dyn Kv>,
    pub keys: Keys,
    pub envelopes: Envelopes,
    pub accounts: Arc<Accounts>,
}

impl Access {
    /// Goes on until `stop` turns true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.kv.changes(self.keys.access());
        // What both had last.
        let mut common = Value::Null;
        loop {
            if let Err(error) = self.meet(&mut common).await {
                tracing::debug!(%error, "the accounts of the nodes were not compared");
            }
            tokio::select! {
                _ = stop.changed() => return,
                _ = changes.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn meet(&self, common: &mut Value) -> Result<(), KvError> {
        let (key, mut end) = (self.keys.access(), self.keys.access());
        end.push(0);
        let found = self.kv.range(key.clone(), end, 1).await?.pairs.into_iter().next();
        let ours = self.own();
        let (theirs, when) = match &found {
            None => (None, When::Absent(key.clone())),
            Some(pair) => {
                let Some(Shared { book }) = self.envelopes.open(&key, &pair.value) else {
                    return Err(KvError::Refused(
                        "the book of accounts in etcd was not sealed by a node of this cluster".into(),
                    ));
                };
                (Some(book), When::Value(key.clone(), pair.value.clone()))
            }
        };
        let met = match &theirs {
            None => ours.clone(),
            // A node that begins takes what is there: what was revoked while it was away must not come back with it.
            Some(theirs) if common.is_null() => theirs.clone(),
            Some(theirs) => merged(common, &ours, theirs),
        };
        if theirs.as_ref() != Some(&met) {
            let Some(sealed) = self.envelopes.seal(&key, &Shared { book: met.clone() }) else { return Ok(()) };
            let put = Txn { when: vec![when], acts: vec![Act::Put(key, sealed, None)] };
            if !self.kv.commit(put).await?.held {
                // Another was quicker: both are looked at again.
                return Ok(());
            }
        }
        if met != ours && self.own() == ours {
            match self.accounts.take_over(&met.to_string()) {
                Ok(()) => tracing::info!("accounts that changed at another node are in force here"),
                Err(error) => return Err(KvError::Refused(error.to_string())),
            }
        }
        *common = met;
        Ok(())
    }

    fn own(&self) -> Value {
        self.accounts.look(|book| serde_json::from_str(&book.text()).unwrap_or_default())
    }
}

/// Both changes since `common`. Where both changed one entry, theirs holds: it was first.
fn merged(common: &Value, ours: &Value, theirs: &Value) -> Value {
    if ours == common || ours == theirs {
        return theirs.clone();
    }
    if theirs == common {
        return ours.clone();
    }
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let mut all = Map::new();
            for name in theirs.keys().chain(ours.keys().filter(|name| !theirs.contains_key(*name))) {
                let of = |map: &Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                all.insert(name.clone(), merged(common.get(name).unwrap_or(&Value::Null), &of(ours), &of(theirs)));
            }
            Value::Object(all)
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            let empty = Vec::new();
            let common = common.as_array().unwrap_or(&empty);
            let of =
                |all: &[Value], id: &Value| all.iter().find(|one| name_of(one) == *id).cloned().unwrap_or_default();
            let new = ours.iter().filter(|one| of(theirs, &name_of(one)).is_null());
            let all = theirs.iter().chain(new).map(|one| {
                let id = name_of(one);
                merged(&of(common, &id), &of(ours, &id), &of(theirs, &id))
            });
            Value::Array(all.filter(|one| !one.is_null()).collect())
        }
        _ => theirs.clone(),
    }
}

/// What tells an entry from others.
fn name_of(entry: &Value) -> Value {
    entry.get("id").or_else(|| entry.get("secret")).unwrap_or(entry).clone()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_at_two_nodes_are_both_kept() {
        let book = |accounts: Value, tokens: Value| json!({ "format": 1, "accounts": accounts, "tokens": tokens });
        let tib = |step: u32| json!({ "id": "tib", "last_step": step });
        let kib = json!({ "id": "kib", "last_step": 1 });
        let common = book(json!([tib(1), kib]), json!([{ "id": "old" }]));
        // Here TiB signed in and a token was made, there KiB was taken out and a token revoked.
        let ours = book(json!([tib(2), kib]), json!([{ "id": "old" }, { "id": "new" }]));
        let theirs = book(json!([tib(1)]), json!([]));
        let both = book(json!([tib(2)]), json!([{ "id": "new" }]));
        assert_eq!(merged(&common, &ours, &theirs), both);
        assert_eq!(merged(&common, &theirs, &ours), both);
        assert_eq!(merged(&both, &both, &theirs), theirs);
    }
}
