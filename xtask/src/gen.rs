//! `cargo xtask gen`: the documents and the overlay of `spec/` become
//! `crates/api/src/generated/`. With `--check` nothing is written; a
//! difference is printed and fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::TaskResult;
use crate::exec;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail and print the difference if there is one
    #[arg(long)]
    check: bool,
}

/// The module's file and folder, below `crates/api/src`.
const ROOT: &str = "generated.rs";
const FOLDER: &str = "generated";

pub(crate) fn run(args: Args) -> TaskResult {
    let home = exec::root().join("crates/api/src");
    let fresh = generate()?;
    let present = present(&home)?;
    if fresh == present {
        return Ok(());
    }
    if args.check {
        print_difference(&home, &fresh)?;
        return Err("crates/api/src/generated is not what `cargo xtask gen` writes".to_owned());
    }
    for (path, text) in &fresh {
        if present.get(path) != Some(text) {
            let path = home.join(path);
            make_parent(&path)?;
            crate::import::replace(&path, text).map_err(|error| told(&path, &error))?;
            println!("{}", path.display());
        }
    }
    for path in present.keys().filter(|path| !fresh.contains_key(*path)) {
        let path = home.join(path);
        fs::remove_file(&path).map_err(|error| told(&path, &error))?;
        println!("{} removed", path.display());
    }
    Ok(())
}

/// Every file as it should be, by its path below `crates/api/src`.
fn generate() -> Result<BTreeMap<PathBuf, String>, String> {
    let spec = exec::root().join("spec");
    let mut documents = Vec::new();
    for path in files_below(&spec)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('v') && name.ends_with(".yaml") {
            documents.push((name, read(&path)?));
        }
    }
    let overlay = read(&spec.join("overlay.yaml"))?;
    let generated = longshore_codegen::model(&documents, &overlay)
        .and_then(|model| longshore_codegen::emit::files(&model))
        .map_err(|error| error.to_string())?;

    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    for (path, text) in generated {
        let path = scratch.path().join(FOLDER).join(path);
        make_parent(&path)?;
        fs::write(&path, text).map_err(|error| told(&path, &error))?;
    }
    // The module's file leads rustfmt to all others.
    let root = scratch.path().join(ROOT);
    fs::rename(scratch.path().join(FOLDER).join("mod.rs"), &root)
        .map_err(|error| told(&root, &error))?;
    let mut rustfmt = Command::new("rustfmt");
    rustfmt
        .args(["--edition", "2024", "--config-path"])
        .arg(exec::root())
        .arg(&root);
    exec::check(rustfmt.current_dir(exec::root()))?;
    present(scratch.path())
}

/// The files that are there, by their path below `home`.
fn present(home: &Path) -> Result<BTreeMap<PathBuf, String>, String> {
    let mut found = BTreeMap::new();
    let mut paths = files_below(&home.join(FOLDER))?;
    paths.extend(Some(home.join(ROOT)).filter(|path| path.exists()));
    for path in paths {
        let text = read(&path)?;
        let below = path.strip_prefix(home).unwrap_or(&path).to_owned();
        found.insert(below, text);
    }
    Ok(found)
}

fn print_difference(home: &Path, fresh: &BTreeMap<PathBuf, String>) -> TaskResult {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    for (path, text) in fresh {
        let path = scratch.path().join(path);
        make_parent(&path)?;
        fs::write(&path, text).map_err(|error| told(&path, &error))?;
    }
    for part in [ROOT, FOLDER] {
        let mut diff = Command::new("diff");
        diff.arg("-ruN")
            .arg(home.join(part))
            .arg(scratch.path().join(part));
        // Its status says whether there is a difference, which is known.
        diff.status().map_err(|error| format!("diff: {error}"))?;
    }
    Ok(())
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            other => other.map_err(|error| told(&folder, &error))?,
        };
        for entry in entries {
            let path = entry.map_err(|error| told(&folder, &error))?.path();
            if path.is_dir() {
                open.push(path)
            } else {
                files.push(path)
            }
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| told(path, &error))
}

fn make_parent(path: &Path) -> TaskResult {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(|error| told(parent, &error))
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
