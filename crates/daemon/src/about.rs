//! What the daemon says it is.

/// The engine's own version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `--version` prints after the program's name.
pub(crate) const LONG_VERSION: &str =
    concat!("version ", env!("CARGO_PKG_VERSION"), ", API 1.24-1.40");
