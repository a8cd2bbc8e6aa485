//! Passkeys that are honest, and each way in which one lies.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::super::authenticator::Authenticator;
use super::*;

const CHALLENGE: &str = "Y2hhbGxlbmdlLW9mLXRlc3Rz";

/// WebAuthn Level 3, 16.2: no attestation, ES256. Nobody was verified there.
const ATTESTATION: &str = "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735a\
    e7f8edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6\
    122b33ad94ff3ec330084be4a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820\
    930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220";
const SHOWN_DATA: &str = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000";
const SHOWN_CLIENT: &str = "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c545550\
    6f334a5558543049393770767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f6578616d706c65\
    2e6f7267222c2263726f73734f726967696e223a66616c73657d";
const SHOWN_SIGNATURE: &str = "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b9353\
    8174f575bf11a1dd5d78c6e486013f937295ea13653e331e87";

/// RSA with 2048 bits: what openssl made, and signed.
const RSA_N: &str = "c456a89ff1d76860c0beabd56781d1303f3850ca59b8a1f602694bcb67638e020761288c60dfe38c2744291d576121628d64\
    81b3c37d7f04a6933ba47e350e39badf03d4ea637ea239a6a048feb644eb5e058a82d3f170c6fa55895ada001714ce2f0c39\
    9c16024f4e252ce2ed160fefa81bd31a0d6ce7173c48e632f4b6cfb536bc1869d79c8c99de8a7b4e96512e0ef17df0da0fef\
    8450936c9e06523323ba25e846d9a90d50b3e1833e10f53bf1cb9cb607e1f3a8a52e419285bc44de934f0d1f1eb8b50a3129\
    effc82d74ae71b4219b6c0c88791d2dc222415da13a36e3fa4fb6e2c9a7d6069f14575fc47b8db456ec54006e63873657e4c\
    ac2db62ccbdd";
const RSA_SIGNATURE: &str = "694061d8b482714f49a064317ac52154996ec9e51d9199cffd28b69482a66390f7f6581934205f8fbd1c23f5293c39eded83\
    318f766794c2f23c106a4f77f2aab53b6ff603d2c411ac3811a6dd582f4dd82f277d680537ec48287bcce0f5174feeebf5b7\
    ae3fe11bc150cd6d50ddc2f8704903b929342f53aed073d7c33006ee7c28fcda7b5b70d6a32ce3d94ef29f112df397d30f91\
    3bf59651767ca9c060ef40e15a57e28d2fd737c0465c0434c42e983dc391b637c0f9f7995674a37e5c4cb800a99658f53dca\
    e8975174f83980855f584d2e2c97be0edf2eab922343c57395437df214ac743cca7c502977435723a2f686121c3b1d9f563f\
    beb1815d0d1e";

fn place() -> Place {
    Place { rp_id: "konsol.example".into(), origin: "https://konsol.example".into() }
}

fn authenticator() -> Authenticator {
    Authenticator::new(b"one", "konsol.example", "https://konsol.example")
}

fn is_ours(challenge: &[u8]) -> bool {
    challenge == b"challenge-of-tests"
}

/// The passkey that is kept of it.
fn kept(of: &Authenticator) -> Passkey {
    let (client, attestation) = of.make(CHALLENGE);
    let Made { credential, key, counter, backup_eligible } = made(&place(), &client, &attestation, is_ours).unwrap();
    let credential = hex::encode(credential);
    let (id, label) = ("p-1".into(), "key 1".into());
    Passkey { id, label, credential, key, counter, backup_eligible, added: At(0), used: None }
}

/// What comes of one that was changed before it was made.
fn made_of(change: impl FnOnce(&mut Authenticator)) -> Result<Made, Lie> {
    let mut one = authenticator();
    change(&mut one);
    let (client, attestation) = one.make(CHALLENGE);
    made(&place(), &client, &attestation, is_ours)
}

#[test]
fn the_vectors_of_the_specification_hold() {
    let example = Place { rp_id: "example.org".into(), origin: "https://example.org".into() };
    let data = hex::decode(ATTESTATION).unwrap();
    let data = none_attestation(&data).unwrap();
    let key = PublicKey::read(&mut Decoder::new(&data[HEAD_BYTES + 16 + 2 + 32..])).unwrap().unwrap();
    let [client, authenticator, signature] =
        [SHOWN_CLIENT, SHOWN_DATA, SHOWN_SIGNATURE].map(|text| hex::decode(text).unwrap());
    assert!(key.signed(&[&authenticator[..], &Sha256::digest(&client)].concat(), &signature));
    assert!(!key.signed(&[&authenticator[..], &Sha256::digest(b"other")].concat(), &signature));
    let given = hex::decode("39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408").unwrap();
    let passkey = Passkey { key, backup_eligible: true, ..kept(&self::authenticator()) };
    let it = Shown { client, authenticator, signature, ..Shown::default() };
    assert_eq!(shown(&example, &passkey, &it, |c| c == given), Err(Lie::NotVerified), "all before that holds");
}

