//! `GET /images/{name}/json`.

use serde_json::{Value, json};

use super::{imported, look};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (Must, "names", "ImageInspect: every form of a name", names),
    (Must, "fields", "ImageInspect: the fields", fields),
    (
        Must,
        "not-found",
        "ImageInspect: 404 No such image",
        not_found,
    ),
    (
        Must,
        "config",
        "ImageInspect: Config is what the changes said; what clients run by",
        config,
    ),
    (
        Quirk,
        "last-tag-time",
        "ImageInspect: Metadata.LastTagTime, zero time without a tag",
        last_tag_time,
    ),
    (
        Must,
        "container-of-untagged",
        "ContainerCreate: an image by id",
        by_id,
    ),
    (
        Must,
        "version-without-image",
        "ImageInspect: an id that is too short for one, or of two",
        ambiguous,
    ),
];

fn names(s: &Session) -> Outcome {
    let by_name = look(s, &s.target.run)?;
    let id = by_name["Id"].as_str().unwrap_or("").to_owned();
    for form in [
        id.as_str(),
        &id[7..],
        &id[7..19],
        &id[7..13],
        &id[..19],
        &s.target.image(),
        &format!("docker.io/library/{}", s.target.run),
        &format!("docker.io/{}:latest", s.target.run),
        &format!("library/{}", s.target.run),
        &format!("index.docker.io/library/{}", s.target.run),
    ] {
        equal!(look(s, form)?["Id"], id, "found by {form}");
    }
    equal!(by_name["RepoTags"], json!([s.target.image()]), "RepoTags");
    Ok(())
}

fn fields(s: &Session) -> Outcome {
    let seen = look(s, &s.target.run)?;
    equal!(seen["RepoDigests"], json!([]), "RepoDigests");
    equal!(seen["Os"], "linux", "Os");
    ensure!(
        seen["Architecture"].as_str().is_some_and(|a| !a.is_empty()),
        "Architecture is {}",
        seen["Architecture"]
    );
    for empty in ["Parent", "Container", "Author"] {
        equal!(seen[empty], "", "{empty}");
    }
    equal!(seen["Comment"], "Imported from -", "Comment");
    equal!(seen["VirtualSize"], seen["Size"], "VirtualSize");
    equal!(seen["RootFS"]["Type"], "layers", "RootFS.Type");
    let layers = seen["RootFS"]["Layers"].as_array();
    equal!(layers.map(Vec::len), Some(1), "layers");
    let driver = &seen["GraphDriver"];
    ensure!(
        driver["Name"].as_str().is_some_and(|n| !n.is_empty()) && driver["Data"].is_object(),
        "GraphDriver is {driver}"
    );
    let created = seen["Created"].as_str().unwrap_or_default();
    ensure!(
        created.len() > 20 && created.as_bytes()[10] == b'T' && created.ends_with('Z'),
        "Created is {created:?}"
    );
    for absent in ["OsVersion", "Variant"] {
        equal!(seen.get(absent), None, "{absent}");
    }
    for object in ["Config", "ContainerConfig"] {
        let config = &seen[object];
        for null in ["Env", "Volumes", "Entrypoint", "OnBuild", "Labels"] {
            equal!(config.get(null), Some(&Value::Null), "{object}.{null}");
        }
        for absent in ["ExposedPorts", "Healthcheck", "Shell", "StopSignal"] {
            equal!(config.get(absent), None, "{object}.{absent}");
        }
    }
    Ok(())
}

fn not_found(s: &Session) -> Outcome {
    for name in ["nosuchimage", "nosuchimage:tag", "a/b/c", "x.y:5000/z"] {
        s.get(&format!("/images/{name}/json"))?
            .expect_error(404, &format!("No such image: {name}"))?;
    }
    let unknown = "0".repeat(64);
    for name in [unknown.clone(), format!("sha256:{unknown}")] {
        s.get(&format!("/images/{name}/json"))?
            .expect_error(404, "No such image: ")?;
    }
    Ok(())
}

fn config(s: &Session) -> Outcome {
    let changes = [
        "CMD [\"a\",\"b c\"]",
        "ENTRYPOINT /e f",
        "ENV A=b C=\"d e\"",
        "EXPOSE 80 53/udp",
        "LABEL k=v \"a b\"=\"c d\"",
        "ONBUILD RUN x",
        "USER 1:2",
        "VOLUME /v /w",
        "WORKDIR /d",
        "HEALTHCHECK --interval=5s CMD y",
    ];
    let query: String = changes
        .iter()
        .map(|change| format!("&changes={}", percent(change)))
        .collect();
    let id = imported(s, &s.name(), &query)?;
    let config = look(s, &id)?["Config"].clone();
    let want = json!({
        "Cmd": ["a", "b c"],
        "Entrypoint": ["/bin/sh", "-c", "/e f"],
        "Env": ["A=b", "C=d e"],
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "Labels": {"k": "v", "a b": "c d"},
        "OnBuild": ["RUN x"],
        "User": "1:2",
        "Volumes": {"/v": {}, "/w": {}},
        "WorkingDir": "/d",
        "Healthcheck": {"Test": ["CMD-SHELL", "y"], "Interval": 5_000_000_000_u64},
    });
    for (key, value) in want.as_object().into_iter().flatten() {
        equal!(config.get(key), Some(value), "Config.{key}");
    }
    Ok(())
}

/// Everything but letters and digits, for a query.
pub(in crate::cases) fn percent(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => (byte as char).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn last_tag_time(s: &Session) -> Outcome {
    const ZERO: &str = "0001-01-01T00:00:00Z";
    let id = imported(s, "", "&tag=")?;
    equal!(
        look(s, &id)?["Metadata"]["LastTagTime"],
        ZERO,
        "LastTagTime without a tag"
    );
    s.post(&format!("/images/{id}/tag?repo={}", s.name()))?
        .expect(201)?;
    let seen = look(s, &id)?;
    let time = seen["Metadata"]["LastTagTime"].as_str().unwrap_or("");
    ensure!(
        time > seen["Created"].as_str().unwrap_or("~"),
        "LastTagTime is {time:?}"
    );
    Ok(())
}

fn by_id(s: &Session) -> Outcome {
    let id = look(s, &s.target.image())?["Id"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    for form in [id.clone(), id[7..19].to_owned()] {
        let made = s.create(&["true"], json!({"Image": form}))?;
        equal!(s.inspect(&made)?["Config"]["Image"], form, "Config.Image");
    }
    Ok(())
}

fn ambiguous(s: &Session) -> Outcome {
    let id = look(s, &s.target.image())?["Id"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    // Seventeen images share a first digit with some other.
    let others: Vec<String> = (0..17)
        .map(|_| imported(s, &s.name(), ""))
        .collect::<Outcome<_>>()?;
    let first = |id: &str| id.as_bytes()[7];
    let twice = others
        .iter()
        .enumerate()
        .find(|(i, one)| others[..*i].iter().any(|other| first(other) == first(one)));
    let (_, twice) = twice.ok_or("no two of 17 ids begin alike")?;
    s.get(&format!("/images/{}/json", &twice[7..8]))?
        .expect(404)?;
    equal!(look(s, &id[..71])?["Id"], id, "the whole id");
    Ok(())
}
