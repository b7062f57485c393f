//! `cargo xtask import FILE…`: upstream's Swagger documents become
//! `spec/v1.NN.yaml`. Every file is read and converted before the first one
//! is written, so a bad one leaves `spec/` as it was.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use longshore_codegen::import;

use crate::TaskResult;
use crate::exec;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Swagger 2.0 documents of the Engine API, plain or gzipped
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Where the documents go, instead of spec/
    #[arg(long)]
    spec: Option<PathBuf>,
}

pub(crate) fn run(args: Args) -> TaskResult {
    let mut written: Vec<(PathBuf, String)> = Vec::new();
    for file in &args.files {
        let (name, text) = convert(file).map_err(|error| format!("{}: {error}", file.display()))?;
        if written.iter().any(|(other, _)| *other == name) {
            return Err(format!("{}: {} came twice", file.display(), name.display()));
        }
        written.push((name, text));
    }
    let spec = args.spec.unwrap_or_else(|| exec::root().join("spec"));
    fs::create_dir_all(&spec).map_err(|error| format!("{}: {error}", spec.display()))?;
    for (name, text) in written {
        let path = spec.join(name);
        replace(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// The name and the text of the file for one upstream document.
fn convert(file: &Path) -> Result<(PathBuf, String), Box<dyn std::error::Error>> {
    let document = import::import(&read(file)?)?;
    let name = format!("v{}.yaml", document.version()?);
    Ok((name.into(), import::write(&document)?))
}

fn read(file: &Path) -> io::Result<String> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let bytes = fs::read(file)?;
    let mut text = String::new();
    if bytes.starts_with(&GZIP) {
        flate2::read::MultiGzDecoder::new(&*bytes).read_to_string(&mut text)?;
    } else {
        (&*bytes).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Puts a file in the place of another, whole or not at all.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    // A temporary file is private; the repository's files are not.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode)?;
    file.persist(path)?;
    Ok(())
}
