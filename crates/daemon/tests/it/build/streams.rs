//! The same builds by dockerd and by us: the same lines.

use super::{build, build_at, plain, without_ids};
use crate::dockerd::Dockerd;
use crate::harness::Daemon;

/// Name, query, Dockerfile, files.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const CASES: &[Case] = &[
    (
        "a bit of everything",
        "t=one&t=two:x",
        "FROM busybox\nENV A=1 B=\"two words\"\nRUN echo hi > /x; echo err >&2\nRUN echo out\n\
         CMD [\"cat\",\"/x\"]\n",
        &[],
    ),
    ("quiet", "q=1&t=quiet", "FROM busybox\nRUN echo q\n", &[]),
    (
        "a command fails",
        "",
        "FROM busybox\nRUN echo doing; exit 7\nRUN never\n",
        &[],
    ),
    (
        "a command fails quietly",
        "q=1",
        "FROM busybox\nRUN echo doing; exit 7\n",
        &[],
    ),
    (
        "nothing of a failure stays",
        "forcerm=1",
        "FROM busybox\nRUN echo doing; exit 8\n",
        &[],
    ),
    (
        "containers stay",
        "rm=0",
        "FROM busybox\nRUN echo x\nENV a=b\n",
        &[],
    ),
    ("no program", "", "FROM busybox\nRUN [\"/nope\"]\n", &[]),
    (
        "a file that is no program",
        "",
        "FROM busybox\nRUN [\"/etc/passwd\"]\n",
        &[],
    ),
    ("nothing of nothing", "", "FROM scratch\n", &[]),
    (
        "nothing runs on nothing",
        "",
        "FROM scratch\nRUN true\n",
        &[],
    ),
    (
        "words on nothing",
        "",
        "FROM scratch\nENV A=b\nCMD [\"x\"]\n",
        &[],
    ),
    ("no step at all", "t=plain", "FROM busybox\n", &[]),
    (
        "arguments",
        r#"buildargs={"Y":"yy","UNUSED":"1","HTTP_PROXY":"p"}"#,
        "ARG V=busybox\nFROM $V\nARG X=1\nARG Y\nENV Z=$X$Y\nRUN echo $X $Y $Z $HTTP_PROXY\n\
         RUN echo v=$V\nARG V\nRUN echo v=$V\nENV X=env\nRUN echo $X\n",
        &[],
    ),
    (
        "stages",
        "t=stages",
        "FROM busybox AS a\nRUN echo a > /a\nFROM busybox AS b\nRUN echo b > /b\nFROM scratch\n\
         COPY --from=a /a /\nCOPY --from=1 /b /\nCMD [\"x\"]\n",
        &[],
    ),
    (
        "the first stage is meant",
        "target=A",
        "FROM busybox AS a\nRUN echo a > /a\nFROM busybox AS b\nRUN echo b > /b\n",
        &[],
    ),
    (
        "a stage that is not there",
        "target=zz",
        "FROM busybox AS a\n",
        &[],
    ),
    (
        "a stage has no number",
        "target=0",
        "FROM busybox AS a\n",
        &[],
    ),
    (
        "all that is no file",
        "t=all",
        "FROM busybox\nMAINTAINER me <m@x>\nLABEL a=1 b=\"2 3\"\nEXPOSE 80 53/udp 1000-1002\n\
         VOLUME /data /b\nUSER 33\nWORKDIR /w\nWORKDIR x\nSTOPSIGNAL SIGQUIT\n\
         HEALTHCHECK --interval=5s --retries=2 CMD wget -q x\nSHELL [\"/bin/sh\",\"-ec\"]\n\
         RUN pwd; id -u\nENTRYPOINT [\"/e\"]\nCMD a b\nENTRYPOINT e f\nONBUILD RUN echo hi\n\
         HEALTHCHECK NONE\n",
        &[],
    ),
    (
        "triggers for others",
        "t=triggers",
        "FROM busybox\nONBUILD RUN echo trigger\nONBUILD ENV T=1\nONBUILD COPY f /f\n",
        &[],
    ),
    (
        "triggers of another",
        "",
        "FROM triggers\nRUN cat /f; echo $T\n",
        &[("f", "file")],
    ),
    (
        "labels",
        r#"labels={"x":"y","a":"b c"}"#,
        "FROM busybox\nRUN true\n",
        &[],
    ),
    ("an empty file", "", "", &[]),
    ("no such file", "dockerfile=a/b", "FROM busybox\n", &[]),
    (
        "another file",
        "dockerfile=a/D",
        "",
        &[("a/D", "FROM busybox\nENV x=1\n")],
    ),
    (
        "an absolute path",
        "dockerfile=/Dockerfile",
        "FROM busybox\n",
        &[],
    ),
    ("a bad tag", "t=UPPER", "FROM busybox\n", &[]),
    ("no source", "", "FROM busybox\nCOPY nope /x\n", &[]),
    (
        "no source for a pattern",
        "",
        "FROM busybox\nCOPY nope* /x\n",
        &[],
    ),
    (
        "two sources, no directory",
        "",
        "FROM busybox\nCOPY a b /x\n",
        &[("a", ""), ("b", "")],
    ),
    (
        "owners by name and number",
        "",
        "FROM busybox\nCOPY --chown=www:7 a /a\nCOPY --chown=1:2 a /b\nRUN ls -ln /a /b\n",
        &[("a", "1")],
    ),
    (
        "an owner whom nobody knows",
        "",
        "FROM busybox\nCOPY --chown=zz a /a\n",
        &[("a", "1")],
    ),
    (
        "no such stage",
        "",
        "FROM busybox\nCOPY --from=5 a /a\n",
        &[],
    ),
    ("from itself", "", "FROM busybox\nCOPY --from=0 a /a\n", &[]),
    (
        "from an image",
        "",
        "FROM scratch\nCOPY --from=busybox /etc/passwd /p\n",
        &[],
    ),
    (
        "a directory to work in",
        "",
        "FROM busybox\nWORKDIR /new/sub\nRUN pwd; ls -ld /new | cut -c1-10\nWORKDIR /bin\n",
        &[],
    ),
    (
        "BuildKit's mounts",
        "",
        "FROM busybox\nRUN --mount=type=cache,target=/x true\n",
        &[],
    ),
    ("an isolation", "isolation=hyperv", "FROM busybox\n", &[]),
    (
        "security options",
        "securityopt=seccomp=unconfined",
        "FROM busybox\nRUN true\n",
        &[],
    ),
    (
        "without a network",
        "networkmode=none",
        "FROM busybox\nRUN echo n\n",
        &[],
    ),
    (
        "no end of line",
        "",
        "FROM busybox\nRUN printf abc\nRUN printf def >&2\n",
        &[],
    ),
    (
        "another escape",
        "",
        "# escape=`\nFROM busybox\nRUN echo a `\n b\n",
        &[],
    ),
    (
        "volumes forget",
        "",
        "FROM busybox\nRUN mkdir /v && echo 1 > /v/a\nVOLUME /v\nRUN echo 2 > /v/b; ls /v\n\
         RUN ls /v\n",
        &[],
    ),
    (
        "one layer",
        "squash=1&t=squashed",
        "FROM busybox\nRUN echo 1 > /s1\nRUN rm /s1; echo 2 > /s2\n",
        &[],
    ),
    (
        "limits and hosts",
        "memory=33554432&shmsize=1048576&extrahosts=here:10.1.2.3",
        "FROM busybox\nRUN df -k /dev/shm | tail -1 | awk '{print $2}'\nRUN grep here /etc/hosts\n",
        &[],
    ),
];

