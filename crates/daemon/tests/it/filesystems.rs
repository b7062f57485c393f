//! Volumes with a file system of their own: mounted for the first container that
//! runs with them, unmounted after the last, whatever happens to the daemon.

use std::path::Path;
use std::process::Command;

use crate::harness::{Daemon, text, wait_for};

fn create(daemon: &Daemon, name: &str, options: &[&str]) {
    let options = options.iter().flat_map(|option| ["--opt", option]);
    let args: Vec<&str> = ["volume", "create"].into_iter().chain(options).collect();
    daemon.docker(&[&args[..], &[name]].concat());
}

fn run(daemon: &Daemon, options: &[&str], script: &str) -> String {
    let command = ["busybox", "sh", "-c", script];
    daemon.docker(&[&["run", "--rm", "--net", "none"], options, &command].concat())
}

fn run_in_background(daemon: &Daemon, name: &str, volume: &str) {
    daemon.docker(&[
        "run", "-d", "--name", name, "--net", "none", "-v", volume, "busybox", "sleep", "1000",
    ]);
}

/// How often something is mounted below the daemon's own folder.
fn mounted(daemon: &Daemon) -> usize {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let top = daemon.path().join("data").display().to_string();
    table.lines().filter(|line| line.contains(&top)).count()
}

fn wait_until_unmounted(daemon: &Daemon) {
    wait_for("the volume to be unmounted", || {
        (mounted(daemon) == 0).then_some(())
    });
}

/// What a start of a container with this volume fails with.
fn refused(daemon: &Daemon, volume: &str) -> String {
    let volume = format!("{volume}:/x");
    let args = [
        "run", "--rm", "--net", "none", "-v", &volume, "busybox", "true",
    ];
    let output = daemon.try_docker(&args);
    assert!(!output.status.success(), "{volume}");
    text(&output.stderr)
}

/// A block device that shows a file.
struct LoopDevice(String);

impl LoopDevice {
    fn of(file: &Path) -> Self {
        let output = Command::new("losetup")
            .args(["--find", "--show"])
            .arg(file)
            .output()
            .expect("util-linux");
        assert!(output.status.success(), "{}", text(&output.stderr));
        Self(text(&output.stdout))
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["--detach", &self.0]).status();
    }
}

#[test]
fn memory_is_shared_while_somebody_uses_it() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let options = ["type=tmpfs", "device=tmpfs", "o=size=1m,uid=5,noexec"];
    create(&daemon, "memory", &options);
    assert_eq!(mounted(&daemon), 0);
    let look = "stat -c %u /x; df -k /x | tail -1 | awk '{print $2}'; grep ' /x ' /proc/mounts";
    let seen = run(&daemon, &["-v", "memory:/x"], look);
    assert!(
        seen.starts_with("5\n1024\ntmpfs /x tmpfs rw,noexec"),
        "{seen}"
    );
    wait_until_unmounted(&daemon);
    run_in_background(&daemon, "one", "memory:/x");
    assert_eq!(mounted(&daemon), 1);
    run(&daemon, &["-v", "memory:/y"], "echo shared >/y/f");
    assert_eq!(mounted(&daemon), 1);
    assert_eq!(daemon.docker(&["exec", "one", "cat", "/x/f"]), "shared");
    // The machine finds it where inspect says it is.
    let place = daemon.docker(&["volume", "inspect", "-f", "{{.Mountpoint}}", "memory"]);
    let there = std::fs::read_to_string(Path::new(&place).join("f")).unwrap();
    assert_eq!(there, "shared\n");
    let copied = daemon.docker(&["cp", "one:/x/f", "-"]);
    assert!(copied.contains("shared"));
    daemon.docker(&["rm", "-f", "one"]);
    wait_until_unmounted(&daemon);
    assert_eq!(run(&daemon, &["-v", "memory:/x"], "ls /x"), "");
    daemon.docker(&["volume", "rm", "memory"]);
    assert!(!Path::new(&place).exists());
}

#[test]
fn a_later_daemon_knows_what_is_mounted_and_for_whom() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    let options = ["type=tmpfs", "device=tmpfs"];
    create(&daemon, "kept", &options);
    create(&daemon, "left", &options);
    run_in_background(&daemon, "one", "kept:/x");
    run_in_background(&daemon, "two", "left:/x");
    daemon.docker(&["exec", "one", "sh", "-c", "echo here >/x/f"]);
    assert_eq!(mounted(&daemon), 2);
    let pid = daemon.docker(&["inspect", "-f", "{{.State.Pid}}", "two"]);
    daemon.kill();
    // One container ends while there is no daemon.
    let killed = Command::new("kill").args(["-9", &pid]).status().unwrap();
    assert!(killed.success());
    wait_for("its end", || {
        (!Path::new("/proc").join(&pid).exists()).then_some(())
    });
    assert_eq!(mounted(&daemon), 2);
    daemon.run();
    assert_eq!(mounted(&daemon), 1);
    assert_eq!(run(&daemon, &["-v", "kept:/y"], "cat /y/f"), "here");
    assert_eq!(mounted(&daemon), 1);
    daemon.terminate();
    daemon.run();
    assert_eq!(run(&daemon, &["-v", "kept:/y"], "cat /y/f"), "here");
    daemon.docker(&["rm", "-f", "one", "two"]);
    wait_until_unmounted(&daemon);
    // As if the daemon had died between the mount and the container.
    let place = daemon.path().join("data/volumes/left/_data");
    daemon.kill();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "x"])
        .arg(&place)
        .status()
        .unwrap();
    assert!(mount.success());
    daemon.run();
    assert_eq!(mounted(&daemon), 0);
    daemon.docker(&["volume", "rm", "kept", "left"]);
}

