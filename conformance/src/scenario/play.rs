//! One performance of a scenario. Its steps are separate cases, which the
//! harness may run in any order or only in part: whoever comes first performs
//! all steps up to its own, and the others find their result waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::check::{Seen, expand};
use super::curl;
use super::parse::{Action, Scenario, What};
use crate::http::{self, Request};
use crate::image;
use crate::outcome::{Outcome, Stop};
use crate::session::Session;
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
        if !curl::is_available() {
            return Err(Stop::Skip(
                "the curl program is not on this machine".to_owned(),
            ));
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
            let outcome = step
                .actions
                .iter()
                .try_for_each(|a| stage.perform(&own, a, &self.scenario.replacements));
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
        let variables = BTreeMap::from([
            ("run".to_owned(), label),
            ("image".to_owned(), target.run.clone()),
            ("v".to_owned(), self.api.to_owned()),
        ]);
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
        })
    }
}

impl Stage {
    fn perform(
        &mut self,
        session: &Session,
        action: &Action,
        replacements: &[(String, String)],
    ) -> Outcome {
        let seen = match &action.what {
            What::Shell(printed) => self.shell(session, printed, replacements)?,
            What::Request(text) => self.request(session, text)?,
        };
        let mut which = 0;
        for check in &action.checks {
            check.hold(
                &seen,
                &mut which,
                &mut self.variables,
                self.directory.path(),
            )?;
        }
        Ok(())
    }

    fn shell(
        &self,
        session: &Session,
        printed: &str,
        replacements: &[(String, String)],
    ) -> Outcome<Seen> {
        let mut line = printed.to_owned();
        for (from, to) in replacements {
            line = line.replace(from, to);
        }
        let line = self.complete(&curl::adapt(&line, &self.target.endpoint))?;
        session.record(format!("$ {line}"));
        let seen = curl::run(&line, &self.target.endpoint, self.directory.path())?;
        for answer in &seen.answers {
            session.hear(answer);
            let (method, url) = answer.asked.split_once(' ').unwrap_or(("", ""));
            let path = url.splitn(4, '/').nth(3).map(|p| format!("/{p}"));
            session.judge(method, &path.unwrap_or_default(), answer);
        }
        session.record(seen.said.clone());
        Ok(seen)
    }

    fn request(&self, session: &Session, text: &str) -> Outcome<Seen> {
        let text = self.complete(text)?;
        let mut words = text.splitn(3, ' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let mut request = session.request(method, path);
        if let Some(body) = words.next() {
            request = request.body("application/json", body);
        }
        let answer = session.exchange(&request)?;
        Ok(Seen {
            exit: 0,
            answers: vec![answer],
            said: String::new(),
        })
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
        for request in &self.scenario.finally {
            let Ok(text) = stage.complete(request) else {
                continue;
            };
            let (method, path) = text.split_once(' ').unwrap_or(("DELETE", &text));
            // What a failed step never made cannot be removed either.
            let _ = http::send(&stage.target.endpoint, &Request::new(method, path));
        }
    }
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
