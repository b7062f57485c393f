//! One performance of a scenario. Its steps are separate cases, which the
//! harness may run in any order or only in part: whoever comes first performs
//! all steps up to its own, and the others find their result waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::check::{Seen, expand};
use super::curl::{self, Place};
use super::parse::{Action, Scenario, What};
use crate::applet;
use crate::http::{self, Framing, Request};
use crate::image;
use crate::outcome::{Outcome, Stop};
use crate::session::{Answer, Session};
use crate::target::Target;

/// A scenario at one API version.
pub(super) struct Play {
    scenario: Arc<Scenario>,
    api: &'static str,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stage: Option<Stage>,
    /// One per performed step, taken by its case.
    done: Vec<Option<(Session, Outcome)>>,
}

/// What steps share.
struct Stage {
    target: Arc<Target>,
    variables: BTreeMap<String, String>,
    directory: tempfile::TempDir,
    /// What requests of the judge's own made; later steps use it.
    containers: Vec<String>,
}

impl Play {
    pub(super) fn new(scenario: Arc<Scenario>, api: &'static str) -> Self {
        Self {
            scenario,
            api,
            state: Mutex::default(),
        }
    }

    /// The outcome of a step; performs what was not performed yet.
    pub(super) fn step(&self, session: &Session, index: usize) -> Outcome {
        if !curl::is_available("curl") {
            return Err(missing("curl"));
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { stage, done } = &mut *state;
        if stage.is_none() {
            *stage = Some(self.set_up(&session.target)?);
        }
        let Some(stage) = stage else {
            return Err("the stage was not set".into());
        };
        while done.len() <= index {
            let step = &self.scenario.steps[done.len()];
            let own = Session::new(Arc::clone(&session.target), self.api, &step.name);
            let outcome = stage.can(&step.needs).and_then(|()| {
                let mut actions = step.actions.iter();
                actions.try_for_each(|a| stage.perform(&own, a, &self.scenario.replacements))
            });
            stage.containers.append(&mut own.leave_containers());
            done.push(Some((own, outcome)));
        }
        let (own, outcome) = done[index].take().ok_or("this step was asked for twice")?;
        session.adopt(&own);
        outcome
    }

    fn set_up(&self, target: &Arc<Target>) -> Outcome<Stage> {
        let directory = tempfile::tempdir()?;
        let label = format!(
            "{}-v{}-{:x}",
            target.run,
            self.api.replace('.', ""),
            std::ptr::from_ref(self) as usize % 0xfffff
        );
        let variables: BTreeMap<String, String> = BTreeMap::from([
            ("run".to_owned(), label),
            ("image".to_owned(), target.run.clone()),
            ("v".to_owned(), self.api.to_owned()),
        ]);
        let registry = target.registries.open.clone().unwrap_or_default();
        let variables = variables
            .into_iter()
            .chain([("registry".to_owned(), registry)])
            .collect();
        let programs = directory.path().join("bin");
        std::fs::create_dir(&programs)?;
        for name in applet::FORMATTERS {
            std::os::unix::fs::symlink(std::env::current_exe()?, programs.join(name))?;
        }
        for (name, text) in &self.scenario.files {
            std::fs::write(directory.path().join(name), expand(text, &variables))?;
        }
        for name in &self.scenario.tars {
            std::fs::write(directory.path().join(name), image::rootfs()?)?;
        }
        Ok(Stage {
            target: Arc::clone(target),
            variables,
            directory,
            containers: Vec::new(),
        })
    }
}

impl Stage {
    /// Has the machine, or the engine, what the step needs?
    fn can(&self, needs: &[String]) -> Outcome {
        for need in needs {
            if need == "tcp" && self.target.tcp.is_none() {
                return Err(Stop::Skip("the engine was not given two addresses".into()));
            }
            if need == "registry" {
                // Without one the reason says how to give one.
                match &self.target.registries.open {
                    Some(_) => continue,
                    None => return Err(Stop::Skip("no registry: --registry".into())),
                }
            }
            if need != "tcp" && !curl::is_available(need) {
                return Err(missing(need));
            }
        }
        Ok(())
    }

