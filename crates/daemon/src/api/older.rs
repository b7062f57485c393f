//! Where older API versions mean something else by the same words: a named step
//! for each, taken at the edge.

use longshore_api::types::HostConfig;
use longshore_api::version::ApiVersion;

/// Before 1.40 other containers could join an IPC namespace unless the request
/// said otherwise.
pub(super) fn ipc_mode(version: ApiVersion, host: &mut HostConfig) {
    if version < ApiVersion::new(1, 40) && host.ipc_mode.is_empty() {
        host.ipc_mode = "shareable".into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ipc_namespace_was_shareable() {
        let asked = |minor, mode: &str| {
            let mut host = HostConfig {
                ipc_mode: mode.into(),
                ..HostConfig::default()
            };
            ipc_mode(ApiVersion::new(1, minor), &mut host);
            host.ipc_mode
        };
        assert_eq!(asked(39, ""), "shareable");
        assert_eq!(asked(39, "host"), "host");
        assert_eq!(asked(40, ""), "");
    }
}
