//! Stopping and continuing all processes at once.

use std::io;
use std::time::{Duration, Instant};

use super::Dir;

/// Freezing ends when no process of the group can be caught in the act of
/// making another; beyond this it is stuck in the kernel.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn set(dir: &Dir, frozen: bool) -> io::Result<()> {
    let wanted = if frozen { "FROZEN" } else { "THAWED" };
    let deadline = Instant::now() + PATIENCE;
    loop {
        dir.write("freezer.state", wanted)?;
        if dir.read("freezer.state")?.trim() == wanted {
            return Ok(());
        }
        if Instant::now() > deadline {
            dir.write("freezer.state", "THAWED")?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        // The kernel offers nothing to wait on.
        std::thread::sleep(Duration::from_millis(1));
    }
}
