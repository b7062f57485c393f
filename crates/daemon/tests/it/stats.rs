//! Statistics against the kernel's own files, and the docker CLI's view.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Daemon, PATIENCE, clis, text, wait_for};

/// A container's cgroup as the kernel shows it.
struct Kernel {
    id: String,
    pid: String,
}

impl Kernel {
    fn of(daemon: &Daemon, name: &str) -> Self {
        let format = "{{.Id}} {{.State.Pid}}";
        let told = daemon.docker(&["inspect", "-f", format, name]);
        let (id, pid) = told.split_once(' ').unwrap();
        Self {
            id: id.to_owned(),
            pid: pid.to_owned(),
        }
    }

    fn is_unified() -> bool {
        std::fs::exists("/sys/fs/cgroup/cgroup.controllers").unwrap()
    }

    fn read(&self, controller: &str, file: &str) -> String {
        let mut path = PathBuf::from("/sys/fs/cgroup");
        if !Self::is_unified() {
            path.push(controller);
        }
        // Written there by the container's own first process.
        let groups = std::fs::read_to_string(format!("/proc/{}/cgroup", self.pid)).unwrap();
        let line = groups
            .lines()
            .find(|line| Self::is_unified() || line.split(':').nth(1) == Some(controller))
            .unwrap_or_else(|| panic!("{controller}: {groups}"));
        let place = line.splitn(3, ':').nth(2).unwrap();
        path.push(place.trim_start_matches('/'));
        path.push(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn cpu(&self) -> u64 {
        if Self::is_unified() {
            let text = self.read("", "cpu.stat");
            let micros = text
                .lines()
                .find_map(|line| line.strip_prefix("usage_usec "));
            return micros.unwrap().parse::<u64>().unwrap() * 1000;
        }
        self.read("cpuacct", "cpuacct.usage")
            .trim()
            .parse()
            .unwrap()
    }

    fn memory(&self) -> u64 {
        let file = if Self::is_unified() {
            "memory.current"
        } else {
            "memory.usage_in_bytes"
        };
        self.read("memory", file).trim().parse().unwrap()
    }

    /// Bytes received and sent by the container's network device.
    fn network(&self) -> (u64, u64) {
        let table = std::fs::read_to_string(format!("/proc/{}/net/dev", self.pid)).unwrap();
        let line = table.lines().find(|line| line.contains("eth0:")).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[1].parse().unwrap(), words[9].parse().unwrap())
    }
}

/// Nanoseconds that the processors of the machine have spent, idle or not.
fn machine_cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap();
    let line = text.lines().next().unwrap();
    let ticks = line.split_whitespace().skip(1).take(7);
    ticks
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum::<u64>()
        * 10_000_000
}

fn once(daemon: &Daemon, name: &str) -> Value {
    let path = format!("/v1.40/containers/{name}/stats?stream=false");
    let (status, body) = daemon.http("GET", &path, None);
    assert_eq!(status, 200, "{body}");
    // It may come in chunks: the object is what is between their lengths.
    let object = body.find('{').zip(body.rfind('}'));
    let (first, last) = object.unwrap_or_else(|| panic!("no object: {body}"));
    serde_json::from_str(&body[first..=last]).unwrap_or_else(|error| panic!("{error}: {body}"))
}

fn number(value: &Value, path: &str) -> u64 {
    let found = value.pointer(path).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("{path} in {value}"))
}

