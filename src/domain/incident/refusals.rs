//! What people read in Swedish when something is refused, by the refusal's code: one sentence that says what and why, one
//! that says what to do next.
//!
//! **Owns** these words alone. A sentence holds for every use of its code, so that it names no incident, function or number:
//! the English `why` does, and stands beside it as details. Codes of the web's own (`foreign-form`) are here too, since the
//! same people read them; a test finds every code in the sources.

/// What and why, and what to do next, in Swedish; `None`: that code is not known.
pub fn in_swedish(code: &str) -> Option<(&'static str, &'static str)> {
    WORDS.iter().find(|(known, ..)| *known == code).map(|(_, what, next)| (*what, *next))
}

/// Code, what and why, what to do next; by code.
const WORDS: &[(&str, &str, &str)] = &[
    ("already-released", "Texten är redan sänd.", "Sänd en rättelse om något i den är fel."),
    (
        "answered-already",
        "Det är redan besvarat.",
        "Ta tillbaka svaret om det är fel; behövs fler svar ska någon annan svara.",
    ),
    ("arrived-already", "Funktionen är redan på plats.", "Du behöver inte göra något mer."),
    ("bad-input", "Något av det som angavs går inte att förstå.", "Rätta det som detaljerna nämner och försök igen."),
    ("bad-text", "Texten kan inte sändas som den är skriven.", "Rätta det som detaljerna nämner och försök igen."),
    ("bad-time", "Tiden ligger inte mellan larmet och nu.", "Ange när svaret kom eller när funktionen var på plats."),
    (
        "cannot-add",
        "Händelsen är en övning och kan inte ta emot en skarp rapport.",
        "Rapportera störningen som en egen händelse.",
    ),
    (
        "cannot-adopt",
        "Den nya konfigurationen saknar något som händelsen använder.",
        "Behåll det i konfigurationen tills händelsen är avslutad.",
    ),
    ("cannot-merge", "Händelserna kan inte sammanföras.", "Sammanför två skarpa händelser eller två övningar."),
    ("cannot-move", "Stegets tid kan inte ändras.", "Avsluta steget när det är klart."),
    (
        "closed",
        "Händelsen är avslutad.",
        "Fortsätt i händelsen som detaljerna nämner, eller rapportera en ny om det behövs.",
    ),
    ("config-mistakes", "Konfigurationen har fel; inget är ändrat.", "Rätta felen och läs in den igen."),
    ("contact-is-down", "Telefonnumret hänger på det som är nere.", "Välj ett annat nummer."),
    ("contact-not-publishable", "Numret får inte stå i texter.", "Välj ett annat nummer."),
    ("cross-site", "Formuläret sändes från en annan webbplats.", "Öppna konsolen själv och gör det där."),
    (
        "data-not-confirmed",
        "Systemägaren har inte bekräftat att data är kompletta.",
        "Be systemägaren bekräfta, eller ge faran över ändå och skriv orsaken.",
    ),
    ("decided-already", "Det är redan beslutat.", "Ändra läget om ett annat läge behövs."),
    ("done-already", "Uppgiften är redan klar.", "Du behöver inte göra något mer."),
    ("extended-already", "Mer tid har redan givits en gång.", "Godkänn texten, ändra den eller avslå den."),
    ("foreign-form", "Formuläret hör inte till din inloggning.", "Öppna sidan igen och sänd formuläret därifrån."),
    (
        "four-eyes",
        "Du har rapporterat störningen och får inte själv godkänna texten.",
        "Be en ersättare godkänna; annars avgörs det när tiden går ut.",
    ),
    ("going-down", "Programmet stängs av; inget är gjort.", "Försök igen om några sekunder."),
    ("log-unreadable", "Journalen går inte att läsa.", "Låt den som sköter programmet kontrollera journalen."),
    ("missing", "Något som behövs är inte angivet.", "Fyll i det som detaljerna nämner och försök igen."),
    ("mode-stands", "Platsen är redan i det läget.", "Du behöver inte göra något mer."),
    ("next-in-past", "Nästa besked måste ligga framåt i tiden.", "Ange en senare tid."),
    (
        "no-incident",
        "Ingen händelse gäller platsen, så ingen skulle få veta varför läget ändras.",
        "Rapportera störningen först.",
    ),
    ("no-playbook", "Det är inte angivet vad som är nere.", "Välj en av handlingsplanerna."),
    ("no-reason", "En orsak behövs.", "Skriv orsaken och försök igen."),
    (
        "no-reference",
        "En anmälan till en myndighet avslutas med sitt diarienummer.",
        "Skriv diarienumret och försök igen.",
    ),
    ("no-text", "Ingen ny text är skriven.", "Skriv texten på minst ett språk."),
    ("no-token", "Nyckeln saknas eller är fel.", "Använd nyckeln i programmets tillståndsmapp."),
    ("no-way", "Funktionen kan inte nås den vägen.", "Välj en annan väg eller en annan funktion."),
    ("nobody", "Konfigurationen har ingen funktion.", "Lägg till funktioner i den."),
    ("nobody-comes", "Ingen är kallad till platsen för den funktionen.", "Se i händelsen vilka som ska vara på plats."),
    ("not-answered", "Funktionen har inte svarat.", "Det finns inget svar att ta tillbaka."),
    ("not-json", "Det som sändes är inte JSON.", "Sänd det som JSON och ange den innehållstypen."),
    ("not-released", "Texten har aldrig sänts.", "Ändra utkastet i stället."),
    ("not-reloaded", "Den nya konfigurationen kunde inte tas i bruk; inget är ändrat.", "Försök igen."),
    (
        "not-restored",
        "Åter i drift är inte meddelat.",
        "Meddela åter i drift om systemet går igen; sänd annars en uppdatering.",
    ),
    ("not-yours", "Din funktion får inte göra detta.", "Be någon av dem som detaljerna nämner."),
    ("nothing", "Ingen händelse öppnades.", "Se över nivåerna i handlingsplanen."),
    ("nothing-asked", "Ingenting väntar på svar.", "Kontrollera att funktionen är rätt; annars behövs inget svar."),
    ("nothing-open", "Ingen öppen händelse gäller funktionen.", "Det finns inget att lämna över."),
    ("nothing-to-decide", "Inget beslut väntar i händelsen.", "Se i händelsen vad som gäller nu."),
    ("nothing-to-stop", "Ingen text som är sänd gäller längre.", "Se i händelsen vad som gäller nu."),
    ("nothing-waits", "Ingenting väntar på godkännande under det numret.", "Se vad som väntar på dig."),
    (
        "restored-already",
        "Åter i drift är redan meddelat.",
        "Ge faran över om allt är bra, eller meddela att det inte var över.",
    ),
    ("same-plan", "Händelsen har redan den konfigurationen.", "Läs in den nya konfigurationen först."),
    (
        "shares-a-system",
        "En öppen händelse gäller samma system.",
        "Lägg till i den händelsen, eller rapportera en egen händelse.",
    ),
    ("since-in-future", "”Sedan” kan inte ligga framåt i tiden.", "Ange en tid som har varit."),
    ("stale-fingerprint", "Texten har ändrats sedan du läste den.", "Läs den nya texten och godkänn den."),
    ("step-open-already", "Steget pågår redan.", "Se stegen i händelsen."),
    ("step-over", "Steget är avslutat.", "Du behöver inte göra något mer."),
    ("stopped-already", "Texten är redan stoppad.", "Du behöver inte göra något mer."),
    ("text-too-long", "Texten är för lång eller tom.", "Skriv den kort: den ska rymmas i SMS och sökare."),
    ("too-large", "Det som sändes är för stort eller kom inte fram helt.", "Korta det och försök igen."),
    ("too-late", "Tiden ligger mer än ett år framåt.", "Ange en tidigare tid."),
    (
        "too-many-deliveries",
        "Händelsen skulle få fler utskick än gränsen tillåter.",
        "Avsluta händelsen och rapportera en ny, eller höj gränsen i konfigurationen.",
    ),
    (
        "too-many-open",
        "Det finns redan så många öppna händelser som gränsen tillåter.",
        "Lägg till i ett av dem, eller avsluta det som är över.",
    ),
    (
        "too-many-steps",
        "Händelsen har redan så många steg som den rymmer.",
        "För det som tillkommer på en lista vid sidan av.",
    ),
    ("too-many-tries", "För många fel nycklar har kommit.", "Använd rätt nyckel; den tas emot direkt."),
    ("too-soon", "Tiden har redan varit eller ligger för nära.", "Ange en senare tid."),
    (
        "unknown-act",
        "Det som skulle göras finns inte på sidan; inget är gjort.",
        "Gå tillbaka och använd en av knapparna.",
    ),
    ("unknown-code", "Inget prov har den koden.", "Kontrollera koden i provets text."),
    ("unknown-contact", "Numret är ingen funktions jourtelefon.", "Välj ett annat nummer."),
    ("unknown-entry", "Den delen väntar inte på godkännande.", "Se vad som väntar på dig."),
    ("unknown-function", "Funktionen finns inte.", "Kontrollera namnet, eller välj en funktion som finns."),
    ("unknown-gateway", "Vägen finns inte.", "Kontrollera namnet, eller välj en väg som finns."),
    ("unknown-incident", "Händelsen finns inte.", "Kontrollera numret bland de öppna händelserna."),
    ("unknown-language", "Texten finns inte på det språket.", "Använd ett av regionens språk."),
    ("unknown-level", "Nivån finns inte.", "Välj en nivå som finns."),
    ("unknown-link", "Länken gäller inte.", "Svara på det sätt som står i meddelandet, eller ring växeln."),
    ("unknown-method", "Adressen tar inte emot den sortens anrop.", "Börja på första sidan."),
    ("unknown-mode", "Läget finns inte.", "Välj ett läge som finns."),
    ("unknown-number", "Det finns inget meddelande med det numret.", "Kontrollera numret i händelsen."),
    ("unknown-path", "Sidan finns inte.", "Börja på första sidan."),
    ("unknown-playbook", "Handlingsplanen finns inte.", "Välj en handlingsplan som finns."),
    ("unknown-routine", "Reservrutinen finns inte.", "Välj en reservrutin som finns."),
    ("unknown-site", "Platsen finns inte.", "Välj en plats som finns."),
    ("unknown-step", "Steget finns inte.", "Se stegen i händelsen."),
    ("unknown-errand", "Ärendet finns inte.", "Se ärendena i händelsen."),
    ("which-proposal", "Flera beslut väntar i händelsen.", "Välj vilket förslag du beslutar om."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

    /// Every Rust file below a folder that is no test.
    fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()) {
            if entry.is_dir() {
                sources(&entry, out);
            } else if entry.to_string_lossy().ends_with(".rs") && !entry.to_string_lossy().ends_with("tests.rs") {
                out.push(entry);
            }
        }
    }

    /// What stands first in the code: a word in quotes, or nothing that can be read.
    fn word(code: &str) -> Option<&str> {
        code.trim_start().strip_prefix('"')?.split('"').next()
    }

    /// The codes that the sources give to refusals, with a file that does; and calls whose code can't be read there.
    fn given() -> (BTreeMap<String, String>, Vec<String>) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        sources(&root.join("src"), &mut files);
        let (mut codes, mut unread) = (BTreeMap::new(), Vec::new());
        for file in files {
            let name = file.strip_prefix(root).expect("below it").display().to_string();
            let text = std::fs::read_to_string(&file).expect("a source");
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            let calls = code.split("Refused::new(").skip(1).map(word);
            // The status comes first.
            let problems = code.split("Problem::new(").skip(1).map(|c| c.split_once(',').and_then(|(_, c)| word(c)));
            for found in calls.chain(problems) {
                match found {
                    Some(code) => drop(codes.insert(code.to_owned(), name.clone())),
                    None => unread.push(name.clone()),
                }
            }
        }
        (codes, unread)
    }

    #[test]
    fn every_code_has_its_swedish_words_and_no_word_is_left_over() {
        let (codes, unread) = given();
        assert!(unread.is_empty(), "the code is no text in the call itself, so that nobody finds it: {unread:?}");
        assert!(codes.len() > 70, "the sources are not read as they should be: {codes:?}");
        let without: Vec<_> = codes.iter().filter(|(code, _)| in_swedish(code).is_none()).collect();
        assert!(without.is_empty(), "without Swedish words: {without:?}");
        let left: Vec<_> = WORDS.iter().map(|w| w.0).filter(|code| !codes.contains_key(*code)).collect();
        assert!(left.is_empty(), "no source gives these codes any more: {left:?}");
    }

    #[test]
    fn each_is_one_plain_sentence_in_order() {
        let sorted: BTreeSet<_> = WORDS.iter().map(|w| w.0).collect();
        assert!(WORDS.iter().map(|w| w.0).eq(sorted), "by code, each once");
        for (code, what, next) in WORDS {
            for said in [what, next] {
                assert!(said.ends_with('.') && !said.contains(". "), "{code}: {said}");
                assert!(!said.contains(['`', '{', '–']), "{code}: {said}");
                assert!(said.chars().next().is_some_and(|c| c.is_uppercase() || c == '”'), "{code}: {said}");
            }
        }
        assert_eq!(in_swedish("no-such-code"), None);
    }
}
