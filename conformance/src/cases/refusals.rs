//! What each operation of containers and exec refuses: `refusals.yaml`, a case
//! per operation.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::json;

use super::kebab;
use crate::judge::{Case, Level};
use crate::outcome::{Outcome, equal};
use crate::session::Session;
use crate::websocket;

const TABLE: &str = include_str!("../../refusals.yaml");

/// One question that is refused.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    on: On,
    /// `METHOD /path`, not escaped; WS is a websocket's handshake.
    ask: String,
    body: Option<String>,
    status: u16,
    text: Option<String>,
    bare: Option<String>,
}

/// The state of the container that is asked about.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum On {
    Missing,
    Created,
    Running,
    Paused,
    Ended,
}

/// The containers of one case by state, made when first asked about.
#[derive(Default)]
struct Containers(BTreeMap<On, (String, String)>);

pub(super) fn cases(api: &'static str) -> Result<Vec<Case>, String> {
    let table: IndexMap<String, Vec<Question>> =
        serde_yaml_ng::from_str(TABLE).map_err(|error| format!("refusals.yaml: {error}"))?;
    let case = |(operation, questions): (String, Vec<Question>)| Case {
        id: format!("refusals.{}", kebab(&operation)),
        level: Level::Must,
        source: format!("{operation}: its documented and observed errors"),
        operations: vec![operation],
        api,
        run: Box::new(move |session| {
            let mut containers = Containers::default();
            questions
                .iter()
                .try_for_each(|question| refused(session, &mut containers, question))
        }),
    };
    Ok(table.into_iter().map(case).collect())
}

fn refused(s: &Session, containers: &mut Containers, question: &Question) -> Outcome {
    let (id, exec) = containers.get(s, question.on)?;
    let fill = |text: &str| text.replace("{id}", &id).replace("{exec}", &exec);
    let asked = fill(&question.ask);
    let (method, path) = asked.split_once(' ').unwrap_or(("GET", &asked));
    let path = escape(path);
    let mut request = match method {
        "WS" => websocket::handshake(&format!("/v{}{path}", s.api)),
        _ => s.request(method, &path),
    };
    if let Some(body) = &question.body {
        let kind = match method {
            "PUT" => "application/x-tar",
            _ => "application/json",
        };
        request = request.body(kind, body.as_str());
    }
    let answer = s.exchange(&request)?;
    if let Some(bare) = &question.bare {
        let answer = answer.expect(question.status)?;
        equal!(answer.text(), fill(bare), "{asked}: body");
        return Ok(());
    }
    let answer = match question.status {
        400 if method != "HEAD" => answer.expect_mistake(&s.target)?,
        status => answer.expect(status)?,
    };
    if let Some(text) = &question.text {
        answer.expect_text(&fill(text))?;
    }
    Ok(())
}

impl Containers {
    /// The id of a container in this state, and of an exec if it runs.
    fn get(&mut self, s: &Session, on: On) -> Outcome<(String, String)> {
        if let Some(found) = self.0.get(&on) {
            return Ok(found.clone());
        }
        let mut exec = String::new();
        let id = match on {
            On::Missing => "nosuchcontainer".to_owned(),
            On::Created => s.create(&["true"], json!({}))?,
            On::Ended => {
                let id = s.run(&["true"], json!({}))?;
                s.wait(&id)?;
                id
            }
            On::Running | On::Paused => s.run(&["sleep", "60"], json!({}))?,
        };
        if on == On::Paused {
            s.post(&format!("/containers/{id}/pause"))?.expect(204)?;
        }
        if on == On::Running {
            let body = json!({"Cmd": ["true"]});
            let made = s.post_json(&format!("/containers/{id}/exec"), &body)?;
            let made = made.expect(201)?.json()?;
            exec = made["Id"].as_str().unwrap_or_default().to_owned();
        }
        self.0.insert(on, (id.clone(), exec.clone()));
        Ok((id, exec))
    }
}

/// What JSON has and a request line must not.
fn escape(path: &str) -> String {
    let mut escaped = String::new();
    for c in path.chars() {
        match c {
            '"' | '{' | '}' | '[' | ']' | ' ' => escaped.push_str(&format!("%{:02X}", c as u32)),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_operation_of_containers_and_exec_is_there() {
        let document: serde_json::Value =
            serde_yaml_ng::from_str(include_str!("../../../spec/v1.40.yaml")).unwrap();
        let cases = super::cases("1.40").unwrap();
        for (_, path) in document["paths"].as_object().unwrap() {
            for (_, operation) in path.as_object().unwrap() {
                let tag = operation["tags"][0].as_str().unwrap_or_default();
                if ["Container", "Exec"].contains(&tag) {
                    let id = operation["operationId"].as_str().unwrap();
                    let is_there = cases.iter().any(|case| case.operations == [id]);
                    assert!(is_there, "{id}");
                }
            }
        }
    }
}
