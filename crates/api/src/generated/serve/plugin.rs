// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Plugin`].

use crate::generated::plugin::{
    GetPluginPrivilegesQuery, Plugin, PluginCreateQuery, PluginDeleteQuery, PluginDisableQuery,
    PluginEnableQuery, PluginListQuery, PluginPullQuery, PluginUpgradeQuery,
};
use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer::{self, Lines};
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Plugin.
    #[must_use]
    pub fn plugin<T: Plugin>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Plugin, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Plugin> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::PluginList => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let query = call.query(PluginListQuery::decode).await?;
                let mut body = api.plugin_list(call.context, query).await?;
                if exact {
                    for item in body.iter_mut() {
                        item.gate(version);
                    }
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::PluginCreate => Box::pin(async move {
                let query = call.query(PluginCreateQuery::decode).await?;
                let body = call.bytes();
                api.plugin_create(call.context, query, body).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::GetPluginPrivileges => Box::pin(async move {
                let query = call.query(GetPluginPrivilegesQuery::decode).await?;
                let registry_auth = call.registry_auth("x-registry-auth");
                let body = api
                    .get_plugin_privileges(call.context, query, registry_auth)
                    .await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::PluginPull => Box::pin(async move {
                let query = call.query(PluginPullQuery::decode).await?;
                let registry_auth = call.registry_auth("x-registry-auth");
                let body: Vec<types::PluginPrivilege> = call.json_or_default().await?;
                let given = api
                    .plugin_pull(call.context, query, registry_auth, body)
                    .await?;
                let body = given.body;
                let mut answer = answer::lines(body, Lines::Progress, |_| {});
                answer::set_text_header(&mut answer, "docker-plugin-name", &given.plugin_name);
                Ok(answer)
            }),
            Operation::PluginDelete => Box::pin(async move {
                let query = call.query(PluginDeleteQuery::decode).await?;
                api.plugin_delete(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::PluginDisable => Box::pin(async move {
                let query = call.query(PluginDisableQuery::decode).await?;
                api.plugin_disable(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::PluginEnable => Box::pin(async move {
                let query = call.query(PluginEnableQuery::decode).await?;
                api.plugin_enable(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::PluginInspect => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let mut body = api.plugin_inspect(call.context, call.name).await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::PluginPush => Box::pin(async move {
                let registry_auth = call.registry_auth("x-registry-auth");
                let body = api
                    .plugin_push(call.context, call.name, registry_auth)
                    .await?;
                Ok(answer::lines(body, Lines::Progress, |_| {}))
            }),
            Operation::PluginSet => Box::pin(async move {
                let body: Vec<String> = call.json_or_default().await?;
                api.plugin_set(call.context, call.name, body).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::PluginUpgrade => Box::pin(async move {
                let query = call.query(PluginUpgradeQuery::decode).await?;
                let registry_auth = call.registry_auth("x-registry-auth");
                let body: Vec<types::PluginPrivilege> = call.json_or_default().await?;
                let given = api
                    .plugin_upgrade(call.context, call.name, query, registry_auth, body)
                    .await?;
                let body = given.body;
                let mut answer = answer::lines(body, Lines::Progress, |_| {});
                answer::set_text_header(&mut answer, "docker-plugin-name", &given.plugin_name);
                Ok(answer)
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
