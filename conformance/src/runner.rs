//! Runs cases side by side, tells how far it is, and stops early without
//! leaving anything behind.

use std::collections::VecDeque;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::judge::{Case, Judge};
use crate::report::{self, Record, Verdict};

/// How often a terminal's line is written anew.
const BLINK: Duration = Duration::from_millis(100);

/// Ends the run when the judge is asked to end: cases that run then are
/// finished, so that they remove what they made, and no others begin. Asked
/// once more it ends at once.
pub(crate) fn watch_signals() -> Result<Arc<AtomicBool>, String> {
    let is_over = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the second signal finds the flag set by the first.
        flag::register_conditional_shutdown(signal, 130, Arc::clone(&is_over))
            .and_then(|_| flag::register(signal, Arc::clone(&is_over)))
            .map_err(|e| format!("signals: {e}"))?;
    }
    Ok(is_over)
}

/// Runs all cases, so many at once, and gives what became of them.
pub(crate) fn run(
    judge: &Judge,
    cases: Vec<Case>,
    jobs: usize,
    is_verbose: bool,
    is_over: &AtomicBool,
) -> Vec<Record> {
    let progress = Progress::new(cases.len(), is_verbose);
    let waiting = Mutex::new(VecDeque::from(cases));
    let records = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let Some(case) = lock(&waiting).pop_front() else {
                        break;
                    };
                    let record = judge.run(case);
                    progress.tell(&record);
                    lock(&records).push(record);
                }
            });
        }
    });
    progress.clear();
    records.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// One line on a terminal; elsewhere a line per tenth.
struct Progress {
    total: usize,
    began: Instant,
    is_verbose: bool,
    is_terminal: bool,
    so_far: Mutex<SoFar>,
}

struct SoFar {
    done: usize,
    bad: usize,
    told: Instant,
}

impl Progress {
    fn new(total: usize, is_verbose: bool) -> Self {
        let now = Instant::now();
        Self {
            total,
            began: now,
            is_verbose,
            is_terminal: std::io::stderr().is_terminal(),
            so_far: Mutex::new(SoFar {
                done: 0,
                bad: 0,
                told: now,
            }),
        }
    }

    fn tell(&self, record: &Record) {
        let mut so_far = lock(&self.so_far);
        so_far.done += 1;
        let is_bad = matches!(record.status, Verdict::Fail | Verdict::Fixed);
        so_far.bad += usize::from(is_bad);
        if is_bad || self.is_verbose {
            self.clear();
            let text = match is_bad {
                true => report::details(record),
                false => format!("{:6} {}\n", record.status.word(), record.id),
            };
            report::say(&text);
        }
        let is_tenth = so_far.done * 10 / self.total != (so_far.done - 1) * 10 / self.total;
        if self.is_terminal && (so_far.told.elapsed() > BLINK || is_bad) {
            so_far.told = Instant::now();
            eprint!("\r\x1b[K{}: {}", self.line(&so_far), record.id);
        } else if !self.is_terminal && !self.is_verbose && is_tenth {
            eprintln!("{}", self.line(&so_far));
        }
    }

    fn line(&self, so_far: &SoFar) -> String {
        let left = remaining(self.began.elapsed(), so_far.done, self.total);
        format!(
            "{} of {}, {} failed, {} s left",
            so_far.done,
            self.total,
            so_far.bad,
            left.as_secs()
        )
    }

    fn clear(&self) {
        if self.is_terminal {
            eprint!("\r\x1b[K");
        }
    }
}

/// What is left, if it goes on as it went.
fn remaining(elapsed: Duration, done: usize, total: usize) -> Duration {
    let (done, left) = (done.max(1) as f64, total.saturating_sub(done) as f64);
    elapsed.mul_f64(left / done)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_in_proportion() {
        let ten = Duration::from_secs(10);
        assert_eq!(remaining(ten, 1, 4), Duration::from_secs(30));
        assert_eq!(remaining(ten, 4, 4), Duration::ZERO);
        assert_eq!(remaining(ten, 0, 2), Duration::from_secs(20));
    }
}
