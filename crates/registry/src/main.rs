//! `longshore-registry`: the registry as a program of its own.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use longshore_registry::Registry;
use longshore_registry::config::{Config, Tls};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// A registry for images: OCI distribution 1.1
#[derive(Parser)]
#[command(name = "longshore-registry", version)]
struct Flags {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    listen: SocketAddr,
    /// Directory of everything that is kept
    #[arg(
        long,
        value_name = "DIR",
        default_value = "/var/lib/longshore/registry"
    )]
    data: PathBuf,
    /// PEM file of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Refuse everything that would change the content
    #[arg(long)]
    read_only: bool,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(serve(flags)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("longshore-registry: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(flags: Flags) -> io::Result<()> {
    let mut config = Config::new(flags.data);
    config.tls = flags
        .tls_cert
        .zip(flags.tls_key)
        .map(|(cert, key)| Tls { cert, key });
    config.read_only = flags.read_only;
    let registry = Registry::open(config)?;
    let listener = TcpListener::bind(flags.listen).await?;
    // Whoever started it on port 0 reads here where it is.
    println!("listening on {}", listener.local_addr()?);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        served = registry.serve(listener) => served,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
