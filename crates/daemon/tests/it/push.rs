//! `docker push`, to Debian's registry and to ours, with every CLI.

use serde_json::Value;

use crate::harness::{Daemon, clis};
use crate::registries::Registry;

#[test]
fn layers_are_sent_once_then_known_then_mounted() {
    for registry in Registry::open_ones() {
        for cli in clis() {
            let daemon = Daemon::start();
            let place = format!(
                "{}/{}",
                registry.host,
                if cli == clis()[0] { "a" } else { "b" }
            );
            let [one, two, other] =
                ["x/box:1", "x/box:2", "y/box:1"].map(|name| format!("{place}/{name}"));
            for name in [&one, &two, &other] {
                daemon.docker(&["tag", "box", name]);
            }
            let said = daemon.docker_of(&cli, &["push", &one]);
            let head = format!("The push refers to repository [{place}/x/box]");
            assert!(said.starts_with(&head), "{said}");
            assert!(said.contains(": Pushed"), "{said}");
            let last = said.lines().last().unwrap().to_owned();
            assert!(last.starts_with("1: digest: sha256:"), "{said}");

            let said = daemon.docker_of(&cli, &["push", &two]);
            assert!(said.contains(": Layer already exists"), "{said}");
            // The same layers and configuration are the same manifest.
            assert_eq!(said.lines().last().unwrap()[1..], last[1..]);

            let said = daemon.docker_of(&cli, &["push", &other]);
            assert!(said.contains(": Mounted from "), "{said}");

            let digests = daemon.docker(&["image", "inspect", "-f", "{{.RepoDigests}}", "box"]);
            assert_eq!(digests.matches("@sha256:").count(), 2, "{digests}");
            let told = daemon.events("type=image", "{{.Action}} {{.ID}}");
            assert!(told.contains(&format!("push {one}")), "{told:?}");
        }
    }
}

#[test]
fn all_tags_and_what_is_not_here() {
    let registry = Registry::debian();
    let daemon = Daemon::start();
    let name = format!("{}/x/box", registry.host);
    for tag in ["1", "2"] {
        daemon.docker(&["tag", "box", &format!("{name}:{tag}")]);
    }
    let push = |name: &str, query: &str| -> Vec<Value> {
        let path = format!("/v1.40/images/{name}/push{query}");
        let (status, body) = daemon.http("POST", &path, Some("{}"));
        assert_eq!(status, 200, "{body}");
        let lines = body
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(Value::is_object).collect()
    };
    let lines = push(&name, "");
    let aux: Vec<&Value> = lines
        .iter()
        .map(|it| &it["aux"])
        .filter(|it| it.is_object())
        .collect();
    assert_eq!(aux.len(), 2, "{lines:?}");
    assert_eq!(aux[0]["Tag"], "1");
    assert_eq!(aux[0]["Digest"], aux[1]["Digest"]);
    let size = aux[0]["Size"].as_u64().unwrap();
    let (tag, digest) = ("2", aux[1]["Digest"].as_str().unwrap());
    let text = format!("{tag}: digest: {digest} size: {size}");
    assert!(lines.iter().any(|it| it["status"] == text), "{lines:?}");

    for (query, words) in [
        ("?tag=9", format!("tag does not exist: {name}:9")),
        ("", String::new()),
    ] {
        let lines = push(&name, query);
        let error = lines.last().unwrap()["error"].as_str().unwrap_or_default();
        assert_eq!(error, words, "{lines:?}");
    }
    let none = format!("{}/none", registry.host);
    let lines = push(&none, "?tag=1");
    let error = format!("An image does not exist locally with the tag: {none}");
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["error"], error);
}

#[test]
fn what_goes_out_comes_back_the_same() {
    for registry in Registry::open_ones() {
        let daemon = Daemon::start();
        daemon.import_busybox();
        let name = format!("{}/busybox:1", registry.host);
        daemon.docker(&["tag", "busybox", &name]);
        let said = daemon.docker(&["push", &name]);
        let digest = said
            .split(' ')
            .find(|word| word.starts_with("sha256:"))
            .unwrap();
        let id = daemon.docker(&["image", "inspect", "-f", "{{.Id}}", "busybox"]);
        daemon.docker(&["rmi", "-f", &id]);
        daemon.docker(&["pull", &name]);
        let seen = daemon.docker(&["image", "inspect", "-f", "{{.Id}} {{.RepoDigests}}", &name]);
        assert_eq!(seen, format!("{id} [{}/busybox@{digest}]", registry.host));
        // A layer that was pulled goes out as it came.
        let copy = format!("{}/copy:1", registry.host);
        daemon.docker(&["tag", &name, &copy]);
        let said = daemon.docker(&["push", &copy]);
        assert!(said.contains(digest), "{said}");
        let run = ["run", "--rm", "--network", "none", &name, "echo", "hi"];
        assert_eq!(daemon.docker(&run), "hi");
    }
}
