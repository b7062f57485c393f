//! The one way to start, after a clean end as after a crash: read the records,
//! find the shims, and let disk and kernel agree.
//!
//! A container whose shim answers goes on as if nothing had been; one whose
//! shim is gone has left a record of its end; one without either ended with
//! the machine. What belongs to no record is taken away.

mod history;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use longshore_runtime::channel::{ExecState, ExitRecord, Phase as ShimPhase, Reply, Request};
use tokio::time::timeout;

use crate::build;
use crate::container::actor::{Actor, Beginning, CLEANUP, at_nanos};
use crate::container::plan::{Plan, signal};
use crate::container::record::{Files, Record};
use crate::container::registry::Quarantined;
use crate::container::shim::{self, Connection};
use crate::container::state::{Desired, Phase, State};
use crate::container::volumes;
use crate::error::{IoContext, Result};
use crate::meta;
use crate::network::Restored;
use crate::shared::{self, Shared};
use crate::time;

/// What a start found, for the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Containers that still run.
    pub running: usize,
    /// Containers that ended meanwhile.
    pub ended: usize,
    /// Containers that had ended before.
    pub idle: usize,
    /// Records that could not be read.
    pub broken: usize,
    /// Leftovers that were taken away.
    pub swept: usize,
}

struct Found {
    record: Record,
    plan: Plan,
    state: State,
    beginning: Beginning,
}

/// Brings everything back. The containers are visible afterwards.
pub(crate) async fn recover(shared: &Arc<Shared>) -> Result<Recovered> {
    let mut report = Recovered::default();
    for id in build::place::leftovers(shared) {
        shared.erase(&id).await?;
        report.swept += 1;
    }
    build::place::sweep(shared)?;
    let mut known = HashSet::new();
    let mut unfinished = HashSet::new();
    let mut found = Vec::new();
    for id in directories(&shared.containers_dir())? {
        if is_unfinished(&shared.files(&id)) {
            shared.erase(&id).await?;
            unfinished.insert(id);
            report.swept += 1;
            continue;
        }
        match read(shared, &id) {
            Ok((record, plan, state)) => {
                shared.execs.read(&id);
                let (state, beginning) = look(shared, &record, state).await;
                history::complete(shared, &record, &state, &beginning);
                if !matches!(beginning, Beginning::Adopted(..)) {
                    shared.execs.container_ended(&id);
                }
                match beginning {
                    Beginning::Adopted(..) => report.running += 1,
                    Beginning::Ended(_) => report.ended += 1,
                    Beginning::New | Beginning::Idle(_) => report.idle += 1,
                }
                known.insert(id);
                found.push(Found {
                    record,
                    plan,
                    state,
                    beginning,
                });
            }
            Err(error) => {
                report.broken += 1;
                let dir = shared.containers_dir().join(&id);
                let place = meta::quarantine(&shared.config.data_root, &dir)?;
                tracing::error!(container = %id, %error, place = %place.display(), "broken record put aside");
                // Its layer stays: the record may be mended by hand.
                known.insert(id.clone());
                shared.registry.quarantine(Quarantined {
                    id,
                    place,
                    reason: error.message,
                });
            }
        }
    }
    let runs = |container: &&Found| matches!(container.beginning, Beginning::Adopted(..));
    for container in found.iter().filter(runs) {
        for name in volumes::with_filesystems(&container.record.mounts) {
            shared.volumes.adopt_mount(&name, &container.record.id);
        }
    }
    report.swept += shared.volumes.sweep_mounts()?;
    for name in shared.volumes.orphans(|id| !unfinished.contains(id)) {
        shared.volumes.remove(&name)?;
        report.swept += 1;
    }
    report.swept += sweep(shared, &known).await?;
    let running = found.iter().filter(runs).map(|container| Restored {
        owner: container.record.id.clone(),
        pid: container.state.pid,
        plan: container.plan.clone(),
        endpoints: container.state.endpoints.clone(),
    });
    let endpoints: Vec<Restored> = running.collect();
    shared.network.restore(&endpoints).await?;
    // Those created first come first, so that a container finds those whose
    // namespaces it joins.
    found.sort_by_key(|container| container.record.created);
    for container in found {
        let Found {
            record,
            plan,
            state,
            beginning,
        } = container;
        Actor::spawn(shared, record, plan, state, beginning);
    }
    Ok(report)
}

/// How a container ended whose shim is gone.
pub(crate) fn exit_record(files: &Files, started_at: Option<Timestamp>) -> ExitRecord {
    let record: Option<ExitRecord> = meta::read(&files.exit_record()).ok().flatten();
    // A record of an earlier run says nothing about this one.
    let record = record
        .filter(|record| started_at.is_none_or(|started| at_nanos(record.finished_at) >= started));
    record.unwrap_or_else(|| ExitRecord {
        exit_code: 255,
        signal: None,
        started_at: started_at.map(time::unix_nanos),
        finished_at: time::unix_nanos(Timestamp::now()),
        oom_killed: false,
        error: None,
        execs: Vec::new(),
    })
}

/// Whether an engine died while it created this one: the record is written last,
/// and before the client is answered.
fn is_unfinished(files: &Files) -> bool {
    fs::read_dir(files.dir()).is_ok_and(|entries| {
        let names = entries.flatten().map(|entry| entry.file_name());
        names.into_iter().all(|name| name == "config.new")
    })
}

