//! A certificate with its key, as two files have them: read whole, and judged before anybody is shown it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use super::validity::validity;
use crate::bounded::{read_file, why};
use crate::domain::lang::Lang;
use crate::words::tls as words;

/// Bytes of a file with a certificate or a key: a chain of ten is a tenth of it.
const PEM_FILE_BYTES_MAX: u64 = 256 * 1024;
/// Certificates in one file: ours, and those between it and its authority.
const CHAIN_MAX: usize = 10;
/// Others may neither read a key nor write it; its group may read it, as Debian's group `ssl-cert` does.
const OPEN: u32 = 0o027;

/// Where a certificate and its key lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Files {
    /// PEM: ours first, then those that lead to its authority.
    pub certificate: PathBuf,
    /// PEM: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// Why a pair is not used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bad {
    /// In which file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// It can't be read.
    Unread(String),
    /// Others may read or write the key: its mode.
    Open(u32),
    /// It has no certificate in PEM.
    NoCertificate,
    /// It has more than [`CHAIN_MAX`].
    LongChain,
    /// One of them is none.
    Broken,
    /// It has no key in PEM.
    NoKey,
    /// The key is locked by a pass phrase.
    Locked,
    /// No key that this program can sign with.
    Unusable,
    /// The key is another certificate's.
    Another,
    /// From when it holds.
    NotYet(Timestamp),
    /// Until when it held.
    Ended(Timestamp),
}

impl Bad {
    /// What is wrong, and where.
    pub fn why(&self, lang: Lang) -> String {
        let file = self.file.display();
        match &self.what {
            What::Unread(why) => words::unread(lang, file, why),
            What::Open(mode) => words::open(lang, file, format!("{mode:o}")),
            What::NoCertificate => words::no_certificate(lang, file),
            What::LongChain => words::long_chain(lang, file, CHAIN_MAX),
            What::Broken => words::broken(lang, file),
            What::NoKey => words::no_key(lang, file),
            What::Locked => words::locked(lang, file),
            What::Unusable => words::unusable(lang, file),
            What::Another => words::another(lang, file),
            What::NotYet(from) => words::not_yet(lang, file, day(*from)),
            What::Ended(to) => words::ended(lang, file, day(*to)),
        }
    }

    /// What to do next.
    pub fn next(&self, lang: Lang) -> String {
        let file = self.file.display();
        match &self.what {
            What::Unread(_) => words::UNREAD_NEXT.say(lang).into(),
            What::Open(_) => words::open_next(lang, file),
            What::NoCertificate | What::LongChain | What::Broken => words::CERTIFICATE_NEXT.say(lang).into(),
            What::NoKey | What::Unusable => words::KEY_NEXT.say(lang).into(),
            What::Locked => words::locked_next(lang, file),
            What::Another => words::ANOTHER_NEXT.say(lang).into(),
            What::NotYet(_) => words::NOT_YET_NEXT.say(lang).into(),
            What::Ended(_) => words::ENDED_NEXT.say(lang).into(),
        }
    }
}

/// A day as it is written in both languages.
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// What two files hold, not judged yet.
pub(super) struct Read {
    certificate: Vec<u8>,
    key: Vec<u8>,
    pub digest: [u8; 32],
}

/// A pair that fits.
#[derive(Debug)]
pub(super) struct Pair {
    pub key: Arc<CertifiedKey>,
    /// From when it holds.
    pub begins: Timestamp,
    /// When the first certificate of the file runs out: one between ours and its authority breaks the chain as well.
    pub ends: Timestamp,
}

impl Files {
    /// Reads both, whole.
    pub(super) fn read(&self) -> Result<Read, Bad> {
        let unread = |file: &Path, e| Bad { file: file.into(), what: What::Unread(why(&e)) };
        let read = |file: &Path| read_file(file, PEM_FILE_BYTES_MAX).map_err(|e| unread(file, e));
        let (certificate, key) = (read(&self.certificate)?, read(&self.key)?);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&self.key).map_err(|e| unread(&self.key, e))?.permissions().mode() & 0o777;
            if mode & OPEN != 0 {
                return Err(Bad { file: self.key.clone(), what: What::Open(mode) });
            }
        }
        let mut digest = Sha256::new();
        digest.update(Sha256::digest(&certificate));
        digest.update(Sha256::digest(&key));
        Ok(Read { certificate, key, digest: digest.finalize().into() })
    }
}

impl Read {
    /// Judges what was read, but for its days.
    pub fn judge(self, files: &Files) -> Result<Pair, Bad> {
        let certificate = |what| Bad { file: files.certificate.clone(), what };
        let key = |what| Bad { file: files.key.clone(), what };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.certificate)
            .take(CHAIN_MAX + 1)
            .collect::<Result<_, _>>()
            .map_err(|_| certificate(What::Broken))?;
        if chain.len() > CHAIN_MAX {
            return Err(certificate(What::LongChain));
        }
        let dates: Vec<_> =
            chain.iter().map(|one| validity(one)).collect::<Option<_>>().ok_or_else(|| certificate(What::Broken))?;
        let Some((begins, to)) = dates.first().copied() else { return Err(certificate(What::NoCertificate)) };
        let private = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| {
            let locked = self.key.windows(9).any(|w| w == b"ENCRYPTED");
            key(if locked { What::Locked } else { What::NoKey })
        })?;
        let pair = CertifiedKey::from_der(chain, private, &rustls::crypto::ring::default_provider());
        let pair = pair.map_err(|e| match e {
            rustls::Error::InconsistentKeys(_) => key(What::Another),
            rustls::Error::InvalidCertificate(_) => certificate(What::Broken),
            _ => key(What::Unusable),
        })?;
        let ends = dates.iter().map(|(_, to)| *to).min().unwrap_or(to);
        Ok(Pair { key: Arc::new(pair), begins, ends })
    }
}

impl Pair {
    /// Judges its days.
    ///
    /// # Errors
    /// It does not hold yet, or no more.
    pub fn holds(self, files: &Files, now: Timestamp) -> Result<Self, Bad> {
        let what = match (now < self.begins, now > self.ends) {
            (true, _) => What::NotYet(self.begins),
            (_, true) => What::Ended(self.ends),
            _ => return Ok(self),
        };
        Err(Bad { file: files.certificate.clone(), what })
    }
}
