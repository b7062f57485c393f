//! `cargo xtask tidy`: what the compiler does not check.
//!
//! - the arrows between crates go one way, as ARCHITECTURE.md draws them;
//! - the engine builds without the API's server;
//! - every source file starts with a header and stays short;
//! - `unsafe` is allowed in one module only;
//! - one HTTP stack, one TLS stack: no crate that would bring another.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::TaskResult;
use crate::exec;

/// The longest a source file may be, in lines.
const LONGEST: usize = 800;

/// Who may depend on whom. A package that is not listed may not exist.
const ARROWS: &[(&str, &[&str])] = &[
    ("longshore-api", &[]),
    ("longshore-codegen", &[]),
    ("longshore-runtime", &[]),
    ("longshore-archive", &[]),
    ("longshore-oci", &[]),
    ("longshore-dockerfile", &["longshore-oci"]),
    ("longshore-image", &["longshore-archive", "longshore-oci"]),
    ("longshore-distribution", &["longshore-oci"]),
    ("longshore-registry", &["longshore-oci"]),
    ("longshore-network", &[]),
    ("longshore-starter", &[]),
    ("longshore-conformance", &[]),
    (
        "longshore-engine",
        &[
            "longshore-api",
            "longshore-archive",
            "longshore-distribution",
            "longshore-dockerfile",
            "longshore-image",
            "longshore-network",
            "longshore-oci",
            "longshore-runtime",
        ],
    ),
    (
        "longshore-daemon",
        &[
            "longshore-api",
            "longshore-engine",
            "longshore-registry",
            "longshore-runtime",
            "longshore-starter",
        ],
    ),
    ("xtask", &["longshore-codegen"]),
];

/// The one folder whose files may hold `unsafe`.
const UNSAFE_HOME: &str = "crates/runtime/src/sys";

/// Crates that would bring a second HTTP, TLS or async stack, or OpenSSL.
const REFUSED: &[&str] = &[
    "actix-web",
    "async-std",
    "aws-lc-rs",
    "aws-lc-sys",
    "native-tls",
    "openssl",
    "openssl-sys",
    "reqwest",
    "smol",
];

/// The lock files: the engine's, and that of a client's library in the tests.
const LOCKS: &[&str] = &[
    "Cargo.lock",
    "crates/daemon/tests/testcontainers/Cargo.lock",
];

#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args) -> TaskResult {
    let mut problems = Vec::new();
    arrows(&mut problems)?;
    refused(&mut problems)?;
    for folder in ["crates", "xtask", "conformance"] {
        files(&exec::root().join(folder), &mut problems)?;
    }
    if problems.is_empty() {
        println!("tidy: all is in its place");
        return Ok(());
    }
    Err(format!("tidy found:\n  {}", problems.join("\n  ")))
}

fn arrows(problems: &mut Vec<String>) -> TaskResult {
    let text =
        exec::output(exec::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
            problems.push(format!(
                "package {name} is in no arrow: say in xtask/src/tidy.rs whom it may know"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            // Tests may look at a neighbour; what ships may not.
            let ships = dependency["kind"].as_str() != Some("dev");
            if to.starts_with("longshore-") && ships && !allowed.contains(&to) {
                problems.push(format!("{name} -> {to}: the arrows do not allow it"));
            }
            let features = dependency["features"].as_array();
            let server = features.is_some_and(|all| all.iter().any(|f| f == "server"));
            if name == "longshore-engine" && to == "longshore-api" {
                let default = dependency["uses_default_features"] == Value::Bool(true);
                if server || default {
                    problems.push("longshore-engine uses the API's server".to_owned());
                }
            }
        }
    }
    Ok(())
}

fn refused(problems: &mut Vec<String>) -> TaskResult {
    for file in LOCKS {
        let path = exec::root().join(file);
        let lock =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let names = lock.lines().filter_map(|line| line.strip_prefix("name = "));
        for name in names.map(|name| name.trim_matches('"')) {
            if REFUSED.contains(&name) {
                problems.push(format!("{file} holds {name}: a second stack"));
            }
        }
    }
    Ok(())
}

fn files(folder: &Path, problems: &mut Vec<String>) -> TaskResult {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            // Output of `gen` is read through its outline; goldens are data.
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
            if !["generated", "golden", "target"].contains(&name) {
                files(&path, problems)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            file(&path, problems)?;
        }
    }
    Ok(())
}

fn file(path: &Path, problems: &mut Vec<String>) -> TaskResult {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let shown = path.strip_prefix(exec::root()).unwrap_or(path);
    if !text.starts_with("//!") {
        problems.push(format!("{}: no header (`//!`)", shown.display()));
    }
    let lines = text.lines().count();
    if lines > LONGEST {
        problems.push(format!(
            "{}: {lines} lines, over {LONGEST}",
            shown.display()
        ));
    }
    let lifts = concat!("allow(unsafe", "_code)");
    if text.contains(lifts) && !declares_sys(shown) {
        problems.push(format!(
            "{}: allows unsafe code outside {UNSAFE_HOME}",
            shown.display()
        ));
    }
    Ok(())
}

/// The lint is lifted inside the module, or where the crate declares it.
fn declares_sys(path: &Path) -> bool {
    path.starts_with(UNSAFE_HOME) || path == Path::new("crates/runtime/src/lib.rs")
}
