//! Carries instructions over to an image's configuration: what the builder's
//! steps without files do, and the `changes` of import and commit.

use longshore_oci::config::{self, Empty, RunConfig};

use crate::duration;
use crate::error::ParseError;
use crate::expand::ExpandError;
use crate::instruction::{Arg, Healthcheck, Instruction, Pair};
use crate::parse;
use crate::quote::{quote, quote_list};

/// The longest environment, and the longest labels, in bytes.
const LONGEST: usize = 8 << 20;

/// The names of Linux' signals without `SIG`.
const SIGNALS: [&str; 37] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "UNUSED", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN",
    "RTMAX",
];

/// The instructions that commit and import take.
const CHANGES: [&str; 10] = [
    "cmd",
    "entrypoint",
    "env",
    "expose",
    "healthcheck",
    "label",
    "onbuild",
    "user",
    "volume",
    "workdir",
];

/// Why an instruction cannot be applied, in dockerd's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// It cannot be read.
    #[error("{}", .0.message)]
    Parse(#[from] ParseError),
    /// A variable in it.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// It has no place among changes.
    #[error("{0} is not a valid change command")]
    NotAChange(String),
    /// A value in it.
    #[error("{0}")]
    Value(String),
}

/// Applies the instructions of one stage, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applier {
    /// `CMD` was given in this stage: an `ENTRYPOINT` leaves it.
    command_given: bool,
}

/// Applies the `changes` of import and commit: lines of a Dockerfile that need
/// no build. An error leaves the configuration as it was.
///
/// ```
/// use longshore_dockerfile::apply::changes;
/// use longshore_oci::config::RunConfig;
///
/// let mut config = RunConfig::default();
/// changes(&mut config, &[r#"CMD ["/bin/true"]"#.to_owned()])?;
/// assert_eq!(config.cmd, Some(vec!["/bin/true".to_owned()]));
/// # Ok::<(), longshore_dockerfile::apply::ApplyError>(())
/// ```
pub fn changes(config: &mut RunConfig, lines: &[String]) -> Result<(), ApplyError> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut applier = Applier::default();
    let mut changed = config.clone();
    let judge = |keyword: &str| match CHANGES.contains(&keyword) {
        true => Ok(()),
        false => Err(ApplyError::NotAChange(keyword.to_owned())),
    };
    for step in parse::alone(&lines.join("\n"), judge)? {
        let env = changed.env.clone().unwrap_or_default();
        let instruction = step.value.expand(&env, '\\')?;
        applier.apply(&mut changed, &instruction)?;
    }
    *config = changed;
    Ok(())
}

impl Applier {
    /// Changes a configuration by an expanded instruction. Answers what the
    /// history says of the step after `#(nop) ` (and one more blank, except for
    /// `WORKDIR`); what runs or copies changes nothing here and answers `None`.
    pub fn apply(
        &mut self,
        config: &mut RunConfig,
        instruction: &Instruction,
    ) -> Result<Option<String>, ApplyError> {
        let shell = config.shell.clone();
        Ok(Some(match instruction {
            Instruction::Env(pairs) => {
                let list = config.env.get_or_insert_default();
                for pair in pairs {
                    if pair.name.is_empty() {
                        // A variable in the name may come to nothing.
                        let text = format!("invalid environment variable: ={}", pair.value);
                        return Err(ApplyError::Value(text));
                    }
                    set_variable(list, pair);
                }
                bounded("environment", list.iter().map(String::len).sum())?;
                joined("ENV", pairs)
            }
            Instruction::Label(pairs) => {
                let labels = config.labels.get_or_insert_default();
                for Pair { name, value } in pairs {
                    labels.insert(name.clone(), value.clone());
                }
                let lengths = labels.iter().map(|(name, value)| name.len() + value.len());
                bounded("labels", lengths.sum())?;
                joined("LABEL", pairs)
            }
            Instruction::Arg(args) => {
                let args: Vec<String> = args.iter().map(Arg::to_string).collect();
                format!("ARG {}", args.join(" "))
            }
            Instruction::Cmd(command) => {
                let words = command.words(shell.as_deref());
                self.command_given |= !command.is_empty();
                let text = format!("CMD {}", quote_list(&words));
                config.cmd = Some(words);
                text
            }
            Instruction::Entrypoint(command) => {
                let words = command.words(shell.as_deref());
                let text = format!("ENTRYPOINT {}", quote_list(&words));
                config.entrypoint = Some(words).filter(|words| !words.is_empty());
                if !self.command_given {
                    // The old command was an argument list for the old program.
                    config.cmd = None;
                }
                text
            }
            Instruction::Expose(words) => {
                let mut ports = Vec::new();
                for word in words {
                    ports.extend(exposed(word)?);
                }
                let set = config.exposed_ports.get_or_insert_default();
                set.extend(ports.into_iter().map(|port| (port, Empty {})));
                format!("EXPOSE {}", words.join(" "))
            }
            Instruction::Volume(paths) => {
                let volumes = config.volumes.get_or_insert_default();
                for path in paths {
                    if path.is_empty() {
                        let text = "VOLUME specified can not be an empty string";
                        return Err(ApplyError::Value(text.to_owned()));
                    }
                    volumes.insert(path.clone(), Empty {});
                }
                format!("VOLUME [{}]", paths.join(" "))
            }
            Instruction::User(user) => {
                config.user = user.clone();
                format!("USER {user}")
            }
            Instruction::Workdir(path) => {
                config.working_dir = directory(&config.working_dir, path)?;
                format!("WORKDIR {}", config.working_dir)
            }
            Instruction::StopSignal(signal) => {
                check_signal(signal)?;
                config.stop_signal = signal.clone();
                format!("STOPSIGNAL {signal}")
            }
            Instruction::Healthcheck(check) => {
                config.healthcheck = Some(health(check));
                format!("HEALTHCHECK {}", health_text(check))
            }
            Instruction::Shell(words) => {
                config.shell = Some(words.clone());
                format!("SHELL [{}]", words.join(" "))
            }
            Instruction::OnBuild(trigger) => {
                config
                    .on_build
                    .get_or_insert_default()
                    .push(trigger.clone());
                format!("ONBUILD {trigger}")
            }
            Instruction::Maintainer(name) => format!("MAINTAINER {name}"),
            Instruction::Add(_) | Instruction::Copy(_) | Instruction::Run(_) => return Ok(None),
        }))
    }
}

