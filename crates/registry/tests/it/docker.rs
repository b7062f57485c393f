//! dockerd 20.10 and its CLI: log in, push, pull, search, log out.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::with_accounts;
use crate::program::{Program, fail, run};

/// A dockerd of this test's own; ended when dropped.
struct Dockerd {
    process: Child,
    directory: tempfile::TempDir,
}

impl Dockerd {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        let process = Command::new("dockerd")
            .arg(format!("--host=unix://{}", at("socket").display()))
            .args([Path::new("--data-root"), &at("root")])
            .args([Path::new("--exec-root"), &at("run")])
            .args([Path::new("--pidfile"), &at("pid")])
            .args(["--bridge=none", "--iptables=false"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(at("log")).expect("a file"))
            .spawn()
            .expect("dockerd");
        let dockerd = Self { process, directory };
        let begin = Instant::now();
        while !dockerd
            .docker(&["version"])
            .output()
            .is_ok_and(|output| output.status.success())
        {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "dockerd is not up"
            );
            // It starts a containerd of its own first.
            std::thread::sleep(Duration::from_millis(100));
        }
        dockerd
    }

    fn docker(&self, arguments: &[&str]) -> Command {
        let at = |name: &str| self.directory.path().join(name);
        let mut command = Command::new("/usr/bin/docker");
        command
            .env("DOCKER_CONFIG", at("config"))
            .env("DOCKER_HOST", format!("unix://{}", at("socket").display()))
            .args(arguments);
        command
    }

    fn login(&self, address: &str, password: &str) -> Command {
        self.docker(&[
            "login",
            "--username",
            "ann",
            "--password",
            password,
            address,
        ])
    }

    /// Makes an image of one file.
    fn import(&self, name: &str, content: &str) -> String {
        let tree = self.directory.path().join("tree");
        std::fs::create_dir_all(&tree).expect("a directory");
        std::fs::write(tree.join("file"), content).expect("a file");
        let archive = self.directory.path().join("tree.tar");
        run(Command::new("tar")
            .arg("-cf")
            .arg(&archive)
            .arg("-C")
            .arg(&tree)
            .arg("."));
        let archive = archive.display().to_string();
        run(&mut self.docker(&["import", "--change", "CMD [\"/file\"]", &archive, name]))
            .trim()
            .to_owned()
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        // In order, so that its containerd ends too.
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.process),
            rustix::process::Signal::TERM,
        );
        let _ = self.process.wait();
    }
}

#[test]
fn dockerd_logs_in_pushes_pulls_and_searches() {
    let dockerd = Dockerd::start();
    let docker = |arguments: &[&str]| dockerd.docker(arguments);
    let data = tempfile::tempdir().expect("a directory");
    let (accounts_dir, _) = with_accounts(&[], false);
    let htpasswd = accounts_dir.path().join("htpasswd").display().to_string();
    for (place, flags) in [
        vec![],
        vec!["--htpasswd", &htpasswd],
        vec!["--htpasswd", &htpasswd, "--token", "--v1"],
        vec![
            "--htpasswd",
            &htpasswd,
            "--token",
            "--grant",
            "ann:team/*:pull,push",
        ],
    ]
    .into_iter()
    .enumerate()
    {
        let program = Program::start(&data.path().join(place.to_string()), &flags);
        let address = program.address.as_str();
        let image = format!("{address}/team/app:v{place}");
        let id = dockerd.import(&image, &format!("content {place}"));
        if !flags.is_empty() {
            let refused = fail(&mut docker(&["push", &image]));
            assert!(
                refused.contains("no basic auth credentials")
                    || refused.contains("denied")
                    || refused.contains("unauthorized"),
                "{refused}"
            );
            let wrong = fail(&mut dockerd.login(address, "wrong"));
            assert!(wrong.to_lowercase().contains("unauthorized"), "{wrong}");
        }
        let login = run(&mut dockerd.login(address, "secret"));
        assert!(login.contains("Login Succeeded"), "{login}");
        let pushed = run(&mut docker(&["push", &image]));
        let digest = pushed
            .split_whitespace()
            .find(|word| word.starts_with("sha256:"))
            .unwrap_or_else(|| panic!("no digest in {pushed}"));
        run(&mut docker(&["push", &image]));
        let copy = format!("{address}/team/copy:v1");
        run(&mut docker(&["tag", &image, &copy]));
        let mounted = run(&mut docker(&["push", &copy]));
        assert!(mounted.contains("Mounted from team/app"), "{mounted}");

        run(&mut docker(&["rmi", &image, &copy]));
        run(&mut docker(&["pull", &image]));
        let inspect = ["inspect", "--format", "{{.Id}}", &image];
        assert_eq!(run(&mut docker(&inspect)).trim(), id);
        let pinned = format!("{address}/team/app@{digest}");
        let again = run(&mut docker(&["pull", &pinned]));
        assert!(again.contains("Image is up to date"), "{again}");
        let all = run(&mut docker(&[
            "pull",
            "--all-tags",
            &format!("{address}/team/app"),
        ]));
        assert!(all.contains(&format!("v{place}")), "{all}");
        let missing = fail(&mut docker(&["pull", &format!("{address}/team/app:none")]));
        assert!(missing.contains("manifest unknown"), "{missing}");

        if place == 3 {
            let other = format!("{address}/other/app:v1");
            run(&mut docker(&["tag", &image, &other]));
            let denied = fail(&mut docker(&["push", &other]));
            assert!(
                denied.contains("denied") || denied.contains("unauthorized"),
                "{denied}"
            );
            run(&mut docker(&["rmi", &other]));
        }
        let search = &mut docker(&["search", &format!("{address}/app")]);
        let found = run(search);
        assert!(found.contains("team/app"), "{found}");
        run(&mut docker(&["logout", address]));
        run(&mut docker(&["rmi", "--force", &image]));
    }
}
