//! Strings, lists of strings, sets of strings and byte strings.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list of strings for which a bare string is accepted too: `Cmd`,
/// `Entrypoint` and `Shell` of a container's configuration. Always sent as a
/// list.
///
/// ```
/// use longshore_api::scalar::StrList;
/// let one: StrList = serde_json::from_str("\"date\"").unwrap();
/// assert_eq!(one.0, ["date"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct StrList(pub Vec<String>);

impl<S: Into<String>> FromIterator<S> for StrList {
    fn from_iter<I: IntoIterator<Item = S>>(items: I) -> StrList {
        StrList(items.into_iter().map(Into::into).collect())
    }
}

impl<'de> Deserialize<'de> for StrList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = StrList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<StrList, E> {
                Ok(StrList(vec![text.to_owned()]))
            }

            fn visit_unit<E: de::Error>(self) -> Result<StrList, E> {
                Ok(StrList::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<StrList, A::Error> {
                let mut list = Vec::with_capacity(items.size_hint().unwrap_or(0).min(1024));
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(StrList(list))
            }
        }
        deserializer.deserialize_any(List)
    }
}

/// A set of strings, which Go sends as a map to empty objects:
/// `{"80/tcp": {}}`. Any value beside a key is accepted, `null` too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmptyMap(pub BTreeSet<String>);

impl<S: Into<String>> FromIterator<S> for EmptyMap {
    fn from_iter<I: IntoIterator<Item = S>>(items: I) -> EmptyMap {
        EmptyMap(items.into_iter().map(Into::into).collect())
    }
}

impl Serialize for EmptyMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Empty {}
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for key in &self.0 {
            map.serialize_entry(key, &Empty {})?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for EmptyMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = EmptyMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E: de::Error>(self) -> Result<EmptyMap, E> {
                Ok(EmptyMap::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<EmptyMap, A::Error> {
                let mut keys = BTreeSet::new();
                while let Some((key, IgnoredAny)) = entries.next_entry()? {
                    keys.insert(key);
                }
                Ok(EmptyMap(keys))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// A byte string, sent in standard base64 with padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl Base64 {
    /// As on the wire.
    pub fn encoded(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.encoded())
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = String::deserialize(deserializer)?;
        // Go's decoder passes over line breaks.
        text.retain(|c| c != '\r' && c != '\n');
        STANDARD
            .decode(text)
            .map(Base64)
            .map_err(|error| de::Error::custom(format_args!("illegal base64 data: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_from_string_or_list() {
        let parse = |text| serde_json::from_str::<StrList>(text);
        assert_eq!(parse(r#"["a","b"]"#).unwrap().0, ["a", "b"]);
        assert_eq!(parse(r#""a b""#).unwrap().0, ["a b"]);
        assert_eq!(parse(r#""""#).unwrap().0, [""]);
        assert!(parse("1").is_err());
        assert!(parse(r#"{"a":1}"#).is_err());
        assert_eq!(
            serde_json::to_string(&StrList::from_iter(["a"])).unwrap(),
            r#"["a"]"#
        );
    }

    #[test]
    fn set_is_a_map_to_empty_objects() {
        let set: EmptyMap = serde_json::from_str(r#"{"81/tcp":null,"80/tcp":{"x":1}}"#).unwrap();
        assert_eq!(set, EmptyMap::from_iter(["80/tcp", "81/tcp"]));
        assert_eq!(
            serde_json::to_string(&set).unwrap(),
            r#"{"80/tcp":{},"81/tcp":{}}"#
        );
        assert!(serde_json::from_str::<EmptyMap>("[]").is_err());
    }

    #[test]
    fn bytes_are_padded_base64() {
        let bytes = Base64(b"hello".to_vec());
        assert_eq!(serde_json::to_string(&bytes).unwrap(), r#""aGVsbG8=""#);
        assert_eq!(
            serde_json::from_str::<Base64>(r#""aGVs\nbG8=""#).unwrap(),
            bytes
        );
        assert!(serde_json::from_str::<Base64>(r#""*""#).is_err());
        assert!(serde_json::from_str::<Base64>(r#""""#).unwrap().is_empty());
    }
}
