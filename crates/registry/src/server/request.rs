//! Reading requests: query parameters, headers, and bodies of a bounded length
//! from clients that do not fall silent.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use crate::error::{Code, Error, Result};

/// The parameters of a query or a form, in their order.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// The rest of a request's body.
pub(crate) struct Upload {
    incoming: Incoming,
    patience: Duration,
}

impl Query {
    /// Reads `a=b&c=d` with percent signs and pluses.
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(key), decode(value))
                })
                .collect(),
        )
    }

    /// The first value by that name.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// All values by that name.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// A header as text; `""` where there is none or it is no text.
pub(crate) fn header(headers: &HeaderMap, name: impl header::AsHeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

impl Upload {
    pub(crate) fn new(incoming: Incoming, patience: Duration) -> Self {
        Self { incoming, patience }
    }

    /// The next bytes, `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let frame = match tokio::time::timeout(self.patience, self.incoming.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => {
                    return Err(Error::new(Code::BlobUploadInvalid)
                        .saying(format!("the body ended early: {error}")));
                }
                Err(_) => {
                    return Err(Error::new(Code::BlobUploadInvalid)
                        .saying("nothing came for too long")
                        .with_status(StatusCode::REQUEST_TIMEOUT));
                }
            };
            if let Ok(bytes) = frame.into_data()
                && !bytes.is_empty()
            {
                return Ok(Some(bytes));
            }
        }
    }

    /// The whole body, if it is no longer than `limit` bytes.
    pub(crate) async fn whole(mut self, limit: usize, too_long: Code) -> Result<Vec<u8>> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.next().await? {
            if whole.len() + bytes.len() > limit {
                return Err(Error::new(too_long)
                    .saying(format!("the body is longer than {limit} bytes"))
                    .with_status(StatusCode::PAYLOAD_TOO_LARGE));
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }
}

/// Runs what blocks where that is allowed.
pub(crate) async fn blocking<T, E>(
    work: impl FnOnce() -> std::result::Result<T, E> + Send + 'static,
) -> Result<T>
where
    T: Send + 'static,
    E: Send + 'static,
    Error: From<E>,
{
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?;
    Ok(done?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_go_writes_it() {
        let query = Query::parse("scope=repository%3Aa%2Fb%3Apull&scope=x+y&n=1&flag");
        let scopes: Vec<_> = query.all("scope").collect();
        assert_eq!(scopes, ["repository:a/b:pull", "x y"]);
        assert_eq!(query.get("n"), Some("1"));
        assert_eq!(query.get("flag"), Some(""));
        assert_eq!(query.get("m"), None);
    }
}
