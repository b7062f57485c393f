//! The files of one `COPY` or `ADD`: which ones it means, what is in them, and
//! how they get to their place.
//!
//! Digests are made as dockerd makes them, of names, metadata without times,
//! and contents, so that histories show the same ones.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use longshore_archive::compression;
use longshore_archive::copy;
use longshore_archive::make;
use longshore_archive::read::{ArchiveReader, Entry, Kind};
use longshore_archive::tree;
use longshore_archive::unpack;
use longshore_archive::walk::{self, Found};
use longshore_dockerfile::instruction::Heredoc;
use longshore_dockerfile::pattern;
use longshore_oci::digest::{Digest, Hasher};
use longshore_runtime::view::View;

use super::context::leaves;
use crate::error::{Error, IoContext, Result};

/// Where the paths of an instruction lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// To the build's context.
    Context,
    /// To the files of a stage or an image.
    Image,
}

/// Something that is copied as a whole.
#[derive(Debug)]
pub(super) struct Selected {
    what: What,
    /// `file:` or `dir:` and a digest; bare for a file of the web.
    digest: String,
}

#[derive(Debug)]
enum What {
    /// What is in a directory.
    Directory(OwnedFd),
    /// A file under the name that it was asked for by.
    File { file: OwnedFd, name: Vec<u8> },
    /// A file of the web: never unpacked.
    Download { file: OwnedFd, name: Vec<u8> },
    /// A file that stands in the Dockerfile.
    Text { text: Vec<u8>, name: Vec<u8> },
}

/// Where files go to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    /// From the image's root; a slash at the end makes it a directory.
    pub(super) path: String,
    /// Owner and group; none leaves the files' own.
    pub(super) owner: Option<(u32, u32)>,
    /// Permissions instead of the files' own.
    pub(super) mode: Option<u32>,
    /// Archives are unpacked instead of copied.
    pub(super) unpack: bool,
}

impl Target {
    /// A destination as an instruction has it, seen from a working directory.
    pub(super) fn path(working_dir: &str, given: &str) -> String {
        match given.starts_with('/') {
            true => given.to_owned(),
            false => format!("{}/{given}", working_dir.trim_end_matches('/')),
        }
    }
}

/// The files below `root` that a path or pattern means, in the order of their
/// names. A pattern may mean none.
pub(super) fn select(root: BorrowedFd<'_>, given: &str, origin: Origin) -> Result<Vec<Selected>> {
    let path = given.strip_prefix('/').unwrap_or(given);
    let path = path.strip_prefix("./").unwrap_or(path);
    if !pattern::is_pattern(path.as_bytes()) {
        return Ok(vec![one(root, path, origin)?]);
    }
    let mut found = Vec::new();
    for path in matching(root, path)? {
        found.push(one(root, &path, origin)?);
    }
    Ok(found)
}

/// A file that stands in the Dockerfile.
pub(super) fn inline(heredoc: &Heredoc) -> Selected {
    let entry = Entry {
        path: heredoc.name.clone().into_bytes(),
        link: Vec::new(),
        kind: Kind::File,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        size: heredoc.content.len() as u64,
        mtime: (0, 0),
        device: (0, 0),
        xattrs: Vec::new(),
        sparse: None,
    };
    let mut text = heredoc.content.as_bytes();
    // Reading from memory does not fail.
    let digest = sum(&entry, &mut text).unwrap_or_default();
    Selected {
        what: What::Text {
            text: heredoc.content.clone().into_bytes(),
            name: entry.path,
        },
        digest: format!("file:{digest}"),
    }
}

/// A file of the web, under a name.
pub(super) fn download(file: File, name: &str) -> Result<Selected> {
    let file = OwnedFd::from(file);
    let digest = file_digest(&file, name.as_bytes()).context(name)?;
    // dockerd shows it bare.
    let digest = digest.trim_start_matches("file:").to_owned();
    Ok(Selected {
        what: What::Download {
            file,
            name: name.as_bytes().to_vec(),
        },
        digest,
    })
}

