//! The shim: one small process per container, which outlives the daemon.
//!
//! ```text
//! fork ─▶ launch ─ Created ─▶ parked ─ Start ─▶ running ─ pidfd ─▶ ended ─▶ torn down ─▶ exit
//!            └───── Failed ─────┴──── Failed ─────┘         │           │
//!                                            output drained,    cgroup, socket and
//!                                            exit record on     mounts gone, watchers
//!                                            disk, Exited told  closed
//! ```
//!
//! It is single-threaded and waits in epoll. It holds: the container's standard
//! streams or the master of its terminal, its log, pidfds of its processes, its
//! mount namespace (so that unmounting delays nobody), the sockets that reserve
//! its ports, the socket `shim.sock`, and its clients. It runs as root in the
//! host's namespaces, in a session of its own, with every signal but SIGKILL
//! blocked.
//!
//! Who dies, and what happens then:
//!
//! * the daemon: nothing. The next one connects to `shim.sock` and asks, or reads
//!   the exit record. Only a container that was not yet started ends with it;
//! * the container: its output is drained into the log, the exit record is written
//!   first, then everybody is told; a client that does not read is not waited
//!   for;
//! * the shim: the kernel kills the container (parent death signal). The daemon
//!   sees the connection end without `Exited`; what is left is swept by
//!   [`recover::sweep`](crate::recover::sweep).
//!
//! A connection that was not told `Exited` but has ended therefore means a dead
//! shim. After `Exited`, the end of a watching connection means that the shim has
//! torn everything down: only then may the same container be launched again.

mod backlog;
mod client;
mod ending;
mod execs;
mod forwarder;
mod log;
mod output;
mod poll;
mod ports;
mod process;
mod record;
mod requests;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cgroup::Cgroup;
use crate::cgroup::oom::OomWatch;
use crate::channel::{
    self, Event, ExecState, ExitRecord, Failure, FailureKind, Message, Phase, UnixNanos,
};
use crate::container::{self, Init};
use crate::error::{CreateError, CreateErrorKind};
use crate::spec::ContainerSpec;

use client::{Client, Gone};
use ending::Ending;
use execs::Starting;
use log::Log;
use poll::{ClientKey, Interest, Poll, ProcessKey, Ready, Token};
use ports::Ports;
use process::{Ends, Open, Process};
pub(crate) use record::clear_run_dir;
pub use record::{SOCKET, STATE, StateFile};

/// Key of the first process.
const INIT: ProcessKey = 0;

/// Key of the connection to the daemon that launched this shim.
const LAUNCHER: ClientKey = 0;

/// Bytes read from a process at once.
const READ: usize = 256 << 10;

/// Ended execs that are remembered, by the shim and then by the exit record.
const REMEMBERED: usize = 256;

/// The shim's whole life. `socket` is its end of the connection that
/// [`Zygote::launch`](crate::zygote::Zygote::launch) returned; the specification
/// arrives on it.
pub fn run(socket: UnixStream) {
    // Both only make the shim easier to tell apart.
    let _ = rustix::process::setsid();
    let _ = rustix::thread::set_name(c"longshore-shim");

    // A daemon that dies before it has said what to do leaves nothing behind.
    let Ok(Some(spec)) = channel::receive::<ContainerSpec>(&socket) else {
        return;
    };
    let spec = Box::new(spec);
    let _ = std::fs::remove_file(&spec.exit_path);
    match Shim::launch(&spec) {
        Ok(mut shim) => shim.serve(socket),
        Err(failure) => {
            ending::record_failure(&spec.exit_path, &failure);
            let _ = clear_run_dir(&spec.run_dir);
            let _ = channel::send(&socket, &Message::Event(Event::Failed(failure)));
        }
    }
}

/// Address of the shim's socket in `run_dir`, short enough for the kernel
/// whatever the length of the path. Valid while the descriptor is open.
pub(crate) fn socket_address(run_dir: &Path) -> io::Result<(OwnedFd, PathBuf)> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = open(run_dir, flags, Mode::empty())?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd()));
    Ok((dir, path))
}

