//! Images whose files are not what they seem.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::fixture::{Fixture, bind};

trials!(
    masks_are_not_of_the_image,
    a_faked_procfs,
    working_directories_and_files_through_links,
    nothing_of_the_machine_is_writable,
);

/// A directory of the host with one file, which must stay as it is.
fn canary(fixture: &Fixture) -> PathBuf {
    let canary = fixture.dir.path().join("canary");
    fs::create_dir(&canary).expect("mkdir");
    fs::write(canary.join("mark"), "untouched").expect("write");
    canary
}

fn assert_untouched(canary: &Path) {
    let names: Vec<_> = fs::read_dir(canary)
        .expect("canary")
        .map(|entry| entry.expect("entry").file_name())
        .collect();
    assert_eq!(names, ["mark"]);
    let text = fs::read_to_string(canary.join("mark")).expect("mark");
    assert_eq!(text, "untouched");
}

fn masks_are_not_of_the_image() {
    let fixture = Fixture::shell(
        "for f in keys timer_list kcore interrupts sched_debug latency_stats; do \
         [ -e /proc/$f ] && stat -c %t:%T /proc/$f; done; \
         (echo x > /proc/sys/kernel/core_pattern) 2>/dev/null && echo wrote; true",
    );
    let dev = fixture.dir.path().join("image/dev");
    fs::create_dir(&dev).expect("mkdir");
    for name in ["null", "console", "ptmx", "zero"] {
        symlink("/proc/sysrq-trigger", dev.join(name)).expect("symlink");
    }
    symlink("/proc/sys/kernel", dev.join("pts")).expect("symlink");
    let output = fixture.output();
    assert!(!output.is_empty());
    assert!(output.lines().all(|line| line == "1:3"), "{output}");
}

fn a_faked_procfs() {
    let mut fixture =
        Fixture::shell("cat /proc/sys/net/ipv4/ip_forward; cat /proc/self/oom_score_adj");
    let canary = canary(&fixture);
    let proc = fixture.dir.path().join("image/proc");
    fs::create_dir_all(proc.join("sys/net")).expect("mkdir");
    symlink(&canary, proc.join("sys/net/ipv4")).expect("symlink");
    symlink(&canary, proc.join("self")).expect("symlink");
    symlink(&canary, proc.join("1")).expect("symlink");
    fixture
        .spec
        .sysctls
        .insert("net.ipv4.ip_forward".into(), "1".into());
    fixture.spec.oom_score_adj = Some(7);
    assert_eq!(fixture.output(), "1\n7\n");
    assert_untouched(&canary);
}

fn working_directories_and_files_through_links() {
    let mut fixture = Fixture::shell("pwd; cat /etc/hosts; ls /inside");
    let canary = canary(&fixture);
    let image = fixture.dir.path().join("image");
    // The same path, as the container sees it, is a directory of its own.
    symlink(&canary, image.join("work")).expect("symlink");
    symlink(canary.join("mark"), image.join("etc/hosts")).expect("symlink");
    symlink("../../../../../../..", image.join("up")).expect("symlink");
    let hosts = fixture.dir.path().join("hosts");
    fs::write(&hosts, "1.2.3.4 me\n").expect("write");
    let own = image.join(canary.strip_prefix("/").expect("absolute"));
    fs::create_dir_all(&own).expect("mkdir");
    fs::write(own.join("mark"), "the image's").expect("write");
    fixture.spec.process.cwd = "/work/a/b".into();
    fixture.spec.mounts = vec![
        bind(hosts, "/etc/hosts"),
        bind(canary.clone(), "/up/inside"),
    ];
    let output = fixture.output();
    let expected = format!("{}/a/b\n1.2.3.4 me\nmark\n", canary.display());
    assert_eq!(output, expected);
    assert_untouched(&canary);
}

/// Opens everything in procfs and sysfs for writing, without writing.
fn nothing_of_the_machine_is_writable() {
    let fixture = Fixture::shell(
        "/bin/busybox find /proc /sys -type f -perm -200 2>/dev/null | \
         /bin/busybox grep -v -E '^/proc/([0-9]+|self|thread-self)/' | \
         while read f; do (: >> $f) 2>/dev/null && echo $f || echo refused; done",
    );
    let output = fixture.output();
    // What is masked is the null device, which takes anything; the rest is
    // the container's own.
    let known = ["/proc/sys/kernel/shm", "/proc/pressure/", "/proc/net/"];
    let refused = output.lines().filter(|line| *line == "refused").count();
    assert!(refused > 100, "it hardly looked: {output}");
    let others: Vec<_> = output
        .lines()
        .filter(|file| *file != "refused")
        .filter(|file| !known.iter().any(|known| file.starts_with(known)))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
}
