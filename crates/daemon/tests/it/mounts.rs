//! The mounts that a client asks for, in every form, seen from inside; and what
//! inspect says of them.

use crate::harness::{Daemon, text};

fn run(daemon: &Daemon, options: &[&str], script: &str) -> String {
    let command = ["busybox", "sh", "-c", script];
    daemon.docker(&[&["run", "--rm", "--net", "none"], options, &command].concat())
}

/// Creates a container; the status and the message.
fn create(daemon: &Daemon, name: &str, host: &str) -> (u16, String) {
    let body = format!("{{\"Image\":\"busybox\",\"Cmd\":[\"true\"],\"HostConfig\":{{{host}}}}}");
    let path = format!("/v1.40/containers/create?name={name}");
    let (status, body) = daemon.http("POST", &path, Some(&body));
    let message = body.split('"').nth(3).unwrap_or_default().to_owned();
    (
        status,
        if status == 201 {
            String::new()
        } else {
            body + &message
        },
    )
}

#[test]
fn binds_volumes_and_memory_as_mounts() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let host = daemon.path().join("host");
    std::fs::create_dir(&host).unwrap();
    std::fs::write(host.join("f"), "there").unwrap();
    let bind = format!("type=bind,src={},dst=/b,readonly", host.display());
    let script = "cat /b/f; echo x 2>/dev/null >/b/g || echo ro";
    assert_eq!(run(&daemon, &["--mount", &bind], script), "therero");
    let tmpfs = "type=tmpfs,dst=/t,tmpfs-size=1048576,tmpfs-mode=1750";
    let script = "stat -c %a /t; df -k /t | tail -1 | awk '{print $2}'";
    assert_eq!(run(&daemon, &["--mount", tmpfs], script), "1750\n1024");
    let volume = "type=volume,src=vol,dst=/etc,volume-nocopy,volume-label=a=b";
    assert_eq!(
        run(&daemon, &["--mount", volume], "cat /etc/passwd || true"),
        ""
    );
    let label = daemon.docker(&["volume", "inspect", "-f", "{{.Labels}}", "vol"]);
    assert_eq!(label, "map[a:b]");
    let other = format!("--opt=device={}", host.display());
    daemon.docker(&[
        "volume",
        "create",
        "--opt=type=none",
        "--opt=o=bind",
        &other,
        "elsewhere",
    ]);
    assert_eq!(run(&daemon, &["-v", "elsewhere:/e"], "cat /e/f"), "there");
}

#[test]
fn mounts_of_other_containers() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.docker(&[
        "create", "--name", "aa", "-v", "one:/one", "-v", "/anon", "--tmpfs", "/t", "busybox",
    ]);
    daemon.docker(&["create", "--name", "bb", "-v", "two:/one", "busybox"]);
    run(
        &daemon,
        &["--volumes-from", "aa"],
        "echo a >/one/f; echo anon >/anon/f",
    );
    assert_eq!(
        run(
            &daemon,
            &["--volumes-from", "aa:ro"],
            "cat /one/f /anon/f; echo x >/one/f || true"
        ),
        "a\nanon"
    );
    // The later one counts, and the container's own before both.
    let both = ["--volumes-from", "aa", "--volumes-from", "bb"];
    assert_eq!(run(&daemon, &both, "ls /one; cat /anon/f"), "anon");
    let own = ["--volumes-from", "aa", "-v", "three:/one"];
    assert_eq!(run(&daemon, &own, "ls /one; cat /anon/f"), "anon");
    // An anonymous volume goes with its last user.
    daemon.docker(&["create", "--name", "cc", "--volumes-from", "aa", "busybox"]);
    daemon.docker(&["rm", "-v", "aa"]);
    assert_eq!(
        run(&daemon, &["--volumes-from", "cc"], "cat /anon/f"),
        "anon"
    );
    daemon.docker(&["rm", "-v", "cc"]);
    let listed = daemon.docker(&["volume", "ls", "-q"]);
    assert_eq!(listed, "one\nthree\ntwo");
}

