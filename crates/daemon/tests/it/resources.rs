//! Every limit that create takes, looked at from inside the container.

use std::path::Path;

use crate::harness::{Daemon, text, wait_for};
use crate::update::is_unified;

/// What a script in a container with these flags writes, both streams.
fn inside(daemon: &Daemon, flags: &[&str], script: &str) -> String {
    let first = ["run", "--rm", "--net", "none"];
    let last = ["busybox", "sh", "-c", script];
    let output = daemon.try_docker(&[&first[..], flags, &last].concat());
    let said = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
    said.trim().to_owned()
}

/// The values of parameters, named for version 1 or for version 2.
fn values(daemon: &Daemon, flags: &[&str], v1: &str, v2: &str) -> String {
    let files = if is_unified() { v2 } else { v1 };
    inside(daemon, flags, &format!("cd /sys/fs/cgroup; cat {files}"))
}

/// An answer to a create with this host configuration: status and body.
fn create(daemon: &Daemon, host: &str) -> (u16, String) {
    let body = format!(
        r#"{{"Image":"busybox","Cmd":["true"],"HostConfig":{{"NetworkMode":"none",{host}}}}}"#
    );
    daemon.http("POST", "/v1.40/containers/create", Some(&body))
}

fn daemon() -> Daemon {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon
}

#[test]
fn memory() {
    let daemon = daemon();
    let (v1, v2) = (
        "memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes \
         memory/memory.soft_limit_in_bytes",
        "memory.max memory.swap.max memory.low",
    );
    let flags = [
        "-m",
        "64m",
        "--memory-swap",
        "160m",
        "--memory-reservation",
        "32m",
    ];
    let swap = if is_unified() {
        "100663296"
    } else {
        "167772160"
    };
    let expected = format!("67108864\n{swap}\n33554432");
    assert_eq!(values(&daemon, &flags, v1, v2), expected);
    // As much swap again when nobody says.
    let (v1, v2) = ("memory/memory.memsw.limit_in_bytes", "memory.swap.max");
    let swap = if is_unified() {
        "67108864"
    } else {
        "134217728"
    };
    assert_eq!(values(&daemon, &["-m", "64m"], v1, v2), swap);
    let unlimited = values(&daemon, &["-m", "64m", "--memory-swap", "-1"], v1, v2);
    assert!(unlimited == "max" || unlimited.len() > 15, "{unlimited}");
}

#[test]
fn swappiness_and_kernel_memory() {
    let daemon = daemon();
    let said = inside(
        &daemon,
        &["--memory-swappiness", "10", "--kernel-memory", "20m"],
        "cat /sys/fs/cgroup/memory/memory.swappiness; echo ran",
    );
    assert!(said.contains("ran"), "{said}");
    assert!(said.contains("kernel memory limit is deprecated"), "{said}");
    if is_unified() {
        assert!(said.contains("Memory swappiness discarded"), "{said}");
        assert!(said.contains("kernel memory limit capabilities"), "{said}");
    } else {
        assert!(said.starts_with("10\n"), "{said}");
    }
}

/// A program that takes memory until it has 64 MB.
const EATER: &str = "dd if=/dev/zero of=/dev/null bs=64M count=1";

#[test]
fn out_of_memory() {
    let daemon = daemon();
    let flags = [
        "--name",
        "eater",
        "--net",
        "none",
        "-m",
        "16m",
        "--memory-swap",
        "16m",
    ];
    let program = ["busybox", "sh", "-c", &format!("exec {EATER}")];
    let output = daemon.try_docker(&[&["run"], &flags[..], &program].concat());
    assert_eq!(output.status.code(), Some(137), "{}", text(&output.stderr));
    let state = daemon.docker(&["inspect", "-f", "{{.State.OOMKilled}}", "eater"]);
    assert_eq!(state, "true");
    // Asked for until now, in whole seconds: the last one comes a bit later.
    let told = wait_for("the event", || {
        Some(events(&daemon, "oom", "eater")).filter(|count| *count > 0)
    });
    assert_eq!(told, 1);
}

#[test]
fn out_of_memory_is_told_while_the_container_goes_on() {
    let daemon = daemon();
    let script = format!("{EATER} 2>/dev/null; echo went on; sleep 1000");
    daemon.docker(&[
        "run",
        "-d",
        "--name",
        "survivor",
        "--net",
        "none",
        "-m",
        "16m",
        "--memory-swap",
        "16m",
        "busybox",
        "sh",
        "-c",
        &script,
    ]);
    wait_for("the end of the eater", || {
        (daemon.docker(&["logs", "survivor"]) == "went on").then_some(())
    });
    wait_for("the event", || {
        (events(&daemon, "oom", "survivor") > 0).then_some(())
    });
    let format = "{{.State.Running}} {{.State.OOMKilled}}";
    let state = daemon.docker(&["inspect", "-f", format, "survivor"]);
    assert_eq!(state, "true true");
}

