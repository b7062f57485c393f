// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Task`].

use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::task::{Task, TaskListQuery, TaskLogsQuery};
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Task.
    #[must_use]
    pub fn task<T: Task>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Task, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Task> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::TaskList => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let query = call.query(TaskListQuery::decode).await?;
                let mut body = api.task_list(call.context, query).await?;
                if exact {
                    for item in body.iter_mut() {
                        item.gate(version);
                    }
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::TaskInspect => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let mut body = api.task_inspect(call.context, call.name).await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::TaskLogs => Box::pin(async move {
                let asked = call.version();
                let query = call.query(TaskLogsQuery::decode).await?;
                let body = api.task_logs(call.context, call.name, query).await?;
                Ok(answer::logs(body, asked))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
