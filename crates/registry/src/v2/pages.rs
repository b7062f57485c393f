//! Long lists, one page at a time: `n`, `last`, and the `Link` to what follows.

use http::{Response, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::server::body::{self, Body};
use crate::server::request::Query;

/// The longest page, whatever is asked for.
const LONGEST: usize = 10_000;

/// Answers with the page of `items`, which are in order, that `query` asks for,
/// as the list `key` in `around`.
pub(super) fn answer(
    query: &Query,
    address: &str,
    mut around: Value,
    key: &str,
    items: impl Iterator<Item = String>,
) -> Result<Response<Body>> {
    let size = match query.get("n") {
        None => LONGEST,
        Some(text) => text
            .parse::<u64>()
            .map(|n| usize::try_from(n).unwrap_or(LONGEST).min(LONGEST))
            .map_err(|_| {
                Error::new(Code::PaginationNumberInvalid).about(serde_json::json!({ "n": text }))
            })?,
    };
    let last = query.get("last").unwrap_or_default();
    let mut rest = items.filter(|item| item.as_str() > last);
    let page: Vec<String> = rest.by_ref().take(size).collect();
    let next = match page.last() {
        Some(last) if rest.next().is_some() => Some(format!(
            "<{address}?last={}&n={size}>; rel=\"next\"",
            utf8_percent_encode(last, NON_ALPHANUMERIC)
        )),
        _ => None,
    };
    around[key] = page.into();
    let mut response = body::json(StatusCode::OK, &around);
    if let Some(next) = next {
        super::set(&mut response, header::LINK, &next);
    }
    Ok(response)
}