#[test]
fn every_line_is_dockerd_s() {
    let dockerd = Dockerd::start();
    let daemon = Daemon::start();
    daemon.import_busybox();
    let saved = daemon.path().join("busybox.tar");
    let saved = saved.to_str().unwrap();
    daemon.docker(&["save", "-o", saved, "busybox"]);
    dockerd.docker(&["load", "-i", saved]);
    let mut different = Vec::new();
    for (name, query, dockerfile, files) in CASES {
        let context = plain(dockerfile, files);
        // Once from the beginning, once with what the cache has by then.
        for query in [format!("{query}&nocache=1"), (*query).to_owned()] {
            let theirs = shown(&build_at(&dockerd.socket(), &query, &context));
            let ours = shown(&build(&daemon, &query, &context));
            if ours != theirs {
                different.push(format!(
                    "{name} ({query})\n--- dockerd\n{theirs}\n--- ours\n{ours}"
                ));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n\n"));
    // What histories tell is told to people too.
    for image in ["one", "stages", "all", "squashed"] {
        let format = "{{.CreatedBy}}|{{.Comment}}|{{.Size}}";
        let args = ["history", "--no-trunc", "--format", format, image];
        let theirs = dockerd.docker(&args);
        assert_eq!(history(&daemon.docker(&args)), history(&theirs), "{image}");
    }
}

/// Texts that follow each other are one: how much of a command's output comes at
/// a time is nobody's decision.
fn shown(answer: &super::Answer) -> String {
    let mut shown = format!("{}\n", answer.status);
    for line in &answer.lines {
        match line["stream"].as_str() {
            Some(text) => shown += text,
            None => shown += &format!("{line}\n"),
        }
    }
    without_ids(&shown)
}

/// Digests of what is copied are each engine's own.
fn history(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let words = line.split(' ').map(|word| match word.split_once(':') {
            Some((kind, digest)) if digest.len() == 64 => format!("{kind}:…"),
            _ => word.to_owned(),
        });
        out += &words.collect::<Vec<_>>().join(" ");
        out.push('\n');
    }
    out
}
