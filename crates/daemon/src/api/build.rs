//! The builder: the query becomes a request, lines of a build become JSON.

use longshore_api::body::{ByteStream, JsonLines};
use longshore_api::error::ApiError;
use longshore_api::image::ImageBuildQuery;
use longshore_api::registry_auth::RegistryConfig;
use longshore_api::types;
use longshore_engine::build::{Build, BuildRequest, Failure, Line, PrunedCache};
use serde_json::json;
use tokio::sync::mpsc;

use super::registry::detail;
use super::{Api, failed};

/// Lines that may wait for a slow client.
const WAITING: usize = 64;

impl Api {
    /// Builds, until the end or until the client leaves.
    pub(super) async fn build(
        &self,
        query: ImageBuildQuery,
        auths: RegistryConfig,
        body: ByteStream,
    ) -> Result<JsonLines<types::BuildInfo>, ApiError> {
        let request = BuildRequest {
            auths: auths.0,
            ..request(query)?
        };
        let builds = self.engine.builds();
        let prepared = builds.prepare(request, body.blocking_reader()).await;
        let build = prepared.map_err(failed)?;
        let (to_client, answer) = JsonLines::channel(WAITING);
        tokio::spawn(async move {
            let leave = to_client.clone();
            tokio::select! {
                () = leave.closed() => {}
                () = tell(build, to_client) => {}
            }
        });
        Ok(answer)
    }
}

/// What was removed of the cache.
pub(super) fn pruned(pruned: PrunedCache) -> types::BuildPruneResponse {
    types::BuildPruneResponse {
        caches_deleted: Some(pruned.images).filter(|list| !list.is_empty()).into(),
        space_reclaimed: i64::try_from(pruned.reclaimed).unwrap_or(i64::MAX),
    }
}

/// Passes the lines of a build on.
async fn tell(build: Build, to_client: mpsc::Sender<Result<types::BuildInfo, ApiError>>) {
    let (sender, mut lines) = mpsc::channel(1);
    let pass = async {
        while let Some(line) = lines.recv().await {
            if to_client.send(Ok(encode(line))).await.is_err() {
                return;
            }
        }
    };
    let (done, ()) = tokio::join!(build.run(sender), pass);
    if let Err(Failure { error, code }) = done {
        // A client that has left is told nothing.
        to_client
            .send(Err(failed(error).with_code(code)))
            .await
            .ok();
    }
}

fn encode(line: Line) -> types::BuildInfo {
    match line {
        Line::Text(text) => types::BuildInfo {
            stream: Some(text),
            ..types::BuildInfo::default()
        },
        Line::Image { name, id } => types::BuildInfo {
            id: name.map(str::to_owned),
            aux: Some(json!({ "ID": id })),
            ..types::BuildInfo::default()
        },
        Line::Progress(line) => types::BuildInfo {
            id: Some(line.id).filter(|id| !id.is_empty()),
            status: Some(line.status),
            progress: line.amount.map(|amount| amount.bar()),
            progress_detail: line.amount.map(detail),
            ..types::BuildInfo::default()
        },
    }
}

fn request(query: ImageBuildQuery) -> Result<BuildRequest, ApiError> {
    match query.version.as_deref() {
        None | Some("" | "1") => {}
        Some("2") => {
            return Err(ApiError::not_implemented(
                "BuildKit is not there yet: build with the classic builder, DOCKER_BUILDKIT=0 \
                 docker build, or without version=2",
            ));
        }
        Some(other) => {
            let text = format!("invalid version {other:?}");
            return Err(ApiError::bad_parameter(text));
        }
    }
    if let Some(isolation) = query.isolation.filter(|text| !text.is_empty())
        && !isolation.eq_ignore_ascii_case("default")
    {
        return Err(ApiError::bad_parameter(format!(
            "Unsupported isolation: {isolation:?}"
        )));
    }
    if !query.securityopt.is_empty() {
        return Err(ApiError::bad_parameter(
            "The daemon on this platform does not support setting security options on build",
        ));
    }
    let host = types::HostConfig {
        cpu_shares: query.cpushares.unwrap_or_default(),
        memory: query.memory.unwrap_or_default(),
        memory_swap: query.memswap.unwrap_or_default(),
        cpu_period: query.cpuperiod.unwrap_or_default(),
        cpu_quota: query.cpuquota.unwrap_or_default(),
        cpuset_cpus: query.cpusetcpus.unwrap_or_default(),
        cpuset_mems: query.cpusetmems.unwrap_or_default(),
        cgroup_parent: query.cgroupparent.unwrap_or_default(),
        shm_size: query.shmsize.unwrap_or_default(),
        ulimits: query.ulimits,
        network_mode: query.networkmode.unwrap_or_default(),
        extra_hosts: Some(query.extrahosts).filter(|hosts| !hosts.is_empty()),
        ..types::HostConfig::default()
    };
    Ok(BuildRequest {
        dockerfile: query.dockerfile.unwrap_or_default(),
        tags: query.t,
        remote: query.remote.unwrap_or_default(),
        quiet: query.q,
        no_cache: query.nocache,
        cache_from: query.cachefrom.unwrap_or_default(),
        pull: query.pull,
        remove: query.rm,
        force_remove: query.forcerm,
        build_args: query.buildargs.unwrap_or_default(),
        squash: query.squash,
        labels: query.labels.unwrap_or_default(),
        target: query.target.unwrap_or_default(),
        platform: query.platform.unwrap_or_default(),
        auths: Default::default(),
        host,
    })
}
