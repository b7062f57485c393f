//! `docker login`, `logout`, and what needs them; search, and what registries
//! say about an image.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::harness::{Daemon, clis, text};
use crate::registries::{ACCOUNT, Liar, Registry, Reply};

fn login(daemon: &Daemon, cli: &Path, host: &str, password: &str) -> Output {
    let mut child = daemon
        .docker_with(cli, &["login", "-u", ACCOUNT.0, "--password-stdin", host])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(password.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn only_who_is_known_may_push_and_pull() {
    let registry = Registry::debian_with_account();
    for cli in clis() {
        let daemon = Daemon::start();
        let name = format!("{}/box:1", registry.host);
        daemon.docker(&["tag", "box", &name]);
        let tried = |args: &[&str]| {
            let output = daemon.docker_with(&cli, args).output().unwrap();
            (output.status.success(), text(&output.stderr))
        };
        for args in [["push", &name], ["pull", &name]] {
            let (success, said) = tried(&args);
            assert!(!success);
            assert!(said.contains("no basic auth credentials"), "{said}");
        }
        let refused = login(&daemon, &cli, &registry.host, "wrong");
        let said = text(&refused.stderr);
        assert!(!refused.status.success());
        let words = format!(
            "login attempt to http://{}/v2/ failed with status: 401 Unauthorized",
            registry.host
        );
        assert!(said.contains(&words), "{said}");

        let accepted = login(&daemon, &cli, &registry.host, ACCOUNT.1);
        assert!(
            text(&accepted.stdout).contains("Login Succeeded"),
            "{accepted:?}"
        );
        daemon.docker_of(&cli, &["push", &name]);
        daemon.docker_of(&cli, &["pull", &name]);
        let seen = daemon.docker_of(&cli, &["manifest", "inspect", "--insecure", &name]);
        assert!(
            seen.contains("vnd.docker.distribution.manifest.v2+json"),
            "{seen}"
        );
        daemon.docker_of(&cli, &["logout", &registry.host]);
        assert!(!tried(&["pull", &name]).0);
    }
}

#[test]
fn tokens_are_asked_for_with_the_scope_that_is_needed() {
    let service = Liar::start(|request| {
        let known = request
            .headers
            .get("authorization")
            // alice:s3cret
            .is_some_and(|it| it == "Basic YWxpY2U6czNjcmV0");
        match known {
            true => Reply::new(200, r#"{"token":"t0k","expires_in":60}"#),
            false => Reply::new(401, r#"{"details":"incorrect username or password"}"#),
        }
    });
    let realm = format!(
        "Bearer realm=\"http://{}/token\",service=\"s\"",
        service.host
    );
    let registry = Liar::start(move |request| {
        let known = request
            .headers
            .get("authorization")
            .is_some_and(|it| it == "Bearer t0k");
        match (known, request.path.as_str()) {
            (false, _) => Reply::new(401, "{}").header("WWW-Authenticate", realm.clone()),
            (true, "/v2/") => Reply::new(200, "{}"),
            _ => Reply::new(
                404,
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","detail":{}}]}"#,
            ),
        }
    });
    let daemon = Daemon::start();
    let cli = &clis()[0];
    let refused = login(&daemon, cli, &registry.host, "wrong");
    let said = text(&refused.stderr);
    assert!(
        said.contains("unauthorized: incorrect username or password"),
        "{said}"
    );
    let accepted = login(&daemon, cli, &registry.host, ACCOUNT.1);
    assert!(accepted.status.success(), "{accepted:?}");
    let pull = daemon.try_docker(&["pull", &format!("{}/team/x:1", registry.host)]);
    let said = text(&pull.stderr);
    assert!(said.contains("manifest unknown"), "{said}");
    let asked: Vec<String> = service.seen().into_iter().map(|it| it.path).collect();
    let last = asked.last().unwrap();
    assert!(last.contains("scope=repository:team/x:pull"), "{asked:?}");
    assert!(
        last.contains("service=s") && last.contains("account=alice"),
        "{asked:?}"
    );
}

#[test]
fn a_registry_is_searched() {
    let registry = Liar::start(|request| match request.path.as_str() {
        "/v1/_ping" => Reply::new(200, "true").header("X-Docker-Registry-Standalone", "true"),
        "/v1/search?q=team/x&n=25" => Reply::new(
            200,
            r#"{"num_results":2,"query":"team/x","results":[
                {"name":"team/x","description":"d","star_count":3,"is_official":true,"is_automated":false},
                {"name":"team/xy","description":"","star_count":0}]}"#,
        ),
        _ => Reply::new(404, ""),
    });
    let daemon = Daemon::start();
    let term = format!("{}/team/x", registry.host);
    for cli in clis() {
        let found = daemon.docker_of(
            &cli,
            &["search", "--format", "{{.Name}} {{.StarCount}}", &term],
        );
        assert_eq!(found, "team/x 3\nteam/xy 0");
        let args = [
            "search",
            "-f",
            "is-official=true",
            "--format",
            "{{.Name}}",
            &term,
        ];
        assert_eq!(daemon.docker_of(&cli, &args), "team/x");
        let args = ["search", "-f", "stars=4", "--format", "{{.Name}}", &term];
        assert_eq!(daemon.docker_of(&cli, &args), "");
    }
    for (query, status, words) in [
        (
            "term=x&limit=0",
            400,
            "Limit 0 is outside the range of [1, 100]",
        ),
        (
            "term=x&limit=101",
            400,
            "Limit 101 is outside the range of [1, 100]",
        ),
        ("term=http://x/y", 500, "Invalid repository name"),
        ("term=127.0.0.1:1/x", 500, "invalid registry endpoint"),
    ] {
        let (seen, body) = daemon.http("GET", &format!("/v1.40/images/search?{query}"), None);
        assert_eq!(seen, status, "{query}: {body}");
        assert!(body.contains(words), "{query}: {body}");
    }
}

#[test]
fn a_registry_tells_what_it_has() {
    for registry in Registry::open_ones() {
        let daemon = Daemon::start();
        let name = format!("{}/box:1", registry.host);
        daemon.docker(&["tag", "box", &name]);
        daemon.docker(&["push", &name]);
        let (status, body) = daemon.http("GET", &format!("/v1.40/distribution/{name}/json"), None);
        assert_eq!(status, 200, "{body}");
        let pinned = daemon.docker(&["image", "inspect", "-f", "{{index .RepoDigests 0}}", &name]);
        let digest = pinned.split('@').nth(1).unwrap();
        assert!(body.contains(&format!("\"digest\":\"{digest}\"")), "{body}");
        assert!(body.contains(r#""os":"linux""#), "{body}");
        let id = daemon.docker(&["image", "inspect", "-f", "{{.Id}}", "box"]);
        for (name, status, words) in [
            (format!("{}/box:2", registry.host), 404, "manifest unknown"),
            (
                id["sha256:".len()..].to_owned(),
                400,
                "no manifest found for full image ID",
            ),
            ("A".to_owned(), 400, "invalid reference format"),
        ] {
            let path = format!("/v1.40/distribution/{name}/json");
            let (seen, body) = daemon.http("GET", &path, None);
            assert_eq!(seen, status, "{name}: {body}");
            assert!(body.contains(words), "{name}: {body}");
        }
    }
}
