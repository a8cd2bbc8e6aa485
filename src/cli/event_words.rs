//! What a command did, in the words of the screen. Steps of the program's own (a draft, an entry, a result) are not among
//! them: they stand in the log.

use super::words::Word;

/// What people are told of an event, by its name in the log; `None`: it is the program's own step.
pub(super) fn event_word(name: &str) -> Option<Word> {
    let (sv, en) = match name {
        "opened" => ("rapporterat", "reported"),
        "facts" => ("lägesbilden ändrad", "facts changed"),
        "level-and-sites" => ("nivå och platser ändrade", "level and sites changed"),
        "mode" => ("läget ändrat", "mode changed"),
        "reviewed" => ("språket granskat", "language reviewed"),
        "approval-asked" => ("väntar på godkännande", "waits for approval"),
        "approval-ended" => ("godkännandet avgjort", "approval settled"),
        "quiet-until" => ("väntar till morgonen", "waits for the morning"),
        "released" => ("skickat", "sent"),
        "note" => ("notis skickad", "note sent"),
        "withdrawn" => ("återkallat", "called back"),
        "answered" => ("kvitterat", "answered"),
        "answer-taken-back" => ("kvittens återtagen", "answer taken back"),
        "escalated" => ("lämnat vidare", "passed on"),
        "reminded" => ("påmint", "reminded"),
        "not-reached" => ("ej nådd", "not reached"),
        "asked-again" => ("frågat igen", "asked again"),
        "proposed" | "proposed-again" | "next-proposed" => ("läge föreslaget", "mode proposed"),
        "decided" => ("beslutat", "decided"),
        "stopped" => ("stoppat", "stopped"),
        "phase" => ("händelsens läge ändrat", "phase changed"),
        "data-confirmed" => ("data bekräftade", "data confirmed"),
        "merged" => ("sammanförd", "merged"),
        "errand" => ("ärende skapat", "errand made"),
        "errand-done" => ("ärende klart", "errand done"),
        "adopted" => ("ny konfiguration gäller", "new configuration holds"),
        "step" => ("steg påbörjat", "step opened"),
        "conference-called" => ("möte sammankallat", "conference called"),
        "step-answered" => ("svar på steget", "step answered"),
        "step-begun" => ("steget i gång", "step begun"),
        "step-moved" => ("steget flyttat", "step moved"),
        "step-ended" => ("steget avslutat", "step ended"),
        "arrived" => ("på plats", "arrived"),
        _ => return None,
    };
    Some(Word(sv, en))
}
