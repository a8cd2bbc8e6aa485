//! What a fax gateway needs to be told.

use serde::Deserialize;

use crate::gateways::Secret;

/// One HylaFAX server.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct HylafaxConfig {
    /// Where `hfaxd` listens.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whom we log in as.
    pub user: String,
    /// Asked for by servers whose `hosts.hfaxd` says so.
    pub password: Option<Secret>,
    /// Administrator's password, where jobs of this user need it.
    pub admin_password: Option<Secret>,
    /// The sender that the server notes with a job.
    pub from_user: String,
    /// Modem or modem class; the server's choice when left out.
    pub modem: Option<String>,
    /// 196 (fine) or 98 (standard: half the time on the line, still readable).
    pub resolution_lpi: u16,
    /// What a leading `+` becomes (`00`). Left out: HylaFAX's own dial rules turn `+` into what the line needs.
    pub international_prefix: Option<String>,
    /// A longer text is not sent by fax.
    pub pages_max: u16,
    /// Calls that the server may make for one job.
    pub dials_max: u16,
    /// Calls that were answered and failed.
    pub tries_max: u16,
    /// Time between the server's tries; its own rule when left out.
    pub retry_after_s: Option<u32>,
    /// Control connections that hand over jobs side by side.
    pub connections_max: u16,
    /// For the connection, and for each data connection.
    pub connect_timeout_s: u32,
    /// For each reply.
    pub reply_timeout_s: u32,
    /// Connections that wait for the end of a job (JWAIT), besides the one that looks at the queue.
    pub waits_max: u16,
    /// How often the queue is looked at while jobs are on their way, whatever is waited for.
    pub poll_interval_ms: u32,
}

impl Default for HylafaxConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 4559,
            user: "vardkase".into(),
            password: None,
            admin_password: None,
            from_user: "Vardkase".into(),
            modem: None,
            resolution_lpi: 196,
            international_prefix: None,
            pages_max: 5,
            dials_max: 12,
            tries_max: 3,
            retry_after_s: None,
            connections_max: 2,
            connect_timeout_s: 5,
            reply_timeout_s: 20,
            waits_max: 4,
            poll_interval_ms: 5_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_passwords() {
        let config = HylafaxConfig {
            password: Some(Secret::new("hemligt")),
            admin_password: Some(Secret::new("hemligt")),
            ..HylafaxConfig::default()
        };
        let shown = format!("{config:?}");
        assert!(shown.contains("Secret(…)") && !shown.contains("hemligt"), "{shown}");
    }

    #[test]
    fn unknown_keys_are_refused_and_defaults_fill_in() {
        let config: HylafaxConfig = serde_json::from_str(r#"{"host":"fax","password":"x"}"#).expect("a config");
        assert_eq!((config.host.as_str(), config.port, config.resolution_lpi), ("fax", 4559, 196));
        assert!(serde_json::from_str::<HylafaxConfig>(r#"{"hots":"fax"}"#).is_err());
    }
}
