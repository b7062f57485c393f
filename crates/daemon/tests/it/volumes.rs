//! Volumes: what containers see of them, who keeps them, what goes with a
//! container and what stays.

use crate::harness::{Daemon, clis, text};

/// An image of busybox with content below `/data`, links in the way, and a
/// volume that it declares.
fn image_with_content(daemon: &Daemon) {
    daemon.import_busybox();
    let script = "mkdir -p /data/sub /tmp && echo hi >/data/f && chown 33:33 /data/f && \
                  chmod 600 /data/f && ln -s f /data/l && ln /data/f /data/hard && \
                  chown 5:6 /data && chmod 1751 /data && ln -s ../../../../../data /out && \
                  ln -s /data /abs && mkdir /empty && chmod 700 /empty";
    daemon.docker(&[
        "run", "--name", "maker", "--net", "none", "busybox", "sh", "-c", script,
    ]);
    let archive = daemon.path().join("content.tar");
    let archive = archive.to_string_lossy();
    daemon.docker(&["export", "-o", &archive, "maker"]);
    daemon.docker(&["rm", "maker"]);
    let change = "VOLUME /declared";
    daemon.docker(&[
        "import",
        "-c",
        change,
        "-c",
        "CMD [\"true\"]",
        &archive,
        "content",
    ]);
}

fn run(daemon: &Daemon, options: &[&str], script: &str) -> String {
    let command = ["content", "sh", "-c", script];
    daemon.docker(&[&["run", "--rm", "--net", "none"], options, &command].concat())
}

fn volumes(daemon: &Daemon) -> Vec<String> {
    let listed = daemon.docker(&["volume", "ls", "-q"]);
    listed.lines().map(str::to_owned).collect()
}

fn refused(daemon: &Daemon, args: &[&str]) -> String {
    let output = daemon.try_docker(args);
    assert!(!output.status.success(), "{args:?}");
    text(&output.stderr)
}

#[test]
fn the_volume_commands_of_every_cli() {
    let daemon = Daemon::start();
    for cli in clis() {
        let docker = |args: &[&str]| daemon.docker_of(&cli, args);
        assert_eq!(
            docker(&["volume", "create", "--label", "a=b", "data"]),
            "data"
        );
        let anonymous = docker(&["volume", "create"]);
        assert_eq!(anonymous.len(), 64);
        let format = "{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}} {{.Options}}";
        let shown = docker(&["volume", "inspect", "-f", format, "data"]);
        assert_eq!(shown, "data local local map[a:b] map[]");
        let listed = docker(&["volume", "ls", "-q", "--filter", "label=a"]);
        assert_eq!(listed, "data");
        let listed = docker(&["volume", "ls", "-q", "--filter", "dangling=false"]);
        assert_eq!(listed, "");
        assert_eq!(docker(&["volume", "rm", "data"]), "data");
        docker(&["volume", "rm", "-f", "data"]);
        docker(&["volume", "rm", &anonymous]);
        assert_eq!(docker(&["volume", "ls", "-q"]), "");
    }
}

#[test]
fn data_outlives_containers_and_daemons() {
    let mut daemon = Daemon::start();
    image_with_content(&daemon);
    run(&daemon, &["-v", "kept:/x"], "echo one >/x/f");
    daemon.docker(&["volume", "create", "--label", "k=v", "labelled"]);
    daemon.kill();
    daemon.run();
    assert_eq!(run(&daemon, &["-v", "kept:/y:ro"], "cat /y/f"), "one");
    let readonly = "echo two >/y/f 2>/dev/null || echo refused";
    assert_eq!(run(&daemon, &["-v", "kept:/y:ro"], readonly), "refused");
    let label = "{{index .Labels \"k\"}}";
    let label = daemon.docker(&["volume", "inspect", "-f", label, "labelled"]);
    assert_eq!(label, "v");
}

#[test]
fn a_new_volume_begins_with_what_the_image_has() {
    let daemon = Daemon::start();
    image_with_content(&daemon);
    let look = "cd /data && cat f && stat -c '%u:%g %a %h' f && stat -c '%u:%g %a' . && \
                readlink l && test -d sub";
    let whole = "hi\n33:33 600 2\n5:6 1751\nf";
    assert_eq!(run(&daemon, &["-v", "full:/data"], look), whole);
    assert_eq!(run(&daemon, &["-v", "/data"], look), whole);
    // Only an empty one is filled.
    run(&daemon, &["-v", "full:/x"], "rm -r /x/f /x/sub");
    let left = run(&daemon, &["-v", "full:/data"], "ls /data");
    assert_eq!(left, "hard\nl");
    let none = run(&daemon, &["-v", "bare:/data:nocopy"], "ls /data");
    assert_eq!(none, "");
    let host = daemon.path().join("bind");
    let bind = format!("{}:/data", host.display());
    assert_eq!(run(&daemon, &["-v", &bind], "ls /data"), "");
    // Owner and mode come from an empty directory as well.
    let mode = run(&daemon, &["-v", "modest:/empty"], "stat -c %a /empty");
    assert_eq!(mode, "700");
    let over = refused(
        &daemon,
        &["create", "-v", "other:/data/f", "content", "true"],
    );
    assert!(over.contains("is not directory"), "{over}");
    assert!(!volumes(&daemon).contains(&"other".to_owned()));
}