#[test]
fn numbers_are_the_kernels() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    // It is busy, holds 20 MB, has three processes, and talks to its gateway.
    let script = "dd if=/dev/zero of=/dev/shm/held bs=1M count=20 2>/dev/null; \
                  ping -i 0.2 -s 1000 $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') \
                  >/dev/null & sleep 1000 & while :; do :; done";
    daemon.docker(&[
        "run",
        "-d",
        "--name",
        "busy",
        "--memory",
        "64m",
        "--pids-limit",
        "40",
        "busybox",
        "sh",
        "-c",
        script,
    ]);
    let kernel = Kernel::of(&daemon, "busy");
    wait_for("the container at work", || {
        (kernel.memory() > 20 << 20 && kernel.network().1 > 1000).then_some(())
    });

    let before = (kernel.cpu(), kernel.network(), machine_cpu());
    let stats = once(&daemon, "busy");
    let after = (kernel.cpu(), kernel.network(), machine_cpu());

    let cpu = number(&stats, "/cpu_stats/cpu_usage/total_usage");
    assert!(
        (before.0..=after.0).contains(&cpu),
        "{before:?} {cpu} {after:?}"
    );
    let earlier = number(&stats, "/precpu_stats/cpu_usage/total_usage");
    assert!((before.0..cpu).contains(&earlier), "{earlier} {cpu}");
    let parts = number(&stats, "/cpu_stats/cpu_usage/usage_in_kernelmode")
        + number(&stats, "/cpu_stats/cpu_usage/usage_in_usermode");
    assert!(parts > 0, "{stats}");
    let machine = number(&stats, "/cpu_stats/system_cpu_usage");
    let machine_earlier = number(&stats, "/precpu_stats/system_cpu_usage");
    assert!(machine_earlier < machine, "{stats}");
    assert!(
        before.2 <= machine_earlier && machine <= after.2,
        "{before:?} {machine_earlier} {machine} {after:?}"
    );

    let memory = number(&stats, "/memory_stats/usage");
    let now = kernel.memory();
    assert!(
        memory > 20 << 20 && memory.abs_diff(now) < 4 << 20,
        "{memory} {now}"
    );
    assert_eq!(number(&stats, "/memory_stats/limit"), 64 << 20);
    let details = stats.pointer("/memory_stats/stats").unwrap();
    let held = if Kernel::is_unified() {
        "file"
    } else {
        "cache"
    };
    assert!(details[held].as_u64().unwrap() >= 20 << 20, "{details}");

    assert_eq!(number(&stats, "/pids_stats/current"), 3, "{stats}");
    assert_eq!(number(&stats, "/pids_stats/limit"), 40);

    let (received, sent) = (
        number(&stats, "/networks/eth0/rx_bytes"),
        number(&stats, "/networks/eth0/tx_bytes"),
    );
    assert!((before.1.0..=after.1.0).contains(&received), "{received}");
    assert!((before.1.1..=after.1.1).contains(&sent), "{sent}");
    assert!(after.1.1 > before.1.1, "it was to send all the time");
    assert_eq!(stats["name"], "/busy");
    assert_eq!(stats["id"], kernel.id);
}

#[test]
fn block_devices_count_what_passed_them() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    // Version 1 counts direct writes only, and only where there is a limit.
    let limit = format!("{}:1gb", disk_of(daemon.path()));
    let data = daemon.path().join("data");
    let volume = format!("{}:/here", data.display());
    let script = "dd if=/dev/zero of=/here/f oflag=direct bs=1M count=8 2>&1 || echo none; \
                  rm -f /here/f; sleep 1000";
    daemon.docker(&[
        "run",
        "-d",
        "--name",
        "io",
        "--device-write-bps",
        &limit,
        "--net",
        "none",
        "-v",
        &volume,
        "busybox",
        "sh",
        "-c",
        script,
    ]);
    let said = wait_for("the end of the writing", || {
        let said = daemon.docker(&["logs", "io"]);
        (!said.is_empty() && (said.contains("records out") || said.contains("none")))
            .then_some(said)
    });
    assert!(
        said.contains("records out"),
        "the file system takes no direct writes: {said}"
    );
    let stats = once(&daemon, "io");
    let entries = stats.pointer("/blkio_stats/io_service_bytes_recursive");
    let written: u64 = entries
        .and_then(Value::as_array)
        .unwrap_or_else(|| panic!("{stats}"))
        .iter()
        .filter(|entry| entry["op"].as_str().unwrap().eq_ignore_ascii_case("write"))
        .map(|entry| entry["value"].as_u64().unwrap())
        .sum();
    assert!((8 << 20..64 << 20).contains(&written), "{stats}");
}

