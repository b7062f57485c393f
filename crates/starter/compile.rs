//! How `programs/box.rs` is compiled: by the build script, and once more by the
//! test that compares the bytes.

use std::path::Path;
use std::process::Command;

/// Where the source is below the package's directory.
pub(crate) const SOURCE: &str = "programs/box.rs";

/// Compiles the source below `package` to the program `out`.
pub(crate) fn compile(rustc: &str, target: &str, package: &Path, out: &Path) -> Result<(), String> {
    let status = Command::new(rustc)
        .current_dir(package)
        .args(["--crate-name", "multicall", "--crate-type", "bin"])
        .args(["--edition", "2024", "--target", target])
        .args(["-C", "target-feature=+crt-static", "-C", "panic=abort"])
        .args(["-C", "opt-level=z", "-C", "lto=fat"])
        .args(["-C", "codegen-units=1", "-C", "strip=symbols"])
        // No path of this machine may get into the program.
        .arg(format!("--remap-path-prefix={}=.", package.display()))
        .arg("-o")
        .arg(out)
        .arg(SOURCE)
        .status()
        .map_err(|error| format!("{rustc}: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{rustc} {SOURCE}: {status}")),
    }
}
