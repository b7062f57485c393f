//! `longshored`: the daemon. It reads its settings, opens the engine, serves
//! the API on its sockets, reads the
//! settings again on SIGHUP, and ends in order on SIGTERM.
//!
//! ```text
//! zygote ─▶ settings ─▶ engine (recovers) ─▶ sockets ─▶ serve ─▶ SIGTERM ─▶ drain
//! ```

mod about;
mod api;
mod config;
mod listen;
mod pidfile;
mod registry;
mod starter;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use longshore_api::server::{Responses, Server};
use longshore_engine::Engine;
use longshore_engine::config::{DaemonSeccomp, EngineConfig};
use longshore_engine::userns::{self, Accounts};
use longshore_runtime::userns::IdMap;
use longshore_runtime::zygote::Zygote;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, reload};

use config::{Flags, Host, LogLevel, Settings};
use listen::Listener;
use pidfile::PidFile;

/// How long requests may go on after SIGTERM: longer than most, shorter than
/// what a service manager waits before SIGKILL.
const DRAIN: Duration = Duration::from_secs(5);

/// The parent of the containers' cgroups.
const CGROUP_PARENT: &str = "/longshore";

type Failure = Box<dyn std::error::Error>;

/// Changes how much the daemon says of itself.
type LogLevelHandle = reload::Handle<LevelFilter, Registry>;

fn main() -> ExitCode {
    // First of all, while the process is small and has one thread.
    let zygote = match Zygote::fork() {
        Ok(zygote) => Arc::new(zygote),
        Err(error) => return fail(&format!("cannot fork the zygote: {error}")),
    };
    let settings = match Settings::new(Flags::parse()) {
        Ok(settings) => settings,
        Err(error) => return fail(&error.to_string()),
    };
    let log_level = report(settings.log_level);
    // Tried while there is one thread.
    let userns = match remap(&settings) {
        Ok(userns) => userns,
        Err(error) => return fail(&error.to_string()),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    match runtime.block_on(serve(settings, log_level, userns, zygote)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("longshored: {message}");
    ExitCode::FAILURE
}

/// Sends what the daemon says of itself to standard error; the handle changes how
/// much that is.
fn report(level: LogLevel) -> LogLevelHandle {
    let (filter, handle) = reload::Layer::new(level.filter());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .init();
    handle
}

/// Whose ids the containers' are, when they are not the machine's.
fn remap(settings: &Settings) -> Result<Option<IdMap>, Failure> {
    let Some(given) = &settings.userns_remap else {
        return Ok(None);
    };
    let map = Accounts::in_dir(&settings.accounts).remap(given)?;
    if let Some(map) = &map {
        userns::probe(map, &settings.data_root)?;
    }
    Ok(map)
}

async fn serve(
    settings: Settings,
    log_level: LogLevelHandle,
    userns: Option<IdMap>,
    zygote: Arc<Zygote>,
) -> Result<(), Failure> {
    // Before anything is opened, so that no signal finds nobody listening.
    let mut stop = [
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    ];
    let mut hangup = signal(SignalKind::hangup())?;
    let config = EngineConfig {
        data_root: settings.data_root.clone(),
        exec_root: settings.exec_root.clone(),
        cgroup_parent: CGROUP_PARENT.to_owned(),
        bridge: settings.bridge.clone(),
        bip: settings.bip.clone(),
        bridge_v6: settings.bridge_v6.clone(),
        address_pools: settings.address_pools.clone(),
        seccomp: DaemonSeccomp::read(&settings.seccomp_profile)?,
        log_driver: settings.log_driver.clone(),
        log_opts: settings.log_opts.clone(),
        userns,
        cdi_spec_dirs: settings.cdi_spec_dirs.clone(),
        registries: settings.registries.clone(),
        labels: settings.labels.clone(),
        open_addresses: settings.open_addresses(),
        debug: settings.debug,
        version: about::VERSION.to_owned(),
    };
    let (engine, recovered) = Engine::open(config, zygote).await?;
    tracing::info!(?recovered, "the engine is open");
    starter::provide(&engine).await?;

    let _pidfile = PidFile::write(&settings.pidfile)
        .map_err(|error| format!("{}: {error}", settings.pidfile.display()))?;
    let server = Server::new(api::router(&engine).responses(if settings.api_superset {
        Responses::Superset
    } else {
        Responses::Exact
    }));
    if let Some(address) = settings.registry {
        registry::start(address, &settings.data_root, settings.registry_v1).await?;
    }
    for host in &settings.hosts {
        let server = server.clone();
        match listen::open(host, settings.group.as_deref()).await? {
            Listener::Unix(listener) => {
                tokio::spawn(async move { server.serve(listener).await });
            }
            Listener::Tcp(listener) => {
                tokio::spawn(async move { server.serve(listener).await });
            }
        }
        tracing::info!(?host, "API listen on");
    }

    longshore_runtime::forget_code();
    let name = loop {
        tokio::select! {
            name = first_of(&mut stop) => break name,
            _ = hangup.recv() => read_again(&engine, &log_level).await,
        }
    };
    tracing::info!(signal = name, "ending; containers go on");
    server.shutdown(DRAIN).await;
    if let Err(error) = engine.close().await {
        tracing::warn!(%error, "the machine is not left as it was found");
    }
    for host in &settings.hosts {
        if let Host::Unix(path) = host {
            // It may be gone already; a socket that nobody serves helps no one.
            let _ = std::fs::remove_file(path);
        }
    }
    Ok(())
}

/// Reads the settings again and takes over those that may change.
async fn read_again(engine: &Engine, log_level: &LogLevelHandle) {
    let settings = match Settings::new(Flags::parse()) {
        Ok(settings) => settings,
        Err(error) => return tracing::error!(%error, "the settings stay as they are"),
    };
    let level = settings.log_level;
    match engine.reload(settings.reloadable()).await {
        Ok(()) => {
            // It fails where nothing is reported any more.
            log_level.reload(level.filter()).ok();
            tracing::info!("the settings were read again");
        }
        Err(error) => tracing::error!(%error, "the settings stay as they are"),
    }
}

async fn first_of([terminate, interrupt]: &mut [Signal; 2]) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
