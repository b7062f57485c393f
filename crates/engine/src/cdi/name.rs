//! Names of vendors, classes and devices.

/// Checks `vendor.com/class`.
pub(super) fn check_kind(kind: &str) -> Result<(), String> {
    let Some((vendor, class)) = kind.split_once('/') else {
        return Err(format!(
            "invalid kind \"{kind}\": not of the form vendor/class"
        ));
    };
    for (what, name) in [("vendor", vendor), ("class", class)] {
        if !is_name(name, |first| first.is_ascii_alphabetic(), b"_-.") {
            return Err(format!("invalid {what} \"{name}\" in kind \"{kind}\""));
        }
    }
    Ok(())
}

/// Checks the name of a device within its kind.
pub(super) fn check_device(name: &str) -> Result<(), String> {
    if is_name(name, |first| first.is_ascii_alphanumeric(), b"_-.:") {
        Ok(())
    } else {
        Err(format!("invalid device name \"{name}\""))
    }
}

/// Whether letters, digits and some `marks` make a name that begins as it
/// should and ends with a letter or digit.
fn is_name(name: &str, begins: impl Fn(&u8) -> bool, marks: &[u8]) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(begins)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || marks.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_specification() {
        for kind in ["vendor.com/class", "a/b", "v-1_x.org/gpu-2", "v.com/a.b"] {
            assert_eq!(check_kind(kind), Ok(()), "{kind}");
        }
        for kind in [
            "", "a", "/b", "a/", "1a/b", "a/b-", "a/b/c", "a b/c", "a-/b",
        ] {
            assert!(check_kind(kind).is_err(), "{kind}");
        }
        for name in ["0", "all", "gpu-0", "a.b:c_d"] {
            assert_eq!(check_device(name), Ok(()), "{name}");
        }
        for name in ["", "-a", "a:", "a=b", "a/b"] {
            assert!(check_device(name).is_err(), "{name}");
        }
    }
}
