//! The text format that everybody scrapes (OpenMetrics 1.0): gauges and counters, one family after the other. Does not know what
//! a number means.

use std::fmt::Write;

/// Labels by name.
pub(super) type Labels = Vec<(&'static str, String)>;

/// The format, as an answer names it.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A text in the making.
pub(super) struct OpenMetrics {
    prefix: &'static str,
    text: String,
}

impl OpenMetrics {
    /// All names begin with the prefix and `_`.
    pub fn with_prefix(prefix: &'static str) -> Self {
        Self { prefix, text: String::new() }
    }

    /// A family of gauges: each value by its labels, which must differ from each other.
    pub fn gauges(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) {
        self.family(name, "gauge", "", help, values);
    }

    /// A family of counters, the same way. The samples' names end in `_total`, the family's does not.
    pub fn counters(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) {
        self.family(name, "counter", "_total", help, values);
    }

    fn family(
        &mut self,
        name: &str,
        kind: &str,
        suffix: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels, f64)>,
    ) {
        let (text, prefix) = (&mut self.text, self.prefix);
        let family = name.strip_suffix(suffix).unwrap_or(name);
        // Writing into memory can't fail.
        let _ = writeln!(text, "# HELP {prefix}_{family} {}.", escaped(help));
        let _ = writeln!(text, "# TYPE {prefix}_{family} {kind}");
        for (labels, value) in values {
            let _ = write!(text, "{prefix}_{family}{suffix}");
            for (n, (label, of)) in labels.iter().enumerate() {
                let _ = write!(text, "{}{label}=\"{}\"", if n == 0 { '{' } else { ',' }, escaped(of));
            }
            let _ = writeln!(text, "{} {value:?}", if labels.is_empty() { "" } else { "}" });
        }
    }

    /// The text with its end mark.
    pub fn finish(mut self) -> String {
        self.text.push_str("# EOF\n");
        self.text
    }
}

/// OpenMetrics 1.0, "escaped-string".
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_written_as_the_specification_has_them() {
        let mut out = OpenMetrics::with_prefix("vardkase");
        out.gauges("on_record", "1 when everything is on disk", [(vec![], 1.0)]);
        out.gauges(
            "queue",
            "Deliveries",
            [
                (vec![("gateway", "sms \"a\"\\\n".to_owned()), ("site", "VK".to_owned())], 0.5),
                (vec![("gateway", "b".to_owned()), ("site", "VK".to_owned())], 1e21),
            ],
        );
        out.counters("accepted_total", "Accepted since the start", [(vec![], 3.0)]);
        out.gauges("none", "Nothing stands", []);
        assert_eq!(
            out.finish(),
            "# HELP vardkase_on_record 1 when everything is on disk.\n\
             # TYPE vardkase_on_record gauge\n\
             vardkase_on_record 1.0\n\
             # HELP vardkase_queue Deliveries.\n\
             # TYPE vardkase_queue gauge\n\
             vardkase_queue{gateway=\"sms \\\"a\\\"\\\\\\n\",site=\"VK\"} 0.5\n\
             vardkase_queue{gateway=\"b\",site=\"VK\"} 1e21\n\
             # HELP vardkase_accepted Accepted since the start.\n\
             # TYPE vardkase_accepted counter\n\
             vardkase_accepted_total 3.0\n\
             # HELP vardkase_none Nothing stands.\n\
             # TYPE vardkase_none gauge\n\
             # EOF\n"
        );
    }
}
