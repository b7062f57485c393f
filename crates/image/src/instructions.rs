//! Dockerfile instructions that change a configuration: the `changes` of
//! import and commit.
//!
//! Only those that need no build are allowed. Words, quotes and JSON forms
//! follow the Dockerfile reference; there is no variable substitution except of
//! the configuration's own environment, as in dockerd.

use std::collections::BTreeMap;

use crate::error::Error;
use longshore_oci::config::{Empty, Healthcheck, RunConfig};

/// Applies instructions, each a line (with `\` continuations) of a Dockerfile.
///
/// ```
/// use longshore_oci::{config::RunConfig};
/// use longshore_image::{instructions::apply};
///
/// let mut config = RunConfig::default();
/// apply(&mut config, &[r#"CMD ["/bin/true"]"#.to_owned()])?;
/// assert_eq!(config.cmd, Some(vec!["/bin/true".to_owned()]));
/// # Ok::<(), longshore_image::error::Error>(())
/// ```
pub fn apply(config: &mut RunConfig, changes: &[String]) -> Result<(), Error> {
    let mut has_command = false;
    for line in logical_lines(&changes.join("\n")) {
        let (keyword, rest) = match line.split_once(char::is_whitespace) {
            Some((keyword, rest)) => (keyword.to_ascii_uppercase(), rest.trim()),
            None => (line.to_ascii_uppercase(), ""),
        };
        match keyword.as_str() {
            "CMD" => {
                config.cmd = Some(command(rest));
                has_command = true;
            }
            "ENTRYPOINT" => {
                config.entrypoint = Some(command(rest)).filter(|_| !matches!(rest, "" | "[]"));
                if !has_command {
                    // The old command was an argument list for the old program.
                    config.cmd = None;
                }
            }
            "ENV" => env(config, some(&keyword, rest)?)?,
            "LABEL" => label(config, some(&keyword, rest)?)?,
            "EXPOSE" => expose(config, some(&keyword, rest)?)?,
            "VOLUME" => volume(config, some(&keyword, rest)?)?,
            "USER" => config.user = one(&keyword, rest)?.to_owned(),
            "WORKDIR" => workdir(config, one(&keyword, rest)?)?,
            "ONBUILD" => on_build(config, some(&keyword, rest)?)?,
            "HEALTHCHECK" => config.healthcheck = Some(healthcheck(rest)?),
            other => {
                let other = other.to_lowercase();
                return Err(invalid(format!("{other} is not a valid change command")));
            }
        }
    }
    Ok(())
}

fn invalid(text: impl Into<String>) -> Error {
    Error::Invalid(text.into())
}

/// Joins continued lines; drops comments and empty lines.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => current.push_str(part),
            None => lines.push(std::mem::take(&mut current) + line),
        }
    }
    if !current.is_empty() {
        lines.push(current);
    }
    lines
}

/// The JSON form, if the text is a list of strings.
fn json_form(text: &str) -> Option<Vec<String>> {
    text.starts_with('[')
        .then(|| serde_json::from_str(text).ok())?
}

/// A command in JSON form, else one for the shell.
fn command(text: &str) -> Vec<String> {
    json_form(text).unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()])
}

fn some<'a>(keyword: &str, text: &'a str) -> Result<&'a str, Error> {
    match text {
        "" => Err(invalid(format!("{keyword} requires at least one argument"))),
        text => Ok(text),
    }
}

/// One argument, which may contain blanks.
fn one<'a>(keyword: &str, text: &'a str) -> Result<&'a str, Error> {
    match text {
        "" => Err(invalid(format!("{keyword} requires exactly one argument"))),
        text => Ok(text),
    }
}

fn env(config: &mut RunConfig, text: &str) -> Result<(), Error> {
    let pairs = pairs("ENV", text)?;
    let list = config.env.get_or_insert_default();
    for (name, value) in pairs {
        let prefix = format!("{name}=");
        let entry = prefix.clone() + &value;
        match list.iter_mut().find(|it| it.starts_with(&prefix)) {
            Some(present) => *present = entry,
            None => list.push(entry),
        }
    }
    Ok(())
}

fn label(config: &mut RunConfig, text: &str) -> Result<(), Error> {
    let pairs = pairs("LABEL", text)?;
    config
        .labels
        .get_or_insert_with(BTreeMap::new)
        .extend(pairs);
    Ok(())
}

fn expose(config: &mut RunConfig, text: &str) -> Result<(), Error> {
    let ports = config.exposed_ports.get_or_insert_default();
    for word in words(text) {
        let (range, protocol) = word.split_once('/').unwrap_or((&word, "tcp"));
        let bad = || invalid(format!("Invalid containerPort: {range}"));
        // "host:container" is accepted, the host's part has no meaning here.
        let range = range.rsplit(':').next().unwrap_or(range);
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let first: u16 = first.parse().map_err(|_| bad())?;
        let last: u16 = last.parse().map_err(|_| bad())?;
        let protocol = protocol.to_ascii_lowercase();
        if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
            return Err(invalid(format!("Invalid proto: {protocol}")));
        }
        if first > last {
            return Err(bad());
        }
        for port in first..=last {
            ports.insert(format!("{port}/{protocol}"), Empty {});
        }
    }
    Ok(())
}

