//! Where older API versions mean something else by the same words: a named step
//! for each, taken at the edge.

use longshore_api::types::{HostConfig, SystemInfo};
use longshore_api::version::ApiVersion;

/// Before 1.40 other containers could join an IPC namespace unless the request
/// said otherwise.
pub(super) fn ipc_mode(version: ApiVersion, host: &mut HostConfig) {
    if version < ApiVersion::new(1, 40) && host.ipc_mode.is_empty() {
        host.ipc_mode = "shareable".into();
    }
}

/// Before 1.25 security options were bare names: `seccomp` for
/// `name=seccomp,profile=default`.
pub(super) fn security_options(version: ApiVersion, info: &mut SystemInfo) {
    if version >= ApiVersion::new(1, 25) {
        return;
    }
    for option in info.security_options.iter_mut().flatten() {
        let mut fields = option.split(',').filter_map(|field| field.split_once('='));
        let name = fields.find_map(|(key, value)| (key == "name").then(|| value.to_owned()));
        if let Some(name) = name {
            *option = name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_options_were_names() {
        let shown = |minor| {
            let options = ["name=seccomp,profile=default", "name=userns"];
            let mut info = SystemInfo {
                security_options: Some(options.map(str::to_owned).to_vec()),
                ..SystemInfo::default()
            };
            security_options(ApiVersion::new(1, minor), &mut info);
            info.security_options.unwrap_or_default().join(" ")
        };
        assert_eq!(shown(24), "seccomp userns");
        assert_eq!(shown(25), "name=seccomp,profile=default name=userns");
    }

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
