//! JSON request bodies, read the way Go's `encoding/json` reads them.
//!
//! Clients rely on its leniency: keys match fields exactly or else in any
//! case, `null` leaves the zero value, unknown keys are passed over, and
//! whatever follows the first JSON value is never looked at. A wrong type is
//! an error with Go's wording.
//!
//! The body becomes a [`serde_json::Value`] first; a small deserializer over it
//! adds the rest, so that the types themselves stay plain serde types.

mod access;
mod reader;

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use reader::{Place, Reader};

use crate::error::ApiError;

/// Reads the first JSON value of a body. Errors are 400 and say what is wrong.
///
/// ```
/// use longshore_api::decode::from_slice;
/// #[derive(serde::Deserialize, Default)]
/// #[serde(default)]
/// struct Config {
///     #[serde(rename = "Image")]
///     image: String,
/// }
/// let config: Config = from_slice(br#"{"image": "nginx", "x": null}"#).unwrap();
/// assert_eq!(config.image, "nginx");
/// ```
pub fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    from_value(&value(body)?)
}

/// Turns a value into a type, with the same leniency.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, ApiError> {
    let reader = Reader {
        value,
        place: Place::Root,
    };
    T::deserialize(reader).map_err(|error| invalid(&error))
}

/// The first JSON value of a body, whatever follows it.
pub fn value(body: &[u8]) -> Result<Value, ApiError> {
    // Go replaces what is not UTF-8, serde_json refuses it.
    let text = String::from_utf8_lossy(body);
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) if error.is_eof() => Err(invalid(&"unexpected end of JSON input")),
        Some(Err(error)) => Err(invalid(&error)),
        None => Err(invalid(&"got EOF while reading request body")),
    }
}

