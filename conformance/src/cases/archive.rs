//! `/containers/{id}/archive`: files in and out, running or not.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use tar::EntryType;

use super::Level::{Must, Quirk};
use super::Row;
use crate::outcome::{Outcome, Stop, ensure, equal};
use crate::session::{Answer, Session};

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "in-and-out",
        "PutContainerArchive, ContainerArchive: what goes in comes out",
        in_and_out,
    ),
    (
        Must,
        "head",
        "ContainerArchiveInfo: the stat in a header, no body",
        head,
    ),
    (
        Must,
        "not-found",
        "ContainerArchive: 404 for the container, 404 for the path",
        not_found,
    ),
    (
        Quirk,
        "no-path",
        "archive: 400 pathcannot be empty",
        no_path,
    ),
    (
        Must,
        "names",
        "archive: entries are named after the path's last name",
        names,
    ),
    (
        Must,
        "links",
        "archive: a link is itself, with a slash behind it its directory",
        links,
    ),
    (
        Must,
        "into-a-file",
        "PutContainerArchive: the path must be a directory",
        into_a_file,
    ),
    (
        Must,
        "kinds",
        "PutContainerArchive: noOverwriteDirNonDir",
        kinds,
    ),
    (
        Must,
        "climbing",
        "PutContainerArchive: nothing outside of the path",
        climbing,
    ),
    (
        Quirk,
        "broken",
        "PutContainerArchive: a broken archive, and none at all",
        broken,
    ),
    (
        Must,
        "read-only",
        "PutContainerArchive: a read-only root is not written",
        read_only,
    ),
    (
        Must,
        "no-kernel-files",
        "archive: procfs and memory of the container are not shown",
        no_kernel_files,
    ),
];

/// One entry of an archive: name, kind, content or target.
type Item<'a> = (&'a str, EntryType, &'a str);

pub(super) fn archive(items: &[Item<'_>]) -> Outcome<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, kind, text) in items {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o4755);
        header.set_uid(7);
        header.set_gid(8);
        header.set_mtime(1_000_000_000);
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        let content = match kind {
            EntryType::Regular => text.as_bytes(),
            _ => {
                old.linkname[..text.len()].copy_from_slice(text.as_bytes());
                b""
            }
        };
        header.set_size(content.len() as u64);
        header.set_cksum();
        archive
            .append(&header, content)
            .map_err(|e| Stop::Fail(e.to_string()))?;
    }
    archive.into_inner().map_err(|e| Stop::Fail(e.to_string()))
}

pub(super) fn put(s: &Session, id: &str, query: &str, body: Vec<u8>) -> Outcome<Answer> {
    let path = format!("/containers/{id}/archive?path={query}");
    s.exchange(&s.request("PUT", &path).body("application/x-tar", body))
}

fn get(s: &Session, id: &str, path: &str) -> Outcome<Answer> {
    s.get(&format!("/containers/{id}/archive?path={path}"))
}

/// Name, mode, owner and content or target of every entry.
fn listed(answer: &Answer) -> Outcome<Vec<(String, u32, u64, String)>> {
    let failed = |e: std::io::Error| Stop::Fail(format!("{}: {e}", answer.asked));
    let mut archive = tar::Archive::new(answer.body.as_slice());
    let mut all = Vec::new();
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let header = entry.header().clone();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).map_err(failed)?;
        if let Some(target) = entry.link_name_bytes() {
            text = String::from_utf8_lossy(&target).into_owned();
        }
        let mode = header.mode().map_err(failed)? & 0o7777;
        all.push((name, mode, header.uid().map_err(failed)?, text));
    }
    Ok(all)
}

fn stat(answer: &Answer) -> Outcome<Value> {
    let header = answer.header("X-Docker-Container-Path-Stat");
    let bytes = BASE64_STANDARD
        .decode(header)
        .map_err(|e| Stop::Fail(format!("{header:?}: {e}")))?;
    serde_json::from_slice(&bytes).map_err(|e| Stop::Fail(e.to_string()))
}

