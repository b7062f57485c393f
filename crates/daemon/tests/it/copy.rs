//! Files in and out of containers, running and stopped, with every docker CLI;
//! and what a container may try so that a copy leads elsewhere.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::census::assert_nothing_left;
use crate::harness::{Daemon, clis, text, wait_for};

/// Starts a container that makes some files and then sleeps.
fn container(daemon: &Daemon, name: &str, more: &[&str], script: &str) -> String {
    let script = format!("{script}\necho made > /made; exec sleep 1000");
    let base = ["run", "-d", "--net", "none", "--name", name];
    let command = ["busybox", "sh", "-c", &script];
    let id = daemon.docker(&[&base[..], more, &command[..]].concat());
    wait_for("the container's files", || {
        let look = daemon.try_docker(&["exec", name, "cat", "/made"]);
        look.status.success().then_some(())
    });
    id
}

#[test]
fn files_go_in_and_out_whether_it_runs_or_not() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let script = "mkdir -p /d/sub; echo hi > /d/file; chmod 4751 /d/file; ln /d/file /d/hard; \
                  ln -s file /d/soft; mkfifo /d/fifo; truncate -s 3M /d/holes; \
                  echo end >> /d/holes";
    let id = container(&daemon, "one", &[], script);
    for state in ["running", "stopped"] {
        for cli in clis() {
            let here = tempfile::tempdir().unwrap();
            let path = |name: &str| here.path().join(name);
            let copy = |from: &str, to: &str| daemon.docker_of(&cli, &["cp", "-a", from, to]);
            copy("one:/d", path("out").to_str().unwrap());
            let file = fs::metadata(path("out/file")).unwrap();
            assert_eq!(file.permissions().mode() & 0o7777, 0o4751, "{state}");
            let hard = fs::metadata(path("out/hard")).unwrap();
            assert_eq!(file.ino(), hard.ino(), "one file with two names: {state}");
            assert_eq!(fs::read_link(path("out/soft")).unwrap(), Path::new("file"));
            let holes = fs::read(path("out/holes")).unwrap();
            assert_eq!(holes.len(), (3 << 20) + 4);
            assert!(holes.ends_with(b"end\n"));

            fs::create_dir_all(path("in/deep")).unwrap();
            fs::write(path("in/deep/new"), "new").unwrap();
            symlink("deep/new", path("in/link")).unwrap();
            let back = format!("one:/back-{state}");
            copy(path("in").to_str().unwrap(), &back);
            copy(&format!("{back}/deep/new"), path("again").to_str().unwrap());
            assert_eq!(fs::read_to_string(path("again")).unwrap(), "new");
            copy(&format!("{back}/link"), path("link").to_str().unwrap());
            assert!(path("link").symlink_metadata().unwrap().is_symlink());
            let (link, followed) = (format!("{back}/link"), path("followed"));
            let follow = ["cp", "-L", &link, followed.to_str().unwrap()];
            daemon.docker_of(&cli, &follow);
            assert_eq!(fs::read_to_string(path("followed")).unwrap(), "new");
        }
        if state == "running" {
            let seen = daemon.docker(&["exec", "one", "cat", "/back-running/deep/new"]);
            assert_eq!(seen, "new", "the container sees it at once");
            daemon.docker(&["stop", "-t", "0", "one"]);
        }
    }
    daemon.docker(&["start", "one"]);
    let seen = daemon.docker(&["exec", "one", "cat", "/back-stopped/deep/new"]);
    assert_eq!(seen, "new");
    daemon.docker(&["rm", "-f", "one"]);
    assert_nothing_left(&daemon, &[id]);
}

#[test]
fn what_is_mounted_is_seen_and_what_may_not_be_written_is_not() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let host = daemon.path().join("host");
    fs::create_dir(&host).unwrap();
    fs::write(host.join("inside"), "of the host").unwrap();
    let (rw, ro) = (
        format!("{}:/rw", host.display()),
        format!("{}:/ro:ro", host.display()),
    );
    let options = ["-v", &rw, "-v", &ro, "--tmpfs", "/memory"];
    container(&daemon, "mounts", &options, "echo lost > /memory/x");
    let read = |path: &str| {
        let output = daemon.try_docker(&["cp", &format!("mounts:{path}"), "-"]);
        (output.status.success(), text(&output.stderr), output.stdout)
    };
    let note = daemon.path().join("log");
    let note = note.to_str().unwrap();
    for _ in ["running", "stopped"] {
        assert!(read("/rw/inside").0);
        // Memory is the container's own; what procfs says is nobody's file.
        let (found, said, _) = read("/memory/x");
        assert!(!found && said.contains("Could not find the file"), "{said}");
        assert!(!read("/proc/1/root/etc/shadow").0);
        assert!(!read("/proc/self/fd").0);
        daemon.docker(&["cp", note, "mounts:/rw/note"]);
        assert!(host.join("note").exists());
        fs::remove_file(host.join("note")).unwrap();
        let refused = daemon.try_docker(&["cp", note, "mounts:/ro/note"]);
        let said = text(&refused.stderr);
        assert!(
            said.contains("mounted volume is marked read-only"),
            "{said}"
        );
        assert!(!host.join("note").exists());
        daemon.docker(&["stop", "-t", "0", "mounts"]);
    }
    daemon.docker(&["create", "--name", "fixed", "--read-only", "busybox"]);
    let refused = daemon.try_docker(&["cp", note, "fixed:/x"]);
    let said = text(&refused.stderr);
    assert!(
        said.contains("container rootfs is marked read-only"),
        "{said}"
    );
}

