//! Files of the web: what import, `ADD` and remote build contexts are given an
//! address of.

use std::sync::OnceLock;
use std::time::Duration;

use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, LAST_MODIFIED};

use crate::auth::basic;
use crate::error::{Error, Result};
use crate::exchange::{Ask, Body, Exchange};
use crate::settings::Settings;
use crate::transport::Transport;
use crate::{tls, url};

/// A file of the web on its way.
pub struct Fetched {
    /// The address that answered in the end, without name and password.
    pub url: String,
    /// What the server calls it; empty if it does not say.
    pub content_type: String,
    /// When it changed last, as the server writes it (RFC 9110).
    pub last_modified: Option<String>,
    /// What the server would have it saved as: one name, no path.
    pub file_name: Option<String>,
    /// Its length in bytes, if the server says so.
    pub length: Option<u64>,
    /// Its bytes. Nothing limits them but the caller.
    pub body: Body,
}

/// Gets `address`, of scheme http or https, and follows redirects. A status
/// other than success is an error; so is silence for a minute.
pub async fn fetch(address: &str) -> Result<Fetched> {
    let mut ask = Ask::get(url::parse(address)?);
    if let Some((name, password)) = url::login(&ask.url) {
        ask.headers.insert(AUTHORIZATION, basic(&name, &password)?);
    }
    let answer = exchange()?.send(ask).await?;
    if !answer.status.is_success() {
        return Err(Error::Status(answer.status));
    }
    let text = |name| answer.header(name).map(str::to_owned);
    Ok(Fetched {
        url: url::shown(&answer.url),
        content_type: text(CONTENT_TYPE).unwrap_or_default(),
        last_modified: text(LAST_MODIFIED),
        file_name: answer.header(CONTENT_DISPOSITION).and_then(file_name),
        length: answer.body.announced(),
        body: answer.body,
    })
}

/// The last name of `filename` in a `Content-Disposition`.
fn file_name(disposition: &str) -> Option<String> {
    let value = disposition.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("filename")
            .then_some(value.trim())
    })?;
    let value = value
        .strip_prefix('"')
        .and_then(|it| it.strip_suffix('"'))
        .unwrap_or(value);
    let name = value.rsplit(['/', '\\']).next()?;
    let good = !matches!(name, "" | "." | "..") && !name.contains(char::is_control);
    good.then(|| name.to_owned())
}

/// One pool of connections for the whole web. It belongs to the runtime that
/// asked first, as a daemon has only one.
fn exchange() -> Result<Exchange> {
    static EXCHANGE: OnceLock<Result<Exchange>> = OnceLock::new();
    EXCHANGE
        .get_or_init(|| {
            let settings = Settings::default();
            Ok(Exchange {
                transport: Transport::new(
                    tls::config("", &[], true)?,
                    settings.patience.connect.min(Duration::from_secs(30)),
                ),
                stall: settings.patience.stall,
                upload: settings.patience.upload,
                user_agent: HeaderValue::from_static(concat!(
                    "longshore/",
                    env!("CARGO_PKG_VERSION")
                )),
            })
        })
        .clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_name_files_but_no_paths() {
        for (disposition, name) in [
            ("attachment; filename=\"a b.txt\"", Some("a b.txt")),
            ("inline; FileName=x", Some("x")),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"..\"", None),
            ("attachment", None),
        ] {
            assert_eq!(file_name(disposition).as_deref(), name, "{disposition}");
        }
    }
}
