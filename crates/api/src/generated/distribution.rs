// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Distribution.

use crate::context::Context;
use crate::error::ApiError;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::registry_auth::RegistryAuth;

/// What a registry has under a name.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Distribution: Send + Sync + 'static {
    /// Asks the registry of an image for its digest and platforms.
    ///
    /// `GET /distribution/{name}/json`
    fn distribution_inspect(
        &self,
        _cx: Context,
        _name: String,
        _registry_auth: RegistryAuth,
    ) -> impl Future<Output = Result<types::DistributionInspect, ApiError>> + Send {
        async { Err(not_implemented(Operation::DistributionInspect)) }
    }
}
