//! Commands in the documents are understood by the program.

use super::{Page, pages};

/// The words of a command, as a shell takes them apart; ends at a comment or at what begins another command.
fn words(line: &str) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, ' ') => all.last_mut().unwrap().extend(word.take()),
            (None, ';' | '&' | '|' | '>') => {
                all.last_mut().unwrap().extend(word.take());
                // What a redirection goes to is not an argument.
                all.push(if c == '>' { vec![">".into()] } else { Vec::new() });
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    all.last_mut().unwrap().extend(word);
    all.retain(|w| !w.is_empty());
    all
}

/// Commands of our program in a page's shell blocks.
fn commands(page: &Page) -> Vec<(usize, Vec<String>)> {
    let mut all = Vec::new();
    for fence in page.fences().iter().filter(|f| f.kind == "sh") {
        let mut open = String::new();
        for (n, line) in fence.inside.iter().enumerate() {
            if let Some(more) = line.strip_suffix('\\') {
                open.push_str(more);
                continue;
            }
            let whole = std::mem::take(&mut open) + line;
            for mut words in words(&whole) {
                while words.first().is_some_and(|w| w == "sudo" || w.contains('=')) {
                    words.remove(0);
                }
                if let Some(at) =
                    words.iter().position(|w| w == "--").filter(|_| words[0] == "cargo" && words[1] == "run")
                {
                    words.splice(..=at, ["vardkase".to_owned()]);
                }
                if words.first().is_some_and(|w| w == "vardkase") {
                    all.push((fence.line + n + 1, words));
                }
            }
        }
    }
    all
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let (mut wrong, mut found) = (Vec::new(), 0);
    for page in pages() {
        for (line, words) in commands(&page) {
            found += 1;
            if let Err(why) = vardkase::cli::command().try_get_matches_from(&words)
                && why.use_stderr()
            {
                let first = why.to_string().lines().next().unwrap_or_default().to_owned();
                wrong.push(format!("{}:{line}: {}: {first}", page.name(), words.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found > 30, "only {found} commands were found");
}

#[test]
fn commands_are_taken_apart_as_a_shell_does() {
    let line = "sudo A=1 vardkase update 14 --restore \"in 2h\" && vardkase log 14 > x   # and so on; vardkase";
    assert_eq!(
        words(line),
        vec![
            vec!["sudo", "A=1", "vardkase", "update", "14", "--restore", "in 2h"],
            vec!["vardkase", "log", "14"],
            vec![">", "x"]
        ]
    );
}
