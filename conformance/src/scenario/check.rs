//! What a scenario says must hold after an action.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::path;
use crate::frames;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Answer;

/// One line of a scenario below an action.
#[derive(Debug)]
pub(super) enum Check {
    /// `status 200`
    Status(u16),
    /// `exit 3`: curl's own exit code
    Exit(i32),
    /// `answer 2`: later checks look at the second answer of the line
    Answer(usize),
    /// `header Content-Type is application/json`
    Header(String, Test),
    /// `body contains text`
    Body(Test),
    /// `stdout contains text`: of framed output
    Stdout(Test),
    /// `json .Id is "x"`
    Json(String, Test),
    /// `bind id .Id 12`: keeps a value, cut to a length
    Bind(String, String, usize),
    /// `tar has manifest.json`
    Tar(String),
    /// `tarfile nginx.tar has manifest.json`
    TarFile(String, String),
    /// `sametree one.tar two.tar`
    SameTree(String, String),
    /// `output contains text`: of a line that is no transfer
    Output(Test),
}

/// A question about a text or value.
#[derive(Debug)]
pub(super) enum Test {
    Is(String),
    Contains(String),
    /// An array with an element that contains this.
    Kind(String),
    Exists,
    Absent,
    Empty,
}

/// What an action left behind.
pub(super) struct Seen {
    pub(super) exit: i32,
    pub(super) answers: Vec<Answer>,
    /// What the line wrote to its stdout, and to its stderr.
    pub(super) output: String,
    pub(super) said: String,
}

impl Seen {
    /// One answer, got without a shell.
    pub(super) fn of(answer: Answer) -> Self {
        Self {
            exit: 0,
            answers: vec![answer],
            output: String::new(),
            said: String::new(),
        }
    }
}

impl Check {
    /// Parses a line's first word and the rest.
    pub(super) fn parse(word: &str, rest: &str) -> Result<Self, String> {
        let pair = || rest.split_once(' ').ok_or("something is missing after it");
        let number = |e: std::num::ParseIntError| e.to_string();
        Ok(match word {
            "status" => Self::Status(rest.parse().map_err(number)?),
            "exit" => Self::Exit(rest.parse().map_err(number)?),
            "answer" => Self::Answer(rest.parse().map_err(number)?),
            "header" => {
                let (name, test) = pair()?;
                Self::Header(name.to_owned(), Test::parse(test)?)
            }
            "body" => Self::Body(Test::parse(rest)?),
            "stdout" => Self::Stdout(Test::parse(rest)?),
            "json" => {
                let (path, test) = pair()?;
                Self::Json(path.to_owned(), Test::parse(test)?)
            }
            "bind" => {
                let (name, rest) = pair()?;
                let (path, length) = rest.split_once(' ').unwrap_or((rest, "1000"));
                Self::Bind(
                    name.to_owned(),
                    path.to_owned(),
                    length.parse().map_err(number)?,
                )
            }
            "tar" => Self::Tar(
                rest.strip_prefix("has ")
                    .ok_or("`has` expected")?
                    .to_owned(),
            ),
            "tarfile" => {
                let (file, entry) = rest.split_once(" has ").ok_or("`has` expected")?;
                Self::TarFile(file.to_owned(), entry.to_owned())
            }
            "sametree" => {
                let (one, two) = pair()?;
                Self::SameTree(one.to_owned(), two.to_owned())
            }
            "output" => Self::Output(Test::parse(rest)?),
            _ => return Err("unknown word".to_owned()),
        })
    }

    /// Does it hold?
    pub(super) fn hold(
        &self,
        seen: &Seen,
        which: &mut usize,
        variables: &mut BTreeMap<String, String>,
        directory: &Path,
    ) -> Outcome {
        if let Self::Exit(code) = self {
            equal!(
                seen.exit,
                *code,
                "exit code of the command line ({})",
                seen.said.trim()
            );
            return Ok(());
        }
        if let Self::Output(test) = self {
            let output = Value::from(seen.output.clone());
            return test.hold("output", vec![&output], variables);
        }
        if let Self::SameTree(one, two) = self {
            let tree = |file: &str| tree(&std::fs::read(directory.join(file))?);
            return same_tree(&tree(one)?, &tree(two)?);
        }
        if let Self::TarFile(file, entry) = self {
            let bytes = std::fs::read(directory.join(expand(file, variables)))?;
            return has_entry(&bytes, entry);
        }
        if let Self::Answer(number) = self {
            *which = number - 1;
        }
        let Some(answer) = seen.answers.get(*which) else {
            return Err(format!("no answer number {}: {}", *which + 1, seen.said.trim()).into());
        };
        match self {
            Self::Status(status) => {
                equal!(
                    answer.head.status,
                    *status,
                    "{}: status, with body {}",
                    answer.asked,
                    answer.text().trim()
                );
            }
            Self::Header(name, test) => {
                let value = answer.head.header(name).map(|v| Value::from(v.to_owned()));
                test.hold(&format!("header {name}"), value.iter().collect(), variables)?;
            }
            Self::Body(test) => {
                test.hold("body", vec![&Value::from(answer.text())], variables)?;
            }
            Self::Stdout(test) => {
                let text = Value::from(frames::split(&answer.body)?.stdout);
                test.hold("stdout", vec![&text], variables)?;
            }
            Self::Json(at, test) => {
                let body = lines_or_value(answer)?;
                let at = expand(at, variables);
                test.hold(&at, path::find(&body, &at), variables)?;
            }
            Self::Bind(name, at, length) => {
                let body = lines_or_value(answer)?;
                let found = path::find(&body, at);
                let value = found.first().and_then(|v| v.as_str());
                let value = value.ok_or_else(|| format!("{at}: no text to bind {name} to"))?;
                let value = value.strip_prefix("sha256:").unwrap_or(value);
                variables.insert(name.clone(), value.chars().take(*length).collect());
            }
            Self::Tar(entry) => has_entry(&answer.body, entry)?,
            _ => {}
        }
        Ok(())
    }
}

