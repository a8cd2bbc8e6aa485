//! AWS Signature Version 4, as S3 and what is compatible with it want it: a keyed hash over the request's method, path,
//! headers and body. Pure: time comes in. After Amazon's “Signature Calculations for the Authorization Header: Transferring
//! Payload in a Single Chunk”; the tests hold its published examples.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::gateways::Secret;

/// The keys of whoever signs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Account {
    /// The region of the store.
    pub region: String,
    /// The access key's name.
    pub key_id: String,
    /// The secret access key.
    pub secret: Secret,
}

/// What is signed. Header names in small letters.
pub(super) struct Request<'a> {
    pub method: &'a str,
    /// Encoded as it stands in the request line.
    pub path: &'a str,
    /// Encoded and sorted; empty for none.
    pub query: &'a str,
    /// All headers that are signed, `host` among them; those of the signature are added.
    pub headers: Vec<(String, String)>,
    pub body: &'a [u8],
}

/// The headers that sign a request: `x-amz-date`, `x-amz-content-sha256`, `authorization`.
pub(super) fn sign(account: &Account, request: &Request<'_>, now: Timestamp) -> Vec<(String, String)> {
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let payload = hex::encode(Sha256::digest(request.body));
    let mut headers = request.headers.clone();
    headers.push(("x-amz-content-sha256".into(), payload.clone()));
    headers.push(("x-amz-date".into(), time.clone()));
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let canonical = format!("{}\n{}\n{}\n{lines}\n{names}\n{payload}", request.method, request.path, request.query);
    let scope = format!("{day}/{}/s3/aws4_request", account.region);
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex::encode(Sha256::digest(canonical.as_bytes())));
    let mut key = mac(format!("AWS4{}", account.secret.expose()).as_bytes(), day.as_bytes());
    for part in [account.region.as_str(), "s3", "aws4_request"] {
        key = mac(&key, part.as_bytes());
    }
    let signature = hex::encode(mac(&key, to_sign.as_bytes()));
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}", account.key_id);
    vec![("x-amz-content-sha256".into(), payload), ("x-amz-date".into(), time), ("authorization".into(), authorization)]
}

/// RFC 2104 with SHA-256, whose block has 64 bytes: a longer key is hashed first.
fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// RFC 3986 2.3, as the signature wants it: everything but unreserved letters, and slashes, is written in hexadecimal.
pub(super) fn encoded(path: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    utf8_percent_encode(path, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// The account and time of Amazon's published examples.
    fn signed(request: &Request<'_>) -> String {
        let account = Account {
            region: "us-east-1".into(),
            key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        };
        let now = "2013-05-24T00:00:00Z".parse().unwrap();
        let (_, authorization) = sign(&account, request, now).pop().unwrap();
        authorization.rsplit_once('=').unwrap().1.to_owned()
    }
    fn headers(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn amazons_own_examples_are_signed_as_amazon_signs_them() {
        let host = ("host", "examplebucket.s3.amazonaws.com");
        let get = Request {
            method: "GET",
            path: "/test.txt",
            query: "",
            headers: headers(&[host, ("range", "bytes=0-9")]),
            body: b"",
        };
        assert_eq!(signed(&get), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
        let put = Request {
            method: "PUT",
            path: &encoded("/test$file.text"),
            query: "",
            headers: headers(&[
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                host,
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ]),
            body: b"Welcome to Amazon S3.",
        };
        assert_eq!(signed(&put), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
        let list =
            Request { method: "GET", path: "/", query: "max-keys=2&prefix=J", headers: headers(&[host]), body: b"" };
        assert_eq!(signed(&list), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    #[test]
    fn paths_are_written_as_the_signature_wants_them() {
        assert_eq!(encoded("/b/läge 1/x+y.html"), "/b/l%C3%A4ge%201/x%2By.html");
    }
}
