//! The same start for every sample: free memory that is at hand, and nothing
//! left to do of the samples before.
//!
//! A virtual machine may hand free memory back to its host within moments, and
//! having it again, page by page, costs several times what an engine does with
//! it. Whoever comes after a pause would pay for that, so before a sample that
//! fills the page cache every subject finds the same: pages used just now.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use super::engine::Engine;

/// More than any sample fills.
const BYTES: usize = 128 << 20;

/// Writers of large pieces and writers of small ones get memory from different
/// lists of the kernel.
const PIECES: [usize; 2] = [256 << 10, 4 << 10];

/// How long an engine that does nothing is watched before that is believed.
const STILL: Duration = Duration::from_millis(200);

/// How long is waited for an engine that goes on and on.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until an engine has cleared away what a sample left, in the background
/// or not, and until that is on the disk: the next sample, somebody else's
/// perhaps, should not pay for it.
pub(super) fn clear_away(engine: &Engine) {
    let begin = Instant::now();
    let mut used = engine.cpu();
    while begin.elapsed() < PATIENCE {
        // What is watched for is that nothing happens in this time.
        thread::sleep(STILL);
        let now = engine.cpu();
        if now - used < 10.0 {
            break;
        }
        used = now;
    }
    rustix::fs::sync();
}

/// Fills the page cache and frees it again.
pub(super) fn page_cache() -> Result<(), String> {
    let mut files = Vec::new();
    for size in PIECES {
        let mut file = tempfile::tempfile().map_err(|e| format!("warm up: {e}"))?;
        let piece = vec![0; size];
        for _ in 0..BYTES / size {
            file.write_all(&piece)
                .map_err(|e| format!("warm up: {e}"))?;
        }
        files.push(file);
    }
    Ok(())
}
