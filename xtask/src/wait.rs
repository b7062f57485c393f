//! Waiting for a program that tells nobody when it listens.

use std::time::{Duration, Instant};

/// How long a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `answers`; an error names the program, or is the one of
/// `answers`, which ends the waiting.
pub(crate) fn until_it_answers(
    name: &str,
    mut answers: impl FnMut() -> Result<bool, String>,
) -> Result<(), String> {
    let begin = Instant::now();
    while !answers()? {
        if begin.elapsed() > PATIENCE {
            return Err(format!("{name} does not answer after {PATIENCE:?}"));
        }
        // Asking is all there is.
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
