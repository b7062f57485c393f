//! Files from elsewhere: contexts and Dockerfiles of the web, and what `ADD` is
//! given an address of.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use longshore_archive::compression::Compression;
use longshore_archive::read::ArchiveReader;
use longshore_distribution::{Fetched, fetch};

use super::context::{Context, LONGEST_DOCKERFILE};
use super::select::{self, Selected};
use super::{blocking, git};
use crate::error::{Error, IoContext, Result};
use crate::id;
use crate::image::web::{self, Pieces};

/// What servers may call a Dockerfile or an archive.
const TYPES: [&str; 15] = [
    "",
    "text/plain",
    "application/octet-stream",
    "application/tar",
    "application/x-tar",
    "application/gzip",
    "application/x-gzip",
    "application/bzip",
    "application/x-bzip",
    "application/bzip2",
    "application/x-bzip2",
    "application/xz",
    "application/x-xz",
    "application/zstd",
    "application/x-zstd",
];

/// The beginning of a stream that tells what it is.
const HEAD: usize = 512;

/// The most that is fetched, in bytes; as much as a layer.
const MOST_BYTES: u64 = 256 << 30;

/// Makes a context of what is at an address: a repository of git, an archive, or
/// nothing but a Dockerfile. Answers the Dockerfile's text too. No client has
/// looked through these files, so what `.dockerignore` names is left out here.
pub(super) async fn context(
    address: &str,
    dockerfile: &str,
    dir: &Path,
) -> Result<(Context, Vec<u8>)> {
    let (name, dir) = (dockerfile.to_owned(), dir.to_owned());
    if git::is_repository(address) {
        let subdir = git::fetch(address, &dir).await?;
        let read = move || {
            let context = Context::open(&dir)?;
            let context = match subdir.as_str() {
                "" => context,
                subdir => context.narrow(subdir)?,
            };
            finished(context, &name)
        };
        return blocking(read).await;
    }
    if !is_url(address) {
        let text = format!("remoteURL ({address}) could not be recognized as URL");
        return Err(Error::bad_parameter(text));
    }
    let fetched = fetch(address).await.map_err(|error| {
        let about = format!("error downloading remote context {address}: ");
        web::failed(address, &error).prefixed(&about)
    })?;
    let wrong = {
        let about = format!("error detecting content type for remote {address}: ");
        move |text: String| Error::system(about.clone() + &text)
    };
    let kind = fetched.content_type.split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    if !TYPES.contains(&kind.as_str()) {
        return Err(wrong(format!("unsupported Content-Type \"{kind}\"")));
    }
    read(fetched, move |body| {
        let mut body = BufReader::with_capacity(HEAD, body);
        let head = body.fill_buf()?;
        if head.is_empty() {
            return Ok(Err(wrong("empty response".to_owned())));
        }
        if is_archive(head) {
            let context = Context::receive(&dir, body);
            return Ok(context.and_then(|context| finished(context, &name)));
        }
        let mut text = Vec::new();
        body.take(LONGEST_DOCKERFILE + 1).read_to_end(&mut text)?;
        if text.len() as u64 > LONGEST_DOCKERFILE {
            return Ok(Err(Error::system("the Dockerfile is too large")));
        }
        Ok(Context::open(&dir).map(|context| (context, text)))
    })
    .await
}

fn finished(context: Context, dockerfile: &str) -> Result<(Context, Vec<u8>)> {
    context.leave_out(dockerfile)?;
    let text = context.dockerfile(dockerfile)?;
    Ok((context, text))
}

/// Whether a stream begins as an archive does, compressed or not.
fn is_archive(head: &[u8]) -> bool {
    if Compression::detect(head) != Compression::None {
        return true;
    }
    matches!(ArchiveReader::new(head).next_entry(), Ok(Some(_)))
}

/// Lets a thread that may wait read a file of the web.
async fn read<T: Send + 'static>(
    mut fetched: Fetched,
    work: impl FnOnce(Pieces) -> io::Result<Result<T>> + Send + 'static,
) -> Result<T> {
    let (pieces, reader) = Pieces::channel();
    let feed = async {
        while let Some(piece) = fetched.body.next().await {
            let piece: io::Result<Bytes> = piece.map_err(io::Error::other);
            // Whoever has seen enough stops reading.
            if pieces.send(Some(piece)).await.is_err() {
                return;
            }
        }
        pieces.send(None).await.ok();
    };
    let work = blocking(move || work(reader).map_err(Error::from)?);
    let (done, ()) = tokio::join!(work, feed);
    done
}

/// Whether a source is an address on the web.
pub(super) fn is_url(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|it| text.starts_with(it))
}

/// Fetches a file to `dir`, named after its address.
pub(super) async fn download(address: &str, destination: &str, dir: &Path) -> Result<Selected> {
    let mut fetched = fetch(address)
        .await
        .map_err(|error| web::failed(address, &error))?;
    let failed = |error| Error::system(format!("{error}"));
    let name = match file_name(address) {
        "" => fetched.file_name.take().unwrap_or_default(),
        name => name.to_owned(),
    };
    let name = match name.as_str() {
        "" if destination.ends_with('/') => {
            let text = format!("cannot determine filename for source {address}");
            return Err(Error::system(text));
        }
        "" => "__unnamed__",
        name => name,
    };
    let path = dir.join(id::generate()?);
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .context(path.display())?;
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
    blocking(move || select::download(file, &name)).await
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
