//! Which versions of etcd are taken.

use super::kv::{KvError, Status};

/// The first of each line that is taken; lines after the last are.
const FIRST_GOOD: [(u32, u32, u32); 2] = [(3, 4, 22), (3, 5, 6)];

/// Refuses a member that is known to lose or mix up data: 3.5.0 to 3.5.2 lose it when they are killed under load (etcd issue 13766),
/// those before 3.4.22 and 3.5.6 can have members that hold different data after a crash amid a defragmentation (issue 14685).
///
/// # Errors
/// Refused, with the reason.
pub fn check_version(status: &Status) -> Result<(), KvError> {
    let refused = |why: &str| Err(KvError::Refused(format!("etcd {} is not taken: {why}", status.version)));
    let Some(found) = parse(&status.version) else { return refused("its version can't be read") };
    match found {
        (3, 5, 0..=2) => refused("it loses data when it is killed (etcd issue 13766); use 3.5.6 or later"),
        (3, 5, _) if found < FIRST_GOOD[1] => refused("members can come to hold different data; use 3.5.6 or later"),
        _ if found < FIRST_GOOD[0] => refused("members can come to hold different data; use 3.4.22 or later"),
        _ => Ok(()),
    }
}

/// `3.5.16`, `3.6.0-rc.1`.
fn parse(version: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = version.split(['-', '+']).next()?.split('.').map(|n| n.parse().ok());
    let three = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_lose_data_are_refused() {
        let check = |version: &str| check_version(&Status { version: version.into(), ..Status::default() });
        for well in ["3.4.22", "3.4.23", "3.5.6", "3.5.16", "3.6.0-rc.1", "3.6.4", "4.0.0"] {
            assert_eq!(check(well), Ok(()), "{well}");
        }
        for bad in ["3.3.25", "3.4.21", "3.5.0", "3.5.2", "3.5.3", "3.5.5", "2.9.9", "", "3", "3.5", "3.5.6.7", "x.y.z"]
        {
            let error = check(bad);
            assert!(matches!(error, Err(KvError::Refused(_))), "{bad}: {error:?}");
        }
    }
}
