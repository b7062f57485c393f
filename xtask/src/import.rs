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

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r##"
swagger: "2.0"
basePath: "/v1.40"
info: {title: x, version: "1.40"}
definitions: {Thing: {type: object}}
paths: {/things: {get: {operationId: ThingList, responses: {200: {description: x, schema: {$ref: "#/definitions/Thing"}}}}}}
"##;

    fn import(folder: &Path, files: &[(&str, &[u8])]) -> TaskResult {
        let mut paths = Vec::new();
        for (name, bytes) in files {
            let path = folder.join(name);
            fs::write(&path, bytes).unwrap();
            paths.push(path);
        }
        run(Args {
            files: paths,
            spec: Some(folder.join("spec")),
        })
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn spec(folder: &Path) -> Vec<(String, String)> {
        let Ok(entries) = fs::read_dir(folder.join("spec")) else {
            return Vec::new();
        };
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn plain_and_gzipped_give_the_same_file_each_time() {
        let folder = tempfile::tempdir().unwrap();
        import(folder.path(), &[("a.yaml", GOOD.as_bytes())]).unwrap();
        let first = spec(folder.path());
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].0, "v1.40.yaml");
        import(folder.path(), &[("a.yaml.gz", &gzip(GOOD))]).unwrap();
        assert_eq!(spec(folder.path()), first);
    }

    #[test]
    fn a_bad_file_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        import(folder.path(), &[("a.yaml", GOOD.as_bytes())]).unwrap();
        let before = spec(folder.path());

        let newer = GOOD.replace("1.40", "1.41");
        let wrong = GOOD.replace("responses", "answers").replace("1.40", "1.42");
        let packed = gzip(&newer);
        let cases: [(&[u8], &str); 5] = [
            (
                wrong.as_bytes(),
                "bad: paths./things.get.answers: unknown keyword \"answers\"",
            ),
            (&packed[..packed.len() - 9], "bad: "),
            (&newer.as_bytes()[..newer.len() / 2], "bad: "),
            (b"\xff\xfe", "bad: "),
            (newer.as_bytes(), "bad: v1.41.yaml came twice"),
        ];
        for (bytes, told) in cases {
            let error =
                import(folder.path(), &[("good", newer.as_bytes()), ("bad", bytes)]).unwrap_err();
            assert!(error.contains(told), "{error:?} instead of {told:?}");
            assert_eq!(spec(folder.path()), before);
        }
        let missing = Args {
            files: vec![folder.path().join("gone")],
            spec: Some(folder.path().join("spec")),
        };
        assert!(run(missing).unwrap_err().contains("gone: "));
    }
}
