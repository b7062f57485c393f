//! What profiles come to, by running the compiled programs.

use super::*;
use crate::seccomp::compile::{emulate, program};

const X86_64: u32 = 0xc000_003e;
const X86: u32 = 0x4000_0003;
const X32: u32 = 0x4000_0000;
const EPERM: u32 = 0x0005_0001;
const ENOSYS: u32 = 0x0005_0026;
const ALLOW: u32 = 0x7fff_0000;

const MKDIR: u32 = 83;

/// What the profile `text` answers on an x86-64 machine.
struct Compiled(Vec<crate::sys::seccomp::Instruction>);

impl Compiled {
    fn new(text: &str) -> Self {
        let profile = Profile::parse(text).expect(text);
        let tables = profile.tables(Architecture::X86_64, "6.1.0-9", CapabilitySet::DEFAULT);
        Self(program(&tables.expect(text)))
    }

    fn answer(&self, number: u32, arguments: [u64; 6]) -> u32 {
        emulate(&self.0, X86_64, number, arguments).0
    }
}

fn error(text: &str) -> String {
    let tables = Profile::parse(text).and_then(|profile| {
        profile.tables(Architecture::X86_64, "6.1.0-9", CapabilitySet::DEFAULT)
    });
    tables.expect_err(text).to_string()
}

/// A profile that allows all but what `entry` says about `mkdir`.
fn about_mkdir(entry: &str) -> String {
    format!(
        r#"{{"defaultAction":"SCMP_ACT_ALLOW",
            "syscalls":[{{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"{entry}}}]}}"#
    )
}

#[test]
fn every_action_has_its_code() {
    for (action, code) in [
        ("ALLOW", ALLOW),
        ("LOG", 0x7ffc_0000),
        ("TRACE", 0x7ff0_0007),
        ("ERRNO", 0x0005_0007),
        ("TRAP", 0x0003_0000),
        ("KILL", 0),
        ("KILL_THREAD", 0),
        ("KILL_PROCESS", 0x8000_0000),
    ] {
        let text = format!(
            r#"{{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"syscalls":[
                {{"name":"mkdir","action":"SCMP_ACT_{action}","errnoRet":7}}]}}"#
        );
        let compiled = Compiled::new(&text);
        assert_eq!(compiled.answer(MKDIR, [0; 6]), code, "{action}");
        assert_eq!(compiled.answer(MKDIR + 1, [0; 6]), ENOSYS, "{action}");
    }
}

#[test]
fn arguments_are_compared_as_64_bits() {
    let values = [
        0,
        5,
        6,
        7,
        1 << 32,
        6 | 1 << 32,
        6 | 2 << 32,
        7 | 1 << 32,
        u64::MAX,
    ];
    let pairs = [6, 6 | 1 << 32, 0, u64::MAX];
    type Holds = fn(u64, u64) -> bool;
    let operators: [(&str, Holds); 6] = [
        ("NE", |a, v| a != v),
        ("LT", |a, v| a < v),
        ("LE", |a, v| a <= v),
        ("EQ", |a, v| a == v),
        ("GE", |a, v| a >= v),
        ("GT", |a, v| a > v),
    ];
    for (name, holds) in operators {
        for value in pairs {
            let compiled = Compiled::new(&about_mkdir(&format!(
                r#","args":[{{"index":3,"value":{value},"op":"SCMP_CMP_{name}"}}]"#
            )));
            for argument in values {
                let answer = compiled.answer(MKDIR, [9, 9, 9, argument, 9, 9]);
                assert_eq!(
                    answer == EPERM,
                    holds(argument, value),
                    "{argument:#x} {name} {value:#x}"
                );
            }
        }
    }
}

#[test]
fn bits_are_compared_under_a_mask() {
    for (mask, value) in [
        (0xf0_u64, 0x10_u64),
        (0xf0, 0),
        (0xff << 28, 0x11 << 28),
        (0, 0),
        (0, 1),
    ] {
        let compiled = Compiled::new(&about_mkdir(&format!(
            r#","args":[{{"index":0,"value":{mask},"valueTwo":{value},"op":"SCMP_CMP_MASKED_EQ"}}]"#
        )));
        for argument in [0_u64, 0x10, 0x1f, 0x20, 0x11 << 28, 0x11 << 28 | 7, 1 << 32] {
            let answer = compiled.answer(MKDIR, [argument, 0, 0, 0, 0, 0]);
            assert_eq!(
                answer == EPERM,
                argument & mask == value,
                "{argument:#x} {mask:#x} {value:#x}"
            );
        }
    }
}

