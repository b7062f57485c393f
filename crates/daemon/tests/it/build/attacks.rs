//! Builds that were attacks elsewhere, by the numbers under which they became
//! known, and where each is tried here:
//!
//! | number | what went wrong | test |
//! |---|---|---|
//! | CVE-2024-24557 | images from elsewhere taken for steps that were built | `a_loaded_image_is_not_taken_for_a_step`, `everything_that_a_step_can_set_counts` |
//! | CVE-2019-13139 | a reference of a repository read as an option of git | `references_and_directories_cannot_be_anything_else`, `repositories_stay_in_their_place` |
//! | GHSA-vp35-85q5-9f25, CVE-2026-33748, CVE-2026-44517 | links and directories of a repository lead to the machine's files | `repositories_stay_in_their_place`, `a_dockerfile_is_found_in_the_context_only` |
//! | CVE-2023-26054 | passwords of addresses shown | `passwords_are_not_shown`, `repositories_stay_in_their_place` |
//! | CVE-2024-23651, CVE-2024-23652, CVE-2024-11218, CVE-2024-1753, CVE-2024-9407, CVE-2024-9675 | mounts of `RUN` | there are none: `mounts_and_rights_cannot_be_asked_for` |
//! | CVE-2024-23653 | rights that nobody granted | the same |
//! | CVE-2024-23650, CVE-2026-33747 | messages of frontends and sessions | there are no frontends: `mounts_and_rights_cannot_be_asked_for` |
//! | CVE-2021-3602 | the machine's environment in `RUN` | `nothing_of_the_engine_is_in_a_command_or_open_to_others` |
//! | CVE-2025-4953, CVE-2020-27534 | contexts in places that others can open | the same |
//! | CVE-2024-36621, CVE-2024-36623 | builds at once mix lines, or leave layers | `builds_at_once_keep_their_lines_apart_and_leave_nothing` |
//! | a prune at the same time | layers taken from under a build | `a_prune_takes_nothing_from_a_build` |
//! | links in contexts, stages, archives | files of the machine read or written | `files::the_machine_s_files_are_out_of_reach` |

use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{build, plain};
use crate::harness::{Daemon, own_loopback, wait_for};

fn hits(answer: &super::Answer) -> usize {
    answer.text().matches(" ---> Using cache").count()
}

/// An archive of an image that says of itself what `config` says.
fn archive(config: &Value, parent: Option<&str>) -> Vec<u8> {
    let layers = config["rootfs"]["diff_ids"].as_array().map_or(0, Vec::len);
    // Layers that are here need not come along.
    let layers: Vec<String> = (0..layers).map(|it| format!("{it}/layer.tar")).collect();
    let mut manifest = json!({"Config": "c.json", "RepoTags": ["forged:1"], "Layers": layers});
    if let Some(parent) = parent {
        manifest["Parent"] = parent.into();
    }
    let mut archive = tar::Builder::new(Vec::new());
    let documents = [("c.json", config), ("manifest.json", &json!([manifest]))];
    for (name, document) in documents {
        let bytes = serde_json::to_vec(document).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    archive.into_inner().unwrap()
}

/// Whoever makes an image can write into it of which step it is the result.
#[test]
fn a_loaded_image_is_not_taken_for_a_step() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    let busybox = daemon.docker(&["inspect", "-f", "{{.Id}}", "busybox"]);
    for (from, step) in [
        ("scratch", "HEALTHCHECK CMD /check"),
        ("scratch", "ONBUILD RUN true"),
        ("scratch", "LABEL a=b"),
        ("busybox", "HEALTHCHECK CMD /check"),
        ("busybox", "ENV a=b"),
        ("busybox", "RUN true"),
    ] {
        let context = plain(&format!("FROM {from}\n{step}\n"), &[]);
        let honest = build(&daemon, "", &context).image();
        let hex = honest.strip_prefix("sha256:").unwrap();
        let path = daemon.path().join("data/image/configs").join(hex);
        let mut config: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        daemon.docker(&["rmi", &honest]);
        config["config"]["Cmd"] = json!(["/evil"]);
        config["created"] = "2099-01-01T00:00:00Z".into();
        let parent = (from == "busybox").then_some(busybox.as_str());
        let path = daemon.path().join("forged.tar");
        std::fs::write(&path, archive(&config, parent)).unwrap();
        daemon.docker(&["load", "-i", path.to_str().unwrap()]);
        let forged = daemon.docker(&["inspect", "-f", "{{.Id}} {{.Parent}}", "forged:1"]);
        // The archive did bring what it takes.
        assert!(forged.ends_with(parent.unwrap_or(" ")), "{forged:?}");

        let answer = build(&daemon, "", &context);
        assert_eq!(hits(&answer), 0, "{from} {step} {answer:#?}");
        // What was built here counts, also for the next engine.
        let honest = answer.image();
        let again = build(&daemon, "", &context);
        assert_eq!((hits(&again), again.image()), (1, honest.clone()));
        if step == "ONBUILD RUN true" || step == "RUN true" {
            daemon.kill();
            daemon.run();
            let again = build(&daemon, "", &context);
            assert_eq!((hits(&again), again.image()), (1, honest), "{from} {step}");
        }
        // Who names the forged one as a source wants it.
        let named = build(&daemon, r#"cachefrom=["forged:1"]"#, &context);
        assert_eq!(hits(&named), 1, "{from} {step} {named:#?}");
    }
}

#[test]
fn mounts_and_rights_cannot_be_asked_for() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    for option in [
        "--mount=type=bind,source=/,target=/m,rw",
        "--mount=type=bind,from=busybox,source=/x,target=/m,rw",
        "--mount=type=cache,id=../../x,target=/m,bind-propagation=shared",
        "--mount=type=secret,id=x",
        "--security=insecure",
        "--network=host",
    ] {
        let dockerfile = format!("FROM busybox\nRUN {option} echo reached\n");
        let answer = build(&daemon, "", &plain(&dockerfile, &[]));
        let error = answer.error();
        let refused = error.contains("requires BuildKit") || error.contains("nknown flag");
        assert!(refused, "{answer:#?}");
        assert!(!answer.text().contains("\nreached\n"), "{answer:#?}");
    }
    // A frontend of somebody else is a comment here.
    let dockerfile = "# syntax=registry.invalid/evil/frontend\nFROM busybox\nRUN echo ours\n";
    let answer = build(&daemon, "", &plain(dockerfile, &[]));
    assert!(answer.text().contains("ours\n"), "{answer:#?}");
}

