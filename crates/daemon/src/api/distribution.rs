//! What registries have under a name.

use longshore_api::context::Context;
use longshore_api::distribution::Distribution;
use longshore_api::error::ApiError;
use longshore_api::registry_auth::RegistryAuth;
use longshore_api::types;

use super::{Api, failed};

impl Distribution for Api {
    async fn distribution_inspect(
        &self,
        _cx: Context,
        name: String,
        auth: RegistryAuth,
    ) -> Result<types::DistributionInspect, ApiError> {
        let found = self.engine.images().inspect_remote(&name, &auth).await;
        found.map_err(failed)
    }
}
