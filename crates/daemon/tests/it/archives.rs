//! What archives carry beside plain files, both ways; and clients that stop in
//! the middle of one.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tar::EntryType;

use crate::harness::{Daemon, PATIENCE, clis, wait_for};

/// `cap_net_raw` as the kernel keeps it.
const CAPABILITY: [u8; 20] = [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// What a test looks at of an entry.
#[derive(Debug, PartialEq)]
struct Seen {
    kind: EntryType,
    mode: u32,
    owner: (u64, u64),
    size: u64,
    device: (u32, u32),
    xattrs: BTreeMap<String, Vec<u8>>,
}

fn seen(archive: &[u8], below: &str) -> BTreeMap<Vec<u8>, Seen> {
    let mut found = BTreeMap::new();
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path_bytes().into_owned();
        let Some(name) = path.strip_prefix(below.as_bytes()) else {
            continue;
        };
        let name = name.to_vec();
        let mut xattrs = BTreeMap::new();
        for record in entry.pax_extensions().unwrap().into_iter().flatten() {
            let record = record.unwrap();
            if let Some(key) = record.key().unwrap().strip_prefix("SCHILY.xattr.") {
                xattrs.insert(key.to_owned(), record.value_bytes().to_vec());
            }
        }
        let header = entry.header();
        let device = match header.entry_type() {
            EntryType::Char | EntryType::Block => (
                header.device_major().unwrap().unwrap(),
                header.device_minor().unwrap().unwrap(),
            ),
            _ => (0, 0),
        };
        let seen = Seen {
            kind: header.entry_type(),
            mode: header.mode().unwrap() & 0o7777,
            owner: (header.uid().unwrap(), header.gid().unwrap()),
            size: entry.size(),
            device,
            xattrs,
        };
        found.insert(name, seen);
    }
    found
}

fn header(kind: EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(0o640);
    header.set_uid(7);
    header.set_gid(8);
    header.set_size(size);
    header
}

/// One of everything, below `in/`.
fn everything() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let records: [(&str, &[u8]); 2] = [
        ("SCHILY.xattr.user.q", b"v\0w"),
        ("SCHILY.xattr.security.capability", &CAPABILITY),
    ];
    archive.append_pax_extensions(records).unwrap();
    let mut file = header(EntryType::Regular, 3);
    file.set_mode(0o4751);
    archive
        .append_data(&mut file, "in/file", &b"abc"[..])
        .unwrap();
    let mut link = header(EntryType::Link, 0);
    archive
        .append_link(&mut link, "in/hard", "in/file")
        .unwrap();
    let mut fifo = header(EntryType::Fifo, 0);
    archive.append_data(&mut fifo, "in/fifo", &b""[..]).unwrap();
    let nodes = [
        ("in/char", EntryType::Char, 1, 3),
        ("in/block", EntryType::Block, 7, 0),
    ];
    for (name, kind, major, minor) in nodes {
        let mut node = header(kind, 0);
        node.set_device_major(major).unwrap();
        node.set_device_minor(minor).unwrap();
        archive.append_data(&mut node, name, &b""[..]).unwrap();
    }
    let long = format!("in/{}", "n".repeat(255));
    let deep = format!("in/{0}/{0}/{0}", "d".repeat(120));
    for name in [
        OsStr::new(&long),
        OsStr::new(&deep),
        OsStr::from_bytes(b"in/\xff\xfe"),
    ] {
        // The builder writes GNU's records for what does not fit.
        let mut plain = tar::Header::new_gnu();
        plain.set_mode(0o600);
        plain.set_uid(7);
        plain.set_gid(8);
        plain.set_size(1);
        archive
            .append_data(&mut plain, Path::new(name), &b"x"[..])
            .unwrap();
    }
    archive.into_inner().unwrap()
}

/// `docker cp - NAME:PATH`
fn put(daemon: &Daemon, bytes: &[u8], to: &str) {
    let mut child = daemon
        .docker_with(&clis()[0], &["cp", "-", to])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    assert!(child.wait().unwrap().success(), "{}", daemon.log());
}

