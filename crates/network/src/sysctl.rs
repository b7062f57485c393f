//! Kernel settings of the thread's network namespace, under `/proc/sys/net`.

use std::io;
use std::path::Path;

/// Writes a setting, `ipv4/ip_forward`, unless it has the value.
pub(crate) fn set(name: &str, value: &str) -> io::Result<()> {
    let path = Path::new("/proc/sys/net").join(name);
    if std::fs::read_to_string(&path)?.trim() == value {
        return Ok(());
    }
    std::fs::write(path, value)
}

/// As [`set`], where the setting exists: a kernel without IPv6 has none of its
/// settings, and nothing to switch off.
pub(crate) fn set_where_known(name: &str, value: &str) -> io::Result<()> {
    match set(name, value) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
