//! The filters of `GET /events`: one listener for each, then a life to listen to.

use serde_json::{Value, json};

use super::super::Level::{Must, Quirk};
use super::super::Row;
use super::escape;
use crate::outcome::{Outcome, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "select",
        "SystemEvents: type, event, container, image, label, scope",
        select,
    ),
    (
        Quirk,
        "names",
        "SystemEvents: a name means all that is called so",
        by_name,
    ),
    (
        Quirk,
        "prefixes",
        "SystemEvents: exec_create, exec_start and health_status make prefixes of all",
        prefixes,
    ),
];

/// How long a listener listens. All the life must fit in.
const SECONDS: u64 = 6;

/// What a container does in its life, in one word each.
const LIFE: &str = "create start exec_create exec_start exec_die kill die destroy";

/// A container's names to listen for.
struct Subject {
    name: String,
    image: String,
    label: String,
}

impl Subject {
    fn new(s: &Session) -> Outcome<Self> {
        let subject = Self {
            name: s.volume_name(),
            image: s.name(),
            label: s.name(),
        };
        s.owns_image(&subject.image);
        let tag = format!("/images/{}/tag?repo={}", s.target.image(), subject.image);
        s.post(&tag)?.expect(201)?;
        Ok(subject)
    }

    /// Lives; there is a volume of the same name.
    fn live(&self, s: &Session) -> Outcome {
        let volume = json!({"Name": self.name});
        s.post_json("/volumes/create", &volume)?.expect(201)?;
        let body = json!({
            "Image": self.image,
            "Cmd": ["sleep", "60"],
            "Labels": {&self.label: "x"},
            "HostConfig": {"NetworkMode": "none"},
        });
        let made = s.post_json(&format!("/containers/create?name={}", self.name), &body)?;
        let id = made.expect(201)?.json()?["Id"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        let path = format!("/containers/{id}");
        s.post(&format!("{path}/start"))?.expect(204)?;
        let exec = s.post_json(&format!("{path}/exec"), &json!({"Cmd": ["echo", "a"]}))?;
        let exec = exec.expect(201)?.json()?["Id"]
            .as_str()
            .unwrap_or("")
            .to_owned();
        s.post_json(&format!("/exec/{exec}/start"), &json!({"Detach": true}))?
            .expect(200)?;
        super::heard(s, "container", &id, "exec_die")?;
        s.call("DELETE", &format!("{path}?force=1"))?.expect(204)?;
        Ok(())
    }
}

/// Compares what listeners with these filters hear of a life.
fn hear(s: &Session, subject: &Subject, table: &[(Value, &str)]) -> Outcome {
    let until = std::time::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default()
        .as_secs()
        + SECONDS;
    let mut listeners = Vec::new();
    for (filters, _) in table {
        let path = format!("/events?until={until}&filters={}", escape(filters));
        let reply = s.open(&s.request("GET", &path))?;
        equal!(reply.head.status, 200, "{filters}");
        listeners.push(reply);
    }
    subject.live(s)?;
    for ((filters, expected), mut listener) in table.iter().zip(listeners) {
        let body = listener.read_all()?;
        let events = serde_json::Deserializer::from_slice(&body).into_iter::<Value>();
        let mut heard = Vec::new();
        for event in events {
            let event = event?;
            let action = event["Action"].as_str().unwrap_or_default();
            let action = action.split(':').next().unwrap_or_default();
            heard.push(match event["Type"].as_str() {
                Some("container") => action.to_owned(),
                other => format!("{}:{action}", other.unwrap_or_default()),
            });
        }
        equal!(heard.join(" "), *expected, "{filters}");
    }
    Ok(())
}

fn select(s: &Session) -> Outcome {
    let subject = Subject::new(s)?;
    let Subject { name, image, label } = &subject;
    let (yes, no) = (format!("{label}=x"), format!("{label}=y"));
    let table = [
        (json!({"container": [name], "type": ["container"]}), LIFE),
        (
            json!({"container": {name: true}, "type": {"container": true}}),
            LIFE,
        ),
        (
            json!({"volume": [name], "type": ["volume"]}),
            "volume:create",
        ),
        (json!({"image": [image], "type": ["container"]}), LIFE),
        (
            json!({"image": [format!("{image}:latest")], "type": ["container"]}),
            "",
        ),
        (json!({"label": [label]}), LIFE),
        (json!({"label": [yes]}), LIFE),
        (json!({"label": [no]}), ""),
        (json!({"label": [label, no]}), ""),
        (
            json!({"label": [label], "type": ["image", "container"]}),
            LIFE,
        ),
        (json!({"label": [label], "type": ["image"]}), ""),
        (json!({"label": [label], "scope": ["local"]}), LIFE),
        (json!({"label": [label], "scope": ["swarm"]}), ""),
        (
            json!({"label": [label], "event": ["die", "start"]}),
            "start die",
        ),
        (
            json!({"label": [label], "event": ["exec_start"]}),
            "exec_start",
        ),
        (
            json!({"label": [label], "event": ["exec_start: echo a"]}),
            "exec_start",
        ),
        (json!({"label": [label], "event": ["exec"]}), ""),
        (json!({"label": [label], "container": ["nosuch"]}), ""),
        (json!({"label": [label], "daemon": ["nosuch"]}), ""),
        (json!({"label": [label], "unheard-of": ["x"]}), LIFE),
    ];
    hear(s, &subject, &table)
}

fn by_name(s: &Session) -> Outcome {
    let subject = Subject::new(s)?;
    let name = &subject.name;
    let begins = &name[..name.len() - 1];
    let all = format!("volume:create {LIFE}");
    let mut table = vec![
        (json!({"image": [name]}), "volume:create"),
        (
            json!({"container": [name], "type": ["volume"]}),
            "volume:create",
        ),
        (json!({"volume": [name], "type": ["container"]}), LIFE),
    ];
    for key in ["container", "volume", "network", "service", "plugin"] {
        table.push((json!({key: [name]}), &*all));
    }
    // Others' names may begin so too, and their volumes.
    let label = &subject.label;
    table.push((json!({"container": [begins], "label": [label]}), LIFE));
    hear(s, &subject, &table)
}

fn prefixes(s: &Session) -> Outcome {
    let subject = Subject::new(s)?;
    let label = &subject.label;
    let table = [
        (
            json!({"label": [label], "event": ["exec_start", "d"]}),
            "exec_start die destroy",
        ),
        (
            json!({"label": [label], "event": ["health_status", "st"]}),
            "start",
        ),
        (
            json!({"label": [label], "event": ["exec_die", "d"]}),
            "exec_die",
        ),
    ];
    hear(s, &subject, &table)
}