#[test]
fn inspect_lists_and_filters() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let host = r#""Binds":["vol:/x","/tmp:/b:ro","n2:/d:ro,nocopy"],
        "Mounts":[{"Type":"volume","Target":"/m"},{"Type":"tmpfs","Target":"/t"}],
        "Tmpfs":{"/t2":""}"#;
    assert_eq!(create(&daemon, "one", host), (201, String::new()));
    let format = "{{range .Mounts}}{{.Type}} {{.Destination}} {{.Driver}} {{.Mode}} {{.RW}} \
                  {{.Propagation}};{{end}}";
    assert_eq!(
        daemon.docker(&["inspect", "-f", format, "one"]),
        "bind /b  ro false rprivate;volume /d local ro,nocopy false ;volume /m local z true \
         ;tmpfs /t   true ;volume /x local z true ;"
    );
    for wanted in ["vol", "/x", "/b", "n2"] {
        let filter = format!("volume={wanted}");
        let names = daemon.docker(&["ps", "-a", "--filter", &filter, "--format", "{{.Names}}"]);
        assert_eq!(names, "one", "{wanted}");
    }
    let none = daemon.docker(&["ps", "-aq", "--filter", "volume=nosuch"]);
    assert_eq!(none, "");
}

#[test]
fn what_is_refused_changes_nothing() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let table = [
        (400, r#""Binds":["a:/x"]"#, "volume name is too short"),
        (
            400,
            r#""Binds":["a/b:/x"]"#,
            "includes invalid characters for a local volume name",
        ),
        (
            400,
            r#""Binds":["made:/x","/tmp:/x"]"#,
            "Duplicate mount point: /x",
        ),
        (
            400,
            r#""Binds":["made:/y","a:/x"]"#,
            "volume name is too short",
        ),
        (
            400,
            r#""VolumesFrom":["nosuch"]"#,
            "No such container: nosuch",
        ),
        (
            400,
            r#""VolumesFrom":[""]"#,
            "volumes-from specification cannot be an empty string",
        ),
        (
            404,
            r#""VolumeDriver":"no","Binds":["vv:/x"]"#,
            "create vv: error looking up volume plugin no",
        ),
        (
            400,
            r#""Mounts":[{"Type":"npipe","Source":"x","Target":"/x"}]"#,
            "mount type unknown",
        ),
        (
            400,
            r#""Mounts":[{"Type":"bind","Source":"/nosuch1","Target":"/x"}]"#,
            "bind source path does not exist: /nosuch1",
        ),
        (
            400,
            r#""Mounts":[{"Type":"bind","Source":"/tmp","Target":"/x","VolumeOptions":{}}]"#,
            "field VolumeOptions must not be specified",
        ),
        (
            400,
            r#""Mounts":[{"Type":"volume","Target":"/x","ReadOnly":true}]"#,
            "must not set ReadOnly mode when using anonymous volumes",
        ),
        (
            400,
            r#""Mounts":[{"Type":"volume","Source":"vv","Target":"/"}]"#,
            "destination can't be '/'",
        ),
        (
            400,
            r#""Mounts":[{"Type":"bind","Source":"/tmp","Target":"/x","BindOptions":{"Propagation":"foo"}}]"#,
            "invalid propagation mode: foo",
        ),
        (
            500,
            r#""StorageOpt":{"size":"10G"}"#,
            "--storage-opt is supported only for overlay over xfs",
        ),
    ];
    for (status, host, words) in table {
        let (answered, text) = create(&daemon, "one", host);
        assert_eq!(answered, status, "{host}: {text}");
        assert!(text.contains(words), "{host}: {text}");
    }
    assert_eq!(daemon.docker(&["volume", "ls", "-q"]), "");
    assert_eq!(daemon.docker(&["ps", "-aq"]), "");
}

#[test]
fn devices_that_nobody_hands_out() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let request =
        r#""DeviceRequests":[{"Count":-1,"Capabilities":[["gpu"]]}],"NetworkMode":"none""#;
    assert_eq!(create(&daemon, "one", request).0, 201);
    let (status, text) = daemon.http("POST", "/v1.40/containers/one/start", None);
    assert_eq!(status, 500);
    let words = r#"could not select device driver \"\" with capabilities: [[gpu]]"#;
    assert!(text.contains(words), "{text}");
}

#[test]
fn a_container_whose_bind_is_gone_is_still_there() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    let host = daemon.path().join("host");
    std::fs::create_dir(&host).unwrap();
    let bind = format!("type=bind,src={},dst=/b", host.display());
    daemon.docker(&[
        "create", "--name", "one", "--net", "none", "--mount", &bind, "busybox",
    ]);
    daemon.kill();
    std::fs::remove_dir(&host).unwrap();
    daemon.run();
    assert_eq!(
        daemon.docker(&["ps", "-a", "--format", "{{.Names}}"]),
        "one"
    );
    let started = daemon.try_docker(&["start", "one"]);
    assert!(!started.status.success(), "{}", text(&started.stdout));
}
