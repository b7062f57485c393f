//! Ping, version, info, plugins: what every client asks first.

use serde_json::{Value, json};

use super::Level::{Must, Quirk, Should};
use super::Row;
use crate::http::{Framing, Request};
use crate::outcome::{Outcome, Stop, ensure, equal};
use crate::session::Session;
use crate::target::is_older;

pub(super) const ROWS: &[Row] = &[
    (Must, "ping", "SystemPing", ping),
    (
        Must,
        "ping-head",
        "SystemPing: HEAD, as clients negotiate",
        ping_head,
    ),
    (Must, "version", "SystemVersion", version),
    (
        Must,
        "version-agrees-with-headers",
        "SystemVersion; clients negotiate by either",
        agrees,
    ),
    (Must, "info", "SystemInfo: what clients read", info),
    (
        Must,
        "info-counts",
        "SystemInfo: containers by state, images, listeners",
        counts,
    ),
    (
        Must,
        "info-lists",
        "SystemInfo: what is built in, and what there is none of",
        lists,
    ),
    (
        Quirk,
        "info-before-1.25",
        "SystemInfo: security options were bare names",
        bare_names,
    ),
    (
        Must,
        "version-components",
        "SystemVersion: the engine is one, with the same facts",
        components,
    ),
    (
        Must,
        "plugins-empty-list",
        "PluginList: clients list everything first",
        plugins,
    ),
    (
        Should,
        "json-ends-with-newline",
        "responses: one object, then a newline",
        newline,
    ),
];

fn ping(s: &Session) -> Outcome {
    for path in ["/_ping".to_owned(), format!("/v{}/_ping", s.api)] {
        let answer = s.exchange(&Request::new("GET", &path))?.expect(200)?;
        equal!(answer.text(), "OK", "body");
        equal!(
            answer.header("Content-Type"),
            "text/plain; charset=utf-8",
            "Content-Type"
        );
        equal!(answer.header("Ostype"), "linux", "Ostype");
        equal!(
            answer.header("Api-Version"),
            s.target.api_range.1,
            "Api-Version"
        );
        equal!(
            answer.header("Cache-Control"),
            "no-cache, no-store, must-revalidate",
            "Cache-Control"
        );
        equal!(answer.header("Pragma"), "no-cache", "Pragma");
        ensure!(
            !answer.header("Docker-Experimental").is_empty(),
            "no Docker-Experimental"
        );
    }
    Ok(())
}

fn ping_head(s: &Session) -> Outcome {
    let answer = s.exchange(&Request::new("HEAD", "/_ping"))?.expect(200)?;
    equal!(answer.framing, Framing::None, "framing");
    equal!(
        answer.header("Api-Version"),
        s.target.api_range.1,
        "Api-Version"
    );
    equal!(answer.header("Ostype"), "linux", "Ostype");
    Ok(())
}

fn version(s: &Session) -> Outcome {
    let body = s.get("/version")?.expect(200)?.json()?;
    for key in [
        "Version",
        "ApiVersion",
        "MinAPIVersion",
        "GitCommit",
        "Os",
        "Arch",
        "KernelVersion",
    ] {
        ensure!(body[key].is_string(), "{key} is {}", body[key]);
    }
    equal!(body["Os"], "linux", "Os");
    let component = &body["Components"][0];
    ensure!(
        component["Name"].is_string() && component["Version"].is_string(),
        "Components[0] is {component}"
    );
    ensure!(
        body["Platform"]["Name"].is_string(),
        "Platform is {}",
        body["Platform"]
    );
    Ok(())
}

fn agrees(s: &Session) -> Outcome {
    let answer = s.exchange(&Request::new("GET", "/version"))?.expect(200)?;
    let body = answer.json()?;
    equal!(
        body["ApiVersion"],
        answer.header("Api-Version"),
        "ApiVersion"
    );
    Ok(())
}

fn info(s: &Session) -> Outcome {
    let body = s.get("/info")?.expect(200)?.json()?;
    for key in [
        "ID",
        "Name",
        "ServerVersion",
        "Driver",
        "CgroupDriver",
        "OperatingSystem",
        "KernelVersion",
        "Architecture",
        "DockerRootDir",
        "LoggingDriver",
        "IndexServerAddress",
        "DefaultRuntime",
    ] {
        ensure!(
            body[key].as_str().is_some_and(|t| !t.is_empty()),
            "{key} is {}",
            body[key]
        );
    }
    for key in [
        "Containers",
        "ContainersRunning",
        "ContainersPaused",
        "ContainersStopped",
        "Images",
        "NCPU",
        "MemTotal",
    ] {
        ensure!(body[key].is_u64(), "{key} is {}", body[key]);
    }
    equal!(body["OSType"], "linux", "OSType");
    equal!(
        body["Swarm"]["LocalNodeState"],
        "inactive",
        "Swarm.LocalNodeState"
    );
    for key in ["Volume", "Network", "Log"] {
        ensure!(
            body["Plugins"][key].is_array(),
            "Plugins.{key} is {}",
            body["Plugins"][key]
        );
    }
    ensure!(
        body["Runtimes"].is_object(),
        "Runtimes is {}",
        body["Runtimes"]
    );
    ensure!(
        body["RegistryConfig"]["IndexConfigs"].is_object(),
        "RegistryConfig is {}",
        body["RegistryConfig"]
    );
    ensure!(
        body["SecurityOptions"].to_string().contains("name=seccomp"),
        "SecurityOptions is {}",
        body["SecurityOptions"]
    );
    Ok(())
}