/// What stands for all files of an instruction in its history and in the key of
/// the cache.
pub(super) fn digest_of(selected: &[Selected]) -> String {
    match selected {
        [one] => one.digest.clone(),
        several => {
            let digests: Vec<&str> = several.iter().map(|one| one.digest.as_str()).collect();
            format!("multi:{}", Digest::of(digests.join(",").as_bytes()).hex())
        }
    }
}

/// The owner that `--chown` names, by the image's own lists.
pub(super) fn owner(view: &View, chown: &str) -> Result<(u32, u32)> {
    let wrong = |text: String| {
        let about = "unable to convert uid/gid chown string to host mapping";
        Error::system(format!("{about}: {text}"))
    };
    let (user, group) = match chown.split(':').collect::<Vec<_>>()[..] {
        [user] => (user, user),
        [user, group] => (user, group),
        _ => return Err(wrong(format!("invalid chown string format: {chown}"))),
    };
    if user.is_empty() || group.is_empty() {
        return Err(wrong(format!("invalid chown string format: {chown}")));
    }
    let uid = match user.parse() {
        Ok(uid) => uid,
        Err(_) => {
            let found = view.user(user).map_err(|error| {
                tracing::debug!(%error, "an owner");
                wrong(format!(
                    "can't find uid for user {user}: no such user: {user}"
                ))
            });
            found?.0
        }
    };
    let gid = match group.parse() {
        Ok(gid) => gid,
        Err(_) => {
            let found = view.user(&format!("0:{group}")).map_err(|error| {
                tracing::debug!(%error, "a group");
                wrong(format!(
                    "can't find gid for group {group}: no such group: {group}"
                ))
            });
            found?.1
        }
    };
    Ok((uid, gid))
}

/// Copies files below the root of an image.
pub(super) fn place(selected: &[Selected], root: BorrowedFd<'_>, target: &Target) -> Result<()> {
    for one in selected {
        put(one, root, target).map_err(|error| {
            let reason = error.to_string();
            let text = match reason.split_once(" (os error") {
                Some((reason, _)) => format!("{}: {}", target.path, reason.to_lowercase()),
                None => reason,
            };
            Error::system(format!("failed to copy files: {text}"))
        })?;
    }
    Ok(())
}

fn put(selected: &Selected, root: BorrowedFd<'_>, target: &Target) -> io::Result<()> {
    let mut options = copy::Options {
        owner: target.owner,
        mode: target.mode,
        ..copy::Options::default()
    };
    let (file, name) = match &selected.what {
        What::Directory(source) => {
            // Directories on the way are nobody's; only the last one is the
            // files' own.
            let names = tree::components(target.path.as_bytes());
            if let Some((_, above)) = names.split_last() {
                make::directories(root, &above.join(&b'/'))?;
            }
            let path = target.path.as_bytes();
            let (directory, _) = make::directories_of(root, path, target.owner)?;
            return copy::copy_directory(source, &directory, options);
        }
        What::Text { text, name } => {
            let (parent, name) = file_place(root, target, name)?;
            let mode = target.mode.unwrap_or(0o644);
            return copy::write_file(text, &parent, &name, mode, target.owner.unwrap_or_default());
        }
        What::File { file, name } => {
            if target.unpack && is_archive(file)? {
                return unpack_into(file, root, target);
            }
            (file, name)
        }
        What::Download { file, name } => {
            options.mode = Some(target.mode.unwrap_or(0o600));
            (file, name)
        }
    };
    let (parent, name) = file_place(root, target, name)?;
    copy::copy_file(file, &parent, &name, options)
}

/// The directory that a file goes to, and its name there.
fn file_place(
    root: BorrowedFd<'_>,
    target: &Target,
    name: &[u8],
) -> io::Result<(OwnedFd, Vec<u8>)> {
    let path = target.path.as_bytes();
    let owner = target.owner;
    let into =
        target.path.ends_with('/') || matches!(walk::find(root, path), Ok(Found::Directory(_)));
    if into {
        return Ok((make::directories_of(root, path, owner)?.0, name.to_vec()));
    }
    // A link is not replaced: the file goes to where it leads.
    let path = tree::spelled_out(root, path);
    let names = tree::components(&path);
    let Some((last, above)) = names.split_last() else {
        return Err(io::ErrorKind::IsADirectory.into());
    };
    let parent = make::directories_of(root, &above.join(&b'/'), owner)?.0;
    Ok((parent, last.to_vec()))
}