fn volume(config: &mut RunConfig, text: &str) -> Result<(), Error> {
    let volumes = config.volumes.get_or_insert_default();
    for path in json_form(text).unwrap_or_else(|| words(text)) {
        let path = path.trim();
        if path.is_empty() {
            return Err(invalid("VOLUME specified can not be an empty string"));
        }
        volumes.insert(path.to_owned(), Empty {});
    }
    Ok(())
}

/// A relative directory continues the present one.
fn workdir(config: &mut RunConfig, text: &str) -> Result<(), Error> {
    let text = unquote(text);
    let joined = match text.starts_with('/') {
        true => text,
        false => format!("{}/{text}", config.working_dir),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    config.working_dir = format!("/{}", parts.join("/"));
    Ok(())
}

fn on_build(config: &mut RunConfig, text: &str) -> Result<(), Error> {
    let trigger = text
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    match trigger.as_str() {
        "ONBUILD" => {
            return Err(invalid(
                "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
            ));
        }
        "MAINTAINER" | "FROM" => {
            return Err(invalid(format!(
                "{trigger} isn't allowed as an ONBUILD trigger"
            )));
        }
        _ => {}
    }
    config
        .on_build
        .get_or_insert_default()
        .push(text.to_owned());
    Ok(())
}

fn healthcheck(text: &str) -> Result<Healthcheck, Error> {
    let mut check = Healthcheck::default();
    let mut rest = text.trim();
    while let Some(option) = rest.strip_prefix("--") {
        let (option, after) = option
            .split_once(char::is_whitespace)
            .unwrap_or((option, ""));
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match name {
            "interval" => check.interval = duration(name, value)?,
            "timeout" => check.timeout = duration(name, value)?,
            "start-period" => check.start_period = duration(name, value)?,
            "retries" => {
                let bad = || {
                    invalid(format!(
                        "strconv.ParseInt: parsing {value:?}: invalid syntax"
                    ))
                };
                check.retries = value.parse().map_err(|_| bad())?;
            }
            _ => return Err(invalid(format!("Unknown flag: {name}"))),
        }
        rest = after.trim_start();
    }
    let (kind, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match kind.to_ascii_uppercase().as_str() {
        "NONE" if rest.trim().is_empty() => check.test = Some(vec!["NONE".to_owned()]),
        "NONE" => return Err(invalid("HEALTHCHECK NONE takes no arguments")),
        "CMD" if rest.trim().is_empty() => {
            return Err(invalid("Missing command after HEALTHCHECK CMD"));
        }
        "CMD" => {
            let rest = rest.trim();
            check.test = Some(match json_form(rest) {
                Some(list) => [vec!["CMD".to_owned()], list].concat(),
                None => vec!["CMD-SHELL".to_owned(), rest.to_owned()],
            });
        }
        "" => return Err(invalid("HEALTHCHECK requires at least one argument")),
        other => {
            return Err(invalid(format!(
                "Unknown type {other:?} in HEALTHCHECK (try CMD)"
            )));
        }
    }
    Ok(check)
}

/// Go's duration text (`1m30s`, `500ms`) in nanoseconds; 0 or at least 1 ms.
fn duration(name: &str, text: &str) -> Result<i64, Error> {
    let bad = || invalid(format!("time: invalid duration {text:?}"));
    let mut total = 0_f64;
    let mut rest = text;
    while !rest.is_empty() && rest != "0" {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(bad)?;
        let number: f64 = rest[..digits].parse().map_err(|_| bad())?;
        let end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |length| digits + length);
        let unit = match &rest[digits..end] {
            "ns" => 1e0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return Err(bad()),
        };
        total += number * unit;
        rest = &rest[end..];
    }
    if text.is_empty() {
        return Err(bad());
    }
    if total != 0.0 && total < 1e6 {
        return Err(invalid(format!(
            "Interval {name:?} cannot be less than 1ms"
        )));
    }
    // Saturates; more than 292 years is as good as that.
    Ok(total as i64)
}

/// `a=b c="d e"`, or the old form `a b c` with one name and the rest as value.
fn pairs(keyword: &str, text: &str) -> Result<Vec<(String, String)>, Error> {
    let words = raw_words(text);
    let first = words.first().map_or("", String::as_str);
    if !first.contains('=') {
        let Some((name, value)) = text.split_once(char::is_whitespace) else {
            return Err(invalid(format!("{keyword} must have two arguments")));
        };
        return Ok(vec![(unquote(name), unquote(value.trim()))]);
    }
    let mut pairs = Vec::new();
    for word in words {
        let Some((name, value)) = word.split_once('=') else {
            return Err(invalid(format!(
                "Syntax error - can't find = in {word:?}. Must be of the form: name=value"
            )));
        };
        let name = unquote(name);
        if name.is_empty() {
            return Err(invalid(format!("{keyword} names can not be blank")));
        }
        pairs.push((name, unquote(value)));
    }
    Ok(pairs)
}

fn words(text: &str) -> Vec<String> {
    raw_words(text).iter().map(|word| unquote(word)).collect()
}

/// Splits at blanks outside quotes; quotes and backslashes stay.
fn raw_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, blank) if blank.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None | Some('"'), '\\') => {
                word.push(character);
                word.extend(characters.next());
                continue;
            }
            _ => {}
        }
        word.push(character);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Removes quotes and backslashes.
