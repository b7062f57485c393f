//! OCI distribution: what every client of today needs.

use serde_json::{Value, json};

use super::{ask, basic, get};
use crate::cases::Level::{Must, Should};
use crate::cases::Row;
use crate::cases::images::remote::{self, DOCKER_MANIFEST, Made, OCI_INDEX, OCI_MANIFEST};
use crate::http::Request;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (Must, "version", "distribution: GET /v2/", version),
    (
        Must,
        "blobs",
        "distribution: POST, PUT, HEAD, GET of a blob",
        blobs,
    ),
    (
        Must,
        "chunks",
        "distribution: PATCH one chunk after another",
        chunks,
    ),
    (Must, "ranges", "distribution: parts of a blob", ranges),
    (
        Must,
        "mount",
        "distribution: a blob of another repository",
        mount,
    ),
    (
        Must,
        "wrong-digest",
        "distribution: a blob that is not its digest is refused",
        wrong_digest,
    ),
    (
        Must,
        "manifests",
        "distribution: by tag and digest, byte for byte, in each media type",
        manifests,
    ),
    (
        Must,
        "manifest-without-blobs",
        "distribution: a manifest of what is not there is refused",
        incomplete,
    ),
    (Must, "tags", "distribution: tags, and pages of them", tags),
    (
        Must,
        "catalog",
        "distribution: repositories, and pages of them",
        catalog,
    ),
    (Must, "delete", "distribution: DELETE of a manifest", delete),
    (Must, "unknown", "distribution: error codes", unknown),
    (
        Must,
        "password",
        "distribution: 401, and how to log in",
        password,
    ),
    (
        Should,
        "referrers",
        "OCI distribution 1.1: referrers",
        referrers,
    ),
];

fn version(s: &Session) -> Outcome {
    let answer = get(s, "/v2/")?.expect(200)?;
    equal!(
        answer.header("Docker-Distribution-Api-Version"),
        "registry/2.0",
        "Docker-Distribution-Api-Version"
    );
    Ok(())
}

fn blobs(s: &Session) -> Outcome {
    let name = s.name();
    let digest = remote::put_blob(s, s.registry()?, &name, name.as_bytes())?;
    let path = format!("/v2/{name}/blobs/{digest}");
    let head = ask(s, &Request::new("HEAD", &path))?.expect(200)?;
    equal!(
        head.header("Content-Length"),
        name.len().to_string(),
        "Content-Length"
    );
    equal!(
        head.header("Docker-Content-Digest"),
        digest,
        "Docker-Content-Digest"
    );
    let blob = get(s, &path)?.expect(200)?;
    equal!(blob.text(), name, "the blob");
    Ok(())
}

/// Where an upload goes on, without the host.
fn place(location: &str) -> String {
    let path = location
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    path.unwrap_or(location).to_owned()
}

fn chunks(s: &Session) -> Outcome {
    let name = s.name();
    let path = format!("/v2/{name}/blobs/uploads/");
    let begun = ask(s, &Request::new("POST", &path))?.expect(202)?;
    let mut at = place(begun.header("Location"));
    let bytes = name.as_bytes();
    let half = bytes.len() / 2;
    for (from, chunk) in [(0, &bytes[..half]), (half, &bytes[half..])] {
        let to = from + chunk.len() - 1;
        let request = Request::new("PATCH", &at)
            .header("Content-Range", &format!("{from}-{to}"))
            .header("Content-Length", &chunk.len().to_string());
        let answer = ask(s, &request.body("application/octet-stream", chunk))?.expect(202)?;
        equal!(answer.header("Range"), format!("0-{to}"), "Range");
        at = place(answer.header("Location"));
    }
    let join = if at.contains('?') { '&' } else { '?' };
    let digest = remote::digest(bytes);
    ask(
        s,
        &Request::new("PUT", &format!("{at}{join}digest={digest}")),
    )?
    .expect(201)?;
    let blob = get(s, &format!("/v2/{name}/blobs/{digest}"))?.expect(200)?;
    equal!(blob.text(), name, "the blob");
    Ok(())
}