/// How many events of this kind a container has had.
fn events(daemon: &Daemon, kind: &str, name: &str) -> usize {
    let told = daemon.events(&format!("container={name}"), "{{.Action}}");
    told.iter().filter(|action| *action == kind).count()
}

#[test]
fn the_killer_and_its_choice() {
    let daemon = daemon();
    assert_eq!(
        inside(
            &daemon,
            &["--oom-score-adj", "500"],
            "cat /proc/self/oom_score_adj"
        ),
        "500"
    );
    let said = inside(
        &daemon,
        &["--oom-kill-disable", "-m", "32m"],
        "head -n 1 /sys/fs/cgroup/memory/memory.oom_control; echo ran",
    );
    assert!(said.contains("ran"), "{said}");
    if is_unified() {
        assert!(said.contains("OomKillDisable discarded"), "{said}");
    } else {
        assert!(said.starts_with("oom_kill_disable 1"), "{said}");
    }
}

#[test]
fn processors() {
    let daemon = daemon();
    let (v1, v2) = (
        "cpu/cpu.shares cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpuset/cpuset.cpus \
         cpuset/cpuset.mems",
        "cpu.weight cpu.max cpuset.cpus cpuset.mems",
    );
    let flags = [
        "--cpu-shares",
        "512",
        "--cpu-quota",
        "25000",
        "--cpu-period",
        "50000",
        "--cpuset-cpus",
        "0",
        "--cpuset-mems",
        "0",
    ];
    let expected = if is_unified() {
        "20\n25000 50000\n0\n0"
    } else {
        "512\n25000\n50000\n0\n0"
    };
    assert_eq!(values(&daemon, &flags, v1, v2), expected);
    let (v1, v2) = ("cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us", "cpu.max");
    let quota = values(&daemon, &["--cpus", "0.25"], v1, v2);
    assert_eq!(quota.replace('\n', " "), "25000 100000");
    let seen = inside(
        &daemon,
        &["--cpuset-cpus", "0"],
        "grep Cpus_allowed_list /proc/self/status",
    );
    assert_eq!(seen, "Cpus_allowed_list:\t0");
    if !is_unified() {
        let output = daemon.try_docker(&[
            "run",
            "--net",
            "none",
            "--cpu-shares",
            "1",
            "busybox",
            "true",
        ]);
        let said = text(&output.stderr);
        assert!(
            said.contains("the minimum allowed cpu-shares is 2"),
            "{said}"
        );
    }
}

#[test]
fn realtime_needs_a_parent_with_time_to_give() {
    let daemon = daemon();
    let (status, said) = create(
        &daemon,
        r#""CpuRealtimeRuntime":2000,"CpuRealtimePeriod":1000"#,
    );
    assert_eq!(status, 400, "{said}");
    let cpu = Path::new("/sys/fs/cgroup/cpu");
    if !cpu.join("cpu.rt_runtime_us").exists() {
        assert!(
            said.contains("does not support CPU real-time scheduler"),
            "{said}"
        );
        return;
    }
    assert!(
        said.contains("runtime cannot be higher than cpu real-time period"),
        "{said}"
    );
    let parent = format!("ls-rt-{}", std::process::id());
    std::fs::create_dir(cpu.join(&parent)).unwrap();
    std::fs::write(cpu.join(&parent).join("cpu.rt_runtime_us"), "20000").unwrap();
    let flags = ["--cgroup-parent", &parent, "--cpu-rt-runtime", "10000"];
    let given = inside(&daemon, &flags, "cat /sys/fs/cgroup/cpu/cpu.rt_runtime_us");
    // One that the parent cannot give.
    let flags = ["--cgroup-parent", &parent, "--cpu-rt-runtime", "30000"];
    let refused = inside(&daemon, &flags, "true");
    remove_group(&parent);
    assert_eq!(given, "10000");
    assert!(refused.contains("cpu.rt_runtime_us"), "{refused}");
}

/// Removes what a test made, with what a container may have left below.
fn remove_group(name: &str) {
    for hierarchy in std::fs::read_dir("/sys/fs/cgroup").unwrap() {
        let group = hierarchy.unwrap().path().join(name);
        wait_for("the group to be empty", || {
            (!group.exists() || std::fs::remove_dir(&group).is_ok()).then_some(())
        });
    }
}