fn get(daemon: &Daemon, args: &[&str]) -> Vec<u8> {
    let output = daemon.try_docker(args);
    assert!(output.status.success(), "{args:?}");
    output.stdout
}

fn busybox(name: &str) -> [&str; 9] {
    [
        "create", "--name", name, "--net", "none", "-v", "vol:/vol", "busybox", "sleep",
    ]
}

#[test]
fn all_that_an_archive_can_carry() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    for name in ["idle", "busy"] {
        daemon.docker(&[&busybox(name)[..], &["1000"]].concat());
    }
    daemon.docker(&["start", "busy"]);
    let sent = everything();
    for name in ["idle", "busy"] {
        put(&daemon, &sent, &format!("{name}:/"));
        let copied = seen(&get(&daemon, &["cp", &format!("{name}:/in"), "-"]), "in/");
        let exported = seen(&get(&daemon, &["export", name]), "in/");
        assert_eq!(copied, exported, "{name}");
        let mut expected = seen(&sent, "in/");
        // What is sent second is the link.
        let file = copied.get(&b"file"[..]).unwrap();
        assert_eq!(
            (file.kind, file.mode, file.size),
            (EntryType::Regular, 0o4751, 3)
        );
        assert_eq!(file.xattrs, expected[&b"file"[..]].xattrs);
        assert_eq!(copied[&b"hard"[..]].kind, EntryType::Link);
        for name in [&b"file"[..], b"hard"] {
            expected.remove(name);
        }
        for (path, expected) in &expected {
            let text = String::from_utf8_lossy(path);
            let found = copied.get(path);
            assert_eq!(found, Some(expected), "{name}: {text}");
        }
    }
    let look = "cd /in; stat -c '%a %u:%g %h' file; stat -c '%F %t:%T' fifo char block";
    let look = daemon.docker(&["exec", "busy", "sh", "-c", look]);
    assert_eq!(
        look,
        "4751 7:8 2\nfifo 0:0\ncharacter special file 1:3\nblock special file 7:0"
    );
}

#[test]
fn sockets_stay_behind_and_holes_are_zeros() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.docker(&[&busybox("one")[..], &["1000"]].concat());
    let data = daemon.path().join("data/volumes/vol/_data");
    let _socket = UnixListener::bind(data.join("socket")).unwrap();
    let holes = std::fs::File::create(data.join("holes")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&holes, b"end", 10 << 20).unwrap();
    let bytes = get(&daemon, &["cp", "one:/vol", "-"]);
    let names = seen(&bytes, "vol/");
    let names: Vec<&[u8]> = names
        .keys()
        .map(Vec::as_slice)
        .filter(|n| !n.is_empty())
        .collect();
    assert_eq!(names, [b"holes"]);
    let mut archive = tar::Archive::new(&bytes[..]);
    let holes = archive.entries().unwrap().map(Result::unwrap);
    let mut holes = { holes }
        .find(|entry| entry.path_bytes().ends_with(b"holes"))
        .unwrap();
    let mut content = Vec::new();
    holes.read_to_end(&mut content).unwrap();
    let (zeros, end) = content.split_at(10 << 20);
    assert!(zeros.iter().all(|byte| *byte == 0));
    assert_eq!(end, b"end");
}

#[test]
fn compressed_archives_are_taken() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.docker(&[&busybox("one")[..], &["1000"]].concat());
    for program in ["gzip", "bzip2", "xz"] {
        let mut archive = tar::Builder::new(Vec::new());
        let mut file = header(EntryType::Regular, program.len() as u64);
        archive
            .append_data(&mut file, program, program.as_bytes())
            .unwrap();
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect(program);
        let bytes = archive.into_inner().unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let packed = child.wait_with_output().unwrap().stdout;
        let head = format!(
            "PUT /v1.40/containers/one/archive?path=/ HTTP/1.1\r\nHost: x\r\nConnection: close\
             \r\nContent-Type: application/x-tar\r\nContent-Length: {}\r\n\r\n",
            packed.len()
        );
        let mut stream = UnixStream::connect(daemon.socket()).unwrap();
        stream
            .write_all(&[head.as_bytes(), &packed].concat())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{program}: {answer}");
        let copied = get(&daemon, &["cp", &format!("one:/{program}"), "-"]);
        assert_eq!(seen(&copied, program)[&b""[..]].owner, (7, 8));
    }
}

