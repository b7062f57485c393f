//! Who a process is, when the image would rather have it somebody else.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::fixture::Fixture;

trials!(
    the_primary_group_denies,
    ids_that_wrap,
    odd_account_files,
    the_first_process_has_no_more_than_the_program,
);

/// A file that everybody but one group may read is not read by that group.
fn the_primary_group_denies() {
    for (user, groups) in [
        ("web", &[][..]),
        ("1000:1000", &["50"]),
        ("web:1000", &["log"]),
    ] {
        let mut fixture = Fixture::shell("cat /denied; id -G");
        let denied = fixture.dir.path().join("image/denied");
        fs::write(&denied, "secret").expect("write");
        fs::set_permissions(&denied, fs::Permissions::from_mode(0o604)).expect("chmod");
        chown(&denied, Some(0), Some(1000)).expect("chown");
        fixture.spec.process.user = user.into();
        fixture.spec.process.groups = groups.iter().map(ToString::to_string).collect();
        let outcome = fixture.run();
        assert!(!outcome.stdout.contains("secret"), "{user}: {outcome:#?}");
        assert!(outcome.stdout.contains("1000"), "{user}: {outcome:#?}");
    }
}

/// Never root by a number that does not fit, nor by a name that looks like one.
fn ids_that_wrap() {
    let passwd: String = ["4294967296", "-1", "0x0", "1e3", "+0", " 0", "2147483648"]
        .iter()
        .map(|name| format!("{name}:x:0:0:trap:/:/bin/sh\n"))
        .collect();
    for (user, expected) in [
        ("4294967296", None),
        ("4294967297", None),
        ("2147483648", None),
        ("-1", None),
        ("1:4294967296", None),
        ("00", Some("0")),
        ("2147483647", Some("2147483647")),
    ] {
        let mut fixture = Fixture::shell("id -u");
        fs::write(fixture.dir.path().join("image/etc/passwd"), &passwd).expect("write");
        fixture.spec.process.user = user.into();
        let outcome = fixture.run();
        assert_eq!(
            outcome.error.is_some(),
            expected.is_none(),
            "{user}: {outcome:#?}"
        );
        assert_eq!(
            outcome.stdout.trim(),
            expected.unwrap_or_default(),
            "{user}"
        );
    }
}

fn odd_account_files() {
    type Make = fn(&std::path::Path);
    let kinds: [(&str, Make); 6] = [
        ("fifo", |path| {
            let made = Command::new("mkfifo").arg(path).status().expect("mkfifo");
            assert!(made.success());
        }),
        ("directory", |path| fs::create_dir(path).expect("mkdir")),
        ("kernel log", |path| {
            symlink("/proc/kmsg", path).expect("symlink")
        }),
        ("loop", |path| symlink("passwd", path).expect("symlink")),
        ("endless", |path| {
            symlink("/dev/zero", path).expect("symlink")
        }),
        ("huge", |path| {
            let file = fs::File::create(path).expect("create");
            file.set_len(4 << 30).expect("a sparse file");
        }),
    ];
    for (kind, make) in kinds {
        let mut fixture = Fixture::shell("grep Uid: /proc/self/status | head -c 9");
        let passwd = fixture.dir.path().join("image/etc/passwd");
        fs::remove_file(&passwd).expect("remove");
        make(&passwd);
        fixture.spec.process.user = "web".into();
        let begin = Instant::now();
        let outcome = fixture.run();
        let error = outcome.error.unwrap_or_else(|| panic!("{kind}: it ran"));
        assert!(error.contains("unable to find user web"), "{kind}: {error}");
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "{kind}: {:?}",
            begin.elapsed()
        );
        fixture.spec.process.user = "1000".into();
        assert_eq!(fixture.output(), "Uid:\t1000", "{kind}");
    }
}

/// What stays behind as the first process can be traced by who may trace.
fn the_first_process_has_no_more_than_the_program() {
    for no_new_privs in [false, true] {
        for user in ["", "web"] {
            let mut fixture = Fixture::shell(
                "cd /proc; for p in 1 self; do grep -E \
                 '^(Uid|Gid|Groups|Cap.*|NoNewPrivs|Seccomp):' $p/status; echo; done",
            );
            fixture.spec.init = true;
            fixture.spec.process.user = user.into();
            fixture.spec.process.no_new_privs = no_new_privs;
            let output = fixture.output();
            let (first, own) = output.split_once("\n\n").expect("two of them");
            assert_eq!(first.trim(), own.trim(), "{user:?}");
            assert!(first.contains("Seccomp:\t2"), "{first}");
            assert!(first.contains("CapBnd:\t00000000a80425fb"), "{first}");
        }
    }
}
