//! `docker pull`, from Debian's registry and from ours, with every CLI.

use serde_json::Value;

use crate::harness::{Daemon, clis};
use crate::registries::{Registry, error_of, pull};

/// Puts `box`, the image that comes with the engine, into a registry.
fn stock(registry: &Registry, names: &[&str]) -> String {
    let daemon = Daemon::start();
    for name in names {
        let full = format!("{}/{name}", registry.host);
        daemon.docker(&["tag", "box", &full]);
        daemon.docker(&["push", &full]);
    }
    daemon.docker(&["image", "inspect", "-f", "{{.Id}}", "box"])
}

fn digest_in(output: &str) -> String {
    let line = output.lines().find(|line| line.starts_with("Digest: "));
    line.expect("a digest")["Digest: ".len()..].to_owned()
}

#[test]
fn by_tag_by_digest_and_all() {
    for registry in Registry::open_ones() {
        let id = stock(&registry, &["team/box:1", "team/box:2", "box"]);
        for cli in clis() {
            let daemon = Daemon::start();
            daemon.docker(&["rmi", "box"]);
            let name = format!("{}/team/box", registry.host);
            let tagged = format!("{name}:1");

            let said = daemon.docker_of(&cli, &["pull", &tagged]);
            let lines: Vec<&str> = said.lines().collect();
            assert_eq!(lines[0], "1: Pulling from team/box", "{said}");
            for word in [
                "Pulling fs layer",
                "Verifying Checksum",
                "Download complete",
                "Pull complete",
            ] {
                assert!(said.contains(&format!(": {word}\n")), "{word}: {said}");
            }
            let new = format!("Status: Downloaded newer image for {tagged}");
            assert!(said.contains(&new), "{said}");
            let digest = digest_in(&said);
            let pinned = format!("{name}@{digest}");
            let format = "{{.Id}} {{.RepoTags}} {{.RepoDigests}}";
            let seen = daemon.docker(&["image", "inspect", "-f", format, &tagged]);
            assert_eq!(seen, format!("{id} [{tagged}] [{pinned}]"));
            let run = ["run", "--rm", "--network", "none", &tagged, "echo", "hi"];
            assert_eq!(daemon.docker_of(&cli, &run), "hi");

            let said = daemon.docker_of(&cli, &["pull", &tagged]);
            let known = format!("Status: Image is up to date for {tagged}");
            assert!(said.contains(&known), "{said}");

            let said = daemon.docker_of(&cli, &["pull", "-a", &name]);
            assert!(said.contains("2: Pulling from team/box"), "{said}");
            let tags = daemon.docker(&["images", "--format", "{{.Tag}}", &name]);
            assert_eq!(tags.lines().collect::<Vec<_>>(), ["1", "2"]);

            daemon.docker(&["rmi", "-f", &id]);
            let said = daemon.docker_of(&cli, &["pull", &pinned]);
            assert!(
                said.starts_with(&format!("{digest}: Pulling from")),
                "{said}"
            );
            let seen = daemon.docker(&["image", "inspect", "-f", "{{.RepoTags}}", &pinned]);
            assert_eq!(seen, "[]");
            daemon.docker_of(&cli, &["pull", "-q", &format!("{}/box", registry.host)]);
            let told = daemon.events("type=image", "{{.Action}} {{.ID}}");
            assert!(told.contains(&format!("pull {tagged}")), "{told:?}");
        }
    }
}

#[test]
fn the_lines_are_dockerd_s() {
    let registry = Registry::debian();
    stock(&registry, &["box:1"]);
    let daemon = Daemon::start();
    daemon.docker(&["rmi", "box"]);
    let (status, lines) = pull(&daemon, &format!("{}/box", registry.host), "1");
    assert_eq!(status, 200);
    let id = lines[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 12);
    let plain =
        |status: &str| serde_json::json!({"status": status, "progressDetail": {}, "id": id});
    assert_eq!(
        lines[0],
        serde_json::json!({"status": "Pulling from box", "id": "1"})
    );
    for status in [
        "Pulling fs layer",
        "Verifying Checksum",
        "Download complete",
        "Pull complete",
    ] {
        assert!(lines.contains(&plain(status)), "{status}: {lines:?}");
    }
    let bar = lines
        .iter()
        .find(|line| line["status"] == "Extracting")
        .unwrap();
    assert!(
        bar["progress"].as_str().unwrap().starts_with("[====="),
        "{bar}"
    );
    assert_eq!(
        bar["progressDetail"]["current"],
        bar["progressDetail"]["total"]
    );
    let text = |line: &Value| line["status"].as_str().unwrap_or_default().to_owned();
    let [.., digest, last] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(text(digest).starts_with("Digest: sha256:"), "{digest}");
    assert!(
        text(last).starts_with("Status: Downloaded newer image for "),
        "{last}"
    );
}

#[test]
fn what_cannot_be_pulled_is_refused_with_a_status_of_its_own() {
    let registry = Registry::debian();
    stock(&registry, &["box:1"]);
    let daemon = Daemon::start();
    let host = &registry.host;
    let none = "0".repeat(64);
    for (name, tag, status, words) in [
        (
            format!("{host}/box"),
            "2",
            404,
            "manifest for HOST/box:2 not found: manifest unknown: manifest unknown",
        ),
        (
            format!("{host}/box"),
            &format!("sha256:{none}"),
            404,
            "not found: manifest unknown: manifest unknown",
        ),
        (
            format!("{host}/none"),
            "",
            404,
            "repository HOST/none not found: name unknown: repository name not known to registry",
        ),
        (
            "127.0.0.1:1/x".to_owned(),
            "1",
            500,
            "Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
        ),
        (
            "scratch".to_owned(),
            "latest",
            403,
            "'scratch' is a reserved name",
        ),
        ("a:b:c".to_owned(), "", 400, "invalid reference format"),
        (
            format!("{host}/box"),
            "1&platform=nonsense",
            400,
            "\"nonsense\": unknown operating system or architecture: invalid argument",
        ),
    ] {
        let (seen, lines) = pull(&daemon, &name, tag);
        let error = error_of(&lines);
        let words = words.replace("HOST", host);
        assert_eq!(seen, status, "{name} {tag}: {lines:?}");
        assert!(error.ends_with(&words), "{name} {tag}: {error}");
    }
}

#[test]
fn mirrors_are_asked_before_docker_hub() {
    let mirror = Registry::debian();
    stock(&mirror, &["library/box:1"]);
    let daemon = Daemon::flagged(&["--registry-mirror", &format!("http://{}", mirror.host)]);
    daemon.docker(&["rmi", "box"]);
    daemon.docker(&["pull", "box:1"]);
    let digests = daemon.docker(&["image", "inspect", "-f", "{{.RepoDigests}}", "box:1"]);
    assert!(digests.starts_with("[box@sha256:"), "{digests}");
    let shown = daemon.docker(&["info", "-f", "{{.RegistryConfig.Mirrors}}"]);
    assert_eq!(shown, format!("[http://{}/]", mirror.host));
}

#[test]
fn the_machine_s_own_registry_needs_no_certificate_that_is_known() {
    let registry = Registry::debian_with_tls();
    let daemon = Daemon::start();
    let name = format!("{}/box:1", registry.host);
    daemon.docker(&["tag", "box", &name]);
    daemon.docker(&["push", &name]);
    daemon.docker(&["pull", &name]);
}
