//! Volumes.

use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::types;
use longshore_api::volume::*;
use longshore_engine::volume::NewVolume;

use super::{Api, failed};

impl Volume for Api {
    async fn volume_list(
        &self,
        _cx: Context,
        query: VolumeListQuery,
    ) -> Result<types::VolumeListResponse, ApiError> {
        let listed = self.engine.volumes().list(&query.filters);
        Ok(types::VolumeListResponse {
            volumes: Some(listed.map_err(failed)?),
            warnings: None,
        })
    }

    async fn volume_create(
        &self,
        _cx: Context,
        body: types::VolumeCreateOptions,
    ) -> Result<types::Volume, ApiError> {
        let wanted = NewVolume {
            name: body.name,
            driver: body.driver,
            options: body.driver_opts,
            labels: body.labels,
        };
        self.engine.volumes().create(wanted).await.map_err(failed)
    }

    async fn volume_prune(
        &self,
        _cx: Context,
        query: VolumePruneQuery,
    ) -> Result<types::VolumePruneResponse, ApiError> {
        let pruned = self.engine.volumes().prune(&query.filters).await;
        let pruned = pruned.map_err(failed)?;
        Ok(types::VolumePruneResponse {
            volumes_deleted: Some(pruned.names),
            space_reclaimed: pruned.reclaimed.try_into().unwrap_or(i64::MAX),
        })
    }

    async fn volume_delete(
        &self,
        _cx: Context,
        name: String,
        query: VolumeDeleteQuery,
    ) -> Result<(), ApiError> {
        let removed = self.engine.volumes().remove(&name, query.force).await;
        removed.map_err(failed)
    }

    async fn volume_inspect(&self, _cx: Context, name: String) -> Result<types::Volume, ApiError> {
        self.engine.volumes().inspect(&name).map_err(failed)
    }
}
