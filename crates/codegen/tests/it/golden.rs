//! Tiny documents and the Rust expected of them: `tests/golden/<case>/` holds
//! the documents, the overlay, and the expected files below `expected/`.
//!
//! `GOLDEN=write cargo test -p longshore-codegen` writes what is there now;
//! read it before you commit it.

use std::fs;
use std::path::{Path, PathBuf};

use longshore_codegen::emit;

#[test]
fn shapes() {
    check("shapes");
}

#[test]
fn versions() {
    check("versions");
}

/// Types, masks and outline; what is made for the server is tested by serving.
fn check(case: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(case);
    let mut documents = Vec::new();
    for entry in fs::read_dir(&folder).expect("the case exists") {
        let path = entry.expect("readable").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.starts_with('v') {
            documents.push((name, fs::read_to_string(path).expect("text")));
        }
    }
    let overlay = fs::read_to_string(folder.join("overlay.yaml")).expect("an overlay");
    let model = longshore_codegen::model(&documents, &overlay).expect("a model");
    let files = emit::files(&model).expect("Rust");
    let mut compared = 0;
    for (name, text) in files {
        if !(name.starts_with("types/") || ["masks.rs", "outline.txt"].contains(&name.as_str())) {
            continue;
        }
        let path: PathBuf = folder.join("expected").join(name.replace('/', "_"));
        if std::env::var_os("GOLDEN").is_some_and(|what| what == "write") {
            fs::create_dir_all(folder.join("expected")).expect("a folder");
            fs::write(&path, &text).expect("written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, expected, "{}", path.display());
        compared += 1;
    }
    assert!(compared >= 3, "only {compared} files were compared");
}
