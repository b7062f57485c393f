//! What happened, in order: numbered events, the last of them kept, and
//! subscribers that read by position.
//!
//! A subscriber that is slow loses the oldest events and nobody else notices.
//! The kept events outlive the daemon: they are appended to a file, which is
//! cut at every start.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use longshore_api::filters::Filters;
use longshore_api::scalar::UnixSeconds;
use longshore_api::types::{EventActor, EventMessage};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::error::{Error, IoContext, Result};
use crate::time;

/// How many events are left in the file when it is cut: enough to tell which
/// were never written down, and for subscribers who come after a restart.
const KEPT: usize = 1024;

/// How many events a slow subscriber may lag behind, and a new one can ask back
/// for: many more than dockerd's 256, so that whoever was away for a moment of
/// great load misses nothing.
const HELD: usize = 8192;

/// How many lines the file may have before it is cut.
const FILE_LINES: usize = 4096;

/// Filters that name the one it happened to.
const NAMED: [&str; 9] = [
    "container",
    "network",
    "volume",
    "daemon",
    "plugin",
    "node",
    "service",
    "secret",
    "config",
];

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A container; the actor is its full id.
    Container,
    /// An image; the actor is its id or the reference it was asked by.
    Image,
    /// A network; the actor is its id.
    Network,
    /// A volume; the actor is its name.
    Volume,
    /// The daemon itself.
    Daemon,
    /// The builder's cache; it has no id.
    Builder,
}

impl EventKind {
    /// The value of `Type` on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::Container => "container",
            EventKind::Image => "image",
            EventKind::Network => "network",
            EventKind::Volume => "volume",
            EventKind::Daemon => "daemon",
            EventKind::Builder => "builder",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the order of all events of this data root.
    pub number: u64,
    /// When.
    pub time: Timestamp,
    /// What it is about.
    pub kind: EventKind,
    /// What happened, `die` or `exec_create: sh -c true`.
    pub action: String,
    /// Whom it happened to.
    pub actor: String,
    /// More about it: labels, `image`, `name`, `exitCode`.
    pub attributes: BTreeMap<String, String>,
}

/// Where events go to and come from.
#[derive(Debug)]
pub struct Events {
    log: Mutex<Log>,
    latest: watch::Sender<u64>,
}

#[derive(Debug)]
struct Log {
    held: VecDeque<Arc<Event>>,
    next: u64,
    path: PathBuf,
    file: Option<File>,
    lines: usize,
}

impl Events {
    /// Reads the events kept at `path` and goes on after them. Lines that
    /// cannot be read (the last one, when the machine died) are dropped.
    pub fn open(path: &Path) -> Result<Events> {
        let text = match fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).context(path.display()),
        };
        let mut held: VecDeque<Arc<Event>> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .map(Arc::new)
            .collect();
        held.drain(..held.len().saturating_sub(KEPT));
        let mut log = Log {
            next: held.back().map_or(1, |event| event.number + 1),
            held,
            path: path.to_owned(),
            file: None,
            lines: 0,
        };
        log.rewrite().context(path.display())?;
        let (latest, _) = watch::channel(log.next - 1);
        Ok(Events {
            log: Mutex::new(log),
            latest,
        })
    }

    /// Appends an event and wakes the subscribers.
    pub fn publish(
        &self,
        kind: EventKind,
        action: impl Into<String>,
        actor: impl Into<String>,
        attributes: BTreeMap<String, String>,
    ) {
        let mut log = self.lock();
        let event = Event {
            number: log.next,
            time: Timestamp::now(),
            kind,
            action: action.into(),
            actor: actor.into(),
            attributes,
        };
        log.next += 1;
        log.append(&event);
        log.held.push_back(Arc::new(event));
        if log.held.len() > HELD {
            log.held.pop_front();
        }
        let latest = log.next - 1;
        drop(log);
        self.latest.send_replace(latest);
    }

    /// Events from now on, after those that are kept if `replay` is set.
    pub fn subscribe(self: &Arc<Self>, replay: bool) -> Subscription {
        let changed = self.latest.subscribe();
        let log = self.lock();
        let first = log.held.front().map_or(log.next, |event| event.number);
        let position = if replay { first } else { log.next };
        Subscription {
            events: self.clone(),
            changed,
            position,
        }
    }

    /// The last kept event of this kind.
    pub(crate) fn last(&self, is_it: impl Fn(&Event) -> bool) -> Option<Arc<Event>> {
        let log = self.lock();
        log.held.iter().rev().find(|event| is_it(event)).cloned()
    }

    /// Whether an event of this kind was not told since then. Of a time that
    /// the kept events do not reach back to, nothing is known to be missing.
    pub(crate) fn lacks(&self, since: Timestamp, is_it: impl Fn(&Event) -> bool) -> bool {
        let log = self.lock();
        let reaches = log
            .held
            .front()
            .is_none_or(|first| first.number == 1 || first.time <= since);
        let mut told = log
            .held
            .iter()
            .rev()
            .take_while(|event| event.time >= since);
        reaches && !told.any(|event| is_it(event))
    }

    /// How many subscribers there are.
    pub fn listeners(&self) -> usize {
        self.latest.receiver_count()
    }

    fn at(&self, position: u64) -> Option<Arc<Event>> {
        let log = self.lock();
        let first = log.held.front()?.number;
        let index = position.saturating_sub(first);
        log.held.get(usize::try_from(index).ok()?).cloned()
    }

    /// The log is valid after every statement, so a panic elsewhere does not
    /// spoil it.
    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client wants to hear of.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Also what happened before, from this time on.
    pub since: Option<Timestamp>,
    /// Nothing after this time.
    pub until: Option<Timestamp>,
    /// Only what passes.
    pub filters: Filters,
}

