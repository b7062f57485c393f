//! Which devices may be used.

use super::Dir;
use crate::cgroup::devices::Rule;
use crate::error::CreateError;

/// Refuses everything, then allows `rules`.
pub(super) fn apply(dir: &Dir, rules: &[Rule]) -> Result<(), CreateError> {
    dir.set("devices.deny", "a")?;
    for rule in rules {
        dir.set("devices.allow", rule)?;
    }
    Ok(())
}
