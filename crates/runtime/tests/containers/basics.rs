//! A container starts, runs, ends, and leaves nothing behind.

use longshore_runtime::spec::ConsoleSize;

use crate::fixture::Fixture;

trials!(
    echoes,
    exit_codes,
    init_reaps_and_hands_on,
    a_terminal_is_the_containers_own,
    exec_joins_the_container,
    exec_with_a_terminal,
    nothing_is_left_of_the_cgroups,
    orphans_die_with_the_container,
);

fn echoes() {
    let output = Fixture::shell("echo hello; id -u; pwd; echo $$").output();
    assert_eq!(output, "hello\n0\n/\n1\n");
}

fn exit_codes() {
    let outcome = Fixture::shell("exit 42").run();
    assert_eq!(outcome.code, 42, "{outcome:?}");
    let outcome = Fixture::shell("kill -9 $$; exit 3").run();
    assert_eq!(outcome.code, 3, "PID 1 cannot kill itself: {outcome:?}");
}

fn init_reaps_and_hands_on() {
    let mut fixture = Fixture::shell(
        "(sleep 0.01 &); echo $$; sleep 0.1; ps -o pid,stat | grep -c Z; kill -TERM 1; sleep 9",
    );
    fixture.spec.init = true;
    let outcome = fixture.run();
    assert_eq!((outcome.stdout.as_str(), outcome.code), ("2\n0\n", 143));
}

fn a_terminal_is_the_containers_own() {
    let mut fixture = Fixture::shell(
        "tty; stty size; stat -c '%t:%T %a %u:%g' /dev/console; ls -1 /dev/pts; readlink /proc/self/fd/0",
    );
    fixture.spec.process.tty = true;
    fixture.spec.process.console_size = Some(ConsoleSize { rows: 33, cols: 77 });
    assert_eq!(
        fixture.output(),
        "/dev/pts/0\r\n33 77\r\n88:0 620 0:5\r\n0\r\nptmx\r\n/dev/pts/0\r\n"
    );
}

fn exec_joins_the_container() {
    let script = "echo $$ > /pid; \
        for ns in mnt pid net ipc uts; do \
        [ $(readlink /proc/self/ns/$ns) = $(readlink /proc/1/ns/$ns) ] || echo $ns differs; done; \
        grep -v -e 0:: /proc/self/cgroup > /a; grep -v -e 0:: /proc/1/cgroup > /b; \
        [ \"$(cat /a)\" = \"$(cat /b)\" ] && echo same groups; \
        [ \"$(cat /proc/self/cgroup)\" = \"$(cat /proc/1/cgroup)\" ] && echo same tree; \
        grep -e Cap -e Seccomp -e NoNew /proc/self/status > /a; \
        grep -e Cap -e Seccomp -e NoNew /proc/1/status > /b; \
        [ \"$(cat /a)\" = \"$(cat /b)\" ] && echo same privileges; \
        ls /proc/self/fd; exit 5";
    let outcome = Fixture::shell("sleep 100").exec(script);
    assert_eq!(
        (outcome.stdout.as_str(), outcome.code),
        ("same groups\nsame tree\nsame privileges\n0\n1\n2\n3\n", 5),
        "{outcome:#?}"
    );
}

fn exec_with_a_terminal() {
    let mut fixture = Fixture::shell("sleep 100");
    let mut process = fixture.spec.process.clone();
    process.args = ["sh", "-c", "tty; id -u; stat -c '%a %u:%g' /dev/pts/0"]
        .map(str::to_owned)
        .to_vec();
    process.tty = true;
    process.user = "web".into();
    fixture.spec.process.user = "root".into();
    let outcome = fixture.exec_process(process);
    assert_eq!(
        outcome.stdout, "/dev/pts/0\r\n1000\r\n620 1000:5\r\n",
        "{outcome:#?}"
    );
}

fn nothing_is_left_of_the_cgroups() {
    let fixture = Fixture::shell("cat /proc/self/cgroup");
    let output = fixture.output();
    let id = &fixture.spec.id;
    let parent = &fixture.spec.cgroup.parent;
    assert!(
        output
            .lines()
            .all(|line| line.ends_with(&format!(":{parent}/{id}"))),
        "{output}"
    );
    for tree in std::fs::read_dir("/sys/fs/cgroup").expect("cgroups") {
        let left = tree.expect("entry").path().join(&parent[1..]).join(id);
        assert!(!left.exists(), "{}", left.display());
    }
}

fn orphans_die_with_the_container() {
    let outcome = Fixture::shell("sleep 1000 & sleep 1000 & exit 0").run();
    assert_eq!(
        outcome.code, 0,
        "removing the cgroup succeeded: {outcome:?}"
    );
}
