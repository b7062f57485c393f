//! All containers: which exist, under which name, and what readers see of
//! them. Readers take a snapshot and never wait for a container.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use crate::container::actor::{Answer, Command};
use crate::container::plan::Plan;
use crate::container::record::Record;
use crate::container::state::{Phase, State};
use crate::error::{Error, Result};
use crate::names::NameIndex;

/// How long those who waited can learn how a removed container ended.
const EXIT_KEPT: Duration = Duration::from_secs(3600);

/// What is visible of a container at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) record: Arc<Record>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) state: State,
    /// How often it has ended; a waiter compares.
    pub(crate) exits: u64,
    /// False while the events of the last change are on their way.
    pub(crate) settled: bool,
}

impl Snapshot {
    pub(crate) fn id(&self) -> &str {
        &self.record.id
    }
}

/// A way to one container.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(crate) mailbox: mpsc::Sender<Command>,
    view: watch::Receiver<Arc<Snapshot>>,
}

impl Handle {
    pub(crate) fn new(
        mailbox: mpsc::Sender<Command>,
        view: watch::Receiver<Arc<Snapshot>>,
    ) -> Handle {
        Handle { mailbox, view }
    }

    /// Sends a request to the owner, and waits for its answer.
    pub(crate) async fn ask<T>(
        &self,
        given: &str,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let gone = || Error::no_such_container(given);
        let sent = self.mailbox.send(command(answer)).await;
        sent.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// What is known now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.view.borrow().clone()
    }

    /// A reader that is told about changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        let mut view = self.view.clone();
        view.mark_unchanged();
        view
    }

    /// Waits until the container satisfies the test. The last snapshot counts
    /// when the container goes away.
    pub(crate) async fn until(&self, mut test: impl FnMut(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut view = self.view.clone();
        let found = match view.wait_for(|snapshot| test(snapshot)).await {
            Ok(snapshot) => Some(snapshot.clone()),
            Err(_) => None,
        };
        found.unwrap_or_else(|| self.snapshot())
    }
}

/// How a removed container ended.
#[derive(Clone, Debug)]
pub(crate) struct LastWords {
    pub(crate) exit_code: i64,
    removed: Instant,
}

/// A record that could not be read at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Name of its directory, the container's id.
    pub id: String,
    /// Where it was moved to.
    pub place: PathBuf,
    /// Why.
    pub reason: String,
}

/// The containers by id and name.
#[derive(Default)]
pub(crate) struct Registry {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    names: NameIndex,
    handles: HashMap<String, Handle>,
    gone: HashMap<String, LastWords>,
    quarantined: Vec<Quarantined>,
}

impl Inner {
    /// The container that is linked as `parent/alias`.
    fn linked(&self, given: &str) -> Option<String> {
        let (parent, alias) = given.trim_start_matches('/').split_once('/')?;
        let parent = self.names.resolve(parent).ok()?;
        let parent = self.handles.get(&parent)?.snapshot();
        let link = parent.record.links.iter().find(|l| l.alias() == alias)?;
        Some(link.child().to_owned())
    }
}

impl Registry {
    /// Reserves a name, or a default one when none is given, and returns it.
    pub(crate) fn reserve(&self, name: Option<&str>, id: &str) -> Result<String> {
        let mut inner = self.write();
        let name = match name {
            Some(name) => name.to_owned(),
            None => inner.names.invent(id),
        };
        inner.names.reserve(&name, id)?;
        Ok(name)
    }

    /// Gives a container another name.
    pub(crate) fn rename(&self, id: &str, name: &str) -> Result<()> {
        self.write().names.rename(id, name)
    }

    /// Makes a container visible.
    pub(crate) fn insert(&self, id: &str, handle: Handle) {
        self.write().handles.insert(id.to_owned(), handle);
    }

    /// Frees name and id.
    pub(crate) fn release(&self, id: &str) {
        let mut inner = self.write();
        inner.names.release(id);
        inner.handles.remove(id);
    }

    /// Frees name and id of a container that was removed and remembers how it
    /// ended.
    pub(crate) fn bury(&self, id: &str, exit_code: i64) {
        self.release(id);
        let mut inner = self.write();
        inner
            .gone
            .retain(|_, words| words.removed.elapsed() < EXIT_KEPT);
        inner.gone.insert(
            id.to_owned(),
            LastWords {
                exit_code,
                removed: Instant::now(),
            },
        );
    }

    /// How a container that is gone ended, by full id.
    pub(crate) fn last_words(&self, id: &str) -> Option<LastWords> {
        self.read().gone.get(id).cloned()
    }

    /// The container that a client means. One that is being created is not
    /// there yet.
    pub(crate) fn get(&self, given: &str) -> Result<Handle> {
        let inner = self.read();
        let id = match inner.names.resolve(given) {
            Ok(id) => id,
            Err(error) => inner.linked(given).ok_or(error)?,
        };
        inner
            .handles
            .get(&id)
            .cloned()
            .ok_or_else(|| Error::no_such_container(given))
    }

    /// Snapshots of all containers, in no order.
    pub(crate) fn snapshots(&self) -> Vec<Arc<Snapshot>> {
        let mut all: Vec<Arc<Snapshot>> =
            self.read().handles.values().map(Handle::snapshot).collect();
        all.retain(|snapshot| snapshot.state.phase != Phase::Removed);
        all
    }

    pub(crate) fn quarantine(&self, broken: Quarantined) {
        self.write().quarantined.push(broken);
    }

    pub(crate) fn quarantined(&self) -> Vec<Quarantined> {
        self.read().quarantined.clone()
    }

    /// The maps are valid after every statement, so a panic elsewhere does not
    /// spoil them.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}
