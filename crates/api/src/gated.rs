//! A value that some API version lacks and that is `null` in the others when
//! there is none.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An `Option` that is sent as `null` when it is `None`, unless the version of
/// the request lacks the field: then the key is left out.
///
/// ```
/// use longshore_api::gated::Gated;
/// let mut paths: Gated<Vec<String>> = Gated::default();
/// assert_eq!(serde_json::to_string(&paths).unwrap(), "null");
/// assert!(!paths.is_lacking());
/// *paths = Some(vec!["/proc/kcore".into()]);
/// assert_eq!(paths.as_deref().unwrap_or_default().len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gated<T> {
    value: Option<T>,
    lacking: bool,
}

impl<T> Gated<T> {
    /// What the version of the request does not have.
    pub fn lacking() -> Self {
        Gated {
            value: None,
            lacking: true,
        }
    }

    /// Whether the version of the request does not have it.
    pub fn is_lacking(&self) -> bool {
        self.lacking
    }
}

impl<T> Default for Gated<T> {
    fn default() -> Self {
        None.into()
    }
}

impl<T> From<Option<T>> for Gated<T> {
    fn from(value: Option<T>) -> Self {
        Gated {
            value,
            lacking: false,
        }
    }
}

impl<T> Deref for Gated<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.value
    }
}

/// Who writes it has it.
impl<T> DerefMut for Gated<T> {
    fn deref_mut(&mut self) -> &mut Option<T> {
        self.lacking = false;
        &mut self.value
    }
}

impl<T: Serialize> Serialize for Gated<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Gated<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Gated::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_no_longer_lacking() {
        let mut field: Gated<Vec<u8>> = Gated::lacking();
        assert!(field.is_lacking());
        field.get_or_insert_with(Vec::new).push(1);
        assert!(!field.is_lacking());
        assert_eq!(serde_json::to_string(&field).unwrap(), "[1]");
        assert_eq!(
            serde_json::from_str::<Gated<u8>>("null").unwrap(),
            None.into()
        );
    }
}
