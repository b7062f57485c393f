//! The life of an image by every docker CLI and with every registry, and the
//! same images here, in dockerd and with skopeo: IDs and digests stay.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dockerd::Dockerd;
use crate::harness::{Daemon, clis, text};
use crate::registries::Registry;

/// The ID of an image, as a CLI shows it.
fn id(daemon: &Daemon, cli: &Path, name: &str) -> String {
    daemon.docker_of(cli, &["image", "inspect", "--format", "{{.Id}}", name])
}

/// `docker build` by the classic builder.
fn build(daemon: &Daemon, cli: &Path, dir: &Path, name: &str) -> String {
    let mut command = daemon.docker_with(cli, &["build", "--network", "none", "-t", name]);
    let output = command
        .arg(dir)
        .env("DOCKER_BUILDKIT", "0")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "docker build: {}\n{}\n{}",
        text(&output.stdout),
        text(&output.stderr),
        daemon.log()
    );
    text(&output.stdout)
}

#[test]
fn the_life_of_an_image_by_every_cli_with_every_registry() {
    for registry in Registry::open_ones() {
        let daemon = Daemon::start();
        daemon.import_busybox();
        for (place, cli) in clis().iter().enumerate() {
            life(&daemon, cli, &format!("{}/life{place}", registry.host));
        }
    }
}

fn life(daemon: &Daemon, cli: &Path, name: &str) {
    let docker = |args: &[&str]| daemon.docker_of(cli, args);
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("context");
    std::fs::create_dir(&files).unwrap();
    let dockerfile =
        "FROM busybox\nARG WHO\nCOPY . /in/\nRUN echo built > /out\nCMD [\"cat\", \"/out\"]\n";
    std::fs::write(files.join("Dockerfile"), dockerfile).unwrap();
    std::fs::write(files.join("file"), name).unwrap();
    std::fs::write(files.join("kept.log"), "").unwrap();
    std::fs::write(files.join("lost.log"), "").unwrap();
    std::fs::write(files.join(".dockerignore"), "*.log\n!kept.log\n").unwrap();

    // Built, looked at, run.
    let (one, two) = (format!("{name}:one"), format!("{name}:two"));
    let said = build(daemon, cli, &files, &one);
    assert!(said.contains("Step 5/5 : CMD"), "{said}");
    assert!(
        said.contains(&format!("Successfully tagged {one}")),
        "{said}"
    );
    let built = id(daemon, cli, &one);
    let run = |image: &str, args: &[&str]| {
        docker(&[&["run", "--rm", "--network", "none", image], args].concat())
    };
    assert_eq!(run(&one, &[]), "built");
    assert_eq!(run(&one, &["ls", "/in"]), "Dockerfile\nfile\nkept.log");
    let history = docker(&["history", "--no-trunc", "--format", "{{.CreatedBy}}", &one]);
    let newest = history.lines().next().unwrap_or_default();
    assert_eq!(newest, "/bin/sh -c #(nop)  CMD [\"cat\" \"/out\"]");
    docker(&["tag", &one, &two]);
    let listed = docker(&["images", "--format", "{{.Tag}}", name]);
    assert_eq!(listed.lines().count(), 2, "{listed}");

    // To the registry and back.
    let said = docker(&["push", &one]);
    let digest = said.split(' ').find(|word| word.starts_with("sha256:"));
    let digest = digest.expect("a digest").to_owned();
    let manifest = docker(&["manifest", "inspect", "--insecure", &one]);
    assert!(manifest.contains(&built), "{manifest}");
    docker(&["rmi", &one, &two]);
    assert_eq!(docker(&["images", "--quiet", name]), "");
    docker(&["pull", &one]);
    assert_eq!(id(daemon, cli, &one), built);
    docker(&["pull", &format!("{name}@{digest}")]);
    let digests = docker(&["images", "--digests", "--format", "{{.Digest}}", name]);
    assert_eq!(digests, digest);

    // Saved and loaded.
    let archive = dir.path().join("saved.tar").display().to_string();
    docker(&["save", "-o", &archive, &one]);
    docker(&["rmi", "--force", &built]);
    let said = docker(&["load", "-i", &archive]);
    assert!(said.ends_with(&format!("Loaded image: {one}")), "{said}");
    assert_eq!(id(daemon, cli, &one), built);

    // Committed, exported, imported.
    let container = docker(&["create", "--network", "none", &one, "true"]);
    let said = docker(&["commit", "-m", "why", "-c", "ENV A=b", &container, &two]);
    assert_eq!(said, id(daemon, cli, &two));
    let root = dir.path().join("root.tar").display().to_string();
    docker(&["export", "-o", &root, &container]);
    let flat = format!("{name}:flat");
    let said = docker(&["import", "-c", "CMD [\"cat\", \"/out\"]", &root, &flat]);
    assert_eq!(said, id(daemon, cli, &flat));
    assert_eq!(run(&flat, &[]), "built");
    docker(&["rm", &container]);

    // Nameless ones go, the others stay.
    docker(&["tag", "busybox", &two]);
    let said = docker(&["image", "prune", "--force"]);
    assert!(said.contains("deleted: sha256:"), "{said}");
    assert_eq!(
        docker(&["images", "--quiet", "--filter", "dangling=true"]),
        ""
    );
    let names = docker(&["images", "--format", "{{.Tag}}", name]);
    let mut names: Vec<&str> = names.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["flat", "one", "two"]);
    docker(&["rmi", &one, &two, &flat]);
}

