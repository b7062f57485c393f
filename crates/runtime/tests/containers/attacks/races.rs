//! Somebody else exchanges directories for links while a container starts: as
//! another container with the same volume can.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use longshore_runtime::spec::{MountKind, MountSpec};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::fixture::{Fixture, bind};

trials!(
    mount_targets_while_they_are_exchanged,
    masks_while_dev_is_exchanged,
    a_terminal_while_links_are_exchanged,
);

/// Starts of each race: enough to hit a window of microseconds now and then,
/// few enough for every run of the tests.
const ROUNDS: usize = 40;

/// Exchanges two names until it is dropped.
struct Racer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Racer {
    fn start(one: PathBuf, other: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut times = 0;
            while !told.load(Ordering::Relaxed) {
                let flags = RenameFlags::EXCHANGE;
                renameat_with(CWD, &one, CWD, &other, flags).expect("exchange");
                times += 1;
            }
            times
        });
        let thread = Some(thread);
        Self { stop, thread }
    }
}

impl Drop for Racer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let times = self.thread.take().expect("it runs").join();
        if !std::thread::panicking() {
            assert!(times.expect("the racer") > 100, "it hardly raced");
        }
    }
}

fn tmpfs(target: &str) -> MountSpec {
    MountSpec {
        target: target.into(),
        kind: MountKind::Tmpfs {
            options: Vec::new(),
        },
        readonly: false,
    }
}

fn mount_targets_while_they_are_exchanged() {
    let mut fixture = Fixture::shell(
        "cat /proc/self/mountinfo; for d in / /vol /vol/a /vol/a/b /vol/a/new /vol/c; do \
         [ -e $d/canary-mark ] && echo ESCAPED $d; done; true",
    );
    let canary = fixture.dir.path().join("canary");
    fs::create_dir(&canary).expect("mkdir");
    fs::write(canary.join("canary-mark"), "").expect("write");
    let volume = fixture.dir.path().join("volume");
    fs::create_dir_all(volume.join("a")).expect("mkdir");
    symlink(&canary, volume.join("c")).expect("symlink");
    fixture.spec.mounts = vec![
        bind(&volume, "/vol"),
        tmpfs("/vol/a/b"),
        tmpfs("/vol/a/new/deep"),
        tmpfs("/vol/c/other"),
    ];
    let racer = Racer::start(volume.join("a"), volume.join("c"));
    for _ in 0..ROUNDS {
        // A start that loses the race may fail; it must not get out.
        let outcome = fixture.run();
        assert!(!outcome.stdout.contains("ESCAPED"), "{outcome:#?}");
    }
    drop(racer);
    let left = fs::read_dir(&canary).expect("canary").count();
    assert_eq!(left, 1, "something was made on the host");
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    assert!(!mounts.contains(&*canary.to_string_lossy()), "{mounts}");
}

fn masks_while_dev_is_exchanged() {
    let mut fixture = Fixture::shell(
        "for f in keys timer_list kcore interrupts; do \
         [ -e /proc/$f ] && stat -c %t:%T /proc/$f; done; \
         (echo x > /proc/sys/kernel/core_pattern) 2>&- && echo wrote; true",
    );
    let dev = fixture.dir.path().join("dev");
    fs::create_dir(&dev).expect("mkdir");
    fs::write(dev.join("null"), "").expect("write");
    symlink("/proc/sysrq-trigger", dev.join("link")).expect("symlink");
    fixture.spec.mounts = vec![bind(&dev, "/dev")];
    let racer = Racer::start(dev.join("null"), dev.join("link"));
    for _ in 0..ROUNDS {
        let outcome = fixture.run();
        assert_eq!(outcome.error, None);
        assert!(
            outcome.stdout.lines().all(|line| line == "1:3"),
            "{outcome:#?}"
        );
        assert!(!outcome.stdout.is_empty(), "{outcome:#?}");
    }
    drop(racer);
}

fn a_terminal_while_links_are_exchanged() {
    let mut fixture = Fixture::shell("stat -c %t:%T /dev/console; tty");
    fixture.spec.process.tty = true;
    // The image's own directory, which lies below the standard one.
    let dev = fixture.dir.path().join("image/dev");
    fs::create_dir_all(dev.join("pts")).expect("mkdir");
    fs::write(dev.join("console"), "").expect("write");
    symlink("/proc/sysrq-trigger", dev.join("link")).expect("symlink");
    let racer = Racer::start(dev.join("console"), dev.join("link"));
    for _ in 0..ROUNDS {
        let outcome = fixture.run();
        assert_eq!(outcome.stdout, "88:0\r\n/dev/pts/0\r\n", "{outcome:#?}");
    }
    drop(racer);
}
