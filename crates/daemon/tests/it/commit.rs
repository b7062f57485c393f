//! `docker commit`: images of what containers have made.

use crate::harness::Daemon;

fn inspect(daemon: &Daemon, image: &str, format: &str) -> String {
    daemon.docker(&["image", "inspect", "-f", format, image])
}

const WORK: &str = "echo hello > /new; rm /etc/passwd; mkdir /etc/more; chown 5:6 /new; \
                    ln /new /etc/again; mkdir -m 1777 /home; touch /home/x";

const CHECK: &str = "cat /etc/again; test ! -e /etc/passwd && ls -d /etc/more; stat -c %u:%g /new; \
                     stat -c %a /home; ls /home";

const CHECKED: &str = "hello\n/etc/more\n5:6\n1777\nx";

#[test]
fn an_image_of_a_container_holds_its_changes_and_its_configuration() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let id = daemon.docker(&[
        "run", "--name", "c1", "--net", "none", "-e", "A=1", "-l", "k=v", "-w", "/tmp", "busybox",
        "sh", "-c", WORK,
    ]);
    assert_eq!(id, "");
    let full = daemon.docker(&["inspect", "-f", "{{.Id}}", "c1"]);
    let image = daemon.docker(&[
        "commit",
        "-a",
        "me",
        "-m",
        "why",
        "-c",
        "ENV B=2",
        "-c",
        "CMD [\"true\"]",
        "c1",
        "new:1",
    ]);
    let seen = inspect(
        &daemon,
        "new:1",
        "{{.Id}} {{.Author}} {{.Comment}} {{.Container}} {{.Config.Env}} {{.Config.Cmd}} \
         {{.Config.Labels}} {{.Config.WorkingDir}} {{.ContainerConfig.Cmd}} {{len .RootFS.Layers}}",
    );
    assert_eq!(
        seen,
        format!("{image} me why {full} [A=1 B=2] [true] map[k:v] /tmp [sh -c {WORK}] 2")
    );
    let parent = inspect(&daemon, "busybox", "{{.Id}}");
    assert_eq!(inspect(&daemon, "new:1", "{{.Parent}}"), parent);
    let said = daemon.docker(&["run", "--rm", "--net", "none", "new:1", "sh", "-c", CHECK]);
    assert_eq!(said, CHECKED);

    let events = daemon.events("container=c1", "{{.Action}} {{.Actor.Attributes.comment}} {{.Actor.Attributes.imageID}} {{.Actor.Attributes.imageRef}}");
    let commit = events
        .iter()
        .find(|line| line.starts_with("commit"))
        .unwrap();
    assert_eq!(*commit, format!("commit why {image} new:1"));
    let tagged = daemon.events("event=tag", "{{.Actor.ID}} {{.Actor.Attributes.name}}");
    assert_eq!(tagged.last().unwrap(), &format!("{image} new:1"));
    let history = daemon.docker(&[
        "history",
        "--no-trunc",
        "--format",
        "{{.CreatedBy}}|{{.Comment}}",
        "new:1",
    ]);
    assert_eq!(history, format!("sh -c {WORK}|why\n|Imported from -"));
}

#[test]
fn a_running_container_is_frozen_meanwhile_unless_told_not_to() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.docker(&[
        "run", "-d", "--name", "c1", "--net", "none", "busybox", "sleep", "1000",
    ]);
    let actions = || daemon.events("container=c1", "{{.Action}}");
    let before = actions().len();
    // Nothing was changed: no layer comes on top.
    let image = daemon.docker(&["commit", "c1"]);
    assert_eq!(inspect(&daemon, &image, "{{len .RootFS.Layers}}"), "1");
    assert_eq!(actions()[before..], ["pause", "commit", "unpause"]);
    let state = daemon.docker(&["inspect", "-f", "{{.State.Status}}", "c1"]);
    assert_eq!(state, "running");

    let before = actions().len();
    let (status, body) = daemon.http("POST", "/v1.40/commit?container=c1&pause=0", None);
    assert_eq!(status, 201, "{body}");
    daemon.docker(&["pause", "c1"]);
    daemon.docker(&["commit", "c1"]);
    assert_eq!(actions()[before..], ["commit", "pause", "commit"]);
    daemon.docker(&["unpause", "c1"]);
}

#[test]
fn what_cannot_be_committed_is_told_in_dockerd_s_words() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.docker(&["create", "--name", "c1", "--net", "none", "busybox"]);
    for (query, status, message) in [
        ("container=nope", 404, "No such container: nope"),
        (
            "container=c1&repo=UPPER",
            400,
            "invalid reference format: repository name must be lowercase",
        ),
        ("container=c1&repo=a&tag=b:c", 400, "invalid tag format"),
        (
            "container=c1&changes=RUN+x",
            400,
            "run is not a valid change command",
        ),
    ] {
        let (seen, body) = daemon.http("POST", &format!("/v1.40/commit?{query}"), None);
        assert_eq!(seen, status, "{query}: {body}");
        assert!(body.contains(message), "{query}: {body}");
    }
    // Nothing is left of what was refused.
    assert_eq!(daemon.docker(&["images", "-qf", "dangling=true"]), "");
}

#[test]
fn a_remapped_container_gives_the_same_image_as_another() {
    let accounts = tempfile::tempdir().unwrap();
    for (name, line) in [
        ("passwd", "dockremap:x:990:990::/:/bin/false"),
        ("group", "dockremap:x:990:"),
        ("subuid", "dockremap:300000:65536"),
        ("subgid", "dockremap:400000:65536"),
    ] {
        std::fs::write(accounts.path().join(name), format!("{line}\n")).unwrap();
    }
    let dir = accounts.path().to_string_lossy().into_owned();
    let daemon = Daemon::flagged(&["--userns-remap", "default", "--accounts", &dir]);
    daemon.import_busybox();
    let mut layers = Vec::new();
    for (name, flags) in [("inside", &[][..]), ("host", &["--userns", "host"])] {
        let head = ["run", "--name", name, "--net", "none"];
        let work = format!("{WORK}; touch -d @1000000000 /new /home/x /home /etc/more /etc");
        let tail = ["busybox", "sh", "-c", &work];
        daemon.docker(&[&head[..], flags, &tail].concat());
        daemon.docker(&["commit", name, name]);
        layers.push(inspect(&daemon, name, "{{.RootFS.Layers}}"));
        let said = daemon.docker(&["run", "--rm", "--net", "none", name, "sh", "-c", CHECK]);
        assert_eq!(said, CHECKED);
    }
    assert_eq!(layers[0], layers[1]);
}
