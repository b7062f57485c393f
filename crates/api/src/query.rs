//! Query parameters: how dockerd reads booleans, numbers, times, lists and
//! JSON out of them.
//!
//! The generated query structs are filled by the methods of [`Params`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::decode;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::scalar::Timestamp;

/// The parameters of a request in their order. Of several values of one name
/// the first counts, unless the parameter is a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Params<'a> {
    /// Takes `a=1&b=%20+` apart. A percent sign without two hexadecimal
    /// digits is 400.
    pub fn parse(query: &'a str) -> Result<Params<'a>, ApiError> {
        let mut params = Params::default();
        params.append(query)?;
        Ok(params)
    }

    /// Adds further parameters behind those that are here.
    pub fn append(&mut self, query: &'a str) -> Result<(), ApiError> {
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.pairs.push((unescape(name)?, unescape(value)?));
        }
        Ok(())
    }

    /// The first value of a parameter, `""` if it was given without one.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a parameter.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| &**value)
    }

    /// A text; an empty one is as good as none.
    pub fn text(&self, name: &str) -> Option<String> {
        self.first(name)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    }

    /// A text that the operation needs; it says itself what it misses if the
    /// text is empty.
    pub fn required_text(&self, name: &str) -> String {
        self.first(name).unwrap_or_default().to_owned()
    }

    /// A boolean: absent is the default, ``, `0`, `no`, `false` and `none` in
    /// any case are false, everything else is true.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.first(name).map_or(default, docker_bool)
    }

    /// A boolean of the swarm and network operations, in the spellings of
    /// Go's `strconv.ParseBool`; others are 400.
    pub fn strict_flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.first(name) {
            None | Some("") => Ok(false),
            Some(value) => go_bool(value).ok_or_else(|| {
                ApiError::bad_parameter(format!(
                    "invalid value for {name}: strconv.ParseBool: parsing {value:?}: invalid syntax"
                ))
            }),
        }
    }

    /// A number; absent and empty are none, what is no number is 400.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.first(name) {
            None | Some("") => Ok(None),
            Some(value) => number(name, value).map(Some),
        }
    }

    /// A number that has to be there: absent and empty are 400 too.
    pub fn required_integer(&self, name: &str) -> Result<i64, ApiError> {
        number(name, self.first(name).unwrap_or_default())
    }

    /// A number; anything unreadable is none. The resource limits of a build
    /// are read like this.
    pub fn lenient_integer(&self, name: &str) -> Option<i64> {
        self.first(name).and_then(|value| value.parse().ok())
    }

    /// A time, as `seconds[.fraction]` since the epoch. Other texts are 400.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        match self.first(name) {
            None | Some("") => Ok(None),
            Some(value) => unix_time(value).map(Some).ok_or_else(|| {
                ApiError::bad_parameter(format!(
                    "invalid value for {name}: failed to parse value as time or duration: {value:?}"
                ))
            }),
        }
    }

    /// The values of a parameter that may be repeated; commas mean nothing.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.all(name).map(str::to_owned).collect()
    }

    /// A value that is JSON itself; absent and empty are none, what does not
    /// fit is 400.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        match self.first(name) {
            None | Some("") => Ok(None),
            Some(value) => decode::from_slice(value.as_bytes())
                .map(Some)
                .map_err(|error| {
                    ApiError::bad_parameter(format!("invalid value for {name}: {}", error.message))
                }),
        }
    }

    /// The parameter `filters`.
    pub fn filters(&self, name: &str) -> Result<Filters, ApiError> {
        Filters::parse(self.first(name).unwrap_or_default())
    }

    /// A map of texts in JSON, whose values may be `null`.
    pub fn nullable_map(&self, name: &str) -> Result<BTreeMap<String, Option<String>>, ApiError> {
        Ok(self.json(name)?.unwrap_or_default())
    }
}

/// dockerd's idea of truth: everything is true but ``, `0`, `no`, `false` and
/// `none`.
pub fn docker_bool(value: &str) -> bool {
    let value = value.trim();
    !["", "0", "no", "false", "none"]
        .iter()
        .any(|no| value.eq_ignore_ascii_case(no))
}

/// Go's `strconv.ParseBool`.
pub fn go_bool(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

fn number(name: &str, value: &str) -> Result<i64, ApiError> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    value.parse().map_err(|error: std::num::ParseIntError| {
        let reason = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        ApiError::bad_parameter(format!(
            "invalid value for {name}: strconv.ParseInt: parsing {value:?}: {reason}"
        ))
    })
}