    fn perform(
        &mut self,
        session: &Session,
        action: &Action,
        replacements: &[(String, String)],
    ) -> Outcome {
        let seen = match &action.what {
            What::Shell(printed, limit) => self.shell(session, printed, *limit, replacements)?,
            What::Request(text) => self.request(session, text)?,
            What::Until(text) => {
                return session.until(text, || {
                    let seen = self.request(session, text)?;
                    Ok(self.hold(action, &seen).ok())
                });
            }
        };
        self.hold(action, &seen)
    }

    fn hold(&mut self, action: &Action, seen: &Seen) -> Outcome {
        let mut which = 0;
        for check in &action.checks {
            check.hold(seen, &mut which, &mut self.variables, self.directory.path())?;
        }
        Ok(())
    }

    fn shell(
        &self,
        session: &Session,
        printed: &str,
        limit: u32,
        replacements: &[(String, String)],
    ) -> Outcome<Seen> {
        let mut line = printed.to_owned();
        for (from, to) in replacements {
            line = line.replace(from, to);
        }
        let line = self.complete(&curl::adapt(&line, &self.target.endpoint))?;
        session.record(format!("$ {line}"));
        let place = Place {
            target: &self.target,
            api: session.api,
            directory: self.directory.path(),
        };
        let seen = curl::run(&line, limit, &place)?;
        for answer in &seen.answers {
            session.hear(answer);
        }
        session.record(seen.said.clone());
        Ok(seen)
    }

    fn request(&self, session: &Session, text: &str) -> Outcome<Seen> {
        let text = self.complete(text)?;
        let mut words = text.splitn(3, ' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        if method == "WS" {
            return self.websocket(session, path, words.next());
        }
        let mut request = session.request(method, path);
        if let Some(body) = words.next() {
            request = request.body("application/json", body);
        }
        let answer = session.exchange(&request)?;
        Ok(Seen::of(answer))
    }

    /// Says something, if there is anything to say, and hears all to the end.
    fn websocket(&self, session: &Session, path: &str, text: Option<&str>) -> Outcome<Seen> {
        let mut socket = session.websocket(path)?;
        if let Some(text) = text {
            socket.send(format!("{text}\n").as_bytes())?;
        }
        let body = socket.read_all()?;
        session.record(String::from_utf8_lossy(&body).into_owned());
        Ok(Seen::of(Answer {
            asked: format!("WS {path}"),
            head: socket.head().clone(),
            framing: Framing::Upgraded,
            body,
        }))
    }

    /// Fills in what earlier steps bound; without it a line makes no sense.
    fn complete(&self, text: &str) -> Outcome<String> {
        let text = expand(text, &self.variables);
        match unbound(&text) {
            Some(name) => Err(format!("{{{name}}} was never bound: an earlier step failed").into()),
            None => Ok(text),
        }
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(stage) = &state.stage else { return };
        let made = stage.containers.iter();
        let made = made.map(|id| format!("DELETE /containers/{id}?force=1"));
        let finally = self.scenario.finally.iter();
        let finally = finally.filter_map(|request| stage.complete(request).ok());
        for text in finally.chain(made) {
            let (method, path) = text.split_once(' ').unwrap_or(("DELETE", &text));
            // What a failed step never made cannot be removed either.
            let _ = http::send(&stage.target.endpoint, &Request::new(method, path));
        }
    }
}

fn missing(program: &str) -> Stop {
    Stop::Skip(format!("the program {program} is not on this machine"))
}

/// The name in the first `{name}` that is left.
fn unbound(text: &str) -> Option<&str> {
    text.split('{').skip(1).find_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        is_name.then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::unbound;

    #[test]
    fn json_is_no_name() {
        assert_eq!(unbound(r#"{"Image": {}} {id}"#), Some("id"));
        assert_eq!(unbound(r#"filters={"id":["123"]}"#), None);
    }
}
