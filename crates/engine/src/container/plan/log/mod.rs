//! What a container's `LogConfig` asks for: which driver, with what options.
//!
//! Every driver's lines are kept on disk, in a file of its own or in a cache, so
//! that they can be read; those of a log server are sent to it besides. An option
//! that dockerd refuses is refused when the container is created, also where
//! dockerd notices only at the start; the words are the same.

mod options;
mod servers;
mod tag;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use longshore_api::types::LogConfig;
use longshore_runtime::spec::{Forward, LogFile, LogSpec};
use regex_lite::Regex;

use self::options::Options;
use self::servers::Server;
use self::tag::{Facts, Template};
use crate::container::record::Record;
use crate::error::{Error, Result};

pub(crate) use self::options::DRIVERS;

/// The log of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogPlan {
    file: Option<FilePlan>,
    server: Option<Server>,
    /// Bytes that may wait for a slow server; `None` makes the container wait.
    buffer: Option<u64>,
    chosen: Chosen,
    /// What lines are called; `None` is the driver's default.
    tag: Option<Template>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FilePlan {
    kind: Kind,
    max_size: Option<u64>,
    max_file: u32,
    compress: bool,
}

/// Who keeps lines on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `json-file`.
    Json,
    /// `local`.
    Local,
    /// What can be read of the lines of a log server.
    Cache,
}

/// Labels and variables that go with each line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Chosen {
    labels: Vec<String>,
    labels_regex: Option<String>,
    env: Vec<String>,
    env_regex: Option<String>,
}

impl LogPlan {
    /// Parses what was asked for.
    pub(crate) fn parse(config: &LogConfig) -> Result<LogPlan> {
        let driver = match config.r#type.as_str() {
            "" => "json-file",
            name => name,
        };
        let none = BTreeMap::new();
        let options = Options::new(driver, config.config.as_ref().unwrap_or(&none));
        if driver == "none" {
            return Ok(LogPlan::default());
        }
        let buffer = options.mode()?;
        options.check_driver()?;
        options.check_names()?;
        let server = Server::parse(&options)?;
        let chosen = Chosen {
            labels: options.words("labels"),
            labels_regex: options.regex("labels-regex")?,
            env: options.words("env"),
            env_regex: options.regex("env-regex")?,
        };
        Ok(LogPlan {
            file: match driver {
                "json-file" => Some(FilePlan::json(&options)?),
                "local" => Some(FilePlan::local(&options)?),
                _ => FilePlan::cache(&options)?,
            },
            buffer: match &server {
                Some(server) => buffer.or(server.own_buffer()),
                None => None,
            },
            server,
            chosen,
            tag: options
                .get("tag")
                .filter(|tag| !tag.is_empty())
                .map(Template::parse)
                .transpose()?,
        })
    }

    /// Checks what only a creation can know.
    pub(crate) fn check(&self) -> Result<()> {
        self.server.as_ref().map_or(Ok(()), Server::check)
    }

    /// Directory and name of the log on disk; none where it cannot be read.
    pub(crate) fn place(&self, id: &str, dir: &Path) -> Option<(PathBuf, String)> {
        Some(match self.file.as_ref()?.kind {
            Kind::Json => (dir.to_owned(), format!("{id}-json.log")),
            Kind::Local => (dir.join("local-logs"), "container.log".to_owned()),
            Kind::Cache => (dir.to_owned(), "container-cached.log".to_owned()),
        })
    }

    /// The file that clients are shown.
    pub(crate) fn path(&self, id: &str, dir: &Path) -> Option<PathBuf> {
        let json = self.file.as_ref()?.kind == Kind::Json;
        let (dir, name) = self.place(id, dir).filter(|_| json)?;
        Some(dir.join(name))
    }

    /// What the runtime is told.
    pub(crate) fn spec(&self, record: &Record, dir: &Path) -> LogSpec {
        let facts = Facts { record };
        let attributes = self.chosen.of(record);
        let file = self.file.as_ref().zip(self.place(&record.id, dir));
        LogSpec {
            scratch: dir.to_owned(),
            file: file.map(|(plan, (dir, name))| LogFile {
                dir,
                name,
                max_size: plan.max_size,
                max_file: plan.max_file,
                compress: plan.compress,
                attrs: match plan.kind {
                    Kind::Json => {
                        let mut attributes = attributes.clone();
                        let tag = self.tag.as_ref().map(|tag| tag.expand(&facts));
                        attributes.extend(tag.map(|tag| ("tag".to_owned(), tag)));
                        attributes
                    }
                    // Their options name no attributes, or name the server's.
                    Kind::Local => BTreeMap::new(),
                    Kind::Cache => attributes.clone(),
                },
            }),
            forward: self.server.as_ref().map(|server| {
                let tag = match &self.tag {
                    Some(tag) => tag.expand(&facts),
                    None => facts.short_id().to_owned(),
                };
                Forward {
                    server: server.spec(record, &facts, tag, attributes),
                    buffer: self.buffer,
                }
            }),
        }
    }
}

