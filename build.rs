//! Places the functions of a start beside each other in the program, see `layout/README.md`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=layout/start.order");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|v| v == value);
    // Where rustc links with its own lld, which knows the option.
    if is("PROFILE", "release") && is("TARGET", "x86_64-unknown-linux-gnu") {
        let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,--symbol-ordering-file={root}/layout/start.order");
        println!("cargo:rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
    }
}
