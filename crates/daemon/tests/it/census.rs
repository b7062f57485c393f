//! What a daemon left behind: a census of the kernel's objects that carry the
//! marks of one daemon or one container.

use std::path::Path;
use std::process::Command;

use crate::harness::{Daemon, text, wait_for};

/// Waits until nothing of these containers is left anywhere. What is torn down
/// in the background may take a moment; what stays is a leak.
pub(crate) fn assert_nothing_left(daemon: &Daemon, containers: &[String]) {
    let mut last = Vec::new();
    let begin = std::time::Instant::now();
    wait_for("the teardown", || {
        last = leftovers(daemon, containers);
        let give_up = begin.elapsed() > std::time::Duration::from_secs(20);
        (last.is_empty() || give_up).then_some(())
    });
    assert!(last.is_empty(), "left behind:\n{}", last.join("\n"));
}

/// Every trace of the containers: mounts, cgroups, processes, links, rules,
/// files.
fn leftovers(daemon: &Daemon, containers: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    mounts(daemon.path(), &mut found);
    for id in containers {
        cgroups(id, &mut found);
        files(daemon.path(), id, &mut found);
    }
    processes(daemon, containers, &mut found);
    if let Some(bridge) = daemon.bridge() {
        links(bridge, &mut found);
        rules(bridge, &mut found);
    }
    found
}

fn mounts(root: &Path, found: &mut Vec<String>) {
    let root = root.to_string_lossy();
    for line in std::fs::read_to_string("/proc/self/mountinfo")
        .unwrap()
        .lines()
    {
        if line.contains(&*root) {
            found.push(format!("mount: {line}"));
        }
    }
}

fn cgroups(id: &str, found: &mut Vec<String>) {
    let Ok(hierarchies) = std::fs::read_dir("/sys/fs/cgroup") else {
        return;
    };
    for hierarchy in hierarchies.flatten() {
        let output = Command::new("find")
            .arg(hierarchy.path())
            .args(["-type", "d", "-name"])
            .arg(format!("*{id}*"))
            .output()
            .unwrap();
        found.extend(
            text(&output.stdout)
                .lines()
                .map(|path| format!("cgroup: {path}")),
        );
    }
}

fn files(root: &Path, id: &str, found: &mut Vec<String>) {
    let output = Command::new("find")
        .arg(root)
        .args(["-name", &format!("*{id}*")])
        .output();
    found.extend(
        text(&output.unwrap().stdout)
            .lines()
            .map(|path| format!("file: {path}")),
    );
}

/// Processes that are in a container's cgroup or work in the daemon's folder;
/// the daemon itself and its zygote are no leftovers.
fn processes(daemon: &Daemon, containers: &[String], found: &mut Vec<String>) {
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let path = entry.path();
        let read = |name: &str| std::fs::read(path.join(name)).unwrap_or_default();
        let cgroup = String::from_utf8_lossy(&read("cgroup")).into_owned();
        let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        let ours = line.contains(&*daemon.path().to_string_lossy());
        if containers
            .iter()
            .any(|id| cgroup.contains(id.as_str()) || line.contains(id.as_str()))
        {
            found.push(format!(
                "process: {} {line}",
                entry.file_name().to_string_lossy()
            ));
        } else if ours && line.contains("shim") {
            found.push(format!(
                "shim: {} {line}",
                entry.file_name().to_string_lossy()
            ));
        }
    }
}

/// What is published in the bridge's table, as `nft` lists it.
fn rules(bridge: &str, found: &mut Vec<String>) {
    let table = format!("longshore-{bridge}");
    let listed = Command::new("nft")
        .args(["list", "table", "ip", &table])
        .output();
    let listed = listed.expect("nft, to look at the rules: apt-get install nftables");
    let elements = text(&listed.stdout);
    found.extend(
        elements
            .lines()
            .filter(|line| line.contains("elements"))
            .map(|line| format!("rule: {line}")),
    );
}

fn links(bridge: &str, found: &mut Vec<String>) {
    let ports = format!("/sys/class/net/{bridge}/brif");
    for port in std::fs::read_dir(ports).into_iter().flatten().flatten() {
        found.push(format!("link: {}", port.file_name().to_string_lossy()));
    }
}
