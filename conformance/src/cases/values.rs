//! Values that mean nothing: which are refused when a container is created,
//! which only when it is started, and in what words.

use serde_json::{Value, json};

use super::Level::{Must, Should};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "at-create",
        "HostConfig: what is refused before there is a container",
        at_create,
    ),
    (
        Must,
        "mounts",
        "HostConfig.Mounts: what is refused before there is a container",
        mounts,
    ),
    (
        Should,
        "groups",
        "HostConfig.GroupAdd: what is found out in the container's files",
        groups,
    ),
    (
        Should,
        "sysctls",
        "HostConfig.Sysctls: parameters of the host, and what the kernel refuses",
        sysctls,
    ),
    (Should, "ulimits", "HostConfig.Ulimits", ulimits),
    (
        Should,
        "tmpfs-options",
        "HostConfig.Tmpfs and TmpfsOptions: what only the kernel knows",
        tmpfs_options,
    ),
];

/// Asks for a container with this.
fn ask(s: &Session, host: &Value) -> Outcome<crate::session::Answer> {
    let mut all = host.clone();
    all["NetworkMode"] = json!("none");
    let body = json!({"Image": s.target.image(), "Cmd": ["echo"], "HostConfig": all});
    s.post_json(&format!("/containers/create?name={}", s.name()), &body)
}

fn message(answer: &crate::session::Answer) -> Outcome<String> {
    Ok(answer.json()?["message"].as_str().unwrap_or("").to_owned())
}

/// It is not created, in just these words.
fn not_created(s: &Session, host: Value, words: &str) -> Outcome {
    let answer = ask(s, &host)?.expect(400)?;
    equal!(message(&answer)?, words, "{host}");
    Ok(())
}

