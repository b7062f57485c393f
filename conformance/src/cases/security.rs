//! Security options, from inside the container, and the words of refusals.

use serde_json::{Value, json};

use super::Level::{Must, Quirk, Should};
use super::Row;
use crate::frames;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "seccomp-profile",
        "HostConfig.SecurityOpt: a profile's action and error number",
        profile,
    ),
    (
        Must,
        "seccomp-arguments",
        "seccomp profile: conditions on arguments",
        arguments,
    ),
    (
        Must,
        "seccomp-unconfined",
        "HostConfig.SecurityOpt: seccomp=unconfined",
        unconfined,
    ),
    (
        Must,
        "seccomp-bad-profile",
        "a profile that means nothing starts nothing",
        bad_profiles,
    ),
    (
        Must,
        "capabilities",
        "HostConfig.CapAdd and CapDrop",
        capabilities,
    ),
    (
        Must,
        "unknown-capability",
        "validation of CapAdd and CapDrop",
        unknown_capability,
    ),
    (
        Must,
        "no-new-privileges",
        "HostConfig.SecurityOpt: no-new-privileges",
        no_new_privileges,
    ),
    (
        Should,
        "unknown-option",
        "validation of SecurityOpt",
        unknown_option,
    ),
    (
        Must,
        "masked-paths",
        "HostConfig.MaskedPaths: null, a list, none",
        masked_paths,
    ),
    (
        Must,
        "users",
        "ContainerConfig.User and HostConfig.GroupAdd",
        users,
    ),
    (
        Must,
        "missing-user",
        "a user that is not there starts nothing",
        missing_users,
    ),
    (
        Quirk,
        "implied-label",
        "privileged containers are shown with label=disable",
        implied_label,
    ),
];

/// What a container with this part of the host's configuration writes.
fn said(s: &Session, command: &[&str], host: Value, user: &str) -> Outcome<frames::Output> {
    let mut all = json!({"NetworkMode": "none"});
    for (key, value) in host.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    let id = s.run(command, json!({"HostConfig": all, "User": user}))?;
    s.wait(&id)?;
    let path = format!("/containers/{id}/logs?stdout=1&stderr=1");
    let answer = s.get(&path)?.expect(200)?;
    Ok(frames::split(&answer.body)?)
}

/// The value of a line of the status of a container's first process.
fn status(s: &Session, key: &str, host: Value, user: &str) -> Outcome<String> {
    let text = said(s, &["cat", "/proc/self/status"], host, user)?.stdout;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    ensure!(line.is_some(), "no {key} in {text}");
    Ok(line.unwrap_or_default().trim().to_owned())
}

/// The error of a container that is refused, at create or at start.
fn refused(s: &Session, more: Value) -> Outcome<String> {
    let mut body = json!({"Image": s.target.image(), "Cmd": ["true"]});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    body["HostConfig"]["NetworkMode"] = json!("none");
    let made = s.post_json(&format!("/containers/create?name={}", s.name()), &body)?;
    let answer = if made.head.status == 201 {
        let id = made.json()?["Id"].as_str().unwrap_or("").to_owned();
        s.post(&format!("/containers/{id}/start"))?
    } else {
        made
    };
    ensure!(
        matches!(answer.head.status, 400 | 500),
        "{}: {}",
        answer.asked,
        answer.head.status
    );
    Ok(answer.json()?["message"].as_str().unwrap_or("").to_owned())
}

/// All calls but those that make directories, about which `rule` says more.
fn about_mkdir(rule: Value) -> Value {
    let mut entry = json!({"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"});
    for (key, value) in rule.as_object().into_iter().flatten() {
        entry[key] = value.clone();
    }
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [entry]});
    json!({"SecurityOpt": [format!("seccomp={profile}")]})
}

fn profile(s: &Session) -> Outcome {
    for (rule, text) in [
        (json!({}), "not permitted"),
        (json!({"errnoRet": 38}), "not implemented"),
        (
            json!({"excludes": {"caps": ["CAP_SYS_ADMIN"]}}),
            "not permitted",
        ),
        (json!({"includes": {"caps": ["CAP_SYS_ADMIN"]}}), ""),
        (json!({"includes": {"arches": ["s390x"]}}), ""),
        (json!({"includes": {"minKernel": "99.0"}}), ""),
    ] {
        let output = said(s, &["mkdir", "/made"], about_mkdir(rule.clone()), "")?;
        ensure!(
            output.stderr.contains(text) && output.stderr.is_empty() == text.is_empty(),
            "{rule}: {}",
            output.stderr
        );
    }
    Ok(())
}

