//! Makes the words of the screens into Rust (`build/words.rs`), and places the functions of a start beside each other in the
//! program, see `layout/README.md`.

#[path = "build/words.rs"]
mod words;

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=layout/start.order");
    catalogues(Path::new("assets/words"));
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|v| v == value);
    // Where rustc links with its own lld, which knows the option.
    if is("PROFILE", "release") && is("TARGET", "x86_64-unknown-linux-gnu") {
        let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,--symbol-ordering-file={root}/layout/start.order");
        println!("cargo:rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
    }
}

/// What is wrong in the catalogues is said as errors of the build, all of it at once.
fn catalogues(folder: &Path) {
    println!("cargo:rerun-if-changed=build/words.rs");
    println!("cargo:rerun-if-changed={}", folder.display());
    let out = std::env::var_os("OUT_DIR").expect("cargo names a folder for what is made");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("assets/words") {
        let path = entry.expect("a catalogue").path();
        let lang = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        files.push((lang, std::fs::read_to_string(&path).expect("a catalogue in UTF-8")));
    }
    match words::generate(&files) {
        Ok(rust) => std::fs::write(Path::new(&out).join("words.rs"), rust).expect("what is made can be written"),
        Err(found) => found.iter().for_each(|line| println!("cargo::error={line}")),
    }
}
