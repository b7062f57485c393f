//! The log of events, made whole: what happened while no daemon could write it
//! down, or happened just before one died, is told now.
//!
//! Nothing is written ahead for this. Each record says what must have been
//! told (a container that has ended was started, and its end was told), with
//! the time; what the log lacks from that time on is added, and only that.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use longshore_runtime::channel::ExecState;

use crate::container::actor::{Beginning, at_nanos, attributes};
use crate::container::health::Status;
use crate::container::record::Record;
use crate::container::state::{Phase, State};
use crate::events::{Event, EventKind, Events};
use crate::meta;
use crate::shared::Shared;

/// Tells what the log lacks of a container that was found.
pub(super) fn complete(shared: &Shared, record: &Record, state: &State, beginning: &Beginning) {
    let story = Story {
        shared,
        events: &shared.events,
        record,
    };
    story.made();
    match beginning {
        Beginning::Adopted(_, execs) => {
            story.started(state);
            story.execs(execs);
            story.frozen(state.phase == Phase::Paused);
            story.health(state);
        }
        // Its owner tells the end, once it has noted it.
        Beginning::Ended(exit) => {
            story.started(state);
            story.execs(&exit.execs);
            if exit.oom_killed {
                story.once(state.started_at, "oom", &[]);
            }
            if state.endpoints.is_empty() {
                story.disconnected();
            }
        }
        Beginning::Idle(exit) => {
            story.started(state);
            story.execs(exit.as_ref().map_or(&[], |exit| &exit.execs));
            if state.oom_killed {
                story.once(state.started_at, "oom", &[]);
            }
            if state.started_at <= state.finished_at {
                let code = state.exit_code.to_string();
                story.once(state.finished_at, "die", &[("exitCode", code)]);
                story.disconnected();
            }
        }
        Beginning::New => {}
    }
}

/// Tells the end of containers whose records are in the trash.
pub(super) fn complete_removed(shared: &Shared, trashed: &Path) {
    let record: Option<Record> = meta::read(&trashed.join("config.json")).ok().flatten();
    if let Some(record) = record {
        let story = Story {
            shared,
            events: &shared.events,
            record: &record,
        };
        story.made();
        story.once(Some(record.created), "destroy", &[]);
    }
}

struct Story<'a> {
    shared: &'a Shared,
    events: &'a Events,
    record: &'a Record,
}

impl Story<'_> {
    /// It was created, perhaps under another name.
    fn made(&self) {
        self.once(Some(self.record.created), "create", &[]);
        let last = self.events.last(|event| self.is_own(event));
        let told = last.as_ref().and_then(|last| last.attributes.get("name"));
        if let Some(old) = told
            && *old != self.record.name
        {
            self.publish("rename", &[("oldName", format!("/{old}"))]);
        }
    }

    fn started(&self, state: &State) {
        self.once(state.started_at, "start", &[]);
    }

    /// Whether it is frozen is known by its shim only.
    fn frozen(&self, paused: bool) {
        let last = self.events.last(|event| {
            self.is_own(event) && ["start", "pause", "unpause"].contains(&event.action.as_str())
        });
        let told = last.map(|last| last.action == "pause");
        match (told, paused) {
            (Some(false), true) => self.publish("pause", &[]),
            (Some(true), false) => self.publish("unpause", &[]),
            _ => {}
        }
    }

    fn health(&self, state: &State) {
        let Some(health) = &state.health else { return };
        // Without failures it only counts as unhealthy since nobody asks.
        if health.status == Status::Starting
            || (health.status == Status::Unhealthy && health.failing_streak == 0)
        {
            return;
        }
        let action = format!("health_status: {}", health.status.as_str());
        let last = self.events.last(|event| {
            self.is_own(event)
                && (event.action == "start" || event.action.starts_with("health_status: "))
        });
        if last.is_some_and(|last| last.action != action) {
            self.publish(&action, &[]);
        }
    }

    fn execs(&self, execs: &[ExecState]) {
        for state in execs {
            let id = || [("execID", state.id.clone())];
            let known = self.shared.execs.get(&state.id).ok();
            if let Some(known) = &known {
                let create = format!("exec_create: {}", known.config().command_line());
                self.once(Some(known.created()), &create, &id());
            }
            // A probe has no record, but its creation was told.
            let created = self.events.last(|event| {
                self.is_of_exec(event, &state.id) && event.action.starts_with("exec_create")
            });
            let Some(created) = created else { continue };
            let start = created.action.replacen("exec_create", "exec_start", 1);
            // It is told before there is a process.
            self.once(Some(created.time), &start, &id());
            let started_at = at_nanos(state.started_at);
            if let Some(exit_code) = state.exit_code {
                let code = ("exitCode", exit_code.to_string());
                let [id] = id();
                self.once(Some(started_at), "exec_die", &[id, code]);
            }
        }
    }

    /// Its connections to networks ended with it.
    fn disconnected(&self) {
        let own = Some(&self.record.id);
        let mut told: Vec<String> = Vec::new();
        let last = |told: &[String]| {
            self.events.last(|event| {
                event.kind == EventKind::Network
                    && event.attributes.get("container") == own
                    && !told.contains(&event.actor)
            })
        };
        while let Some(last) = last(&told) {
            told.push(last.actor.clone());
            if last.action == "connect" {
                self.events.publish(
                    EventKind::Network,
                    "disconnect",
                    last.actor.clone(),
                    last.attributes.clone(),
                );
            }
        }
    }

    /// Tells it unless it was told since then. What never happened has no time.
    fn once(&self, since: Option<Timestamp>, action: &str, more: &[(&str, String)]) {
        let Some(since) = since else { return };
        let exec = more.iter().find(|(key, _)| *key == "execID");
        let lacks = self.events.lacks(since, |event| {
            self.is_own(event)
                && event.action == action
                && exec.is_none_or(|(_, id)| self.is_of_exec(event, id))
        });
        if lacks {
            self.publish(action, more);
        }
    }

    fn is_own(&self, event: &Event) -> bool {
        event.kind == EventKind::Container && event.actor == self.record.id
    }

    fn is_of_exec(&self, event: &Event, id: &str) -> bool {
        self.is_own(event) && event.attributes.get("execID").is_some_and(|own| own == id)
    }

    fn publish(&self, action: &str, more: &[(&str, String)]) {
        let attributes: BTreeMap<String, String> = attributes(self.record, more);
        let actor = self.record.id.clone();
        self.events
            .publish(EventKind::Container, action, actor, attributes);
    }
}