/// What must be the same wherever an image is.
const FACTS: &str = "{{.Id}} {{.Created}} {{.Author}} {{json .RootFS}} {{json .Config.Cmd}} {{json .Config.Env}} {{json .Config.Labels}}";

#[test]
fn images_stay_what_they_are_between_engines() {
    let dockerd = Dockerd::start();
    let daemon = Daemon::start();
    daemon.import_busybox();
    let dir = tempfile::tempdir().unwrap();
    let context = dir.path().join("context");
    std::fs::create_dir(&context).unwrap();
    std::fs::write(context.join("file"), "x").unwrap();
    let dockerfile = "FROM busybox\nMAINTAINER me\nLABEL k=v\nENV A=b\nCOPY file /file\nRUN mkdir /d && echo 1 > /d/e\nCMD [\"cat\", \"/d/e\"]\n";
    std::fs::write(context.join("Dockerfile"), dockerfile).unwrap();
    let archive = |name: &str| -> PathBuf { dir.path().join(name) };
    let here = |name: &str| daemon.docker(&["image", "inspect", "--format", FACTS, name]);
    let there = |name: &str| dockerd.docker(&["image", "inspect", "--format", FACTS, name]);
    let saved = archive("busybox.tar").display().to_string();
    daemon.docker(&["save", "-o", &saved, "busybox"]);
    dockerd.docker(&["load", "-i", &saved]);
    assert_eq!(there("busybox"), here("busybox"));

    // Each builds, the other has it by save and load, and by each registry.
    build(&daemon, &clis()[0], &context, "ours");
    let path = context.display().to_string();
    dockerd.docker(&["build", "--network", "none", "-t", "theirs", &path]);
    let ours = archive("ours.tar").display().to_string();
    daemon.docker(&["save", "-o", &ours, "ours"]);
    dockerd.docker(&["load", "-i", &ours]);
    assert_eq!(there("ours"), here("ours"));
    let theirs = archive("theirs.tar").display().to_string();
    dockerd.docker(&["save", "-o", &theirs, "theirs"]);
    daemon.docker(&["load", "-i", &theirs]);
    assert_eq!(here("theirs"), there("theirs"));
    let (ours, theirs) = (here("ours"), there("theirs"));

    for registry in Registry::open_ones() {
        let by_us = format!("{}/by-us", registry.host);
        let by_them = format!("{}/by-them", registry.host);
        daemon.docker(&["tag", "ours", &by_us]);
        daemon.docker(&["push", &by_us]);
        dockerd.docker(&["tag", "theirs", &by_them]);
        dockerd.docker(&["push", &by_them]);
        daemon.docker(&["rmi", "--force", &ours[..71], &theirs[..71]]);
        dockerd.docker(&["rmi", "--force", &ours[..71], &theirs[..71]]);
        for name in [&by_us, &by_them] {
            daemon.docker(&["pull", name]);
            dockerd.docker(&["pull", name]);
            let want = if *name == by_us { &ours } else { &theirs };
            assert_eq!((&here(name), &there(name)), (want, want), "{name}");
            let digests = [
                "image",
                "inspect",
                "--format",
                "{{.RepoDigests}}",
                name.as_str(),
            ];
            assert_eq!(daemon.docker(&digests), dockerd.docker(&digests));
        }
        let run = ["run", "--rm", "--network", "none", by_them.as_str()];
        assert_eq!(daemon.docker(&run), "1");
        daemon.docker(&["tag", &by_us, "ours"]);
        dockerd.docker(&["tag", &by_them, "theirs"]);
    }
}

