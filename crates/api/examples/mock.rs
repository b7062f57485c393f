//! A Docker engine of one container that never changes, in the traits of this
//! crate: what is not written here answers 501.
//!
//! ```text
//! cargo run --example mock -- /tmp/mock.sock
//! docker -H unix:///tmp/mock.sock ps
//! ```

use std::sync::Arc;

use longshore_api::body::Text;
use longshore_api::container::{Container, ContainerListQuery};
use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::routes::NEWEST;
use longshore_api::scalar::UnixSeconds;
use longshore_api::server::{Router, Server, ServerInfo};
use longshore_api::system::System;
use longshore_api::types::{ContainerSummary, SystemInfo, SystemVersion};
use longshore_api::version::ApiVersion;

/// The engine: it has no state.
pub struct Mock;

impl System for Mock {
    async fn system_ping(&self, _cx: Context) -> Result<Text, ApiError> {
        Ok("OK".into())
    }

    async fn system_version(&self, _cx: Context) -> Result<SystemVersion, ApiError> {
        Ok(SystemVersion {
            version: "0.1.0-mock".into(),
            api_version: NEWEST.to_string(),
            min_api_version: ApiVersion::MIN.to_string().into(),
            os: "linux".into(),
            arch: "amd64".into(),
            ..SystemVersion::default()
        })
    }

    async fn system_info(&self, _cx: Context) -> Result<SystemInfo, ApiError> {
        Ok(SystemInfo {
            name: "mock".into(),
            containers: 1,
            containers_running: 1,
            ..SystemInfo::default()
        })
    }
}

impl Container for Mock {
    async fn container_list(
        &self,
        _cx: Context,
        query: ContainerListQuery,
    ) -> Result<Vec<ContainerSummary>, ApiError> {
        query.filters.only(&["id", "name", "status"])?;
        let only = ContainerSummary {
            id: "c0ffee".repeat(11)[..64].into(),
            names: Some(vec!["/patience".into()]),
            image: "rock:latest".into(),
            command: "sleep forever".into(),
            created: UnixSeconds(1_600_000_000),
            state: "running".into(),
            status: "Up 6 years".into(),
            ..ContainerSummary::default()
        };
        let wanted = query.filters.matches_by("id", |id| only.id.starts_with(id))
            && query.filters.matches("name", "patience")
            && query.filters.matches("status", "running");
        Ok(wanted.then_some(only).into_iter().collect())
    }
}

/// The server for it.
pub fn server() -> Server {
    let mock = Arc::new(Mock);
    let info = ServerInfo {
        server: "Docker/0.1.0-mock (linux)".into(),
        ..ServerInfo::default()
    };
    Server::new(Router::new(info).system(Arc::clone(&mock)).container(mock))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let path = std::env::args().nth(1).unwrap_or("/tmp/mock.sock".into());
    let listener = tokio::net::UnixListener::bind(&path)?;
    println!("docker -H unix://{path} ps");
    server().serve(listener).await;
    Ok(())
}
