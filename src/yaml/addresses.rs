//! Names of machines, addresses of the web and of mail, as they stand in files: what can be seen to be wrong with them.

use super::{Found, Name};

/// Says when a name can't be that of a machine.
pub fn check_host(host: &Name, found: &mut Found) {
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
        let message = format!("\"{}\" is not a name or address of a machine", host.value);
        found.error(host.place, "host", message);
    }
}

/// Says when an address can't be asked over HTTP.
pub fn check_url(url: &Name, found: &mut Found) {
    let good = (url.starts_with("http://") || url.starts_with("https://"))
        && host_of(url).is_some()
        && !url.contains(char::is_whitespace);
    if !good {
        let message = format!("\"{}\" is not an address that begins with http:// or https://", url.value);
        found.error(url.place, "url", message);
    }
}

/// Says when it is not a mail address. `true`: it is one.
pub fn check_mail_address(address: &Name, found: &mut Found) -> bool {
    let good = address.split_once('@').is_some_and(|(user, domain)| {
        let plain = |s: &str, extra: &str| {
            !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || extra.as_bytes().contains(&b))
        };
        plain(user, ".!#$%&'*+-/=?^_`{|}~") && plain(domain, ".-") && domain.contains('.') && address.len() <= 254
    });
    if !good {
        found.error(address.place, "mailbox", format!("\"{}\" is not a mail address", address.value));
    }
    good
}

/// The host of `http://user@host:port/path`.
pub fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    match host_port.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map(|(h, _)| h),
        None => Some(host_port.split_once(':').map_or(host_port, |(h, _)| h)),
    }
    .filter(|h| !h.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_in_an_address() {
        for (url, host) in [
            ("http://127.0.0.1:13013/send", Some("127.0.0.1")),
            ("https://u:p@sms.example/x?y", Some("sms.example")),
            ("http://[::1]:80/", Some("::1")),
            ("http:///x", None),
            ("x", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
