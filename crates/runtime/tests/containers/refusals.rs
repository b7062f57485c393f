//! What does not work, how it is said, and traps in images.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::fixture::{Fixture, bind};

trials!(
    programs_that_cannot_be_run,
    users_that_do_not_exist,
    links_in_place_of_kernel_file_systems,
    working_directories_through_descriptors,
    mounts_over_procfs,
    mounts_through_links_stay_inside,
    system_calls,
    bad_device_rules,
    strings_of_any_length,
);

fn error(fixture: &Fixture) -> String {
    let outcome = fixture.run();
    outcome
        .error
        .clone()
        .unwrap_or_else(|| panic!("it ran: {outcome:#?}"))
}

fn programs_that_cannot_be_run() {
    const PREFIX: &str = "failed to create shim task: OCI runtime create failed: runc create failed: \
         unable to start container process: exec:";
    for (program, text) in [
        (
            "nope",
            "\"nope\": executable file not found in $PATH: unknown",
        ),
        (
            "/nope",
            "\"/nope\": stat /nope: no such file or directory: unknown",
        ),
        ("/etc/passwd", "\"/etc/passwd\": permission denied: unknown"),
        ("/etc", "\"/etc\": permission denied: unknown"),
    ] {
        let mut fixture = Fixture::shell("");
        fixture.spec.process.args = vec![program.into()];
        assert_eq!(error(&fixture), format!("{PREFIX} {text}"));
    }
    let mut fixture = Fixture::shell("");
    let script = fixture.dir.path().join("image/bin/odd");
    fs::write(&script, "no format").expect("write");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("chmod");
    fixture.spec.process.args = vec!["odd".into()];
    let outcome = fixture.run();
    assert_eq!(
        (outcome.error, outcome.code, outcome.stderr.as_str()),
        (None, 255, "exec /bin/odd: exec format error\n")
    );
}

fn users_that_do_not_exist() {
    let mut fixture = Fixture::shell("id");
    fixture.spec.process.user = "nobody".into();
    assert_eq!(
        error(&fixture),
        "unable to find user nobody: no matching entries in passwd file"
    );
}

fn links_in_place_of_kernel_file_systems() {
    for name in ["proc", "sys", "dev"] {
        let fixture = Fixture::shell("true");
        let canary = fixture.dir.path().join("canary");
        fs::create_dir(&canary).expect("mkdir");
        symlink(&canary, fixture.dir.path().join("image").join(name)).expect("symlink");
        let text = error(&fixture);
        assert!(text.contains(&format!("\"/{name}\"")), "{text}");
        assert_eq!(fs::read_dir(&canary).expect("canary").count(), 0);
    }
}

fn working_directories_through_descriptors() {
    for number in 0..20 {
        let mut fixture = Fixture::shell("pwd; ls");
        fixture.spec.process.cwd = format!("/proc/self/fd/{number}");
        let outcome = fixture.run();
        assert!(outcome.error.is_some(), "{outcome:?}");
        let fixture = Fixture::shell("sleep 100");
        let mut process = fixture.spec.process.clone();
        process.cwd = format!("/proc/self/fd/{number}");
        let outcome = fixture.exec_process(process);
        assert!(outcome.error.is_some(), "{outcome:?}");
    }
}

fn mounts_over_procfs() {
    for target in ["/proc", "/proc/sys", "/proc/../proc/self", "/link/sys"] {
        let mut fixture = Fixture::shell("true");
        symlink("/proc", fixture.dir.path().join("image/link")).expect("symlink");
        fixture.spec.mounts = vec![bind(fixture.dir.path().join("image"), target)];
        let text = error(&fixture);
        assert!(
            text.contains("cannot be mounted because it is inside /proc"),
            "{text}"
        );
    }
}

fn mounts_through_links_stay_inside() {
    let mut fixture = Fixture::shell("cat /inside/new/passwd | head -c 4");
    let image = fixture.dir.path().join("image");
    fs::create_dir(image.join("inside")).expect("mkdir");
    symlink("/inside", image.join("link")).expect("symlink");
    symlink("../../../../../../inside", image.join("up")).expect("symlink");
    fixture.spec.mounts = vec![
        bind(image.join("etc"), "/link/new"),
        bind(image.join("etc"), "/up/other"),
    ];
    assert_eq!(fixture.output(), "root");
    assert!(!std::path::Path::new("/inside").exists());
}

fn system_calls() {
    let outcome = Fixture::shell(
        "mount -t tmpfs x /tmp; unshare -n true; hostname x; umount /proc; echo over",
    )
    .run();
    assert_eq!(outcome.stdout, "over\n");
    let refused = outcome.stderr.matches("Operation not permitted").count()
        + outcome.stderr.matches("permission denied").count();
    assert_eq!(refused, 4, "{outcome:#?}");
}

fn bad_device_rules() {
    let mut fixture = Fixture::shell("true");
    fixture.spec.cgroup.device_rules = vec!["everything".into()];
    assert!(error(&fixture).contains("invalid device cgroup rule format: 'everything'"));
}

/// Lengths at which numbers of 16 bits and messages come to their ends.
fn strings_of_any_length() {
    for length in [16 << 10, 65_535, 65_536, 70_000] {
        let long = "\u{1}".repeat(length);
        let mut fixture = Fixture::shell("");
        fixture.spec.process.args = vec![long.clone()];
        let text = error(&fixture);
        assert!(text.contains("exec: \"\u{1}\u{1}"), "{} bytes", text.len());
        assert!(text.len() < 4096, "{} bytes", text.len());
        let fixture = Fixture::shell("sleep 100");
        let mut process = fixture.spec.process.clone();
        process.cwd = long.clone();
        let error = fixture.exec_process(process).error;
        assert!(error.is_some_and(|text| text.contains("chdir to cwd")));
        let mut fixture = Fixture::shell("echo ${#LONG} $(grep -c . /proc/self/status)");
        fixture.spec.process.env.push(format!("LONG={long}"));
        let output = fixture.output();
        assert!(output.starts_with(&format!("{length} ")), "{output}");
    }
}