#[test]
fn each_algorithm_that_is_offered_is_judged() {
    let random = SystemRandom::new();
    let pair = Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref()).unwrap();
    let cose = [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20][..], pair.public_key().as_ref()].concat();
    let key = PublicKey::read(&mut Decoder::new(&cose)).unwrap().unwrap();
    assert!(key.signed(b"a message", pair.sign(b"a message").as_ref()));
    assert!(!key.signed(b"another", pair.sign(b"a message").as_ref()));
    // RFC 8230, 4: n is -1, e is -2.
    let n = hex::decode(RSA_N).unwrap();
    let cose = [&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 1, 0][..], &n, &[0x21, 0x43, 1, 0, 1]].concat();
    let key = PublicKey::read(&mut Decoder::new(&cose)).unwrap().unwrap();
    let signature = hex::decode(RSA_SIGNATURE).unwrap();
    assert!(key.signed(b"a message", &signature) && !key.signed(b"another", &signature));
    let text = serde_json::to_string(&key).unwrap();
    assert_eq!(serde_json::from_str::<PublicKey>(&text).unwrap(), key, "as the file keeps it");
    // A key of ES384, which is not offered; and one of P-256 that lacks a half.
    let other = [0xa5, 1, 2, 3, 0x38, 0x22, 0x20, 2, 0x21, 0x41, 0, 0x22, 0x41, 0];
    assert_eq!(PublicKey::read(&mut Decoder::new(&other)), Ok(None));
    let half = [0xa4, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x41, 0];
    assert_eq!(PublicKey::read(&mut Decoder::new(&half)), Err(NoKey));
    let twice = [0xa2, 1, 2, 1, 2];
    assert_eq!(PublicKey::read(&mut Decoder::new(&twice)), Err(NoKey));
}

#[test]
fn one_that_is_made_is_believed_and_each_lie_is_named() {
    assert_eq!(made_of(|_| ()).unwrap().credential, b"one");
    assert!(made_of(|a| a.flags |= 0x18).unwrap().backup_eligible);
    for (change, lie) in [
        (
            &(|a: &mut Authenticator| a.origin = "https://konsol.example.evil.example".into()) as &dyn Fn(&mut _),
            Lie::Origin,
        ),
        (&|a: &mut Authenticator| a.origin = "http://konsol.example".into(), Lie::Origin),
        (&|a: &mut Authenticator| a.rp_id = "evil.example".into(), Lie::OtherPlace),
        (&|a: &mut Authenticator| a.flags = 0x04, Lie::NobodyPresent),
        (&|a: &mut Authenticator| a.flags = 0x01, Lie::NotVerified),
        (&|a: &mut Authenticator| a.flags |= 0x10, Lie::Backup),
        (&|a: &mut Authenticator| a.flags |= 0x80, Lie::AuthenticatorData),
        (&|a: &mut Authenticator| a.credential = Vec::new(), Lie::TooLong),
        (&|a: &mut Authenticator| a.credential = vec![7; CREDENTIAL_BYTES_MAX + 1], Lie::TooLong),
    ] {
        assert_eq!(made_of(change), Err(lie), "{lie:?}");
    }
    let one = authenticator();
    let judge = |client: &[u8], attestation: &[u8]| made(&place(), client, attestation, is_ours).map(|m| m.counter);
    let (client, attestation) = one.make(CHALLENGE);
    assert_eq!(judge(&one.client("get", CHALLENGE), &attestation), Err(Lie::Type));
    assert_eq!(judge(&one.client("create", "b3RoZXI"), &attestation), Err(Lie::Challenge));
    assert_eq!(judge(&one.client("create", "no base64!"), &attestation), Err(Lie::Challenge));
    assert_eq!(judge(&vec![b' '; CLIENT_BYTES_MAX + 1], &attestation), Err(Lie::TooLong));
    assert_eq!(judge(&client, &vec![0; ATTESTATION_BYTES_MAX + 1]), Err(Lie::TooLong));
    assert_eq!(judge(&client[..client.len() - 1], &attestation), Err(Lie::ClientData));
    let framed = String::from_utf8(client.clone()).unwrap();
    assert_eq!(judge(framed.replace("false", "true").as_bytes(), &attestation), Err(Lie::Framed));
    let framed = framed.replace("\"more\":1", "\"topOrigin\":\"https://evil.example\"");
    assert_eq!(judge(framed.as_bytes(), &attestation), Err(Lie::Framed));
    let data = one.made_data(&one.cose_key(0x26));
    assert_eq!(judge(&client, &Authenticator::attestation("packed", &data)), Err(Lie::Attestation));
    // ES256K, which is not offered.
    let other = [&[0xa5, 1, 2, 3, 0x38, 0x2e, 0x20, 8][..], &one.cose_key(0x26)[7..]].concat();
    assert_eq!(judge(&client, &Authenticator::attestation("none", &one.made_data(&other))), Err(Lie::Algorithm));
    let longer = Authenticator::attestation("none", &[&data[..], &[0xa0]].concat());
    assert_eq!(judge(&client, &longer), Err(Lie::AuthenticatorData), "no extensions were said to follow");
    for cut in 0..attestation.len() {
        assert!(judge(&client, &attestation[..cut]).is_err(), "{cut}");
    }
    for cut in 0..data.len() {
        assert!(judge(&client, &Authenticator::attestation("none", &data[..cut])).is_err(), "{cut}");
    }
}