/// Other cases come and go meanwhile, so counts are compared with each other.
fn counts(s: &Session) -> Outcome {
    let idle = s.create(&["true"], json!({}))?;
    let running = s.run(&["sleep", "60"], json!({}))?;
    let frozen = s.run(&["sleep", "60"], json!({}))?;
    s.post(&format!("/containers/{frozen}/pause"))?
        .expect(204)?;
    let body = s.get("/info")?.expect(200)?.json()?;
    let count = |key: &str| body[key].as_u64().unwrap_or(0);
    let states = ["Running", "Paused", "Stopped"].map(|it| count(&format!("Containers{it}")));
    equal!(
        states.iter().sum::<u64>(),
        count("Containers"),
        "Containers"
    );
    ensure!(
        states.iter().all(|count| *count > 0),
        "{idle}, {running} and {frozen} are among {states:?}"
    );
    ensure!(count("Images") > 0, "Images");
    // The judge itself listens.
    for key in ["NEventsListener", "NFd", "NGoroutines", "NCPU", "MemTotal"] {
        ensure!(count(key) > 0, "{key} is {}", body[key]);
    }
    Ok(())
}

fn lists(s: &Session) -> Outcome {
    let body = s.get("/info")?.expect(200)?.json()?;
    let has = |list: &Value, text: &str| {
        let mut all = list.as_array().into_iter().flatten();
        all.any(|one| *one == text)
    };
    for (kind, name) in [
        ("Volume", "local"),
        ("Network", "bridge"),
        ("Network", "host"),
        ("Network", "null"),
        ("Log", "json-file"),
        ("Log", "local"),
        ("Log", "syslog"),
    ] {
        let list = &body["Plugins"][kind];
        ensure!(has(list, name), "Plugins.{kind} {list} lacks {name}");
    }
    let status = body["DriverStatus"].as_array();
    let rows = status.into_iter().flatten();
    let backing: Vec<_> = rows.filter(|row| row[0] == "Backing Filesystem").collect();
    equal!(backing.len(), 1, "rows about the file system");
    ensure!(backing[0][1].is_string(), "DriverStatus {}", backing[0]);
    ensure!(body["Labels"].is_array(), "Labels is {}", body["Labels"]);
    let runtime = body["DefaultRuntime"].as_str().unwrap_or_default();
    let path = &body["Runtimes"][runtime]["path"];
    ensure!(path.is_string(), "Runtimes {}", body["Runtimes"]);
    for key in ["ContainerdCommit", "RuncCommit", "InitCommit"] {
        let commit = &body[key];
        equal!(commit["ID"], commit["Expected"], "{key}");
    }
    ensure!(body["InitBinary"] != "", "no InitBinary");
    for key in ["HttpProxy", "HttpsProxy", "NoProxy", "Isolation"] {
        ensure!(body[key].is_string(), "{key} is {}", body[key]);
    }
    equal!(body["GenericResources"], Value::Null, "GenericResources");
    let warnings = &body["Warnings"];
    let is_list = warnings.is_null() || warnings.as_array().is_some_and(|all| !all.is_empty());
    ensure!(is_list, "Warnings is {warnings}");
    Ok(())
}

fn bare_names(s: &Session) -> Outcome {
    if is_older("1.24", &s.target.api_range.0) {
        return Err(Stop::Skip("the engine does not know 1.24".to_owned()));
    }
    let body = s.exchange(&Request::new("GET", "/v1.24/info"))?;
    let options = body.expect(200)?.json()?["SecurityOptions"].clone();
    let all = options.as_array();
    let mut all = all.into_iter().flatten();
    ensure!(
        all.any(|option| option == "seccomp"),
        "SecurityOptions is {options}"
    );
    Ok(())
}

fn components(s: &Session) -> Outcome {
    let body = s.get("/version")?.expect(200)?.json()?;
    let all = body["Components"].as_array();
    let mut all = all.into_iter().flatten();
    let engine = all.find(|one| one["Name"] == "Engine");
    let engine = engine.ok_or("no component Engine")?;
    equal!(engine["Version"], body["Version"], "Version");
    for key in [
        "ApiVersion",
        "Arch",
        "GitCommit",
        "GoVersion",
        "KernelVersion",
        "MinAPIVersion",
        "Os",
    ] {
        equal!(engine["Details"][key], body[key], "{key}");
    }
    equal!(engine["Details"]["Experimental"], "false", "Experimental");
    Ok(())
}

fn plugins(s: &Session) -> Outcome {
    let answer = s.get("/plugins")?.expect(200)?;
    ensure!(
        answer.json()?.is_array(),
        "GET /plugins is {}",
        answer.text()
    );
    Ok(())
}

fn newline(s: &Session) -> Outcome {
    for path in ["/version", "/info", "/containers/json", "/images/json"] {
        let text = s.get(path)?.expect(200)?.text();
        ensure!(
            text.ends_with('\n') && !text.ends_with("\n\n"),
            "{path} ends {:?}",
            text.chars().last()
        );
    }
    Ok(())
}
