//! The few words of the page that are not the message's own. They stand outside the text.

use crate::domain::lang::Lang;

/// Labels in one language.
pub(super) struct Words {
    /// Before the number of a message.
    pub message: &'static str,
    /// Before the number of an incident (a note has no number of its own).
    pub incident: &'static str,
    /// Before the fingerprint.
    pub check: &'static str,
    /// Before `k/n`.
    pub page: &'static str,
    /// Under the text of every page but the last.
    pub continues: &'static str,
    /// Over the trailer.
    pub answer: &'static str,
}

/// In that language; English when it has none.
pub(super) fn words(lang: Lang) -> &'static Words {
    match lang.as_str() {
        "sv" => &SV,
        "da" => &DA,
        "no" | "nb" | "nn" => &NO,
        "fi" => &FI,
        _ => &EN,
    }
}

const SV: Words = Words {
    message: "Meddelande",
    incident: "Händelse",
    check: "Kontrollkod",
    page: "Sida",
    continues: "Fortsätter på nästa sida",
    answer: "Så svarar du",
};
const EN: Words = Words {
    message: "Message",
    incident: "Incident",
    check: "Check code",
    page: "Page",
    continues: "Continues on the next page",
    answer: "How to answer",
};
const DA: Words = Words {
    message: "Meddelelse",
    incident: "Hændelse",
    check: "Kontrolkode",
    page: "Side",
    continues: "Fortsætter på næste side",
    answer: "Sådan svarer du",
};
const NO: Words = Words {
    message: "Melding",
    incident: "Hendelse",
    check: "Kontrollkode",
    page: "Side",
    continues: "Fortsetter på neste side",
    answer: "Slik svarer du",
};
const FI: Words = Words {
    message: "Viesti",
    incident: "Tapahtuma",
    check: "Tarkistuskoodi",
    page: "Sivu",
    continues: "Jatkuu seuraavalla sivulla",
    answer: "Näin vastaat",
};