#[test]
fn one_that_is_shown_is_believed_and_each_lie_is_named() {
    let mut one = authenticator();
    let passkey = kept(&one);
    let judge = |it: &Shown| shown(&place(), &passkey, it, is_ours);
    let honest = one.show(CHALLENGE);
    assert_eq!(judge(&honest), Ok(0));
    let changed = |change: &dyn Fn(&mut Shown)| {
        let mut it = honest.clone();
        change(&mut it);
        judge(&it)
    };
    assert_eq!(changed(&|it| it.signature[8] ^= 1), Err(Lie::Signature));
    assert_eq!(changed(&|it| it.signature.clear()), Err(Lie::Signature));
    assert_eq!(changed(&|it| it.signature = vec![0; SIGNATURE_BYTES_MAX + 1]), Err(Lie::TooLong));
    assert_eq!(changed(&|it| it.authenticator = vec![0; AUTHENTICATOR_BYTES_MAX + 1]), Err(Lie::TooLong));
    assert_eq!(changed(&|it| it.authenticator[36] = 1), Err(Lie::Signature), "the counter is signed too");
    assert_eq!(changed(&|it| it.authenticator.push(0)), Err(Lie::AuthenticatorData));
    assert_eq!(changed(&|it| it.client = b"[]".to_vec()), Err(Lie::ClientData));
    for (change, lie) in [
        (&(|a: &mut Authenticator| a.origin = "https://evil.example".into()) as &dyn Fn(&mut _), Lie::Origin),
        (&|a: &mut Authenticator| a.rp_id = "evil.example".into(), Lie::OtherPlace),
        (&|a: &mut Authenticator| a.flags = 0x01, Lie::NotVerified),
        (&|a: &mut Authenticator| a.flags = 0x04, Lie::NobodyPresent),
        (&|a: &mut Authenticator| a.flags = 0x0d, Lie::Backup),
        (&|a: &mut Authenticator| a.flags = 0x45, Lie::AuthenticatorData),
    ] {
        let (origin, rp_id, flags) = (one.origin.clone(), one.rp_id.clone(), one.flags);
        change(&mut one);
        assert_eq!(judge(&one.show(CHALLENGE)), Err(lie), "{lie:?}");
        (one.origin, one.rp_id, one.flags) = (origin, rp_id, flags);
    }
    assert_eq!(judge(&one.show("b3RoZXI")), Err(Lie::Challenge));
    assert_eq!(judge(&authenticator().show(CHALLENGE)), Err(Lie::Signature), "another's key");
    let made_instead = one.sign(one.client("create", CHALLENGE), honest.authenticator.clone());
    assert_eq!(judge(&made_instead), Err(Lie::Type));
    // One that counts goes up and never back.
    let counted = Passkey { counter: 7, ..passkey.clone() };
    for (counter, expected) in [(8, Ok(8)), (7, Err(Lie::Counter)), (6, Err(Lie::Counter)), (0, Err(Lie::Counter))] {
        one.counter = counter;
        let data = [&Sha256::digest(b"konsol.example")[..], &[0x05], &u32::to_be_bytes(counter)].concat();
        let it = one.sign(one.client("get", CHALLENGE), data);
        assert_eq!(shown(&place(), &counted, &it, is_ours), expected, "{counter}");
    }
}

proptest! {
    /// Whatever is changed, it is refused or means the same; nothing panics.
    #[test]
    fn no_bytes_panic_or_pass(at in any::<prop::sample::Index>(), with in any::<Vec<u8>>(), which in 0..5usize) {
        let mut one = authenticator();
        let passkey = kept(&one);
        let mut it = one.show(CHALLENGE);
        let (mut client, mut attestation) = one.make(CHALLENGE);
        let changes = [&mut it.client, &mut it.authenticator, &mut it.signature, &mut client, &mut attestation];
        let bytes = changes.into_iter().nth(which).unwrap();
        let (before, from) = (bytes.clone(), at.index(bytes.len()));
        let to = (from + with.len()).min(bytes.len());
        bytes.splice(from..to, with);
        let same = *bytes == before;
        let judged = shown(&place(), &passkey, &it, is_ours);
        prop_assert!(which > 2 || judged.is_err() || same);
        let _ = made(&place(), &client, &attestation, is_ours);
    }
}
