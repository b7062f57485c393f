//! Every field of a create request against what inspect shows of it then:
//! `create.yaml` holds what was sent and what dockerd makes of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{kebab, rows_at};
use crate::judge::{Case, Level};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;
use crate::target::is_older;

const TABLE: &str = include_str!("../../create.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    config: Map<String, Value>,
    host: Map<String, Value>,
    since: BTreeMap<String, String>,
    defaults: Defaults,
    absent: Absent,
    forms: BTreeMap<String, Vec<Form>>,
}

#[derive(Deserialize)]
struct Defaults {
    config: Map<String, Value>,
    host: Map<String, Value>,
}

#[derive(Deserialize)]
struct Absent {
    config: Vec<String>,
    host: Vec<String>,
}

/// A value, and what becomes of it: one of the others, beside a warning.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    sent: Value,
    #[serde(default)]
    same: bool,
    #[serde(default, deserialize_with = "given")]
    shown: Option<Value>,
    #[serde(default)]
    gone: bool,
    refused: Option<String>,
    /// The first version that does so, and the first that no longer does.
    since: Option<String>,
    until: Option<String>,
    warns: Option<String>,
}

impl Form {
    fn is_at(&self, api: &str) -> bool {
        self.since
            .as_ref()
            .is_none_or(|since| !is_older(api, since))
            && self.until.as_ref().is_none_or(|until| is_older(api, until))
    }
}

/// A `null` that is written is a value.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// All at once per version, and each field's special values.
pub(super) fn cases(versions: &[&'static str], each: bool) -> Result<Vec<Case>, String> {
    let table: Table =
        serde_yaml_ng::from_str(TABLE).map_err(|error| format!("create.yaml: {error}"))?;
    let mut cases = Vec::new();
    let table = std::sync::Arc::new(table);
    for api in versions.iter().copied() {
        let case = |name: &str, source: &str, run: fn(&Table, &Session) -> Outcome| {
            let table = std::sync::Arc::clone(&table);
            Case {
                id: format!("container.fields.{name}@{api}"),
                level: Level::Must,
                source: source.to_owned(),
                operations: vec!["ContainerCreate".to_owned()],
                api,
                run: Box::new(move |session| run(&table, session)),
            }
        };
        cases.push(case("sent-is-shown", "ContainerCreate: each field", sent));
        cases.push(case(
            "defaults",
            "ContainerCreate: fields not sent",
            defaults,
        ));
    }
    for ((field, forms), (api, suffix)) in table
        .forms
        .iter()
        .flat_map(|forms| rows_at(versions, each).map(move |at| (forms, at)))
    {
        let (field, mut forms) = (field.clone(), forms.clone());
        forms.retain(|form| form.is_at(api));
        cases.push(Case {
            id: format!("container.fields.{}{suffix}", kebab(&field)),
            level: Level::Must,
            source: format!("ContainerCreate: {field}"),
            operations: vec!["ContainerCreate".to_owned()],
            api,
            run: Box::new(move |session| forms.iter().try_for_each(|f| form(session, &field, f))),
        });
    }
    Ok(cases)
}

fn create(s: &Session, body: &Value) -> Outcome<Value> {
    let made = s
        .post_json("/containers/create", body)?
        .expect(201)?
        .json()?;
    s.inspect(made["Id"].as_str().unwrap_or_default())
}

/// Is the field part of this version?
fn has(table: &Table, s: &Session, field: &str) -> bool {
    let since = table.since.get(field);
    since.is_none_or(|since| !is_older(s.api, since))
}

fn sent(table: &Table, s: &Session) -> Outcome {
    let mut body = Value::Object(table.config.clone());
    body["Image"] = s.target.image().into();
    body["HostConfig"] = Value::Object(table.host.clone());
    let seen = create(s, &body)?;
    for (field, value) in &table.config {
        equal!(seen["Config"].get(field), Some(value), "Config.{field}");
    }
    for (field, value) in table.host.iter().filter(|(f, _)| has(table, s, f)) {
        let shown = &seen["HostConfig"][field];
        // An engine may add the label that PidMode and the like imply.
        equal!(shown, value, "HostConfig.{field}");
    }
    equal!(seen["Path"], "echo", "Path");
    equal!(seen["Args"], json!(["a", "b"]), "Args");
    Ok(())
}

fn defaults(table: &Table, s: &Session) -> Outcome {
    let seen = create(s, &json!({"Image": s.target.image(), "HostConfig": {}}))?;
    let (config, host) = (&seen["Config"], &seen["HostConfig"]);
    for (field, value) in &table.defaults.config {
        equal!(config.get(field), Some(value), "Config.{field}");
    }
    for (field, value) in table.defaults.host.iter().filter(|(f, _)| has(table, s, f)) {
        equal!(host.get(field), Some(value), "HostConfig.{field}");
    }
    for field in &table.absent.config {
        equal!(config.get(field), None, "Config.{field}");
    }
    for field in &table.absent.host {
        equal!(host.get(field), None, "HostConfig.{field}");
    }
    let ipc = if is_older(s.api, "1.40") {
        "shareable"
    } else {
        "private"
    };
    equal!(host["IpcMode"], ipc, "HostConfig.IpcMode");
    let id = seen["Id"].as_str().unwrap_or_default();
    equal!(config["Hostname"].as_str(), id.get(..12), "Config.Hostname");
    Ok(())
}

fn form(s: &Session, field: &str, form: &Form) -> Outcome {
    let mut body = json!({"Image": s.target.image(), "HostConfig": {"NetworkMode": "none"}});
    let place = match field.strip_prefix("Config.") {
        Some(name) => {
            body[name] = form.sent.clone();
            ("Config", name)
        }
        None => {
            body["HostConfig"][field] = form.sent.clone();
            ("HostConfig", field)
        }
    };
    if place.1 == "NetworkingConfig" {
        body["HostConfig"] = json!({});
    }
    if let Some(text) = &form.refused {
        let answer = s.post_json("/containers/create", &body)?;
        answer.expect_mistake(&s.target)?.expect_text(text)?;
        return Ok(());
    }
    let made = s
        .post_json("/containers/create", &body)?
        .expect(201)?
        .json()?;
    if let Some(text) = &form.warns {
        let warnings = made["Warnings"].to_string();
        ensure!(warnings.contains(text), "Warnings {warnings} lack {text:?}");
    }
    let seen = s.inspect(made["Id"].as_str().unwrap_or_default())?;
    let shown = seen[place.0].get(place.1);
    let want = match form {
        Form { gone: true, .. } => None,
        Form { same: true, .. } => Some(&form.sent),
        Form { shown, .. } => shown.as_ref(),
    };
    equal!(shown, want, "{field} sent as {}", form.sent);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_every_form_has_an_end() {
        let table: Table = serde_yaml_ng::from_str(TABLE).unwrap();
        for (field, form) in table
            .forms
            .iter()
            .flat_map(|(n, f)| f.iter().map(move |f| (n, f)))
        {
            let ends = [
                form.same,
                form.gone,
                form.shown.is_some(),
                form.refused.is_some(),
            ];
            let count = ends.iter().filter(|is| **is).count();
            assert_eq!(count, 1, "{field}: {}", form.sent);
        }
    }
}