fn invalid(reason: &dyn fmt::Display) -> ApiError {
    ApiError::bad_parameter(format!("invalid JSON: {reason}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::scalar::{EmptyMap, GoFloat32, StrList, Timestamp};

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Config {
        #[serde(rename = "Image")]
        image: String,
        #[serde(rename = "Memory")]
        memory: i64,
        #[serde(rename = "Port")]
        port: u16,
        #[serde(rename = "Tty")]
        tty: bool,
        #[serde(rename = "Cmd")]
        cmd: Option<StrList>,
        #[serde(rename = "Env")]
        env: Option<Vec<String>>,
        #[serde(rename = "ExposedPorts")]
        exposed_ports: EmptyMap,
        #[serde(rename = "Labels")]
        labels: BTreeMap<String, String>,
        #[serde(rename = "Bindings")]
        bindings: BTreeMap<String, Option<Vec<Inner>>>,
        #[serde(rename = "HostConfig")]
        host_config: Option<Inner>,
        #[serde(rename = "At")]
        at: Timestamp,
        #[serde(rename = "Ratio")]
        ratio: GoFloat32,
        #[serde(rename = "Any")]
        any: Value,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Inner {
        #[serde(rename = "HostPort")]
        host_port: String,
        #[serde(rename = "Count")]
        count: i64,
    }

    fn read(text: &str) -> Config {
        from_slice(text.as_bytes()).unwrap()
    }

    fn refused(text: &str) -> String {
        let error = from_slice::<Config>(text.as_bytes()).unwrap_err();
        assert_eq!(error.status().as_u16(), 400);
        error.message
    }

    #[test]
    fn keys_match_exactly_or_in_any_case() {
        assert_eq!(read(r#"{"IMAGE":"a"}"#).image, "a");
        assert_eq!(
            read(r#"{"hostconfig":{"hOSTpORT":"1"}}"#)
                .host_config
                .unwrap()
                .host_port,
            "1"
        );
        // The last one wins, however it is written.
        assert_eq!(read(r#"{"Image":"a","image":"b"}"#).image, "b");
        assert_eq!(read(r#"{"image":"b","Image":"a"}"#).image, "a");
        assert_eq!(
            read("{\"Tty\":true,\"HO\u{17f}tconfig\":{}}").host_config,
            Some(Inner::default())
        );
    }

    #[test]
    fn null_is_the_zero_value() {
        let nulls = r#"{"Image":null,"Memory":null,"Tty":null,"Cmd":null,"Labels":null,
            "HostConfig":null,"At":null,"ExposedPorts":null}"#;
        assert_eq!(read(nulls), Config::default());
        assert_eq!(read("null"), Config::default());
        assert_eq!(read(r#"{"Env":["a",null]}"#).env.unwrap(), ["a", ""]);
        let bindings = read(r#"{"Bindings":{"80/tcp":null,"81/tcp":[null]}}"#).bindings;
        assert_eq!(bindings["80/tcp"], None);
        assert_eq!(bindings["81/tcp"], Some(vec![Inner::default()]));
        assert_eq!(read(r#"{"Labels":{"a":null}}"#).labels["a"], "");
    }

    #[test]
    fn unknown_keys_and_what_follows_are_ignored() {
        assert_eq!(read(r#"{"Image": "nginx"}-X"#).image, "nginx");
        assert_eq!(read(r#"{"Image":"a"}{"Image":"b"}"#).image, "a");
        assert_eq!(read(r#" {"Nope":{"x":[1]},"Image":"a"} "#).image, "a");
    }

    #[test]
    fn values_of_all_kinds() {
        let config = read(
            r#"{"Cmd":"date","ExposedPorts":{"80/tcp":{}},"At":"2020-01-01T00:00:00Z",
                "Ratio":1,"Memory":-1,"Port":65535,"Any":{"a":[1,2.5,"x",null,true]}}"#,
        );
        assert_eq!(config.cmd.unwrap().0, ["date"]);
        assert_eq!(config.exposed_ports, EmptyMap::from_iter(["80/tcp"]));
        assert_eq!(config.at.unix_seconds(), 1_577_836_800);
        assert_eq!(
            (config.ratio, config.memory, config.port),
            (GoFloat32(1.0), -1, 65535)
        );
        assert_eq!(
            config.any,
            serde_json::json!({"a": [1, 2.5, "x", null, true]})
        );
    }

    #[test]
    fn wrong_types_are_named_as_go_names_them() {
        for (body, text) in [
            (
                r#"{"Memory":"1"}"#,
                "cannot unmarshal string into Go struct field Config.Memory of type int64",
            ),
            (
                r#"{"memory":1.5}"#,
                "cannot unmarshal number 1.5 into Go struct field Config.Memory of type int64",
            ),
            (
                r#"{"Memory":1e99}"#,
                "cannot unmarshal number 1e+99 into Go struct field Config.Memory of type int64",
            ),
            (
                r#"{"Port":65536}"#,
                "cannot unmarshal number 65536 into Go struct field Config.Port of type uint16",
            ),
            (
                r#"{"Memory":18446744073709551615}"#,
                "cannot unmarshal number 18446744073709551615 into Go struct field Config.Memory of type int64",
            ),
            (
                r#"{"Image":1}"#,
                "cannot unmarshal number into Go struct field Config.Image of type string",
            ),
            (
                r#"{"Tty":"yes"}"#,
                "cannot unmarshal string into Go struct field Config.Tty of type bool",
            ),
            (
                r#"{"Env":"a"}"#,
                "cannot unmarshal string into Go struct field Config.Env of type list",
            ),
            (
                r#"{"Labels":[]}"#,
                "cannot unmarshal array into Go struct field Config.Labels of type map",
            ),
            (
                r#"{"HostConfig":{"Count":true}}"#,
                "cannot unmarshal bool into Go struct field Config.HostConfig.Count of type int64",
            ),
            (
                r#"{"HostConfig":[]}"#,
                "cannot unmarshal array into Go struct field Config.HostConfig of type Inner",
            ),
            ("[]", "cannot unmarshal array into Go value of type Config"),
        ] {
            assert_eq!(
                refused(body),
                format!("invalid JSON: json: {text}"),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        assert_eq!(
            refused(""),
            "invalid JSON: got EOF while reading request body"
        );
        assert_eq!(
            refused("  \n"),
            "invalid JSON: got EOF while reading request body"
        );
        assert_eq!(
            refused("{\"Image\":"),
            "invalid JSON: unexpected end of JSON input"
        );
        assert!(refused("{Image}").starts_with("invalid JSON: "));
        assert!(refused("\u{0}").starts_with("invalid JSON: "));
        assert!(refused(&"[".repeat(100_000)).starts_with("invalid JSON: "));
        assert!(from_slice::<Config>(b"{\"Image\":\"\xff\"}").is_ok());
    }
}
