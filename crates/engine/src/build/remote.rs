//! Files from elsewhere: what `ADD` is given an address of.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use longshore_distribution::fetch;

use super::select::{self, Selected};
use crate::error::{Error, IoContext, Result};
use crate::id;

/// The most that is fetched, in bytes; as much as a layer.
const MOST_BYTES: u64 = 256 << 30;

/// Whether a source is an address on the web.
pub(super) fn is_url(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|it| text.starts_with(it))
}

/// Fetches a file to `dir`, named after its address.
pub(super) async fn download(address: &str, destination: &str, dir: &Path) -> Result<Selected> {
    let name = match file_name(address) {
        "" if destination.ends_with('/') => {
            let text = format!("cannot determine filename for source {address}");
            return Err(Error::system(text));
        }
        "" => "__unnamed__",
        name => name,
    };
    let failed = |error| Error::system(format!("{error}"));
    let mut fetched = fetch(address).await.map_err(failed)?;
    let path = dir.join(id::generate()?);
    let mut file = File::create_new(&path).context(path.display())?;
    let mut length = 0;
    while let Some(bytes) = fetched.body.next().await {
        let bytes = bytes.map_err(failed)?;
        length += bytes.len() as u64;
        if length > MOST_BYTES {
            return Err(Error::system(format!("{address} is too large")));
        }
        file.write_all(&bytes).context(path.display())?;
    }
    let changed = fetched.last_modified.as_deref().and_then(http_date);
    file.set_modified(changed.unwrap_or(SystemTime::UNIX_EPOCH))
        .context(path.display())?;
    let file = File::open(&path).context(path.display())?;
    // It lives as long as it is open.
    std::fs::remove_file(&path).context(path.display())?;
    let name = name.to_owned();
    super::blocking(move || select::download(file, &name)).await
}

/// The last name of an address' path.
fn file_name(address: &str) -> &str {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let path = &address[..end];
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    match path.split_once('/') {
        Some((_, path)) => match path.rsplit('/').next() {
            Some("." | "..") | None => "",
            Some(name) => name,
        },
        None => "",
    }
}

/// A date of RFC 9110: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<SystemTime> {
    let format = "%a, %d %b %Y %H:%M:%S GMT";
    let time = jiff::civil::DateTime::strptime(format, text).ok()?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    let seconds = u64::try_from(time.timestamp().as_second()).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_their_address() {
        for (address, name) in [
            ("http://x/a/b.tar?q=/c#d", "b.tar"),
            ("http://x/a/", ""),
            ("http://x", ""),
            ("http://x/..", ""),
            ("https://user:p@x:80/f", "f"),
        ] {
            assert_eq!(file_name(address), name, "{address}");
        }
    }

    #[test]
    fn dates_of_the_web_are_read() {
        let time = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(since.as_secs(), 784_111_777);
        assert_eq!(http_date("yesterday"), None);
    }
}