/// The directory is the archive's whole world, as in dockerd: its links may
/// lead anywhere, but nothing is written behind them that is not below it.
fn unpack_into(file: &OwnedFd, root: BorrowedFd<'_>, target: &Target) -> io::Result<()> {
    let directory = make::directories(root, target.path.as_bytes())?;
    let mut archive = ArchiveReader::new(BufReader::new(content(file)?));
    let options = unpack::Options::default();
    unpack::unpack(directory.as_fd(), b"/", &mut archive, options).map_err(io::Error::other)
}

/// Whether a file begins as an archive does, compressed or not.
fn is_archive(file: &OwnedFd) -> io::Result<bool> {
    let Ok(content) = content(file) else {
        return Ok(false);
    };
    let mut archive = ArchiveReader::new(BufReader::new(content));
    Ok(matches!(archive.next_entry(), Ok(Some(_))))
}

fn content(file: &OwnedFd) -> io::Result<Box<dyn Read + Send>> {
    let mut file = File::from(file.try_clone()?);
    file.rewind()?;
    let (compression, file) = compression::sniff(file)?;
    compression.decoder(BufReader::with_capacity(256 << 10, file))
}

/// One path, without a pattern.
fn one(root: BorrowedFd<'_>, path: &str, origin: Origin) -> Result<Selected> {
    let forbidden = || {
        let text = format!("forbidden path outside the build context: {path} ()");
        Error::system(text)
    };
    if leaves(path) {
        return Err(forbidden());
    }
    // A slash behind a file means nothing.
    let place = path.trim_end_matches('/');
    let found = walk::find(root, place.as_bytes()).map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory => forbidden(),
        io::ErrorKind::NotFound => {
            let reason = match origin {
                Origin::Context => "file not found in build context or excluded by .dockerignore: ",
                Origin::Image => "",
            };
            Error::system(format!("{reason}stat {path}: file does not exist"))
        }
        _ => Error::system(format!("stat {path}: {error}")),
    })?;
    let names = tree::components(path.as_bytes());
    let shown = names.join(&b'/');
    match found {
        Found::Directory(directory) => Ok(Selected {
            digest: directory_digest(&directory, &shown).context(path)?,
            what: What::Directory(directory),
        }),
        Found::File(file) => Ok(Selected {
            digest: file_digest(&file, &shown).context(path)?,
            what: What::File {
                file,
                name: names.last().map(|name| name.to_vec()).unwrap_or_default(),
            },
        }),
        Found::Special => Err(Error::system(format!(
            "{path} is neither a file nor a directory"
        ))),
    }
}

/// The paths below `root` that a pattern matches, sorted. Links on the way are
/// not followed, and a pattern that cannot be read matches nothing.
fn matching(root: BorrowedFd<'_>, given: &str) -> Result<Vec<String>> {
    if pattern::matches(given.as_bytes(), b"").is_err() {
        return Ok(Vec::new());
    }
    let parts = match has_slash_in_class(given) {
        // Then only whole paths can be compared.
        true => None,
        false => Some(given.split('/').collect::<Vec<_>>()),
    };
    let mut found = Vec::new();
    let mut ahead = vec![(String::new(), 0)];
    while let Some((dir, depth)) = ahead.pop() {
        for (name, is_directory) in walk::list(root, dir.as_bytes()).context("context")? {
            // What has no name in UTF-8 cannot be named in a Dockerfile.
            let Ok(name) = String::from_utf8(name) else {
                continue;
            };
            let path = match dir.is_empty() {
                true => name.clone(),
                false => format!("{dir}/{name}"),
            };
            let fits = |pattern: &str, name: &str| {
                pattern::matches(pattern.as_bytes(), name.as_bytes()) == Ok(true)
            };
            match &parts {
                None => {
                    if fits(given, &path) {
                        found.push(path.clone());
                    }
                    if is_directory {
                        ahead.push((path, depth + 1));
                    }
                }
                Some(parts) if fits(parts[depth], &name) => {
                    if depth + 1 == parts.len() {
                        found.push(path);
                    } else if is_directory {
                        ahead.push((path, depth + 1));
                    }
                }
                Some(_) => {}
            }
        }
    }
    // The order of a walk: names, not whole paths, are compared.
    found.sort_by(|a, b| a.split('/').cmp(b.split('/')));
    Ok(found)
}

