//! A Maildir of this machine, into which its mail server delivers: a mail is a file in `new/`, and whole when it is there.
//! What was read moves to `cur/` with the flag S.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use super::{MAIL_BYTES_MAX, ROUND_MAILS_MAX};

/// One folder.
#[derive(Clone)]
pub(super) struct Maildir {
    path: PathBuf,
}

impl Maildir {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Marks as seen what was taken before, and reads what is new, the oldest name first.
    pub async fn round(&self, seen: Vec<OsString>) -> Result<Vec<(OsString, Vec<u8>)>, String> {
        let this = self.clone();
        let round = tokio::task::spawn_blocking(move || {
            this.mark(seen)?;
            this.read()
        });
        round.await.unwrap_or_else(|_| Err("the Maildir could not be read".into()))
    }

    fn mark(&self, seen: Vec<OsString>) -> Result<(), String> {
        for name in seen {
            let mut marked = name.clone();
            marked.push(":2,S");
            match fs::rename(self.path.join("new").join(&name), self.path.join("cur").join(&marked)) {
                Ok(()) => {}
                // Somebody else, a mail program, was quicker.
                Err(e) if e.kind() == ErrorKind::NotFound && self.path.join("cur").is_dir() => {}
                Err(e) => {
                    return Err(format!("a mail can't be moved from new/ to cur/: {}; may we write there?", e.kind()));
                }
            }
        }
        Ok(())
    }

    fn read(&self) -> Result<Vec<(OsString, Vec<u8>)>, String> {
        let new = self.path.join("new");
        let bad = |e: std::io::Error| format!("{}: {}", new.display(), e.kind());
        let mut names = Vec::new();
        for entry in fs::read_dir(&new).map_err(bad)? {
            let name = entry.map_err(bad)?.file_name();
            // What begins with a dot is not a mail.
            if !name.to_string_lossy().starts_with('.') {
                names.push(name);
            }
        }
        names.sort_unstable();
        names.truncate(ROUND_MAILS_MAX);
        let mut mails = Vec::with_capacity(names.len());
        for name in names {
            let read = File::open(new.join(&name)).and_then(|file| {
                let mut mail = Vec::new();
                let is_file = file.metadata()?.is_file();
                if is_file {
                    file.take(MAIL_BYTES_MAX as u64).read_to_end(&mut mail)?;
                }
                Ok(mail)
            });
            match read {
                Ok(mail) => mails.push((name, mail)),
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(format!("a mail in {}: {}", new.display(), e.kind())),
            }
        }
        Ok(mails)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn what_was_taken_is_marked_in_the_next_round() {
        let dir = tempfile::tempdir().unwrap();
        let maildir = Maildir::new(dir.path().to_owned());
        let why = maildir.round(Vec::new()).await.unwrap_err();
        assert!(why.contains("/new: "), "{why}");
        for folder in ["new", "cur", "tmp"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        for name in ["2.b", "1.a", ".hidden"] {
            fs::write(dir.path().join("new").join(name), name).unwrap();
        }
        fs::write(dir.path().join("new/3.c"), vec![b'x'; MAIL_BYTES_MAX + 1]).unwrap();
        let first = maildir.round(Vec::new()).await.unwrap();
        let names: Vec<OsString> = first.iter().map(|(n, _)| n.clone()).collect();
        assert_eq!(names, ["1.a", "2.b", "3.c"]);
        assert_eq!((first[0].1.as_slice(), first[2].1.len()), (&b"1.a"[..], MAIL_BYTES_MAX));
        assert_eq!(maildir.round(Vec::new()).await.unwrap().len(), 3, "a program that dies reads them again");
        fs::remove_file(dir.path().join("new/2.b")).unwrap();
        assert_eq!(maildir.round(names).await.unwrap(), []);
        let mut cur: Vec<OsString> =
            fs::read_dir(dir.path().join("cur")).unwrap().map(|e| e.unwrap().file_name()).collect();
        cur.sort();
        assert_eq!(cur, ["1.a:2,S", "3.c:2,S"]);
    }
}
