// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Task.

use crate::body::LogStream;
use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::scalar::Timestamp;
use crate::version::ApiVersion;

/// Tasks of services of a swarm.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Task: Send + Sync + 'static {
    /// Lists tasks.
    ///
    /// `GET /tasks`
    fn task_list(
        &self,
        _cx: Context,
        _query: TaskListQuery,
    ) -> impl Future<Output = Result<Vec<types::Task>, ApiError>> + Send {
        async { Err(not_implemented(Operation::TaskList)) }
    }

    /// Tells everything about one task.
    ///
    /// `GET /tasks/{id}`
    fn task_inspect(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<types::Task, ApiError>> + Send {
        async { Err(not_implemented(Operation::TaskInspect)) }
    }

    /// Sends what a task has written.
    ///
    /// `GET /tasks/{id}/logs`
    fn task_logs(
        &self,
        _cx: Context,
        _id: String,
        _query: TaskLogsQuery,
    ) -> impl Future<Output = Result<LogStream, ApiError>> + Send {
        async { Err(not_implemented(Operation::TaskLogs)) }
    }
}

/// The query of `GET /tasks`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskListQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl TaskListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<TaskListQuery, ApiError> {
        Ok(TaskListQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `GET /tasks/{id}/logs`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskLogsQuery {
    /// `details`: a boolean.
    pub details: bool,
    /// `follow`: a boolean.
    pub follow: bool,
    /// `stdout`: a boolean.
    pub stdout: bool,
    /// `stderr`: a boolean.
    pub stderr: bool,
    /// `since`: a time, in seconds since the epoch with a fraction.
    pub since: Option<Timestamp>,
    /// `timestamps`: a boolean.
    pub timestamps: bool,
    /// `tail`: a text.
    pub tail: Option<String>,
}

impl TaskLogsQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<TaskLogsQuery, ApiError> {
        Ok(TaskLogsQuery {
            details: params.flag("details", false),
            follow: params.flag("follow", false),
            stdout: params.flag("stdout", false),
            stderr: params.flag("stderr", false),
            since: params.time("since")?,
            timestamps: params.flag("timestamps", false),
            tail: params.text("tail"),
        })
    }
}
