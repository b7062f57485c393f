//! Compiles `programs/box.rs`, one file without dependencies, for the target
//! of the daemon: static, small, and the same bytes on every build.

use std::env;
use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "programs/box.rs";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let out = PathBuf::from(variable("OUT_DIR")).join("box");
    let here = variable("CARGO_MANIFEST_DIR");
    let mut rustc = Command::new(variable("RUSTC"));
    rustc
        .args([
            "--crate-name",
            "multicall",
            "--crate-type",
            "bin",
            "--edition",
            "2024",
        ])
        .args(["--target", &variable("TARGET")])
        .args([
            "-C",
            "target-feature=+crt-static",
            "-C",
            "panic=abort",
            "-C",
            "opt-level=z",
        ])
        .args([
            "-C",
            "lto=fat",
            "-C",
            "codegen-units=1",
            "-C",
            "strip=symbols",
        ])
        // No path of this machine may get into the program.
        .arg(format!("--remap-path-prefix={here}=."))
        .arg("-o")
        .arg(&out)
        .arg(SOURCE);
    let status = rustc
        .status()
        .unwrap_or_else(|error| panic!("rustc: {error}"));
    assert!(status.success(), "rustc {SOURCE}: {status}");
}
