//! Which page is whose: a text is delivered when each of its pages is, and failed when one of them is. Receipts may come twice,
//! before the answer to the request, or under nothing but the provider's number.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::delivery::SendError;
use crate::domain::ids::{DeliveryId, GatewayId};
use crate::gateways::callback::{BadCallback, Reader};
use crate::gateways::http_api::CallbackNames;
use crate::gateways::http_api::callback::{Called, called};
use crate::gateways::{AckToken, GatewayEvent};

/// Texts whose receipts are waited for; the oldest go first.
const TEXTS_MAX: usize = 10_000;
/// Receipts that were faster than the answer to their request.
const EARLY_MAX: usize = 1_000;

/// A page's key, as the provider gets it: the delivery's, with the number of the page where there are several.
pub(super) fn key(delivery: DeliveryId, page: usize, pages: usize) -> String {
    if pages > 1 { format!("{delivery}-{page}") } else { delivery.to_string() }
}

/// The delivery of a key.
fn delivery_of(key: &str) -> Option<DeliveryId> {
    let without_page = key.rsplit_once('-').filter(|(_, page)| page.bytes().all(|b| b.is_ascii_digit()));
    without_page.map_or(key, |(delivery, _)| delivery).parse().ok()
}

/// A text that was accepted.
struct Sent {
    /// Pages without a receipt, by their keys.
    open: BTreeSet<String>,
    /// Its end was told: what comes now comes twice.
    told: bool,
}

#[derive(Default)]
struct Pages {
    sent: HashMap<DeliveryId, Sent>,
    /// The provider's numbers, and the keys behind them.
    keys: HashMap<String, String>,
    order: VecDeque<(DeliveryId, Vec<String>)>,
    early: VecDeque<(String, Result<(), SendError>)>,
}

/// All pages that were accepted and not delivered yet.
#[derive(Default)]
pub(super) struct Book(Mutex<Pages>);

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A text was accepted, each page under a number of the provider's, or under none. Gives its end, if receipts were faster.
    pub fn accepted(&self, delivery: DeliveryId, refs: &[String]) -> Option<Result<(), SendError>> {
        let mut pages = self.pages();
        let keys: Vec<String> = (1..=refs.len()).map(|page| key(delivery, page, refs.len())).collect();
        pages.forget(delivery);
        for (number, key) in refs.iter().zip(&keys).filter(|(number, _)| !number.is_empty()) {
            pages.keys.insert(number.clone(), key.clone());
        }
        pages.sent.insert(delivery, Sent { open: keys.iter().cloned().collect(), told: false });
        pages.order.push_back((delivery, refs.to_vec()));
        while pages.order.len() > TEXTS_MAX {
            let Some((oldest, _)) = pages.order.front().cloned() else { break };
            pages.forget(oldest);
        }
        let early = std::mem::take(&mut pages.early);
        let (ours, others) = early.into_iter().partition(|(name, _)| keys.contains(name) || refs.contains(name));
        pages.early = others;
        let mut end = None;
        for (name, result) in ours {
            end = end.or(pages.receipt(&name, result).map(|(_, result)| result));
        }
        end
    }

    /// News of a page, by our key or the provider's number. Gives the end of its text, once.
    fn receipt(
        &self,
        key: &str,
        number: &str,
        result: Result<(), SendError>,
    ) -> Option<(DeliveryId, Result<(), SendError>)> {
        let mut pages = self.pages();
        let known = |name: &str| {
            let key = pages.keys.get(name).map_or(name, String::as_str);
            delivery_of(key).is_some_and(|delivery| pages.sent.contains_key(&delivery))
        };
        let Some(name) = [number, key].into_iter().find(|name| !name.is_empty() && known(name)) else {
            // Its request has no answer yet, or it is of an earlier start. A text of one page needs nothing kept of it.
            if let Some(delivery) = delivery_of(key).filter(|delivery| delivery.to_string() == key) {
                return Some((delivery, result));
            }
            if pages.early.len() >= EARLY_MAX {
                pages.early.pop_front();
            }
            let name = if delivery_of(key).is_some() { key } else { number };
            pages.early.push_back((name.to_owned(), result));
            return None;
        };
        pages.receipt(name, result)
    }
}

impl Pages {
    fn receipt(&mut self, name: &str, result: Result<(), SendError>) -> Option<(DeliveryId, Result<(), SendError>)> {
        let key = self.keys.get(name).cloned().unwrap_or_else(|| name.to_owned());
        let delivery = delivery_of(&key)?;
        let sent = self.sent.get_mut(&delivery)?;
        sent.open.remove(&key);
        if sent.told || (result.is_ok() && !sent.open.is_empty()) {
            return None;
        }
        sent.told = true;
        Some((delivery, result))
    }

