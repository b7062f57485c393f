//! What engines take of the machine's memory: idle, and for each container.

use std::fs;
use std::time::Duration;

use super::engine::Engine;
use super::row::{Bar, Row, Sample, Unit};

/// Containers whose costs are divided by their number.
const CONTAINERS: usize = 20;

/// After starts engines still clean up and shrink; what is measured is what
/// stays.
const SETTLE: Duration = Duration::from_millis(1500);

/// Nothing runs and nothing ever ran.
pub(super) const IDLE: Row = Row {
    name: "idle-rss",
    what: "resident memory of all processes of an idle engine",
    unit: Unit::Megabytes,
    bars: &[Bar::AtMost(15.0)],
    rounds: 3,
    warm_up: 0,
    floor: false,
    containers: false,
    prepare: |engine| Ok(Box::new(|| Ok(megabytes(engine, "Rss:").into()))),
};

/// Each container's share.
pub(super) const PER_CONTAINER: Row = Row {
    name: "pss",
    what: "proportional memory of everything but its own processes, for each of 20 containers",
    bars: &[Bar::AtMost(0.3)],
    rounds: 3,
    warm_up: 1,
    containers: true,
    prepare: |engine| {
        Ok(Box::new(|| {
            let before = megabytes(engine, "Pss:");
            let mut containers = engine.containers()?;
            for _ in 0..CONTAINERS {
                containers.run(&["sleep", "1000000"])?;
            }
            std::thread::sleep(SETTLE);
            let after = megabytes(engine, "Pss:");
            containers.clear()?;
            std::thread::sleep(SETTLE);
            Ok(Sample::from((after - before) / CONTAINERS as f64))
        }))
    },
    ..IDLE
};

/// The sum over the engine's processes of a line of `smaps_rollup`.
fn megabytes(engine: &Engine, line: &str) -> f64 {
    let of = |pid: u32| -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let found = text.lines().find_map(|text| text.strip_prefix(line))?;
        found.split_whitespace().next()?.parse().ok()
    };
    let kibibytes: f64 = engine.processes().into_iter().filter_map(of).sum();
    kibibytes * 1024.0 / 1e6
}