fn in_and_out(s: &Session) -> Outcome {
    for run in [false, true] {
        let id = s.create(&["sleep", "60"], json!({}))?;
        if run {
            s.post(&format!("/containers/{id}/start"))?.expect(204)?;
        }
        let items = [
            ("dir/", EntryType::Directory, ""),
            ("dir/file", EntryType::Regular, "content"),
            ("dir/hard", EntryType::Link, "dir/file"),
            ("dir/soft", EntryType::Symlink, "file"),
        ];
        let answer = put(s, &id, "/", archive(&items)?)?.expect(200)?;
        ensure!(answer.body.is_empty(), "a body: {:?}", answer.text());
        let answer = get(s, &id, "/dir")?.expect(200)?;
        equal!(answer.header("Content-Type"), "application/x-tar", "type");
        let seen = listed(&answer)?;
        let expected = [
            ("dir/", 0o4755, 7, ""),
            ("dir/file", 0o4755, 7, "content"),
            ("dir/hard", 0o4755, 7, "dir/file"),
            ("dir/soft", 0o777, 7, "file"),
        ]
        .map(|(name, mode, uid, text)| (name.to_owned(), mode, uid, text.to_owned()));
        equal!(seen, expected, "entries, running: {run}");
        let stat = stat(&answer)?;
        equal!(stat["name"], "dir", "name");
        equal!(stat["mtime"], "2001-09-09T01:46:40Z", "mtime");
    }
    Ok(())
}

fn head(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let items = [("f", EntryType::Regular, "seven b")];
    put(s, &id, "/", archive(&items)?)?.expect(200)?;
    let answer = s.call("HEAD", &format!("/containers/{id}/archive?path=/f"))?;
    let answer = answer.expect(200)?;
    ensure!(answer.body.is_empty(), "a body");
    let expected = json!({
        "name": "f",
        "size": 7,
        // Go's bit for set-uid, and the permissions.
        "mode": 1 << 23 | 0o755,
        "mtime": "2001-09-09T01:46:40Z",
        "linkTarget": "",
    });
    equal!(stat(&answer)?, expected, "stat");
    s.call("HEAD", &format!("/containers/{id}/archive?path=/nope"))?
        .expect(404)?;
    Ok(())
}

fn not_found(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    get(s, "nosuchcontainer", "/")?.expect_error(404, "No such container: nosuchcontainer")?;
    put(s, "nosuchcontainer", "/", archive(&[])?)?
        .expect_error(404, "No such container: nosuchcontainer")?;
    let text = format!("Could not find the file /nope in container {id}");
    get(s, &id, "/nope")?.expect_error(404, &text)?;
    put(s, &id, "/nope", archive(&[])?)?.expect_error(404, &text)?;
    Ok(())
}

fn no_path(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    get(s, &id, "")?.expect_error(400, "pathcannot be empty")?;
    put(s, &id, "", Vec::new())?.expect_error(400, "pathcannot be empty")?;
    Ok(())
}

fn names(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let items = [("d/f", EntryType::Regular, "x")];
    put(s, &id, "/", archive(&items)?)?.expect(200)?;
    for (path, expected) in [
        ("/d", ["d/", "d/f"]),
        ("/d/", ["d/", "d/f"]),
        ("/d/.", ["./", "./f"]),
        ("../../d", ["d/", "d/f"]),
    ] {
        let seen = listed(&get(s, &id, path)?.expect(200)?)?;
        let names: Vec<&str> = seen.iter().map(|(name, ..)| name.as_str()).collect();
        equal!(names, expected, "{path}");
    }
    Ok(())
}

fn links(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let items = [
        ("d/f", EntryType::Regular, "x"),
        ("to", EntryType::Symlink, "/d"),
    ];
    put(s, &id, "/", archive(&items)?)?.expect(200)?;
    let answer = get(s, &id, "/to")?.expect(200)?;
    equal!(stat(&answer)?["linkTarget"], "/d", "linkTarget");
    equal!(stat(&answer)?["mode"], 1 << 27 | 0o777, "mode");
    equal!(listed(&answer)?.len(), 1, "the link alone");
    let below = listed(&get(s, &id, "/to/")?.expect(200)?)?;
    equal!(below.len(), 2, "the directory");
    put(s, &id, "/to", archive(&[("g", EntryType::Regular, "y")])?)?.expect(200)?;
    get(s, &id, "/d/g")?.expect(200)?;
    Ok(())
}

