//! Further processes in a container.

use longshore_api::body::Hijack;
use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::exec::*;
use longshore_api::scalar::Base64;
use longshore_api::types;
use longshore_engine::exec::{ExecConfig, ExecPhase};

use super::container::window;
use super::{Api, failed};

impl Exec for Api {
    async fn container_exec(
        &self,
        _cx: Context,
        id: String,
        body: types::ContainerExecRequest,
    ) -> Result<types::IdResponse, ApiError> {
        let config = ExecConfig {
            command: body.cmd.unwrap_or_default(),
            env: body.env.unwrap_or_default(),
            user: body.user,
            working_dir: body.working_dir,
            privileged: body.privileged,
            tty: body.tty,
            attach_stdin: body.attach_stdin,
            attach_stdout: body.attach_stdout,
            attach_stderr: body.attach_stderr,
            detach_keys: body.detach_keys,
        };
        let id = self.engine.exec().create(&id, config).map_err(failed)?;
        Ok(types::IdResponse { id })
    }

    async fn exec_start(
        &self,
        _cx: Context,
        id: String,
        body: types::ExecStartRequest,
    ) -> Result<ExecStartResponse, ApiError> {
        let session = self.engine.exec().start(&id, body.tty, None);
        let session = session.map_err(failed)?;
        if body.detach {
            session.detach().await.map_err(failed)?;
            return Ok(ExecStartResponse::Empty);
        }
        Ok(ExecStartResponse::Hijacked(if session.tty {
            Hijack::raw(|client| session.run(client))
        } else {
            Hijack::multiplexed(|client| session.run(client))
        }))
    }

    async fn exec_resize(
        &self,
        _cx: Context,
        id: String,
        query: ExecResizeQuery,
    ) -> Result<(), ApiError> {
        let (rows, cols) = window(query.h, query.w)?;
        let resized = self.engine.exec().resize(&id, rows, cols).await;
        resized.map_err(failed)
    }

    async fn exec_inspect(
        &self,
        _cx: Context,
        id: String,
    ) -> Result<types::ExecInspectResponse, ApiError> {
        let info = self.engine.exec().inspect(&id).map_err(failed)?;
        let (running, pid, exit_code) = match info.phase {
            ExecPhase::Created | ExecPhase::Starting => (false, 0, None),
            ExecPhase::Running(pid) => (true, pid, None),
            ExecPhase::Ended { exit_code, pid } => (false, pid, Some(exit_code)),
        };
        let config = info.config;
        let mut command = config.command.into_iter();
        Ok(types::ExecInspectResponse {
            id: info.id,
            running,
            exit_code: exit_code.map(i64::from),
            process_config: Some(types::ProcessConfig {
                tty: config.tty,
                entrypoint: command.next().unwrap_or_default(),
                arguments: Some(command.collect()),
                privileged: Some(config.privileged),
                user: (!config.user.is_empty()).then_some(config.user),
            }),
            open_stdin: config.attach_stdin,
            open_stdout: config.attach_stdout,
            open_stderr: config.attach_stderr,
            can_remove: false,
            container_id: info.container,
            detach_keys: Some(Base64(info.detach_keys)),
            pid: i64::from(pid),
        })
    }
}
