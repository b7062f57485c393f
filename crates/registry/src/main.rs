//! `longshore-registry`: the registry as a program of its own.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use longshore_registry::config::{Access, Accounts, Config, Grant, Tls, TokenService};
use longshore_registry::{Collected, Registry};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// A registry for images: OCI distribution 1.1
///
/// SIGUSR1 collects garbage while it serves.
#[derive(Parser)]
#[command(name = "longshore-registry", version)]
struct Flags {
    #[command(subcommand)]
    task: Option<Task>,
    /// Directory of everything that is kept
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = "/var/lib/longshore/registry"
    )]
    data: PathBuf,
    /// Minutes that what nobody refers to is spared by garbage collection
    #[arg(long, global = true, value_name = "MINUTES", default_value_t = 60)]
    grace: u64,
    #[command(flatten)]
    serving: Serving,
}

#[derive(Subcommand)]
enum Task {
    /// Collect garbage in a registry that nobody serves, and end
    Gc {
        /// Remove manifests too to which no tag leads
        #[arg(long)]
        untagged: bool,
    },
}

#[derive(Args)]
struct Serving {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    listen: SocketAddr,
    /// PEM file of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Accounts, as `htpasswd -B` writes them; without, everybody may do everything
    #[arg(long, value_name = "FILE")]
    htpasswd: Option<PathBuf>,
    /// Let everybody pull
    #[arg(long, requires = "htpasswd")]
    anonymous_pull: bool,
    /// Who may do what: account:repositories:action[,action...], with * for
    /// every account and at the end of repositories. Can be given many times
    #[arg(long = "grant", value_name = "GRANT", requires = "htpasswd")]
    grants: Vec<Grant>,
    /// Hand out bearer tokens at /token instead of taking passwords everywhere
    #[arg(long, requires = "htpasswd")]
    token: bool,
    /// Address of the token service as clients reach it
    #[arg(long, value_name = "URL", requires = "token")]
    token_realm: Option<String>,
    /// Name of the registry in its tokens
    #[arg(long, value_name = "NAME", requires = "token")]
    token_service: Option<String>,
    /// Seconds that a token is good
    #[arg(long, value_name = "SECONDS", requires = "token")]
    token_lifetime: Option<u64>,
    /// Serve the routes of Registry v1 and of the Hub's index too
    #[arg(long)]
    v1: bool,
    /// Let everybody make an account at /v1/users
    #[arg(long, requires = "v1", requires = "htpasswd")]
    sign_up: bool,
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
    let config = flags.config();
    let done = match flags.task {
        Some(Task::Gc { untagged }) => {
            Registry::open(config).and_then(|registry| registry.collect(untagged).map(tell))
        }
        None => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .and_then(|runtime| runtime.block_on(serve(config, flags.serving.listen))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("longshore-registry: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Flags {
    fn config(&self) -> Config {
        let mut config = Config::new(&self.data);
        config.grace = Duration::from_secs(60 * self.grace);
        if self.task.is_some() {
            return config;
        }
        let serving = &self.serving;
        config.tls = serving
            .tls_cert
            .clone()
            .zip(serving.tls_key.clone())
            .map(|(cert, key)| Tls { cert, key });
        config.access = serving.access();
        config.legacy = serving.v1;
        config.sign_up = serving.sign_up;
        config.read_only = serving.read_only;
        config
    }
}

impl Serving {
    fn access(&self) -> Access {
        let Some(htpasswd) = self.htpasswd.clone() else {
            return Access::Open;
        };
        let accounts = Accounts {
            htpasswd,
            anonymous_pull: self.anonymous_pull,
            grants: self.grants.clone(),
        };
        if !self.token {
            return Access::Basic(accounts);
        }
        let usual = TokenService::default();
        let service = TokenService {
            realm: self.token_realm.clone(),
            service: self.token_service.clone().unwrap_or(usual.service),
            lifetime: self
                .token_lifetime
                .map_or(usual.lifetime, Duration::from_secs),
        };
        Access::Token(accounts, service)
    }
}

fn tell(done: Collected) {
    println!(
        "removed {} manifests, {} blobs, {} bytes",
        done.manifests, done.blobs, done.bytes
    );
}

async fn serve(config: Config, address: SocketAddr) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut collect = signal(SignalKind::user_defined1())?;
    let registry = Registry::open(config)?;
    let listener = TcpListener::bind(address).await?;
    // Whoever started it on port 0 reads here where it is.
    println!("listening on {}", listener.local_addr()?);
    let serving = registry.clone().serve(listener);
    tokio::pin!(serving);
    loop {
        tokio::select! {
            served = &mut serving => return served,
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = collect.recv() => {
                let registry = registry.clone();
                tokio::task::spawn_blocking(move || match registry.collect(false) {
                    Ok(done) => tell(done),
                    Err(error) => tracing::error!(%error, "the garbage was not collected"),
                });
            }
        }
    }
}