#[test]
fn block_devices() {
    let daemon = daemon();
    let disk = crate::stats::disk_of(daemon.path());
    let rate = |number: &str| format!("{disk}:{number}");
    let flags = [
        "--device-read-bps",
        &rate("1mb"),
        "--device-write-bps",
        &rate("2mb"),
        "--device-read-iops",
        &rate("30"),
        "--device-write-iops",
        &rate("40"),
    ];
    let (v1, v2) = (
        "blkio/blkio.throttle.read_bps_device blkio/blkio.throttle.write_bps_device \
         blkio/blkio.throttle.read_iops_device blkio/blkio.throttle.write_iops_device",
        "io.max",
    );
    let said = values(&daemon, &flags, v1, v2);
    if is_unified() {
        assert!(
            said.ends_with("rbps=1048576 wbps=2097152 riops=30 wiops=40"),
            "{said}"
        );
    } else {
        let rates: Vec<&str> = said
            .lines()
            .filter_map(|line| line.split(' ').nth(1))
            .collect();
        assert_eq!(rates, ["1048576", "2097152", "30", "40"]);
    }
    let said = inside(&daemon, &["--device-read-bps", "/dev/none:1mb"], "true");
    assert!(said.contains("/dev/none"), "{said}");
    // Without a scheduler that has weights the client is told.
    let said = values(
        &daemon,
        &["--blkio-weight", "300"],
        "blkio/blkio.weight blkio/blkio.bfq.weight",
        "io.weight io.bfq.weight",
    );
    assert!(
        said.contains("300") || said.contains("Weight discarded") || said.contains("2930"),
        "{said}"
    );
}

#[test]
fn processes() {
    let daemon = daemon();
    let script = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done; echo done";
    let said = inside(&daemon, &["--pids-limit", "6"], script);
    assert!(said.contains("can't fork"), "{said}");
    assert_eq!(
        values(
            &daemon,
            &["--pids-limit", "-1"],
            "pids/pids.max",
            "pids.max"
        ),
        "max"
    );
    let shown = daemon.docker(&["create", "--pids-limit", "0", "busybox"]);
    let format = "{{.HostConfig.PidsLimit}}";
    assert_eq!(daemon.docker(&["inspect", "-f", format, &shown]), "<nil>");
}

#[test]
fn limits_of_single_processes() {
    let daemon = daemon();
    let flags = [
        "--ulimit",
        "nofile=100:200",
        "--ulimit",
        "core=0",
        "--ulimit",
        "cpu=7",
    ];
    let said = inside(
        &daemon,
        &flags,
        "ulimit -n; ulimit -H -n; ulimit -c; ulimit -t",
    );
    assert_eq!(said, "100\n200\n0\n7");
    // More than this machine lets anybody have becomes what it does let.
    let most = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = most
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let hard = line.split_whitespace().nth(4).unwrap();
    let said = inside(&daemon, &["--ulimit", "nofile=900000000"], "ulimit -n");
    assert!(
        said == hard || said == "900000000" || said.contains("rlimit"),
        "{said} {hard}"
    );
}

#[test]
fn shared_memory_sysctls_and_devices() {
    let daemon = daemon();
    let said = inside(
        &daemon,
        &["--shm-size", "32m"],
        "df -k /dev/shm | tail -n 1",
    );
    assert_eq!(said.split_whitespace().nth(1), Some("32768"), "{said}");
    let flags = [
        "--sysctl",
        "kernel.msgmax=9000",
        "--sysctl",
        "net.ipv4.ip_default_ttl=33",
    ];
    let files = "cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_default_ttl";
    assert_eq!(inside(&daemon, &flags, files), "9000\n33");
    // A device that nobody has: refused by the rules, or just not there.
    let script = "cd /tmp; mknod d c 10 229; : < d";
    let refused = "Operation not permitted";
    assert!(inside(&daemon, &["--tmpfs", "/tmp:dev"], script).contains(refused));
    let flags = [
        "--tmpfs",
        "/tmp:dev",
        "--device-cgroup-rule",
        "c 10:229 rwm",
    ];
    let allowed = inside(&daemon, &flags, script);
    assert!(!allowed.contains(refused), "{allowed}");
}

