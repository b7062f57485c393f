//! Containers.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use longshore_api::body::{ByteStream, Deferred, Hijack, JsonLines, LogStream, OneOrLines};
use longshore_api::container::*;
use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::scalar::Timestamp;
use longshore_api::types;
use longshore_engine::container::attach::AttachRequest;
use longshore_engine::container::files::{ExtractOptions, PathStat};
use longshore_engine::container::logs::{LogQuery, parse_tail};
use longshore_engine::container::{CreateRequest, Done, ListQuery, WaitCondition};

use super::{Api, failed, instant, older};

impl Container for Api {
    async fn container_list(
        &self,
        _cx: Context,
        query: ContainerListQuery,
    ) -> Result<Vec<types::ContainerSummary>, ApiError> {
        let containers = self.engine.containers();
        let wanted = ListQuery {
            all: query.all,
            limit: query.limit,
            size: query.size,
        };
        let listed = containers.list(&wanted, &query.filters).await;
        listed.map_err(failed)
    }

    async fn container_prune(
        &self,
        _cx: Context,
        query: ContainerPruneQuery,
    ) -> Result<types::ContainerPruneResponse, ApiError> {
        let pruned = self.engine.containers().prune(&query.filters).await;
        let pruned = pruned.map_err(failed)?;
        Ok(types::ContainerPruneResponse {
            containers_deleted: (!pruned.containers.is_empty()).then_some(pruned.containers),
            space_reclaimed: pruned.reclaimed,
        })
    }

    async fn container_create(
        &self,
        cx: Context,
        query: ContainerCreateQuery,
        mut body: types::ContainerCreateRequest,
    ) -> Result<types::ContainerCreateResponse, ApiError> {
        // `null` as a body is read as an empty one; what it lacks is refused.
        let networks = body.networking_config.take();
        let mut host_config = body.host_config.take();
        if let Some(host_config) = &mut host_config {
            older::ipc_mode(cx.version, host_config);
        }
        let request = CreateRequest {
            name: query.name,
            host_config,
            endpoints: networks
                .and_then(|networks| networks.endpoints_config)
                .unwrap_or_default(),
            config: Some(body.into()),
        };
        let created = self.engine.containers().create(request).await;
        let created = created.map_err(failed)?;
        Ok(types::ContainerCreateResponse {
            id: created.id,
            warnings: Some(created.warnings),
        })
    }

    async fn container_inspect(
        &self,
        _cx: Context,
        id: String,
        query: ContainerInspectQuery,
    ) -> Result<types::ContainerInspectResponse, ApiError> {
        let inspected = self.engine.containers().inspect(&id, query.size).await;
        inspected.map_err(failed)
    }

    async fn container_top(
        &self,
        _cx: Context,
        id: String,
        query: ContainerTopQuery,
    ) -> Result<types::ContainerTopResponse, ApiError> {
        let ps_args = query.ps_args.as_deref().unwrap_or("-ef");
        let table = self.engine.containers().top(&id, ps_args).await;
        let table = table.map_err(failed)?;
        Ok(types::ContainerTopResponse {
            titles: Some(table.titles),
            processes: Some(table.rows),
        })
    }

    async fn container_logs(
        &self,
        _cx: Context,
        id: String,
        query: ContainerLogsQuery,
    ) -> Result<LogStream, ApiError> {
        let logs = self.engine.containers().logs(
            &id,
            LogQuery {
                follow: query.follow,
                stdout: query.stdout,
                stderr: query.stderr,
                since: instant(given(query.since))?,
                until: instant(given(query.until))?,
                timestamps: query.timestamps,
                details: query.details,
                tail: query.tail.as_deref().and_then(parse_tail),
                end: None,
            },
        );
        let mut logs = logs.map_err(failed)?;
        let bytes = futures_util::stream::poll_fn(move |task| {
            logs.bytes
                .poll_recv(task)
                .map(|item| item.map(|item| item.map_err(failed)))
        });
        Ok(if logs.tty {
            LogStream::raw(bytes)
        } else {
            LogStream::multiplexed(bytes)
        })
    }

    async fn container_export(&self, _cx: Context, id: String) -> Result<ByteStream, ApiError> {
        let export = self.engine.containers().export(&id).await.map_err(failed)?;
        Ok(ByteStream::written_by(move |out| export.write(out)))
    }