/// The events that a client hears of.
#[derive(Debug)]
pub struct EventStream {
    subscription: Subscription,
    query: EventQuery,
}

impl EventStream {
    /// Begins to listen. Past events are only told to those who name a time.
    pub fn new(events: &Arc<Events>, query: EventQuery) -> Result<EventStream> {
        if let (Some(since), Some(until)) = (query.since, query.until)
            && since > until
        {
            return Err(Error::bad_parameter(format!(
                "`since` time ({}) cannot be after `until` time ({})",
                unix(since),
                unix(until)
            )));
        }
        let replay = query.since.is_some() || query.until.is_some();
        Ok(EventStream {
            subscription: events.subscribe(replay),
            query,
        })
    }

    /// The next event, or none when the time has come. Cancel safe.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            let event = match self.query.until {
                None => self.subscription.next().await,
                Some(until) => match self.subscription.try_next() {
                    Some(event) => event,
                    None => {
                        let left = until.duration_since(Timestamp::now());
                        let left = Duration::try_from(left).ok()?;
                        timeout(left, self.subscription.next()).await.ok()?
                    }
                },
            };
            if self.query.until.is_some_and(|until| event.time > until) {
                return None;
            }
            let too_old = self.query.since.is_some_and(|since| event.time < since);
            if !too_old && event.passes(&self.query.filters) {
                return Some(event);
            }
        }
    }
}

/// Seconds and nanoseconds as clients write them.
fn unix(time: Timestamp) -> String {
    match time.subsec_nanosecond() {
        0 => time.as_second().to_string(),
        nanoseconds => format!("{}.{nanoseconds:09}", time.as_second()),
    }
}

/// A reader of events with a position of its own.
#[derive(Debug)]
pub struct Subscription {
    events: Arc<Events>,
    changed: watch::Receiver<u64>,
    position: u64,
}

impl Subscription {
    /// The next event if it already happened.
    pub fn try_next(&mut self) -> Option<Arc<Event>> {
        let event = self.events.at(self.position)?;
        self.position = event.number + 1;
        Some(event)
    }

