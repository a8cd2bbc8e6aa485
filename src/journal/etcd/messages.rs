//! What goes to etcd and comes from it: the messages of its `rpc.proto` and `kv.proto`, by hand, as far as they are used here. Field numbers
//! are etcd's (`api/etcdserverpb/rpc.proto`), the same since 3.0; a field that is left out here is skipped when it comes.

use prost::{Message, Oneof};

/// `ResponseHeader`: stands in each answer.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Header {
    /// The member that answers.
    #[prost(uint64, tag = "2")]
    pub member: u64,
    /// The store's revision when it was carried out.
    #[prost(int64, tag = "3")]
    pub revision: i64,
}

/// `mvccpb.KeyValue`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    /// The revision that made the key.
    #[prost(int64, tag = "2")]
    pub created: i64,
    #[prost(bytes = "vec", tag = "5")]
    pub value: Vec<u8>,
}

/// `RangeRequest`. Linearizable, as `serializable` (7) is left out; in the order of keys, as `sort_order` (5) is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RangeRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    /// Up to before this key; empty: `key` alone.
    #[prost(bytes = "vec", tag = "2")]
    pub range_end: Vec<u8>,
    /// 0: no limit.
    #[prost(int64, tag = "3")]
    pub limit: i64,
}

/// `RangeResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RangeAnswer {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    #[prost(message, repeated, tag = "2")]
    pub pairs: Vec<KeyValue>,
    /// There are more keys than were asked for.
    #[prost(bool, tag = "3")]
    pub more: bool,
}

/// `PutRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PutRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
    /// 0: none.
    #[prost(int64, tag = "3")]
    pub lease: i64,
}

/// `DeleteRangeRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct DeleteRequest {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    /// Up to before this key; empty: `key` alone.
    #[prost(bytes = "vec", tag = "2")]
    pub range_end: Vec<u8>,
}

/// `Compare`: what must hold. Its `result` (1) is left out: EQUAL.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Compare {
    /// What of the key is compared: [`Compare::CREATED`] or [`Compare::VALUE`].
    #[prost(int32, tag = "2")]
    pub target: i32,
    #[prost(bytes = "vec", tag = "3")]
    pub key: Vec<u8>,
    #[prost(oneof = "With", tags = "5, 7")]
    pub with: Option<With>,
}

impl Compare {
    /// The revision that made the key; 0 for one that is not there.
    pub const CREATED: i32 = 1;
    /// The value; never equal for a key that is not there.
    pub const VALUE: i32 = 3;
}

/// What is compared with.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum With {
    #[prost(int64, tag = "5")]
    Created(i64),
    #[prost(bytes, tag = "7")]
    Value(Vec<u8>),
}

/// `RequestOp`: one act of a transaction.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Operation {
    #[prost(oneof = "Request", tags = "2, 3")]
    pub request: Option<Request>,
}

/// What an act is.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum Request {
    #[prost(message, tag = "2")]
    Put(PutRequest),
    #[prost(message, tag = "3")]
    Delete(DeleteRequest),
}

/// `TxnRequest`. Nothing is done when it does not hold: `failure` (3) is left out.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TxnRequest {
    #[prost(message, repeated, tag = "1")]
    pub compare: Vec<Compare>,
    #[prost(message, repeated, tag = "2")]
    pub success: Vec<Operation>,
}

/// `TxnResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TxnAnswer {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    /// All of `compare` held.
    #[prost(bool, tag = "2")]
    pub succeeded: bool,
}

/// `CompactionRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CompactRequest {
    #[prost(int64, tag = "1")]
    pub revision: i64,
}

/// `LeaseGrantRequest`; etcd chooses the number.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct GrantRequest {
    /// In seconds.
    #[prost(int64, tag = "1")]
    pub ttl_s: i64,
}

/// `LeaseGrantResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct GrantAnswer {
    #[prost(int64, tag = "2")]
    pub lease: i64,
    /// What it granted, in seconds: no less than its election takes.
    #[prost(int64, tag = "3")]
    pub ttl_s: i64,
}

