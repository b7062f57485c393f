// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Plugin.

use crate::body::{ByteStream, JsonLines};
use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::registry_auth::RegistryAuth;
use crate::version::ApiVersion;

/// Plugins.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Plugin: Send + Sync + 'static {
    /// Lists plugins.
    ///
    /// `GET /plugins`
    fn plugin_list(
        &self,
        _cx: Context,
        _query: PluginListQuery,
    ) -> impl Future<Output = Result<Vec<types::Plugin>, ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginList)) }
    }

    /// Makes a plugin from a tar archive.
    ///
    /// `POST /plugins/create`
    fn plugin_create(
        &self,
        _cx: Context,
        _query: PluginCreateQuery,
        _body: ByteStream,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginCreate)) }
    }

    /// Tells what a plugin wants to be allowed before it is installed.
    ///
    /// `GET /plugins/privileges`
    fn get_plugin_privileges(
        &self,
        _cx: Context,
        _query: GetPluginPrivilegesQuery,
        _registry_auth: RegistryAuth,
    ) -> impl Future<Output = Result<Vec<types::PluginPrivilege>, ApiError>> + Send {
        async { Err(not_implemented(Operation::GetPluginPrivileges)) }
    }

    /// Installs a plugin from a registry.
    ///
    /// `POST /plugins/pull`
    fn plugin_pull(
        &self,
        _cx: Context,
        _query: PluginPullQuery,
        _registry_auth: RegistryAuth,
        _body: Vec<types::PluginPrivilege>,
    ) -> impl Future<Output = Result<PluginPullResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginPull)) }
    }

    /// Removes a plugin.
    ///
    /// `DELETE /plugins/{name}`
    fn plugin_delete(
        &self,
        _cx: Context,
        _name: String,
        _query: PluginDeleteQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginDelete)) }
    }

    /// Stops a plugin.
    ///
    /// `POST /plugins/{name}/disable`
    fn plugin_disable(
        &self,
        _cx: Context,
        _name: String,
        _query: PluginDisableQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginDisable)) }
    }

    /// Starts a plugin.
    ///
    /// `POST /plugins/{name}/enable`
    fn plugin_enable(
        &self,
        _cx: Context,
        _name: String,
        _query: PluginEnableQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginEnable)) }
    }

    /// Tells everything about one plugin.
    ///
    /// `GET /plugins/{name}/json`
    fn plugin_inspect(
        &self,
        _cx: Context,
        _name: String,
    ) -> impl Future<Output = Result<types::Plugin, ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginInspect)) }
    }

    /// Sends a plugin to its registry.
    ///
    /// `POST /plugins/{name}/push`
    fn plugin_push(
        &self,
        _cx: Context,
        _name: String,
        _registry_auth: RegistryAuth,
    ) -> impl Future<Output = Result<JsonLines<types::PushImageInfo>, ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginPush)) }
    }

    /// Changes the settings of a plugin.
    ///
    /// `POST /plugins/{name}/set`
    fn plugin_set(
        &self,
        _cx: Context,
        _name: String,
        _body: Vec<String>,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginSet)) }
    }

    /// Replaces a plugin by another version.
    ///
    /// `POST /plugins/{name}/upgrade`
    fn plugin_upgrade(
        &self,
        _cx: Context,
        _name: String,
        _query: PluginUpgradeQuery,
        _registry_auth: RegistryAuth,
        _body: Vec<types::PluginPrivilege>,
    ) -> impl Future<Output = Result<PluginUpgradeResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::PluginUpgrade)) }
    }
}

/// The answer of `POST /plugins/pull`: headers and body.
#[derive(Debug)]
pub struct PluginPullResponse {
    /// The header `Docker-Plugin-Name`.
    pub plugin_name: String,
    /// The body.
    pub body: JsonLines<types::CreateImageInfo>,
}

/// The answer of `POST /plugins/{name}/upgrade`: headers and body.
#[derive(Debug)]
pub struct PluginUpgradeResponse {
    /// The header `Docker-Plugin-Name`.
    pub plugin_name: String,
    /// The body.
    pub body: JsonLines<types::CreateImageInfo>,
}

/// The query of `GET /plugins`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginListQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl PluginListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<PluginListQuery, ApiError> {
        Ok(PluginListQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `POST /plugins/create`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginCreateQuery {
    /// `name`: a text, empty when absent.
    pub name: String,
}

impl PluginCreateQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<PluginCreateQuery, ApiError> {
        Ok(PluginCreateQuery {
            name: params.required_text("name"),
        })
    }
}

/// The query of `GET /plugins/privileges`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetPluginPrivilegesQuery {
    /// `remote`: a text, empty when absent.
    pub remote: String,
}

impl GetPluginPrivilegesQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<GetPluginPrivilegesQuery, ApiError> {
        Ok(GetPluginPrivilegesQuery {
            remote: params.required_text("remote"),
        })
    }
}

/// The query of `POST /plugins/pull`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginPullQuery {
    /// `remote`: a text, empty when absent.
    pub remote: String,
    /// `name`: a text.
    pub name: Option<String>,
}

impl PluginPullQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<PluginPullQuery, ApiError> {
        Ok(PluginPullQuery {
            remote: params.required_text("remote"),
            name: params.text("name"),
        })
    }
}

/// The query of `DELETE /plugins/{name}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginDeleteQuery {
    /// `force`: a boolean.
    pub force: bool,
}

impl PluginDeleteQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<PluginDeleteQuery, ApiError> {
        Ok(PluginDeleteQuery {
            force: params.flag("force", false),
        })
    }
}

/// The query of `POST /plugins/{name}/disable`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginDisableQuery {
    /// `force`: a boolean.
    pub force: bool,
}

impl PluginDisableQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<PluginDisableQuery, ApiError> {
        Ok(PluginDisableQuery {
            force: params.flag("force", false),
        })
    }
}

/// The query of `POST /plugins/{name}/enable`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginEnableQuery {
    /// `timeout`: a number.
    pub timeout: Option<i64>,
}

impl PluginEnableQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<PluginEnableQuery, ApiError> {
        Ok(PluginEnableQuery {
            timeout: params.integer("timeout")?,
        })
    }
}

/// The query of `POST /plugins/{name}/upgrade`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginUpgradeQuery {
    /// `remote`: a text, empty when absent.
    pub remote: String,
}

impl PluginUpgradeQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<PluginUpgradeQuery, ApiError> {
        Ok(PluginUpgradeQuery {
            remote: params.required_text("remote"),
        })
    }
}