/// Everything a shim knows and holds.
#[derive(Debug)]
struct Shim<'a> {
    spec: &'a ContainerSpec,
    poll: Poll,
    listener: Option<UnixListener>,
    clients: BTreeMap<ClientKey, Client>,
    next_client: ClientKey,
    processes: BTreeMap<ProcessKey, Process>,
    next_process: ProcessKey,
    /// Execs whose programs do not run yet.
    starting: BTreeMap<ProcessKey, Starting>,
    log: Log,
    init: Init,
    mount_namespace: Option<File>,
    oom: Option<OomWatch>,
    /// Whether a want of memory was told.
    oom_told: bool,
    ports: Ports,
    phase: Phase,
    paused: bool,
    started_at: Option<UnixNanos>,
    failure: Option<Failure>,
    exit: Option<ExitRecord>,
    ended_execs: VecDeque<ExecState>,
    ending: Option<Ending>,
    buffer: Vec<u8>,
    /// Much of `buffer` was used.
    flooded: bool,
}

impl<'a> Shim<'a> {
    /// Creates the container up to the point before its program runs.
    fn launch(spec: &'a ContainerSpec) -> Result<Self, Failure> {
        let ports = Ports::reserve(&spec.ports)?;
        let listener = listen(&spec.run_dir)
            .map_err(|error| failed(format!("run directory {}", spec.run_dir.display()), &error))?;
        let log = Log::open(&spec.log)?;
        let open = Open {
            stdin: spec.stdin.open,
            stdout: true,
            stderr: true,
        };
        let (theirs, ends) = Ends::make(spec.process.tty, open)
            .map_err(|error| failed("standard streams".into(), &error))?;
        let mut init = container::create(spec, theirs).map_err(|error| refused(&error))?;

        let watched = (|| {
            let poll = Poll::new()?;
            poll.add(&listener, Token::Listener, Interest::READ)?;
            let console = init.console.take();
            let ends = match &console {
                Some(console) => ends.with_console(console, open)?,
                None => ends,
            };
            let pidfd = init.pidfd.try_clone()?;
            let process = Process::watch(&poll, INIT, None, (init.pid, pidfd, console), ends)?;
            record::write_state(&spec.run_dir, &state_file(spec, init.pid))?;
            io::Result::Ok((poll, process))
        })();
        let (poll, process) = watched.map_err(|error| {
            // Unstarted, init ends as soon as it is dropped.
            let _ = init.cgroup.kill_all();
            let _ = init.cgroup.remove(Duration::from_secs(1));
            failed("watching the first process".into(), &error)
        })?;
        // A container whose memory is not watched is told of at its end.
        let oom = init.cgroup.watch_oom().ok().flatten();
        if let Some(watch) = &oom {
            let interest = Interest {
                read: watch.is_readable(),
                write: false,
            };
            let _ = poll.add(watch, Token::OutOfMemory, interest);
        }
        Ok(Self {
            oom,
            oom_told: false,
            // Without it the end of init waits for its mounts to be taken down.
            mount_namespace: File::open(format!("/proc/{}/ns/mnt", init.pid)).ok(),
            spec,
            poll,
            listener: Some(listener),
            clients: BTreeMap::new(),
            next_client: 0,
            processes: BTreeMap::from([(INIT, process)]),
            next_process: INIT + 1,
            starting: BTreeMap::new(),
            log,
            init,
            ports,
            phase: Phase::Created,
            paused: false,
            started_at: None,
            failure: None,
            exit: None,
            ended_execs: VecDeque::new(),
            ending: None,
            buffer: vec![0; READ],
            flooded: false,
        })
    }

