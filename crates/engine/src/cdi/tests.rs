//! Tests of resolving devices and what comes with them.

use super::*;

const NODE: &str = r#""deviceNodes":[{"path":"/dev/d","type":"c","major":1,"minor":3}]"#;

fn spec(kind: &str, name: &str, edits: &str) -> String {
    format!(
        r#"{{"cdiVersion":"0.6.0","kind":"{kind}",
            "devices":[{{"name":"{name}","containerEdits":{{{edits}}}}}]}}"#
    )
}

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join(name), text).unwrap();
}

fn resolve_one(dirs: &[PathBuf], name: &str) -> Result<Additions, String> {
    resolve(dirs, &[name.to_owned()])
}

#[test]
fn a_later_directory_wins_and_the_same_one_conflicts() {
    let dir = tempfile::tempdir().unwrap();
    let dirs = [dir.path().join("etc"), dir.path().join("run")];
    let env = |value: &str| format!(r#""env":["D={value}"]"#);
    write(&dirs[0], "a.json", &spec("v.com/c", "x", &env("etc")));
    write(&dirs[1], "a.json", &spec("v.com/c", "x", &env("run")));
    let run = resolve_one(&dirs, "v.com/c=x").unwrap();
    let mut expected = Additions::default();
    let text = spec("v.com/c", "x", &env("run"));
    let file = File::parse(&text, true).unwrap();
    expected.add(&file.devices[0].edits).unwrap();
    assert_eq!(run, expected);

    write(&dirs[1], "b.json", &spec("v.com/c", "x", &env("other")));
    let error = resolve_one(&dirs, "v.com/c=x").unwrap_err();
    assert!(error.starts_with("unresolvable CDI devices v.com/c=x; conflicting device"));

    // What conflicts below does not matter above.
    let above = [dirs[1].clone(), dirs[0].clone()];
    assert!(resolve_one(&above, "v.com/c=x").is_ok());
}

#[test]
fn a_bad_file_hides_its_devices_only() {
    let dir = tempfile::tempdir().unwrap();
    let dirs = [dir.path().to_owned(), PathBuf::from("/nonexistent")];
    write(&dirs[0], "bad.json", "{");
    write(&dirs[0], "good.json", &spec("v.com/c", "x", NODE));
    write(&dirs[0], "ignored.txt", &spec("v.com/c", "y", NODE));
    assert!(resolve_one(&dirs, "v.com/c=x").is_ok());
    let names = ["v.com/c=y".to_owned(), "v.com/c=x".into(), "z".into()];
    let error = resolve(&dirs, &names).unwrap_err();
    let (missing, problem) = error.split_once("; ").unwrap();
    assert_eq!(missing, "unresolvable CDI devices v.com/c=y, z");
    assert!(problem.contains("bad.json: EOF"), "{problem}");
}

#[test]
fn files_are_checked() {
    for (text, reason) in [
        (
            spec("v.com/c", "x", NODE).replace("0.6.0", "9.0.0"),
            "invalid CDI version \"9.0.0\"",
        ),
        (spec("vcom", "x", NODE), "invalid kind \"vcom\""),
        (spec("v.com/c", "x=y", NODE), "invalid device name"),
        (spec("v.com/c", "x", ""), "empty device edits"),
        (
            spec("v.com/c", "x", r#""env":["=a"]"#),
            "invalid environment variable",
        ),
        (spec("v.com/c", "x", r#""unknown":[]"#), "unknown field"),
        (
            spec("v.com/c", "x", r#""deviceNodes":[{"path":"dev"}]"#),
            "invalid path",
        ),
        (
            spec(
                "v.com/c",
                "x",
                r#""deviceNodes":[{"path":"/d","permissions":"x"}]"#,
            ),
            "invalid permissions",
        ),
        (
            spec(
                "v.com/c",
                "x",
                r#""mounts":[{"hostPath":"/a","containerPath":"b"}]"#,
            ),
            "not absolute",
        ),
    ] {
        let error = File::parse(&text, true).expect_err(reason);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn hooks_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let dirs = [dir.path().to_owned()];
    let hooks = r#""hooks":[{"hookName":"createContainer","path":"/usr/bin/vendor-hook"}]"#;
    write(&dirs[0], "h.json", &spec("v.com/c", "x", hooks));
    assert_eq!(
        resolve_one(&dirs, "v.com/c=x").unwrap_err(),
        "v.com/c=x: hooks are not supported: createContainer /usr/bin/vendor-hook"
    );
    let mount = r#""mounts":[{"hostPath":"/a","containerPath":"/b","options":["uid=3"]}]"#;
    write(&dirs[0], "h.json", &spec("v.com/c", "x", mount));
    assert_eq!(
        resolve_one(&dirs, "v.com/c=x").unwrap_err(),
        "v.com/c=x: mount \"/b\": option uid=3 is not supported"
    );
    let mount = r#""mounts":[{"hostPath":"a","containerPath":"/b"}]"#;
    write(&dirs[0], "h.json", &spec("v.com/c", "x", mount));
    assert_eq!(
        resolve_one(&dirs, "v.com/c=x").unwrap_err(),
        "v.com/c=x: mount \"/b\": host path a is not absolute"
    );
}

#[test]
fn yaml_says_the_same_as_json() {
    let yaml = "cdiVersion: 0.6.0\nkind: v.com/c\ndevices:\n- name: x\n  containerEdits:\n    \
                deviceNodes:\n    - {path: /dev/d, type: c, major: 1, minor: 3}\n";
    let mut from = [Additions::default(), Additions::default()];
    let files = [
        File::parse(yaml, false).unwrap(),
        File::parse(&spec("v.com/c", "x", NODE), true).unwrap(),
    ];
    for (additions, file) in from.iter_mut().zip(&files) {
        additions.add(&file.devices[0].edits).unwrap();
    }
    assert_eq!(from[0], from[1]);
    assert_ne!(from[0], Additions::default());
}
