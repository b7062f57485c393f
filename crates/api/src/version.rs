//! API versions: the `1.37` of `/v1.37/containers/json`.
//!
//! dockerd compares versions number by number, and a missing part counts as
//! zero: `1.4` is older than `1.35`, `1.40.0` equals `1.40`, `1.` equals `1`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A version of the Engine API.
///
/// Only the first two parts exist in practice. Further parts take part in
/// comparisons of requests (`/v1.40.1/…` is newer than 1.40), so they are kept
/// as the flag "there is a non-zero rest".
///
/// ```
/// use longshore_api::version::ApiVersion;
/// let asked: ApiVersion = "1.4".parse().unwrap();
/// assert!(asked < ApiVersion::new(1, 35));
/// assert_eq!("1.40.0".parse::<ApiVersion>().unwrap(), ApiVersion::new(1, 40));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    major: u32,
    minor: u32,
    rest: bool,
}

impl ApiVersion {
    /// The oldest version that is answered. Versions from here up to
    /// [`ApiVersion::OLDEST_DOCUMENT`] get the shape of that document.
    pub const MIN: ApiVersion = ApiVersion::new(1, 24);

    /// The oldest version whose document stands in `spec/`.
    pub const OLDEST_DOCUMENT: ApiVersion = ApiVersion::new(1, 35);

    /// Version `major.minor`.
    pub const fn new(major: u32, minor: u32) -> ApiVersion {
        ApiVersion {
            major,
            minor,
            rest: false,
        }
    }

    /// The part before the first dot.
    pub const fn major(self) -> u32 {
        self.major
    }

    /// The part after the first dot.
    pub const fn minor(self) -> u32 {
        self.minor
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The text is not made of digits and dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidVersion(String);

impl fmt::Display for InvalidVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid API version {:?}", self.0)
    }
}

impl std::error::Error for InvalidVersion {}

impl FromStr for ApiVersion {
    type Err = InvalidVersion;

    /// Reads what the path pattern `[0-9.]+` lets through. A part too large
    /// for 32 bits saturates: it is too new in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || InvalidVersion(text.to_owned());
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err(wrong());
        }
        let mut parts = text.split('.').map(|part| {
            if part.is_empty() {
                0
            } else {
                part.parse().unwrap_or(u32::MAX)
            }
        });
        Ok(ApiVersion {
            major: parts.next().unwrap_or(0),
            minor: parts.next().unwrap_or(0),
            rest: parts.any(|part| part != 0),
        })
    }
}

impl Serialize for ApiVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ApiVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> ApiVersion {
        text.parse().unwrap()
    }

    #[test]
    fn parts_compare_as_numbers() {
        assert!(version("1.4") < version("1.35"));
        assert!(version("1.100") > version("1.40"));
        assert!(version("9.99") > version("1.40"));
        assert!(version("0.9") < version("1.24"));
        assert!(version("1.40.1") > version("1.40"));
        assert!(version("1.40.1") < version("1.41"));
    }

    #[test]
    fn missing_parts_are_zero() {
        assert_eq!(version("1.40.0"), version("1.40"));
        assert_eq!(version("1."), version("1"));
        assert_eq!(version("1"), ApiVersion::new(1, 0));
        assert_eq!(version("."), ApiVersion::new(0, 0));
        assert_eq!(
            version("1..40"),
            ApiVersion {
                rest: true,
                ..ApiVersion::new(1, 0)
            }
        );
    }

    #[test]
    fn only_digits_and_dots() {
        for bad in ["", "v1.40", "1.40a", "-1", "1 .40"] {
            assert!(bad.parse::<ApiVersion>().is_err(), "{bad:?}");
        }
        assert_eq!(version("1.99999999999999999999").minor(), u32::MAX);
    }
}