fn arguments(s: &Session) -> Outcome {
    let all = 0xffff_ffff_u64;
    for (op, value, two, holds) in [
        ("EQ", 0o777, 0, true),
        ("EQ", 0o777 | 1 << 32, 0, false),
        ("NE", 0o777, 0, false),
        ("LT", 0o1000, 0, true),
        ("LT", 0o777, 0, false),
        ("LE", 0o777, 0, true),
        ("GT", 0o776, 0, true),
        ("GT", 1 << 32, 0, false),
        ("GE", 0o777, 0, true),
        ("MASKED_EQ", 0o070, 0o070, true),
        ("MASKED_EQ", 0o070, 0o010, false),
        ("MASKED_EQ", all, 0o777, true),
    ] {
        // The mode is another argument in each of the two calls.
        let rule = |name: &str, index: u8| {
            json!({"names": [name], "action": "SCMP_ACT_ERRNO", "args": [{
                "index": index, "value": value, "valueTwo": two, "op": format!("SCMP_CMP_{op}")}]})
        };
        let profile = json!({"defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [rule("mkdir", 1), rule("mkdirat", 2)]});
        let host = json!({"SecurityOpt": [format!("seccomp={profile}")]});
        let output = said(s, &["mkdir", "/made"], host, "")?;
        equal!(!output.stderr.is_empty(), holds, "{op} {value:#x}");
    }
    Ok(())
}

fn unconfined(s: &Session) -> Outcome {
    let mode = |options: Value| status(s, "Seccomp", json!({"SecurityOpt": options}), "");
    equal!(mode(json!([]))?, "2", "by default");
    equal!(mode(json!(["seccomp=unconfined"]))?, "0", "unconfined");
    equal!(mode(json!(["seccomp:unconfined"]))?, "0", "with a colon");
    equal!(
        mode(json!(["seccomp={}"]))?,
        "0",
        "a profile that says nothing"
    );
    equal!(mode(json!(["seccomp="]))?, "2", "no profile");
    Ok(())
}

fn bad_profiles(s: &Session) -> Outcome {
    let whole = |profile: Value| json!([format!("seccomp={profile}")]);
    for (options, text) in [
        (
            json!(["seccomp={"]),
            "Decoding seccomp profile failed: unexpected end of JSON input",
        ),
        (
            json!(["seccomp=/etc/profile.json"]),
            "Decoding seccomp profile failed: invalid character '/' looking for beginning of value",
        ),
        (json!(["seccomp=[]"]), "Decoding seccomp profile failed: "),
        (
            whole(json!({"defaultAction": "SCMP_ACT_FLY"})),
            "string SCMP_ACT_FLY is not a valid action for seccomp",
        ),
        (
            whole(json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["FLY"]})),
            "string FLY is not a valid arch for seccomp",
        ),
        (
            whole(json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                {"name": "a", "names": ["b"], "action": "SCMP_ACT_ERRNO"}]})),
            "'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'",
        ),
        (
            whole(json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                {"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]})),
            "listenerPath is not set",
        ),
        (
            whole(json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [
                    {"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]})),
            "syscalls only have up to 6 arguments",
        ),
    ] {
        let message = refused(s, json!({"HostConfig": {"SecurityOpt": options}}))?;
        ensure!(message.contains(text), "{message:?} lacks {text:?}");
    }
    Ok(())
}

fn capabilities(s: &Session) -> Outcome {
    for (host, set) in [
        (json!({}), "00000000a80425fb"),
        (json!({"CapAdd": ["net_admin"]}), "00000000a80435fb"),
        (
            json!({"CapDrop": ["ALL"], "CapAdd": ["CAP_CHOWN"]}),
            "0000000000000001",
        ),
        (json!({"CapDrop": ["CHOWN"]}), "00000000a80425fa"),
        (
            json!({"CapDrop": ["CHOWN"], "CapAdd": ["CHOWN"]}),
            "00000000a80425fb",
        ),
    ] {
        let shown = host.to_string();
        equal!(status(s, "CapEff", host.clone(), "")?, set, "{shown}");
        equal!(
            status(s, "CapInh", host, "")?,
            "0000000000000000",
            "{shown}"
        );
    }
    equal!(
        status(s, "CapEff", json!({}), "1000")?,
        "0000000000000000",
        "a user"
    );
    Ok(())
}

fn unknown_capability(s: &Session) -> Outcome {
    for field in ["CapAdd", "CapDrop"] {
        let body = json!({"Image": s.target.image(), "HostConfig": {field: ["fly"]}});
        let text = format!("invalid {field}: unknown capability: \"CAP_FLY\"");
        s.post_json("/containers/create", &body)?
            .expect_error(400, &text)?;
    }
    Ok(())
}

fn no_new_privileges(s: &Session) -> Outcome {
    for (option, bit) in [
        ("no-new-privileges", "1"),
        ("no-new-privileges=true", "1"),
        ("no-new-privileges:true", "1"),
        ("no-new-privileges=false", "0"),
    ] {
        let host = json!({"SecurityOpt": [option]});
        equal!(status(s, "NoNewPrivs", host, "")?, bit, "{option}");
    }
    Ok(())
}

fn unknown_option(s: &Session) -> Outcome {
    for (option, stage) in [
        ("fly", 1),
        ("", 1),
        ("fly=high", 2),
        ("systempaths=unconfined", 2),
        ("no-new-privileges=maybe", 2),
    ] {
        let body = json!({"Image": s.target.image(), "HostConfig": {"SecurityOpt": [option]}});
        let message = s
            .post_json("/containers/create", &body)?
            .expect_mistake(&s.target)?
            .json()?;
        let text = format!("invalid --security-opt {stage}: \"{option}\"");
        equal!(message["message"], json!(text), "{option}");
    }
    Ok(())
}

fn masked_paths(s: &Session) -> Outcome {
    let mounts = |host: Value| -> Outcome<usize> {
        let text = said(s, &["cat", "/proc/self/mountinfo"], host, "")?.stdout;
        Ok(text.lines().filter(|line| line.contains(" /proc/")).count())
    };
    ensure!(mounts(json!({}))? > 4, "the usual paths");
    equal!(
        mounts(json!({"MaskedPaths": [], "ReadonlyPaths": []}))?,
        0,
        "none"
    );
    let host = json!({"MaskedPaths": ["/etc/passwd", "/not/there"]});
    equal!(
        said(s, &["cat", "/etc/passwd"], host, "")?.stdout,
        "",
        "a masked file"
    );
    Ok(())
}

fn users(s: &Session) -> Outcome {
    for (user, uid, groups) in [
        ("1234", "1234\t1234\t1234\t1234", "0"),
        ("1000:2000", "1000\t1000\t1000\t1000", "2000"),
        (":7", "0\t0\t0\t0", "7"),
        ("1000:2000:3000", "1000\t1000\t1000\t1000", "2000"),
    ] {
        equal!(status(s, "Uid", json!({}), user)?, uid, "{user}");
        equal!(status(s, "Groups", json!({}), user)?, groups, "{user}");
    }
    let host = json!({"GroupAdd": ["3000"]});
    equal!(
        status(s, "Groups", host, "1000:2000")?,
        "2000 3000",
        "GroupAdd"
    );
    Ok(())
}

fn missing_users(s: &Session) -> Outcome {
    for (more, text) in [
        (
            json!({"User": "fly"}),
            "unable to find user fly: no matching entries in passwd file",
        ),
        (
            json!({"User": "0:fly"}),
            "unable to find group fly: no matching entries in group file",
        ),
        (
            json!({"HostConfig": {"GroupAdd": ["fly"]}}),
            "Unable to find group fly: no matching entries in group file",
        ),
        (
            json!({"User": "4294967296"}),
            "uids and gids must be in range 0-2147483647",
        ),
        (
            json!({"User": "-1"}),
            "uids and gids must be in range 0-2147483647",
        ),
    ] {
        equal!(refused(s, more)?, text, "message");
    }
    Ok(())
}

fn implied_label(s: &Session) -> Outcome {
    for (field, value) in [
        ("Privileged", json!(true)),
        ("PidMode", json!("host")),
        ("IpcMode", json!("host")),
    ] {
        let id = s.create(&["true"], json!({"HostConfig": {field: value}}))?;
        let shown = &s.inspect(&id)?["HostConfig"]["SecurityOpt"];
        equal!(*shown, json!(["label=disable"]), "{field}");
    }
    Ok(())
}
