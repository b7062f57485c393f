//! Archives go to a real dockerd and come back: the ID and the files stay.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use longshore_image::{load::load, save};

use crate::support::{Scene, Tar, needs_root};

/// A private dockerd without a network; it ends with the value.
struct Dockerd {
    child: Child,
    directory: tempfile::TempDir,
}

impl Dockerd {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            directory
                .path()
                .join(name)
                .into_os_string()
                .into_string()
                .unwrap()
        };
        let log = fs::File::create(path("log")).unwrap();
        let child = Command::new("dockerd")
            .args(["-H", &format!("unix://{}", path("socket"))])
            .args(["--data-root", &path("root"), "--exec-root", &path("run")])
            .args([
                "--pidfile",
                &path("pid"),
                "--bridge=none",
                "--iptables=false",
            ])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let dockerd = Self { child, directory };
        let deadline = Instant::now() + Duration::from_secs(90);
        while !dockerd.run(&["version"]).status.success() {
            let log = fs::read_to_string(dockerd.path("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "dockerd does not start:\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
        dockerd
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new("docker")
            .arg("-H")
            .arg(format!("unix://{}", self.path("socket").display()))
            .args(args)
            .output()
            .unwrap()
    }

    fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        }
        self.child.wait().ok();
    }
}

fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

fn write(path: &Path, bytes: &[u8]) -> String {
    fs::write(path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn images_keep_their_id_and_content_to_and_from_dockerd() {
    needs_root!();
    if !is_here("dockerd") || !is_here("docker") {
        println!("skipped: needs dockerd and docker (apt-get install docker.io)");
        return;
    }
    let dockerd = Dockerd::start();
    let scene = Scene::new();
    let below = Tar::new()
        .dir("d/")
        .file("d/old", "old")
        .file("d/kept", "kept");
    let deep_name = "long/".repeat(30) + "end";
    let above = Tar::new()
        .dir("d/")
        .file("d/.wh.old", "")
        .symlink("d/link", "kept")
        .hard_link("d/none", "d/link")
        .pax(&[("path", deep_name.as_bytes())])
        .file("x", "far down");
    let image = scene
        .image("ours:1", &[below.bytes(), above.bytes()])
        .unwrap();

    // Ours, there: the same ID, and the files as the layers say.
    let mut archive = Vec::new();
    let plan = save::plan(&scene.store, &["ours:1".to_owned()]).unwrap();
    plan.write(&mut archive).unwrap();
    let file = write(&dockerd.path("ours.tar"), &archive);
    assert_eq!(
        dockerd.ok(&["load", "-q", "-i", &file]),
        "Loaded image: ours:1"
    );
    assert_eq!(
        dockerd.ok(&["inspect", "-f", "{{.Id}}", "ours:1"]),
        image.id.to_string()
    );
    let container = dockerd.ok(&["create", "ours:1", "/nothing"]);
    let export = Command::new("docker")
        .arg("-H")
        .arg(format!("unix://{}", dockerd.path("socket").display()))
        .args(["export", &container])
        .output()
        .unwrap();
    let exported = scene.image("", &[export.stdout]).unwrap();
    let root = scene.store.lower_dirs(&exported.chain.unwrap()).remove(0);
    assert_eq!(fs::read_to_string(root.join("d/link")).unwrap(), "kept");
    assert!(!root.join("d/old").exists());
    let deep = root.join(&deep_name);
    assert_eq!(fs::read_to_string(deep).unwrap(), "far down");

    // Theirs, here: committed on top of ours, with what only dockerd writes.
    dockerd.ok(&["cp", &file, &format!("{container}:/d/added")]);
    dockerd.ok(&["commit", "-c", "CMD [\"/x\"]", &container, "theirs:2"]);
    let theirs = dockerd.ok(&["inspect", "-f", "{{.Id}}", "theirs:2"]);
    let size = dockerd.ok(&["inspect", "-f", "{{.Size}}", "theirs:2"]);
    let file = dockerd.path("theirs.tar").to_str().unwrap().to_owned();
    dockerd.ok(&["save", "-o", &file, "theirs:2", "ours:1"]);
    let other = Scene::new();
    load(&other.store, fs::File::open(&file).unwrap(), &mut |_| {}).unwrap();
    let loaded = other.store.get("theirs:2").unwrap();
    assert_eq!(loaded.id.to_string(), theirs);
    assert_eq!(loaded.size.to_string(), size);
    assert_eq!(loaded.config.config.cmd, Some(vec!["/x".to_owned()]));
    assert_eq!(
        loaded.parent,
        Some(image.id.clone()),
        "dockerd recorded what it was made from"
    );
    let top = &other.store.lower_dirs(loaded.chain.as_ref().unwrap())[0];
    assert_eq!(fs::read(top.join("d/added")).unwrap(), archive);

    // And back again.
    let mut archive = Vec::new();
    save::plan(&other.store, &["theirs:2".to_owned()])
        .unwrap()
        .write(&mut archive)
        .unwrap();
    dockerd.ok(&["rm", &container]);
    dockerd.ok(&["rmi", "theirs:2", "ours:1"]);
    let file = write(&dockerd.path("back.tar"), &archive);
    dockerd.ok(&["load", "-q", "-i", &file]);
    assert_eq!(
        dockerd.ok(&["inspect", "-f", "{{.Id}}", "theirs:2"]),
        theirs
    );
}
