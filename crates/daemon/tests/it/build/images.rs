//! What a build makes: images that know where they come from.

use super::{build, plain};
use crate::harness::Daemon;

fn inspect(daemon: &Daemon, image: &str) -> serde_json::Value {
    let text = daemon.docker(&["inspect", image]);
    serde_json::from_str::<serde_json::Value>(&text).unwrap()[0].take()
}

/// All images, those of steps too.
fn count(daemon: &Daemon) -> usize {
    daemon
        .docker(&["images", "-aq", "--no-trunc"])
        .lines()
        .count()
}

#[test]
fn every_step_is_an_image_of_the_one_before() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let before = count(&daemon);
    let dockerfile =
        "FROM busybox\nENV A=1\nRUN echo x > /x\nRUN true\nWORKDIR /bin\nCMD [\"x\"]\n";
    let image = build(&daemon, "t=made", &plain(dockerfile, &[])).image();
    let made = inspect(&daemon, "made");
    assert_eq!(made["Id"], image.as_str());
    assert_eq!(made["Config"]["Cmd"][0], "x");
    assert_eq!(made["Config"]["WorkingDir"], "/bin");
    let container = made["Container"].as_str().unwrap();
    assert_eq!(made["ContainerConfig"]["Hostname"], &container[..12]);
    let comment = "CMD [\"x\"]";
    let words = serde_json::json!(["/bin/sh", "-c", "#(nop) ", comment]);
    assert_eq!(made["ContainerConfig"]["Cmd"], words);
    assert_eq!(made["ContainerConfig"]["Image"], made["Parent"]);
    // One layer above busybox's: nothing else changed a file.
    assert_eq!(made["RootFS"]["Layers"].as_array().unwrap().len(), 2);
    let mut steps = 0;
    let mut current = made;
    while let Some(parent) = current["Parent"].as_str().filter(|id| !id.is_empty()) {
        steps += 1;
        current = inspect(&daemon, parent);
    }
    assert_eq!(steps, 5);
    assert_eq!(current["RepoTags"][0], "busybox:latest");
    let ids = daemon.docker(&["history", "--no-trunc", "-q", "made"]);
    assert!(!ids.contains("missing"), "{ids}");
    // Steps are no images that anybody looks for.
    let listed = daemon.docker(&["images", "-q", "--no-trunc"]);
    assert_eq!(listed.lines().count(), before + 1);
    assert_eq!(count(&daemon), before + 5);
    daemon.docker(&["rmi", "made"]);
    assert_eq!(count(&daemon), before);
}

#[test]
fn only_what_the_target_needs_is_built() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let dockerfile = "FROM busybox AS tools\nRUN echo tool > /tool\nFROM busybox AS test\n\
                      RUN exit 1\nARG BASE=tools\nFROM tools AS late\nCOPY --from=tools /tool /t\n";
    let answer = build(&daemon, "", &plain(dockerfile, &[]));
    let text = answer.text();
    assert!(!text.contains("Step 4/"), "{text}");
    assert!(text.contains("Step 7/7 : COPY"), "{text}");
    answer.image();
    // A variable may name a stage.
    let dockerfile =
        "ARG BASE=first\nFROM busybox AS first\nENV IS=first\nFROM $BASE\nRUN echo $IS\n";
    let answer = build(&daemon, "", &plain(dockerfile, &[]));
    assert!(answer.text().contains("first\n"), "{answer:#?}");
}

#[test]
fn stages_that_do_not_need_each_other_run_at_the_same_time() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    // Each waits for the other, through the network of the machine.
    let wait = |own: u16, other: u16| {
        format!(
            "RUN (nc -l -p {own} > /got &); i=0; \
             until echo hello | nc -w 1 127.0.0.1 {other}; do \
             i=$((i+1)); test $i -lt 300 || exit 1; sleep 0.1; done; \
             until test -s /got; do i=$((i+1)); test $i -lt 300 || exit 1; sleep 0.1; done"
        )
    };
    let base = 20_000 + (std::process::id() % 20_000) as u16;
    let dockerfile = format!(
        "FROM busybox AS a\n{}\nFROM busybox AS b\n{}\nFROM scratch\n\
         COPY --from=a /got /a\nCOPY --from=b /got /b\n",
        wait(base, base + 1),
        wait(base + 1, base)
    );
    let answer = build(&daemon, "networkmode=host", &plain(&dockerfile, &[]));
    answer.image();
    // Told one after the other all the same.
    let text = answer.text();
    let place = |step: &str| text.find(step).expect(step);
    assert!(place("Step 2/7") < place("Step 3/7"), "{text}");
}

#[test]
fn the_cache_is_emptied_of_what_nobody_named() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    build(
        &daemon,
        "t=named",
        &plain("FROM busybox\nRUN echo 1 > /1\nENV a=1\n", &[]),
    )
    .image();
    let unnamed = build(&daemon, "", &plain("FROM busybox\nRUN echo 2 > /2\n", &[])).image();
    build(
        &daemon,
        "",
        &plain(
            "FROM busybox\nRUN head -c 5000 /dev/zero > /3\nRUN exit 1\n",
            &[],
        ),
    );
    daemon.docker(&["container", "prune", "-f"]);
    let prune = |query: &str| {
        let (status, body) = daemon.http("POST", &format!("/v1.40/build/prune{query}"), None);
        assert_eq!(status, 200, "{body}");
        serde_json::from_str::<serde_json::Value>(&body).unwrap()
    };
    let before = count(&daemon);
    assert_eq!(
        prune("?keep-storage=1000000")["CachesDeleted"],
        serde_json::Value::Null
    );
    let pruned = prune("");
    assert_eq!(
        pruned["CachesDeleted"].as_array().unwrap().len(),
        1,
        "{pruned}"
    );
    assert_eq!(pruned["SpaceReclaimed"], 5000);
    assert_eq!(count(&daemon), before - 1);
    inspect(&daemon, &unnamed);
    inspect(&daemon, "named");
    let (status, body) = daemon.http(
        "POST",
        "/v1.40/build/prune?filters={%22x%22:[%22y%22]}",
        None,
    );
    assert_eq!(status, 400);
    assert!(
        body.contains("failed to prune build cache: Invalid filter 'x'"),
        "{body}"
    );
}

#[test]
fn a_squashed_image_hides_what_it_took_away() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let base = "FROM busybox\nRUN mkdir /d /gone && echo base > /d/base && echo 1 > /gone/1\n";
    build(&daemon, "t=base", &plain(base, &[])).image();
    let dockerfile = "FROM base\nRUN echo secret > /secret; echo a > /d/a\nRUN rm /secret; rm -r /gone\n\
                      RUN rm -r /d && mkdir /d && echo b > /d/b && chown 3:4 /d/b\nRUN mkdir /gone && echo 2 > /gone/2\n";
    build(&daemon, "squash=1&t=flat", &plain(dockerfile, &[])).image();
    let layers = inspect(&daemon, "flat")["RootFS"]["Layers"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(layers, 3);
    let see = "cat /secret; cat /d/* /gone/*; stat -c %u:%g /d/b; ls /d /gone";
    let seen = daemon.docker(&["run", "--rm", "flat", "sh", "-c", see]);
    assert_eq!(seen, "b\n2\n3:4\n/d:\nb\n\n/gone:\n2");
    let archive = daemon.path().join("flat.tar");
    daemon.docker(&["save", "-o", archive.to_str().unwrap(), "flat"]);
}
