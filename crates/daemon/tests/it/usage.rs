//! `docker system df`: what it counts, and that it does not look at the files
//! of images.

use serde_json::Value;

use crate::harness::{Daemon, clis};

fn usage(daemon: &Daemon) -> Value {
    let (status, body) = daemon.http("GET", "/v1.40/system/df", None);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// The one of a list whose field has this text.
fn named<'a>(list: &'a Value, key: &str, text: &str) -> &'a Value {
    let mut all = list.as_array().unwrap().iter();
    all.find(|one| one[key].to_string().contains(text))
        .unwrap_or_else(|| panic!("no {text} in {list}"))
}

#[test]
fn everything_is_counted_once() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let base = usage(&daemon);
    assert_eq!(base["Containers"], Value::Array(Vec::new()));
    assert_eq!(base["Volumes"], Value::Array(Vec::new()));
    daemon.docker(&[
        "run",
        "--net",
        "none",
        "--name",
        "writer",
        "-v",
        "data:/data",
        "-v",
        "data:/again",
        "busybox",
        "sh",
        "-c",
        "echo 12345 >/data/x && ln /data/x /data/y && mkdir /d && echo abc >/d/own",
    ]);
    daemon.docker(&["commit", "writer", "child"]);
    daemon.docker(&["create", "--net", "none", "--name", "of-child", "child"]);
    daemon.docker(&["volume", "create", "free"]);
    let elsewhere = ["-o", "type=tmpfs", "-o", "device=tmpfs", "elsewhere"];
    daemon.docker(&[&["volume", "create"][..], &elsewhere[..]].concat());
    let seen = usage(&daemon);
    let (images, before) = (&seen["Images"], &base["Images"]);
    let (parent, child) = (
        named(images, "RepoTags", "busybox"),
        named(images, "RepoTags", "child"),
    );
    let size = parent["Size"].as_i64().unwrap();
    assert_eq!(named(before, "RepoTags", "busybox")["SharedSize"], 0);
    assert_eq!(parent["SharedSize"], size);
    assert_eq!(child["SharedSize"], size);
    assert_eq!(child["Size"], size + 4);
    assert_eq!(child["VirtualSize"], size + 4);
    assert_eq!(parent["Containers"], 1);
    assert_eq!(child["Containers"], 1);
    let layers = |usage: &Value| usage["LayersSize"].as_i64().unwrap();
    assert_eq!(layers(&seen), layers(&base) + 4);
    let writer = named(&seen["Containers"], "Names", "writer");
    assert_eq!(writer["SizeRw"], 4);
    assert_eq!(writer["SizeRootFs"], size + 4);
    let idle = named(&seen["Containers"], "Names", "of-child");
    assert_eq!(idle.get("SizeRw"), None);
    assert_eq!(idle["SizeRootFs"], size + 4);
    let volumes = &seen["Volumes"];
    assert_eq!(volumes.as_array().unwrap().len(), 2, "{volumes}");
    let used = &named(volumes, "Name", "data")["UsageData"];
    assert_eq!(*used, serde_json::json!({"Size": 6, "RefCount": 1}));
    assert_eq!(named(volumes, "Name", "free")["UsageData"]["RefCount"], 0);
    for cli in clis() {
        let brief = daemon.docker_of(&cli, &["system", "df"]);
        let row = |name: &str| {
            let row = brief.lines().find(|line| line.starts_with(name)).unwrap();
            row.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(row("Containers"), "Containers 2 0 4B 4B (100%)");
        assert_eq!(row("Local"), "Local Volumes 2 1 6B 0B (0%)");
        let long = daemon.docker_of(&cli, &["system", "df", "-v"]);
        for text in ["SHARED SIZE", "of-child", "Local Volumes", "CACHE ID"] {
            assert!(long.contains(text), "{text}: {long}");
        }
    }
}

#[test]
fn the_cache_of_the_builder_is_what_its_prune_takes() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let context = daemon.path().join("context");
    std::fs::create_dir(&context).unwrap();
    let steps = "FROM busybox\nCOPY Dockerfile /file\nCOPY nosuch /\n";
    std::fs::write(context.join("Dockerfile"), steps).unwrap();
    let context = context.to_string_lossy().into_owned();
    let mut build = daemon.docker_with(&clis()[0], &["build", "--network", "none", &context]);
    let failed = build.env("DOCKER_BUILDKIT", "0").output().unwrap();
    assert!(!failed.status.success());
    let seen = usage(&daemon);
    let cache = seen["BuildCache"].as_array().unwrap();
    assert_eq!(cache.len(), 1, "{seen}");
    assert_eq!(cache[0]["Size"], steps.len());
    assert_eq!(seen["BuilderSize"], steps.len());
    let (status, pruned) = daemon.http("POST", "/v1.40/build/prune", None);
    assert_eq!(status, 200, "{pruned}");
    let pruned: Value = serde_json::from_str(&pruned).unwrap();
    assert_eq!(pruned["SpaceReclaimed"], steps.len());
    let told = daemon.events(
        "type=builder",
        "{{.Action}} {{.Actor.Attributes.reclaimed}}",
    );
    assert_eq!(told, [format!("prune {}", steps.len())]);
    assert_eq!(usage(&daemon)["BuildCache"], Value::Null);
}
