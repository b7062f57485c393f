//! `docker update`: seen from inside, refused as a whole, kept over a restart
//! of the daemon.

use crate::harness::{Daemon, clis};

/// Whether the machine has version 2 of cgroups only.
pub(crate) fn is_unified() -> bool {
    std::fs::exists("/sys/fs/cgroup/cgroup.controllers").unwrap()
}

/// Values of the container's own parameters, read inside.
fn inside(daemon: &Daemon, files: &[&str]) -> Vec<String> {
    let script = files
        .iter()
        .map(|file| format!("cat /sys/fs/cgroup/{file}"))
        .collect::<Vec<_>>()
        .join("; ");
    let told = daemon.docker(&["exec", "cc", "sh", "-c", &script]);
    told.lines().map(str::to_owned).collect()
}

fn update(daemon: &Daemon, body: &str) -> (u16, String) {
    let (status, body) = daemon.http("POST", "/v1.40/containers/cc/update", Some(body));
    (status, body.trim().to_owned())
}

fn run(daemon: &Daemon, flags: &[&str]) {
    let first = ["run", "-d", "--name", "cc", "--net", "none"];
    daemon.docker(&[&first[..], flags, &["busybox", "sleep", "1000"]].concat());
}

#[test]
fn every_limit_of_a_running_container() {
    for cli in clis() {
        let daemon = Daemon::start();
        daemon.import_busybox();
        run(&daemon, &["-m", "64m"]);
        let said = daemon.docker_of(
            &cli,
            &[
                "update",
                "--memory",
                "96m",
                "--memory-swap",
                "200m",
                "--memory-reservation",
                "32m",
                "--cpu-shares",
                "512",
                "--cpu-period",
                "50000",
                "--cpu-quota",
                "25000",
                "--cpuset-cpus",
                "0",
                "--cpuset-mems",
                "0",
                "--pids-limit",
                "30",
                "cc",
            ],
        );
        assert!(said.lines().any(|line| line == "cc"), "{said}");
        let (files, expected): (&[&str], &[&str]) = if is_unified() {
            (
                &[
                    "memory.max",
                    "memory.swap.max",
                    "memory.low",
                    "cpu.weight",
                    "cpu.max",
                    "cpuset.cpus",
                    "cpuset.mems",
                    "pids.max",
                ],
                &[
                    "100663296",
                    "109051904",
                    "33554432",
                    "20",
                    "25000 50000",
                    "0",
                    "0",
                    "30",
                ],
            )
        } else {
            (
                &[
                    "memory/memory.limit_in_bytes",
                    "memory/memory.memsw.limit_in_bytes",
                    "memory/memory.soft_limit_in_bytes",
                    "cpu/cpu.shares",
                    "cpu/cpu.cfs_period_us",
                    "cpu/cpu.cfs_quota_us",
                    "cpuset/cpuset.cpus",
                    "cpuset/cpuset.mems",
                    "pids/pids.max",
                ],
                &[
                    "100663296",
                    "209715200",
                    "33554432",
                    "512",
                    "50000",
                    "25000",
                    "0",
                    "0",
                    "30",
                ],
            )
        };
        assert_eq!(inside(&daemon, files), expected);
        let format = "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} \
                      {{.HostConfig.CpuShares}} {{.HostConfig.PidsLimit}}";
        let shown = daemon.docker(&["inspect", "-f", format, "cc"]);
        assert_eq!(shown, "100663296 209715200 512 30");

        // Down again, also below the last swap limit, and to no limit at all.
        daemon.docker_of(&cli, &["update", "-m", "32m", "--memory-swap", "64m", "cc"]);
        let memory = inside(&daemon, &files[..2]);
        let swap = if is_unified() { "33554432" } else { "67108864" };
        assert_eq!(memory, ["33554432", swap]);
        daemon.docker_of(&cli, &["update", "-m", "512m", "--memory-swap", "-1", "cc"]);
        assert_eq!(inside(&daemon, &files[..1]), ["536870912"]);
        daemon.docker_of(&cli, &["update", "--pids-limit", "-1", "cc"]);
        assert_eq!(inside(&daemon, &files[files.len() - 1..]), ["max"]);
        let pids = daemon.docker(&["inspect", "-f", "{{.HostConfig.PidsLimit}}", "cc"]);
        assert_eq!(pids, "0");
    }
}

#[test]
fn nano_cpus_and_their_opponents() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    run(&daemon, &[]);
    daemon.docker(&["update", "--cpus", "0.5", "cc"]);
    let quota = if is_unified() {
        inside(&daemon, &["cpu.max"])
    } else {
        inside(&daemon, &["cpu/cpu.cfs_quota_us"])
    };
    assert!(quota[0].starts_with("50000"), "{quota:?}");
    let (status, body) = update(&daemon, r#"{"CpuPeriod":50000}"#);
    assert_eq!(status, 409, "{body}");
    assert!(
        body.contains("CPU Period cannot be updated as NanoCPUs has already been set"),
        "{body}"
    );
}

