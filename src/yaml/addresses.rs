//! Names of machines, addresses of the web and of mail, as they stand in files: what can be seen to be wrong with them.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Found, Name};

/// The longest name of a machine (RFC 1035, 2.3.4).
const HOST_CHARS_MAX: usize = 253;
/// The longest part of it.
const LABEL_CHARS_MAX: usize = 63;

/// Says when a name can't be that of a machine.
pub fn check_host(host: &Name, found: &mut Found) {
    if let Err((why, help)) = is_host(host) {
        let told = found.error(host.place, "host", format!("\"{}\" {why}", host.value));
        if !help.is_empty() {
            told.help(help);
        }
    }
}

/// A name or an address, and nothing beside it. What is wrong, and what to write instead.
fn is_host(host: &str) -> Result<(), (&'static str, String)> {
    if let Some(of_address) = host_of(host).filter(|_| host.contains("://")) {
        return Err((
            "is an address of the web; a name or address of a machine alone is wanted",
            format!("write {of_address}"),
        ));
    }
    if let Some((inner, rest)) = host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        let port = rest.strip_prefix(':').map(|port| format!(", and port: {port} as a key of its own"));
        return Err((
            "has brackets, which belong into addresses of the web",
            format!("write \"{inner}\"{}", port.unwrap_or_default()),
        ));
    }
    if host.parse::<Ipv6Addr>().is_ok() || host.parse::<Ipv4Addr>().is_ok() {
        return Ok(());
    }
    if let Some((name, port)) = host.rsplit_once(':').filter(|(name, port)| !name.contains(':') && is_number(port)) {
        return Err(("holds a port, which is a key of its own", format!("write host: {name} and port: {port}")));
    }
    if let Some((_, name)) = host.split_once('@') {
        return Err(("holds a user, who is a key of its own", format!("write host: {name}")));
    }
    if let Some((name, _)) = host.split_once('/').filter(|(name, _)| !name.is_empty()) {
        return Err(("holds a path; a name or address of a machine alone is wanted", format!("write {name}")));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let good = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.is_empty() || name.len() > HOST_CHARS_MAX || !name.split('.').all(good) {
        let help = match name.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
            true => "names of machines have letters a to z; one with å, ä or ö is written in its xn-- form".to_owned(),
            false => String::new(),
        };
        return Err(("is not a name or address of a machine", help));
    }
    if name.split('.').all(is_number) {
        return Err((
            "is not the address of a machine",
            "it has four numbers from 0 to 255, such as 192.0.2.25".into(),
        ));
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Says when an address can't be asked over HTTP.
pub fn check_url(url: &Name, found: &mut Found) {
    let (why, help) = match is_url(url) {
        Ok(()) => return,
        Err(wrong) => wrong,
    };
    let told = found.error(url.place, "url", format!("\"{}\" {why}", url.value));
    if !help.is_empty() {
        told.help(help);
    }
}

fn is_url(url: &str) -> Result<(), (String, String)> {
    let begins = url.starts_with("http://") || url.starts_with("https://");
    let Some(host) = host_of(url).filter(|_| begins && !url.contains(char::is_whitespace)) else {
        let help = match url.contains("://") || url.is_empty() || url.contains(char::is_whitespace) {
            true => String::new(),
            false => format!("write https://{url}"),
        };
        return Err(("is not an address that begins with http:// or https://".into(), help));
    };
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if authority.contains('@') {
        let help = "write user: and password: as keys of their own; no secret stands in these files";
        return Err(("holds a user or a password".into(), help.into()));
    }
    if host.parse::<Ipv6Addr>().is_err() {
        is_host(host).map_err(|(_, help)| ("does not name a machine".to_owned(), help))?;
    } else if !authority.starts_with('[') {
        return Err(("has an address that stands in brackets there".into(), format!("write [{host}]")));
    }
    let behind = if authority.starts_with('[') {
        authority.split_once(']').map_or("", |(_, b)| b)
    } else {
        &authority[host.len()..]
    };
    match behind.strip_prefix(':') {
        None if behind.is_empty() => Ok(()),
        Some(port) if port.parse::<u16>().is_ok_and(|p| p > 0) => Ok(()),
        _ => Err((format!("has no port \"{}\"", behind.trim_start_matches(':')), "ports go from 1 to 65535".into())),
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

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_more() {
        for good in [
            "sms",
            "sms.example",
            "sms-a.region.example.",
            "192.0.2.25",
            "::1",
            "2001:db8::7",
            "smtp_1.example",
            "1and1.example",
        ] {
            assert_eq!(is_host(good), Ok(()), "{good}");
        }
        for (bad, why, help) in [
            ("[::1]", "brackets", "write \"::1\""),
            ("[::1]:25", "brackets", "port: 25"),
            ("sms.example:2775", "holds a port", "write host: sms.example and port: 2775"),
            ("https://sms.example/x", "address of the web", "write sms.example"),
            ("larm@sms.example", "a user", "host: sms.example"),
            ("sms.example/send", "a path", "write sms.example"),
            ("10.0.0.256", "not the address", "four numbers"),
            ("10.0.0", "not the address", "four numbers"),
            ("sjukhuset-östra.example", "not a name", "xn--"),
            ("a b", "not a name", ""),
            ("", "not a name", ""),
            ("-a.example", "not a name", ""),
            ("a..b", "not a name", ""),
            (&"a".repeat(64), "not a name", ""),
        ] {
            let (said, do_this) = is_host(bad).expect_err(bad);
            assert!(said.contains(why) && do_this.contains(help), "{bad}: {said}, {do_this}");
        }
    }

    #[test]
    fn an_address_names_a_machine_and_hides_no_password() {
        for good in
            ["http://127.0.0.1:13013/send?x=1", "https://sms.example", "http://[::1]:80/", "https://web.example/larm/"]
        {
            assert_eq!(is_url(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("sms.example", "begins with"),
            ("ftp://sms.example", "begins with"),
            ("https://", "begins with"),
            ("https://sms .example", "begins with"),
            ("https://u:p@sms.example", "user or a password"),
            ("https://sms.example:99999/", "no port"),
            ("https://sms.example:/", "no port"),
            ("https://sms.example:0/", "no port"),
            ("http://10.0.0.256/", "name a machine"),
            ("http://åäö.example/", "name a machine"),
        ] {
            assert!(is_url(bad).is_err_and(|(said, _)| said.contains(why)), "{bad}: {:?}", is_url(bad));
        }
    }
}