    /// Serves until the container has ended and nothing is left to do.
    fn serve(&mut self, launcher: UnixStream) {
        let pid = self.init.pid;
        if let Some(key) = self.welcome(launcher, true) {
            self.tell(key, &Message::Event(Event::Created { pid }));
        }
        while !self.is_done() {
            let patience = self
                .next_deadline()
                .map(|at| at.saturating_duration_since(Instant::now()));
            let Ok(ready) = self.poll.wait(patience) else {
                // Blind, it can do no more; its death ends the container.
                return;
            };
            for event in ready {
                self.handle(event);
            }
            self.proceed();
        }
    }

    fn handle(&mut self, ready: Ready) {
        match ready.token {
            Token::Listener => self.accept(),
            Token::Client(key) => {
                if ready.write {
                    self.with_client(key, Client::flush);
                }
                if ready.read || ready.hung_up {
                    self.read_client(key, ready.hung_up);
                }
                self.refresh(key);
            }
            Token::Ended(key) => self.process_ended(key),
            Token::Output(key, stream) => self.read_output(key, stream),
            Token::Starting(key) => self.starting_said(key),
            Token::Input(key) => {
                if let Some(process) = self.processes.get_mut(&key) {
                    process.input.flush(&self.poll);
                }
                self.refresh_streams_of(key);
            }
            Token::Forwarder => self.forward_log(),
            Token::OutOfMemory => self.ran_out_of_memory(),
            Token::Compressor => self.log.compressed(&self.poll),
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else {
            return;
        };
        // Without a descriptor left the caller stays in the queue.
        if let Ok((socket, _)) = listener.accept() {
            self.welcome(socket, false);
        }
    }

    fn welcome(&mut self, socket: UnixStream, watching: bool) -> Option<ClientKey> {
        let key = self.next_client;
        let client = Client::accept(&self.poll, key, socket, watching).ok()?;
        self.next_client += 1;
        self.clients.insert(key, client);
        Some(key)
    }

    /// Does something with a connection, and drops it when it is gone.
    fn with_client(&mut self, key: ClientKey, act: impl FnOnce(&mut Client) -> Result<(), Gone>) {
        if let Some(client) = self.clients.get_mut(&key)
            && act(client) == Err(Gone)
        {
            self.drop_client(key);
        }
    }

    fn tell(&mut self, key: ClientKey, message: &Message) {
        self.with_client(key, |client| client.tell(message));
        self.refresh(key);
    }

    /// Tells every watcher.
    fn publish(&mut self, event: Event) {
        let message = Message::Event(event);
        let watching: Vec<ClientKey> = self
            .clients
            .iter()
            .filter_map(|(key, client)| client.is_watching().then_some(*key))
            .collect();
        for key in watching {
            self.tell(key, &message);
        }
    }
}

fn listen(run_dir: &Path) -> io::Result<UnixListener> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(run_dir)?;
    let (_dir, path) = socket_address(run_dir)?;
    // Left by a shim that was killed; a live one is the daemon's business.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn state_file(spec: &ContainerSpec, pid: i32) -> StateFile {
    StateFile {
        id: spec.id.clone(),
        shim_pid: std::process::id() as i32,
        pid,
        cgroup_parent: spec.cgroup.parent.clone(),
    }
}

fn failed(what: String, error: &io::Error) -> Failure {
    Failure::new(FailureKind::Other, format!("{what}: {error}"))
}

fn refused(error: &CreateError) -> Failure {
    Failure::new(kind_of(error), error.create_text())
}

fn kind_of(error: &CreateError) -> FailureKind {
    match error.kind {
        CreateErrorKind::NotFound => FailureKind::NotFound,
        CreateErrorKind::PermissionDenied => FailureKind::PermissionDenied,
        CreateErrorKind::UnknownUser => FailureKind::UnknownUser,
        CreateErrorKind::ContainerEnding => FailureKind::WrongPhase,
        CreateErrorKind::Device | CreateErrorKind::Other => FailureKind::Other,
    }
}

/// The cgroup of the container.
impl Shim<'_> {
    fn cgroup(&self) -> &Cgroup {
        &self.init.cgroup
    }
}
