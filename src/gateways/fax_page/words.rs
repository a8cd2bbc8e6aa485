//! The few words of the page that are not the message's own. They stand outside the text.

use crate::domain::lang::Lang;
use crate::words::fax;

/// Labels in one language.
pub(super) struct Words {
    /// Before the number of a message.
    pub message: &'static str,
    /// Before the number of an incident (a note has no number of its own).
    pub incident: &'static str,
    /// Before the fingerprint.
    pub check: &'static str,
    /// The word before `k/n`.
    pub page: &'static str,
    /// Under the text of every page but the last.
    pub continues: &'static str,
    /// Over the trailer.
    pub answer: &'static str,
}

/// In that language; English when it has none.
pub(super) fn words(lang: Lang) -> Words {
    Words {
        message: fax::MESSAGE.say(lang),
        incident: fax::INCIDENT.say(lang),
        check: fax::CHECK.say(lang),
        page: fax::PAGE.say(lang),
        continues: fax::CONTINUES.say(lang),
        answer: fax::ANSWER.say(lang),
    }
}
