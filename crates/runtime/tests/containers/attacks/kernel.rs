//! What of the kernel a container must not get at: calls, sockets, devices,
//! programs that the host would run.

use std::fs;

use longshore_runtime::caps::CapabilitySet;
use longshore_runtime::spec::Seccomp;
use nix::sched::CloneFlags;
use rustix::fs::CWD;
use rustix::mount::{self, FsOpenFlags, MoveMountFlags, OpenTreeFlags};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use crate::fixture::Fixture;

/// First argument of this program when it is to attack.
pub(crate) const ROLE: &str = "in-the-role-of-an-attacker";

trials!(
    calls_that_attacks_begin_with,
    socket_families,
    devices_that_were_not_given,
    helpers_of_the_host_are_out_of_reach,
    values_of_parameters,
);

/// Tries all calls, as the first process of a container, and says what came
/// of each.
pub(crate) fn attack() {
    let own = pidfd_open(getpid(), PidfdFlags::empty()).expect("own pidfd");
    let say = |name: &str, result: Result<(), std::io::Error>| match result {
        Ok(()) => println!("{name}: done"),
        Err(error) => println!("{name}: {:?}", error.kind()),
    };
    for (name, flag) in [
        ("user", CloneFlags::CLONE_NEWUSER),
        ("mnt", CloneFlags::CLONE_NEWNS),
        ("net", CloneFlags::CLONE_NEWNET),
        ("pid", CloneFlags::CLONE_NEWPID),
        ("ipc", CloneFlags::CLONE_NEWIPC),
        ("uts", CloneFlags::CLONE_NEWUTS),
        ("cgroup", CloneFlags::CLONE_NEWCGROUP),
    ] {
        say(
            &format!("unshare {name}"),
            nix::sched::unshare(flag).map_err(Into::into),
        );
    }
    say(
        "setns",
        nix::sched::setns(&own, CloneFlags::CLONE_NEWUTS).map_err(Into::into),
    );
    let opened = mount::fsopen("tmpfs", FsOpenFlags::empty());
    say("fsopen", opened.map(drop).map_err(Into::into));
    let tree = mount::open_tree(CWD, "/", OpenTreeFlags::OPEN_TREE_CLONE);
    say("open_tree", tree.map(drop).map_err(Into::into));
    let moved = mount::move_mount(CWD, "/tmp", CWD, "/etc", MoveMountFlags::empty());
    say("move_mount", moved.map_err(Into::into));
    let bound = mount::mount_bind("/etc", "/tmp");
    say("mount", bound.map_err(Into::into));
    let entered = rustix::process::pivot_root("/tmp", "/tmp");
    say("pivot_root", entered.map_err(Into::into));
    say(
        "sethostname",
        nix::unistd::sethostname("x").map_err(Into::into),
    );
    let taken = pidfd_getfd(&own, 0, PidfdGetfdFlags::empty());
    say("pidfd_getfd", taken.map(drop).map_err(Into::into));
    for family in [38_u16, 40] {
        let made = socket(AddressFamily::from_raw(family), SocketType::STREAM, None);
        say(
            &format!("socket {family}"),
            made.map(drop).map_err(Into::into),
        );
    }
    for family in [1_u16, 2, 10, 16] {
        let made = socket(AddressFamily::from_raw(family), SocketType::DGRAM, None);
        say(
            &format!("socket {family}"),
            made.map(drop).map_err(Into::into),
        );
    }
}

/// What the attacker says in a container.
fn attacked(change: impl FnOnce(&mut Fixture)) -> String {
    let mut fixture = Fixture::shell("");
    let program = fixture.dir.path().join("image/attacker");
    fs::copy(std::env::current_exe().expect("own path"), program).expect("copy");
    fixture.spec.process.args = vec!["/attacker".into(), ROLE.into()];
    change(&mut fixture);
    fixture.output()
}

fn calls_that_attacks_begin_with() {
    let said = attacked(|_| {});
    let calls: Vec<_> = said
        .lines()
        .filter(|line| !line.starts_with("socket"))
        .collect();
    assert_eq!(calls.len(), 15, "{said}");
    for line in &calls {
        assert!(line.ends_with(": PermissionDenied"), "{line}");
    }
    // With the capability alone, and with the filter off alone.
    let said = attacked(|fixture| {
        fixture.spec.process.capabilities = CapabilitySet::ALL;
        fixture.spec.seccomp =
            longshore_runtime::seccomp::default_for(CapabilitySet::DEFAULT).expect("it compiles");
    });
    assert!(said.contains("unshare user: PermissionDenied"), "{said}");
    let said = attacked(|fixture| fixture.spec.seccomp = Seccomp::Unconfined);
    for refused in ["unshare mnt", "fsopen", "mount", "pivot_root"] {
        let shown = format!("{refused}: PermissionDenied");
        // The first new namespace of users gives no power over what is there.
        assert!(
            said.contains(&shown) || said.contains("unshare user: done"),
            "{said}"
        );
    }
}

