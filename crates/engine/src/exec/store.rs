//! All execs, and their records below the exec root, by which a later daemon
//! knows those that this one began.
//!
//! A record is written when an exec is created and when it has ended; whether
//! it was started meanwhile, its container's shim knows. Probes of health
//! checks have no record: nobody asks for them once their daemon is gone.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{ExecConfig, ExecInfo, ExecPhase};
use crate::container::attach::DetachKeys;
use crate::container::record::Record;
use crate::container::registry::Snapshot;
use crate::error::{Error, IoContext, Result};
use crate::id;
use crate::meta::{self, Durability};
use crate::shared::Shared;
use crate::time::seconds_since;

/// How long an exec that ended can be inspected.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// Exit code of a process that its container took along.
pub(crate) const TAKEN_ALONG: i32 = 137;

/// All execs.
#[derive(Debug)]
pub(crate) struct Execs {
    root: PathBuf,
    all: Mutex<HashMap<String, Arc<Exec>>>,
}

/// One exec.
#[derive(Debug)]
pub(crate) struct Exec {
    id: String,
    container: String,
    config: ExecConfig,
    keys: Option<DetachKeys>,
    created: Timestamp,
    phase: watch::Sender<ExecPhase>,
    ended_at: Mutex<Option<Timestamp>>,
    /// Where its record is; probes have none.
    path: Option<PathBuf>,
}

/// An exec on disk.
#[derive(Debug, Serialize, Deserialize)]
struct ExecRecord {
    id: String,
    container: String,
    config: ExecConfig,
    created: Timestamp,
    ended: Option<End>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct End {
    exit_code: i32,
    pid: i32,
    at: Timestamp,
}

impl Exec {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn container(&self) -> &str {
        &self.container
    }

    pub(crate) fn config(&self) -> &ExecConfig {
        &self.config
    }

    pub(crate) fn keys(&self) -> Option<&DetachKeys> {
        self.keys.as_ref()
    }

    pub(crate) fn created(&self) -> Timestamp {
        self.created
    }