fn ranges(s: &Session) -> Outcome {
    let name = s.name();
    let digest = remote::put_blob(s, s.registry()?, &name, b"0123456789")?;
    let path = format!("/v2/{name}/blobs/{digest}");
    for (range, want) in [
        ("bytes=2-4", "234"),
        ("bytes=7-", "789"),
        ("bytes=-3", "789"),
    ] {
        let part = ask(s, &Request::new("GET", &path).header("Range", range))?.expect(206)?;
        equal!(part.text(), want, "{range}");
        ensure!(
            part.header("Content-Range").ends_with("/10"),
            "Content-Range is {:?}",
            part.header("Content-Range")
        );
    }
    ask(s, &Request::new("GET", &path).header("Range", "bytes=10-"))?.expect(416)?;
    Ok(())
}

fn mount(s: &Session) -> Outcome {
    let (one, two) = (s.name(), s.name());
    let digest = remote::put_blob(s, s.registry()?, &one, one.as_bytes())?;
    let path = format!("/v2/{two}/blobs/uploads/?mount={digest}&from={one}");
    ask(s, &Request::new("POST", &path))?.expect(201)?;
    get(s, &format!("/v2/{two}/blobs/{digest}"))?.expect(200)?;
    // What is not there begins an upload.
    let path = format!(
        "/v2/{two}/blobs/uploads/?mount=sha256:{}&from={one}",
        "0".repeat(64)
    );
    ask(s, &Request::new("POST", &path))?.expect(202)?;
    Ok(())
}

fn code(answer: crate::session::Answer, status: u16) -> Outcome<String> {
    let errors = answer.expect(status)?.json()?;
    let code = errors["errors"][0]["code"].as_str();
    Ok(code
        .ok_or_else(|| format!("no code in {errors}"))?
        .to_owned())
}

fn wrong_digest(s: &Session) -> Outcome {
    let name = s.name();
    let path = format!("/v2/{name}/blobs/uploads/");
    let begun = ask(s, &Request::new("POST", &path))?.expect(202)?;
    let at = place(begun.header("Location"));
    let join = if at.contains('?') { '&' } else { '?' };
    let digest = remote::digest(b"something else");
    let request = Request::new("PUT", &format!("{at}{join}digest={digest}"));
    let answer = ask(
        s,
        &request.body("application/octet-stream", name.as_bytes()),
    )?;
    equal!(code(answer, 400)?, "DIGEST_INVALID", "code");
    get(s, &format!("/v2/{name}/blobs/{digest}"))?.expect(404)?;
    Ok(())
}

fn manifests(s: &Session) -> Outcome {
    let name = s.name();
    let registry = s.registry()?;
    for (made, tag) in [
        (Made::docker(&[&[("f", &name)]])?, "docker"),
        (Made::oci(&[&[("f", &name)]])?, "oci"),
    ] {
        let digest = made.put(s, registry, &name, tag)?;
        for reference in [tag, &digest] {
            let path = format!("/v2/{name}/manifests/{reference}");
            let request = Request::new("GET", &path).header("Accept", made.media_type);
            let answer = ask(s, &request)?.expect(200)?;
            equal!(
                answer.header("Content-Type"),
                made.media_type,
                "Content-Type"
            );
            equal!(
                answer.header("Docker-Content-Digest"),
                digest,
                "Docker-Content-Digest"
            );
            ensure!(answer.body == made.manifest(), "{tag} came back otherwise");
            let head = Request::new("HEAD", &path).header("Accept", made.media_type);
            ask(s, &head)?.expect(200)?;
        }
        let index = remote::index(OCI_INDEX, &[made.descriptor("amd64")]);
        remote::put_manifest(s, registry, &name, "index", OCI_INDEX, &index)?;
    }
    Ok(())
}

fn incomplete(s: &Session) -> Outcome {
    let name = s.name();
    let made = Made::docker(&[&[("f", &name)]])?;
    let request = Request::new("PUT", &format!("/v2/{name}/manifests/x"));
    let answer = ask(s, &request.body(DOCKER_MANIFEST, made.manifest()))?;
    let status = answer.head.status;
    ensure!([400, 404].contains(&status), "status {status}");
    ensure!(
        code(answer, status)?.contains("BLOB_UNKNOWN"),
        "another code"
    );
    get(s, &format!("/v2/{name}/manifests/x"))?.expect(404)?;
    Ok(())
}

fn tags(s: &Session) -> Outcome {
    let name = s.name();
    let made = Made::oci(&[&[("f", &name)]])?;
    for tag in ["b", "a", "c"] {
        made.put(s, s.registry()?, &name, tag)?;
    }
    let all = get(s, &format!("/v2/{name}/tags/list"))?
        .expect(200)?
        .json()?;
    equal!(all, json!({"name": name, "tags": ["a", "b", "c"]}), "tags");
    let two = get(s, &format!("/v2/{name}/tags/list?n=1&last=a"))?;
    equal!(
        two.expect(200)?.json()?["tags"],
        json!(["b"]),
        "the second page"
    );
    Ok(())
}

