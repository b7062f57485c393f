// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Secret.

use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::version::ApiVersion;

/// Secrets for services of a swarm.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Secret: Send + Sync + 'static {
    /// Lists secrets.
    ///
    /// `GET /secrets`
    fn secret_list(
        &self,
        _cx: Context,
        _query: SecretListQuery,
    ) -> impl Future<Output = Result<Vec<types::Secret>, ApiError>> + Send {
        async { Err(not_implemented(Operation::SecretList)) }
    }

    /// Creates a secret.
    ///
    /// `POST /secrets/create`
    fn secret_create(
        &self,
        _cx: Context,
        _body: types::SecretSpec,
    ) -> impl Future<Output = Result<types::SecretCreateResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::SecretCreate)) }
    }

    /// Removes a secret.
    ///
    /// `DELETE /secrets/{id}`
    fn secret_delete(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::SecretDelete)) }
    }

    /// Tells everything about one secret but its content.
    ///
    /// `GET /secrets/{id}`
    fn secret_inspect(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<types::Secret, ApiError>> + Send {
        async { Err(not_implemented(Operation::SecretInspect)) }
    }

    /// Changes the labels of a secret.
    ///
    /// `POST /secrets/{id}/update`
    fn secret_update(
        &self,
        _cx: Context,
        _id: String,
        _query: SecretUpdateQuery,
        _body: types::SecretSpec,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::SecretUpdate)) }
    }
}

/// The query of `GET /secrets`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretListQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl SecretListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<SecretListQuery, ApiError> {
        Ok(SecretListQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `POST /secrets/{id}/update`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretUpdateQuery {
    /// `version`: a number, which has to be there.
    pub version: i64,
}

impl SecretUpdateQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<SecretUpdateQuery, ApiError> {
        Ok(SecretUpdateQuery {
            version: params.required_integer("version")?,
        })
    }
}
