//! The uploads that are under way. They live in this process: after a restart
//! their clients are told that they are unknown, and begin again.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use longshore_oci::digest::Digest;

use super::names::RepositoryName;
use super::sink::{Finished, Sink};
use super::{Store, unique};

/// After how much silence an upload is given up.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// The most uploads at once; a push has five or so.
const MOST: usize = 10_000;

/// All uploads, by their id.
pub(crate) struct Uploads {
    directory: PathBuf,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

/// One upload.
pub(crate) struct Session {
    /// Its id, a UUID.
    pub(crate) id: String,
    /// The repository it was begun in.
    pub(crate) repository: RepositoryName,
    /// Where its bytes go; held by the one request that sends some.
    pub(crate) sink: tokio::sync::Mutex<Sink>,
    touched: Mutex<Instant>,
}

impl Uploads {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            sessions: Mutex::default(),
        }
    }

    /// Begins an upload; those that nobody goes on with are dropped.
    pub(crate) fn begin(&self, repository: RepositoryName) -> io::Result<Arc<Session>> {
        self.drop_abandoned();
        let id = unique()?;
        let session = Arc::new(Session {
            sink: tokio::sync::Mutex::new(Sink::create(self.directory.join(&id))?),
            id: id.clone(),
            repository,
            touched: Mutex::new(Instant::now()),
        });
        let mut sessions = self.sessions();
        if sessions.len() >= MOST {
            return Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                "too many uploads at once",
            ));
        }
        sessions.insert(id, Arc::clone(&session));
        Ok(session)
    }

    /// A place for bytes whose upload is one request.
    pub(crate) fn sink(&self) -> io::Result<Sink> {
        Sink::create(self.directory.join(unique()?))
    }

    /// The upload by that id, if it is one of this repository.
    pub(crate) fn get(&self, repository: &RepositoryName, id: &str) -> Option<Arc<Session>> {
        let session = self.sessions().get(id).cloned()?;
        session.touch();
        (session.repository == *repository).then_some(session)
    }

    /// Forgets an upload; its file goes with the last who holds it.
    pub(crate) fn forget(&self, id: &str) {
        self.sessions().remove(id);
    }

    fn drop_abandoned(&self) {
        self.sessions().retain(|_, session| {
            // One that is being written to is at work, however slowly.
            session.sink.try_lock().is_err() || session.silence() < ABANDONED
        });
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Says that somebody is at it.
    pub(crate) fn touch(&self) {
        *self.touched.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn silence(&self) -> Duration {
        self.touched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }
}

impl Store {
    /// Makes a finished upload a blob of `repository`.
    pub(crate) fn commit(
        &self,
        repository: &RepositoryName,
        finished: Finished,
    ) -> io::Result<Digest> {
        let digest = finished.digest.clone();
        let _kept = self.no_collection();
        self.adopt(finished.path(), &digest)?;
        self.link_blob(repository, &digest)?;
        Ok(digest)
    }
}
