//! Files that nobody wrote for building: random bytes, real files with damage,
//! and such that would cost a careless parser a lot of time. Nothing may panic,
//! and time grows with the length only.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use longshore_dockerfile::apply::{Applier, changes};
use longshore_dockerfile::ignore::Ignore;
use longshore_dockerfile::instruction::Dockerfile;
use longshore_dockerfile::pattern;
use longshore_oci::config::RunConfig;

/// Pieces that a mutation puts in.
const PIECES: &[&str] = &[
    "\n",
    "\\\n",
    "\r\n",
    " ",
    "\t",
    "#",
    "<<EOF",
    "EOF\n",
    "[",
    "]",
    "\"",
    "'",
    "$",
    "${",
    "}",
    ":-",
    "--from=",
    "--chown",
    "FROM ",
    "ARG ",
    "ONBUILD ",
    "HEALTHCHECK ",
    "é",
    "\u{feff}",
    "\u{0}",
    "=",
    "`",
    "# escape=`\n",
    "<<-\"a\"",
    "[\"a\",1]",
    "\u{85}",
    "\u{2028}",
    "İ",
];

const REAL: &[&str] = &[
    "# syntax=docker/dockerfile:1\nARG V=1\nFROM --platform=linux/amd64 alpine:${V:-3} AS build\nWORKDIR /src\nCOPY go.* ./\nRUN --mount=type=cache,target=/x go build && \\\n    # why\n    strip a\nFROM scratch\nCOPY --from=build --chown=1:2 /src/a /a\nENTRYPOINT [\"/a\", \"-x\"]\n",
    "FROM debian\nMAINTAINER a <b@c>\nENV A=b C=\"d e\" \\\n  F='g'\nLABEL x y z\nEXPOSE 80 443/udp 1-9\nVOLUME [\"/a\", \"/b\"]\nUSER $A\nHEALTHCHECK --interval=5s --retries=3 CMD curl -f x || exit 1\nSTOPSIGNAL SIGINT\nSHELL [\"/bin/bash\", \"-c\"]\nONBUILD COPY . /x\nADD http://x/y.tar /z/\nCMD echo $A\n",
    "FROM a\nRUN <<EOF bash\nset -e\necho $x\nEOF\nCOPY <<-\"b\" <<c /d/\n\tone\n\tb\ntwo\nc\n",
];

/// xorshift: the same run everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// All that is done with a file that a client sends.
fn everything(bytes: &[u8]) {
    let mut config = RunConfig::default();
    if let Ok(file) = Dockerfile::parse(bytes) {
        let mut applier = Applier::default();
        for step in file.stages.iter().flat_map(|stage| &stage.instructions) {
            assert!(step.span.line <= step.span.last_line && step.span.column > 0);
            let env = config.env.clone().unwrap_or_default();
            if let Ok(step) = step.value.expand(&env, file.directives.escape) {
                applier.apply(&mut config, &step).ok();
            }
        }
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    changes(&mut config, std::slice::from_ref(&text)).ok();
    if let Ok(ignore) = Ignore::parse(bytes) {
        ignore.is_ignored("a/b.c");
    }
    pattern::matches(bytes, b"a/b.c").ok();
}

#[test]
fn random_bytes_and_damaged_files_do_not_panic() {
    let mut random = Random(0x5eed_1234_abcd_0001);
    for _ in 0..3_000 {
        let length = random.below(200);
        let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        everything(&bytes);
    }
    for _ in 0..12_000 {
        let mut bytes = REAL[random.below(REAL.len())].as_bytes().to_vec();
        for _ in 0..=random.below(6) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes[at] = random.next() as u8,
                1 => drop(bytes.drain(at..(at + random.below(9)).min(bytes.len()))),
                2 => {
                    let piece = PIECES[random.below(PIECES.len())];
                    bytes.splice(at..at, piece.bytes());
                }
                _ => {
                    let from = random.below(bytes.len());
                    let end = (from + random.below(40)).min(bytes.len());
                    let copied = bytes[from..end].to_vec();
                    bytes.splice(at..at, copied);
                }
            }
            if bytes.is_empty() {
                bytes.push(b'\n');
            }
        }
        everything(&bytes);
    }
}

/// The processor time that this thread has had. The clock on the wall would
/// tell how busy the machine is.
fn worked() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}

/// The time that a file takes, the best of three.
fn time(text: &str) -> Duration {
    let once = || {
        let start = worked();
        Dockerfile::parse(text.as_bytes()).ok();
        worked() - start
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

#[test]
fn time_grows_with_the_length_only() {
    let line = |text: &str, count: usize| format!("FROM a\n{text}").repeat(count);
    let joined = |head: &str, piece: &str, count: usize| {
        format!("FROM a\n{head}") + &format!("{piece} \\\n").repeat(count) + " /x/\n"
    };
    type Make<'a> = (&'a str, Box<dyn Fn(usize) -> String + 'a>);
    let attacks: [Make<'_>; 12] = [
        ("stages", Box::new(|n| line("RUN x\n", n))),
        ("continued", Box::new(|n| joined("RUN x", "y", n))),
        ("empty", Box::new(|n| joined("RUN x", "", n))),
        ("comments", Box::new(|n| joined("RUN x", "\n# y", n))),
        ("options", Box::new(|n| joined("RUN", "--mount=x", n))),
        ("pairs", Box::new(|n| joined("ENV", "a=b", n))),
        ("quotes", Box::new(|n| joined("ENV a=\"", "'x'", n))),
        ("sources", Box::new(|n| joined("COPY", "a", n))),
        ("ports", Box::new(|n| joined("EXPOSE", "1", n))),
        (
            "heredocs",
            Box::new(|n| joined("COPY", "<<a", n) + &"a\n".repeat(n)),
        ),
        (
            "brackets",
            Box::new(|n| format!("FROM a\n{}", "RUN [[[[[[\n".repeat(n))),
        ),
        ("lists", Box::new(|n| joined("CMD [\"a\"", ",\"b\"", n))),
    ];
    for (name, make) in attacks {
        let (short, long) = (time(&make(4_000)), time(&make(32_000)));
        // Eight times the length; sixty-four would be quadratic.
        let most = short.max(Duration::from_millis(4)) * 28;
        assert!(long < most, "{name}: {short:?}, then {long:?}");
    }
}
