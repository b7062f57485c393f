//! Processors and memory nodes.

use super::Dir;
use crate::error::{CreateError, Step};
use crate::spec::Resources;

pub(super) fn asked(resources: &Resources) -> bool {
    resources.cpuset_cpus.is_some() || resources.cpuset_mems.is_some()
}

pub(super) fn apply(dir: &Dir, resources: &Resources) -> Result<(), CreateError> {
    dir.set_if("cpuset.cpus", resources.cpuset_cpus.as_ref())?;
    dir.set_if("cpuset.mems", resources.cpuset_mems.as_ref())
}

/// Gives a new directory what its parent has: it starts with nothing, and no
/// process can enter it then.
pub(super) fn inherit(dir: &Dir) -> Result<(), CreateError> {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        let own = dir
            .read(file)
            .step(|| format!("read \"{}\"", dir.path().join(file).display()))?;
        if !own.trim().is_empty() {
            continue;
        }
        let parent = dir
            .parent()
            .step(|| format!("open parent of cgroup \"{}\"", dir.path().display()))?;
        if parent.read(file).is_ok_and(|text| text.trim().is_empty()) {
            inherit(&parent)?;
        }
        let value = parent
            .read(file)
            .step(|| format!("read \"{}\"", parent.path().join(file).display()))?;
        dir.set(file, value.trim())?;
    }
    Ok(())
}
