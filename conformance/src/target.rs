//! The engine under judgement: what it is, and what it can do. Asked once.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::coverage::Coverage;
use crate::endpoint::Endpoint;
use crate::http::{self, Request};
use crate::image;
use crate::memory::Memory;
use crate::registry::Registries;
use crate::schema;

/// An endpoint that answered, with the judge's image in it.
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    /// A second address, `host:port`, where the same engine answers over TCP.
    pub(crate) tcp: Option<String>,
    /// Does it live for this run only?
    pub(crate) is_private: bool,
    /// `dockerd`, `podman`, `longshored` …: the name of its expectations.
    pub(crate) name: String,
    /// The engine's own version.
    pub(crate) version: String,
    /// Oldest and newest API version it announces.
    pub(crate) api_range: (String, String),
    /// The versions that this run judges, oldest first.
    pub(crate) versions: Vec<&'static str>,
    /// Unlike any other run's, so that names never collide.
    pub(crate) run: String,
    /// The events of this run.
    pub(crate) memory: Memory,
    /// What it can pull from and push to.
    pub(crate) registries: Registries,
    /// What the cases have exercised of the documents.
    pub(crate) coverage: Coverage,
    bridge: OnceLock<bool>,
}

impl Target {
    /// Asks the endpoint what it is.
    pub(crate) fn probe(
        endpoint: Endpoint,
        api: Option<&str>,
        name: Option<&str>,
    ) -> Result<Self, String> {
        let mut reply = http::send(&endpoint, &Request::new("GET", "/version"))
            .map_err(|e| format!("{endpoint} does not answer: {e}"))?;
        let server = reply.head.header("Server").unwrap_or("").to_owned();
        let body = reply.read_all().map_err(|e| format!("{endpoint}: {e}"))?;
        let facts: Value = serde_json::from_slice(&body).map_err(|_| {
            format!(
                "{endpoint}: GET /version answered {}",
                reply.head.status_line
            )
        })?;
        let text = |key: &str| facts[key].as_str().unwrap_or("").to_owned();
        let (oldest, newest) = (text("MinAPIVersion"), text("ApiVersion"));
        let versions: Vec<_> = schema::versions()
            .filter(|v| !is_older(v, &oldest) && !is_older(&newest, v))
            .filter(|v| api.is_none_or(|api| api == *v))
            .collect();
        if versions.is_empty() {
            return Err(format!(
                "{endpoint} serves API {oldest} to {newest}: nothing to judge{}",
                api.map(|a| format!(" at {a}")).unwrap_or_default()
            ));
        }
        Ok(Self {
            name: name.map_or_else(|| recognise(&facts, &server), str::to_owned),
            version: text("Version"),
            api_range: (oldest, newest),
            versions,
            run: new_run(),
            coverage: Coverage::default(),
            bridge: OnceLock::new(),
            tcp: None,
            is_private: false,
            memory: Memory::default(),
            registries: Registries::default(),
            endpoint,
        })
    }

    /// A registry that is judged by itself, told apart by its program.
    pub(crate) fn registry(address: &str, name: &str) -> Self {
        Self {
            endpoint: Endpoint::Tcp(address.to_owned()),
            tcp: None,
            is_private: false,
            name: name.to_owned(),
            version: String::new(),
            api_range: Default::default(),
            versions: vec![schema::NEWEST],
            run: new_run(),
            memory: Memory::default(),
            registries: Registries::default(),
            coverage: Coverage::default(),
            bridge: OnceLock::new(),
        }
    }

    /// The judge's image.
    pub(crate) fn image(&self) -> String {
        format!("{}:latest", self.run)
    }

    /// Brings the judge's image into the engine.
    pub(crate) fn import(&self) -> Result<(), String> {
        let path = format!(
            "/images/create?fromSrc=-&repo={}&tag=latest&changes=CMD%20%5B%22sleep%22%2C%22600%22%5D",
            self.run
        );
        let request = Request::new("POST", &path).body("application/x-tar", image::rootfs()?);
        let mut reply = http::send(&self.endpoint, &request).map_err(|e| format!("import: {e}"))?;
        let body = reply.read_all().map_err(|e| format!("import: {e}"))?;
        let body = String::from_utf8_lossy(&body);
        if reply.head.status != 200 || !body.contains("sha256:") {
            return Err(format!(
                "importing the judge's image: {} {body}",
                reply.head.status
            ));
        }
        Ok(())
    }

    /// Takes the image out again; the engine is left as it was found.
    pub(crate) fn clean(&self) -> Result<(), String> {
        let path = format!("/images/{}?force=1", self.image());
        let reply = http::send(&self.endpoint, &Request::new("DELETE", &path));
        let status = reply.map_err(|e| format!("clean-up: {e}"))?.head.status;
        if status != 200 {
            return Err(format!("removing the judge's image answered {status}"));
        }
        Ok(())
    }

    /// Can a container have an address? Tried once, with a real one.
    pub(crate) fn has_bridge(&self) -> bool {
        *self
            .bridge
            .get_or_init(|| self.try_bridge().unwrap_or(false))
    }

    fn try_bridge(&self) -> Option<bool> {
        let call = |method: &str, path: String, body: Value| -> Option<Value> {
            let mut request = Request::new(method, &path);
            if !body.is_null() {
                request = request.body("application/json", body.to_string());
            }
            let body = http::send(&self.endpoint, &request).ok()?.read_all().ok()?;
            Some(serde_json::from_slice(&body).unwrap_or(Value::Null))
        };
        let made = call(
            "POST",
            "/containers/create".into(),
            json!({"Image": self.image()}),
        )?;
        let id = made["Id"].as_str()?;
        call("POST", format!("/containers/{id}/start"), Value::Null)?;
        let seen = call("GET", format!("/containers/{id}/json"), Value::Null)?;
        call("DELETE", format!("/containers/{id}?force=1"), Value::Null)?;
        let address = &seen["NetworkSettings"]["Networks"]["bridge"]["IPAddress"];
        Some(address.as_str().is_some_and(|a| !a.is_empty()))
    }
}

/// A name that no other run has.
fn new_run() -> String {
    let number = std::process::id() as u128 + nanoseconds() % 0xff_ffff * 0x10000;
    format!("cf{number:x}")
}

/// The same order as the engine's: numbers between dots.
pub(crate) fn is_older(a: &str, b: &str) -> bool {
    let parts = |v: &str| -> Vec<u32> { v.split('.').map(|p| p.parse().unwrap_or(0)).collect() };
    parts(a) < parts(b)
}

fn recognise(facts: &Value, server: &str) -> String {
    let component = facts["Components"][0]["Name"].as_str().unwrap_or("");
    let platform = facts["Platform"]["Name"].as_str().unwrap_or("");
    let all = format!("{component} {platform} {server}").to_lowercase();
    let known = ["podman", "longshore"]
        .into_iter()
        .find(|n| all.contains(n));
    match known {
        Some("longshore") => "longshored",
        Some(name) => name,
        None => "dockerd",
    }
    .to_owned()
}

fn nanoseconds() -> u128 {
    std::time::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default()
        .as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(is_older("1.4", "1.35"));
        assert!(!is_older("1.40", "1.35"));
    }

    #[test]
    fn engines_are_told_apart() {
        let podman = json!({"Components": [{"Name": "Podman Engine"}]});
        assert_eq!(recognise(&podman, "Libpod/4.3.1 (linux)"), "podman");
        assert_eq!(recognise(&json!({}), "Docker/20.10.24 (linux)"), "dockerd");
        assert_eq!(
            recognise(&json!({"Platform": {"Name": "Longshore"}}), ""),
            "longshored"
        );
    }
}
