//! Which of an index's images is for this machine, or for the one that was
//! asked for.

use std::fmt;

use longshore_oci::config::host_architecture;
use longshore_oci::manifest::{Descriptor, Index, Platform};

use crate::error::{Error, Result};

/// The platform that is wanted, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    os: String,
    architecture: String,
    variant: String,
    /// Nobody asked for it, it is this machine's.
    default: bool,
}

impl Wanted {
    /// Reads `os[/architecture[/variant]]` or an architecture alone; nothing is
    /// this machine's platform.
    pub(crate) fn parse(given: Option<&str>) -> Result<Self> {
        let given = given.unwrap_or_default();
        let host = || ("linux".to_owned(), host_architecture().to_owned());
        let ((os, architecture), variant) = match given.split('/').collect::<Vec<_>>()[..] {
            [""] => (host(), String::new()),
            [one] => match architecture(one, "") {
                (known, variant) if is_architecture(&known) => {
                    (("linux".to_owned(), known), variant)
                }
                _ if is_os(one) => ((one.to_ascii_lowercase(), host().1), String::new()),
                _ => return Err(unknown(given)),
            },
            [os, one] => {
                let (one, variant) = architecture(one, "");
                ((os.to_ascii_lowercase(), one), variant)
            }
            [os, one, variant] => {
                let (one, variant) = architecture(one, variant);
                ((os.to_ascii_lowercase(), one), variant)
            }
            _ => return Err(unknown(given)),
        };
        let is_word = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        if ![&os, &architecture]
            .iter()
            .all(|it| !it.is_empty() && is_word(it))
        {
            return Err(unknown(given));
        }
        if os != "linux" {
            return Err(Error::bad_parameter(format!(
                "operating system is not supported: {os}"
            )));
        }
        Ok(Self {
            os,
            architecture,
            variant,
            default: given.is_empty(),
        })
    }

    /// Whether nobody asked for it.
    pub(crate) fn is_default(&self) -> bool {
        self.default
    }

    /// The manifest for it; the best variant that it can run.
    pub(crate) fn choose<'a>(&self, index: &'a Index) -> Option<&'a Descriptor> {
        index
            .manifests
            .iter()
            .filter_map(|it| Some((self.fit(it.platform.as_ref()?)?, it)))
            // The first of the best, as they stand in the index.
            .fold(
                None,
                |best: Option<(u32, &Descriptor)>, (fit, it)| match best {
                    Some((known, _)) if known >= fit => best,
                    _ => Some((fit, it)),
                },
            )
            .map(|(_, it)| it)
    }

    /// How well an image for `platform` runs there; higher is better.
    fn fit(&self, platform: &Platform) -> Option<u32> {
        if platform.os != self.os {
            return None;
        }
        let (architecture, variant) = architecture(&platform.architecture, &platform.variant);
        if architecture != self.architecture {
            return None;
        }
        let level = |variant: &str| variant.trim_start_matches('v').parse::<u32>().ok();
        match (self.variant.as_str(), variant.as_str()) {
            ("", "") => Some(100),
            // The plain machine runs the first level only, unless told more.
            ("", other) if architecture == "amd64" => (level(other) == Some(1)).then_some(99),
            ("", other) => level(other).map(|it| it.min(50)),
            (wanted, found) if wanted == found => Some(100),
            (wanted, "") if architecture == "amd64" || level(wanted).is_some() => Some(1),
            (wanted, found) => match (level(wanted), level(found)) {
                (Some(wanted), Some(found)) if found < wanted => Some(1 + found),
                _ => None,
            },
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if !self.variant.is_empty() {
            write!(f, "/{}", self.variant)?;
        }
        Ok(())
    }
}

/// One name for each architecture, and the variant that the name implies.
fn architecture(name: &str, variant: &str) -> (String, String) {
    let name = name.to_ascii_lowercase();
    let variant = variant.to_ascii_lowercase();
    let (name, variant) = match (name.as_str(), variant.as_str()) {
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant),
        ("i386" | "386", _) => ("386", ""),
        ("aarch64" | "arm64", "8" | "v8") => ("arm64", ""),
        ("aarch64" | "arm64", variant) => ("arm64", variant),
        ("armhf", _) => ("arm", "v7"),
        ("armel", _) => ("arm", "v6"),
        ("arm", "" | "7") => ("arm", "v7"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "6") => ("arm", "v6"),
        (name, variant) => (name, variant),
    };
    (name.to_owned(), variant.to_owned())
}

fn is_architecture(name: &str) -> bool {
    matches!(
        name,
        "386"
            | "amd64"
            | "arm"
            | "arm64"
            | "loong64"
            | "mips"
            | "mipsle"
            | "mips64"
            | "mips64le"
            | "ppc64"
            | "ppc64le"
            | "riscv64"
            | "s390x"
            | "wasm"
    )
}

fn is_os(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "linux" | "windows" | "darwin" | "freebsd" | "netbsd" | "openbsd" | "solaris" | "plan9"
    )
}

fn unknown(given: &str) -> Error {
    Error::bad_parameter(format!(
        "{given:?}: unknown operating system or architecture: invalid argument"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use longshore_oci::digest::Digest;

    fn index(platforms: &[(&str, &str, &str)]) -> Index {
        let manifests = platforms.iter().map(|(os, architecture, variant)| {
            serde_json::json!({
                "mediaType": "", "size": 1,
                "digest": Digest::of(format!("{os}{architecture}{variant}").as_bytes()),
                "platform": {"os": os, "architecture": architecture, "variant": variant},
            })
        });
        let json = serde_json::json!({
            "schemaVersion": 2, "manifests": manifests.collect::<Vec<_>>(),
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_best_image_is_chosen() {
        let index = index(&[
            ("windows", "amd64", ""),
            ("linux", "amd64", "v3"),
            ("linux", "amd64", ""),
            ("linux", "arm", "v5"),
            ("linux", "arm", "v6"),
            ("linux", "arm", "v7"),
            ("linux", "arm64", "v8"),
            ("unknown", "unknown", ""),
        ]);
        let choose = |given: &str| {
            let wanted = Wanted::parse(Some(given)).unwrap();
            let found = wanted.choose(&index)?.platform.clone()?;
            Some(format!(
                "{}/{}/{}",
                found.os, found.architecture, found.variant
            ))
        };
        for (given, chosen) in [
            ("linux/amd64", Some("linux/amd64/")),
            ("amd64", Some("linux/amd64/")),
            ("linux/x86_64/v1", Some("linux/amd64/")),
            ("linux/amd64/v3", Some("linux/amd64/v3")),
            ("linux/arm", Some("linux/arm/v7")),
            ("linux/arm/v6", Some("linux/arm/v6")),
            ("armhf", Some("linux/arm/v7")),
            ("linux/aarch64", Some("linux/arm64/v8")),
            ("linux/arm64/v8", Some("linux/arm64/v8")),
            ("linux/s390x", None),
        ] {
            assert_eq!(choose(given).as_deref(), chosen, "{given}");
        }
        for given in ["nonsense", "linux/", "/", "a/b/c/d", "linux/a b", "windows"] {
            assert!(Wanted::parse(Some(given)).is_err(), "{given}");
        }
        assert!(Wanted::parse(None).unwrap().default);
    }
}