/// What every later step has to carry along may not grow for ever.
fn bounded(what: &str, length: usize) -> Result<(), ApplyError> {
    match length > LONGEST {
        true => Err(ApplyError::Value(format!("the {what} would be too long"))),
        false => Ok(()),
    }
}

fn joined(keyword: &str, pairs: &[Pair]) -> String {
    let mut text = keyword.to_owned();
    for pair in pairs {
        text.push(' ');
        text.push_str(&pair.to_string());
    }
    text
}

fn set_variable(list: &mut Vec<String>, pair: &Pair) {
    let present = list.iter_mut().find(|entry| {
        entry
            .split_once('=')
            .map_or(entry.as_str(), |(name, _)| name)
            == pair.name
    });
    match present {
        Some(present) => *present = pair.to_string(),
        None => list.push(pair.to_string()),
    }
}

/// The ports of a word such as `8000-8002/udp`. An address and a port of the
/// host may stand before it and mean nothing.
fn exposed(word: &str) -> Result<Vec<String>, ApplyError> {
    let wrong = |text: String| Err(ApplyError::Value(text));
    let (range, protocol) = match word.split_once('/') {
        Some((range, "")) => (range, "tcp"),
        Some(both) => both,
        None => (word, "tcp"),
    };
    let protocol = protocol.to_lowercase();
    let range = range.rsplit(':').next().unwrap_or(range);
    if range.is_empty() {
        return wrong(format!("No port specified: {word}<empty>"));
    }
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else {
        return wrong(format!("Invalid containerPort: {range}"));
    };
    if first > last {
        return wrong(format!("Invalid containerPort: {range}"));
    }
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return wrong(format!("Invalid proto: {protocol}"));
    }
    Ok((first..=last)
        .map(|port| format!("{port}/{protocol}"))
        .collect())
}

/// A relative directory continues the present one; an absolute one is taken as
/// it is written.
fn directory(present: &str, path: &str) -> Result<String, ApplyError> {
    if path.is_empty() {
        return Err(ApplyError::Value("cannot normalize nothing".to_owned()));
    }
    if path.starts_with('/') {
        return Ok(path.to_owned());
    }
    let joined = format!("{present}/{path}");
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Ok(format!("/{}", parts.join("/")))
}

/// A signal's number, or its name with or without `SIG`.
fn check_signal(signal: &str) -> Result<(), ApplyError> {
    let wrong = || ApplyError::Value(format!("Invalid signal: {signal}"));
    if let Ok(number) = signal.parse::<i64>() {
        return if number == 0 { Err(wrong()) } else { Ok(()) };
    }
    let upper = signal.to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let real_time = |prefix: &str, most: u8| {
        name.strip_prefix(prefix)
            .and_then(|number| number.parse::<u8>().ok())
            .is_some_and(|number| (1..=most).contains(&number))
    };
    let known = SIGNALS.contains(&name) || real_time("RTMIN+", 15) || real_time("RTMAX-", 14);
    known.then_some(()).ok_or_else(wrong)
}

fn health(check: &Healthcheck) -> config::Healthcheck {
    config::Healthcheck {
        test: Some(check.test.clone()),
        interval: check.interval,
        timeout: check.timeout,
        start_period: check.start_period,
        retries: check.retries,
    }
}

