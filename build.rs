//! Makes the words of the screens into Rust (`build/words.rs`), names the sources of the state for checkpoints, and in the profile
//! `dist` places the functions of a start beside each other in the program: see `layout/README.md`.

#![expect(clippy::disallowed_macros, reason = "so cargo is spoken to")]

#[path = "build/words.rs"]
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=layout/start.order");
    catalogues(Path::new("assets/words"));
    println!("cargo:rustc-env=VARDKASE_STATE_SOURCES={:016x}", sources_of(&STATE));
    // These are compiled in (`config/load.rs`). A file that is new in them is seen only here.
    for folder in ["channels", "contacts", "playbooks", "tests/scenarios"] {
        println!("cargo:rerun-if-changed={folder}");
    }
    let out = PathBuf::from(variable("OUT_DIR"));
    if !is_dist(&out) {
        return;
    }
    let order = format!("-Wl,--symbol-ordering-file={}/layout/start.order", variable("CARGO_MANIFEST_DIR"));
    let options = [order.as_str(), "-Wl,--no-warn-symbol-ordering"];
    match links_with(&options, &out) {
        Ok(()) => options.iter().for_each(|option| println!("cargo:rustc-link-arg-bins={option}")),
        Err(why) => println!("cargo:warning=the functions of a start stay where they are: {why}"),
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// What the state is made of, by which rules, and how it is written: a checkpoint of other sources is not read.
const STATE: [&str; 4] = ["src/domain", "src/record", "src/dispatch", "Cargo.lock"];

/// A number that is another one when any of these files is (FNV-1a, 64 bits).
fn sources_of(places: &[&str]) -> u64 {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut places: Vec<PathBuf> = places.iter().map(PathBuf::from).collect();
    places.iter().for_each(|place| println!("cargo:rerun-if-changed={}", place.display()));
    while let Some(place) = places.pop() {
        if place.is_dir() {
            let inside = std::fs::read_dir(&place).expect("a folder of sources");
            places.extend(inside.map(|entry| entry.expect("a source").path()));
        } else {
            files.push(place);
        }
    }
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add =
        |bytes: &[u8]| bytes.iter().for_each(|b| hash = (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    for file in files {
        add(file.to_string_lossy().as_bytes());
        // One separator between name, text, and the next name: none of them holds it.
        add(&[0]);
        add(&std::fs::read(&file).expect("a source"));
        add(&[0]);
    }
    hash
}

/// A build script is told "release" for every profile that inherits from it; its own name stands only in the path
/// `target/[TRIPLE/]PROFILE/build/PACKAGE/out`.
fn is_dist(out: &Path) -> bool {
    out.ancestors().skip(1).take(3).any(|folder| folder.file_name().is_some_and(|name| name == "dist"))
}

/// Whether the linker that rustc will use takes the options: it links an empty program with them. LLVM's does, GNU's does not,
/// and which one it is depends on target, version, configuration and flags.
fn links_with(options: &[&str], out: &Path) -> Result<(), String> {
    let source = out.join("empty.rs");
    std::fs::write(&source, "fn main() {}\n").map_err(|e| format!("{}: {e}", source.display()))?;
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["--edition=2024", "--target", &variable("TARGET"), "-o"]).arg(out.join("empty")).arg(&source);
    if let Ok(linker) = std::env::var("RUSTC_LINKER") {
        rustc.arg(format!("-Clinker={linker}"));
    }
    rustc.args(variable("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|flag| !flag.is_empty()));
    rustc.args(options.iter().map(|option| format!("-Clink-arg={option}")));
    let ended = rustc.output().map_err(|e| format!("rustc can't be run: {e}"))?;
    if ended.status.success() { Ok(()) } else { Err("the linker does not know --symbol-ordering-file".into()) }
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
        Ok(made) => {
            for (file, rust) in [("words.rs", made.words), ("refusals.rs", made.refusals)] {
                std::fs::write(Path::new(&out).join(file), rust).expect("what is made can be written");
            }
        }
        Err(found) => found.iter().for_each(|line| println!("cargo::error={line}")),
    }
}