    /// The next event. Cancel safe.
    pub async fn next(&mut self) -> Arc<Event> {
        loop {
            self.changed.mark_unchanged();
            if let Some(event) = self.try_next() {
                return event;
            }
            if self.changed.changed().await.is_err() {
                // The sender lives in `events`, which this holds.
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Log {
    /// An event that cannot be written is still told to the subscribers: a
    /// full disk must not stop containers from ending.
    fn append(&mut self, event: &Event) {
        if self.lines >= FILE_LINES
            && let Err(error) = self.rewrite()
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot cut the event log");
        }
        let Some(file) = &mut self.file else { return };
        let written = serde_json::to_vec(event)
            .map_err(std::io::Error::from)
            .and_then(|mut line| {
                line.push(b'\n');
                file.write_all(&line)
            });
        match written {
            Ok(()) => self.lines += 1,
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "event not kept"),
        }
    }

    fn rewrite(&mut self) -> std::io::Result<()> {
        let staging = self.path.with_extension("new");
        let mut text = Vec::new();
        let skip = self.held.len().saturating_sub(KEPT);
        for event in self.held.iter().skip(skip) {
            serde_json::to_writer(&mut text, &**event)?;
            text.push(b'\n');
        }
        fs::write(&staging, &text)?;
        fs::rename(&staging, &self.path)?;
        self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        self.lines = self.held.len().min(KEPT);
        Ok(())
    }
}

impl Event {
    /// Whether the filters of a subscription let this event through, as dockerd
    /// has it: a name means everything of that name, whatever its type; unknown
    /// keys do not matter.
    pub fn passes(&self, filters: &Filters) -> bool {
        filters.matches("type", self.kind.as_str())
            && filters.matches("scope", "local")
            && self.is_action(filters)
            && filters.values("label").all(|label| self.has_label(label))
            && NAMED.iter().all(|key| self.is_named(key, filters))
            && self.is_about_image(filters)
    }

    /// The event as clients see it. `status`, `id` and `from` repeat what older
    /// ones look for.
    pub fn to_wire(&self) -> EventMessage {
        let of_object = matches!(self.kind, EventKind::Container | EventKind::Image);
        let from = self
            .attributes
            .get("image")
            .filter(|_| self.kind == EventKind::Container);
        EventMessage {
            r#type: self.kind.as_str().into(),
            action: self.action.clone(),
            actor: EventActor {
                id: self.actor.clone(),
                attributes: Some(self.attributes.clone()),
            },
            scope: Some("local".into()),
            time: Some(UnixSeconds(self.time.as_second())),
            time_nano: Some(time::unix_nanos(self.time)),
            status: of_object.then(|| self.action.clone()),
            id: of_object.then(|| self.actor.clone()),
            from: from.cloned(),
        }
    }

    /// Actions that go on after a colon are meant by how they begin. Who names one
    /// of them names the others by their beginnings as well.
    fn is_action(&self, filters: &Filters) -> bool {
        let prefixes = ["exec_create", "exec_start", "health_status"];
        let by_prefix = filters.values("event").any(|it| prefixes.contains(&it));
        filters.matches_by("event", |wanted| match by_prefix {
            true => self.action.starts_with(wanted),
            false => self.action == wanted,
        })
    }

    fn has_label(&self, wanted: &str) -> bool {
        match wanted.split_once('=') {
            Some((key, value)) => self.attributes.get(key).is_some_and(|found| found == value),
            None => self.attributes.contains_key(wanted),
        }
    }

    /// Whether its actor's id, or the name of that, begins like this.
    fn is_named(&self, key: &str, filters: &Filters) -> bool {
        let name = self.attributes.get("name").map_or("", String::as_str);
        filters.matches_by(key, |wanted| {
            self.actor.starts_with(wanted) || name.starts_with(wanted)
        })
    }

    fn is_about_image(&self, filters: &Filters) -> bool {
        let key = match self.kind {
            EventKind::Image => "name",
            _ => "image",
        };
        let name = self.attributes.get(key).map_or("", String::as_str);
        filters.matches_by("image", |wanted| {
            self.actor == wanted
                || name == wanted
                || without_tag(&self.actor) == wanted
                || without_tag(name) == wanted
        })
    }
}

fn without_tag(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or(reference);
    match name.rsplit_once(':') {
        // A colon before a slash belongs to the registry's port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn publish(events: &Events, action: &str) {
        events.publish(EventKind::Container, action, "abc", BTreeMap::new());
    }

    #[tokio::test]
    async fn subscribers_see_order_and_replay_without_a_gap() {
        let dir = tempfile::tempdir().expect("a directory");
        let events = Arc::new(Events::open(&dir.path().join("events")).expect("opened"));
        publish(&events, "create");
        let mut live = events.subscribe(false);
        let mut replay = events.subscribe(true);
        publish(&events, "start");
        assert_eq!(live.next().await.action, "start");
        assert_eq!(replay.next().await.action, "create");
        assert_eq!(replay.next().await.action, "start");
        assert!(replay.try_next().is_none());
    }

    #[test]
    fn the_last_are_replayed_also_after_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("events");
        let events = Arc::new(Events::open(&path).expect("opened"));
        for number in 0..FILE_LINES + 300 {
            publish(&events, &number.to_string());
        }
        let mut seen = events.subscribe(true);
        let first = seen.try_next().map(|event| event.action.clone());
        assert_eq!(first, Some("0".into()));
        // The machine died while a line was being written.
        drop((seen, events));
        let mut file = OpenOptions::new().append(true).open(&path).expect("opened");
        file.write_all(b"{\"number\":77").expect("written");
        let events = Arc::new(Events::open(&path).expect("opened"));
        let mut seen = events.subscribe(true);
        let mut actions = Vec::new();
        while let Some(event) = seen.try_next() {
            actions.push(event.action.clone());
        }
        assert_eq!(actions.len(), KEPT);
        publish(&events, "after");
        let last = seen.try_next().expect("the new one");
        assert_eq!(last.action, "after");
        assert_eq!(last.number, (FILE_LINES + 301) as u64);
    }

    #[test]
    fn a_slow_subscriber_holds_nobody_up_and_nothing_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let events = Arc::new(Events::open(&dir.path().join("events")).expect("opened"));
        let mut slow = events.subscribe(false);
        let told = 2 * HELD + 7;
        for number in 1..=told {
            publish(&events, &number.to_string());
        }
        assert_eq!(events.lock().held.len(), HELD);
        // It has missed the oldest; the rest is without a gap.
        let seen: Vec<u64> =
            std::iter::from_fn(|| slow.try_next().map(|event| event.number)).collect();
        let expected: Vec<u64> = ((told - HELD + 1) as u64..=told as u64).collect();
        assert_eq!(seen, expected);
    }