#[test]
fn links_of_a_container_lead_nowhere_else() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let secret = daemon.path().join("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("key"), "of the host").unwrap();
    let out = secret.display();
    let script = format!(
        "ln -s {out} /absolute; ln -s ../../../../../../../..{out} /climbing; \
         ln -s /proc/1/root{out} /magic; ln -s /proc/self/cwd /cwd; mkdir /into; \
         ln -s {out}/key /into/key"
    );
    container(&daemon, "sly", &[], &script);
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("key"), "of a client").unwrap();
    let key = here.path().join("key");
    for _ in ["running", "stopped"] {
        for link in ["absolute", "climbing", "magic", "cwd"] {
            let from = format!("sly:/{link}/key");
            let read = daemon.try_docker(&["cp", &from, "-"]);
            assert!(!read.status.success(), "{link}: {}", text(&read.stdout));
            let to = format!("sly:/{link}/");
            let _ = daemon.try_docker(&["cp", key.to_str().unwrap(), &to]);
        }
        // A link in the way of a file is replaced, not written through.
        let _ = daemon.try_docker(&["cp", key.to_str().unwrap(), "sly:/into/"]);
        let kept = fs::read_to_string(secret.join("key")).unwrap();
        assert_eq!(kept, "of the host");
        assert_eq!(fs::read_dir(&secret).unwrap().count(), 1);
        daemon.docker(&["stop", "-t", "0", "sly"]);
    }
}

#[test]
fn a_container_that_swaps_directories_for_links_catches_nothing() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let secret = daemon.path().join("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("key"), "of the host").unwrap();
    let script = format!(
        "mkdir /real; echo mine > /real/key; (while :; do ln -sfn {} /swap; rm /swap; \
         mv /real /swap; mv /swap /real; done) 2>/dev/null &",
        secret.display()
    );
    container(&daemon, "swapper", &[], &script);
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("key"), "of a client").unwrap();
    let key = here.path().join("key");
    for _ in 0..40 {
        let read = daemon.try_docker(&["cp", "swapper:/swap/key", "-"]);
        assert!(!text(&read.stdout).contains("of the host"));
        let _ = daemon.try_docker(&["cp", key.to_str().unwrap(), "swapper:/swap/"]);
    }
    let kept = fs::read_to_string(secret.join("key")).unwrap();
    assert_eq!(kept, "of the host");
    assert_eq!(fs::read_dir(&secret).unwrap().count(), 1);
}

#[test]
fn archives_that_climb_are_refused_and_broken_ones_told() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.docker(&["create", "--name", "target", "--net", "none", "busybox"]);
    let put = |entries: &[(&str, tar::EntryType, &str)]| {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, kind, link) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            header.set_size(0);
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
            header.set_cksum();
            archive.append(&header, std::io::empty()).unwrap();
        }
        let mut child = daemon
            .docker_with(&clis()[0], &["cp", "-", "target:/bin"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        use std::io::Write;
        let bytes = archive.into_inner().unwrap();
        // A daemon that has refused it does not read on.
        let _ = child.stdin.take().unwrap().write_all(&bytes);
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        (child.wait().unwrap().success(), said)
    };
    use tar::EntryType::{Link, Regular, Symlink};
    let (done, said) = put(&[("../../x", Regular, "")]);
    assert!(!done && said.contains("is outside of"), "{said}");
    // A link to the host's file cannot be made: its target is inside.
    let (done, said) = put(&[("hard", Link, "../../../../../../etc/hostname")]);
    assert!(!done, "{said}");
    let name = format!("/etc/longshore-it-{}", std::process::id());
    let through = format!("out{name}");
    let (done, said) = put(&[("out", Symlink, "/"), (&through, Regular, "")]);
    assert!(!Path::new(&name).exists(), "{done} {said}");
}

#[test]
fn changes_are_those_of_the_container() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    container(
        &daemon,
        "changer",
        &[],
        "rm /etc/passwd; echo x > /etc/new; mkdir -p /a/b; rm -r /bin/yes; chmod 700 /bin/busybox",
    );
    let expected = [
        "A /a",
        "A /a/b",
        "A /etc/new",
        "A /made",
        "C /bin",
        "C /bin/busybox",
        "C /etc",
        "D /bin/yes",
        "D /etc/passwd",
    ];
    for _ in ["running", "stopped"] {
        for cli in clis() {
            let shown = daemon.docker_of(&cli, &["diff", "changer"]);
            let mut shown: Vec<&str> = shown.lines().collect();
            shown.sort_unstable();
            assert_eq!(shown, expected);
        }
        daemon.docker(&["stop", "-t", "0", "changer"]);
    }
    daemon.docker(&["create", "--name", "untouched", "busybox"]);
    assert_eq!(daemon.docker(&["diff", "untouched"]), "");
    let answer = daemon.http("GET", "/v1.40/containers/untouched/changes", None);
    assert_eq!((answer.0, answer.1.trim()), (200, "null"));
}

/// A copy is read slowly while the container is started and removed: neither
/// waits for the client.
#[test]
fn a_slow_reader_is_in_nobody_s_way() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let script = "dd if=/dev/zero of=/big bs=1M count=32 2>/dev/null";
    let id = container(&daemon, "big", &[], script);
    daemon.docker(&["stop", "-t", "0", "big"]);
    let mut slow: std::process::Child = Command::new(&clis()[0])
        .env("DOCKER_HOST", daemon.host())
        .args(["cp", "big:/big", "-"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 512];
    slow.stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    daemon.docker(&["start", "big"]);
    daemon.docker(&["rm", "-f", "big"]);
    let mut rest = Vec::new();
    slow.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    assert!(slow.wait().unwrap().success());
    assert_eq!(rest.len() + 512, (32 << 20) + 3 * 512, "all of it came");
    assert_nothing_left(&daemon, &[id]);
}
