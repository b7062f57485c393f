//! The most memory that an engine had during a sample: the sum over all of its
//! processes, helpers that came and went included, of the largest resident set
//! that the kernel noted (`VmHWM`). Page cache is not in it, whoever filled that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::engine::Engine;

/// How often is looked for processes that come and go, and what they have.
const INTERVAL: Duration = Duration::from_millis(10);

/// A watch over an engine's memory.
pub(super) struct Peak {
    over: Arc<AtomicBool>,
    watcher: thread::JoinHandle<BTreeMap<u32, u64>>,
}

impl Peak {
    /// Begins; what the engine's processes had before does not count.
    pub(super) fn watch(engine: &Engine) -> Self {
        let processes = engine.processes();
        for pid in &processes {
            // Sets the mark back to what is resident now.
            let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
        let over = Arc::new(AtomicBool::new(false));
        let watcher = thread::spawn({
            let over = over.clone();
            move || watch(&processes, &over)
        });
        Self { over, watcher }
    }

    /// Ends; the peak in megabytes, 1,000,000 bytes each.
    pub(super) fn megabytes(self) -> Result<f64, String> {
        self.over.store(true, Ordering::Release);
        let peaks = self.watcher.join().map_err(|_| "peak: a panic")?;
        let kibibytes: u64 = peaks.values().sum();
        Ok(kibibytes as f64 * 1024.0 / 1e6)
    }
}

/// Notes each process's peak in KiB until it is over, and once more then.
fn watch(roots: &BTreeSet<u32>, over: &AtomicBool) -> BTreeMap<u32, u64> {
    let mut peaks = BTreeMap::new();
    loop {
        let last = over.load(Ordering::Acquire);
        let mut ahead: Vec<u32> = roots.iter().copied().collect();
        let mut seen = BTreeSet::new();
        while let Some(pid) = ahead.pop() {
            if !seen.insert(pid) {
                continue;
            }
            ahead.extend(children(pid));
            if let Some(now) = high_water(pid) {
                let peak: &mut u64 = peaks.entry(pid).or_default();
                *peak = now.max(*peak);
            }
        }
        if last {
            return peaks;
        }
        // The kernel announces neither children nor peaks.
        thread::sleep(INTERVAL);
    }
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter();
    let of_task = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let pids = text.split_whitespace().filter_map(|pid| pid.parse().ok());
        pids.collect::<Vec<u32>>()
    };
    tasks.flatten().flatten().flat_map(of_task).collect()
}

/// The most that a process ever had resident, in KiB.
fn high_water(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_count_also_after_their_end() {
        let over = Arc::new(AtomicBool::new(false));
        let watcher = thread::spawn({
            let over = over.clone();
            move || watch(&[std::process::id()].into(), &over)
        });
        // Lives for some intervals.
        let mut child = std::process::Command::new("sleep")
            .arg("0.2")
            .spawn()
            .expect("sleep");
        child.wait().expect("its end");
        over.store(true, Ordering::Release);
        let peaks = watcher.join().expect("peaks");
        assert!(peaks[&std::process::id()] > 100);
        assert!(peaks[&child.id()] > 100);
    }
}