    pub(crate) fn phase(&self) -> ExecPhase {
        *self.phase.borrow()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<ExecPhase> {
        self.phase.subscribe()
    }

    pub(crate) fn info(&self) -> ExecInfo {
        ExecInfo {
            id: self.id.clone(),
            container: self.container.clone(),
            config: self.config.clone(),
            detach_keys: match self.config.detach_keys.as_str() {
                "" => Vec::new(),
                given => DetachKeys::parse(given).map_or(Vec::new(), DetachKeys::into_bytes),
            },
            phase: self.phase(),
        }
    }

    /// Takes the one start; an error tells that somebody else has it.
    pub(crate) fn claim(&self) -> Result<()> {
        let mut before = ExecPhase::Created;
        self.phase.send_if_modified(|phase| {
            before = *phase;
            let free = *phase == ExecPhase::Created;
            if free {
                *phase = ExecPhase::Starting;
            }
            free
        });
        let what = match before {
            ExecPhase::Created => return Ok(()),
            ExecPhase::Starting | ExecPhase::Running(_) => "is already running",
            ExecPhase::Ended { .. } => "has already run",
        };
        Err(Error::conflict(format!(
            "Error: Exec command {} {what}",
            self.id
        )))
    }

    /// It runs. A short process may have ended before this is known.
    pub(crate) fn runs(&self, pid: i32) {
        self.phase.send_if_modified(|phase| {
            let news = matches!(phase, ExecPhase::Created | ExecPhase::Starting);
            if news {
                *phase = ExecPhase::Running(pid);
            }
            news
        });
    }

    /// It has ended; `pid` where it is not known yet.
    pub(crate) fn end(&self, exit_code: i32, pid: i32) {
        let mut ended_at = self.lock();
        let changed = self.phase.send_if_modified(|phase| {
            let pid = match *phase {
                ExecPhase::Ended { .. } => return false,
                ExecPhase::Running(pid) => pid,
                _ => pid,
            };
            *phase = ExecPhase::Ended { exit_code, pid };
            true
        });
        if changed {
            *ended_at = Some(Timestamp::now());
            drop(ended_at);
            self.write();
        }
    }

    /// Tells that something happened to it.
    pub(crate) fn publish(&self, shared: &Shared, container: &Record, action: &str) {
        let action = format!("{action}: {}", self.config.command_line());
        shared.publish_container(container, &action, &[("execID", self.id.clone())]);
    }

    fn is_stale(&self) -> bool {
        self.lock()
            .is_some_and(|at| seconds_since(at) > KEPT.as_secs_f64())
    }

    /// A record that cannot be written (a full disk) only matters to a later
    /// daemon.
    fn write(&self) {
        let Some(path) = &self.path else { return };
        if let Err(error) = meta::write(path, &self.record(), Durability::Process) {
            tracing::warn!(exec = %self.id, %error, "exec not kept");
        }
    }

    fn record(&self) -> ExecRecord {
        let ended = match (self.phase(), *self.lock()) {
            (ExecPhase::Ended { exit_code, pid }, Some(at)) => Some(End { exit_code, pid, at }),
            _ => None,
        };
        ExecRecord {
            id: self.id.clone(),
            container: self.container.clone(),
            config: self.config.clone(),
            created: self.created,
            ended,
        }
    }

    fn forget(&self) {
        if let Some(path) = &self.path {
            meta::remove(path);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.ended_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Execs {
    /// Keeps records below `root`.
    pub(crate) fn new(root: PathBuf) -> Execs {
        Execs {
            root,
            all: Mutex::default(),
        }
    }

    /// Prepares an exec that a client asked for.
    pub(crate) fn create(
        &self,
        snapshot: &Snapshot,
        config: ExecConfig,
        keys: Option<DetachKeys>,
    ) -> Result<Arc<Exec>> {
        let mut exec = Exec::new(snapshot, config, keys)?;
        let dir = self.root.join(snapshot.id());
        fs::create_dir_all(&dir).context(dir.display())?;
        let path = dir.join(format!("{}.json", exec.id));
        meta::write(&path, &exec.record(), Durability::Process)?;
        exec.path = Some(path);
        Ok(self.insert(exec))
    }

    /// Prepares a probe of a health check.
    pub(crate) fn create_probe(
        &self,
        snapshot: &Snapshot,
        config: ExecConfig,
    ) -> Result<Arc<Exec>> {
        Ok(self.insert(Exec::new(snapshot, config, None)?))
    }

    /// The container ended and took its processes along, which are answered.
    /// Execs that were never started go with it.
    pub(crate) fn container_ended(&self, container: &str) -> Vec<Arc<Exec>> {
        let mut ended = Vec::new();
        for exec in self.of(container) {
            match exec.phase() {
                ExecPhase::Running(pid) => {
                    exec.end(TAKEN_ALONG, pid);
                    ended.push(exec);
                }
                ExecPhase::Created => {
                    self.lock().remove(&exec.id);
                    exec.forget();
                }
                ExecPhase::Starting | ExecPhase::Ended { .. } => {}
            }
        }
        ended
    }

    /// The container was removed.
    pub(crate) fn forget_container(&self, container: &str) {
        self.lock().retain(|_, exec| exec.container != container);
        fs::remove_dir_all(self.root.join(container)).ok();
    }

    /// Ids of the execs of a container that have not ended, sorted.
    pub(crate) fn open(&self, container: &str) -> Vec<String> {
        let mut ids: Vec<String> = self
            .of(container)
            .iter()
            .filter(|exec| !exec.phase().is_ended())
            .map(|exec| exec.id.clone())
            .collect();
        ids.sort();
        ids
    }

    /// The exec with this id.
    pub(crate) fn get(&self, given: &str) -> Result<Arc<Exec>> {
        let found = self.lock().get(given).cloned();
        found
            .filter(|exec| !exec.is_stale())
            .ok_or_else(|| Error::not_found(format!("No such exec instance: {given}")))
    }

    /// The execs of a container.
    pub(crate) fn of(&self, container: &str) -> Vec<Arc<Exec>> {
        let all = self.lock();
        let own = all.values().filter(|exec| exec.container == container);
        own.cloned().collect()
    }

    /// Reads the records that an earlier daemon left of a container.
    pub(crate) fn read(&self, container: &str) {
        for path in records(&self.root.join(container)) {
            let known = meta::read::<ExecRecord>(&path).ok().flatten();
            let exec = known.and_then(|record| Exec::restored(record, path.clone()));
            match exec {
                Some(exec) if !exec.is_stale() => drop(self.insert(exec)),
                _ => meta::remove(&path),
            }
        }
    }

    /// Containers that have records.
    pub(crate) fn containers(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }

    fn insert(&self, exec: Exec) -> Arc<Exec> {
        let exec = Arc::new(exec);
        let mut all = self.lock();
        all.retain(|_, other| {
            let stale = other.is_stale();
            if stale {
                other.forget();
            }
            !stale
        });
        all.insert(exec.id.clone(), exec.clone());
        exec
    }

    /// The map is valid after every statement, so a panic elsewhere does not
    /// spoil it.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Exec>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exec {
    fn new(snapshot: &Snapshot, config: ExecConfig, keys: Option<DetachKeys>) -> Result<Exec> {
        Ok(Exec {
            id: id::generate()?,
            container: snapshot.id().to_owned(),
            config,
            keys,
            created: Timestamp::now(),
            phase: watch::Sender::new(ExecPhase::Created),
            ended_at: Mutex::new(None),
            path: None,
        })
    }

    fn restored(record: ExecRecord, path: PathBuf) -> Option<Exec> {
        let keys = DetachKeys::parse(&record.config.detach_keys).ok()?;
        let phase = match record.ended {
            Some(End { exit_code, pid, .. }) => ExecPhase::Ended { exit_code, pid },
            None => ExecPhase::Created,
        };
        Some(Exec {
            id: record.id,
            container: record.container,
            keys: record.config.tty.then_some(keys),
            config: record.config,
            created: record.created,
            phase: watch::Sender::new(phase),
            ended_at: Mutex::new(record.ended.map(|end| end.at)),
            path: Some(path),
        })
    }
}

fn records(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect()
}
