//! The capabilities of a container: the default set, additions and removals, or
//! exactly what was listed.

use longshore_runtime::caps::{Capability, CapabilitySet};

use crate::error::{Error, Result};

/// The set of a container: `add: ALL` is everything but `drop`, `drop: ALL`
/// exactly `add`, otherwise the defaults without `drop` and with `add`.
/// A list (`Capabilities`) stands alone. What is added must be `available` here.
pub(crate) fn resolve(
    add: &[String],
    drop: &[String],
    listed: Option<&[String]>,
    privileged: bool,
    available: CapabilitySet,
) -> Result<CapabilitySet> {
    if let Some(listed) = listed {
        for (given, field) in [(add, "CapAdd"), (drop, "CapDrop")] {
            if !given.is_empty() {
                return Err(Error::bad_parameter(format!(
                    "conflicting options: Capabilities and {field}"
                )));
            }
        }
        let named = exactly(listed)?;
        return Ok(if privileged {
            CapabilitySet::ALL
        } else {
            named
        });
    }
    let add = Names::parse(add, "CapAdd")?;
    let drop = Names::parse(drop, "CapDrop")?;
    if let Some(missing) = add.names.iter().find(|name| !available.contains(**name)) {
        return Err(Error::bad_parameter(format!(
            "invalid CapAdd: capability not supported by your kernel or not available in the \
             current environment: \"{missing}\""
        )));
    }
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

/// The set that `Capabilities` lists, whose names are in the kernel's form.
fn exactly(listed: &[String]) -> Result<CapabilitySet> {
    listed
        .iter()
        .map(|name| {
            name.parse::<Capability>()
                .ok()
                .filter(|known| known.to_string() == *name)
                .ok_or_else(|| {
                    Error::bad_parameter(format!(
                        "invalid Capabilities: unknown capability: \"{name}\""
                    ))
                })
        })
        .collect()
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
        let all = CapabilitySet::ALL;
        resolve(&owned(add), &owned(drop), None, privileged, all)
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
        let add = |name: &str, available| {
            let resolved = resolve(&[name.into()], &[], None, false, available);
            resolved.expect_err(name).message
        };
        assert_eq!(
            add("fly", CapabilitySet::ALL),
            "invalid CapAdd: unknown capability: \"CAP_FLY\""
        );
        assert_eq!(
            add("sys_admin", CapabilitySet::DEFAULT),
            "invalid CapAdd: capability not supported by your kernel or not available in the \
             current environment: \"CAP_SYS_ADMIN\""
        );
    }

    #[test]
    fn a_list_stands_alone() {
        let with = |listed: &[&str], add: &[&str], drop: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
            let (listed, all) = (owned(listed), CapabilitySet::ALL);
            resolve(&owned(add), &owned(drop), Some(&listed), false, all)
                .map(CapabilitySet::bits)
                .map_err(|error| error.message)
        };
        assert_eq!(with(&["CAP_CHOWN", "CAP_KILL"], &[], &[]), Ok(0b10_0001));
        assert_eq!(with(&[], &[], &[]), Ok(0));
        for (add, drop, field) in [
            (&["KILL"][..], &[][..], "CapAdd"),
            (&[], &["ALL"], "CapDrop"),
        ] {
            let expected = format!("conflicting options: Capabilities and {field}");
            assert_eq!(with(&["CAP_CHOWN"], add, drop), Err(expected));
        }
        for bad in ["chown", "CHOWN", "CAP_FLY"] {
            let expected = format!("invalid Capabilities: unknown capability: \"{bad}\"");
            assert_eq!(with(&[bad], &[], &[]), Err(expected));
        }
    }
}