#[test]
fn what_is_refused_changes_nothing() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    run(&daemon, &["-m", "64m", "--cpu-shares", "700"]);
    let (files, shares): (&[&str], _) = if is_unified() {
        (&["memory.max", "cpu.weight", "pids.max"], "27")
    } else {
        let files = &[
            "memory/memory.limit_in_bytes",
            "cpu/cpu.shares",
            "pids/pids.max",
        ];
        (files, "700")
    };
    let before = inside(&daemon, files);
    assert_eq!(before, ["67108864", shares, "max"]);
    let inspected = daemon.docker(&["inspect", "-f", "{{json .HostConfig}}", "cc"]);
    for (body, status, words) in [
        (
            r#"{"CpuShares":512,"Memory":1000}"#,
            400,
            "Minimum memory limit allowed is 6MB",
        ),
        (
            r#"{"CpuShares":512,"Memory":268435456}"#,
            409,
            "Memory limit should be smaller than already set memoryswap limit, update the \
             memoryswap at the same time",
        ),
        (
            r#"{"CpuShares":512,"CpusetCpus":"977"}"#,
            400,
            "Requested CPUs are not available",
        ),
        (
            r#"{"PidsLimit":9,"CpuQuota":5}"#,
            400,
            "CPU cfs quota can not be less than 1ms",
        ),
        (
            r#"{"PidsLimit":9,"RestartPolicy":{"Name":"bogus"}}"#,
            400,
            "invalid restart policy 'bogus'",
        ),
        (
            r#"{"RestartPolicy":{"Name":"always","MaximumRetryCount":3}}"#,
            400,
            "maximum retry count cannot be used with restart policy 'always'",
        ),
    ] {
        let (got, said) = update(&daemon, body);
        assert_eq!(got, status, "{body}: {said}");
        assert!(said.contains(words), "{body}: {said}");
    }
    if !is_unified() {
        // The kernel takes the new limit of memory, and then refuses the shares.
        let body = r#"{"Memory":33554432,"MemorySwap":67108864,"CpuShares":1}"#;
        let (status, said) = update(&daemon, body);
        assert_eq!(status, 500, "{said}");
        assert!(
            said.contains("the minimum allowed cpu-shares is 2"),
            "{said}"
        );
        assert!(said.contains("Cannot update container"), "{said}");
    }
    assert_eq!(inside(&daemon, files), before);
    let after = daemon.docker(&["inspect", "-f", "{{json .HostConfig}}", "cc"]);
    assert_eq!(after, inspected);
    let (status, said) = daemon.http("POST", "/v1.40/containers/nope/update", Some("{}"));
    assert_eq!(
        (status, said.trim()),
        (404, r#"{"message":"No such container: nope"}"#)
    );
}

#[test]
fn paused_stopped_and_over_a_restart_of_the_daemon() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    run(&daemon, &["-m", "64m"]);
    assert_eq!(
        update(&daemon, "{}"),
        (200, r#"{"Warnings":null}"#.to_owned())
    );
    daemon.docker(&["pause", "cc"]);
    daemon.docker(&["update", "--pids-limit", "21", "cc"]);
    daemon.docker(&["unpause", "cc"]);
    let pids = if is_unified() {
        "pids.max"
    } else {
        "pids/pids.max"
    };
    assert_eq!(inside(&daemon, &[pids]), ["21"]);

    daemon.docker(&["kill", "cc"]);
    daemon.docker(&[
        "update",
        "--pids-limit",
        "22",
        "--restart",
        "on-failure:4",
        "cc",
    ]);
    daemon.kill();
    daemon.run();
    let format = "{{.HostConfig.RestartPolicy.Name}} \
                  {{.HostConfig.RestartPolicy.MaximumRetryCount}}";
    assert_eq!(
        daemon.docker(&["inspect", "-f", format, "cc"]),
        "on-failure 4"
    );
    daemon.docker(&["start", "cc"]);
    assert_eq!(inside(&daemon, &[pids]), ["22"]);

    let (status, body) = update(&daemon, r#"{"KernelMemory":20000000}"#);
    let deprecated = "Specifying a kernel memory limit is deprecated";
    assert!(
        status == 200 && body.contains(deprecated),
        "{status} {body}"
    );
    // One for each that changed something; an empty one does as well.
    let events = daemon.events("event=update", "{{.Type}} {{.Action}}");
    assert_eq!(events, ["container update"; 4]);
}

#[test]
fn a_restart_policy_counts_at_once() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    run(&daemon, &[]);
    daemon.docker(&["update", "--restart", "always", "cc"]);
    let pid = || daemon.docker(&["inspect", "-f", "{{.State.Pid}}", "cc"]);
    let first = pid();
    kill(&first);
    crate::harness::wait_for("the second run", || {
        let now = pid();
        (now != first && now != "0").then_some(())
    });
    daemon.docker(&["rm", "-f", "cc"]);
    daemon.docker(&[
        "run", "-d", "--rm", "--name", "cc", "--net", "none", "busybox", "sleep", "99",
    ]);
    let (status, said) = update(&daemon, r#"{"RestartPolicy":{"Name":"always"}}"#);
    assert_eq!(status, 409, "{said}");
    assert!(
        said.contains("AutoRemove is enabled for the container"),
        "{said}"
    );
}

/// Ends a process of the host, as no client could be blamed for.
fn kill(pid: &str) {
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