impl Test {
    fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok(match word {
            "is" => Self::Is(rest.to_owned()),
            "contains" => Self::Contains(rest.to_owned()),
            "kind" => Self::Kind(rest.to_owned()),
            "exists" => Self::Exists,
            "absent" => Self::Absent,
            "empty" => Self::Empty,
            _ => return Err(format!("unknown test {word:?}")),
        })
    }

    /// Holds if it does for any of the values.
    fn hold(
        &self,
        what: &str,
        values: Vec<&Value>,
        variables: &BTreeMap<String, String>,
    ) -> Outcome {
        let any = |test: &dyn Fn(&Value) -> bool| values.iter().any(|v| test(v));
        let holds = match self {
            Self::Exists => !values.is_empty(),
            Self::Absent => values.is_empty(),
            Self::Empty => any(&|v| plain(v).is_empty() || *v == Value::Array(vec![])),
            Self::Is(want) => {
                let want = expand(want, variables);
                let value = serde_json::from_str::<Value>(&want).ok();
                any(&|v| plain(v) == want || value.as_ref() == Some(v))
            }
            Self::Contains(want) => any(&|v| plain(v).contains(&expand(want, variables))),
            Self::Kind(kind) => any(&|v| kind_of(v) == kind),
        };
        let seen: Vec<String> = values.iter().map(|v| plain(v)).collect();
        ensure!(
            holds,
            "{what} {self:?} does not hold; it has {}",
            seen.join(", ")
        );
        Ok(())
    }
}

/// Texts without quotes, everything else as compact JSON.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A stream of JSON lines reads as a list of its lines.
fn lines_or_value(answer: &Answer) -> Outcome<Value> {
    if let Ok(value) = serde_json::from_slice(&answer.body) {
        return Ok(value);
    }
    let lines: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(&answer.body)
        .into_iter()
        .collect();
    Ok(lines.map(Value::Array)?)
}

fn has_entry(bytes: &[u8], entry: &str) -> Outcome {
    let mut names = Vec::new();
    for file in tar::Archive::new(bytes).entries()? {
        let name = file?.path()?.display().to_string();
        names.push(
            name.trim_start_matches("./")
                .trim_end_matches('/')
                .to_owned(),
        );
    }
    ensure!(
        names.iter().any(|n| n == entry),
        "no {entry} in the tar, but {}",
        names.join(" ")
    );
    Ok(())
}

/// What a tar says about each of its entries, but for times and order.
fn tree(bytes: &[u8]) -> Outcome<BTreeMap<String, String>> {
    let mut tree = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let header = entry.header();
        let what = format!(
            "{:?} {:o} {}:{} {} {:?}",
            header.entry_type(),
            header.mode()?,
            header.uid()?,
            header.gid()?,
            header.size()?,
            entry.link_name()?,
        );
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        let mut hash = std::collections::hash_map::DefaultHasher::new();
        content.hash(&mut hash);
        let name = entry.path()?.display().to_string();
        let name = name.trim_start_matches("./").trim_end_matches('/');
        tree.insert(name.to_owned(), format!("{what} {:x}", hash.finish()));
    }
    Ok(tree)
}

fn same_tree(one: &BTreeMap<String, String>, two: &BTreeMap<String, String>) -> Outcome {
    ensure!(!one.is_empty(), "the first tar is empty");
    for name in one.keys().chain(two.keys()) {
        equal!(one.get(name), two.get(name), "{name} in both tars");
    }
    Ok(())
}

/// Puts bound values in place of `{name}`.
pub(super) fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (name, value) in variables {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}