/// The device node of the whole disk that holds a folder.
pub(crate) fn disk_of(path: &Path) -> String {
    let device = std::fs::metadata(path).unwrap().dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let entry = std::fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).unwrap();
    let is_part = entry.join("partition").exists();
    let disk = if is_part {
        entry.parent().unwrap()
    } else {
        &entry
    };
    format!("/dev/{}", disk.file_name().unwrap().to_str().unwrap())
}

#[test]
fn a_container_at_rest_and_the_end_of_a_stream() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.docker(&[
        "create", "--name", "rest", "--net", "none", "busybox", "sleep", "100",
    ]);
    let stats = once(&daemon, "rest");
    assert_eq!(stats["read"], "0001-01-01T00:00:00Z");
    assert_eq!(stats["memory_stats"], serde_json::json!({}));
    assert_eq!(stats["pids_stats"], serde_json::json!({}));
    assert_eq!(stats["blkio_stats"]["io_serviced_recursive"], Value::Null);
    assert_eq!(stats["networks"], Value::Null);
    let (status, body) = daemon.http("GET", "/v1.40/containers/none/stats?stream=false", None);
    assert_eq!(
        (status, body.trim()),
        (404, "{\"message\":\"No such container: none\"}")
    );

    // The stream survives start and stop, and ends with the container.
    let mut stream = UnixStream::connect(daemon.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(
            b"GET /v1.40/containers/rest/stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    // Heads and lengths of chunks stand on lines of their own.
    let mut lines = BufReader::new(stream)
        .lines()
        .map(Result::unwrap)
        .filter(|line| line.starts_with('{'));
    let mut next = |running: bool| loop {
        let line = lines.next().expect("the stream goes on");
        let stats: Value = serde_json::from_str(&line).unwrap();
        let counted = stats["read"] != "0001-01-01T00:00:00Z";
        if counted == running {
            break stats;
        }
    };
    next(false);
    daemon.docker(&["start", "rest"]);
    let first = next(true);
    let second = next(true);
    assert_eq!(second["preread"], first["read"]);
    assert_eq!(second["precpu_stats"], first["cpu_stats"]);
    daemon.docker(&["kill", "rest"]);
    next(false);
    daemon.docker(&["rm", "rest"]);
    // What is left are measurements of the container at rest.
    assert!(lines.count() < 5);
}

#[test]
fn docker_stats() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    daemon.docker(&[
        "run", "-d", "--name", "on", "-m", "32m", "busybox", "sleep", "1000",
    ]);
    daemon.docker(&[
        "create", "--name", "off", "--net", "none", "busybox", "true",
    ]);
    for cli in clis() {
        let running = daemon.docker_of(&cli, &["stats", "--no-stream", "--format", "{{.Name}}"]);
        assert_eq!(running, "on");
        let format = "{{.Name}} {{.MemUsage}} {{.PIDs}}";
        let all = daemon.docker_of(&cli, &["stats", "--no-stream", "-a", "--format", format]);
        let mut all: Vec<&str> = all.lines().collect();
        all.sort_unstable();
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(
            all[0].starts_with("off ") && all[0].ends_with(" 0"),
            "{all:?}"
        );
        assert!(
            all[1].contains(" / 32MiB") && all[1].ends_with(" 1"),
            "{all:?}"
        );
        let table = daemon.docker_of(&cli, &["stats", "--no-stream", "on"]);
        assert!(
            table.contains("CPU %") && table.contains("/ 32MiB"),
            "{table}"
        );
        let unknown = daemon
            .docker_with(&cli, &["stats", "--no-stream", "nobody"])
            .output();
        let unknown = text(&unknown.unwrap().stderr);
        assert!(unknown.contains("No such container: nobody"), "{unknown}");
    }
}
