//! `cargo xtask test --vm`: the container tests on a machine that has only
//! version 2 of cgroups.
//!
//! Boots Debian's kernel under qemu, by software emulation, so that it runs
//! anywhere. What is needed comes from apt: `qemu-system-x86`, `busybox-static`,
//! and the kernel's package, which is downloaded and unpacked, not installed.
//!
//! ```text
//! initramfs: busybox, modules ──▶ disk: our test programs, busybox, docker
//!                                  └─▶ each suite in turn, on the serial console
//! ```

mod initramfs;
mod kernel;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::TaskResult;
use crate::exec::{self, cargo, check, output};

/// A static busybox, where Debian's `busybox-static` puts it.
const BUSYBOX: &str = "/bin/busybox";

/// How the guest says the status of a suite, and that it is done.
const STATUS: &str = "longshore-vm: status ";
const END: &str = "longshore-vm: end";

/// A test program and which of its tests run in the guest: words that must
/// stand in the name of a test, none for all of them.
struct Suite {
    package: &'static str,
    target: &'static str,
    filters: &'static [&'static str],
    /// Parts of names of tests that need what the guest does not have.
    skipped: &'static [&'static str],
}

const SUITES: &[Suite] = &[
    Suite {
        package: "longshore-runtime",
        target: "longshore_runtime",
        filters: &["cgroup"],
        skipped: &[],
    },
    Suite {
        package: "longshore-runtime",
        target: "containers",
        filters: &[],
        // dockerd to compare with is not in the guest, and emulation is too
        // slow for what moves many megabytes within a deadline.
        skipped: &[
            "reference",
            "slow_reader",
            "stalled_client",
            "exec_waits_for_its_client",
        ],
    },
    Suite {
        package: "longshore-network",
        target: "longshore_network",
        // Debian's kernel has kinds of links that others lack.
        filters: &["lan::", "v6::"],
        skipped: &[],
    },
    Suite {
        package: "longshore-engine",
        target: "it",
        filters: &[],
        skipped: &[],
    },
    Suite {
        package: "longshore-daemon",
        target: "it",
        // What touches cgroups, devices, or how older kernels mount.
        filters: &[
            "stats::",
            "resources::",
            "update::",
            "devices::",
            "exec::",
            "copy::",
            "volumes::",
        ],
        skipped: &[],
    },
];

/// Builds everything, boots, and reports what the suites say.
pub(crate) fn run(only: Option<&str>) -> TaskResult {
    let dir = exec::root().join("target/vm");
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let kernel = kernel::fetch(&dir)?;
    let initramfs = dir.join("initramfs");
    initramfs::write(&initramfs, &kernel)?;
    let disk = disk(&dir, only)?;
    boot(&kernel.image, &initramfs, &disk)
}

