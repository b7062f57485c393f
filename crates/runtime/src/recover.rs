//! Finding containers again after the daemon was started anew.
//!
//! For every container that should run the daemon asks, in this order:
//! [`connect`] (it runs), [`read_exit`] (it has ended meanwhile), and otherwise
//! the shim was killed or the machine has rebooted: [`sweep`], and the exit code
//! is unknown.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::cgroup::Cgroup;
use crate::channel::ExitRecord;
use crate::shim::{self, STATE, StateFile};

/// Connects to the shim that serves `run_dir`; `None` when there is none.
pub fn connect(run_dir: &Path) -> io::Result<Option<UnixStream>> {
    let connected =
        shim::socket_address(run_dir).and_then(|(_dir, path)| UnixStream::connect(path));
    match connected {
        Ok(socket) => Ok(Some(socket)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Reads how a container ended; `None` when it has not, or was never launched.
pub fn read_exit(exit_path: &Path) -> io::Result<Option<ExitRecord>> {
    read_json(exit_path)
}

/// Reads what the shim that serves, or served, `run_dir` has written about itself.
pub fn read_state(run_dir: &Path) -> io::Result<Option<StateFile>> {
    read_json(&run_dir.join(STATE))
}

/// Cleans up behind a shim that was killed: kills what may be left of the
/// container, removes its cgroup and `run_dir`. Only when [`connect`] found
/// nobody. Takes up to `patience`.
pub fn sweep(run_dir: &Path, patience: Duration) -> io::Result<()> {
    if let Some(state) = read_state(run_dir)? {
        let cgroup = Cgroup::open(&state.cgroup_parent, &state.id)?;
        cgroup.kill_all()?;
        cgroup.remove(patience)?;
    }
    shim::clear_run_dir(run_dir)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
