//! Files of pairs: a line of English as it stands in the code, where it is read by whoever changes it, and below it `= ` with the
//! same in another language. For what is not made of a catalogue's words: help, and what gateways say.

/// Every pair of a file; lines that begin with `#` are for whoever translates.
pub(crate) fn of(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut english = "";
    file.lines().filter(|line| !line.starts_with('#')).filter_map(move |line| match line.strip_prefix("= ") {
        Some(said) => Some((english, said)),
        None => {
            english = line;
            None
        }
    })
}