    async fn container_stats(
        &self,
        _cx: Context,
        id: String,
        query: ContainerStatsQuery,
    ) -> Result<OneOrLines<types::ContainerStats>, ApiError> {
        let containers = self.engine.containers();
        if !query.stream {
            // A container that is not there is told in the head.
            let watched = containers.stats_once(&id).await.map_err(failed)?;
            return Ok(OneOrLines::One(Deferred::ready(watched)));
        }
        let watcher = containers.stats(&id).map_err(failed)?;
        let lines = futures_util::stream::unfold(watcher, |mut watcher| async {
            let stats = watcher.next().await?;
            Some((Ok(stats), watcher))
        });
        Ok(OneOrLines::Lines(JsonLines::new(lines)))
    }

    async fn container_changes(
        &self,
        _cx: Context,
        id: String,
    ) -> Result<Option<Vec<types::FilesystemChange>>, ApiError> {
        let changes = self.engine.containers().changes(&id).await;
        let changes = changes.map_err(failed)?;
        Ok((!changes.is_empty()).then_some(changes))
    }

    async fn container_archive(
        &self,
        _cx: Context,
        id: String,
        query: ContainerArchiveQuery,
    ) -> Result<ContainerArchiveResponse, ApiError> {
        let found = self.engine.containers().archive(&id, &query.path).await;
        let (stat, packed) = found.map_err(failed)?;
        Ok(ContainerArchiveResponse {
            container_path_stat: path_stat(&stat),
            body: ByteStream::written_by(move |out| packed.write(out)),
        })
    }

    async fn container_archive_info(
        &self,
        _cx: Context,
        id: String,
        query: ContainerArchiveInfoQuery,
    ) -> Result<ContainerArchiveInfoResponse, ApiError> {
        let stat = self.engine.containers().path_stat(&id, &query.path).await;
        Ok(ContainerArchiveInfoResponse {
            container_path_stat: path_stat(&stat.map_err(failed)?),
        })
    }

    async fn put_container_archive(
        &self,
        _cx: Context,
        id: String,
        query: PutContainerArchiveQuery,
        body: ByteStream,
    ) -> Result<(), ApiError> {
        let options = ExtractOptions {
            no_overwrite_dir_non_dir: query.no_overwrite_dir_non_dir,
            copy_uid_gid: query.copy_uidgid,
        };
        let archive = body.blocking_reader();
        self.engine
            .containers()
            .extract(&id, &query.path, archive, options)
            .await
            .map_err(failed)
    }

    async fn container_resize(
        &self,
        _cx: Context,
        id: String,
        query: ContainerResizeQuery,
    ) -> Result<(), ApiError> {
        let (rows, cols) = window(query.h, query.w)?;
        let resized = self.engine.containers().resize(&id, rows, cols).await;
        resized.map_err(failed)
    }

    async fn container_start(
        &self,
        _cx: Context,
        id: String,
        _query: ContainerStartQuery,
    ) -> Result<ContainerStartResponse, ApiError> {
        let done = self.engine.containers().start(&id).await;
        Ok(match done.map_err(failed)? {
            Done::Now => ContainerStartResponse::NoContent,
            Done::Already => ContainerStartResponse::NotModified,
        })
    }

    async fn container_stop(
        &self,
        _cx: Context,
        id: String,
        query: ContainerStopQuery,
    ) -> Result<ContainerStopResponse, ApiError> {
        let done = self.engine.containers().stop(&id, query.t).await;
        Ok(match done.map_err(failed)? {
            Done::Now => ContainerStopResponse::NoContent,
            Done::Already => ContainerStopResponse::NotModified,
        })
    }

    async fn container_restart(
        &self,
        _cx: Context,
        id: String,
        query: ContainerRestartQuery,
    ) -> Result<(), ApiError> {
        let restarted = self.engine.containers().restart(&id, query.t).await;
        restarted.map_err(failed)
    }

    async fn container_kill(
        &self,
        _cx: Context,
        id: String,
        query: ContainerKillQuery,
    ) -> Result<(), ApiError> {
        let signal = query.signal.as_deref().unwrap_or("");
        let killed = self.engine.containers().kill(&id, signal).await;
        killed.map_err(failed)
    }

    async fn container_rename(
        &self,
        _cx: Context,
        id: String,
        query: ContainerRenameQuery,
    ) -> Result<(), ApiError> {
        let renamed = self.engine.containers().rename(&id, &query.name).await;
        renamed.map_err(failed)
    }