/// dockerd holds the container's lock until such a client leaves: nothing that
/// is asked about the container is answered, nor can it be removed.
#[test]
fn a_client_that_stops_in_the_middle_holds_up_the_start_alone() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    for name in ["one", "two"] {
        daemon.docker(&[&busybox(name)[..], &["1000"]].concat());
    }
    let stalled = |name: &str| {
        let mut stream = UnixStream::connect(daemon.socket()).unwrap();
        let head = format!(
            "PUT /v1.40/containers/{name}/archive?path=/ HTTP/1.1\r\nHost: x\r\n\
             Content-Length: 1000000\r\n\r\n"
        );
        let mut file = header(EntryType::Regular, 1 << 19);
        file.set_path("half").unwrap();
        file.set_cksum();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(file.as_bytes()).unwrap();
        stream.write_all(&[b'x'; 4096]).unwrap();
        wait_for("the half of the file", || {
            let found = daemon.try_docker(&["cp", &format!("{name}:/half"), "-"]);
            found.status.success().then_some(())
        });
        stream
    };
    let (one, _two) = (stalled("one"), stalled("two"));
    assert_eq!(
        daemon.docker(&["inspect", "-f", "{{.State.Status}}", "one"]),
        "created"
    );
    assert_eq!(daemon.docker(&["ps", "-aq"]).lines().count(), 2);
    let mut starting = UnixStream::connect(daemon.socket()).unwrap();
    let start = "POST /v1.40/containers/one/start HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                 Content-Length: 0\r\n\r\n";
    starting.write_all(start.as_bytes()).unwrap();
    // Long enough for a start that would not wait.
    starting
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    assert!(
        starting.read(&mut [0; 16]).is_err(),
        "started under an archive"
    );
    assert_eq!(
        daemon.docker(&["inspect", "-f", "{{.State.Status}}", "one"]),
        "created"
    );
    // A container can be removed under the client.
    daemon.docker(&["rm", "-f", "two"]);
    drop(one);
    starting.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    starting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert_eq!(daemon.docker(&["exec", "one", "echo", "well"]), "well");
}

#[test]
fn absolute_names_lie_below_the_path_and_absolute_links_inside() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.docker(&[&busybox("one")[..], &["1000"]].concat());
    let mark = format!("ls-archive-{}", std::process::id());
    let raw = |archive: &mut tar::Builder<Vec<u8>>, name: &str, kind: EntryType, link: &str| {
        let mut header = header(kind, 0);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        archive.append(&header, std::io::empty()).unwrap();
    };
    let mut archive = tar::Builder::new(Vec::new());
    raw(&mut archive, &format!("/{mark}"), EntryType::Regular, "");
    raw(&mut archive, "out", EntryType::Symlink, "/tmp");
    put(&daemon, &archive.into_inner().unwrap(), "one:/bin");
    assert!(!Path::new("/").join(&mark).exists());
    let below = get(&daemon, &["cp", &format!("one:/bin/{mark}"), "-"]);
    assert_eq!(seen(&below, &mark)[&b""[..]].owner, (7, 8));
    // A name through the link, which a first archive has made.
    let mut archive = tar::Builder::new(Vec::new());
    raw(&mut archive, &format!("out/{mark}"), EntryType::Regular, "");
    let child = daemon
        .docker_with(&clis()[0], &["cp", "-", "one:/bin"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.unwrap();
    // A daemon that refuses it does not read on.
    let bytes = archive.into_inner().unwrap();
    child.stdin.take().unwrap().write_all(&bytes).ok();
    child.wait().unwrap();
    assert!(!Path::new("/tmp").join(&mark).exists());
}