impl FilePlan {
    fn json(options: &Options<'_>) -> Result<FilePlan> {
        let max_size = options.human_size("max-size")?;
        if max_size == Some(0) {
            return Err(options::at_start("max-size must be a positive number"));
        }
        let max_file = options.number("max-file")?.unwrap_or(1);
        if max_file < 1 {
            return Err(options::at_start("max-file cannot be less than 1"));
        }
        let compress = options.truth("compress")?.unwrap_or(false);
        if compress && (max_file < 2 || max_size.is_none()) {
            return Err(options::at_start(
                "compress cannot be true when max-file is less than 2 or max-size is not set",
            ));
        }
        Ok(FilePlan {
            kind: Kind::Json,
            max_size,
            max_file: u32::try_from(max_file).unwrap_or(u32::MAX),
            compress,
        })
    }

    fn local(options: &Options<'_>) -> Result<FilePlan> {
        let invalid = |key: &'static str| {
            move |error: Error| {
                let value = options.get(key).unwrap_or_default();
                let reason = options::reason(&error);
                options::at_start(&format!("invalid value for {key}: {value}: {reason}"))
            }
        };
        let max_size = options
            .human_size("max-size")
            .map_err(invalid("max-size"))?;
        let max_file = options.number("max-file").map_err(invalid("max-file"))?;
        let compress = options.truth("compress").map_err(|error| {
            let reason = options::reason(&error);
            options::at_start(&format!("error reading compress log option: {reason}"))
        })?;
        let max_file = max_file.unwrap_or(LOCAL_FILES).max(1);
        let compress = compress.unwrap_or(true);
        if compress && max_file == 1 {
            return Err(options::at_start(
                "compression cannot be enabled when max file count is 1",
            ));
        }
        Ok(FilePlan {
            kind: Kind::Local,
            max_size: Some(max_size.unwrap_or(LOCAL_SIZE)).filter(|size| *size > 0),
            max_file: u32::try_from(max_file).unwrap_or(u32::MAX),
            compress,
        })
    }

    fn cache(options: &Options<'_>) -> Result<Option<FilePlan>> {
        if options.truth("cache-disabled")?.unwrap_or(false) {
            return Ok(None);
        }
        let max_file = options.number("cache-max-file")?.unwrap_or(LOCAL_FILES);
        Ok(Some(FilePlan {
            kind: Kind::Cache,
            max_size: options.human_size("cache-max-size")?.or(Some(LOCAL_SIZE)),
            max_file: u32::try_from(max_file.max(1)).unwrap_or(u32::MAX),
            compress: options.truth("cache-compress")?.unwrap_or(true),
        }))
    }
}

/// What `local` and the cache keep: five files of 20 MB.
const LOCAL_SIZE: u64 = 20_000_000;
const LOCAL_FILES: i64 = 5;

impl Chosen {
    /// The labels and variables of a container that were chosen.
    fn of(&self, record: &Record) -> BTreeMap<String, String> {
        let config = &record.config;
        let mut found = BTreeMap::new();
        let labels: Vec<(&str, &str)> = config
            .labels
            .iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        choose(&mut found, &labels, &self.labels, &self.labels_regex);
        let env: Vec<(&str, &str)> = super::list(&config.env)
            .iter()
            .filter_map(|entry| entry.split_once('='))
            .collect();
        choose(&mut found, &env, &self.env, &self.env_regex);
        found
    }
}

