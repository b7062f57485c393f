//! A container under its shim, seen as a daemon sees it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use longshore_runtime::channel::{
    self, Event, ExecRequest, ExitRecord, Failure, Message, Reply, Request, State, Streams,
};
use longshore_runtime::log::reader::{Query, read_all};
use longshore_runtime::recover;
use longshore_runtime::spec::{ConsoleSize, LogFile, ProcessSpec};
use longshore_runtime::zygote::Zygote;

use crate::fixture::Fixture;

/// Longer than anything here may take; a test fails rather than hangs.
const PATIENCE: Duration = Duration::from_secs(30);

static ZYGOTE: OnceLock<Zygote> = OnceLock::new();

/// Starts the zygote of this program; the first thing in `main`.
pub(crate) fn start_zygote() {
    let zygote = Zygote::fork().expect("start the zygote");
    ZYGOTE.set(zygote).expect("main runs once");
}

/// A launched container and the connection that watches it.
pub(crate) struct Supervised {
    pub(crate) fixture: Fixture,
    watch: Option<UnixStream>,
    /// Process id of the container's first process.
    pub(crate) pid: i32,
}

pub(crate) const ALL: Streams = Streams {
    stdin: true,
    stdout: true,
    stderr: true,
    from_log: false,
    raw: true,
};

/// A log in `dir`.
pub(crate) fn log_file(dir: &Path) -> LogFile {
    LogFile {
        dir: dir.to_owned(),
        name: "log".into(),
        max_size: None,
        max_file: 1,
        compress: false,
        attrs: BTreeMap::new(),
    }
}

impl Supervised {
    /// Launches `script`, which waits for its start.
    pub(crate) fn shell(script: &str) -> Self {
        Self::launch(Fixture::shell(script))
    }

    pub(crate) fn launch(fixture: Fixture) -> Self {
        Self::try_launch(fixture).unwrap_or_else(|failure| panic!("not created: {failure:?}"))
    }

    pub(crate) fn try_launch(mut fixture: Fixture) -> Result<Self, Failure> {
        let dir = fixture.spec.log.scratch.clone();
        fixture.spec.log.file.get_or_insert_with(|| log_file(&dir));
        let zygote = ZYGOTE.get().expect("main has started it");
        let watch = zygote.launch(&fixture.spec).expect("the zygote lives");
        watch.set_read_timeout(Some(PATIENCE)).expect("timeout");
        match event(&watch) {
            Event::Created { pid } => Ok(Self {
                fixture,
                watch: Some(watch),
                pid,
            }),
            Event::Failed(failure) => Err(failure),
            other => panic!("unexpected {other:?}"),
        }
    }

    /// Watches a container that somebody else has launched.
    pub(crate) fn adopt(fixture: Fixture) -> Self {
        let watch = recover::connect(&fixture.spec.run_dir)
            .expect("connect")
            .expect("the shim lives");
        watch.set_read_timeout(Some(PATIENCE)).expect("timeout");
        let Reply::State(state) = ask(&watch, &Request::Watch) else {
            panic!("a watcher is told the state");
        };
        Self {
            fixture,
            watch: Some(watch),
            pid: state.pid,
        }
    }

    /// Closes the watching connection and lets the container go on.
    pub(crate) fn abandon(&mut self) {
        self.watch = None;
    }

    /// Launches and starts `script`.
    pub(crate) fn run(script: &str) -> Self {
        let container = Self::shell(script);
        container.start();
        container
    }

    pub(crate) fn start(&self) {
        assert_eq!(self.ask(&Request::Start), Reply::Done);
    }

    /// A fresh connection, as a daemon makes it that was started anew.
    pub(crate) fn connect(&self) -> UnixStream {
        let socket = recover::connect(&self.fixture.spec.run_dir)
            .expect("connect")
            .expect("the shim lives");
        socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        socket
    }

    pub(crate) fn ask(&self, request: &Request) -> Reply {
        ask(&self.connect(), request)
    }

    pub(crate) fn state(&self) -> State {
        match self.ask(&Request::State) {
            Reply::State(state) => *state,
            other => panic!("unexpected {other:?}"),
        }
    }

    /// A connection that carries the streams of the first process.
    pub(crate) fn attach(&self, streams: Streams) -> UnixStream {
        let socket = self.connect();
        assert!(matches!(
            ask(&socket, &Request::Attach(streams)),
            Reply::Attached { .. }
        ));
        socket
    }

    /// Runs a shell in the container; the connection carries its streams.
    pub(crate) fn exec(&self, id: &str, script: &str, tty: bool, streams: Streams) -> UnixStream {
        let socket = self.connect();
        let process = ProcessSpec {
            args: ["sh", "-c", script].map(str::to_owned).to_vec(),
            tty,
            console_size: Some(ConsoleSize { rows: 3, cols: 4 }),
            ..self.fixture.spec.process.clone()
        };
        let request = Request::Exec(Box::new(ExecRequest {
            id: id.into(),
            process,
            streams,
        }));
        match ask(&socket, &request) {
            Reply::ExecStarted { .. } => socket,
            other => panic!("exec {id}: {other:?}"),
        }
    }

    /// The launching connection.
    pub(crate) fn watch(&self) -> &UnixStream {
        self.watch.as_ref().expect("not abandoned")
    }

    /// The next event of the launching connection.
    pub(crate) fn event(&self) -> Event {
        event(self.watch())
    }

    /// Events up to the end of the container.
    pub(crate) fn wait(&self) -> ExitRecord {
        loop {
            if let Event::Exited(record) = self.event() {
                return record;
            }
        }
    }

    /// Waits until the shim has torn everything down.
    pub(crate) fn wait_gone(&self) {
        loop {
            match channel::receive::<Message>(self.watch()) {
                Ok(None) => return,
                Ok(Some(_)) => {}
                Err(error) => panic!("watching: {error}"),
            }
        }
    }

    /// The log as text.
    pub(crate) fn log(&self) -> String {
        let log = self.fixture.spec.log.file.as_ref().expect("it keeps a log");
        let entries = read_all(&log.dir, &log.name, Query::default()).expect("read log");
        let text: Vec<u8> = entries.into_iter().flat_map(|entry| entry.text).collect();
        String::from_utf8(text).expect("text")
    }
}

impl Drop for Supervised {
    /// Leaves nothing running.
    fn drop(&mut self) {
        if let Ok(Some(socket)) = recover::connect(&self.fixture.spec.run_dir) {
            // It may be ending by itself just now.
            let _ = channel::send(&socket, &Request::Watch);
            let _ = channel::send(&socket, &Request::KillAll);
            while let Ok(Some(_)) = channel::receive::<Message>(&socket) {}
        }
    }
}

pub(crate) fn ask(socket: &UnixStream, request: &Request) -> Reply {
    channel::send(socket, request).expect("send request");
    match channel::receive(socket).expect("receive reply") {
        Some(Message::Reply(reply)) => reply,
        other => panic!("no reply but {other:?}"),
    }
}

pub(crate) fn event(socket: &UnixStream) -> Event {
    match channel::receive(socket).expect("receive event") {
        Some(Message::Event(event)) => event,
        other => panic!("no event but {other:?}"),
    }
}

/// Everything up to the end of a stream.
pub(crate) fn read_to_end(mut socket: &UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).expect("read stream");
    bytes
}

/// Sends all of a process's input.
pub(crate) fn send_input(mut socket: &UnixStream, bytes: &[u8]) {
    socket.write_all(bytes).expect("write input");
    socket.shutdown(Shutdown::Write).expect("half-close");
}