#[test]
fn conditions_add_up_unless_they_are_about_one_argument() {
    let both = Compiled::new(&about_mkdir(
        r#","args":[{"index":0,"value":1,"op":"SCMP_CMP_NE"},{"index":1,"value":2,"op":"SCMP_CMP_GT"},
            {"index":2,"value":15,"valueTwo":3,"op":"SCMP_CMP_MASKED_EQ"}]"#,
    ));
    assert_eq!(both.answer(MKDIR, [0, 3, 0x13, 0, 0, 0]), EPERM);
    assert_eq!(
        both.answer(MKDIR, [1 << 32 | 1, 1 << 40, 3, 0, 0, 0]),
        EPERM
    );
    for not in [[1, 3, 3], [0, 2, 3], [0, 3, 4]] {
        let [a, b, c] = not;
        assert_eq!(both.answer(MKDIR, [a, b, c, 0, 0, 0]), ALLOW, "{not:?}");
    }
    let either = Compiled::new(&about_mkdir(
        r#","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"},{"index":0,"value":9,"op":"SCMP_CMP_GT"}]"#,
    ));
    for (argument, answer) in [(1, EPERM), (10, EPERM), (2, ALLOW), (9, ALLOW)] {
        assert_eq!(either.answer(MKDIR, [argument, 0, 0, 0, 0, 0]), answer);
    }
}

#[test]
fn an_entry_without_conditions_beats_those_with() {
    let compiled = Compiled::new(
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
            {"name":"mkdir","action":"SCMP_ACT_KILL_PROCESS",
             "args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},
            {"name":"mkdir","action":"SCMP_ACT_ERRNO"},
            {"name":"mkdir","action":"SCMP_ACT_TRAP"}]}"#,
    );
    assert_eq!(compiled.answer(MKDIR, [1, 0, 0, 0, 0, 0]), EPERM);
}

