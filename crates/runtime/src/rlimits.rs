//! Resource limits, setrlimit(2), by the names Docker gives them.

use rustix::process::{Resource, Rlimit as Limits, setrlimit};

use crate::error::{CreateError, CreateErrorKind, Step};
use crate::spec::Rlimit;

/// Limits the calling process.
pub(crate) fn set(limit: &Rlimit) -> Result<(), CreateError> {
    let resource = resource(&limit.name).ok_or_else(|| {
        CreateError::new(
            CreateErrorKind::Other,
            format!(
                "wrong rlimit value: RLIMIT_{}",
                limit.name.to_ascii_uppercase()
            ),
        )
    })?;
    let number = |value: u64| (value != u64::MAX).then_some(value);
    let limits = Limits {
        current: number(limit.soft),
        maximum: number(limit.hard),
    };
    setrlimit(resource, limits).step(|| format!("error setting rlimit type {}", resource as u32))
}

fn resource(name: &str) -> Option<Resource> {
    Some(match name {
        "as" => Resource::As,
        "core" => Resource::Core,
        "cpu" => Resource::Cpu,
        "data" => Resource::Data,
        "fsize" => Resource::Fsize,
        "locks" => Resource::Locks,
        "memlock" => Resource::Memlock,
        "msgqueue" => Resource::Msgqueue,
        "nice" => Resource::Nice,
        "nofile" => Resource::Nofile,
        "nproc" => Resource::Nproc,
        "rss" => Resource::Rss,
        "rtprio" => Resource::Rtprio,
        "rttime" => Resource::Rttime,
        "sigpending" => Resource::Sigpending,
        "stack" => Resource::Stack,
        _ => return None,
    })
}