fn catalog(s: &Session) -> Outcome {
    let name = s.name();
    Made::oci(&[&[("f", &name)]])?.put(s, s.registry()?, &name, "a")?;
    let mut path = "/v2/_catalog?n=2".to_owned();
    for _ in 0..1000 {
        let page = get(s, &path)?.expect(200)?;
        let all = page.json()?;
        let names = all["repositories"].as_array().cloned().unwrap_or_default();
        if names.contains(&Value::from(name.as_str())) {
            return Ok(());
        }
        let link = page.header("Link");
        let next = link
            .strip_prefix('<')
            .and_then(|l| l.split_once(">; rel=\"next\""));
        let (next, _) = next.ok_or_else(|| format!("the last page, and no {name}"))?;
        path = place(next);
    }
    Err("pages without end".into())
}

fn delete(s: &Session) -> Outcome {
    let name = s.name();
    let digest = Made::oci(&[&[("f", &name)]])?.put(s, s.registry()?, &name, "a")?;
    let path = format!("/v2/{name}/manifests/{digest}");
    ask(s, &Request::new("DELETE", &path))?.expect(202)?;
    get(s, &path)?.expect(404)?;
    get(s, &format!("/v2/{name}/manifests/a"))?.expect(404)?;
    Ok(())
}

fn unknown(s: &Session) -> Outcome {
    let name = s.name();
    let digest = format!("sha256:{}", "0".repeat(64));
    for (path, want) in [
        (format!("/v2/{name}/manifests/x"), "MANIFEST_UNKNOWN"),
        (format!("/v2/{name}/manifests/{digest}"), "MANIFEST_UNKNOWN"),
        (format!("/v2/{name}/blobs/{digest}"), "BLOB_UNKNOWN"),
        (format!("/v2/{name}/tags/list"), "NAME_UNKNOWN"),
    ] {
        let code = code(get(s, &path)?, 404)?;
        // A registry may say that it knows no such repository at all.
        ensure!(code == want || code == "NAME_UNKNOWN", "{path}: {code}");
    }
    let broken = Request::new("PUT", &format!("/v2/{name}/manifests/x"));
    let answer = ask(s, &broken.body(OCI_MANIFEST, "{"))?;
    equal!(
        code(answer, 400)?,
        "MANIFEST_INVALID",
        "code of half a manifest"
    );
    Ok(())
}

fn password(s: &Session) -> Outcome {
    let private = s.private_registry()?;
    let at = |auth: Option<String>| {
        let mut request = Request::new("GET", "/v2/");
        if let Some(auth) = auth {
            request = request.header("Authorization", &auth);
        }
        remote::ask(s, &private.address, &request)
    };
    let asked = at(None)?.expect(401)?;
    ensure!(
        asked.header("WWW-Authenticate").starts_with("Basic realm="),
        "WWW-Authenticate is {:?}",
        asked.header("WWW-Authenticate")
    );
    equal!(code(asked, 401)?, "UNAUTHORIZED", "code");
    at(Some(basic(&private.user, "wrong")))?.expect(401)?;
    at(Some(basic(&private.user, &private.password)))?.expect(200)?;
    Ok(())
}

fn referrers(s: &Session) -> Outcome {
    let name = s.name();
    let registry = s.registry()?;
    let made = Made::oci(&[&[("f", &name)]])?;
    let digest = made.put(s, registry, &name, "a")?;
    let signature = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/x-signature",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": made.id,
            "size": made.config.len(),
        },
        "layers": [],
        "subject": {
            "mediaType": OCI_MANIFEST,
            "digest": digest,
            "size": made.manifest().len(),
        },
    });
    let signature = signature.to_string().into_bytes();
    let by = remote::put_manifest(s, registry, &name, "sig", OCI_MANIFEST, &signature)?;
    let list = get(s, &format!("/v2/{name}/referrers/{digest}"))?.expect(200)?;
    equal!(list.header("Content-Type"), OCI_INDEX, "Content-Type");
    let list = list.json()?;
    equal!(list["manifests"][0]["digest"], by, "the referrer");
    equal!(
        list["manifests"][0]["artifactType"],
        "application/x-signature",
        "artifactType"
    );
    Ok(())
}