fn choose(
    found: &mut BTreeMap<String, String>,
    pairs: &[(&str, &str)],
    names: &[String],
    regex: &Option<String>,
) {
    // It was compiled when it was parsed.
    let regex = regex.as_deref().and_then(|regex| Regex::new(regex).ok());
    for (key, value) in pairs {
        let named = names.iter().any(|name| name == key);
        if named || regex.as_ref().is_some_and(|regex| regex.is_match(key)) {
            found.insert((*key).to_owned(), (*value).to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(driver: &str, options: &[(&str, &str)]) -> Result<LogPlan> {
        LogPlan::parse(&LogConfig {
            r#type: driver.into(),
            config: Some(
                options
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
        })
    }

    #[test]
    fn files_and_their_defaults() {
        let file = |driver, options: &[(&str, &str)]| {
            let plan = parse(driver, options).expect(driver);
            plan.file
                .map(|file| (file.max_size, file.max_file, file.compress))
        };
        assert_eq!(file("", &[]), Some((None, 1, false)));
        let limits = [("max-size", "10k"), ("max-file", "3"), ("compress", "true")];
        assert_eq!(file("json-file", &limits), Some((Some(10_000), 3, true)));
        let kept = Some((Some(20_000_000), 5, true));
        assert_eq!(file("local", &[]), kept);
        assert_eq!(file("syslog", &[]), kept);
        assert_eq!(file("syslog", &[("cache-disabled", "1")]), None);
        assert_eq!(file("none", &[("whatever", "x")]), None);
    }

    /// Driver, options, what is said.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

    #[test]
    fn what_is_refused_is_refused_in_dockerds_words() {
        let cases: &[Case<'_>] = &[
            (
                "nope",
                &[],
                "logger: no log driver named 'nope' is registered",
            ),
            (
                "json-file",
                &[("x", "1")],
                "unknown log opt 'x' for json-file log driver",
            ),
            (
                "local",
                &[("tag", "1")],
                "unknown log opt 'tag' for log driver local",
            ),
            (
                "json-file",
                &[("mode", "x")],
                "logger: logging mode not supported: x",
            ),
            (
                "json-file",
                &[("max-buffer-size", "1m")],
                "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
            ),
            (
                "json-file",
                &[("mode", "non-blocking"), ("max-buffer-size", "x")],
                "error parsing option max-buffer-size: invalid size: 'x'",
            ),
            (
                "json-file",
                &[("max-size", "x")],
                "failed to initialize logging driver: invalid size: 'x'",
            ),
            (
                "json-file",
                &[("max-file", "x")],
                "failed to initialize logging driver: strconv.Atoi: parsing \"x\": invalid syntax",
            ),
            (
                "json-file",
                &[("max-file", "0")],
                "failed to initialize logging driver: max-file cannot be less than 1",
            ),
            (
                "json-file",
                &[("compress", "true")],
                "failed to initialize logging driver: compress cannot be true when max-file is \
                 less than 2 or max-size is not set",
            ),
            (
                "local",
                &[("max-size", "-1")],
                "failed to initialize logging driver: invalid value for max-size: -1: invalid \
                 size: '-1'",
            ),
            (
                "local",
                &[("max-file", "1")],
                "failed to initialize logging driver: compression cannot be enabled when max \
                 file count is 1",
            ),
            (
                "local",
                &[("compress", "x")],
                "failed to initialize logging driver: error reading compress log option: \
                 strconv.ParseBool: parsing \"x\": invalid syntax",
            ),
        ];
        for (driver, options, expected) in cases {
            let error = parse(driver, options).expect_err(expected);
            assert_eq!(error.message, *expected);
        }
        assert!(parse("json-file", &[("tag", "{{.Foo}}")]).is_err());
        assert!(parse("json-file", &[("env-regex", "(")]).is_err());
    }
}