fn unquote(text: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None, '\\') => out.extend(characters.next()),
            (Some('"'), '\\') => match characters.next() {
                Some(escaped @ ('"' | '\\' | '$')) => out.push(escaped),
                other => {
                    out.push('\\');
                    out.extend(other);
                }
            },
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(lines: &[&str]) -> Result<RunConfig, String> {
        let mut config = RunConfig::default();
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        apply(&mut config, &lines).map_err(|error| error.to_string())?;
        Ok(config)
    }

    fn list(words: &[&str]) -> Option<Vec<String>> {
        Some(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn each_instruction_changes_its_field() {
        let config = changed(&[
            r#"cmd ["a", "b c"]"#,
            "ENTRYPOINT run it",
            r#"ENV A=1 B="two words" C=x\ y"#,
            "ENV A 3 and more",
            "EXPOSE 80 53/udp 8000-8002",
            "VOLUME /data /more",
            r#"VOLUME ["/json"]"#,
            "USER 1000:1000",
            "WORKDIR /a",
            "WORKDIR b/../c",
            "LABEL x=1 \\\n  y='2 3'",
            "ONBUILD RUN true",
            "HEALTHCHECK --interval=1m30s --retries=3 CMD curl localhost",
        ])
        .unwrap();
        assert_eq!(config.cmd, list(&["a", "b c"]));
        assert_eq!(config.entrypoint, list(&["/bin/sh", "-c", "run it"]));
        assert_eq!(config.env, list(&["A=3 and more", "B=two words", "C=x y"]));
        let ports: Vec<String> = config.exposed_ports.unwrap().into_keys().collect();
        assert_eq!(
            ports,
            ["53/udp", "80/tcp", "8000/tcp", "8001/tcp", "8002/tcp"]
        );
        let volumes: Vec<String> = config.volumes.unwrap().into_keys().collect();
        assert_eq!(volumes, ["/data", "/json", "/more"]);
        assert_eq!(
            (config.user.as_str(), config.working_dir.as_str()),
            ("1000:1000", "/a/c")
        );
        assert_eq!(config.labels.unwrap()["y"], "2 3");
        assert_eq!(config.on_build, list(&["RUN true"]));
        let check = config.healthcheck.unwrap();
        assert_eq!(check.test, list(&["CMD-SHELL", "curl localhost"]));
        assert_eq!((check.interval, check.retries), (90_000_000_000, 3));
    }

    #[test]
    fn a_new_entrypoint_drops_a_command_that_was_not_meant_for_it() {
        let mut config = RunConfig {
            cmd: list(&["old"]),
            ..RunConfig::default()
        };
        apply(&mut config, &["ENTRYPOINT [\"/x\"]".to_owned()]).unwrap();
        assert_eq!((config.cmd, config.entrypoint), (None, list(&["/x"])));
        let config = changed(&["CMD [\"a\"]", "ENTRYPOINT [\"/x\"]"]).unwrap();
        assert_eq!(config.cmd, list(&["a"]));
        let config = changed(&["CMD", "ENTRYPOINT"]).unwrap();
        assert_eq!(
            (config.cmd, config.entrypoint),
            (list(&["/bin/sh", "-c", ""]), None)
        );
    }

    #[test]
    fn what_cannot_be_applied_is_an_error() {
        for (line, text) in [
            ("RUN true", "run is not a valid change command"),
            ("FOO bar", "foo is not a valid change command"),
            ("VOLUME", "VOLUME requires at least one argument"),
            ("ENV A", "ENV must have two arguments"),
            ("ENV =x", "ENV names can not be blank"),
            ("EXPOSE x", "Invalid containerPort: x"),
            ("EXPOSE 80/icmp", "Invalid proto: icmp"),
            ("ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"),
            ("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"),
            ("USER", "USER requires exactly one argument"),
        ] {
            assert_eq!(changed(&[line]).unwrap_err(), text, "{line}");
        }
        assert!(changed(&["HEALTHCHECK --interval=1x CMD true"]).is_err());
        assert!(changed(&["HEALTHCHECK --timeout=1us CMD true"]).is_err());
        assert_eq!(changed(&["# a comment", ""]).unwrap(), RunConfig::default());
    }
}
