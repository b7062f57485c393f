//! Reads the text of a scenario file; `scenarios/README.md` is the format.

use super::check::Check;

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
    pub(super) level: String,
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
            scenario.steps.push(Step {
                name: name.to_owned(),
                level: level.to_owned(),
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
        assert_eq!(scenario.steps[0].level, "should");
        assert_eq!(scenario.steps[0].actions.len(), 2);
        assert_eq!(scenario.finally, ["DELETE /z"]);
    }

    #[test]
    fn an_unknown_word_has_its_line_number() {
        let error = scenario("source x\nstep a\n$ curl\nstatsu 200").unwrap_err();
        assert!(error.starts_with("line 4: "), "{error}");
    }
}
