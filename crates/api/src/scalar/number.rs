//! Numbers that Go prints in its own way.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 32-bit float, printed in the fewest digits that read back the same:
/// `0.1` and not `0.10000000149011612`, `1` and not `1.0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct GoFloat32(pub f32);

impl Serialize for GoFloat32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Below 2^24 every whole number is exact in an f32.
        const EXACT: f32 = 16_777_216.0;
        if self.0.fract() == 0.0 && self.0.abs() < EXACT {
            serializer.serialize_i32(self.0 as i32)
        } else {
            serializer.serialize_f32(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for GoFloat32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f32::deserialize(deserializer).map(GoFloat32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_go_does() {
        for (value, text) in [
            (0.1, "0.1"),
            (1.0, "1"),
            (0.0, "0"),
            (-2.0, "-2"),
            (0.25, "0.25"),
        ] {
            assert_eq!(serde_json::to_string(&GoFloat32(value)).unwrap(), text);
        }
        assert_eq!(
            serde_json::from_str::<GoFloat32>("1").unwrap(),
            GoFloat32(1.0)
        );
        assert_eq!(
            serde_json::from_str::<GoFloat32>("0.1").unwrap(),
            GoFloat32(0.1)
        );
    }
}
