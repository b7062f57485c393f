//! `DELETE /images/{name}`.

use serde_json::{Value, json};

use super::{event_names, imported, look, short};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "untags",
        "ImageDelete: Untagged, and Deleted with the last",
        untags,
    ),
    (
        Must,
        "in-use",
        "ImageDelete: 409 while containers use it",
        in_use,
    ),
    (
        Must,
        "in-use-of-running",
        "ImageDelete: by id not even by force while a container runs",
        running,
    ),
    (
        Must,
        "forced-under-a-container",
        "ImageDelete: force takes it from under a container that does not run",
        forced,
    ),
    (
        Must,
        "one-of-two-names-in-use",
        "ImageDelete: a name goes while another is left, used or not",
        other_name,
    ),
    (
        Must,
        "many-repositories",
        "ImageDelete: by id, of two repositories only by force",
        repositories,
    ),
    (
        Must,
        "by-id",
        "ImageDelete: by id with its only name; not with two of one repository",
        two_tags,
    ),
    (
        Must,
        "dependent-children",
        "ImageDelete: not under other images",
        children,
    ),
    (
        Must,
        "parents",
        "ImageDelete: untagged parents go too, unless noprune",
        parents,
    ),
    (
        Must,
        "by-digest",
        "ImageDelete: tag and digest go together; a digest alone",
        by_digest,
    ),
    (Quirk, "events", "SystemEvents: untag, delete", events),
];

fn deleted(s: &Session, name: &str) -> Outcome<Value> {
    s.call("DELETE", &format!("/images/{name}"))?
        .expect(200)?
        .json()
}

/// What must stand first in the list; the layers after it are the engine's own
/// business.
fn begins(list: &Value, want: &Value) -> Outcome {
    let want = want.as_array().cloned().unwrap_or_default();
    let list = list.as_array().cloned().unwrap_or_default();
    ensure!(list.starts_with(&want), "{list:?} does not begin {want:?}");
    let rest = &list[want.len()..];
    let only_layers = rest.iter().all(|entry| {
        entry
            .as_object()
            .is_some_and(|e| e.len() == 1 && e.contains_key("Deleted"))
    });
    ensure!(only_layers, "after the image: {rest:?}");
    Ok(())
}

fn untags(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "")?;
    s.post(&format!("/images/{name}/tag?repo={name}&tag=two"))?
        .expect(201)?;
    equal!(
        deleted(s, &format!("{name}:latest"))?,
        json!([{"Untagged": format!("{name}:latest")}]),
        "the first of two tags"
    );
    let last = deleted(s, &format!("{name}:two"))?;
    begins(
        &last,
        &json!([{"Untagged": format!("{name}:two")}, {"Deleted": id}]),
    )?;
    s.call("DELETE", &format!("/images/{name}:two"))?
        .expect_error(404, "No such image")?;
    Ok(())
}

fn in_use(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "&changes=CMD%20%5B%22x%22%5D")?;
    let container = s.create(&["x"], json!({"Image": name}))?;
    let text = format!(
        "conflict: unable to remove repository reference \"{name}\" (must force) - container {} is using its referenced image {}",
        &container[..12],
        short(&id)
    );
    s.call("DELETE", &format!("/images/{name}"))?
        .expect_error(409, &text)?;
    let text = format!(
        "conflict: unable to delete {} (must be forced) - image is being used by stopped container {}",
        short(&id),
        &container[..12]
    );
    s.call("DELETE", &format!("/images/{}", short(&id)))?
        .expect_error(409, &text)?;
    s.call("DELETE", &format!("/containers/{container}"))?
        .expect(204)?;
    deleted(s, &name)?;
    Ok(())
}

fn running(s: &Session) -> Outcome {
    let name = s.name();
    s.owns_image(&name);
    let committed = s.create(&["sleep", "60"], json!({}))?;
    let path = format!("/commit?container={committed}&repo={name}");
    let made = s.post(&path)?.expect(201)?.json()?;
    let id = made["Id"].as_str().unwrap_or_default().to_owned();
    let container = s.run(&["sleep", "60"], json!({"Image": name}))?;
    let text = format!(
        "conflict: unable to delete {} (cannot be forced) - image is being used by running container {}",
        short(&id),
        &container[..12]
    );
    for query in ["", "?force=1"] {
        s.call("DELETE", &format!("/images/{id}{query}"))?
            .expect_error(409, &text)?;
    }
    // By name, force takes the name.
    equal!(
        deleted(s, &format!("{name}?force=1"))?,
        json!([{"Untagged": format!("{name}:latest")}]),
        "by force"
    );
    equal!(look(s, &id)?["RepoTags"], json!([]), "RepoTags");
    s.call("DELETE", &format!("/containers/{container}?force=1"))?
        .expect(204)?;
    deleted(s, &id)?;
    Ok(())
}

fn forced(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "")?;
    let container = s.create(&["x"], json!({"Image": name}))?;
    let gone = deleted(s, &format!("{name}?force=1"))?;
    begins(
        &gone,
        &json!([{"Untagged": format!("{name}:latest")}, {"Deleted": id}]),
    )?;
    s.get(&format!("/images/{id}/json"))?.expect(404)?;
    let seen = s.inspect(&container)?;
    equal!(seen["Image"], id, "Image of the container");
    equal!(seen["Config"]["Image"], name, "Config.Image");
    Ok(())
}

