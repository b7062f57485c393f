//! Free memory that is at hand.
//!
//! A virtual machine may hand free memory back to its host within moments, and
//! having it again, page by page, costs several times what an engine does with
//! it. Whoever comes after a pause would pay for that, so before a sample that
//! fills the page cache every subject finds the same: pages used just now.

use std::io::Write as _;

/// More than any sample fills.
const BYTES: usize = 128 << 20;

/// Writers of large pieces and writers of small ones get memory from different
/// lists of the kernel.
const PIECES: [usize; 2] = [256 << 10, 4 << 10];

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