/// It is created, but not started; the message is kept.
fn not_started(s: &Session, host: Value, status: u16) -> Outcome<String> {
    let id = ask(s, &host)?.expect(201)?.json()?["Id"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    let answer = s.post(&format!("/containers/{id}/start"))?;
    let message = message(&answer.expect(status)?)?;
    let state = &s.inspect(&id)?["State"];
    equal!(state["Status"], "created", "{host}");
    equal!(state["Error"], message.as_str(), "{host}");
    let exit_code = if status == 400 { 127 } else { 128 };
    equal!(state["ExitCode"], exit_code, "{host}");
    Ok(message)
}

fn at_create(s: &Session) -> Outcome {
    let range = "range for oom score adj is [-1000, 1000]";
    for (host, words) in [
        (
            json!({"Tmpfs": {"t": ""}}),
            "invalid mount path: 't' mount path must be absolute",
        ),
        (
            json!({"Tmpfs": {"": ""}}),
            "invalid mount path: '' mount path must be absolute",
        ),
        (
            json!({"Tmpfs": {"/": ""}}),
            "invalid specification: destination can't be '/'",
        ),
        (json!({"ShmSize": -1}), "SHM size can not be less than 0"),
        (
            json!({"OomScoreAdj": 1001}),
            &format!("Invalid value 1001, {range}"),
        ),
        (
            json!({"OomScoreAdj": -1001}),
            &format!("Invalid value -1001, {range}"),
        ),
        (
            json!({"CapAdd": [""]}),
            "invalid CapAdd: unknown capability: \"CAP_\"",
        ),
        (
            json!({"CapAdd": ["CAP_ALL"]}),
            "invalid CapAdd: unknown capability: \"CAP_ALL\"",
        ),
        (
            json!({"CapDrop": ["sys_time "]}),
            "invalid CapDrop: unknown capability: \"CAP_SYS_TIME \"",
        ),
    ] {
        not_created(s, host, words)?;
    }
    Ok(())
}

fn mounts(s: &Session) -> Outcome {
    for (mount, words) in [
        (
            json!({"Type": "colour", "Target": "/t"}),
            "mount type unknown",
        ),
        (json!({"Type": "", "Target": "/t"}), "mount type unknown"),
        (
            json!({"Type": "bind", "Source": "/tmp"}),
            "field Target must not be empty",
        ),
        (
            json!({"Type": "bind", "Target": "/t"}),
            "field Source must not be empty",
        ),
        (
            json!({"Type": "bind", "Source": "here", "Target": "/t"}),
            "invalid mount path: 'here' mount path must be absolute",
        ),
        (
            json!({"Type": "bind", "Source": "/tmp", "Target": "/t/.."}),
            "invalid specification: destination can't be '/'",
        ),
        (
            json!({"Type": "bind", "Source": "/no/such", "Target": "/t"}),
            "bind source path does not exist: /no/such",
        ),
        (
            json!({"Type": "tmpfs", "Source": "/x", "Target": "/t"}),
            "field Source must not be specified",
        ),
        (
            json!({"Type": "tmpfs", "Target": "/t", "BindOptions": {}}),
            "field BindOptions must not be specified",
        ),
        (
            json!({"Type": "volume", "Target": "/t", "ReadOnly": true}),
            "must not set ReadOnly mode when using anonymous volumes",
        ),
    ] {
        let kind = mount["Type"].as_str().unwrap_or("");
        let words = format!("invalid mount config for type \"{kind}\": {words}");
        not_created(s, json!({"Mounts": [mount]}), &words)?;
    }
    Ok(())
}

fn groups(s: &Session) -> Outcome {
    let range = "uids and gids must be in range 0-2147483647";
    let missing = "Unable to find group nosuch: no matching entries in group file";
    for (group, words) in [
        ("nosuch", missing),
        ("-1", range),
        ("2147483648", range),
        ("4294967296", range),
    ] {
        let host = json!({"GroupAdd": [group]});
        equal!(not_started(s, host, 500)?, words, "{group}");
    }
    Ok(())
}

fn sysctls(s: &Session) -> Outcome {
    let elsewhere = "is not in a separate kernel namespace";
    let named = "is not allowed as it conflicts with the OCI \"hostname\" field";
    for (name, words) in [
        ("vm.swappiness", elsewhere),
        ("kernel.nosuch", elsewhere),
        ("", elsewhere),
        ("kernel.hostname", named),
    ] {
        let words = format!(
            "failed to create shim task: OCI runtime create failed: runc create failed: \
             sysctl \"{name}\" {words}: unknown"
        );
        let host = json!({"Sysctls": {name: "1"}});
        equal!(not_started(s, host, 500)?, words, "{name}");
    }
    for (name, value, status, words) in [
        (
            "net.nosuch",
            "1",
            400,
            "open /proc/sys/net/nosuch: no such file or directory: unknown",
        ),
        (
            "fs.mqueue.nosuch",
            "1",
            400,
            "open /proc/sys/fs/mqueue/nosuch: no such file or directory: unknown",
        ),
        (
            "kernel.msgmax",
            "many",
            500,
            "write /proc/sys/kernel/msgmax: invalid argument: unknown",
        ),
    ] {
        let message = not_started(s, json!({"Sysctls": {name: value}}), status)?;
        ensure!(message.ends_with(words), "{name}: {message:?}");
    }
    Ok(())
}

fn ulimits(s: &Session) -> Outcome {
    for (limit, words) in [
        (
            json!({"Name": "colour", "Soft": 1, "Hard": 1}),
            "wrong rlimit value: RLIMIT_COLOUR: unknown",
        ),
        (
            json!({"Name": "core", "Soft": 2, "Hard": 1}),
            "error setting rlimit type 4: invalid argument: unknown",
        ),
    ] {
        let message = not_started(s, json!({"Ulimits": [limit]}), 500)?;
        ensure!(message.ends_with(words), "{limit}: {message:?}");
    }
    Ok(())
}

fn tmpfs_options(s: &Session) -> Outcome {
    for (option, words) in [
        ("colour", r#"invalid tmpfs option ["colour"]"#),
        ("a=b", r#"invalid tmpfs option ["a" "b"]"#),
    ] {
        let host = json!({"Tmpfs": {"/t": option}});
        equal!(not_started(s, host, 500)?, words, "{option}");
    }
    let negative = json!({"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": -1}});
    for host in [
        json!({"Tmpfs": {"/t": "size=many"}}),
        json!({"Tmpfs": {"/t": "uid=somebody"}}),
        json!({"Mounts": [negative]}),
    ] {
        let shown = host.to_string();
        let message = not_started(s, host, 500)?;
        ensure!(
            message.contains("error mounting \"tmpfs\" to rootfs at \"/t\"")
                && message.ends_with("invalid argument: unknown"),
            "{shown}: {message:?}"
        );
    }
    Ok(())
}
