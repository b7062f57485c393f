//! The daemon's listening sockets.
//!
//! A unix socket is 0660 and belongs to root and, where there is one, the
//! docker group: whoever may open it is root on this host. TCP has no such
//! guard, so without TLS it is announced loudly.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::path::Path;

use tokio::net::{TcpListener, UnixListener, UnixStream};

use crate::config::Host;

/// The group that gets the socket when no flag names one and it exists.
const DEFAULT_GROUP: &str = "docker";

/// An open listening socket.
pub(crate) enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

/// Why a socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The system's reason.
    #[error("can't create {what} socket {at}: {error}")]
    Open {
        what: &'static str,
        at: String,
        error: std::io::Error,
    },
    /// Somebody answers there.
    #[error("can't create unix socket {0}: a daemon is listening on it")]
    InUse(String),
    /// The group of `--group` does not exist.
    #[error("group {0} not found")]
    Group(String),
}

/// Opens one socket.
pub(crate) async fn open(host: &Host, group: Option<&str>) -> Result<Listener, Error> {
    match host {
        Host::Unix(path) => unix(path, group).await.map(Listener::Unix),
        Host::Tcp(address) => {
            tracing::warn!(
                %address,
                "the API is served over TCP without TLS: whoever reaches this address is root \
                 on this host"
            );
            if !address.ip().is_loopback() {
                tracing::warn!(
                    %address,
                    "this address is not a loopback one: other machines may reach it"
                );
            }
            let listener = TcpListener::bind(address).await;
            listener.map(Listener::Tcp).map_err(|error| Error::Open {
                what: "tcp",
                at: address.to_string(),
                error,
            })
        }
    }
}

async fn unix(path: &Path, group: Option<&str>) -> Result<UnixListener, Error> {
    let failed = |error| Error::Open {
        what: "unix",
        at: path.display().to_string(),
        error,
    };
    let owner = group_id(group)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    remove_stale(path).await?;
    // Nobody may connect in the moment before the mode is set.
    let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let bound = UnixListener::bind(path);
    rustix::process::umask(mask);
    let listener = bound.map_err(failed)?;
    if owner.is_some() {
        chown(path, None, owner).map_err(failed)?;
    }
    std::fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(listener)
}

/// Removes the socket of a daemon that is gone; one that answers stays.
async fn remove_stale(path: &Path) -> Result<(), Error> {
    let shown = || path.display().to_string();
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) => {
            return Err(Error::Open {
                what: "unix",
                at: shown(),
                error: std::io::Error::from(ErrorKind::AlreadyExists),
            });
        }
        Err(error) => {
            return Err(Error::Open {
                what: "unix",
                at: shown(),
                error,
            });
        }
    }
    if UnixStream::connect(path).await.is_ok() {
        return Err(Error::InUse(shown()));
    }
    std::fs::remove_file(path).map_err(|error| Error::Open {
        what: "unix",
        at: shown(),
        error,
    })
}

/// The group's number, from /etc/group: the static program has no other
/// directory of groups.
fn group_id(name: Option<&str>) -> Result<Option<u32>, Error> {
    let wanted = name.unwrap_or(DEFAULT_GROUP);
    if wanted.is_empty() {
        return Ok(None);
    }
    if let Ok(number) = wanted.parse() {
        return Ok(Some(number));
    }
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let found = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(wanted)).then(|| fields.nth(1)?.parse().ok())?
    });
    match (found, name) {
        (Some(number), _) => Ok(Some(number)),
        (None, None) => Ok(None),
        (None, Some(name)) => Err(Error::Group(name.to_owned())),
    }
}
