//! Somebody in the container who may look into every process looks into those
//! that have just been born there.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use longshore_runtime::caps::{Capability, CapabilitySet};
use longshore_runtime::spec::{NsMode, Seccomp};

use crate::fixture::Fixture;
use crate::supervised::{ALL, Supervised, read_to_end};

/// First argument of this program when it is to watch; then come the path of a
/// file of the host and the host's namespaces.
pub(crate) const WATCHER_ROLE: &str = "in-the-role-of-a-watcher";

trials!(
    an_exec_has_nothing_of_the_hosts,
    an_init_among_others_has_nothing_of_the_hosts,
);

/// Processes that are born while somebody watches: enough for a window of some
/// tens of microseconds to be seen.
const BIRTHS: usize = 150;

/// Times that a process is looked at which stays as it was born.
const LOOKS: usize = 500;

/// Watches for ever, as a process of a container, and says what it has found.
pub(crate) fn watch() {
    let mut arguments = std::env::args().skip(2);
    let marker = arguments.next().expect("a file of the host");
    let host: Vec<_> = arguments.map(PathBuf::from).collect();
    let mut last = std::process::id();
    let mut told = BTreeSet::new();
    let mut tell = |line: String| {
        if told.insert(line.clone()) {
            println!("{line}");
        }
    };
    tell("watching".into());
    for round in 0_u64.. {
        if round % 100 == 0 {
            // Some may have come and gone while another was looked at.
            let names = fs::read_dir("/proc").expect("procfs").flatten();
            let pids = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
            last = pids.max().unwrap_or(last).max(last);
        }
        // Numbers are given out one after the other.
        for pid in last + 1..last + 8 {
            let process = PathBuf::from(format!("/proc/{pid}"));
            let mut looks = 0;
            while looks < LOOKS && process.join("stat").exists() {
                look(&process, &marker, &host, &mut tell);
                looks += 1;
                // It is what it will be.
                let exe = fs::read_link(process.join("exe"));
                if looks > 3 && exe.is_ok_and(|exe| exe == Path::new("/bin/busybox")) {
                    break;
                }
            }
            if looks > 0 {
                tell(format!("saw {}", pid.min(100)));
                last = pid;
            }
        }
    }
}

const NAMESPACES: [&str; 5] = ["mnt", "net", "ipc", "uts", "pid_for_children"];

/// The machine's namespaces.
fn namespaces() -> Vec<String> {
    let read = |name| {
        let link = fs::read_link(format!("/proc/self/ns/{name}")).expect("own namespace");
        link.to_string_lossy().into_owned()
    };
    NAMESPACES.into_iter().map(read).collect()
}

/// Looks for a way out through one process.
fn look(process: &Path, marker: &str, host: &[PathBuf], tell: &mut impl FnMut(String)) {
    let leads_out = |link: &Path| {
        let above = "/..".repeat(20);
        let way = format!("{}{above}{marker}", link.display());
        let direct = format!("{}{marker}", link.display());
        fs::metadata(way).is_ok() || fs::metadata(direct).is_ok()
    };
    for name in ["root", "cwd"] {
        if leads_out(&process.join(name)) {
            tell(format!("OUT by {name}"));
        }
    }
    for (name, host) in NAMESPACES.iter().zip(host) {
        let link = fs::read_link(process.join("ns").join(name));
        if link.is_ok_and(|link| link == *host) {
            tell(format!("OUT by the namespace {name}"));
        }
    }
    let exe = process.join("exe");
    if let Ok(program) = fs::read_link(&exe)
        && program != Path::new("/bin/busybox")
    {
        tell(format!("early {}", program.display()));
        if fs::OpenOptions::new().append(true).open(&exe).is_ok() {
            tell(format!("OUT by writing to {}", program.display()));
        }
    }
    for entry in fs::read_dir(process.join("fd")).into_iter().flatten() {
        let Ok(entry) = entry else { continue };
        let link = entry.path();
        if leads_out(&link) {
            tell(format!("OUT by descriptor {:?}", fs::read_link(&link)));
        }
        if let Ok(status) = fs::metadata(&link)
            && let Ok(name) = fs::read_link(&link)
        {
            let name = name.to_string_lossy();
            let name = name.split(':').next().unwrap_or_default();
            tell(format!("open {name} {:o}", status.mode() >> 12));
        }
    }
}

/// A container whose first process watches.
fn watched() -> Supervised {
    let mut fixture = Fixture::shell("");
    let program = fixture.dir.path().join("image/watcher");
    fs::copy(std::env::current_exe().expect("own path"), program).expect("copy");
    let marker = fixture.dir.path().join("marker");
    fs::write(&marker, "").expect("write");
    fixture.spec.process.args = vec![
        "/watcher".into(),
        WATCHER_ROLE.into(),
        marker.to_string_lossy().into_owned(),
    ];
    fixture.spec.process.args.extend(namespaces());
    let ptrace: Capability = "SYS_PTRACE".parse().expect("a name");
    fixture.spec.process.capabilities = CapabilitySet::DEFAULT.with(ptrace);
    fixture.spec.seccomp = Seccomp::Unconfined;
    fixture.spec.namespaces.cgroup = NsMode::New;
    let container = Supervised::launch(fixture);
    container.start();
    let begin = Instant::now();
    while !container.log().contains("watching") {
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not");
        // The shim writes the log when it has read the line.
        std::thread::sleep(Duration::from_millis(5));
    }
    container
}

fn assert_nothing_found(container: &Supervised) {
    let said = container.log();
    let lines = |start| {
        said.lines()
            .filter(move |line: &&str| line.starts_with(start))
    };
    assert!(lines("saw ").count() > 10, "it hardly watched: {said}");
    let out: Vec<_> = lines("OUT ").collect();
    assert!(out.is_empty(), "{out:#?}");
    // Whatever else there is leads nowhere. The last is ps's.
    let own = ["open / 4", "open /proc 4"];
    let others: Vec<_> = lines("open ")
        .filter(|line| line.ends_with(" 4") && !own.contains(line))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
}

fn an_exec_has_nothing_of_the_hosts() {
    let container = watched();
    for number in 0..BIRTHS {
        let (tty, script) = (number % 3 == 0, "true");
        let stream = container.exec(&number.to_string(), script, tty, ALL);
        read_to_end(&stream);
    }
    assert_nothing_found(&container);
}

fn an_init_among_others_has_nothing_of_the_hosts() {
    let container = watched();
    for number in 0..BIRTHS / 5 {
        let mut fixture = Fixture::shell("ps | grep -q watcher");
        fixture.spec.process.tty = number % 3 == 0;
        fixture.spec.init = number % 5 == 0;
        fixture.spec.namespaces.pid = NsMode::Of(container.pid);
        if number % 2 == 0 {
            fixture.spec.namespaces.cgroup = NsMode::New;
        }
        if number % 4 == 2 && !fixture.spec.init {
            // Nobody else counts as one of the container's.
            fixture.spec.cgroup.resources.pids_limit = Some(1);
            fixture.spec.process.args = vec!["true".into()];
        }
        let other = Supervised::launch(fixture);
        other.start();
        assert_eq!(other.wait().exit_code, 0);
        other.wait_gone();
    }
    assert_nothing_found(&container);
}
