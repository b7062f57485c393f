//! Networks.

use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::network::*;
use longshore_api::types;
use longshore_api::version::ApiVersion;

use super::{Api, failed};

/// From this version on a list does not tell who is on the networks.
const LIST_WITHOUT_CONTAINERS: ApiVersion = ApiVersion::new(1, 28);

impl Network for Api {
    async fn network_list(
        &self,
        cx: Context,
        query: NetworkListQuery,
    ) -> Result<Vec<types::Network>, ApiError> {
        let with_containers = cx.version < LIST_WITHOUT_CONTAINERS;
        let listed = self.engine.networks().list(&query.filters, with_containers);
        listed.map_err(failed)
    }

    async fn network_create(
        &self,
        _cx: Context,
        body: types::NetworkCreateRequest,
    ) -> Result<types::NetworkCreateResponse, ApiError> {
        let made = self.engine.networks().create(body).await.map_err(failed)?;
        Ok(types::NetworkCreateResponse {
            id: made.id,
            warning: made.warning,
        })
    }

    async fn network_prune(
        &self,
        _cx: Context,
        query: NetworkPruneQuery,
    ) -> Result<types::NetworkPruneResponse, ApiError> {
        let pruned = self.engine.networks().prune(&query.filters).await;
        let names = pruned.map_err(failed)?;
        Ok(types::NetworkPruneResponse {
            networks_deleted: Some(names).filter(|names| !names.is_empty()),
        })
    }

    async fn network_delete(&self, _cx: Context, id: String) -> Result<(), ApiError> {
        self.engine.networks().remove(&id).await.map_err(failed)
    }

    async fn network_inspect(
        &self,
        _cx: Context,
        id: String,
        query: NetworkInspectQuery,
    ) -> Result<types::Network, ApiError> {
        let scope = query.scope.unwrap_or_default();
        self.engine.networks().inspect(&id, &scope).map_err(failed)
    }

    async fn network_connect(
        &self,
        _cx: Context,
        id: String,
        body: types::NetworkConnectRequest,
    ) -> Result<(), ApiError> {
        let settings = body.endpoint_config.unwrap_or_default();
        let networks = self.engine.networks();
        let connected = networks.connect(&id, &body.container, settings);
        connected.await.map_err(failed)
    }

    async fn network_disconnect(
        &self,
        _cx: Context,
        id: String,
        body: types::NetworkDisconnectRequest,
    ) -> Result<(), ApiError> {
        let networks = self.engine.networks();
        let gone = networks.disconnect(&id, &body.container, body.force);
        gone.await.map_err(failed)
    }
}
