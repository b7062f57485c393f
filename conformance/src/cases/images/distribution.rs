//! `GET /distribution/{name}/json`.

use serde_json::json;

use super::imported;
use super::push::{credentials, pushed};
use super::remote::{self, Made};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "manifest",
        "DistributionInspect: descriptor and platform, keys in lower case",
        manifest,
    ),
    (
        Must,
        "index",
        "DistributionInspect: the platforms of an index",
        index,
    ),
    (
        Must,
        "unknown",
        "DistributionInspect: 404 from the registry",
        unknown,
    ),
    (
        Must,
        "password",
        "DistributionInspect: X-Registry-Auth; 401 for a wrong one",
        password,
    ),
    (
        Quirk,
        "not-of-ids",
        "DistributionInspect: an image's ID is no name",
        ids,
    ),
];

fn manifest(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    imported(s, &name, "")?;
    let digest = pushed(s, &format!("{name}:latest"))?;
    for form in [
        name.clone(),
        format!("{name}:latest"),
        format!("{name}@{digest}"),
    ] {
        let seen = s
            .get(&format!("/distribution/{form}/json"))?
            .expect(200)?
            .json()?;
        let size = seen["Descriptor"]["size"].clone();
        ensure!(size.as_u64().is_some_and(|n| n > 100), "size is {size}");
        let want = json!({
            "Descriptor": {
                "mediaType": remote::DOCKER_MANIFEST,
                "digest": digest,
                "size": size,
            },
            "Platforms": [{"architecture": "amd64", "os": "linux"}],
        });
        equal!(seen, want, "{form}");
    }
    Ok(())
}

fn index(s: &Session) -> Outcome {
    let registry = s.registry()?;
    let name = s.name();
    let mut all = Vec::new();
    for architecture in ["amd64", "riscv64"] {
        let made = Made::for_architecture(&[&[("file", &name)]], architecture)?;
        made.put(s, registry, &name, architecture)?;
        all.push(made.descriptor(architecture));
    }
    let kind = remote::OCI_INDEX;
    let index = remote::index(kind, &all);
    let digest = remote::put_manifest(s, registry, &name, "latest", kind, &index)?;
    let seen = s
        .get(&format!("/distribution/{registry}/{name}/json"))?
        .expect(200)?
        .json()?;
    let want = json!({
        "Descriptor": {"mediaType": kind, "digest": digest, "size": index.len()},
        "Platforms": [
            {"architecture": "amd64", "os": "linux"},
            {"architecture": "riscv64", "os": "linux"},
        ],
    });
    equal!(seen, want, "the answer");
    Ok(())
}

fn unknown(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    s.get(&format!("/distribution/{name}/json"))?
        .expect_error(404, "unknown")?;
    s.get("/distribution/127.0.0.1:1/x/json")?
        .expect_error(500, "connection refused")?;
    s.get("/distribution/UPPER/json")?
        .expect_error(400, "invalid reference format")?;
    Ok(())
}

fn password(s: &Session) -> Outcome {
    let private = s.private_registry()?;
    let path = format!("/distribution/{}/{}/json", private.address, s.name());
    let ask = |auth: &str| {
        let request = s.request("GET", &path);
        s.exchange(&request.header("X-Registry-Auth", auth))
    };
    s.get(&path)?
        .expect_error(500, "no basic auth credentials")?;
    ask(&credentials(&private.user, "wrong"))?.expect_error(401, "unauthorized")?;
    ask(&credentials(&private.user, &private.password))?.expect_error(404, "unknown")?;
    Ok(())
}

fn ids(s: &Session) -> Outcome {
    let id = "0123456789".repeat(7);
    for form in [format!("sha256:{}", &id[..64]), id[..64].to_owned()] {
        s.get(&format!("/distribution/{form}/json"))?
            .expect_mistake(&s.target)?
            .expect_text("no manifest found for full image ID")?;
    }
    Ok(())
}
