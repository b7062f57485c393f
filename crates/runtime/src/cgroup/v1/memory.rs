//! Memory.

use rustix::io::Errno;

use super::Dir;
use crate::error::{CreateError, Step};
use crate::spec::Resources;

pub(super) fn asked(resources: &Resources) -> bool {
    resources.memory.is_some()
        || resources.memory_swap.is_some()
        || resources.memory_reservation.is_some()
        || resources.kernel_memory.is_some()
        || resources.kernel_memory_tcp.is_some()
        || resources.memory_swappiness.is_some()
        || resources.oom_kill_disable
}

pub(super) fn apply(dir: &Dir, resources: &Resources) -> Result<(), CreateError> {
    set_limits(dir, resources)?;
    dir.set_if("memory.soft_limit_in_bytes", resources.memory_reservation)?;
    // Kernels since 5.16 have the file and refuse every limit in it.
    if let Some(limit) = resources.kernel_memory
        && let Err(error) = dir.write("memory.kmem.limit_in_bytes", &limit.to_string())
        && error.raw_os_error() != Some(Errno::OPNOTSUPP.raw_os_error())
    {
        return Err(error).step(|| format!("limit kernel memory to {limit}"));
    }
    dir.set_if(
        "memory.kmem.tcp.limit_in_bytes",
        resources.kernel_memory_tcp,
    )?;
    dir.set_if(
        "memory.swappiness",
        resources.memory_swappiness.filter(|value| *value >= 0),
    )?;
    dir.set_if(
        "memory.oom_control",
        resources.oom_kill_disable.then_some(1),
    )
}

/// The limit of memory alone may at no time exceed that of memory and swap,
/// so growing starts with the second and shrinking with the first.
fn set_limits(dir: &Dir, resources: &Resources) -> Result<(), CreateError> {
    let memory = ("memory.limit_in_bytes", resources.memory);
    let both = ("memory.memsw.limit_in_bytes", resources.memory_swap);
    let current: Option<u64> = dir.number("memory.memsw.limit_in_bytes");
    let grows = match (resources.memory_swap, current) {
        (Some(-1), _) => true,
        (Some(wanted), Some(current)) => u64::try_from(wanted).unwrap_or(0) > current,
        _ => false,
    };
    let order = if grows {
        [both, memory]
    } else {
        [memory, both]
    };
    for (file, value) in order {
        dir.set_if(file, value.filter(|value| *value != 0))?;
    }
    Ok(())
}

pub(super) fn oom_kills(dir: &Dir) -> u64 {
    dir.keyed("memory.oom_control", "oom_kill").unwrap_or(0)
}