#[test]
fn the_parent_of_the_group() {
    let daemon = daemon();
    let parent = format!("ls-parent-{}/below", std::process::id());
    daemon.docker(&[
        "run",
        "-d",
        "--name",
        "child",
        "--net",
        "none",
        "--cgroup-parent",
        &format!("/{parent}"),
        "busybox",
        "sleep",
        "1000",
    ]);
    let pid = daemon.docker(&["inspect", "-f", "{{.State.Pid}}", "child"]);
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let id = daemon.docker(&["inspect", "-f", "{{.Id}}", "child"]);
    assert!(groups.contains(&format!("/{parent}/{id}")), "{groups}");
    daemon.docker(&["rm", "-f", "child"]);
    remove_group(&parent);
    remove_group(parent.split('/').next().unwrap());
}

#[test]
fn refusals_and_warnings() {
    let daemon = daemon();
    for (host, status, words) in [
        (
            r#""Memory":1000"#,
            400,
            "Minimum memory limit allowed is 6MB",
        ),
        (
            r#""CpuQuota":5"#,
            400,
            "CPU cfs quota can not be less than 1ms",
        ),
        (
            r#""CpusetCpus":"0-""#,
            400,
            "Invalid value 0- for cpuset cpus: invalid format: 0-",
        ),
        (
            r#""CpusetMems":"99""#,
            400,
            "Requested memory nodes are not available",
        ),
        (
            r#""OomScoreAdj":1001"#,
            400,
            "range for oom score adj is [-1000, 1000]",
        ),
        (r#""ShmSize":-1"#, 400, "SHM size can not be less than 0"),
        (
            r#""IOMaximumIOps":5"#,
            400,
            "does not support configuration of maximum IOPs",
        ),
        (
            r#""IOMaximumBandwidth":5"#,
            400,
            "does not support configuration of maximum bandwidth",
        ),
        (r#""CpuCount":5"#, 201, "\"Warnings\":[]"),
        (
            r#""CpuPercent":5"#,
            201,
            "linux does not support CPU percent. Percent discarded.",
        ),
        (r#""OomKillDisable":false"#, 201, "\"Warnings\":[]"),
    ] {
        let (got, said) = create(&daemon, host);
        assert_eq!(got, status, "{host}: {said}");
        assert!(said.contains(words), "{host}: {said}");
    }
}

#[test]
fn swappiness_has_a_range_where_it_counts() {
    let daemon = daemon();
    let (status, said) = create(&daemon, r#""MemorySwappiness":101"#);
    // Version 2 has none, so the value does not matter.
    let expected = if is_unified() {
        (201, "Memory swappiness discarded")
    } else {
        (400, "valid memory swappiness range is 0-100")
    };
    assert!(
        status == expected.0 && said.contains(expected.1),
        "{status} {said}"
    );
}

#[test]
fn pause_under_load() {
    let daemon = daemon();
    let script = "while :; do :; done & while :; do sh -c true; done";
    daemon.docker(&[
        "run", "-d", "--name", "busy", "--net", "none", "busybox", "sh", "-c", script,
    ]);
    let pid = daemon.docker(&["inspect", "-f", "{{.State.Pid}}", "busy"]);
    let time = || {
        // Time of the process and of the children that it waited for.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<u64> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .skip(11)
            .take(4)
            .map(|field| field.parse().unwrap())
            .collect();
        fields
    };
    daemon.docker(&["pause", "busy"]);
    let before = time();
    // Long enough for a process that runs to be seen running.
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(time(), before);
    let said = |args: &[&str]| text(&daemon.try_docker(args).stderr);
    assert!(said(&["pause", "busy"]).contains("is already paused"));
    assert!(said(&["exec", "busy", "true"]).contains("is paused, unpause the container"));
    assert!(said(&["rm", "busy"]).contains("You cannot remove a paused container"));
    let top = daemon.docker(&["top", "busy", "-o", "pid,args"]);
    assert!(top.contains("sh -c"), "{top}");
    daemon.docker(&["unpause", "busy"]);
    wait_for("time to pass", || (time() != before).then_some(()));
    assert!(said(&["unpause", "busy"]).contains("is not paused"));
    daemon.docker(&["pause", "busy"]);
    daemon.docker(&["kill", "busy"]);
    let state = daemon.docker(&[
        "inspect",
        "-f",
        "{{.State.Status}} {{.State.ExitCode}}",
        "busy",
    ]);
    assert_eq!(state, "exited 137");
    daemon.docker(&["start", "busy"]);
    daemon.docker(&["pause", "busy"]);
    daemon.docker(&["stop", "-t", "1", "busy"]);
    daemon.docker(&["start", "busy"]);
    daemon.docker(&["pause", "busy"]);
    daemon.docker(&["rm", "-f", "busy"]);
}