    fn forget(&mut self, delivery: DeliveryId) {
        self.sent.remove(&delivery);
        let Some(at) = self.order.iter().position(|(d, _)| *d == delivery) else { return };
        for number in self.order.remove(at).into_iter().flat_map(|(_, refs)| refs) {
            self.keys.remove(&number);
        }
    }
}

/// Reads what the provider calls with.
pub(super) fn reader(gateway: GatewayId, names: CallbackNames, book: Arc<Book>) -> Arc<Reader> {
    Arc::new(move |kind, query: &str, body: &[u8]| {
        let gateway = gateway.clone();
        Ok(match called(&names, kind, query, body)? {
            None => None,
            Some(Called::Reply { from, text }) => {
                Some(GatewayEvent::Reply { gateway, from, text, ack: AckToken::default() })
            }
            Some(Called::Receipt { key, gateway_ref, .. }) if key.is_empty() && gateway_ref.is_empty() => {
                return Err(BadCallback("says of no page what became of it".into()));
            }
            Some(Called::Receipt { key, gateway_ref, result }) => {
                let end = book.receipt(&key, &gateway_ref, result);
                end.map(|(delivery, result)| GatewayEvent::Receipt {
                    gateway,
                    delivery: Some(delivery),
                    gateway_ref: String::new(),
                    result,
                })
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IncidentNo;

    fn delivery(ordinal: u32) -> DeliveryId {
        DeliveryId { incident: IncidentNo::exercise(3), ordinal }
    }

    fn numbers(list: &[&str]) -> Vec<String> {
        list.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn a_text_is_delivered_when_its_last_page_is() {
        let book = Book::default();
        assert_eq!(book.accepted(delivery(1), &numbers(&["a", "b", ""])), None);
        assert_eq!(book.receipt("", "a", Ok(())), None);
        assert_eq!(book.receipt("", "a", Ok(())), None, "twice");
        assert_eq!(book.receipt("X3.1-3", "", Ok(())), None, "by our key alone");
        assert_eq!(book.receipt("X3.1-2", "b", Ok(())), Some((delivery(1), Ok(()))));
        for _ in 0..2 {
            assert_eq!(book.receipt("", "b", Ok(())), None, "told once");
        }
        let one = numbers(&["c"]);
        assert_eq!(book.accepted(delivery(2), &one), None);
        assert_eq!(book.receipt("X3.2", "", Ok(())), Some((delivery(2), Ok(()))));
    }

    #[test]
    fn one_page_that_fails_fails_the_text_and_nothing_mends_it() {
        let (book, gone) = (Book::default(), || Err(SendError::permanent("expired")));
        book.accepted(delivery(1), &numbers(&["a", "b"]));
        assert_eq!(book.receipt("", "b", gone()), Some((delivery(1), gone())));
        assert_eq!(book.receipt("", "a", Ok(())), None);
        assert_eq!(book.receipt("", "b", gone()), None);
    }

    #[test]
    fn receipts_may_be_faster_than_the_answer() {
        let book = Book::default();
        assert_eq!(book.receipt("", "a", Ok(())), None);
        assert_eq!(book.receipt("X3.1-2", "", Ok(())), None);
        assert_eq!(book.receipt("", "other", Ok(())), None);
        assert_eq!(book.receipt("X3.9", "z", Ok(())), Some((delivery(9), Ok(()))), "of one page");
        assert_eq!(book.accepted(delivery(1), &numbers(&["a", "b"])), Some(Ok(())));
        // A repeat is a text of its own: what came of the first try says nothing of it.
        assert_eq!(book.accepted(delivery(1), &numbers(&["c", "d"])), None);
        assert_eq!(book.receipt("", "a", Ok(())), None);
        assert_eq!(book.receipt("", "c", Ok(())), None);
        assert_eq!(book.receipt("", "d", Ok(())), Some((delivery(1), Ok(()))));
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let book = Book::default();
        for n in 0..EARLY_MAX + 10 {
            assert_eq!(book.receipt("", &format!("n{n}"), Ok(())), None);
        }
        assert_eq!(book.pages().early.len(), EARLY_MAX);
        for n in 0..TEXTS_MAX + 10 {
            book.accepted(delivery(n as u32), &[format!("m{n}")]);
        }
        let pages = book.pages();
        assert_eq!((pages.sent.len(), pages.keys.len(), pages.order.len()), (TEXTS_MAX, TEXTS_MAX, TEXTS_MAX));
    }
}