fn socket_families() {
    let said = attacked(|_| {});
    for family in [38, 40] {
        assert!(
            said.contains(&format!("socket {family}: PermissionDenied")),
            "{said}"
        );
    }
    for family in [1, 2, 10] {
        let done = format!("socket {family}: done");
        let absent = format!("socket {family}: Unsupported");
        assert!(said.contains(&done) || said.contains(&absent), "{said}");
    }
}

fn devices_that_were_not_given() {
    let disk = fs::metadata("/").expect("the host's root");
    let (major, minor) = {
        use std::os::unix::fs::MetadataExt;
        (rustix::fs::major(disk.dev()), rustix::fs::minor(disk.dev()))
    };
    let script = format!(
        "cd /tmp; try() {{ mknod d $1 $2 $3 && (: < d) 2>/dev/null && echo open $1 $2:$3; \
         rm -f d; }}; for minor in 0 1 2 3 4 5 6 7 8 9 10 11 12; do try c 1 $minor; done; \
         try b {major} {minor}; try b 8 0; try b 7 0; try b 1 0; try c 21 0; true"
    );
    let outcome = Fixture::shell(&script).run();
    let opened: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(
        opened,
        [
            "open c 1:3",
            "open c 1:5",
            "open c 1:7",
            "open c 1:8",
            "open c 1:9"
        ],
        "{outcome:#?}"
    );
}

fn helpers_of_the_host_are_out_of_reach() {
    let before = fs::read_to_string("/proc/sys/kernel/core_pattern").expect("core pattern");
    let attempts = "try() { if \"$@\" >/dev/null 2>&1; then echo could: \"$@\"; fi; }; \
         put() { try sh -c \"echo $1 > $2\"; }; \
         put /x /proc/sys/kernel/core_pattern; put /x /proc/sys/kernel/modprobe; \
         put /x /sys/kernel/uevent_helper; put b /proc/sysrq-trigger; \
         put /x /proc/sys/fs/binfmt_misc/register; put 1 /proc/sys/vm/drop_caches; \
         put /x /sys/fs/cgroup/memory/release_agent; put 1 /sys/fs/cgroup/memory/cgroup.procs; \
         try mkdir /sys/fs/cgroup/memory/x; try mount -t cgroup -o memory none /tmp; \
         try mount -t binfmt_misc none /tmp; try mount -o remount,rw /sys; \
         try mount -o remount,rw /proc/sys; try umount /proc/sys; \
         try unshare -Ur true; try unshare -m true";
    let fixture = Fixture::shell(&format!("{attempts}; echo over"));
    assert_eq!(fixture.output(), "over\n");
    // Without the filter a user namespace can be had; it is good for nothing.
    let mut fixture = Fixture::shell(&format!(
        "unshare -Urm sh -c 'mount -t cgroup -o memory none /tmp && \
         echo /x > /tmp/release_agent && echo got it; {}'; echo over",
        "echo /x > /proc/sys/kernel/core_pattern; echo /x > /sys/kernel/uevent_helper"
    ));
    fixture.spec.seccomp = Seccomp::Unconfined;
    let outcome = fixture.run();
    assert_eq!(outcome.stdout, "over\n", "{outcome:#?}");
    let after = fs::read_to_string("/proc/sys/kernel/core_pattern").expect("core pattern");
    assert_eq!(before, after);
}

fn values_of_parameters() {
    let before = fs::read_to_string("/proc/sys/kernel/core_pattern").expect("core pattern");
    for value in [
        "1+kernel.core_pattern=|/x",
        "1\nkernel.core_pattern=|/x",
        "1 2 3",
        "",
    ] {
        let mut fixture = Fixture::shell("cat /proc/sys/net/ipv4/ip_forward");
        let name = "net.ipv4.ip_forward".to_owned();
        fixture.spec.sysctls.insert(name, value.to_owned());
        // The kernel takes it as a number or not at all.
        let outcome = fixture.run();
        assert!(
            outcome.error.is_some() || outcome.stdout.len() == 2,
            "{outcome:#?}"
        );
    }
    for name in [
        "net.ipv4.../../../kernel.core_pattern",
        "../sysrq-trigger",
        "net.ipv4",
    ] {
        let mut fixture = Fixture::shell("true");
        fixture
            .spec
            .sysctls
            .insert(name.to_owned(), "|/x".to_owned());
        let outcome = fixture.run();
        assert!(outcome.error.is_some(), "{name}: {outcome:#?}");
    }
    let after = fs::read_to_string("/proc/sys/kernel/core_pattern").expect("core pattern");
    assert_eq!(before, after);
}