    async fn container_pause(&self, _cx: Context, id: String) -> Result<(), ApiError> {
        self.engine.containers().pause(&id).await.map_err(failed)
    }

    async fn container_unpause(&self, _cx: Context, id: String) -> Result<(), ApiError> {
        self.engine.containers().unpause(&id).await.map_err(failed)
    }

    async fn container_attach(
        &self,
        _cx: Context,
        id: String,
        query: ContainerAttachQuery,
    ) -> Result<Hijack, ApiError> {
        let request = AttachRequest {
            stdin: query.stdin,
            stdout: query.stdout,
            stderr: query.stderr,
            stream: query.stream,
            logs: query.logs,
            detach_keys: query.detach_keys.unwrap_or_default(),
        };
        self.attach(&id, request).await
    }

    async fn container_attach_websocket(
        &self,
        _cx: Context,
        id: String,
        query: ContainerAttachWebsocketQuery,
    ) -> Result<Hijack, ApiError> {
        let request = AttachRequest {
            stdin: true,
            stdout: true,
            stderr: true,
            stream: query.stream,
            logs: query.logs,
            detach_keys: query.detach_keys.unwrap_or_default(),
        };
        self.attach(&id, request).await
    }

    async fn container_update(
        &self,
        _cx: Context,
        id: String,
        body: types::ContainerUpdateRequest,
    ) -> Result<types::ContainerUpdateResponse, ApiError> {
        let updated = self.engine.containers().update(&id, body).await;
        let warnings = updated.map_err(failed)?;
        Ok(types::ContainerUpdateResponse { warnings })
    }

    async fn container_wait(
        &self,
        _cx: Context,
        id: String,
        query: ContainerWaitQuery,
    ) -> Result<Deferred<types::ContainerWaitResponse>, ApiError> {
        let condition = WaitCondition::parse(query.condition.as_deref().unwrap_or(""));
        let waiting = self.engine.containers().wait(&id, condition);
        let waiting = waiting.map_err(failed)?;
        Ok(Deferred::new(async move {
            let outcome = waiting.outcome().await;
            Ok(types::ContainerWaitResponse {
                status_code: outcome.exit_code,
                error: outcome
                    .error
                    .map(|message| types::ContainerWaitExitError { message }),
            })
        }))
    }

    async fn container_delete(
        &self,
        _cx: Context,
        id: String,
        query: ContainerDeleteQuery,
    ) -> Result<(), ApiError> {
        if query.link {
            return self.engine.containers().unlink(&id).await.map_err(failed);
        }
        let containers = self.engine.containers();
        let removed = containers.remove_with(&id, query.force, query.v).await;
        removed.map_err(failed)
    }
}

impl Api {
    async fn attach(&self, id: &str, request: AttachRequest) -> Result<Hijack, ApiError> {
        let attachment = self.engine.containers().attach(id, request).await;
        let attachment = attachment.map_err(failed)?;
        Ok(if attachment.tty {
            Hijack::raw(|client| attachment.run(client))
        } else {
            Hijack::multiplexed(|client| attachment.run(client))
        })
    }
}

/// The header `X-Docker-Container-Path-Stat`: JSON in base64.
fn path_stat(stat: &PathStat) -> String {
    let (seconds, nanoseconds) = stat.mtime;
    let nanoseconds = i32::try_from(nanoseconds).unwrap_or(0);
    let mtime = jiff::Timestamp::new(seconds, nanoseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let json = serde_json::json!({
        "name": String::from_utf8_lossy(&stat.name),
        "size": stat.size,
        "mode": stat.mode,
        "mtime": mtime.to_string(),
        "linkTarget": String::from_utf8_lossy(&stat.link_target),
    });
    BASE64_STANDARD.encode(json.to_string())
}

/// A time of a log query: clients send 0 for none.
fn given(time: Option<Timestamp>) -> Option<Timestamp> {
    time.filter(|time| time.unix_nanoseconds() != 0)
}

/// A terminal's size out of a query: rows, columns.
pub(super) fn window(h: i64, w: i64) -> Result<(u16, u16), ApiError> {
    let side = |name: &str, value: i64| {
        u16::try_from(value)
            .map_err(|_| ApiError::bad_parameter(format!("{name}={value}: not a terminal's size")))
    };
    Ok((side("h", h)?, side("w", w)?))
}
