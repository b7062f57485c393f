//! Registries over TLS: whom the client trusts, and to whom it says nothing
//! without.

#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is the test's failure"
)]

use std::path::Path;
use std::process::Command;

use longshore_distribution::settings::Settings;
use longshore_distribution::{Credentials, Error, Purpose, Registries};
use longshore_registry::Registry;
use longshore_registry::config::{Config, Tls};

/// Makes a certificate for 127.0.0.1 that signs itself: `NAME.crt`, `NAME.key`.
fn certificate(dir: &Path, name: &str) {
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=test",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .arg("-keyout")
        .arg(dir.join(format!("{name}.key")))
        .arg("-out")
        .arg(dir.join(format!("{name}.crt")))
        .output()
        .expect("apt-get install openssl");
    assert!(output.status.success(), "{output:?}");
}

/// A registry, and where it listens.
async fn serve(dir: &Path, tls: bool) -> String {
    let mut config = Config::new(dir.join(format!("data-{tls}")));
    config.tls = tls.then(|| Tls {
        cert: dir.join("own.crt"),
        key: dir.join("own.key"),
    });
    let registry = Registry::open(config).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(registry.serve(listener));
    host
}

/// Settings without the exception for the machine itself.
fn strict(certificates: &Path) -> Settings {
    Settings {
        insecure_networks: Vec::new(),
        certificates: vec![certificates.to_owned()],
        ..Settings::default()
    }
}

/// What comes of asking for the tags of a repository that is not there: a
/// refusal if the registry was reached.
async fn ask(settings: Settings, host: &str) -> Error {
    let registries = Registries::new(settings);
    let nobody = Credentials::default();
    let mut connections = registries
        .connections(host, "x", &nobody, Purpose::Pull)
        .await
        .unwrap();
    let mut last = None;
    while let Some(repository) = connections.next().await {
        last = Some(match repository {
            Ok(repository) => repository.tags().await.unwrap_err(),
            Err(error) => error,
        });
    }
    last.unwrap()
}

fn was_reached(error: &Error) -> bool {
    error.refusal().is_some_and(|it| it.code == "NAME_UNKNOWN")
}

#[tokio::test]
async fn a_certificate_counts_when_the_operator_put_it_there() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path(), "own");
    certificate(dir.path(), "other");
    let host = serve(dir.path(), true).await;
    let certs = dir.path().join("certs.d");
    let folder = certs.join(&host);

    let unknown = "x509: certificate signed by unknown authority";
    let error = ask(strict(&certs), &host).await.to_string();
    assert!(error.ends_with(unknown), "{error}");

    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(dir.path().join("other.crt"), folder.join("ca.crt")).unwrap();
    let error = ask(strict(&certs), &host).await.to_string();
    assert!(error.ends_with(unknown), "{error}");

    std::fs::copy(dir.path().join("own.crt"), folder.join("ca.crt")).unwrap();
    let error = ask(strict(&certs), &host).await;
    assert!(was_reached(&error), "{error}");

    // For another name it does not count.
    let named = host.replace("127.0.0.1", "localhost");
    std::fs::rename(&folder, certs.join(&named)).unwrap();
    let error = ask(strict(&certs), &named).await.to_string();
    assert!(error.contains("x509: certificate is not valid"), "{error}");
}

#[tokio::test]
async fn insecure_registries_need_no_certificate_and_no_tls() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path(), "own");
    for tls in [true, false] {
        let host = serve(dir.path(), tls).await;
        let mut settings = strict(dir.path());
        settings.allow_insecure(&host).unwrap();
        let error = ask(settings, &host).await;
        assert!(was_reached(&error), "{tls}: {error}");
    }
}

#[tokio::test]
async fn where_tls_is_wanted_nothing_is_said_without() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path(), "own");
    let host = serve(dir.path(), false).await;
    let error = ask(strict(dir.path()), &host).await.to_string();
    let words = "http: server gave HTTP response to HTTPS client";
    assert_eq!(error, format!("Get \"https://{host}/v2/\": {words}"));
}

#[tokio::test]
async fn half_of_a_pair_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path(), "own");
    let certs = dir.path().join("certs.d");
    let folder = certs.join("127.0.0.1:1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(dir.path().join("own.crt"), folder.join("client.cert")).unwrap();
    let error = ask(strict(&certs), "127.0.0.1:1").await.to_string();
    assert!(error.contains("missing key"), "{error}");
    std::fs::remove_file(folder.join("client.cert")).unwrap();
    std::fs::copy(dir.path().join("own.key"), folder.join("client.key")).unwrap();
    let error = ask(strict(&certs), "127.0.0.1:1").await.to_string();
    assert!(error.contains("missing client certificate"), "{error}");
}