fn unix_time(value: &str) -> Option<Timestamp> {
    let (seconds, fraction) = value.split_once('.').unwrap_or((value, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Digits beyond the ninth are finer than a nanosecond.
    let digits = &fraction[..fraction.len().min(9)];
    let nanoseconds = format!("{digits:0<9}").parse().ok()?;
    Some(Timestamp::from_unix(seconds.parse().ok()?, nanoseconds))
}

/// Undoes percent encoding and reads `+` as a blank.
fn unescape(text: &str) -> Result<Cow<'_, str>, ApiError> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    for (at, _) in text.match_indices('%') {
        let digits = text.as_bytes().get(at + 1..at + 3);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            let wrong: String = text[at..].chars().take(3).collect();
            return Err(ApiError::bad_parameter(format!(
                "invalid URL escape {wrong:?}"
            )));
        }
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8_lossy();
    Ok(Cow::Owned(decoded.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params<'_> {
        Params::parse(query).unwrap()
    }

    fn refused<T: std::fmt::Debug>(result: Result<T, ApiError>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.status().as_u16(), 400);
        error.message
    }

    #[test]
    fn pairs_are_unescaped() {
        let query = params("a=1&b&c=x+y%20z%2B&&a=2&%61b=%C3%A4&=e");
        assert_eq!(query.first("a"), Some("1"));
        assert_eq!(query.list("a"), ["1", "2"]);
        assert_eq!(query.first("b"), Some(""));
        assert_eq!(query.first("c"), Some("x y z+"));
        assert_eq!(query.first("ab"), Some("ä"));
        assert_eq!(query.first("nope"), None);
        assert_eq!(
            refused(Params::parse("a=%zz")),
            "invalid URL escape \"%zz\""
        );
        assert_eq!(refused(Params::parse("a=%")), "invalid URL escape \"%\"");
        assert!(refused(Params::parse("%ää=1")).starts_with("invalid URL escape"));
    }

    #[test]
    fn booleans() {
        for no in ["", "0", "no", "No", "false", "FALSE", "none", " 0 "] {
            assert!(!docker_bool(no), "{no:?}");
        }
        for yes in ["1", "true", "yes", "banana", "2", "-1"] {
            assert!(docker_bool(yes), "{yes:?}");
        }
        let query = params("quiet=&stream=0&force=1");
        assert!(!query.flag("quiet", true));
        assert!(query.flag("absent", true));
        assert!(!query.flag("absent", false));
        assert!(query.flag("force", false) && !query.flag("stream", true));
    }

    #[test]
    fn strict_booleans() {
        let query = params("a=T&b=0&c=yes&d=");
        assert_eq!(query.strict_flag("a"), Ok(true));
        assert_eq!(query.strict_flag("b"), Ok(false));
        assert_eq!(query.strict_flag("d"), Ok(false));
        assert_eq!(query.strict_flag("nope"), Ok(false));
        assert!(refused(query.strict_flag("c")).contains("parsing \"yes\": invalid syntax"));
    }

    #[test]
    fn numbers() {
        let query = params("t=-1&x=ten&e=&big=99999999999999999999&f=1.5");
        assert_eq!(query.integer("t"), Ok(Some(-1)));
        assert_eq!(query.integer("e"), Ok(None));
        assert_eq!(query.integer("nope"), Ok(None));
        assert!(refused(query.integer("x")).contains("parsing \"ten\": invalid syntax"));
        assert!(refused(query.integer("big")).contains("value out of range"));
        assert!(refused(query.integer("f")).contains("invalid syntax"));
        assert!(refused(query.required_integer("nope")).contains("parsing \"\": invalid syntax"));
        assert_eq!(query.required_integer("t"), Ok(-1));
        assert_eq!(
            (query.lenient_integer("x"), query.lenient_integer("t")),
            (None, Some(-1))
        );
    }

    #[test]
    fn times() {
        let query = params("a=1136073845&b=1136073845.000000001&c=1.5&d=yesterday&e=1.x&f=");
        assert_eq!(
            query.time("a").unwrap().unwrap(),
            Timestamp::from_unix(1_136_073_845, 0)
        );
        assert_eq!(
            query.time("b").unwrap().unwrap(),
            Timestamp::from_unix(1_136_073_845, 1)
        );
        assert_eq!(
            query.time("c").unwrap().unwrap(),
            Timestamp::from_unix(1, 500_000_000)
        );
        assert_eq!(query.time("f"), Ok(None));
        refused(query.time("d"));
        refused(query.time("e"));
    }

    #[test]
    fn json_in_a_value() {
        let query = params(
            "buildargs=%7B%22a%22:%22b%22,%22c%22:null%7D&cachefrom=%5B%22x%22%5D&ulimits=x",
        );
        assert_eq!(query.nullable_map("buildargs").unwrap()["c"], None);
        assert_eq!(
            query.json::<Vec<String>>("cachefrom").unwrap().unwrap(),
            ["x"]
        );
        assert!(
            refused(query.json::<Vec<String>>("ulimits"))
                .starts_with("invalid value for ulimits: invalid JSON")
        );
        assert_eq!(query.json::<Vec<String>>("nope"), Ok(None));
        assert!(query.filters("nope").unwrap().is_empty());
    }
}
