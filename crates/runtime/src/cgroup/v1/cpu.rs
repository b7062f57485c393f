//! Processor time.

use super::Dir;
use crate::error::{CreateError, CreateErrorKind};
use crate::spec::Resources;

pub(super) fn asked(resources: &Resources) -> bool {
    resources.cpu_shares.is_some()
        || resources.cpu_period.is_some()
        || resources.cpu_quota.is_some()
        || resources.cpu_realtime_period.is_some()
        || resources.cpu_realtime_runtime.is_some()
}

pub(super) fn apply(dir: &Dir, resources: &Resources) -> Result<(), CreateError> {
    if let Some(shares) = resources.cpu_shares {
        dir.set("cpu.shares", shares)?;
        check_shares(dir, shares)?;
    }
    // Each may only fit the other's new value, so what is refused first may be
    // taken last.
    let early = dir.set_if("cpu.cfs_period_us", resources.cpu_period);
    dir.set_if("cpu.cfs_quota_us", resources.cpu_quota)?;
    if early.is_err() {
        dir.set_if("cpu.cfs_period_us", resources.cpu_period)?;
    }
    dir.set_if("cpu.rt_period_us", resources.cpu_realtime_period)?;
    dir.set_if("cpu.rt_runtime_us", resources.cpu_realtime_runtime)
}

/// The kernel takes any number of shares and bends it silently.
fn check_shares(dir: &Dir, wanted: u64) -> Result<(), CreateError> {
    let text = match dir.number::<u64>("cpu.shares") {
        Some(taken) if wanted > taken => format!("the maximum allowed cpu-shares is {taken}"),
        Some(taken) if wanted < taken => format!("the minimum allowed cpu-shares is {taken}"),
        _ => return Ok(()),
    };
    Err(CreateError::new(CreateErrorKind::Other, text))
}
