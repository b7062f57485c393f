//! What a shim leaves on disk: the exit record, which outlives it, and the state
//! file, by which a daemon finds it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::channel::ExitRecord;

/// Name of the socket in a container's run directory.
pub const SOCKET: &str = "shim.sock";
/// Name of the state file in a container's run directory.
pub const STATE: &str = "state.json";

/// Content of the state file: enough to find what a shim that was killed has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFile {
    /// The container's id.
    pub id: String,
    /// Process id of the shim.
    pub shim_pid: i32,
    /// Process id of the container's first process as the host sees it.
    pub pid: i32,
    /// Parent of its cgroup, as in the specification.
    pub cgroup_parent: String,
}

/// Writes the exit record. It outlives daemons, not power cuts: none of what it
/// tells of survives those either.
pub(super) fn write_exit(path: &Path, record: &ExitRecord) -> io::Result<()> {
    replace(path, &serde_json::to_vec(record)?)
}

/// Writes the state file. It lives in memory only, like the shim.
pub(super) fn write_state(run_dir: &Path, state: &StateFile) -> io::Result<()> {
    let path = run_dir.join(STATE);
    replace(&path, &serde_json::to_vec(state)?)
}

/// Removes what shims make in a run directory, and the directory itself unless
/// somebody else keeps something in it.
pub(crate) fn clear_run_dir(run_dir: &Path) -> io::Result<()> {
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    gone(std::fs::remove_file(run_dir.join(SOCKET)))?;
    gone(std::fs::remove_file(run_dir.join(STATE)))?;
    match gone(std::fs::remove_dir(run_dir)) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        other => other,
    }
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let staged = staging_name(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&staged)?;
    file.write_all(content)?;
    std::fs::rename(&staged, path)
}

fn staging_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}
