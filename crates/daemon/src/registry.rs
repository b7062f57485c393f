//! The embedded registry: `--registry 127.0.0.1:5000`. It is open to everybody
//! who reaches its address, so that address had better be loopback; one with
//! accounts and certificates is `longshore-registry`, a program of its own.

use std::net::SocketAddr;
use std::path::Path;

use longshore_registry::Registry;
use longshore_registry::config::Config;
use tokio::net::TcpListener;

use crate::Failure;

/// Serves a registry with its content below the data root, as long as the
/// daemon runs; with `legacy`, in the first version of the protocol too.
pub(crate) async fn start(
    address: SocketAddr,
    data_root: &Path,
    legacy: bool,
) -> Result<(), Failure> {
    let mut config = Config::new(data_root.join("registry"));
    config.legacy = legacy;
    let registry =
        Registry::open(config).map_err(|error| format!("cannot open the registry: {error}"))?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address} for the registry: {error}"))?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "the embedded registry asks nobody who they are");
    }
    tracing::info!(%address, "registry listens on");
    tokio::spawn(registry.serve(listener));
    Ok(())
}
