//! The capabilities of a container: the default set, additions and removals.

use longshore_runtime::caps::{Capability, CapabilitySet};

use crate::error::{Error, Result};

/// The set of a container: `add: ALL` is everything but `drop`, `drop: ALL`
/// exactly `add`, otherwise the defaults without `drop` and with `add`.
pub(crate) fn resolve(add: &[String], drop: &[String], privileged: bool) -> Result<CapabilitySet> {
    let add = Names::parse(add, "CapAdd")?;
    let drop = Names::parse(drop, "CapDrop")?;
    if privileged {
        return Ok(CapabilitySet::ALL);
    }
    let base = match (add.all, drop.all) {
        (true, true) | (false, true) => CapabilitySet::EMPTY,
        (true, false) => CapabilitySet::ALL,
        (false, false) => CapabilitySet::DEFAULT,
    };
    let dropped = drop.names.into_iter().fold(base, CapabilitySet::without);
    if add.all {
        return Ok(dropped);
    }
    Ok(add.names.into_iter().fold(dropped, CapabilitySet::with))
}

struct Names {
    all: bool,
    names: Vec<Capability>,
}

impl Names {
    fn parse(given: &[String], field: &str) -> Result<Names> {
        let mut parsed = Names {
            all: false,
            names: Vec::new(),
        };
        for name in given {
            if name.eq_ignore_ascii_case("ALL") {
                parsed.all = true;
                continue;
            }
            let capability = name.parse().map_err(|_| {
                let upper = name.to_ascii_uppercase();
                let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
                Error::bad_parameter(format!(
                    "invalid {field}: unknown capability: \"CAP_{bare}\""
                ))
            })?;
            parsed.names.push(capability);
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(add: &[&str], drop: &[&str], privileged: bool) -> u64 {
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        resolve(&owned(add), &owned(drop), privileged)
            .expect("known names")
            .bits()
    }

    #[test]
    fn sets() {
        assert_eq!(mask(&[], &[], false), 0xa804_25fb);
        assert_eq!(mask(&["SYS_ADMIN"], &[], false), 0xa824_25fb);
        assert_eq!(mask(&[], &["cap_chown"], false), 0xa804_25fa);
        assert_eq!(mask(&["ALL"], &["CHOWN"], false), u64::MAX - 1);
        assert_eq!(mask(&["CHOWN"], &["all"], false), 1);
        assert_eq!(mask(&["CHOWN"], &["CHOWN"], false), 0xa804_25fb);
        assert_eq!(mask(&[], &["ALL"], true), u64::MAX);
    }

    #[test]
    fn unknown_names_are_the_clients_mistake() {
        let error = resolve(&["fly".into()], &[], false).expect_err("unknown");
        assert_eq!(
            error.message,
            "invalid CapAdd: unknown capability: \"CAP_FLY\""
        );
    }
}
