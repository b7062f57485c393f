//! The machine's time zone.

use nix::libc;

/// Seconds east of UTC at `time`, which is in seconds since 1970. 0 where the
/// zone is not known.
pub(crate) fn offset(time: i64) -> i64 {
    // SAFETY: zeroes are a valid value of this plain structure.
    let mut civil: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values of the right types.
    let found = unsafe { libc::localtime_r(&raw const time, &raw mut civil) };
    if found.is_null() { 0 } else { civil.tm_gmtoff }
}
