//! Devices that containers ask for, seen from inside.

use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, makedev, mknodat};

use crate::harness::{Daemon, clis, text};

/// A place for files about devices, and a daemon that reads them there.
struct Machine {
    daemon: Daemon,
    dir: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["etc", "run"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let flag = |name| dir.path().join(name).to_string_lossy().into_owned();
        let daemon = Daemon::flagged(&[
            "--cdi-spec-dir",
            &flag("etc"),
            "--cdi-spec-dir",
            &flag("run"),
        ]);
        daemon.import_busybox();
        Self { daemon, dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        let content = content.replace("DIR", &self.dir.path().to_string_lossy());
        std::fs::write(self.path(name), content).unwrap();
    }

    fn node(&self, name: &str, minor: u32) -> PathBuf {
        let path = self.path(name);
        make_node(&path, minor);
        path
    }

    fn run(&self, options: &[&str], script: &str) -> String {
        let command = ["busybox", "sh", "-c", script];
        let run = ["run", "--rm", "--net", "none"];
        self.daemon.docker(&[&run, options, &command].concat())
    }

    fn refused(&self, options: &[&str]) -> String {
        let run = ["run", "--rm", "--net", "none"];
        let output = self
            .daemon
            .try_docker(&[&run, options, &["busybox", "true"]].concat());
        assert!(!output.status.success(), "{options:?}");
        text(&output.stderr)
    }

    /// Creates and starts with this `HostConfig`: the answer to the start.
    fn start(&self, host: &str) -> (u16, String) {
        let body = format!(r#"{{"Image":"busybox","Cmd":["true"],"HostConfig":{host}}}"#);
        let path = "/v1.40/containers/create?name=asked";
        let (status, answer) = self.daemon.http("POST", path, Some(&body));
        assert_eq!(status, 201, "{host}: {answer}");
        let started = (self.daemon).http("POST", "/v1.40/containers/asked/start", None);
        self.daemon.docker(&["rm", "-f", "asked"]);
        started
    }
}

/// A character device of memory: 3 is null, 5 is zero.
fn make_node(path: &Path, minor: u32) {
    let mode = Mode::from_raw_mode(0o640);
    let kind = FileType::CharacterDevice;
    mknodat(rustix::fs::CWD, path, kind, mode, makedev(1, minor)).unwrap();
}

/// What `stat` tells of a node: kind, numbers in hexadecimal, mode, owner.
const STAT: &str = "stat -c '%F %t:%T %a %u:%g'";

#[test]
fn devices_that_files_describe() {
    let machine = Machine::new();
    machine.node("zero", 5);
    std::fs::create_dir(machine.path("lib")).unwrap();
    machine.write("lib/f", "driver\n");
    machine.write(
        "etc/vendor.json",
        r#"{"cdiVersion":"0.7.0","kind":"vendor.com/class","annotations":{"a":"b"},
            "containerEdits":{"env":["VENDOR=yes"],"additionalGids":[4242,0],
              "mounts":[{"hostPath":"DIR/lib","containerPath":"/opt/lib",
                         "options":["ro","nosuid","nodev","noexec","rbind","rprivate"]}]},
            "devices":[
              {"name":"full","containerEdits":{"env":["DEVICE=full"],
                "deviceNodes":[{"path":"/dev/vendor/full","type":"c","major":1,"minor":7,
                                "fileMode":416,"uid":7,"gid":8,"permissions":"rw"}]}},
              {"name":"zero","containerEdits":{"env":["DEVICE=zero"],
                "deviceNodes":[{"path":"/dev/vendor-zero","hostPath":"DIR/zero"}]}}]}"#,
    );
    let both = [
        "--device",
        "vendor.com/class=full",
        "--device",
        "vendor.com/class=zero",
        "-e",
        "DEVICE=mine",
    ];
    let seen = |script: &str| machine.run(&both, script);
    assert_eq!(
        seen(&format!("{STAT} /dev/vendor/full")),
        "character special file 1:7 640 7:8"
    );
    assert_eq!(
        seen(&format!("{STAT} /dev/vendor-zero")),
        "character special file 1:5 640 0:0"
    );
    assert_eq!(seen("echo $VENDOR $DEVICE"), "yes zero");
    assert_eq!(seen("head -c 3 /dev/vendor-zero | wc -c"), "3");
    assert_eq!(seen("echo x 2>&1 >/dev/vendor/full || echo full"), {
        "sh: write error: No space left on device\nfull"
    });
    assert_eq!(seen("id -G"), "0 4242");
    assert_eq!(seen("cat /opt/lib/f; touch /opt/lib/f 2>&1; true"), {
        "driver\ntouch: /opt/lib/f: Read-only file system"
    });
    let options = seen("grep ' /opt/lib ' /proc/self/mountinfo | cut -d' ' -f6");
    for option in ["ro", "nosuid", "nodev", "noexec"] {
        assert!(options.split(',').any(|has| has == option), "{options}");
    }
}

#[test]
fn a_device_is_looked_up_at_every_start() {
    let machine = Machine::new();
    let create = ["create", "--name", "one", "--net", "none"];
    let device = ["--device", "v.com/class=x"];
    let command = ["busybox", "sh", "-c", "echo $FROM"];
    machine
        .daemon
        .docker(&[&create[..], &device, &command].concat());
    let start = || {
        let output = machine.daemon.try_docker(&["start", "-a", "one"]);
        (text(&output.stdout) + &text(&output.stderr))
            .trim()
            .to_owned()
    };
    let error = start();
    assert!(
        error.contains("CDI device injection failed: unresolvable CDI devices v.com/class=x"),
        "{error}"
    );
    let yaml = |from: &str| {
        format!(
            "cdiVersion: \"0.5.0\"\nkind: v.com/class\ndevices:\n- name: x\n  containerEdits:\n    \
             env: [\"FROM={from}\"]\n"
        )
    };
    machine.write("etc/a.yaml", &yaml("etc"));
    assert_eq!(start(), "etc");
    machine.write("run/a.yaml", &yaml("run"));
    assert_eq!(start(), "run");
    machine.write("run/b.yaml", &yaml("other"));
    let error = start();
    assert!(
        error.contains("conflicting device \"v.com/class=x\""),
        "{error}"
    );
    let shown = "{{json .HostConfig.DeviceRequests}}";
    assert_eq!(
        machine.daemon.docker(&["inspect", "-f", shown, "one"]),
        r#"[{"Driver":"cdi","Count":0,"DeviceIDs":["v.com/class=x"],"Capabilities":null,"Options":null}]"#
    );
}

#[test]
fn what_is_asked_of_no_driver_or_wrongly() {
    let machine = Machine::new();
    machine.write(
        "etc/hook.json",
        r#"{"cdiVersion":"0.3.0","kind":"v.com/class","devices":[{"name":"x","containerEdits":
            {"hooks":[{"hookName":"createContainer","path":"/bin/hook","args":["hook"]}]}}]}"#,
    );
    for (host, status, words) in [
        (
            r#"{"DeviceRequests":[{"Driver":"","Count":-1,"Capabilities":[["gpu"]]}]}"#,
            500,
            r#"could not select device driver \"\" with capabilities: [[gpu]]"#,
        ),
        (
            r#"{"DeviceRequests":[{"Driver":"cdi","DeviceIDs":["v.com/class=y","v.com/d=x"]}]}"#,
            500,
            "CDI device injection failed: unresolvable CDI devices v.com/class=y, v.com/d=x",
        ),
        (
            r#"{"DeviceRequests":[{"Driver":"cdi","DeviceIDs":["v.com/class=x"]}]}"#,
            500,
            "v.com/class=x: hooks are not supported: createContainer /bin/hook",
        ),
        (
            r#"{"DeviceRequests":[{"Driver":"cdi","Count":1,"DeviceIDs":["v.com/class=x"]}]}"#,
            400,
            "unexpected count in CDI device request",
        ),
        (
            r#"{"BlkioDeviceReadBps":[{"Path":"/dev/nosuch","Rate":1024}]}"#,
            500,
            r#""stat /dev/nosuch: no such file or directory""#,
        ),
    ] {
        let (answered, text) = machine.start(host);
        assert_eq!(answered, status, "{host}: {text}");
        assert!(text.contains(words), "{host}: {text}");
    }
    for cli in clis() {
        let args = ["run", "--rm", "--gpus", "all", "--net", "none", "busybox"];
        let mut command = machine.daemon.docker_with(&cli, &args);
        let output = command.arg("true").output().unwrap();
        assert!(!output.status.success());
        let error = text(&output.stderr);
        let words = "could not select device driver \"\" with capabilities: [[gpu]]";
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_daemon_without_descriptions() {
    let daemon = Daemon::flagged(&["--cdi-spec-dir", ""]);
    daemon.import_busybox();
    let run = ["run", "--rm", "--net", "none", "--device", "v.com/class=x"];
    let output = daemon.try_docker(&[&run[..], &["busybox", "true"]].concat());
    assert!(!output.status.success());
    let error = text(&output.stderr);
    let words = "could not select device driver \"cdi\" with capabilities: []";
    assert!(error.contains(words), "{error}");
}

#[test]
fn nodes_of_the_host() {
    let machine = Machine::new();
    let zero = machine.node("zero", 5);
    let zero = zero.to_string_lossy();
    std::fs::create_dir_all(machine.path("tree/sub")).unwrap();
    std::fs::create_dir(machine.path("bare")).unwrap();
    machine.node("tree/null", 3);
    machine.node("tree/sub/zero", 5);
    machine.write("tree/file", "no device");
    let link = machine.path("link");
    std::os::unix::fs::symlink(&*zero, &link).unwrap();

    let stat = |place: &str| format!("{STAT} {place}");
    let given = |device: &str, script: &str| machine.run(&["--device", device], script);
    let zeroes = "character special file 1:5 640 0:0";
    assert_eq!(given(&format!("{zero}:/dev/x"), &stat("/dev/x")), zeroes);
    assert_eq!(given(&zero, &stat(&zero)), zeroes, "the same place");
    let linked = format!("{}:/dev/x", link.display());
    assert_eq!(given(&linked, &stat("/dev/x")), zeroes, "through a link");
    let elsewhere = format!("{zero}:/opt/deep/x");
    assert_eq!(given(&elsewhere, &stat("/opt/deep/x")), zeroes);

    // Nobody has this number: who may open it learns that.
    let nobody = machine.node("nobody", 200);
    let script = "(: </dev/x) 2>&1; (: >/dev/x) 2>&1; true";
    let readable = given(&format!("{}:/dev/x:r", nobody.display()), script);
    let (read, written) = readable.split_once('\n').unwrap();
    assert!(read.ends_with("No such device or address"), "{readable}");
    assert!(written.ends_with("Operation not permitted"), "{readable}");

    let tree = format!("{}:/dev/t", machine.path("tree").display());
    let listed = given(&tree, "cd /dev/t && find . | sort");
    assert_eq!(listed, ".\n./null\n./sub\n./sub/zero");

    // What is there already stays.
    let program = format!("{zero}:/bin/busybox");
    assert_eq!(given(&program, "stat -c %F /bin/busybox"), "regular file");
    let below = format!("{zero}:/dev/shm/../x");
    assert_eq!(given(&below, &stat("/dev/x")), zeroes);
    let shm = format!("{zero}:/dev/shm/x");
    assert_eq!(given(&shm, &stat("/dev/shm/x")), zeroes);
    let null = given(&format!("{zero}:/dev/null"), &stat("/dev/null"));
    assert_eq!(null, zeroes, "not the one that everybody has");
    let ptmx = format!("{zero}:/dev/ptmx");
    assert_eq!(given(&ptmx, "readlink /dev/ptmx"), "pts/ptmx");

    let privileged = ["--privileged", "--device", &format!("{zero}:/dev/x")];
    assert_eq!(machine.run(&privileged, &stat("/dev/x")), zeroes);

    let wrong = |path: &str, reason: &str| {
        let error = machine.refused(&["--device", &format!("{path}:/dev/x")]);
        let words = format!(
            "Error response from daemon: error gathering device information while adding custom \
             device \"{path}\": {reason}"
        );
        assert!(error.contains(&words), "{error}");
    };
    wrong("/dev/nosuch", "no such file or directory");
    wrong("/etc/passwd", "not a device node");
    wrong(&machine.path("bare").to_string_lossy(), "not a device node");
    std::os::unix::fs::symlink("nowhere", machine.path("dangling")).unwrap();
    let dangling = machine.path("dangling");
    wrong(&dangling.to_string_lossy(), "not a device node");
}

#[test]
fn privileged_containers_see_the_hosts_devices() {
    let machine = Machine::new();
    let has = |name: &str| Path::new("/dev").join(name).exists();
    let names = |text: String| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let listed = names(machine.run(&["--privileged"], "ls /dev"));
    for name in ["kmsg", "fuse", "loop-control", "null", "random"] {
        let inside = listed.iter().any(|listed| listed == name);
        assert_eq!(inside, has(name), "{name}: {listed:?}");
    }
    let own = names(machine.run(&[], "ls /dev"));
    for name in &own {
        assert!(listed.contains(name), "{name}: {listed:?}");
    }
    assert!(own.len() < listed.len(), "{listed:?}");
    // The host's own terminal is not the container's.
    let console = machine.run(&["--privileged"], "test -e /dev/console || echo none");
    assert_eq!(console, "none");
    // As it is there anyway, nobody asks whether it is.
    let asked = ["--privileged", "--device", "/dev/nosuch"];
    assert_eq!(machine.run(&asked, "echo started"), "started");
}

#[test]
fn rules_about_devices() {
    let machine = Machine::new();
    let script = "mknod /x c 1 200; (: </x) 2>&1; (: >/x) 2>&1; true";
    for (rule, read, written) in [
        ("c 1:200 r", "No such device", "not permitted"),
        ("c *:* w", "not permitted", "No such device"),
        ("a 1:200 rw", "No such device", "No such device"),
        ("b 1:200 rw", "not permitted", "not permitted"),
    ] {
        let told = machine.run(&["--device-cgroup-rule", rule], script);
        let (first, second) = told.split_once('\n').unwrap();
        assert!(first.contains(read), "{rule}: {told}");
        assert!(second.contains(written), "{rule}: {told}");
    }
    let (status, text) = machine.start(r#"{"DeviceCgroupRules":["c 1:3"]}"#);
    assert_eq!(status, 500, "{text}");
    let words = r#"{"message":"invalid device cgroup rule format: 'c 1:3'"}"#;
    assert_eq!(text.trim(), words);
}
