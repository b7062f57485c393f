//! Registry credentials in request headers: base64url of a JSON object.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::decode;

/// Credentials for one registry: the header `X-Registry-Auth`. All empty is
/// anonymous. `Debug` shows no secrets.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegistryAuth {
    /// Account name.
    pub username: String,
    /// The account's password or an access token in its place.
    pub password: String,
    /// `username:password` in base64, the form of client configuration files.
    pub auth: String,
    /// Where the credentials are valid.
    pub serveraddress: String,
    /// Refresh token, used in place of name and password.
    pub identitytoken: String,
    /// Bearer token, sent to the registry as it is.
    pub registrytoken: String,
}

impl RegistryAuth {
    /// Reads the header. As in dockerd a value that cannot be read is
    /// anonymous: the registry will say what it thinks of that.
    pub fn from_header(value: &str) -> RegistryAuth {
        from_header(value).unwrap_or_default()
    }

    /// Whether no credentials were given.
    pub fn is_anonymous(&self) -> bool {
        let RegistryAuth {
            username,
            password,
            auth,
            serveraddress: _,
            identitytoken,
            registrytoken,
        } = self;
        [username, password, auth, identitytoken, registrytoken]
            .iter()
            .all(|part| part.is_empty())
    }
}

impl fmt::Debug for RegistryAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryAuth")
            .field("username", &self.username)
            .field("serveraddress", &self.serveraddress)
            .finish_non_exhaustive()
    }
}

/// Credentials per registry host: the header `X-Registry-Config` of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryConfig(pub BTreeMap<String, RegistryAuth>);

impl RegistryConfig {
    /// Reads the header; what cannot be read is no credentials.
    pub fn from_header(value: &str) -> RegistryConfig {
        RegistryConfig(from_header(value).unwrap_or_default())
    }
}

fn from_header<T: DeserializeOwned>(value: &str) -> Option<T> {
    // Clients disagree on padding, and some use the standard alphabet.
    const LENIENT: GeneralPurposeConfig = general_purpose::PAD
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
    let text = value.trim().replace('+', "-").replace('/', "_");
    decode::from_slice(&URL_SAFE.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_or_not_url_safe_or_not() {
        let json = r#"{"username":"u","password":"p?>","serveraddress":"r.example"}"#;
        for value in [
            general_purpose::URL_SAFE.encode(json),
            general_purpose::URL_SAFE_NO_PAD.encode(json),
            general_purpose::STANDARD.encode(json),
        ] {
            let auth = RegistryAuth::from_header(&value);
            assert_eq!(
                (auth.username.as_str(), auth.password.as_str()),
                ("u", "p?>")
            );
            assert!(!auth.is_anonymous());
        }
    }

    #[test]
    fn unreadable_is_anonymous() {
        for value in ["", "e30=", "e30", "!!", "bm90IGpzb24", "bnVsbA==", "W10="] {
            assert!(RegistryAuth::from_header(value).is_anonymous(), "{value}");
        }
    }

    #[test]
    fn a_map_of_hosts() {
        let value = general_purpose::URL_SAFE.encode(r#"{"r.example":{"identitytoken":"t"}}"#);
        let config = RegistryConfig::from_header(&value);
        assert_eq!(config.0["r.example"].identitytoken, "t");
        assert_eq!(RegistryConfig::from_header("x"), RegistryConfig::default());
    }

    #[test]
    fn debug_tells_no_secret() {
        let auth = RegistryAuth {
            password: "hush".into(),
            auth: "hush".into(),
            identitytoken: "hush".into(),
            registrytoken: "hush".into(),
            ..RegistryAuth::default()
        };
        assert!(!format!("{auth:?}").contains("hush"));
    }
}
