//! Compiles `programs/box.rs`, one file without dependencies, for the target
//! of the daemon: static, small, and the same bytes on every build.

mod compile;

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed={}", compile::SOURCE);
    println!("cargo::rerun-if-changed=compile.rs");
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let (rustc, target) = (variable("RUSTC"), variable("TARGET"));
    // For the test that compiles it again.
    println!("cargo::rustc-env=STARTER_RUSTC={rustc}");
    println!("cargo::rustc-env=STARTER_TARGET={target}");
    let out = Path::new(&variable("OUT_DIR")).join("box");
    let package = variable("CARGO_MANIFEST_DIR");
    if let Err(error) = compile::compile(&rustc, &target, Path::new(&package), &out) {
        panic!("{error}");
    }
}