#[test]
fn a_disk_of_its_own() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let image = daemon.path().join("disk");
    let file = std::fs::File::create(&image).unwrap();
    file.set_len(8 << 20).unwrap();
    let made = Command::new("mkfs.ext4").arg("-q").arg(&image).status();
    assert!(made.expect("e2fsprogs").success());
    let device = LoopDevice::of(&image);
    let option = format!("device={}", device.0);
    create(&daemon, "disk", &["type=ext4", &option, "o=noatime"]);
    let fill = "echo lasting >/x/f; chown 7:8 /x/f; chmod 4711 /x/f";
    run(&daemon, &["-v", "disk:/x"], fill);
    wait_until_unmounted(&daemon);
    let look = "cat /x/f; stat -c '%u:%g %a' /x/f; ls -d /x/lost+found";
    let seen = run(&daemon, &["-v", "disk:/x:ro"], look);
    assert_eq!(seen, "lasting\n7:8 4711\n/x/lost+found");
    // The files of a container at rest include it.
    daemon.docker(&["create", "--name", "idle", "-v", "disk:/x", "busybox"]);
    assert!(daemon.docker(&["cp", "idle:/x/f", "-"]).contains("lasting"));
    wait_until_unmounted(&daemon);
    daemon.docker(&["rm", "idle"]);
    daemon.docker(&["volume", "rm", "disk"]);
}

#[test]
fn other_directories_of_the_machine() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let host = daemon.path().join("host");
    std::fs::create_dir(&host).unwrap();
    let option = format!("device={}", host.display());
    create(&daemon, "there", &["type=none", "o=bind", &option]);
    create(&daemon, "fixed", &["type=none", "o=bind,ro", &option]);
    run(&daemon, &["-v", "there:/x"], "echo new >/x/f");
    assert_eq!(std::fs::read_to_string(host.join("f")).unwrap(), "new\n");
    let script = "cat /x/f; echo x 2>/dev/null >/x/f || echo refused";
    let seen = run(&daemon, &["-v", "fixed:/x"], script);
    assert_eq!(seen, "new\nrefused");
    wait_until_unmounted(&daemon);
    // Removing the volume leaves what it stood for.
    daemon.docker(&["volume", "rm", "there", "fixed"]);
    assert!(host.join("f").exists());
}

#[test]
fn what_cannot_be_mounted_is_told_in_dockerds_words() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let place = |name: &str| {
        let place = daemon.path().join("data/volumes").join(name);
        place.join("_data").display().to_string()
    };
    create(
        &daemon,
        "nowhere",
        &["type=none", "o=bind", "device=/no/such"],
    );
    create(&daemon, "odd", &["type=tmpfs", "device=tmpfs", "o=bogus=3"]);
    create(&daemon, "unknown", &["type=nosuchfs", "device=x"]);
    let (nowhere, odd, unknown) = (place("nowhere"), place("odd"), place("unknown"));
    let name = ["type=nfs", "device=:/srv", "o=addr=no-such-host.invalid"];
    create(&daemon, "nameless", &name);
    let failed = "failed to mount local volume: mount";
    let table = [
        (
            "nowhere",
            format!("{failed} /no/such:{nowhere}, flags: 0x1000: no such file or directory"),
        ),
        (
            "odd",
            format!("{failed} tmpfs:{odd}, data: bogus=3: invalid argument"),
        ),
        ("unknown", format!("{failed} x:{unknown}: no such device")),
        (
            "nameless",
            "error resolving passed in network volume address: lookup no-such-host.invalid".into(),
        ),
    ];
    for (name, text) in table {
        let text = format!("error while mounting volume '{}': {text}", place(name));
        let said = refused(&daemon, name);
        assert!(said.contains(&text), "{said}\nlacks\n{text}");
    }
    // A server that is not there; some kernels know no NFS at all.
    let server = ["type=nfs", "device=:/srv", "o=addr=localhost,soft,timeo=1"];
    create(&daemon, "server", &server);
    let said = refused(&daemon, "server");
    let text = format!(
        "{failed} :/srv:{}, data: addr=127.0.0.1,soft,timeo=1: ",
        place("server")
    );
    assert!(said.contains(&text), "{said}");
    assert_eq!(mounted(&daemon), 0);
    assert_eq!(daemon.docker(&["ps", "-aq"]), "");
}
