//! Login: whether a registry knows the user.

use longshore_api::types::{AuthConfig, SystemAuthResponse};
use longshore_distribution::{Credentials, Error as RegistryError};

use super::Images;
use crate::error::{Error, Result};

impl Images {
    /// Shows credentials to the registry that they are for.
    pub async fn login(&self, auth: AuthConfig) -> Result<SystemAuthResponse> {
        let credentials = Credentials {
            username: auth.username.unwrap_or_default(),
            password: auth.password.unwrap_or_default(),
            identity_token: auth.identitytoken.unwrap_or_default(),
            registry_token: auth.registrytoken.unwrap_or_default(),
        };
        let server = auth.serveraddress.unwrap_or_default();
        let identity_token = self
            .shared
            .live()
            .registries
            .login(&server, &credentials)
            .await
            .map_err(|error| refused(&error))?;
        Ok(SystemAuthResponse {
            status: "Login Succeeded".to_owned(),
            identity_token,
        })
    }
}

/// Only a token server tells a wrong password from other failures.
fn refused(error: &RegistryError) -> Error {
    if let RegistryError::ServerAddress(_) = error {
        return Error::bad_parameter(error.to_string());
    }
    match error.refusal() {
        Some(refusal) if refusal.code == "UNAUTHORIZED" => Error::unauthorized(error.to_string()),
        _ => Error::system(error.to_string()),
    }
}
