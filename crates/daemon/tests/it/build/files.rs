//! What is copied, from where, and what is out of reach.

use std::process::{Command, Stdio};

use super::{Put, build, context, plain};
use crate::harness::{Daemon, clis, text};

#[test]
fn the_machine_s_files_are_out_of_reach() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let secret = daemon.path().join("secret");
    std::fs::write(&secret, "the machine's own").unwrap();
    let secret = secret.to_str().unwrap();
    let up = format!("{}{secret}", "../".repeat(12));
    // Links in the context, followed and copied; names that lead out of it.
    for (link, source) in [
        (secret, "link"),
        (&up, "link"),
        ("/", &format!("link{secret}")),
    ] {
        let dockerfile = format!("FROM busybox\nCOPY {source} /got\nRUN cat /got\n");
        let entries = [
            ("Dockerfile", Put::File(&dockerfile, 0o644)),
            ("link", Put::Link(link)),
        ];
        let answer = build(&daemon, "", &context(&entries));
        assert!(!answer.text().contains("own"), "{link} {answer:#?}");
        assert!(answer.error().contains("COPY failed"), "{link} {answer:#?}");
    }
    for path in [secret, &up] {
        let query = format!("dockerfile={path}");
        let answer = build(&daemon, &query, &plain("FROM busybox\n", &[]));
        assert_eq!(answer.status, 500, "{answer:#?}");
    }
    let entries = [("Dockerfile", Put::Link(secret))];
    let answer = build(&daemon, "", &context(&entries));
    let error = "Cannot locate specified Dockerfile: Dockerfile";
    assert_eq!(answer.error(), error);
    // Archives that write where they should not.
    for path in ["../escaped", "/../escaped", "d/../../escaped"] {
        let entries = [
            ("Dockerfile", Put::File("FROM busybox\n", 0o644)),
            (path, Put::File("x", 0o644)),
        ];
        build(&daemon, "", &context(&entries));
    }
    let entries = [
        ("Dockerfile", Put::File("FROM busybox\n", 0o644)),
        ("d", Put::Link("/tmp")),
        ("d/longshore-escaped", Put::File("x", 0o644)),
    ];
    build(&daemon, "", &context(&entries));
    assert!(!std::path::Path::new("/tmp/longshore-escaped").exists());
    for place in ["data", "data/builds"] {
        assert!(!daemon.path().join(place).join("escaped").exists());
    }
    // Links in the image: what is copied stays in it.
    let dockerfile = format!(
        "FROM busybox\nRUN ln -s {secret} /a; ln -s / /b; ln -s {up} /c\nCOPY f /a\nCOPY f /c\n\
         COPY f /b{secret}\nCOPY --from=busybox /etc/passwd {secret}\nWORKDIR /b{secret}.d\n"
    );
    build(&daemon, "t=links", &plain(&dockerfile, &[("f", "new")])).image();
    assert_eq!(
        std::fs::read_to_string(secret).unwrap(),
        "the machine's own"
    );
    assert!(!std::path::Path::new(&format!("{secret}.d")).exists());
    let dockerfile = "FROM links\nCOPY --from=links /a /d\nRUN cat /d; ls -d /tmp/*/secret.d\n";
    let answer = build(&daemon, "", &plain(dockerfile, &[]));
    assert!(answer.text().contains("root:x:0:0"), "{answer:#?}");
}

#[test]
fn files_of_stages_and_images_keep_what_they_are() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let dockerfile = "FROM busybox AS made\n\
        RUN mkdir -p /d/sub && echo 1 > /d/sub/f && chown -R 5:6 /d && chmod 4755 /d/sub/f && \\\n    \
        ln -s f /d/sub/l && ln /d/sub/f /d/h\n\
        FROM busybox\nCOPY --from=made /d /e\nCOPY --from=made --chown=7:8 /d/sub/f /g\n\
        COPY --from=0 --chmod=600 /d/sub/f /m\nRUN mkdir -m 1777 /sticky\nCOPY --from=made /d/h /sticky/\n\
        RUN stat -c '%n %a %u:%g' /e/sub/f /e/h /g /m /sticky; readlink /e/sub/l\n";
    let answer = build(&daemon, "", &plain(dockerfile, &[]));
    let text = answer.text();
    for line in [
        "/e/sub/f 4755 5:6\n",
        "/e/h 4755 5:6\n",
        "/g 755 7:8\n",
        "/m 600 5:6\n",
        "/sticky 1777 0:0\n",
        "\nf\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn archives_are_unpacked_by_add_only() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let mut inner = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o640);
    header.set_uid(3);
    header.set_size(2);
    inner
        .append_data(&mut header, "in/side", &b"x\n"[..])
        .unwrap();
    let inner = inner.into_inner().unwrap();
    // A name that keeps it text for the context's own archive.
    let mut outer = tar::Builder::new(Vec::new());
    let dockerfile = "FROM busybox\nADD a.tar /added/\nCOPY a.tar /copied/\n\
                      RUN cat /added/in/side; stat -c '%a %u' /added/in/side; ls /copied\n";
    for (name, bytes) in [("Dockerfile", dockerfile.as_bytes()), ("a.tar", &inner)] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        outer.append_data(&mut header, name, bytes).unwrap();
    }
    let answer = build(&daemon, "", &outer.into_inner().unwrap());
    assert!(answer.text().contains("x\n640 3\na.tar\n"), "{answer:#?}");
}

#[test]
fn contexts_come_compressed_or_not_and_by_every_cli() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let plain = plain(
        "FROM busybox\nCOPY f /f\nRUN cat /f\n",
        &[("f", "content\n")],
    );
    for program in ["gzip", "bzip2", "xz"] {
        let mut child = Command::new(program)
            .arg("-c")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, &plain).unwrap();
        drop(input);
        let packed = child.wait_with_output().unwrap().stdout;
        build(&daemon, "", &packed).image();
    }
    let folder = daemon.path().join("context");
    std::fs::create_dir(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write(
        "Dockerfile",
        "FROM busybox\nARG A\nCOPY . /c/\nRUN ls /c; echo $A; false || true\n",
    );
    write(".dockerignore", "left-*\n!left-in\n");
    write("left-out", "x");
    write("left-in", "x");
    for (number, cli) in clis().iter().enumerate() {
        let tag = format!("cli{number}");
        let args = ["build", "--no-cache", "--build-arg", "A=given", "-t", &tag];
        let mut command = daemon.docker_with(cli, &args);
        let output = command
            .arg(folder.to_str().unwrap())
            .env("DOCKER_BUILDKIT", "0")
            .output()
            .unwrap();
        let told = text(&output.stdout);
        assert!(output.status.success(), "{told}\n{}", text(&output.stderr));
        assert!(told.contains("Dockerfile\nleft-in\ngiven\n"), "{told}");
        assert!(
            told.contains(&format!("Successfully tagged {tag}:latest")),
            "{told}"
        );
        // The command's code is the CLI's.
        let mut command = daemon.docker_with(cli, &["build", "-q", "-"]);
        let mut child = command
            .env("DOCKER_BUILDKIT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, b"FROM busybox\nRUN exit 42\n").unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(42), "{}", text(&output.stderr));
    }
}
