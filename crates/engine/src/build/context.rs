//! The context of a build: the files that its client sent, in a directory of
//! their own. They may be anything, so all paths among them are resolved with
//! that directory as the end of the world.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use longshore_archive::compression;
use longshore_archive::read::ArchiveReader;
use longshore_archive::tree;
use longshore_archive::unpack::{self, Options, UnpackError};
use longshore_archive::walk::{self, Found};
use longshore_dockerfile::ignore::Ignore;

use crate::error::{Error, IoContext, Result};

/// The Dockerfile of a client that names none.
const DOCKERFILE: &str = "Dockerfile";
/// The list of what is to be left out.
const IGNORE: &str = ".dockerignore";
/// The longest Dockerfile, in bytes: far more than one that a person wrote.
pub(super) const LONGEST_DOCKERFILE: u64 = 16 << 20;
/// How much a context may hold, uncompressed and in bytes; as much as a layer.
const MOST_BYTES: u64 = 256 << 30;

/// The files of a context.
#[derive(Debug)]
pub(super) struct Context {
    root: OwnedFd,
}

impl Context {
    /// The files that are in a directory.
    pub(super) fn open(dir: &Path) -> Result<Context> {
        let root = File::open(dir).context(dir.display())?.into();
        Ok(Context { root })
    }

    /// Unpacks an archive, compressed or not, into an empty directory.
    pub(super) fn receive(dir: &Path, body: impl Read + Send) -> Result<Context> {
        let context = Context::open(dir)?;
        let unreadable = |error: io::Error| Error::system(error.to_string());
        let (compression, body) = compression::sniff(body).map_err(unreadable)?;
        let body = compression
            .decoder(BufReader::with_capacity(256 << 10, body))
            .map_err(unreadable)?;
        let bounded = Bounded {
            body,
            left: MOST_BYTES,
        };
        let mut archive = ArchiveReader::new(BufReader::with_capacity(256 << 10, bounded));
        let unpacked = unpack::unpack(context.root(), b"/", &mut archive, Options::default());
        unpacked.map_err(|error| match error {
            UnpackError::Archive(error) => Error::system(error.to_string()),
            other => Error::system(other.to_string()),
        })?;
        // Who waits for the answer may send something behind the archive.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(unreadable)?;
        Ok(context)
    }