#[test]
fn skopeo_takes_and_brings_images() {
    let skopeo = |args: &[&str]| {
        let output = Command::new("skopeo")
            .arg("--insecure-policy")
            .args(args)
            .output()
            .expect("skopeo");
        let said = text(&output.stderr);
        assert!(output.status.success(), "skopeo {}: {said}", args.join(" "));
        text(&output.stdout)
    };
    for registry in Registry::open_ones() {
        let daemon = Daemon::start();
        daemon.import_busybox();
        let dir = tempfile::tempdir().unwrap();
        let id = id(&daemon, &clis()[0], "busybox");

        // Saved by us, put into the registry by skopeo, pulled by us.
        let saved = dir.path().join("saved.tar").display().to_string();
        daemon.docker(&["save", "-o", &saved, "busybox"]);
        let name = format!("{}/skopeo:1", registry.host);
        let remote = format!("docker://{name}");
        let from = format!("docker-archive:{saved}");
        skopeo(&["copy", "--dest-tls-verify=false", &from, &remote]);
        daemon.docker(&["rmi", "--force", &id]);
        daemon.docker(&["pull", &name]);
        assert_eq!(self::id(&daemon, &clis()[0], &name), id);

        // Pushed by us, taken by skopeo as an archive, loaded by us.
        let pushed = format!("{}/pushed:1", registry.host);
        daemon.docker(&["tag", &name, &pushed]);
        daemon.docker(&["push", &pushed]);
        let remote = format!("docker://{pushed}");
        let digest = skopeo(&[
            "inspect",
            "--tls-verify=false",
            "--format",
            "{{.Digest}}",
            &remote,
        ]);
        let format = "{{index .RepoDigests 0}} {{index .RepoDigests 1}}";
        let digests = daemon.docker(&["image", "inspect", "--format", format, &pushed]);
        assert!(digests.contains(&digest), "{digest} in {digests}");
        let taken = dir.path().join("taken.tar").display().to_string();
        let to = format!("docker-archive:{taken}:taken:1");
        skopeo(&["copy", "--src-tls-verify=false", &remote, &to]);
        daemon.docker(&["rmi", "--force", &id]);
        daemon.docker(&["load", "-i", &taken]);
        assert_eq!(self::id(&daemon, &clis()[0], "taken:1"), id);

        // As an OCI layout, which is another manifest of the same image.
        let layout = dir.path().join("layout.tar").display().to_string();
        let to = format!("oci-archive:{layout}:layout:1");
        skopeo(&["copy", "--src-tls-verify=false", &remote, &to]);
        let said = daemon.docker(&["load", "-i", &layout]);
        assert!(said.contains("Loaded image"), "{said}");
    }
}
