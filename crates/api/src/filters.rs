//! The `filters` query parameter: a JSON object of keys and values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::error::ApiError;

/// Filters of a list, prune or events request. Several values of one key are
/// alternatives (except for `label`), different keys must all hold.
///
/// Two forms are accepted everywhere, `{"label": {"a=b": true}}` and the older
/// `{"label": ["a=b"]}`.
///
/// ```
/// use longshore_api::filters::Filters;
/// let filters = Filters::parse(r#"{"status":["exited","dead"]}"#).unwrap();
/// assert!(filters.matches("status", "dead"));
/// assert!(!filters.matches("status", "running"));
/// assert!(filters.matches("name", "no such filter was given"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(BTreeMap<String, BTreeSet<String>>);

impl Filters {
    /// Reads the parameter's value; an empty text is no filter. Anything but
    /// the two forms is 400 `invalid filter`.
    pub fn parse(text: &str) -> Result<Filters, ApiError> {
        if text.trim().is_empty() {
            return Ok(Filters::default());
        }
        let wrong = || ApiError::bad_parameter("invalid filter");
        let object: BTreeMap<String, Value> = serde_json::from_str(text).map_err(|_| wrong())?;
        let mut filters = BTreeMap::new();
        for (key, values) in object {
            let values = match values {
                Value::Null => BTreeSet::new(),
                // The booleans say nothing: a key that is there counts.
                Value::Object(map) if map.values().all(Value::is_boolean) => {
                    map.into_iter().map(|(value, _)| value).collect()
                }
                Value::Array(list) => list
                    .into_iter()
                    .map(|value| match value {
                        Value::String(text) => Ok(text),
                        _ => Err(wrong()),
                    })
                    .collect::<Result<_, _>>()?,
                _ => return Err(wrong()),
            };
            filters.insert(key, values);
        }
        Ok(Filters(filters))
    }

    /// Whether there are no filters.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the key was given, with or without values.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The keys that were given, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The values of a key, sorted.
    pub fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0.get(key).into_iter().flatten().map(String::as_str)
    }

    /// Whether `value` is one of the key's values, or the key has none.
    pub fn matches(&self, key: &str, value: &str) -> bool {
        self.matches_by(key, |wanted| wanted == value)
    }

    /// Whether one of the key's values satisfies the test, or it has none.
    pub fn matches_by(&self, key: &str, test: impl FnMut(&str) -> bool) -> bool {
        let mut values = self.values(key).peekable();
        values.peek().is_none() || values.any(test)
    }

    /// Whether the labels have every `key` or `key=value` of the filter
    /// `label`, and none of the filter `label!`.
    pub fn matches_labels(&self, labels: &BTreeMap<String, String>) -> bool {
        let has = |wanted: &str| match wanted.split_once('=') {
            Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
            None => labels.contains_key(wanted),
        };
        self.values("label").all(has) && !self.values("label!").any(has)
    }

    /// The one boolean of a key like `dangling`: `true`, `1`, `false` or `0`.
    /// Another value, or both, is 400.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, ApiError> {
        let mut flag = None;
        for value in self.values(key) {
            let this = match value {
                "true" | "1" => true,
                "false" | "0" => false,
                _ => return Err(self.bad_value(key)),
            };
            if flag.is_some_and(|other| other != this) {
                return Err(self.bad_value(key));
            }
            flag = Some(this);
        }
        Ok(flag)
    }

    /// Adds a value to those of a key.
    pub fn add(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.entry(key.into()).or_default().insert(value.into());
    }

    /// Refuses keys that the endpoint does not know, with 400.
    pub fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.keys().find(|key| !known.contains(key)) {
            Some(key) => Err(ApiError::bad_parameter(format!("Invalid filter '{key}'"))),
            None => Ok(()),
        }
    }

    /// The error for a value that the key cannot have: 400, with all values.
    pub fn bad_value(&self, key: &str) -> ApiError {
        let values: Vec<&str> = self.values(key).collect();
        ApiError::bad_parameter(format!("Invalid filter '{key}=[{}]'", values.join(" ")))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Filters {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Filters {
        let mut filters = Filters::default();
        for (key, value) in pairs {
            filters.add(key, value);
        }
        filters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_mean_the_same() {
        let expected = Filters::from_iter([("label", "a=b"), ("label", "c"), ("id", "1")]);
        for text in [
            r#"{"label":["a=b","c"],"id":["1"]}"#,
            r#"{"label":{"a=b":true,"c":false},"id":{"1":true}}"#,
            r#"{"label":{"a=b":true,"c":true},"id":["1"]}"#,
        ] {
            assert_eq!(Filters::parse(text).unwrap(), expected, "{text}");
        }
        for text in ["", " ", "{}"] {
            assert!(Filters::parse(text).unwrap().is_empty());
        }
        assert!(Filters::parse(r#"{"id":null}"#).unwrap().matches("id", "x"));
    }

    #[test]
    fn anything_else_is_an_invalid_filter() {
        for text in [
            "x",
            "[]",
            "1",
            r#"{"a":1}"#,
            r#"{"a":"b"}"#,
            r#"{"a":[1]}"#,
            r#"{"a":{"b":1}}"#,
            "{\"a\":[",
        ] {
            let error = Filters::parse(text).unwrap_err();
            assert_eq!(
                (error.status().as_u16(), error.message.as_str()),
                (400, "invalid filter"),
                "{text}"
            );
        }
    }

    #[test]
    fn unknown_keys_are_named() {
        let filters = Filters::from_iter([("id", "1"), ("colour", "red")]);
        assert_eq!(
            filters.only(&["id"]).unwrap_err().message,
            "Invalid filter 'colour'"
        );
        assert!(filters.only(&["id", "colour"]).is_ok());
    }

    #[test]
    fn labels_must_all_hold() {
        let labels = BTreeMap::from([
            ("a".to_owned(), "b".to_owned()),
            ("c".to_owned(), String::new()),
        ]);
        for (key, value, holds) in [
            ("label", "a", true),
            ("label", "a=b", true),
            ("label", "a=x", false),
            ("label", "c=", true),
            ("label", "d", false),
            ("label!", "a=b", false),
            ("label!", "d", true),
        ] {
            assert_eq!(
                Filters::from_iter([(key, value)]).matches_labels(&labels),
                holds,
                "{key} {value}"
            );
        }
        assert!(!Filters::from_iter([("label", "a"), ("label", "d")]).matches_labels(&labels));
    }

    #[test]
    fn flags() {
        let flag = |values: &[&str]| {
            Filters::from_iter(values.iter().map(|v| ("dangling", *v))).flag("dangling")
        };
        assert_eq!(flag(&[]), Ok(None));
        assert_eq!(flag(&["true"]), Ok(Some(true)));
        assert_eq!(flag(&["0", "false"]), Ok(Some(false)));
        assert_eq!(
            flag(&["x"]).unwrap_err().message,
            "Invalid filter 'dangling=[x]'"
        );
        assert_eq!(
            flag(&["true", "false"]).unwrap_err().message,
            "Invalid filter 'dangling=[false true]'"
        );
    }
}