    #[tokio::test]
    async fn a_time_ends_the_stream_and_opens_the_past() {
        let dir = tempfile::tempdir().expect("a directory");
        let events = Arc::new(Events::open(&dir.path().join("events")).expect("opened"));
        publish(&events, "create");
        let listen = |since, until| {
            EventStream::new(
                &events,
                EventQuery {
                    since,
                    until,
                    filters: Filters::default(),
                },
            )
        };
        let now = Timestamp::now();
        let mut past = listen(None, Some(now)).expect("good");
        assert_eq!(
            past.next().await.map(|event| event.action.clone()),
            Some("create".into())
        );
        assert_eq!(past.next().await, None);
        let mut none = listen(Some(now), Some(now)).expect("good");
        assert_eq!(none.next().await, None);
        let later = now + Duration::from_millis(30);
        let mut soon = listen(Some(now), Some(later)).expect("good");
        publish(&events, "start");
        assert_eq!(
            soon.next().await.map(|event| event.action.clone()),
            Some("start".into())
        );
        assert_eq!(soon.next().await, None);
        let error = listen(Some(later), Some(now)).expect_err("backwards");
        assert!(error.message.starts_with("`since` time ("), "{error}");
    }

    #[test]
    fn filters() {
        let start = Event {
            number: 1,
            time: Timestamp::UNIX_EPOCH,
            kind: EventKind::Container,
            action: "exec_start: sh -c true".into(),
            actor: "abcdef".into(),
            attributes: attributes(&[("image", "busybox:1"), ("name", "web"), ("tier", "a")]),
        };
        let cases = [
            (r#"{}"#, true),
            (r#"{"type":["container"]}"#, true),
            (r#"{"type":["image"]}"#, false),
            (r#"{"event":["exec_start"]}"#, true),
            (r#"{"event":["exec"]}"#, false),
            (r#"{"event":["exec_create","exec"]}"#, true),
            (r#"{"event":["exec_start: sh -c true"]}"#, true),
            (r#"{"container":["abc"]}"#, true),
            (r#"{"container":["we"]}"#, true),
            (r#"{"container":["zz"]}"#, false),
            (r#"{"image":["busybox"]}"#, true),
            (r#"{"image":["busybox:1"]}"#, true),
            (r#"{"image":["busybox:2"]}"#, false),
            (r#"{"label":["tier=a"]}"#, true),
            (r#"{"label":["tier=b"]}"#, false),
            (r#"{"label":["name"]}"#, true),
            (r#"{"label!":["tier"]}"#, true),
            (r#"{"network":["abc"]}"#, true),
            (r#"{"volume":["web"]}"#, true),
            (r#"{"volume":["bew"]}"#, false),
            (r#"{"image":["abcdef"]}"#, true),
            (r#"{"scope":["swarm"]}"#, false),
            (r#"{"unheard-of":["abc"]}"#, true),
        ];
        for (text, passes) in cases {
            let filters = Filters::parse(text).expect(text);
            assert_eq!(start.passes(&filters), passes, "{text}");
        }
    }
}
