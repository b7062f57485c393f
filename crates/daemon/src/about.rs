//! What the daemon says it is.

use longshore_api::routes::NEWEST;
use longshore_api::types::{SystemVersion, SystemVersionComponent, SystemVersionPlatform};
use longshore_api::version::ApiVersion;
use longshore_engine::system::Machine;

/// The engine's own version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `--version` prints after the program's name.
pub(crate) const LONG_VERSION: &str =
    concat!("version ", env!("CARGO_PKG_VERSION"), ", API 1.24-1.40");

/// The commit that this was built from, where whoever built it said so.
const COMMIT: &str = match option_env!("LONGSHORE_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// When this was built, by the usual variable of reproducible builds; none where
/// nobody said.
fn built() -> Option<String> {
    let seconds = option_env!("SOURCE_DATE_EPOCH")?.parse().ok()?;
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.to_string())
}

/// The answer of `GET /version`, on this machine.
pub(crate) fn version(machine: &Machine) -> SystemVersion {
    let text = str::to_owned;
    let engine = SystemVersionComponent {
        name: text("Engine"),
        version: text(VERSION),
        details: Some(
            [
                ("ApiVersion", NEWEST.to_string()),
                ("Arch", machine.go_architecture.clone()),
                ("BuildTime", built().unwrap_or_default()),
                ("Experimental", text("false")),
                ("GitCommit", text(COMMIT)),
                ("GoVersion", text("")),
                ("KernelVersion", machine.kernel.clone()),
                ("MinAPIVersion", ApiVersion::MIN.to_string()),
                ("Os", text("linux")),
            ]
            .map(|(key, value)| (text(key), value))
            .into(),
        ),
    };
    SystemVersion {
        platform: SystemVersionPlatform {
            name: text("Longshore"),
        },
        components: Some(vec![engine]),
        version: text(VERSION),
        api_version: NEWEST.to_string(),
        min_api_version: Some(ApiVersion::MIN.to_string()),
        git_commit: text(COMMIT),
        build_time: built(),
        os: text("linux"),
        arch: machine.go_architecture.clone(),
        kernel_version: Some(machine.kernel.clone()),
        ..SystemVersion::default()
    }
}
