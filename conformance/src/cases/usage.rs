//! `GET /system/df`: what everything takes of the disk.

use serde_json::{Value, json};

use super::Level::Must;
use super::Row;
use super::images::imported;
use crate::http::Request;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "every-version",
        "SystemDataUsage: lists, and sums of bytes",
        versions,
    ),
    (
        Must,
        "containers",
        "SystemDataUsage: as listed, all of them, with sizes",
        containers,
    ),
    (
        Must,
        "images",
        "SystemDataUsage: SharedSize and Containers are known",
        images,
    ),
    (
        Must,
        "layers",
        "SystemDataUsage: a layer counts once",
        layers,
    ),
    (
        Must,
        "volumes",
        "SystemDataUsage: UsageData; none of those with options",
        volumes,
    ),
];

fn usage(s: &Session) -> Outcome<Value> {
    s.get("/system/df")?.expect(200)?.json()
}

/// The one of a list whose field has this text somewhere.
fn find<'a>(usage: &'a Value, list: &str, key: &str, text: &str) -> Outcome<&'a Value> {
    let mut all = usage[list].as_array().into_iter().flatten();
    let found = all.find(|one| one[key].to_string().contains(text));
    Ok(found.ok_or_else(|| format!("{list}: none with {key} {text}"))?)
}

fn versions(s: &Session) -> Outcome {
    for version in &s.target.versions {
        let request = Request::new("GET", &format!("/v{version}/system/df"));
        let body = s.exchange(&request)?.expect(200)?.json()?;
        for key in ["LayersSize", "BuilderSize"] {
            ensure!(body[key].is_u64(), "{version}: {key} is {}", body[key]);
        }
        for key in ["Images", "Containers", "Volumes"] {
            ensure!(body[key].is_array(), "{version}: {key} is {}", body[key]);
        }
    }
    Ok(())
}

fn containers(s: &Session) -> Outcome {
    let idle = s.create(&["true"], json!({}))?;
    let id = s.run(&["write", "/written", "12345"], json!({}))?;
    s.wait(&id)?;
    let seen = usage(s)?;
    let found = find(&seen, "Containers", "Id", &id)?;
    let listed = s.get(&format!(
        "/containers/json?all=1&size=1&filters=%7B%22id%22:%5B%22{id}%22%5D%7D"
    ))?;
    let mut listed = listed.expect(200)?.json()?[0].clone();
    // Time goes on.
    listed["Status"] = found["Status"].clone();
    equal!(*found, listed, "as in the list");
    ensure!(
        found["SizeRw"].as_u64().is_some_and(|bytes| bytes >= 5),
        "SizeRw is {}",
        found["SizeRw"]
    );
    let whole = found["SizeRootFs"].as_u64().unwrap_or(0);
    ensure!(whole > found["SizeRw"].as_u64().unwrap_or(0), "SizeRootFs");
    let found = find(&seen, "Containers", "Id", &idle)?;
    equal!(
        found.get("SizeRw"),
        None,
        "SizeRw of one that wrote nothing"
    );
    Ok(())
}

fn images(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "")?;
    for _ in 0..2 {
        s.create(&["true"], json!({"Image": name}))?;
    }
    let seen = usage(s)?;
    let found = find(&seen, "Images", "Id", &id)?;
    let size = name.len();
    equal!(found["Size"], size, "Size");
    equal!(found["VirtualSize"], size, "VirtualSize");
    equal!(found["SharedSize"], 0, "SharedSize");
    equal!(found["Containers"], 2, "Containers");
    let tags = json!([format!("{name}:latest")]);
    equal!(found["RepoTags"], tags, "RepoTags");
    Ok(())
}

/// Two images of one base have its layer together.
fn layers(s: &Session) -> Outcome {
    let (base, child) = (s.name(), s.name());
    let id = imported(s, &base, "")?;
    let container = s.run(&["write", "/own", "123"], json!({}))?;
    s.wait(&container)?;
    s.owns_image(&child);
    let path = format!("/commit?container={container}&repo={child}");
    s.post(&path)?.expect(201)?;
    let seen = usage(s)?;
    let judges = find(&seen, "Images", "RepoTags", &s.target.image())?;
    let child = find(&seen, "Images", "RepoTags", &child)?;
    let (below, whole) = (&judges["Size"], &child["Size"]);
    equal!(child["SharedSize"], *below, "SharedSize of the child");
    ensure!(
        whole.as_u64() > below.as_u64(),
        "Size of the child is {whole}"
    );
    let sum: u64 = (seen["Images"].as_array().into_iter().flatten())
        .map(|image| image["Size"].as_u64().unwrap_or(0))
        .sum();
    let layers = seen["LayersSize"].as_u64().unwrap_or(0);
    ensure!(layers < sum, "LayersSize {layers}, images together {sum}");
    equal!(find(&seen, "Images", "Id", &id)?["SharedSize"], 0, "base");
    Ok(())
}

fn volumes(s: &Session) -> Outcome {
    let (used, free, tmpfs) = (s.volume_name(), s.volume_name(), s.volume_name());
    let options = json!({"type": "tmpfs", "device": "tmpfs"});
    for body in [
        json!({"Name": free, "Labels": {"a": "b"}}),
        json!({"Name": tmpfs, "DriverOpts": options}),
    ] {
        s.post_json("/volumes/create", &body)?.expect(201)?;
    }
    let binds = [format!("{used}:/v"), format!("{used}:/w")];
    let host = json!({"NetworkMode": "none", "Binds": binds});
    let id = s.run(&["write", "/v/f", "12345"], json!({"HostConfig": host}))?;
    s.wait(&id)?;
    let seen = usage(s)?;
    let found = find(&seen, "Volumes", "Name", &used)?;
    equal!(found["UsageData"]["RefCount"], 1, "RefCount");
    let size = found["UsageData"]["Size"].as_u64().unwrap_or(0);
    ensure!(size >= 5, "Size is {}", found["UsageData"]["Size"]);
    let found = find(&seen, "Volumes", "Name", &free)?;
    let expected = json!({"RefCount": 0, "Size": 0});
    equal!(found["UsageData"], expected, "UsageData");
    equal!(found["Labels"], json!({"a": "b"}), "Labels");
    let absent = find(&seen, "Volumes", "Name", &tmpfs);
    ensure!(absent.is_err(), "one with options is measured");
    // Elsewhere nobody asks for it, so nobody walks.
    let inspected = s.get(&format!("/volumes/{used}"))?.expect(200)?.json()?;
    equal!(inspected.get("UsageData"), None, "UsageData of inspect");
    Ok(())
}