fn into_a_file(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    put(s, &id, "/bin/probe", archive(&[])?)?.expect_text("extraction point is not a directory")?;
    Ok(())
}

fn kinds(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let first = [
        ("d/f", EntryType::Regular, "x"),
        ("f", EntryType::Regular, "x"),
    ];
    put(s, &id, "/", archive(&first)?)?.expect(200)?;
    let file = archive(&[("d", EntryType::Regular, "")])?;
    let directory = archive(&[("f/", EntryType::Directory, "")])?;
    let keep = "/&noOverwriteDirNonDir=1";
    put(s, &id, keep, file.clone())?.expect_error(500, "cannot overwrite directory \"/d\"")?;
    put(s, &id, keep, directory.clone())?
        .expect_error(500, "cannot overwrite non-directory \"/f\"")?;
    get(s, &id, "/d/f")?.expect(200)?;
    put(s, &id, "/", file)?.expect(200)?;
    put(s, &id, "/", directory)?.expect(200)?;
    get(s, &id, "/d/f")?.expect(500)?;
    get(s, &id, "/f/.")?.expect(200)?;
    Ok(())
}

fn climbing(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    for (item, text) in [
        (("../x", EntryType::Regular, ""), "is outside of \"/bin\""),
        (("h", EntryType::Link, "../etc/hosts"), "invalid hardlink"),
        (("l", EntryType::Symlink, "../../etc"), "invalid symlink"),
    ] {
        put(s, &id, "/bin", archive(&[item])?)?.expect_error(500, text)?;
    }
    // An absolute link is as good as any: it leads to the container's root.
    let through = [
        ("l", EntryType::Symlink, "/etc"),
        ("l/x", EntryType::Regular, "inside"),
    ];
    put(s, &id, "/bin", archive(&through)?)?.expect(200)?;
    get(s, &id, "/etc/x")?.expect(200)?;
    Ok(())
}

fn broken(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    put(s, &id, "/", Vec::new())?.expect(200)?;
    put(s, &id, "/", b"garbage ".repeat(200))?.expect_error(500, "invalid tar header")?;
    let long = "x".repeat(4000);
    let mut cut = archive(&[("kept", EntryType::Regular, &long)])?;
    cut.truncate(2000);
    put(s, &id, "/", cut)?.expect_error(500, "unexpected EOF")?;
    // What came stays.
    get(s, &id, "/kept")?.expect(200)?;
    Ok(())
}

fn read_only(s: &Session) -> Outcome {
    let more = json!({"HostConfig": {"NetworkMode": "none", "ReadonlyRootfs": true}});
    let id = s.create(&["sleep", "60"], more)?;
    for _ in ["created", "running"] {
        put(s, &id, "/", archive(&[("x", EntryType::Regular, "")])?)?
            .expect_text("container rootfs is marked read-only")?;
        get(s, &id, "/bin/probe")?.expect(200)?;
        s.post(&format!("/containers/{id}/start"))?;
    }
    Ok(())
}

fn no_kernel_files(s: &Session) -> Outcome {
    let more = json!({"HostConfig": {"NetworkMode": "none", "Tmpfs": {"/memory": ""}}});
    let id = s.run(&["sleep", "60"], more)?;
    for path in ["/proc", "/sys", "/memory"] {
        let seen = listed(&get(s, &id, path)?.expect(200)?)?;
        equal!(seen.len(), 1, "{path} is an empty directory");
    }
    for path in ["/proc/self/status", "/dev/null", "/proc/1/root"] {
        get(s, &id, path)?.expect_error(404, "Could not find the file")?;
    }
    Ok(())
}
