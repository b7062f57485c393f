//! Reads the text of a scenario file; `scenarios/README.md` is the format.

use clap::ValueEnum as _;

use super::check::Check;
use crate::judge::Level;
use crate::schema;
use crate::session::split_version;

/// How many seconds a line may take that is meant to end by itself.
const LIMIT: u32 = 60;

/// A tutorial.
#[derive(Debug, Default)]
pub(super) struct Scenario {
    pub(super) source: String,
    /// Performed at these API versions; empty for once, unversioned.
    pub(super) versions: Versions,
    /// On command lines: text as printed, and what stands for it here.
    pub(super) replacements: Vec<(String, String)>,
    /// Files in the directory in which the lines run.
    pub(super) files: Vec<(String, String)>,
    /// Names for the judge's root file system as a tar.
    pub(super) tars: Vec<String>,
    pub(super) steps: Vec<Step>,
    /// Requests that tidy up.
    pub(super) finally: Vec<String>,
}

/// At which versions a scenario is performed.
#[derive(Debug, Default)]
pub(super) enum Versions {
    /// Once: the lines as printed have no version.
    #[default]
    None,
    /// At every judged version.
    Every,
    /// At these of the judged ones.
    These(Vec<String>),
}

/// A line of the tutorial and what must hold then.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) level: Level,
    /// What the step cannot do without: `tcp`, or a program.
    pub(super) needs: Vec<String>,
    pub(super) actions: Vec<Action>,
}

/// Something done, and the checks of its outcome.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) what: What,
    pub(super) checks: Vec<Check>,
}

/// What an action is.
#[derive(Debug)]
pub(super) enum What {
    /// A shell command line, literally; curl ends it after so many seconds, as
    /// somebody at the keyboard would.
    Shell(String, u32),
    /// A request of the judge's own: method, path without version, body.
    Request(String),
    /// The same, repeated until its checks hold.
    Until(String),
}

impl Step {
    /// The operations that its lines call, as far as a reader sees it.
    pub(super) fn operations(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for action in &self.actions {
            let (method, path) = match &action.what {
                What::Shell(line, _) => requested(line),
                What::Request(text) | What::Until(text) => {
                    let mut words = text.split(' ').map(str::to_owned);
                    (words.next().unwrap_or_default(), words.next())
                }
            };
            let method = if method == "WS" { "GET" } else { &method };
            let path = path.unwrap_or_default();
            let operation = schema::operation(schema::NEWEST, method, split_version(&path).1);
            if let Some(operation) = operation.filter(|o| !found.iter().any(|f| f == o)) {
                found.push(operation.to_owned());
            }
        }
        found
    }
}

/// The method and path of a curl line: enough to tell which operation it is.
fn requested(line: &str) -> (String, Option<String>) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let has = |names: &[&str]| words.iter().any(|w| names.iter().any(|n| w.starts_with(n)));
    let after = |name: &str| words.iter().skip_while(|w| **w != name).nth(1).copied();
    let method = match after("-X").or(after("--request")).or(after("-XPOST")) {
        Some(method) => method.trim_matches(['"', '\'']).to_owned(),
        None if has(&["-d", "--data", "-T", "--upload-file", "-XPOST"]) => "POST".to_owned(),
        None if has(&["-XDELETE"]) => "DELETE".to_owned(),
        None => "GET".to_owned(),
    };
    let path = words.iter().find_map(|word| {
        let word = word.trim_matches(['"', '\'']);
        let rest = word
            .strip_prefix("http://")
            .or_else(|| word.strip_prefix("http:/"))?;
        let slash = rest.find('/')?;
        Some(rest[slash..].to_owned())
    });
    (method, path)
}

/// Parses a file; an error has the line number.
pub(super) fn scenario(text: &str) -> Result<Scenario, String> {
    let mut scenario = Scenario::default();
    let mut in_finally = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            read(&mut scenario, &mut in_finally, word, rest.trim())
                .map_err(|e| format!("line {}: {e}: {line}", number + 1))?;
        }
    }
    if scenario.source.is_empty() || scenario.steps.is_empty() {
        return Err("a scenario needs a source and steps".to_owned());
    }
    Ok(scenario)
}