/// The root file system as an image that qemu takes.
fn disk(dir: &Path, only: Option<&str>) -> Result<PathBuf, String> {
    let tree = dir.join("tree");
    let failed = |error: std::io::Error| format!("{}: {error}", tree.display());
    if tree.exists() {
        fs::remove_dir_all(&tree).map_err(failed)?;
    }
    let folders = [
        "bin",
        "dev",
        "etc",
        "proc",
        "sys",
        "tmp",
        "run",
        "var",
        "usr/local/bin",
    ];
    for folder in folders {
        fs::create_dir_all(tree.join(folder)).map_err(failed)?;
    }
    fs::copy(BUSYBOX, tree.join("bin/busybox"))
        .map_err(|error| format!("{BUSYBOX}: {error} (apt-get install busybox-static)"))?;
    let applets = output(Command::new(BUSYBOX).arg("--list"))?;
    for applet in applets.lines().filter(|name| *name != "busybox") {
        symlink("busybox", tree.join("bin").join(applet)).map_err(failed)?;
    }
    for (name, text) in [
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        ("etc/group", "root:x:0:\n"),
        ("etc/hosts", "127.0.0.1 localhost\n"),
        ("etc/resolv.conf", ""),
    ] {
        fs::write(tree.join(name), text).map_err(failed)?;
    }
    let docker = Path::new("/usr/local/bin/docker");
    if docker.exists() {
        fs::copy(docker, tree.join("usr/local/bin/docker")).map_err(failed)?;
    }
    let mut script = String::from(initramfs::GUEST);
    for suite in SUITES {
        let (test, others) = build(suite)?;
        for program in others.iter().chain([&test]) {
            let inside = tree.join(program.strip_prefix("/").unwrap_or(program));
            let folder = inside.parent().unwrap_or(&tree);
            fs::create_dir_all(folder).map_err(failed)?;
            // Symbols are most of a debug build.
            check(Command::new("strip").arg("-o").arg(&inside).arg(program))?;
        }
        let name = format!("{} {}", suite.package, suite.target);
        let filters = match only {
            Some(word) => vec![word],
            None => suite.filters.to_vec(),
        };
        let skipped: String = suite
            .skipped
            .iter()
            .map(|name| format!(" --skip {name}"))
            .collect();
        script.push_str(&format!(
            "suite '{name}' {} {}{skipped}\n",
            test.display(),
            filters.join(" ")
        ));
    }
    script.push_str(&format!("echo '{END}'\npoweroff -f\n"));
    let guest = tree.join("guest");
    fs::write(&guest, script).map_err(failed)?;
    check(Command::new("chmod").arg("755").arg(&guest))?;
    let image = dir.join("disk");
    let _ = fs::remove_file(&image);
    let mut make = Command::new("mke2fs");
    make.args(["-q", "-t", "ext4", "-d"]).arg(&tree);
    check(make.arg(&image).arg("3G"))?;
    Ok(image)
}

/// Builds a suite: its program, and the programs that it starts.
fn build(suite: &Suite) -> Result<(PathBuf, Vec<PathBuf>), String> {
    let mut command = cargo();
    command.args([
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    command.args(["--package", suite.package]);
    if suite.target.starts_with("longshore") {
        command.arg("--lib");
    } else {
        command.args(["--test", suite.target]);
    }
    command.stderr(Stdio::inherit());
    let mut test = None;
    let mut others = Vec::new();
    for line in output(&mut command)?.lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        let Some(program) = message["executable"].as_str().map(PathBuf::from) else {
            continue;
        };
        if message["profile"]["test"] == true && message["target"]["name"] == suite.target {
            test = Some(program);
        } else {
            others.push(program);
        }
    }
    let test = test.ok_or_else(|| format!("cargo built no test {}", suite.target))?;
    Ok((test, others))
}

/// Runs the guest to its end, showing its console.
fn boot(kernel: &Path, initramfs: &Path, disk: &Path) -> TaskResult {
    let drive = format!("file={},format=raw,if=virtio,snapshot=on", disk.display());
    let mut qemu = Command::new("qemu-system-x86_64")
        .args(["-accel", "tcg,thread=multi", "-cpu", "max"])
        .args(["-smp", "2", "-m", "2048", "-no-reboot"])
        .args(["-display", "none", "-monitor", "none", "-nic", "none"])
        .args(["-serial", "stdio", "-drive", &drive])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs)
        .args(["-append", "console=ttyS0 loglevel=4 panic=-1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| {
            format!("qemu-system-x86_64: {error} (apt-get install qemu-system-x86)")
        })?;
    let console = qemu.stdout.take().ok_or("qemu has no console")?;
    let mut failed = Vec::new();
    let mut ended = false;
    for line in BufReader::new(console).split(b'\n') {
        let line = line.map_err(|error| format!("console: {error}"))?;
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\r');
        println!("{line}");
        if let Some((status, suite)) = line
            .strip_prefix(STATUS)
            .and_then(|rest| rest.split_once(' '))
            && status != "0"
        {
            failed.push(suite.to_owned());
        }
        ended |= line == END;
    }
    qemu.wait().map_err(|error| format!("qemu: {error}"))?;
    match (ended, failed.is_empty()) {
        (false, _) => Err("the guest ended before its suites did".into()),
        (true, false) => Err(format!("failed in the guest: {}", failed.join(", "))),
        (true, true) => {
            println!("\nvm: every suite holds on version 2 of cgroups");
            Ok(())
        }
    }
}
