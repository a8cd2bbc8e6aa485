//! The token that console, API and command line need until there are accounts: made at the first start, in the state folder,
//! readable by its owner alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Name of its file in the state folder.
pub const TOKEN_FILE: &str = "token";
/// Fewer letters can be guessed.
const TOKEN_CHARS_MIN: usize = 32;

/// Where it lies.
pub fn path(state: &Path) -> PathBuf { state.join(TOKEN_FILE) }

/// Reads the token, or makes one of 160 random bits.
///
/// # Errors
/// It can't be read or written, is too short, or others may read it.
pub fn load_or_create(state: &Path) -> io::Result<String> {
    let path = path(state);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                let what = format!("{}: others may read it (mode {mode:o}); make it 0600", path.display());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
            }
            let token = text.trim().to_owned();
            if token.len() < TOKEN_CHARS_MIN {
                let what = format!("{}: the token is too short; delete the file, a new one is made", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            Ok(token)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let mut bytes = [0; 20];
            getrandom::fill(&mut bytes).map_err(io::Error::other)?;
            let token: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(token.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            Ok(token)
        }
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_token_is_made_once_and_read_by_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let token = load_or_create(dir.path()).unwrap();
        assert_eq!(token.len(), 40);
        assert_eq!(load_or_create(dir.path()).unwrap(), token);
        assert_eq!(fs::metadata(path(dir.path())).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(path(dir.path()), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load_or_create(dir.path()).unwrap_err().to_string().contains("0600"));
    }
}