fn read(
    scenario: &mut Scenario,
    in_finally: &mut bool,
    word: &str,
    rest: &str,
) -> Result<(), String> {
    match word {
        "source" => scenario.source = rest.to_owned(),
        "every-version" => scenario.versions = Versions::Every,
        "versions" => {
            let these = rest.split(' ').map(str::to_owned).collect();
            scenario.versions = Versions::These(these);
        }
        "replace" => {
            let (from, to) = rest.split_once(" => ").ok_or("`replace A => B` expected")?;
            scenario.replacements.push((from.to_owned(), to.to_owned()));
        }
        "file" => scenario.files.push((rest.to_owned(), String::new())),
        "|" => {
            let (_, content) = scenario.files.last_mut().ok_or("no file to add to")?;
            content.push_str(rest);
            content.push('\n');
        }
        "rootfs" => scenario.tars.push(rest.to_owned()),
        "step" => {
            let (name, level) = rest.split_once(' ').unwrap_or((rest, "must"));
            let level = Level::from_str(level, false)?;
            scenario.steps.push(Step {
                name: name.to_owned(),
                level,
                needs: Vec::new(),
                actions: Vec::new(),
            });
        }
        "finally" => *in_finally = true,
        ">" if *in_finally => scenario.finally.push(rest.to_owned()),
        "needs" => {
            let step = scenario.steps.last_mut().ok_or("no step begun")?;
            step.needs.push(rest.to_owned());
        }
        "$" | "^C" | ">" | "~" => {
            let what = match word {
                "$" => What::Shell(rest.to_owned(), LIMIT),
                "^C" => {
                    let (limit, line) = rest.split_once(' ').ok_or("`^C SECONDS LINE` expected")?;
                    let limit = limit.parse().map_err(|_| "seconds expected")?;
                    What::Shell(line.to_owned(), limit)
                }
                "~" => What::Until(rest.to_owned()),
                _ => What::Request(rest.to_owned()),
            };
            let step = scenario.steps.last_mut().ok_or("no step begun")?;
            step.actions.push(Action {
                what,
                checks: Vec::new(),
            });
        }
        _ => {
            let action = scenario.steps.last_mut().and_then(|s| s.actions.last_mut());
            let action = action.ok_or("nothing to check yet")?;
            action.checks.push(Check::parse(word, rest)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_steps_actions_and_checks() {
        let text = "source here\nreplace 77a => {c}\nstep one should\n  $ curl x\n  status 200\n  > GET /y\n  status 404\nfinally\n> DELETE /z";
        let scenario = scenario(text).unwrap();
        assert_eq!(scenario.steps[0].level, Level::Should);
        assert_eq!(scenario.steps[0].actions.len(), 2);
        assert_eq!(scenario.finally, ["DELETE /z"]);
    }

    #[test]
    fn a_line_says_which_operation_it_is() {
        for (line, operation) in [
            ("> POST /containers/{id}/wait", "ContainerWait"),
            (
                "$ curl --unix-socket /x http:/v1.35/containers/json?all=1",
                "ContainerList",
            ),
            (
                "$ curl -X DELETE \"http://localhost:4243/v1.37/images/a\"",
                "ImageDelete",
            ),
            (
                "$ curl --data '{}' http://x/containers/create",
                "ContainerCreate",
            ),
        ] {
            let text = format!("source x\nstep a\n{line}");
            assert_eq!(scenario(&text).unwrap().steps[0].operations(), [operation]);
        }
    }

    #[test]
    fn an_unknown_word_has_its_line_number() {
        let error = scenario("source x\nstep a\n$ curl\nstatsu 200").unwrap_err();
        assert!(error.starts_with("line 4: "), "{error}");
    }
}