    /// A directory of the context as a context.
    pub(super) fn narrow(self, dir: &str) -> Result<Context> {
        match walk::find(self.root(), dir.as_bytes()) {
            Ok(Found::Directory(root)) => Ok(Context { root }),
            Ok(_) => Err(Error::system(format!("stat {dir}: not a directory"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::system(format!(
                "stat {dir}: no such file or directory"
            ))),
            Err(error) => Err(Error::system(format!("stat {dir}: {error}"))),
        }
    }

    /// Where its files are.
    pub(super) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// Reads the Dockerfile. Like the list of what to leave out, clients send it
    /// even if that list names it, and then it is no part of the context.
    pub(super) fn dockerfile(&self, given: &str) -> Result<Vec<u8>> {
        let mut name = match given {
            "" => DOCKERFILE,
            given => given,
        };
        let mut found = self.find(name)?;
        if found.is_none() && name == DOCKERFILE {
            name = "dockerfile";
            found = self.find(name)?;
        }
        let Some(found) = found else {
            let name = if given.is_empty() { DOCKERFILE } else { given };
            return Err(Error::system(format!(
                "Cannot locate specified Dockerfile: {name}"
            )));
        };
        let text = text(found, name)?;
        if text.is_empty() {
            let text = format!("the Dockerfile ({name}) cannot be empty");
            return Err(Error::bad_parameter(text));
        }
        let Some(list) = self.find(IGNORE)? else {
            return Ok(text);
        };
        // A list that cannot be read names nothing, as in dockerd.
        let ignore = Ignore::parse(&self::text(list, IGNORE)?).unwrap_or_default();
        for name in [IGNORE, name] {
            let path = match name.starts_with('/') {
                true => name.to_owned(),
                false => clean(name),
            };
            if ignore.is_ignored(&path) {
                walk::remove(self.root(), name.as_bytes()).context(name)?;
            }
        }
        Ok(text)
    }

    /// Takes away what `.dockerignore` names, for a context that no client has
    /// looked through. The Dockerfile stays until it is read.
    pub(super) fn leave_out(&self, dockerfile: &str) -> Result<()> {
        let Some(list) = self.find(IGNORE)? else {
            return Ok(());
        };
        let ignore = Ignore::parse(&text(list, IGNORE)?);
        let ignore = ignore.map_err(|error| Error::system(error.to_string()))?;
        let dockerfile = match dockerfile {
            "" => DOCKERFILE.to_owned(),
            name => clean(name),
        };
        let kept = [IGNORE, &dockerfile, "dockerfile"];
        let mut ahead = vec![(Vec::new(), Default::default())];
        while let Some((dir, above)) = ahead.pop() {
            for (name, is_directory) in walk::list(self.root(), &dir).context("context")? {
                let path = match dir.is_empty() {
                    true => name,
                    false => [dir.as_slice(), b"/", &name].concat(),
                };
                let (ignored, matched) = ignore.judge(&path, &above);
                let needed = kept.iter().any(|kept| {
                    let kept = kept.as_bytes();
                    kept == path || (is_directory && kept.starts_with(&[&path[..], b"/"].concat()))
                });
                if is_directory && (!ignored || needed || ignore.has_exceptions()) {
                    ahead.push((path, matched));
                } else if ignored && !needed {
                    walk::remove(self.root(), &path).context("context")?;
                }
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<Option<Found>> {
        let forbidden = || {
            let text = format!("forbidden path outside the build context: {name} ()");
            Error::system(text)
        };
        if leaves(name) {
            return Err(forbidden());
        }
        match walk::find(self.root(), name.as_bytes()) {
            Ok(found) => Ok(Some(found)),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound => Ok(None),
                io::ErrorKind::NotADirectory => Err(forbidden()),
                _ => Err(Error::system(format!("{name}: {error}"))),
            },
        }
    }
}

/// A path without `.` and `..`, as lists of what to leave out have it.
fn clean(path: &str) -> String {
    let names = tree::components(path.as_bytes());
    String::from_utf8_lossy(&names.join(&b'/')).into_owned()
}

/// Whether a path leads out of the directory that it begins in.
pub(super) fn leaves(path: &str) -> bool {
    let mut depth = 0_i64;
    path.split('/').any(|name| {
        match name {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        depth < 0
    })
}

fn text(found: Found, name: &str) -> Result<Vec<u8>> {
    let unreadable = |reason: &str| {
        let what = match name {
            IGNORE => "Error reading .dockerignore",
            _ => "unexpected error reading Dockerfile",
        };
        let text = format!("{what}: read {name}: {reason}");
        Err(Error::system(text))
    };
    let file = match found {
        Found::File(file) => File::from(file),
        Found::Directory(_) => return unreadable("is a directory"),
        Found::Special => return unreadable("is not a file"),
    };
    let mut text = Vec::new();
    file.take(LONGEST_DOCKERFILE + 1)
        .read_to_end(&mut text)
        .context(name)?;
    match text.len() as u64 > LONGEST_DOCKERFILE {
        true => unreadable("file too large"),
        false => Ok(text),
    }
}

/// A stream that may not go on for ever.
struct Bounded<R> {
    body: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            let text = format!("the build context is larger than {MOST_BYTES} bytes");
            io::Error::other(text)
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    /// A context of these files; a name with a slash at its end is a directory,
    /// one with an arrow a link.
    fn context(files: &[(&str, &str)]) -> (TempDir, Context) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            match name.split_once(" -> ") {
                Some((name, target)) => symlink(target, dir.path().join(name)).unwrap(),
                None if name.ends_with('/') => {
                    std::fs::create_dir(dir.path().join(name)).unwrap();
                }
                None => std::fs::write(dir.path().join(name), text).unwrap(),
            }
        }
        let context = Context::open(dir.path()).unwrap();
        (dir, context)
    }

    fn names(dir: &TempDir) -> Vec<String> {
        let mut names: Vec<String> = walk::list(File::open(dir.path()).unwrap().as_fd(), b"")
            .unwrap()
            .into_iter()
            .map(|(name, _)| String::from_utf8(name).unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_dockerfile_is_found_in_the_context_only() {
        let secret = tempfile::NamedTempFile::new().unwrap();
        let absolute = format!("abs -> {}", secret.path().display());
        let (_dir, context) = context(&[
            ("dockerfile", "lower"),
            ("d/", ""),
            ("d/x", "deep"),
            ("inside -> d/x", ""),
            ("rooted -> /d/x", ""),
            ("out -> ../../../../etc/passwd", ""),
            (&absolute, ""),
            ("empty", ""),
            ("self -> self", ""),
        ]);
        let read = |name: &str| {
            let text = context.dockerfile(name);
            text.map(|text| String::from_utf8(text).unwrap())
                .map_err(|error| error.message)
        };
        for (name, text) in [
            ("", "lower"),
            ("Dockerfile", "lower"),
            ("d/x", "deep"),
            ("/d/../d/x", "deep"),
            ("inside", "deep"),
            ("rooted", "deep"),
        ] {
            assert_eq!(read(name).as_deref(), Ok(text), "{name}");
        }
        for (name, reason) in [
            ("out", "Cannot locate specified Dockerfile: out"),
            ("abs", "Cannot locate specified Dockerfile: abs"),
            ("nope", "Cannot locate specified Dockerfile: nope"),
            ("../x", "forbidden path outside the build context: ../x ()"),
            (
                "d/x/y",
                "forbidden path outside the build context: d/x/y ()",
            ),
            (
                "d",
                "unexpected error reading Dockerfile: read d: is a directory",
            ),
            ("empty", "the Dockerfile (empty) cannot be empty"),
        ] {
            assert_eq!(read(name).unwrap_err(), reason, "{name}");
        }
        assert!(read("self").is_err());
    }

    #[test]
    fn what_clients_only_send_for_the_builder_goes() {
        let files = [
            ("Dockerfile", "FROM a"),
            ("other", ""),
            (".dockerignore", ""),
        ];
        let left = |ignore: &str| {
            let mut files = files;
            files[2].1 = ignore;
            let (dir, context) = context(&files);
            context.dockerfile("").unwrap();
            names(&dir)
        };
        assert_eq!(left("other"), [".dockerignore", "Dockerfile", "other"]);
        assert_eq!(left("Dockerfile"), [".dockerignore", "other"]);
        assert_eq!(left("*\n!other"), ["other"]);
        assert_eq!(left("[\n*"), [".dockerignore", "Dockerfile", "other"]);
    }

    #[test]
    fn files_that_no_client_chose_are_chosen_here() {
        let (dir, context) = context(&[
            ("Dockerfile", "FROM a"),
            (".dockerignore", "*\n!keep\n!d/deep"),
            ("d/", ""),
            ("d/deep", ""),
            ("d/other", ""),
            ("keep", ""),
            ("drop", ""),
            ("link -> /etc", ""),
        ]);
        context.leave_out("").unwrap();
        assert_eq!(names(&dir), [".dockerignore", "Dockerfile", "d", "keep"]);
        assert!(!dir.path().join("d/other").exists());
        assert!(dir.path().join("d/deep").exists());
        context.dockerfile("").unwrap();
        assert_eq!(names(&dir), ["d", "keep"]);
    }

    #[test]
    fn garbage_is_no_context() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Context::receive(dir.path(), &b"garbage".repeat(100)[..]).is_err());
        let cut = [0x1f, 0x8b, 8, 0, 1, 2, 3];
        assert!(Context::receive(dir.path(), &cut[..]).is_err());
        assert!(Context::receive(dir.path(), io::empty()).is_ok());
    }
}