#[test]
fn entries_are_for_some_containers() {
    for (scope, applies) in [
        (r#""includes":{"caps":["CAP_CHOWN"]}"#, true),
        (
            r#""includes":{"caps":["CAP_CHOWN","CAP_SYS_ADMIN"]}"#,
            false,
        ),
        (r#""includes":{"caps":["CAP_FLY"]}"#, false),
        (r#""excludes":{"caps":["CAP_FLY"]}"#, true),
        (
            r#""excludes":{"caps":["CAP_SYS_ADMIN","CAP_CHOWN"]}"#,
            false,
        ),
        (r#""includes":{"arches":["arm64","amd64"]}"#, true),
        (r#""includes":{"arches":["arm64"]}"#, false),
        (r#""excludes":{"arches":["amd64"]}"#, false),
        (r#""includes":{"minKernel":"4.8"}"#, true),
        (r#""includes":{"minKernel":"6.1"}"#, true),
        (r#""includes":{"minKernel":"6.2"}"#, false),
        (r#""excludes":{"minKernel":"4.8"}"#, false),
        (r#""excludes":{"minKernel":"99.0"}"#, true),
        (r#""includes":null,"excludes":{"caps":null}"#, true),
    ] {
        let compiled = Compiled::new(&about_mkdir(&format!(",{scope}")));
        assert_eq!(compiled.answer(MKDIR, [0; 6]) == EPERM, applies, "{scope}");
    }
}

#[test]
fn architectures_are_the_listed_ones_and_the_machines_own() {
    let of = |listed: &str| {
        Compiled::new(&format!(
            r#"{{"defaultAction":"SCMP_ACT_ERRNO",{listed}
                "syscalls":[{{"names":["read","mkdir"],"action":"SCMP_ACT_ALLOW"}}]}}"#
        ))
    };
    const KILL: u32 = 0x8000_0000;
    let answers = |compiled: &Compiled| {
        [
            (X86_64, 0),
            (X86_64, 500),
            (X86_64, X32),
            (X86_64, X32 | 500),
            (X86, 3),
            (X86, 500),
        ]
        .map(|(audit, number)| emulate(&compiled.0, audit, number, [0; 6]).0)
    };
    let own = of("");
    assert_eq!(answers(&own), [ALLOW, EPERM, KILL, KILL, KILL, KILL]);
    let all = of(
        r#""archMap":[{"architecture":"SCMP_ARCH_AARCH64","subArchitectures":["SCMP_ARCH_ARM"]},
            {"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"]}],"#,
    );
    assert_eq!(answers(&all), [ALLOW, ENOSYS, ALLOW, ENOSYS, ALLOW, ENOSYS]);
    let old = of(r#""architectures":["SCMP_ARCH_X86","SCMP_ARCH_S390X"],"#);
    assert_eq!(answers(&old), [ALLOW, EPERM, KILL, KILL, ALLOW, ENOSYS]);
}

#[test]
fn calls_through_socketcall_are_told_apart_by_the_first_argument() {
    let compiled = Compiled::new(
        r#"{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86"],
            "syscalls":[{"names":["socket","shmat"],"action":"SCMP_ACT_ALLOW"}]}"#,
    );
    let answer = |number, first| emulate(&compiled.0, X86, number, [first, 0, 0, 0, 0, 0]).0;
    assert_eq!(answer(359, 2), ALLOW, "socket itself");
    assert_eq!(answer(102, 1), ALLOW, "socketcall, socket");
    assert_eq!(answer(102, 2), EPERM, "socketcall, bind");
    assert_eq!(answer(117, 21), ALLOW, "ipc, shmat");
    assert_eq!(answer(117, 22), EPERM, "ipc, shmdt");
}

#[test]
fn what_is_wrong_is_said() {
    let whole = |rest: &str| format!(r#"{{"defaultAction":"SCMP_ACT_ALLOW",{rest}}}"#);
    for (text, expected) in [
        (
            "builtin".to_owned(),
            "Decoding seccomp profile failed: invalid character 'b' looking for beginning of value",
        ),
        (
            "/etc/x.json".to_owned(),
            "Decoding seccomp profile failed: invalid character '/' looking for beginning of value",
        ),
        (
            "{".to_owned(),
            "Decoding seccomp profile failed: unexpected end of JSON input",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_FLY"}"#.to_owned(),
            "string SCMP_ACT_FLY is not a valid action for seccomp",
        ),
        (
            whole(r#""architectures":["X86"]"#),
            "string X86 is not a valid arch for seccomp",
        ),
        (
            whole(
                r#""architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86_64"}]"#,
            ),
            "'architectures' and 'archMap' were specified in the seccomp profile, use either 'architectures' or 'archMap'",
        ),
        (
            whole(r#""syscalls":[{"name":"a","names":["b"],"action":"SCMP_ACT_ERRNO"}]"#),
            "'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'",
        ),
        (
            whole(r#""syscalls":[{"names":["b"]}]"#),
            "string  is not a valid action for seccomp",
        ),
        (
            about_mkdir(r#","args":[{"index":1,"op":"SCMP_CMP_FLY"}]"#),
            "string SCMP_CMP_FLY is not a valid operator for seccomp",
        ),
        (
            about_mkdir(r#","args":[{"index":6,"op":"SCMP_CMP_EQ"}]"#),
            "error creating seccomp syscall condition for syscall mkdir: syscalls only have up to 6 arguments (6 given)",
        ),
        (
            about_mkdir(r#","errnoRet":70000"#),
            "error number 70000 of the seccomp profile is above 4095",
        ),
        (
            about_mkdir(r#","includes":{"minKernel":"x"}"#),
            "Decoding seccomp profile failed: invalid kernel version: \"x\", expected \"<kernel>.<major>\"",
        ),
        (
            whole(r#""syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_NOTIFY"}]"#),
            "listenerPath is not set: this engine has no agent for SCMP_ACT_NOTIFY",
        ),
    ] {
        assert_eq!(error(&text), expected, "{text}");
    }
    for shape in [
        "[]",
        "5",
        r#"{"defaultAction":5}"#,
        r#"{"syscalls":[null]}"#,
        "{} trailing",
    ] {
        assert!(
            error(shape).starts_with("Decoding seccomp profile failed: "),
            "{shape}"
        );
    }
}

#[test]
fn profiles_that_say_nothing_filter_nothing() {
    for text in ["{}", "null", r#"{"unknown":1}"#] {
        assert!(Profile::parse(text).expect(text).is_empty(), "{text}");
    }
    assert!(
        !Profile::parse(r#"{"DEFAULTACTION":"SCMP_ACT_ALLOW"}"#)
            .expect("any case")
            .is_empty()
    );
}