#[test]
fn nothing_of_the_engine_is_in_a_command_or_open_to_others() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let dockerfile =
        "FROM busybox\nRUN env; touch /running; while [ -e /running ]; do sleep 0.05; done\n";
    let client = super::begin(&daemon.socket(), "nocache=1", &plain(dockerfile, &[]));
    let running = wait_for("the command to run", || {
        let container = daemon.docker(&["ps", "-q"]);
        let ready = !container.is_empty()
            && daemon
                .try_docker(&["exec", &container, "ls", "/running"])
                .status
                .success();
        ready.then_some(container)
    });
    // The context is here now. Somebody in the way has no rights.
    for place in ["data/builds", "data/image", "data/build-results"] {
        let mut path = daemon.path().join(place);
        let mut closed = false;
        while path != daemon.path() {
            closed |= path.metadata().unwrap().permissions().mode() & 0o007 == 0;
            path = path.parent().unwrap().to_owned();
        }
        assert!(closed, "{place} can be entered");
    }
    daemon.docker(&["exec", &running, "rm", "/running"]);
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut { client }, &mut answer).unwrap();
    assert!(answer.contains("PATH=/usr/local/sbin"), "{answer}");
    // This test's environment is the engine's.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!answer.contains("CARGO_"), "{answer}");
}

#[test]
fn builds_at_once_keep_their_lines_apart_and_leave_nothing() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let context = plain(
        "FROM busybox AS a\nCOPY f /f\nRUN i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done\n\
         FROM busybox\nCOPY --from=a /f /g\nRUN cat /g\n",
        &[("f", "content\n")],
    );
    let images: Vec<String> = std::thread::scope(|scope| {
        let run = |number: usize| {
            let (daemon, context) = (&daemon, &context);
            scope.spawn(move || {
                let query = format!("t=same&t=own{number}");
                let answer = build(daemon, &query, context);
                let text = answer.text();
                if hits(&answer) == 0 {
                    let expected: String = (0..200).map(|it| format!("line {it}\n")).collect();
                    assert!(text.contains(&expected), "{text}");
                }
                answer.image()
            })
        };
        let running: Vec<_> = (0..5).map(run).collect();
        running.into_iter().map(|it| it.join().unwrap()).collect()
    });
    for (number, image) in images.iter().enumerate() {
        let named = daemon.docker(&["inspect", "-f", "{{.Id}}", &format!("own{number}")]);
        assert_eq!(named, *image);
        let content = ["run", "--rm", image, "cat", "/g"];
        assert_eq!(daemon.docker(&content), "content");
    }
    super::ending::wait_for_nothing(&daemon);
    let layers = || {
        std::fs::read_dir(daemon.path().join("data/image/layers"))
            .unwrap()
            .count()
    };
    daemon.docker(&["image", "prune", "-af"]);
    assert_eq!(layers(), 0);
}

