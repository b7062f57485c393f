//! Processor time.

use super::Dir;
use crate::error::CreateError;
use crate::spec::Resources;

pub(super) fn asked(resources: &Resources) -> bool {
    resources.cpu_shares.is_some()
        || resources.cpu_period.is_some()
        || resources.cpu_quota.is_some()
        || resources.cpu_realtime_period.is_some()
        || resources.cpu_realtime_runtime.is_some()
}

pub(super) fn apply(dir: &Dir, resources: &Resources) -> Result<(), CreateError> {
    dir.set_if("cpu.shares", resources.cpu_shares)?;
    // A quota may only fit the new period.
    dir.set_if("cpu.cfs_period_us", resources.cpu_period)?;
    dir.set_if("cpu.cfs_quota_us", resources.cpu_quota)?;
    dir.set_if("cpu.rt_period_us", resources.cpu_realtime_period)?;
    dir.set_if("cpu.rt_runtime_us", resources.cpu_realtime_runtime)
}