fn has_slash_in_class(pattern: &str) -> bool {
    let mut inside = false;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '[' => inside = true,
            ']' => inside = false,
            '/' if inside => return true,
            _ => {}
        }
    }
    false
}

fn file_digest(file: &OwnedFd, shown: &[u8]) -> io::Result<String> {
    let mut found = String::new();
    walk::file(file, shown, &mut |entry, content| {
        found = sum(entry, content)?;
        Ok(())
    })?;
    Ok(format!("file:{found}"))
}

fn directory_digest(directory: &OwnedFd, shown: &[u8]) -> io::Result<String> {
    let mut sums = Vec::new();
    let add = &mut |entry: &Entry, content: &mut dyn Read| {
        sums.push(sum(entry, content)?);
        Ok(())
    };
    // The context itself has no name, and no part in its digest.
    if !shown.is_empty() {
        walk::directory(directory, shown, add)?;
    }
    walk::below(directory, shown, add)?;
    sums.sort_unstable();
    Ok(format!(
        "dir:{}",
        Digest::of(sums.join(",").as_bytes()).hex()
    ))
}

/// The digest of one entry: its header without the time, then its content.
fn sum(entry: &Entry, content: &mut dyn Read) -> io::Result<String> {
    let mut hasher = Hasher::default();
    let mut field = |name: &str, value: &[u8]| {
        hasher.update(name.as_bytes());
        hasher.update(value);
    };
    let number = |number: u64| number.to_string().into_bytes();
    field("name", &entry.path);
    field("mode", &number(entry.mode.into()));
    field("uid", &number(entry.uid.into()));
    field("gid", &number(entry.gid.into()));
    field("size", &number(entry.size));
    let kind: &[u8] = match entry.kind {
        Kind::File => b"0",
        Kind::HardLink => b"1",
        Kind::Symlink => b"2",
        Kind::CharDevice => b"3",
        Kind::BlockDevice => b"4",
        Kind::Directory => b"5",
        Kind::Fifo => b"6",
    };
    field("typeflag", kind);
    field("linkname", &entry.link);
    field("uname", b"");
    field("gname", b"");
    field("devmajor", &number(entry.device.0.into()));
    field("devminor", &number(entry.device.1.into()));
    let mut xattrs: Vec<_> = entry.xattrs.iter().collect();
    xattrs.sort();
    for (name, value) in xattrs {
        field(&String::from_utf8_lossy(name), value);
    }
    let mut buffer = vec![0; 64 << 10];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hasher.finish().hex().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    use std::path::Path;
    use std::time::SystemTime;

    use tempfile::TempDir;

    use super::*;

    fn tree(files: &[&str]) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in files {
            let path = dir.path().join(name);
            match name.split_once(" -> ") {
                Some((name, target)) => symlink(target, dir.path().join(name)).unwrap(),
                None if name.ends_with('/') => std::fs::create_dir_all(path).unwrap(),
                None => std::fs::write(path, name).unwrap(),
            }
        }
        dir
    }

    fn root(dir: &TempDir) -> OwnedFd {
        File::open(dir.path()).unwrap().into()
    }

    fn found(dir: &TempDir, given: &str) -> Result<Vec<String>, String> {
        let found = select(root(dir).as_fd(), given, Origin::Context);
        let shown = |one: Selected| match one.what {
            What::File { name, .. } => String::from_utf8(name).unwrap(),
            What::Directory(_) => "directory".to_owned(),
            other => panic!("{other:?}"),
        };
        found
            .map(|found| found.into_iter().map(shown).collect())
            .map_err(|error| error.message)
    }

    #[test]
    fn patterns_choose_what_dockerd_s_do() {
        let dir = tree(&[
            "a",
            "b.go",
            "d/",
            "d/x",
            "d/y.go",
            "lnk -> d",
            "out -> ../../../../../etc/passwd",
            "[x]",
            "x*y",
        ]);
        for (given, expected) in [
            ("a", &["a"][..]),
            ("/a", &["a"]),
            ("./a", &["a"]),
            ("a/", &["a"]),
            ("d/../a", &["a"]),
            ("", &["directory"]),
            (".", &["directory"]),
            ("lnk", &["directory"]),
            ("lnk/x", &["x"]),
            ("*.go", &["b.go"]),
            ("*/*.go", &["y.go"]),
            ("./d/*", &["x", "y.go"]),
            ("lnk/*", &[]),
            ("../*", &[]),
            ("nope*", &[]),
            ("[a", &[]),
            ("[[]x]", &["[x]"]),
            ("x*", &["x*y"]),
            ("[^a]", &["directory"]),
        ] {
            assert_eq!(found(&dir, given).unwrap(), expected, "{given}");
        }
        for (given, reason) in [
            ("../a", "forbidden path outside the build context: ../a ()"),
            ("a/x", "forbidden path outside the build context: a/x ()"),
            (
                "out",
                "file not found in build context or excluded by .dockerignore: \
                 stat out: file does not exist",
            ),
        ] {
            assert_eq!(found(&dir, given).unwrap_err(), reason);
        }
    }

    #[test]
    fn digests_tell_content_and_rights_but_not_times() {
        let dir = tree(&["d/", "d/x"]);
        let file = dir.path().join("d/x");
        let digest =
            |given: &str| digest_of(&select(root(&dir).as_fd(), given, Origin::Context).unwrap());
        let both = || [digest("d/x"), digest("d"), digest("*/*")];
        let before = both();
        assert!(before[0].starts_with("file:") && before[1].starts_with("dir:"));
        File::open(&file)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(both(), before);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let private = both();
        std::fs::write(&file, "D/X").unwrap();
        let changed = both();
        for index in 0..3 {
            assert_ne!(before[index], private[index]);
            assert_ne!(private[index], changed[index]);
        }
    }

    fn copied(from: &TempDir, given: &str, to: &TempDir, path: &str) -> Result<(), String> {
        let selected = select(root(from).as_fd(), given, Origin::Context).unwrap();
        let me = std::fs::metadata(to.path()).unwrap();
        let target = Target {
            path: path.to_owned(),
            owner: Some((me.uid(), me.gid())),
            ..Target::default()
        };
        place(&selected, root(to).as_fd(), &target).map_err(|error| error.message)
    }

    #[test]
    fn links_of_the_image_lead_to_places_in_it() {
        let outside = tempfile::tempdir().unwrap();
        let from = tree(&["a", "d/", "d/x", "d/out -> /etc"]);
        let absolute = format!("abs -> {}", outside.path().display());
        let to = tree(&[
            "t/",
            "t/a",
            "lnk -> t",
            "up -> ../../../../over/there",
            &absolute,
        ]);
        for path in ["/lnk/new", "/up", "/abs/x", "/abs2/../y", "/t"] {
            copied(&from, "a", &to, path).unwrap();
        }
        copied(&from, "d", &to, "/abs").unwrap();
        let is = |path: &str| {
            let path = to.path().join(path.trim_start_matches('/'));
            std::fs::read_to_string(path).unwrap()
        };
        let inside = outside.path().to_str().unwrap();
        for (path, text) in [
            ("t/new", "a"),
            ("over/there", "a"),
            ("y", "a"),
            ("t/a", "a"),
            (&format!("{inside}/x"), "d/x"),
        ] {
            assert_eq!(is(path), text, "{path}");
        }
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
        let link = to.path().join(&inside[1..]).join("out");
        assert_eq!(std::fs::read_link(link).unwrap(), Path::new("/etc"));
        let error = copied(&from, "a", &to, "/t/a/b").unwrap_err();
        assert_eq!(error, "failed to copy files: /t/a/b: not a directory");
    }
}