#[test]
fn a_prune_takes_nothing_from_a_build() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let images = || daemon.docker(&["images", "-aq"]);
    let before = images();
    let steps: String = (0..25)
        .map(|it| format!("COPY f /f{it}\nENV e={it}\n"))
        .collect();
    let context = plain(
        &format!(
            "FROM busybox AS a\n{steps}FROM scratch\nLABEL a=b\n{steps}COPY --from=a /f1 /g\n"
        ),
        &[("f", "content\n")],
    );
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let prune = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                for path in ["/images/prune", "/build/prune?all=1"] {
                    let (status, answer) = daemon.http("POST", path, None);
                    assert_eq!(status, 200, "{answer}");
                }
                rounds += 1;
            }
            rounds
        });
        // With and without steps that are there already.
        let answers = ["nocache=1", "", "t=named"].map(|query| build(&daemon, query, &context));
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for answer in answers {
            answer.image();
        }
        assert!(prune.join().unwrap() > 2);
    });
    // The image is whole, and so is its name, given while a prune had it on its
    // list of those without.
    let layers = daemon.docker(&["inspect", "-f", "{{len .RootFS.Layers}}", "named"]);
    assert_eq!(layers, "26");
    let file = daemon.docker(&["history", "-q", "named"]);
    assert!(file.lines().count() >= 52, "{file}");
    // The other stage has no name.
    assert!(hits(&build(&daemon, "", &context)) >= 52);
    // What nobody uses any more goes.
    daemon.docker(&["rmi", "named"]);
    daemon.docker(&["image", "prune", "-f"]);
    assert_eq!(images(), before);
}

fn git(dir: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .current_dir(dir)
        .args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@x",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?} {output:?}");
}

/// `git daemon`, ended with this.
struct Server(std::process::Child, std::net::SocketAddrV4);

impl Server {
    fn start(base: &Path) -> Server {
        let address = std::net::SocketAddrV4::new(own_loopback(), 9418);
        let child = Command::new("/usr/lib/git-core/git-daemon")
            .args(["--export-all", "--reuseaddr"])
            .arg(format!("--listen={}", address.ip()))
            .arg(format!("--port={}", address.port()))
            .arg(format!("--base-path={}", base.display()))
            .arg(base)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for("git's server", || TcpStream::connect(address).ok());
        Server(child, address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn repositories_stay_in_their_place() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let base = daemon.path().join("served");
    let (repository, hidden) = (base.join("r"), daemon.path().join("hidden"));
    for dir in [&repository, &hidden] {
        std::fs::create_dir_all(dir).unwrap();
        git(dir, &["init", "--quiet", "--initial-branch=main", "."]);
    }
    let secret = "the machine's own";
    std::fs::write(
        hidden.join("Dockerfile"),
        "FROM busybox\nRUN echo reached\n",
    )
    .unwrap();
    std::fs::write(hidden.join("secret"), secret).unwrap();
    git(&hidden, &["add", "."]);
    git(&hidden, &["commit", "--quiet", "-m", "x"]);
    let write = |name: &str, content: &str| std::fs::write(repository.join(name), content).unwrap();
    write("Dockerfile", "FROM busybox\nCOPY here /\nRUN cat /here\n");
    write("here", "in the repository\n");
    write("Out", "FROM busybox\nCOPY out/secret /got\nRUN cat /got\n");
    symlink(&hidden, repository.join("out")).unwrap();
    symlink(hidden.join("Dockerfile"), repository.join("Linked")).unwrap();
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "--quiet", "-m", "x"]);
    // A branch with a submodule that is on this machine.
    git(&repository, &["checkout", "--quiet", "-b", "sub"]);
    git(
        &repository,
        &[
            "submodule",
            "--quiet",
            "add",
            hidden.to_str().unwrap(),
            "sub",
        ],
    );
    git(&repository, &["commit", "--quiet", "-m", "sub"]);

    let server = Server::start(&base);
    let marker = daemon.path().join("marker");
    let of = |fragment: &str, dockerfile: &str| {
        let address = format!("git://{}/r{fragment}", server.1);
        let address = address.replace('#', "%23").replace(' ', "%20");
        build(
            &daemon,
            &format!("remote={address}&dockerfile={dockerfile}"),
            b"",
        )
    };
    let plain = of("#main", "");
    assert!(plain.text().contains("in the repository\n"), "{plain:#?}");
    let option = format!("#--upload-pack=touch${{IFS}}{}", marker.display());
    for (fragment, dockerfile) in [
        ("#main", "Out"),
        ("#main", "Linked"),
        ("#main", "out/Dockerfile"),
        ("#main", "../../../hidden/Dockerfile"),
        ("#main:out", ""),
        ("#main:../../..", ""),
        ("#main:.git/../../..", ""),
        ("#sub", ""),
        ("#sub:sub", ""),
        (&option, ""),
        ("#-x", ""),
    ] {
        let answer = of(fragment, dockerfile);
        let text = format!("{answer:?}");
        assert!(!answer.error().is_empty());
        assert!(
            !text.contains(secret) && !text.contains("\"reached"),
            "{fragment} {text}"
        );
    }
    assert!(!marker.exists());
    for remote in ["file:///etc", "ext::sh -c touch x.git", "/etc/x.git"] {
        let answer = build(&daemon, &format!("remote={remote}"), b"");
        assert!(
            answer.error().contains("could not be recognized"),
            "{answer:?}"
        );
    }
    // What a server is told of who asks is not told on.
    let address = "http://name:password@127.0.0.1:1/x.git";
    let answer = build(&daemon, &format!("remote={address}"), b"");
    assert!(!format!("{answer:?}").contains("password"), "{answer:?}");
    assert!(!daemon.log().contains("password"));
    super::ending::wait_for_nothing(&daemon);
}
