//! The same probe in our container and in dockerd's: every difference must be
//! on a list, with its reason.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::fixture::{Fixture, bind};
use crate::probe::{self, Findings};

trials!(default_container_is_dockerds, user_container_is_dockerds);

/// Names (or beginnings of names, with a `*`) whose values may differ.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "mount./",
        "dockerd mounts the overlay on the host and hands down a slave",
    ),
    (
        "masked./proc/interrupts",
        "masked since 2025; the reference is older",
    ),
    (
        "mount./proc/interrupts",
        "masked since 2025; the reference is older",
    ),
    (
        "masked./sys/devices/virtual/powercap",
        "masked since 2023; the reference is older",
    ),
    (
        "mount./sys/devices/virtual/powercap",
        "masked since 2023; the reference is older",
    ),
    (
        "mount./sys/devices/system/cpu/*",
        "thermal_throttle, masked since 2025",
    ),
    (
        "mount./proc/keys",
        "our masks come from a null device of their own, not from /dev",
    ),
    ("mount./proc/timer_list", "the same"),
    ("mount./proc/kcore", "the same"),
    ("mount./proc/acpi", "the same, for directories"),
    ("mount./proc/scsi", "the same, for directories"),
    ("mount./proc/asound", "the same, for directories"),
    ("mount./sys/firmware", "the same, for directories"),
    ("env.HOSTNAME", "each has its own name"),
    ("hostname", "each has its own name"),
    (
        "status.SigIgn",
        "dockerd hands on what its own parent ignored; we reset",
    ),
];

fn default_container_is_dockerds() {
    compare("");
}

fn user_container_is_dockerds() {
    compare("1000");
}

fn compare(user: &str) {
    let mut fixture = Fixture::shell("");
    let image = fixture.dir.path().join("image");
    fs::copy(
        std::env::current_exe().expect("own path"),
        image.join("probe"),
    )
    .expect("copy");
    // What the layer between image and container holds.
    for directory in ["dev/pts", "dev/shm", "proc", "sys"] {
        fs::create_dir_all(image.join(directory)).expect("mkdir");
    }
    for file in ["resolv.conf", "hosts", "hostname"] {
        fs::write(image.join("etc").join(file), "").expect("write");
    }
    let reference = Dockerd::start().probe(&image, user);
    fs::write(image.join(".dockerenv"), "").expect("write");
    std::os::unix::fs::symlink("/proc/mounts", image.join("etc/mtab")).expect("symlink");

    let spec = &mut fixture.spec;
    spec.process.args = vec!["/probe".into(), probe::ROLE.into()];
    spec.process.user = user.into();
    spec.process.env = vec![
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
        format!("HOSTNAME={}", spec.hostname),
    ];
    for (name, value) in [
        ("net.ipv4.ip_unprivileged_port_start", "0"),
        ("net.ipv4.ping_group_range", "0 2147483647"),
    ] {
        spec.sysctls.insert(name.into(), value.into());
    }
    for file in ["resolv.conf", "hostname", "hosts"] {
        let source = image.join("etc").join(file);
        spec.mounts.push(bind(source, &format!("/etc/{file}")));
    }
    let id = spec.id.clone();
    let parent = spec.cgroup.parent.clone();
    let ours: Findings = serde_json::from_str(&fixture.output()).expect("findings");
    let ours = normal(ours, &format!("{parent}/{id}"), &id);
    let differences: Vec<String> = ours
        .keys()
        .chain(reference.keys().filter(|name| !ours.contains_key(*name)))
        .filter(|name| ours.get(*name) != reference.get(*name) && !is_explained(name))
        .map(|name| {
            format!(
                "{name}: ours {:?}, dockerd {:?}",
                ours.get(name),
                reference.get(name)
            )
        })
        .collect();
    assert!(ours.len() > 100, "{} findings", ours.len());
    assert!(differences.is_empty(), "{differences:#?}");
}

fn is_explained(name: &str) -> bool {
    EXPLAINED
        .iter()
        .any(|(known, _)| match known.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == *known,
        })
}

/// Findings without what is different in every container.
fn normal(findings: Findings, cgroup: &str, id: &str) -> Findings {
    findings
        .into_iter()
        .map(|(name, value)| {
            let value = if let Some(kind) = name.strip_prefix("ns.") {
                let host = fs::read_link(format!("/proc/self/ns/{kind}"));
                let same = host.is_ok_and(|host| host.display().to_string() == value);
                if same { "host" } else { "new" }.to_owned()
            } else if name == "keys" {
                // Serial numbers of keys.
                value
                    .split_whitespace()
                    .filter(|word| word.contains("_ses"))
                    .collect()
            } else {
                value
            };
            let value = value.replace(cgroup, "/GROUP").replace(id, "ID");
            (name, value)
        })
        .collect()
}

/// A dockerd of our own, on a private socket and root.
struct Dockerd {
    process: Child,
    dir: tempfile::TempDir,
}

impl Dockerd {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = |name: &str| dir.path().join(name).display().to_string();
        let log = fs::File::create(dir.path().join("log")).expect("log");
        let process = Command::new("dockerd")
            // Nothing of the machine's network is touched.
            .args(["--bridge=none", "--iptables=false", "--ip-forward=false"])
            .args(["-H", &format!("unix://{}", path("socket"))])
            .args(["--data-root", &path("root"), "--exec-root", &path("run")])
            .args(["--pidfile", &path("pid")])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("this test needs dockerd: apt-get install docker.io");
        let dockerd = Self { process, dir };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !dockerd.docker(&["version"]).status.success() {
            let log = fs::read_to_string(dockerd.dir.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "dockerd does not answer: {log}");
            std::thread::park_timeout(Duration::from_millis(100));
        }
        dockerd
    }

    fn docker(&self, arguments: &[&str]) -> Output {
        Command::new("docker")
            .env(
                "DOCKER_HOST",
                format!("unix://{}/socket", self.dir.path().display()),
            )
            .env("DOCKER_CONFIG", self.dir.path())
            .args(arguments)
            .output()
            .expect("this test needs the docker client: apt-get install docker.io")
    }

    fn probe(&self, image: &Path, user: &str) -> Findings {
        let tar = self.dir.path().join("image.tar");
        let packed = Command::new("tar")
            .arg("-C")
            .arg(image)
            .arg("-cf")
            .arg(&tar)
            .arg(".")
            .status()
            .expect("tar");
        assert!(packed.success());
        let imported = self.docker(&["import", &tar.display().to_string(), "probe"]);
        assert!(imported.status.success(), "{imported:?}");
        let name = self.dir.path().join("cid").display().to_string();
        let ran = self.docker(&[
            "run",
            "--cidfile",
            &name,
            "-u",
            user,
            "probe",
            "/probe",
            probe::ROLE,
        ]);
        assert!(ran.status.success(), "{ran:?}");
        let id = fs::read_to_string(&name).expect("id");
        let removed = self.docker(&["rm", "-f", &id]);
        assert!(removed.status.success(), "{removed:?}");
        let findings = serde_json::from_slice(&ran.stdout).expect("findings");
        normal(findings, &format!("/docker/{id}"), &id)
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.process.id() as i32);
        // It may have ended by itself; waiting tells.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.process.wait();
    }
}
