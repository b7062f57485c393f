//! Number of processes.

use super::Dir;
use crate::error::CreateError;
use crate::spec::Resources;

pub(super) fn asked(resources: &Resources) -> bool {
    resources.pids_limit.is_some_and(|limit| limit > 0)
}

pub(super) fn apply(dir: &Dir, resources: &Resources) -> Result<(), CreateError> {
    match resources.pids_limit {
        Some(limit) if limit > 0 => dir.set("pids.max", limit),
        Some(_) => dir.set("pids.max", "max"),
        None => Ok(()),
    }
}
