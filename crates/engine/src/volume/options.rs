//! What may be said of a volume, in dockerd's words.

use std::collections::BTreeMap;
use std::path::PathBuf;

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

/// Checks the options of the driver. So far a volume is a directory of its own
/// or another one of the host (`o=bind`); other file systems are refused.
pub(crate) fn check(name: &str, options: Option<&BTreeMap<String, String>>) -> Result<()> {
    let Some(options) = options.filter(|options| !options.is_empty()) else {
        return Ok(());
    };
    let wrong = |text: String| Err(Error::bad_parameter(format!("create {name}: {text}")));
    let known = ["type", "device", "o"];
    if let Some(key) = options.keys().find(|key| !known.contains(&key.as_str())) {
        return wrong(format!("invalid option: \"{key}\""));
    }
    let given = |key: &str| options.get(key).is_some_and(|value| !value.is_empty());
    if !given("device") {
        return wrong("missing required option: \"device\"".into());
    }
    if device(Some(options)).is_none() {
        return Err(Error::not_implemented(format!(
            "create {name}: volumes of type \"{}\" are not supported by this engine yet",
            options.get("type").map_or("", String::as_str)
        )));
    }
    Ok(())
}

/// The directory of the host that stands in for a volume's own.
pub(crate) fn device(options: Option<&BTreeMap<String, String>>) -> Option<PathBuf> {
    let options = options?;
    let words = options.get("o").map_or("", String::as_str);
    let is_bind = words
        .split(',')
        .any(|word| matches!(word, "bind" | "rbind"));
    let device = options.get("device").filter(|path| path.starts_with('/'))?;
    is_bind.then(|| PathBuf::from(device))
}

/// Whether the options make it read-only.
pub(crate) fn is_readonly(options: Option<&BTreeMap<String, String>>) -> bool {
    let words = options.and_then(|options| options.get("o"));
    words.is_some_and(|words| words.split(',').any(|word| word == "ro"))
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
        let tmpfs = told(&[("type", "tmpfs"), ("device", "tmpfs")]);
        assert!(tmpfs.is_some_and(|text| text.contains("not supported")));
    }
}
