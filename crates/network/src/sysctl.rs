//! Kernel settings of the thread's network namespace, under `/proc/sys/net`.

use std::io;
use std::path::Path;

/// Whether a setting has this value.
pub(crate) fn is(name: &str, value: &str) -> io::Result<bool> {
    let path = Path::new("/proc/sys/net").join(name);
    Ok(std::fs::read_to_string(path)?.trim() == value)
}

/// Writes a setting, `ipv4/ip_forward`, unless it has the value.
pub(crate) fn set(name: &str, value: &str) -> io::Result<()> {
    if is(name, value)? {
        return Ok(());
    }
    std::fs::write(Path::new("/proc/sys/net").join(name), value)
}

/// As [`set`], where the setting exists: a kernel without IPv6 has none of its
/// settings, and nothing to switch off.
pub(crate) fn set_where_known(name: &str, value: &str) -> io::Result<()> {
    match set(name, value) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
