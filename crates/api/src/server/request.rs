//! A routed request on its way to a handler: decoding of query and body.

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, Method};
use http_body::Body as _;
use http_body_util::{BodyExt, BodyStream, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use crate::body::ByteStream;
use crate::context::Context;
use crate::decode;
use crate::error::ApiError;
use crate::generated::routes::Operation;
use crate::query::Params;
use crate::registry_auth::{RegistryAuth, RegistryConfig};
use crate::version::ApiVersion;

/// JSON bodies beyond this are refused: they are held in memory.
const JSON_LIMIT: usize = 16 * 1024 * 1024;

/// Form bodies beyond this are refused, as Go does.
const FORM_LIMIT: usize = 10 * 1024 * 1024;

/// One request, after its route was found.
pub(crate) struct Call {
    /// What is called.
    pub(crate) operation: Operation,
    /// What the handler is told besides its arguments.
    pub(crate) context: Context,
    /// Whether newer fields are left out of answers to older versions.
    pub(crate) exact: bool,
    /// The name in the path, `""` if the route has none.
    pub(crate) name: String,
    /// The request's headers.
    pub(crate) headers: HeaderMap,
    method: Method,
    query: Option<String>,
    body: Option<Incoming>,
}

impl Call {
    pub(super) fn new(
        operation: Operation,
        context: Context,
        exact: bool,
        name: String,
        request: http::Request<Incoming>,
    ) -> Call {
        let (head, body) = request.into_parts();
        Call {
            operation,
            context,
            exact,
            name,
            headers: head.headers,
            method: head.method,
            query: head.uri.query().map(str::to_owned),
            body: Some(body),
        }
    }

    /// The version the client asked for.
    pub(crate) fn version(&self) -> ApiVersion {
        self.context.version
    }

    /// The text of a header, `None` if it is absent or no text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The query parameters, taken apart by `decode`. The fields of a form
    /// body count as parameters, before those of the URL.
    pub(crate) async fn query<Q>(
        &mut self,
        decode: impl FnOnce(&Params<'_>, ApiVersion) -> Result<Q, ApiError>,
    ) -> Result<Q, ApiError> {
        let form = self.form().await?;
        let mut params = Params::parse(&form)?;
        params.append(self.query.as_deref().unwrap_or_default())?;
        decode(&params, self.context.version)
    }

    /// A JSON body that has to be there.
    pub(crate) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        let value = self.json_value().await?.filter(|value| !value.is_null());
        match value {
            Some(value) => decode::from_value(&value),
            None => Err(ApiError::bad_parameter(match self.operation {
                Operation::ContainerCreate => {
                    "config cannot be empty in order to create a container"
                }
                _ => "invalid JSON: got EOF while reading request body",
            })),
        }
    }

    /// A JSON body that may be missing: the default then.
    pub(crate) async fn json_or_default<T>(&mut self) -> Result<T, ApiError>
    where
        T: DeserializeOwned + Default,
    {
        match self.json_value().await? {
            Some(value) => decode::from_value(&value),
            None => Ok(T::default()),
        }
    }

    /// The body as it comes, of any size.
    pub(crate) fn bytes(&mut self) -> ByteStream {
        match self.body.take() {
            Some(body) => ByteStream::new(
                StreamExt::map(BodyStream::new(body), |frame| {
                    frame.map_err(io::Error::other)
                })
                .try_filter_map(|frame| std::future::ready(Ok(frame.into_data().ok()))),
            ),
            None => ByteStream::empty(),
        }
    }

    /// Credentials of one registry; unreadable ones are none.
    pub(crate) fn registry_auth(&self, name: &str) -> RegistryAuth {
        self.header(name)
            .map(RegistryAuth::from_header)
            .unwrap_or_default()
    }

    /// Credentials that have to be there: in the header, or as clients once
    /// sent them in the body, whatever its media type is.
    pub(crate) async fn required_registry_auth(
        &mut self,
        name: &str,
    ) -> Result<RegistryAuth, ApiError> {
        if self.header(name).is_some_and(|value| !value.is_empty()) {
            return Ok(self.registry_auth(name));
        }
        let missing = |why: &str| {
            ApiError::bad_parameter(format!("Bad parameters and missing X-Registry-Auth: {why}"))
        };
        let body = self.whole(JSON_LIMIT).await?;
        if body.trim_ascii().is_empty() {
            return Err(missing("EOF"));
        }
        decode::from_slice(&body).map_err(|error| missing(&error.message))
    }

    /// Credentials of several registries; unreadable ones are none.
    pub(crate) fn registry_config(&self, name: &str) -> RegistryConfig {
        self.header(name)
            .map(RegistryConfig::from_header)
            .unwrap_or_default()
    }

    /// Refuses a body of more than a few bytes, where there was one once: the
    /// settings of a container to be started.
    pub(crate) fn no_body(&self) -> Result<(), ApiError> {
        let length = self
            .header(CONTENT_LENGTH.as_str())
            .and_then(|length| length.parse::<u64>().ok())
            .unwrap_or(0);
        if length > 7 || self.headers.contains_key(TRANSFER_ENCODING) {
            return Err(ApiError::bad_parameter(
                "starting container with non-empty request body was deprecated since API v1.22 \
                 and removed in v1.24",
            ));
        }
        Ok(())
    }

    async fn json_value(&mut self) -> Result<Option<serde_json::Value>, ApiError> {
        let present = self.body.as_ref().is_some_and(|body| !body.is_end_stream());
        let given = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        let wrong_type = !essence.eq_ignore_ascii_case("application/json");
        if wrong_type && essence.is_empty() && present {
            return Err(ApiError::bad_parameter(format!(
                "malformed Content-Type header ({given}): mime: no media type"
            )));
        }
        if wrong_type && !essence.is_empty() {
            return Err(ApiError::bad_parameter(format!(
                "unsupported Content-Type header ({given}): must be 'application/json'"
            )));
        }
        let bytes = self.whole(JSON_LIMIT).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        decode::value(&bytes).map(Some)
    }

    async fn form(&mut self) -> Result<String, ApiError> {
        let is_form = self
            .header(CONTENT_TYPE.as_str())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| {
                kind.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !is_form || (self.method != Method::POST && self.method != Method::PUT) {
            return Ok(String::new());
        }
        let bytes = self.whole(FORM_LIMIT).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The whole body in memory.
    async fn whole(&mut self, limit: usize) -> Result<Bytes, ApiError> {
        let Some(body) = self.body.take() else {
            return Ok(Bytes::new());
        };
        match BodyExt::collect(Limited::new(body, limit)).await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(ApiError::too_large("http: request body too large"))
            }
            Err(error) => Err(ApiError::bad_parameter(format!(
                "cannot read the request body: {error}"
            ))),
        }
    }
}
