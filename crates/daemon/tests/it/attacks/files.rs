//! Containers whose files are bait: programs for the engine to run, links for
//! it to follow, directories for it to begin in.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{attacker, lab};
use crate::harness::{Daemon, clis, text, wait_for};

/// A file of the host with words that must not come out.
fn secret(daemon: &Daemon) -> PathBuf {
    let secret = daemon.path().join("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("key"), "of the host").unwrap();
    secret
}

/// Waits until the container says that it is ready.
fn await_ready(daemon: &Daemon, id: &str) {
    wait_for("the bait to be laid out", || {
        (daemon.docker(&["logs", id]).contains("ready")).then_some(())
    });
}

/// An archive with one file, packed by a program of the host, if it has it.
fn packed(program: &str) -> Option<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o644);
    archive
        .append_data(&mut header, "packed", &b"file"[..])
        .unwrap();
    let plain = archive.into_inner().unwrap();
    let mut child = Command::new(program)
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(&plain).unwrap();
    Some(child.wait_with_output().unwrap().stdout)
}

#[test]
fn programs_of_a_container_are_not_run_for_the_engine() {
    let daemon = lab();
    let names = "xz unxz gzip gunzip unpigz pigz bzip2 zstd unzstd tar ps nsenter git mount \
                 modprobe iptables nft runc docker-init docker-untar id getent";
    let id = attacker(
        &daemon,
        &[],
        &format!(
            "mkdir -p /usr/bin /sbin /usr/sbin; for n in {names}; do for d in /bin /usr/bin /sbin \
             /usr/sbin; do rm -f $d/$n; printf '#!/bin/sh\\necho $0 >> /ran\\n' > $d/$n; \
             chmod 755 $d/$n; done; done; echo ready; sleep 1000"
        ),
    );
    await_ready(&daemon, &id);
    let to = format!("{id}:/tmp");
    daemon.docker(&["exec", &id, "mkdir", "-p", "/tmp"]);
    let mut tried = 0;
    for program in ["gzip", "xz", "bzip2", "zstd"] {
        let Some(archive) = packed(program) else {
            continue;
        };
        let mut child = daemon
            .docker_with(&clis()[0], &["cp", "-", &to])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // What is not known is refused before all of it was read.
        let _ = child.stdin.take().unwrap().write_all(&archive);
        tried += usize::from(child.wait().unwrap().success());
    }
    assert!(tried > 0, "no archive was taken");
    let from = format!("{id}:/tmp");
    daemon.docker(&["cp", &from, "-"]);
    daemon.docker(&["top", &id]);
    daemon.docker(&["top", &id, "-eo", "pid,comm"]);
    daemon.docker(&["stats", "--no-stream", &id]);
    daemon.docker(&["diff", &id]);
    daemon.docker(&["exec", "-u", "1000:1000", &id, "true"]);
    let exported = daemon.try_docker(&["export", &id]);
    assert!(exported.status.success());
    let ran = daemon.try_docker(&["exec", &id, "cat", "/ran"]);
    assert_eq!(text(&ran.stdout), "", "what ran");
    assert!(!ran.status.success());
}

#[test]
fn an_export_holds_what_is_the_containers() {
    let daemon = lab();
    let secret = secret(&daemon);
    let out = secret.display();
    let id = attacker(
        &daemon,
        &[],
        &format!(
            "ln -s {out} /absolute; ln -s ../../../../../../..{out} /climbing; \
             ln -s /proc/1/root{out} /magic; ln -s /proc/self/fd /fds; mkdir /real; \
             echo mine > /real/key; echo ready; while :; do ln -sfn {out} /swap; rm /swap; \
             mv /real /swap; mv /swap /real; done 2>/dev/null"
        ),
    );
    await_ready(&daemon, &id);
    for _ in 0..10 {
        let exported = daemon.try_docker(&["export", &id]);
        // It may have lost what it was about to read.
        let all = text(&exported.stdout);
        assert!(!all.contains("of the host"));
        daemon.try_docker(&["diff", &id]);
    }
    let from = |path: &str| format!("{id}:{path}");
    for path in [
        "/magic/key",
        "/proc/1/environ",
        "/proc/self/fd/0",
        "/proc/self/exe",
        "/fds/3",
        "/dev/stdin",
        "/proc/kcore",
        "/sys/kernel/uevent_helper",
    ] {
        let read = daemon.try_docker(&["cp", "-L", &from(path), "-"]);
        assert!(!read.status.success(), "{path}: {}", text(&read.stdout));
    }
}

#[test]
fn directories_to_begin_in_are_inside() {
    let daemon = lab();
    let secret = secret(&daemon);
    let id = attacker(
        &daemon,
        &["--cap-add", "SYS_PTRACE"],
        "ln -s ../../../../.. /climbs; ln -s /proc/1/root/.. /magic; echo ready; sleep 1000",
    );
    await_ready(&daemon, &id);
    let script = format!("pwd; cat .{0}/key ../../../../..{0}/key", secret.display());
    let numbers = (3..16).map(|number| format!("/proc/self/fd/{number}"));
    let others = ["/climbs", "/magic", "/proc/self/cwd", "/proc/1/fd/3"].map(str::to_owned);
    for directory in numbers.chain(others) {
        let run = ["run", "--rm", "--net", "none", "-w", &directory];
        let first = [&run[..], &["busybox", "sh", "-c", &script]].concat();
        let second = ["exec", "-w", &directory, &id, "sh", "-c", &script];
        for args in [&first[..], &second] {
            let output = daemon.try_docker(args);
            let said = text(&output.stdout);
            assert!(!said.contains("of the host"), "{args:?}: {said}");
            // Nowhere, or at a place that has a name.
            let refused = said.is_empty() || said.contains("chdir to cwd");
            assert!(refused || said.starts_with('/'), "{args:?}: {said}");
        }
    }
    assert!(Path::new(&secret).join("key").exists());
}
