// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Volume.

use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::version::ApiVersion;

/// Volumes.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Volume: Send + Sync + 'static {
    /// Lists volumes.
    ///
    /// `GET /volumes`
    fn volume_list(
        &self,
        _cx: Context,
        _query: VolumeListQuery,
    ) -> impl Future<Output = Result<types::VolumeListResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::VolumeList)) }
    }

    /// Creates a volume, or finds the one of that name.
    ///
    /// `POST /volumes/create`
    fn volume_create(
        &self,
        _cx: Context,
        _body: types::VolumeCreateOptions,
    ) -> impl Future<Output = Result<types::Volume, ApiError>> + Send {
        async { Err(not_implemented(Operation::VolumeCreate)) }
    }

    /// Removes volumes that no container uses.
    ///
    /// `POST /volumes/prune`
    fn volume_prune(
        &self,
        _cx: Context,
        _query: VolumePruneQuery,
    ) -> impl Future<Output = Result<types::VolumePruneResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::VolumePrune)) }
    }

    /// Removes a volume that no container uses.
    ///
    /// `DELETE /volumes/{name}`
    fn volume_delete(
        &self,
        _cx: Context,
        _name: String,
        _query: VolumeDeleteQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::VolumeDelete)) }
    }

    /// Tells everything about one volume.
    ///
    /// `GET /volumes/{name}`
    fn volume_inspect(
        &self,
        _cx: Context,
        _name: String,
    ) -> impl Future<Output = Result<types::Volume, ApiError>> + Send {
        async { Err(not_implemented(Operation::VolumeInspect)) }
    }
}

/// The query of `GET /volumes`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumeListQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl VolumeListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<VolumeListQuery, ApiError> {
        Ok(VolumeListQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `POST /volumes/prune`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumePruneQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl VolumePruneQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<VolumePruneQuery, ApiError> {
        Ok(VolumePruneQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `DELETE /volumes/{name}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumeDeleteQuery {
    /// `force`: a boolean.
    pub force: bool,
}

impl VolumeDeleteQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<VolumeDeleteQuery, ApiError> {
        Ok(VolumeDeleteQuery {
            force: params.flag("force", false),
        })
    }
}
