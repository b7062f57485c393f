//! skopeo in and out, with accounts, tokens and TLS.

use std::path::Path;
use std::process::Command;

use longshore_oci::digest::Digest;
use serde_json::json;

use crate::harness::{Served, gzip, with_accounts};
use crate::program::{Program, certificate, fail, run};

fn skopeo(arguments: &[&str]) -> Command {
    let mut command = Command::new("skopeo");
    // Its policy file may be missing on a machine without podman.
    command.arg("--insecure-policy").args(arguments);
    command
}

/// An OCI layout with an image of two layers, `app`.
pub(crate) fn layout(directory: &Path) {
    let blobs = directory.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).expect("a directory");
    let put = |bytes: &[u8], media_type: &str| {
        let digest = Digest::of(bytes);
        std::fs::write(blobs.join(digest.hex()), bytes).expect("a file");
        json!({ "mediaType": media_type, "size": bytes.len(), "digest": digest })
    };
    let mut diff_ids = Vec::new();
    let layers: Vec<_> = ["one", "two"]
        .into_iter()
        .map(|name| {
            let layer = archive(name, name.repeat(100_000).as_bytes());
            diff_ids.push(Digest::of(&layer));
            // skopeo would compress it on its way in, and change the image.
            put(&gzip(&layer), "application/vnd.oci.image.layer.v1.tar+gzip")
        })
        .collect();
    let config = json!({ "architecture": "amd64", "os": "linux", "config": { "Cmd": ["/one"] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": [{ "created_by": "one" }, { "created_by": "two" }] });
    let config = put(
        config.to_string().as_bytes(),
        "application/vnd.oci.image.config.v1+json",
    );
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({ "schemaVersion": 2, "mediaType": media_type, "config": config,
        "layers": layers });
    let mut manifest = put(manifest.to_string().as_bytes(), media_type);
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": "app" });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    std::fs::write(directory.join("index.json"), index.to_string()).expect("a file");
    let version = json!({ "imageLayoutVersion": "1.0.0" });
    std::fs::write(directory.join("oci-layout"), version.to_string()).expect("a file");
}

/// A tar archive of one file.
fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o755);
    builder
        .append_data(&mut header, name, content)
        .expect("memory");
    builder.into_inner().expect("memory")
}

fn digest_of(address: &str, name: &str, flags: &[&str]) -> String {
    let image = format!("docker://{address}/{name}");
    run(skopeo(&["inspect", "--format", "{{.Digest}}", &image]).args(flags))
        .trim()
        .to_owned()
}

#[test]
fn an_image_goes_in_and_out_in_every_form() {
    let served = Served::open();
    let scratch = tempfile::tempdir().expect("a directory");
    let at = |name: &str| scratch.path().join(name).display().to_string();
    layout(&scratch.path().join("in"));
    let registry = |name: &str| format!("docker://{}/{name}", served.address);
    let insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    let copy = |from: &str, to: &str, flags: &[&str]| {
        run(skopeo(&["copy", "--quiet", from, to])
            .args(insecure)
            .args(flags))
    };
    copy(
        &format!("oci:{}:app", at("in")),
        &registry("lib/app:oci"),
        &[],
    );
    // Within the registry the layers are mounted, not sent.
    copy(&registry("lib/app:oci"), &registry("other/app:v1"), &[]);
    copy(
        &registry("lib/app:oci"),
        &registry("lib/app:docker"),
        &["--format", "v2s2"],
    );
    copy(
        &registry("other/app:v1"),
        &format!("dir:{}", at("dir")),
        &[],
    );
    copy(
        &registry("lib/app:docker"),
        &format!("docker-archive:{}:x:y", at("tar")),
        &[],
    );
    copy(
        &registry("lib/app:oci"),
        &format!("oci:{}:app", at("out")),
        &[],
    );
    copy(
        &format!("docker-archive:{}", at("tar")),
        &registry("back:v1"),
        &[],
    );
    copy(&format!("dir:{}", at("dir")), &registry("back:v2"), &[]);

    let index = |name: &str| -> serde_json::Value {
        let text = std::fs::read(scratch.path().join(name).join("index.json")).expect("an index");
        serde_json::from_slice(&text).expect("JSON")
    };
    let pushed = index("in")["manifests"][0]["digest"].clone();
    assert_eq!(index("out")["manifests"][0]["digest"], pushed);
    let insecure = ["--tls-verify=false"];
    assert_eq!(
        digest_of(&served.address, "lib/app:oci", &insecure),
        pushed.as_str().unwrap()
    );
    let tags = run(skopeo(&["list-tags", &registry("lib/app")]).args(insecure));
    assert!(
        tags.contains("\"docker\"") && tags.contains("\"oci\""),
        "{tags}"
    );
    run(skopeo(&["delete", &registry("lib/app:oci")]).args(insecure));
    let gone = fail(skopeo(&["inspect", &registry("lib/app:oci")]).args(insecure));
    assert!(gone.contains("manifest unknown"), "{gone}");
}

#[test]
fn tokens_and_tls_are_understood() {
    let scratch = tempfile::tempdir().expect("a directory");
    let at = |name: &str| scratch.path().join(name).display().to_string();
    layout(&scratch.path().join("in"));
    let (accounts_dir, _) = with_accounts(&[], false);
    let htpasswd = accounts_dir.path().join("htpasswd").display().to_string();
    let (cert, key) = certificate(scratch.path());
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let tls = ["--tls-cert", &cert, "--tls-key", &key];
    std::fs::create_dir(scratch.path().join("certs")).expect("a directory");
    std::fs::copy(&cert, scratch.path().join("certs/ca.crt")).expect("a file");
    let certs = at("certs");
    let from = format!("oci:{}:app", at("in"));
    for (place, flags) in [
        vec!["--htpasswd", &htpasswd],
        vec!["--htpasswd", &htpasswd, "--token"],
        vec![
            "--htpasswd",
            &htpasswd,
            "--token",
            "--grant",
            "ann:*:pull,push,delete",
        ],
    ]
    .into_iter()
    .enumerate()
    {
        let data = scratch.path().join(format!("data{place}"));
        let flags = [&tls[..], &flags[..]].concat();
        let program = Program::start(&data, &flags);
        let to = format!("docker://{}/team/app:v1", program.address);
        let copy = |account: &str, certs: &str| {
            let mut command = skopeo(&["copy", "--quiet", "--dest-creds", account]);
            command.args(["--dest-cert-dir", certs, &from, &to]);
            command
        };
        run(&mut copy("ann:secret", &certs));
        let wrong = fail(&mut copy("ann:wrong", &certs));
        assert!(
            wrong.contains("unauthorized") || wrong.contains("invalid"),
            "{wrong}"
        );
        let unknown = fail(&mut copy("ann:secret", "/nowhere"));
        assert!(unknown.contains("certificate"), "{unknown}");
        let inspected = digest_of(
            &program.address,
            "team/app:v1",
            &["--creds", "ann:secret", "--cert-dir", &certs],
        );
        assert!(inspected.starts_with("sha256:"), "{inspected}");
        let mut delete = skopeo(&["delete", "--creds", "ann:secret", "--cert-dir", &certs, &to]);
        run(&mut delete);
        // Plain HTTP on the port of TLS is no way in.
        let plain = std::net::TcpStream::connect(&program.address).expect("a listener");
        let mut sent = &plain;
        std::io::Write::write_all(&mut sent, b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
            .expect("a listener");
        assert!(crate::client::Answer::read(plain, "GET").is_none());
    }
}