/// `LeaseKeepAliveRequest` and `LeaseRevokeRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LeaseRequest {
    #[prost(int64, tag = "1")]
    pub lease: i64,
}

/// `LeaseKeepAliveResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KeepAnswer {
    /// How long it lasts from now, in seconds; 0: there is no such lease.
    #[prost(int64, tag = "3")]
    pub ttl_s: i64,
}

/// `WatchRequest`: one that makes a watch.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WatchRequest {
    #[prost(message, optional, tag = "1")]
    pub create: Option<WatchCreate>,
}

/// `WatchCreateRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WatchCreate {
    #[prost(bytes = "vec", tag = "1")]
    pub key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub range_end: Vec<u8>,
    /// Large answers may come in pieces.
    #[prost(bool, tag = "8")]
    pub fragment: bool,
}

/// `WatchResponse`, without its events (11): it says that it is worth looking.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct WatchAnswer {
    /// The watch was made.
    #[prost(bool, tag = "3")]
    pub created: bool,
    /// The watch has ended.
    #[prost(bool, tag = "4")]
    pub canceled: bool,
}

/// `StatusRequest`, and answers of which nothing is used.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Empty {}

/// `StatusResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct StatusAnswer {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    /// As `3.5.16`.
    #[prost(string, tag = "2")]
    pub version: String,
    /// What its database takes up on disk, in bytes.
    #[prost(int64, tag = "3")]
    pub size: i64,
    /// The member that leads; 0: none.
    #[prost(uint64, tag = "4")]
    pub leader: u64,
}

/// `AlarmRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AlarmRequest {
    /// [`AlarmRequest::GET`] or [`AlarmRequest::DEACTIVATE`].
    #[prost(int32, tag = "1")]
    pub action: i32,
    /// Whose; 0: everybody's.
    #[prost(uint64, tag = "2")]
    pub member: u64,
    #[prost(int32, tag = "3")]
    pub alarm: i32,
}

impl AlarmRequest {
    pub const GET: i32 = 0;
    pub const DEACTIVATE: i32 = 2;
    /// The quota is used up.
    pub const NO_SPACE: i32 = 1;
}

/// `AlarmResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AlarmAnswer {
    #[prost(message, repeated, tag = "2")]
    pub alarms: Vec<AlarmMember>,
}

/// `AlarmMember`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AlarmMember {
    #[prost(uint64, tag = "1")]
    pub member: u64,
    #[prost(int32, tag = "2")]
    pub alarm: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_has_these_bytes() {
        let compare = Compare { target: Compare::CREATED, key: b"k".into(), with: Some(With::Created(7)) };
        let put = PutRequest { key: b"a".into(), value: b"b".into(), lease: 0 };
        let delete = DeleteRequest { key: b"c".into(), range_end: b"d".into() };
        let success = [Request::Put(put), Request::Delete(delete)].map(|r| Operation { request: Some(r) });
        let txn = TxnRequest { compare: vec![compare], success: success.into() };
        let expected = [
            &[0x0a, 7, 0x10, 1, 0x1a, 1, b'k', 0x28, 7][..],
            &[0x12, 8, 0x12, 6, 0x0a, 1, b'a', 0x12, 1, b'b'],
            &[0x12, 8, 0x1a, 6, 0x0a, 1, b'c', 0x12, 1, b'd'],
        ];
        assert_eq!(txn.encode_to_vec(), expected.concat());
    }

    /// An absent key is compared with revision 0, which must stand there: a field that is left out would compare nothing.
    #[test]
    fn a_comparison_with_nothing_is_said() {
        let compare = Compare { target: Compare::CREATED, key: b"k".into(), with: Some(With::Created(0)) };
        assert_eq!(compare.encode_to_vec(), [0x10, 1, 0x1a, 1, b'k', 0x28, 0]);
    }
}