/// Go's `%q` of the structure, number of tries and all.
fn health_text(check: &Healthcheck) -> String {
    let time = |nanoseconds| quote(&duration::format(nanoseconds));
    let retries = u32::try_from(check.retries)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('\u{fffd}');
    let retries = quote(&retries.to_string());
    format!(
        "&{{{} {} {} {} '{}'}}",
        quote_list(&check.test),
        time(check.interval),
        time(check.timeout),
        time(check.start_period),
        retries.trim_matches('"')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(lines: &[&str]) -> Result<RunConfig, String> {
        let mut config = RunConfig::default();
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        changes(&mut config, &lines).map_err(|error| error.to_string())?;
        Ok(config)
    }

    fn list(words: &[&str]) -> Option<Vec<String>> {
        Some(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn each_change_changes_its_field() {
        let config = changed(&[
            r#"cmd ["a", "b c"]"#,
            "ENTRYPOINT run it",
            r#"ENV A=1 B="two words" C=x\ y"#,
            "ENV A $A and more",
            "EXPOSE 80 53/UDP 8000-8002 1.2.3.4:7:8",
            "VOLUME /data /more",
            r#"VOLUME ["/json"]"#,
            "USER 1000:1000",
            "WORKDIR a/../b",
            "WORKDIR c/",
            "LABEL x=1 \\\n  y='2 3'",
            "ONBUILD RUN true",
            "HEALTHCHECK --interval=1m30s --retries=3 CMD curl localhost",
        ])
        .unwrap();
        assert_eq!(config.cmd, list(&["a", "b c"]));
        assert_eq!(config.entrypoint, list(&["/bin/sh", "-c", "run it"]));
        assert_eq!(config.env, list(&["A=1 and more", "B=two words", "C=x y"]));
        let ports: Vec<String> = config.exposed_ports.unwrap().into_keys().collect();
        assert_eq!(
            ports,
            [
                "53/udp", "8/tcp", "80/tcp", "8000/tcp", "8001/tcp", "8002/tcp"
            ]
        );
        let volumes: Vec<String> = config.volumes.unwrap().into_keys().collect();
        assert_eq!(volumes, ["/data", "/json", "/more"]);
        assert_eq!(config.user, "1000:1000");
        assert_eq!(config.working_dir, "/b/c");
        let labels: Vec<String> = config.labels.unwrap().into_values().collect();
        assert_eq!(labels, ["1", "2 3"]);
        assert_eq!(config.on_build, list(&["RUN true"]));
        let check = config.healthcheck.unwrap();
        assert_eq!(check.test, list(&["CMD-SHELL", "curl localhost"]));
        assert_eq!((check.interval, check.retries), (90_000_000_000, 3));
    }

    #[test]
    fn an_entrypoint_takes_the_image_s_command_away_but_not_its_own() {
        let with = |lines: &[&str]| {
            let mut config = RunConfig {
                cmd: list(&["old"]),
                ..RunConfig::default()
            };
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            changes(&mut config, &lines).unwrap();
            (config.cmd, config.entrypoint)
        };
        assert_eq!(with(&[r#"ENTRYPOINT ["e"]"#]), (None, list(&["e"])));
        assert_eq!(
            with(&[r#"CMD ["c"]"#, r#"ENTRYPOINT ["e"]"#]),
            (list(&["c"]), list(&["e"]))
        );
        assert_eq!(with(&["CMD []", "ENTRYPOINT []"]), (None, None));
        assert_eq!(with(&["CMD []"]).0, list(&[]));
        assert_eq!(with(&["CMD"]).0, list(&["/bin/sh", "-c"]));
    }

    /// What dockerd 20.10 says to `POST /images/create?fromSrc=-&changes=`.
    #[test]
    fn wrong_changes_have_dockerd_s_words_and_change_nothing() {
        for (lines, expected) in [
            (&[""][..], "file with no instructions"),
            (&["# x"], "file with no instructions"),
            (&["FOO x"], "foo is not a valid change command"),
            (&["FROM x"], "from is not a valid change command"),
            (&["RUN x"], "run is not a valid change command"),
            (&["ARG x"], "arg is not a valid change command"),
            (
                &["STOPSIGNAL x"],
                "stopsignal is not a valid change command",
            ),
            (&["LABEL a=b", "FOO"], "foo is not a valid change command"),
            (&["ENV a"], "ENV must have two arguments"),
            (&["ENV"], "ENV requires at least one argument"),
            (&["USER"], "USER requires exactly one argument"),
            (&["EXPOSE x"], "Invalid containerPort: x"),
            (&["ENV $NO=y"], "invalid environment variable: =y"),
            (&["WORKDIR ''"], "cannot normalize nothing"),
            (
                &["CMD [1]"],
                "when using JSON array syntax, arrays must be comprised of strings only",
            ),
        ] {
            assert_eq!(changed(lines).unwrap_err(), expected, "{lines:?}");
        }
        let mut config = RunConfig::default();
        let lines = ["ENV a=b".to_owned(), "EXPOSE x".to_owned()];
        assert!(changes(&mut config, &lines).is_err());
        assert_eq!(config, RunConfig::default());
    }
}
