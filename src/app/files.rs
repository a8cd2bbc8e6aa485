//! File descriptors: whoever may open connections from outside must not be able to use up what the journal, the workers and the
//! console need. A service manager's usual limit of 1024 is less than the public listener would take.

/// As many as the system allows are asked for, up to this.
const FILES_WANTED: u64 = 65_536;
/// Of all, the public listener may take one part in so many.
const PUBLIC_SHARE: u64 = 2;
/// And yet never fewer than this.
const PUBLIC_MIN: usize = 8;

/// Raises the process's own limit as far as it may; gives what it is now. `None`: the system has none, or does not tell.
pub fn raise_limit() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = maximum.map_or(FILES_WANTED, |max| max.min(FILES_WANTED));
        if current.is_some_and(|current| current < wanted)
            && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
        {
            tracing::warn!(%error, "the limit of file descriptors could not be raised");
        }
        getrlimit(Resource::Nofile).current
    }
    #[cfg(not(unix))]
    None
}

/// How many connections the public listener may hold.
pub fn public_connections(limit: Option<u64>, max: usize) -> usize {
    let share = limit.map_or(max, |files| usize::try_from(files / PUBLIC_SHARE).unwrap_or(max));
    let allowed = share.max(PUBLIC_MIN).min(max);
    if allowed < max {
        tracing::warn!(allowed, "few file descriptors: the public listener takes fewer connections (`ulimit -n`)");
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_descriptors_are_never_the_publics() {
        assert_eq!(public_connections(None, 2_048), 2_048);
        assert_eq!(public_connections(Some(65_536), 2_048), 2_048);
        assert_eq!(public_connections(Some(1_024), 2_048), 512);
        assert_eq!(public_connections(Some(4), 2_048), PUBLIC_MIN);
        assert!(raise_limit().is_none_or(|files| files > 0));
    }
}
