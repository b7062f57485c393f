//! What may be said of a volume, in dockerd's words.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// The only driver.
pub(crate) const LOCAL: &str = "local";

/// Refuses other drivers than `local`; they would be plugins.
pub(crate) fn check_driver(name: &str, driver: &str) -> Result<()> {
    match driver {
        "" | LOCAL => Ok(()),
        other => Err(Error::not_found(format!(
            "create {name}: error looking up volume plugin {other}: plugin \"{other}\" not found"
        ))),
    }
}

/// Refuses names that are no plain file names.
pub(crate) fn check_name(name: &str) -> Result<()> {
    if name.len() == 1 {
        return Err(Error::bad_parameter(format!(
            "create {name}: volume name is too short, names should be at least two alphanumeric \
             characters"
        )));
    }
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let first = name.bytes().next().unwrap_or(b'.');
    if first.is_ascii_alphanumeric() && name.bytes().all(is_inner) {
        return Ok(());
    }
    Err(Error::bad_parameter(format!(
        "create {name}: \"{name}\" includes invalid characters for a local volume name, only \
         \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use \
         absolute path"
    )))
}

/// Checks the options of the driver. Whether what they name can be mounted shows
/// when a container starts.
pub(crate) fn check(name: &str, options: Option<&BTreeMap<String, String>>) -> Result<()> {
    let Some(options) = options.filter(|options| !options.is_empty()) else {
        return Ok(());
    };
    let wrong = |text: String| Err(Error::bad_parameter(format!("create {name}: {text}")));
    let known = ["type", "device", "o", "size"];
    if let Some(key) = options.keys().find(|key| !known.contains(&key.as_str())) {
        return wrong(format!("invalid option: \"{key}\""));
    }
    // Any of the three needs the first two; one that is there may be empty.
    let mounts = known[..3].iter().any(|key| options.contains_key(*key));
    for key in ["device", "type"] {
        if mounts && !options.contains_key(key) {
            return wrong(format!("missing required option: \"{key}\""));
        }
    }
    match options.contains_key("size") {
        true => wrong("quota size requested but no quota support".into()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["ab", "a1", "0_.-"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["a", "", ".a", "_a", "a/b", "..", "a b", "ä2"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn options_as_dockerd_reads_them() {
        let told = |pairs: &[(&str, &str)]| {
            let options = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into()));
            let checked = check("x", Some(&options.collect()));
            checked.err().map(|error| error.message)
        };
        assert_eq!(told(&[]), None);
        let foo = told(&[("foo", "bar")]);
        assert_eq!(foo.as_deref(), Some("create x: invalid option: \"foo\""));
        let missing = told(&[("type", "tmpfs")]);
        let text = "create x: missing required option: \"device\"";
        assert_eq!(missing.as_deref(), Some(text));
        let bind = [("type", "none"), ("o", "bind,ro"), ("device", "/srv")];
        assert_eq!(told(&bind), None);
        assert_eq!(told(&[("type", "tmpfs"), ("device", "")]), None);
        let kind = told(&[("device", "tmpfs")]);
        let text = "create x: missing required option: \"type\"";
        assert_eq!(kind.as_deref(), Some(text));
        let size = told(&[("size", "10m")]);
        let text = "create x: quota size requested but no quota support";
        assert_eq!(size.as_deref(), Some(text));
    }
}