fn read(shared: &Shared, id: &str) -> Result<(Record, Plan, State)> {
    let (record, state) = shared.files(id).read()?;
    if record.id != id {
        return Err(crate::error::Error::system(format!(
            "the record is that of container {}",
            record.id
        )));
    }
    let mut plan = Plan::parse(&record.config, &record.host_config)?;
    plan.mounts.clone_from(&record.mounts);
    let volumes = volumes::volumes(&record.mounts);
    let names = volumes.map(|volume| volume.name.as_str());
    shared.volumes.adopt(id, names);
    shared.registry.reserve(Some(&record.name), id)?;
    Ok((record, plan, state))
}

/// Asks a container's shim, or its record.
async fn look(shared: &Shared, record: &Record, mut state: State) -> (State, Beginning) {
    let files = shared.files(&record.id);
    let run_dir = shared.run_dir(&record.id);
    if let Ok(mut shim) = Connection::open(&run_dir).await
        && let Ok(Reply::State(found)) = shim.request(&Request::Watch).await
    {
        match found.phase {
            ShimPhase::Running => {
                state.phase = if found.paused {
                    Phase::Paused
                } else {
                    Phase::Running
                };
                // The daemon may have died before it noted the start.
                if found.started_at.map(at_nanos) > state.started_at {
                    state.desired = Desired::Running;
                    let noted = meta::read(&files.endpoints()).ok().flatten();
                    state.endpoints = noted.unwrap_or_default();
                }
                state.pid = u32::try_from(found.pid).unwrap_or(0);
                state.started_at = found.started_at.map(at_nanos).or(state.started_at);
                adopt_execs(shared, &found.execs);
                kill_probes(shared, &mut shim, &found.execs).await;
                return (state, Beginning::Adopted(shim, found.execs));
            }
            // A next run, which a restart policy may want at once, uses the
            // cgroup that this shim is taking away. What it has to tell is in
            // its record.
            ShimPhase::Exited => {
                let cleaned = async { while let Ok(Some(_)) = shim.event().await {} };
                if timeout(CLEANUP, cleaned).await.is_err() {
                    tracing::warn!(container = %record.id, "not cleaned up yet");
                }
            }
            // The daemon died between creating and starting it.
            ShimPhase::Created => {
                shim.request(&Request::KillAll).await.ok();
                while let Ok(Some(_)) = shim.event().await {}
            }
        }
    }
    shim::sweep(run_dir).await;
    let exit: Option<ExitRecord> = meta::read(&files.exit_record()).ok().flatten();
    if let Some(exit) = &exit {
        adopt_execs(shared, &exit.execs);
    }
    // The daemon may have died before it noted the start.
    let unnoted = exit.as_ref().and_then(|exit| exit.started_at).map(at_nanos);
    if unnoted > state.started_at && state.phase != Phase::Removing {
        state.started_at = unnoted;
        state.desired = Desired::Running;
        state.phase = Phase::Running;
    }
    if state.phase.has_process() {
        let exit = exit_record(&files, state.started_at);
        return (state, Beginning::Ended(exit));
    }
    (state, Beginning::Idle(exit))
}

/// Learns how the execs are that an earlier daemon began.
fn adopt_execs(shared: &Shared, execs: &[ExecState]) {
    for state in execs {
        if let Ok(exec) = shared.execs.get(&state.id) {
            match state.exit_code {
                Some(exit_code) => exec.end(exit_code, state.pid),
                None => exec.runs(state.pid),
            }
        }
    }
}

/// An exec that nobody knows is the probe of a health check; nobody waits for
/// its answer any more.
async fn kill_probes(shared: &Shared, shim: &mut Connection, execs: &[ExecState]) {
    let running = execs.iter().filter(|state| state.exit_code.is_none());
    for state in running.filter(|state| shared.execs.get(&state.id).is_err()) {
        let kill = Request::Signal {
            signal: signal::KILL,
            exec: Some(state.id.clone()),
        };
        // It may just have ended.
        shim.request(&kill).await.ok();
    }
}

/// Takes away what belongs to no record: layers, run directories with what
/// still runs in them, and trash.
async fn sweep(shared: &Shared, known: &HashSet<String>) -> Result<usize> {
    let mut swept = 0;
    let run_root = shared.config.exec_root.join("containers");
    for id in directories(&run_root)? {
        if known.contains(&id) {
            continue;
        }
        if let Ok(mut shim) = Connection::open(&run_root.join(&id)).await {
            shim.request(&Request::KillAll).await.ok();
            while let Ok(Some(_)) = shim.event().await {}
        }
        shim::sweep(run_root.join(&id)).await;
        shared::remove_run_dir(&run_root.join(&id));
        swept += 1;
    }
    for id in shared.execs.containers() {
        if !known.contains(&id) {
            shared.execs.forget_container(&id);
            swept += 1;
        }
    }
    for id in shared.images.container_ids() {
        if !known.contains(&id) {
            shared.images.container_remove(&id).context("layer")?;
            swept += 1;
        }
    }
    for name in directories(&shared.trash_dir())? {
        let path = shared.trash_dir().join(name);
        history::complete_removed(shared, &path);
        tokio::task::spawn_blocking(move || fs::remove_dir_all(path));
        swept += 1;
    }
    Ok(swept)
}

fn directories(path: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context(path.display()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.context(path.display())?;
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}
