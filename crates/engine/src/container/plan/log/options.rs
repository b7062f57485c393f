//! The options of a log driver: their names, and their values as Go reads them.

use std::collections::BTreeMap;

use regex_lite::Regex;

use crate::container::plan::resources;
use crate::error::{Error, Result};

/// The drivers there are besides `none`, sorted.
pub(crate) const DRIVERS: [&str; 6] = [
    "fluentd",
    "gelf",
    "journald",
    "json-file",
    "local",
    "syslog",
];

/// Bytes of lines that wait in non-blocking mode when nobody says.
const BUFFER: u64 = 1 << 20;

/// Options that every driver has.
const COMMON: [&str; 6] = [
    "mode",
    "max-buffer-size",
    "cache-disabled",
    "cache-max-size",
    "cache-max-file",
    "cache-compress",
];

/// Options that choose labels and variables, and name lines.
const ATTRIBUTES: [&str; 5] = ["labels", "labels-regex", "env", "env-regex", "tag"];

/// What was given for a driver.
pub(super) struct Options<'a> {
    pub(super) driver: &'a str,
    given: &'a BTreeMap<String, String>,
}

impl<'a> Options<'a> {
    pub(super) fn new(driver: &'a str, given: &'a BTreeMap<String, String>) -> Options<'a> {
        Options { driver, given }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.given.get(key).map(String::as_str)
    }

    /// Bytes that may wait for a slow server, in non-blocking mode.
    pub(super) fn mode(&self) -> Result<Option<u64>> {
        let mode = self.get("mode").unwrap_or_default();
        if !matches!(mode, "" | "blocking" | "non-blocking") {
            return Err(refuse(format!(
                "logger: logging mode not supported: {mode}"
            )));
        }
        let size = match self.get("max-buffer-size") {
            None => BUFFER,
            Some(_) if mode != "non-blocking" => {
                return Err(refuse(
                    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
                ));
            }
            Some(text) => resources::parse_size(text).ok_or_else(|| {
                refuse(format!(
                    "error parsing option max-buffer-size: invalid size: '{text}'"
                ))
            })?,
        };
        Ok((mode == "non-blocking").then_some(size))
    }

    /// Refuses a driver that there is not.
    pub(super) fn check_driver(&self) -> Result<()> {
        if DRIVERS.contains(&self.driver) {
            return Ok(());
        }
        Err(refuse(format!(
            "logger: no log driver named '{}' is registered",
            self.driver
        )))
    }

    /// Refuses options that the driver does not have.
    pub(super) fn check_names(&self) -> Result<()> {
        let own: &[&str] = match self.driver {
            "json-file" => &["max-size", "max-file", "compress"],
            "local" => &["max-size", "max-file", "compress"],
            "syslog" => &[
                "syslog-address",
                "syslog-facility",
                "syslog-format",
                "syslog-tls-ca-cert",
                "syslog-tls-cert",
                "syslog-tls-key",
                "syslog-tls-skip-verify",
            ],
            "gelf" => &[
                "gelf-address",
                "gelf-compression-type",
                "gelf-compression-level",
                "gelf-tcp-max-reconnect",
                "gelf-tcp-reconnect-delay",
            ],
            "fluentd" => &[
                "fluentd-address",
                "fluentd-async",
                "fluentd-async-connect",
                "fluentd-buffer-limit",
                "fluentd-retry-wait",
                "fluentd-max-retries",
                "fluentd-sub-second-precision",
                "fluentd-request-ack",
            ],
            _ => &[],
        };
        if self.driver == "gelf" && self.get("gelf-address").is_none() {
            return Err(refuse("gelf-address is a required parameter"));
        }
        for key in self.given.keys() {
            let key = key.as_str();
            let attribute = self.driver != "local" && ATTRIBUTES.contains(&key);
            if !own.contains(&key) && !COMMON.contains(&key) && !attribute {
                return Err(refuse(if self.driver == "local" {
                    format!("unknown log opt '{key}' for log driver local")
                } else {
                    format!("unknown log opt '{key}' for {} log driver", self.driver)
                }));
            }
        }
        Ok(())
    }

    /// Words between commas.
    pub(super) fn words(&self, key: &str) -> Vec<String> {
        let value = self.get(key).unwrap_or_default();
        let words = value.split(',').filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    /// A regular expression.
    pub(super) fn regex(&self, key: &str) -> Result<Option<String>> {
        let Some(text) = self.get(key).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        Regex::new(text)
            .map_err(|error| at_start(&format!("error parsing regexp: {error}: `{text}`")))?;
        Ok(Some(text.to_owned()))
    }

    /// A size with decimal units.
    pub(super) fn human_size(&self, key: &str) -> Result<Option<u64>> {
        let Some(text) = self.get(key) else {
            return Ok(None);
        };
        human_size(text)
            .map(Some)
            .ok_or_else(|| at_start(&format!("invalid size: '{text}'")))
    }

    /// A whole number.
    pub(super) fn number(&self, key: &str) -> Result<Option<i64>> {
        let Some(text) = self.get(key) else {
            return Ok(None);
        };
        let wrong = |_| at_start(&format!("strconv.Atoi: parsing \"{text}\": invalid syntax"));
        text.parse().map(Some).map_err(wrong)
    }

    /// Yes or no.
    pub(super) fn truth(&self, key: &str) -> Result<Option<bool>> {
        let Some(text) = self.get(key) else {
            return Ok(None);
        };
        parse_bool(text).map(Some).map_err(|text| at_start(&text))
    }
}

/// An error that dockerd finds when a container starts.
pub(super) fn at_start(reason: &str) -> Error {
    Error::bad_parameter(format!("{AT_START}{reason}"))
}

/// The part of such an error that names the reason.
pub(super) fn reason(error: &Error) -> &str {
    let message = error.message.as_str();
    message.strip_prefix(AT_START).unwrap_or(message)
}

const AT_START: &str = "failed to initialize logging driver: ";

/// An error that dockerd finds when a container is created.
pub(super) fn refuse(text: impl Into<String>) -> Error {
    Error::bad_parameter(text)
}

/// Yes or no as Go writes them; the error is Go's.
pub(super) fn parse_bool(text: &str) -> std::result::Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!(
            "strconv.ParseBool: parsing \"{text}\": invalid syntax"
        )),
    }
}

/// `10m` as ten million.
fn human_size(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let number = lower.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = &lower[number.len()..];
    let unit = unit.strip_suffix('b').unwrap_or(unit);
    let unit = unit.strip_suffix('i').unwrap_or(unit);
    let power = match unit {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let number = number.strip_suffix(' ').unwrap_or(number);
    if !number.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    Some((number * 1000_f64.powi(power)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("10", Some(10)),
            ("10k", Some(10_000)),
            ("1.5MB", Some(1_500_000)),
            ("2 GiB", Some(2_000_000_000)),
            ("-1", None),
            ("x", None),
            ("", None),
            ("1z", None),
        ] {
            assert_eq!(human_size(text), expected, "{text}");
        }
    }
}