#[test]
fn links_on_the_way_to_a_target_end_at_the_containers_root() {
    let daemon = Daemon::start();
    image_with_content(&daemon);
    for (name, target) in [("one", "/out"), ("two", "/abs")] {
        let volume = format!("{name}:{target}");
        let script = "cat /data/f && echo new >/data/made";
        assert_eq!(run(&daemon, &["-v", &volume], script), "hi");
        let made = daemon.path().join("data/volumes").join(name);
        assert!(made.join("_data/made").exists(), "{target}");
    }
    // A link inside a volume, on the way to a volume below.
    run(
        &daemon,
        &["-v", "trap:/t"],
        "ln -s ../../../../../../../../tmp /t/up",
    );
    let marker = format!("ls-mark-{}", std::process::id());
    let script = format!("echo inside >/tmp/deep/{marker} && cat /t/up/deep/{marker}");
    let said = run(
        &daemon,
        &["-v", "trap:/t", "-v", "below:/t/up/deep"],
        &script,
    );
    assert_eq!(said, "inside");
    assert!(!std::path::Path::new("/tmp/deep").join(marker).exists());
}

#[test]
fn what_has_no_name_goes_with_its_container() {
    let daemon = Daemon::start();
    image_with_content(&daemon);
    run(&daemon, &["-v", "/x", "-v", "named:/y"], "true");
    assert_eq!(volumes(&daemon), ["named"]);
    daemon.docker(&["create", "--name", "one", "-v", "/x", "content", "true"]);
    assert_eq!(volumes(&daemon).len(), 3, "{:?}", volumes(&daemon));
    daemon.docker(&["rm", "one"]);
    assert_eq!(volumes(&daemon).len(), 3);
    let (status, _) = daemon.http("POST", "/v1.40/volumes/prune", None);
    assert_eq!(status, 200);
    assert!(volumes(&daemon).is_empty());
    daemon.docker(&[
        "create", "--name", "one", "-v", "/x", "-v", "n2:/y", "content",
    ]);
    daemon.docker(&["rm", "-v", "one"]);
    assert_eq!(volumes(&daemon), ["n2"]);
}

#[test]
fn a_volume_that_is_used_stays() {
    let mut daemon = Daemon::start();
    image_with_content(&daemon);
    let id = daemon.docker(&["create", "--name", "one", "-v", "data:/x", "content"]);
    for _ in 0..2 {
        let text = refused(&daemon, &["volume", "rm", "data"]);
        let expected = format!("remove data: volume is in use - [{id}]");
        assert!(text.contains(&expected), "{text}");
        let (status, _) = daemon.http("DELETE", "/v1.40/volumes/data?force=1", None);
        assert_eq!(status, 409);
        // A later daemon knows as well.
        daemon.kill();
        daemon.run();
    }
    daemon.docker(&["rm", "one"]);
    daemon.docker(&["volume", "rm", "data"]);
    let (status, body) = daemon.http("GET", "/v1.40/volumes/data", None);
    assert_eq!(status, 404);
    assert!(body.contains("get data: no such volume"), "{body}");
}

#[test]
fn events_tell_the_life_of_a_volume() {
    let daemon = Daemon::start();
    image_with_content(&daemon);
    let options = ["-v", "told:/x", "--tmpfs", "/declared"];
    run(&daemon, &options, "true");
    daemon.docker(&["volume", "rm", "told"]);
    let format = "{{.Action}} {{index .Actor.Attributes \"destination\"}} \
                  {{index .Actor.Attributes \"read/write\"}}";
    let told = daemon.events("volume=told", format);
    let told: Vec<&str> = told.iter().map(|line| line.trim()).collect();
    let expected = ["create", "mount /x true", "unmount", "destroy"];
    assert_eq!(told, expected);
}

#[test]
fn what_an_engine_was_killed_over_is_swept() {
    let mut daemon = Daemon::start();
    image_with_content(&daemon);
    let containers = daemon.path().join("data/containers");
    let root = daemon.path().join("data/volumes");
    daemon.docker(&[
        "create", "--name", "one", "-v", "/x", "-v", "kept:/y", "content",
    ]);
    assert_eq!(volumes(&daemon).len(), 3);
    daemon.kill();
    // As if it had died between the volumes and the record of the container,
    // in the middle of a removal, and before a volume's record.
    let one = std::fs::read_dir(containers).unwrap().next().unwrap();
    for file in std::fs::read_dir(one.unwrap().path()).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    std::fs::create_dir_all(root.join(".half/_data")).unwrap();
    daemon.run();
    assert_eq!(volumes(&daemon), ["kept"]);
    assert!(!root.join(".half").exists());
}