fn other_name(s: &Session) -> Outcome {
    let (name, other) = (s.name(), s.name());
    let id = imported(s, &name, "")?;
    s.post(&format!("/images/{name}/tag?repo={other}"))?
        .expect(201)?;
    s.create(&["x"], json!({"Image": name}))?;
    equal!(
        deleted(s, &name)?,
        json!([{"Untagged": format!("{name}:latest")}]),
        "one of two names"
    );
    equal!(
        look(s, &id)?["RepoTags"],
        json!([format!("{other}:latest")]),
        "RepoTags"
    );
    s.call("DELETE", &format!("/images/{other}"))?
        .expect_error(409, "(must force)")?;
    Ok(())
}

fn repositories(s: &Session) -> Outcome {
    let (name, other) = (s.name(), s.name());
    let id = imported(s, &name, "")?;
    s.post(&format!("/images/{name}/tag?repo={other}&tag=two"))?
        .expect(201)?;
    let text = format!(
        "conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
        short(&id)
    );
    s.call("DELETE", &format!("/images/{id}"))?
        .expect_error(409, &text)?;
    let gone = deleted(s, &format!("{id}?force=1"))?;
    begins(
        &gone,
        &json!([
            {"Untagged": format!("{name}:latest")},
            {"Untagged": format!("{other}:two")},
            {"Deleted": id},
        ]),
    )
}

fn two_tags(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "&tag=a")?;
    s.post(&format!("/images/{id}/tag?repo={name}&tag=b"))?
        .expect(201)?;
    s.call("DELETE", &format!("/images/{id}"))?
        .expect_error(409, "image is referenced in multiple repositories")?;
    deleted(s, &format!("{name}:b"))?;
    let gone = deleted(s, &id)?;
    begins(
        &gone,
        &json!([{"Untagged": format!("{name}:a")}, {"Deleted": id}]),
    )
}

/// A container of the judge's image, committed under a name.
fn committed(s: &Session, image: &str, query: &str) -> Outcome<String> {
    let container = s.create(&["true"], json!({"Image": image}))?;
    let path = format!("/commit?container={container}{query}");
    let made = s.post(&path)?.expect(201)?.json()?;
    s.call("DELETE", &format!("/containers/{container}"))?
        .expect(204)?;
    let id = made["Id"].as_str().unwrap_or_default().to_owned();
    s.owns_image(&id);
    Ok(id)
}

fn children(s: &Session) -> Outcome {
    let (name, child) = (s.name(), s.name());
    let id = imported(s, &name, "")?;
    let younger = committed(s, &name, &format!("&repo={child}"))?;
    for query in ["", "?force=1"] {
        let text = format!(
            "conflict: unable to delete {} (cannot be forced) - image has dependent child images",
            short(&id)
        );
        s.call("DELETE", &format!("/images/{id}{query}"))?
            .expect_error(409, &text)?;
    }
    // The name goes all the same, and the image with its last child.
    equal!(
        deleted(s, &name)?,
        json!([{"Untagged": format!("{name}:latest")}]),
        "its name"
    );
    let gone = deleted(s, &child)?;
    let texts = gone.to_string();
    ensure!(
        texts.contains(&younger) && texts.contains(&id),
        "with the child went {gone}"
    );
    s.get(&format!("/images/{id}/json"))?.expect(404)?;
    Ok(())
}

fn parents(s: &Session) -> Outcome {
    let base = s.name();
    let first = imported(s, &base, "")?;
    let second = committed(s, &base, "")?;
    let third = committed(s, &second, &format!("&repo={}", s.name()))?;
    let gone = deleted(s, &format!("{third}?noprune=1"))?;
    ensure!(
        !gone.to_string().contains(&second),
        "with noprune went {gone}"
    );
    let third = committed(s, &second, &format!("&repo={}", s.name()))?;
    let gone = deleted(s, &third)?.to_string();
    ensure!(
        gone.contains(&third) && gone.contains(&second) && !gone.contains(&first),
        "without noprune went {gone}"
    );
    Ok(())
}

fn by_digest(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let id = imported(s, &name, "")?;
    let digest = super::push::pushed(s, &format!("{name}:latest"))?;
    let whole = format!("{name}@{digest}");
    // A second tag keeps the digest.
    s.post(&format!("/images/{name}/tag?repo={name}&tag=b"))?
        .expect(201)?;
    equal!(
        deleted(s, &format!("{name}:b"))?,
        json!([{"Untagged": format!("{name}:b")}]),
        "the second tag"
    );
    equal!(look(s, &id)?["RepoDigests"], json!([whole]), "RepoDigests");
    let gone = deleted(s, &format!("{name}:latest"))?;
    begins(
        &gone,
        &json!([
            {"Untagged": format!("{name}:latest")},
            {"Untagged": whole},
            {"Deleted": id},
        ]),
    )
}

fn events(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "")?;
    deleted(s, &name)?;
    for action in ["untag", "delete"] {
        let names = s.until(&format!("the event {action}"), || {
            let names = event_names(s, action, &id);
            Ok((!names.is_empty()).then_some(names))
        })?;
        equal!(names, [id.as_str()], "names of {action}");
    }
    Ok(())
}
