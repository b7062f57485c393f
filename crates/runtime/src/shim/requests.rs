//! What the daemon asks for.

use rustix::io::Errno;

use super::client::Role;
use super::poll::ClientKey;
use super::process::Process;
use super::{INIT, Shim, ending, kind_of, refused};
use crate::channel::{
    Event, ExecState, Failure, FailureKind, Message, Phase, Reply, Request, State, Streams,
};
use crate::log::Stream;
use crate::spec::{ConsoleSize, PortReservation};
use crate::sys::pidfd;
use crate::time;

impl Shim<'_> {
    /// Answers all whole requests of a connection; false when it does not speak
    /// the protocol.
    pub(super) fn take_requests(&mut self, key: ClientKey) -> bool {
        loop {
            let Some(client) = self.clients.get_mut(&key) else {
                return true;
            };
            let Role::Messages { decoder, busy, .. } = &mut client.role else {
                return true;
            };
            if *busy {
                return true;
            }
            match decoder.next::<Request>() {
                Ok(Some(request)) => self.answer(key, request),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    fn answer(&mut self, key: ClientKey, request: Request) {
        let done = match request {
            Request::Watch => {
                if let Some(client) = self.clients.get_mut(&key)
                    && let Role::Messages { watching, .. } = &mut client.role
                {
                    *watching = true;
                }
                Ok(Reply::State(Box::new(self.state())))
            }
            Request::State => Ok(Reply::State(Box::new(self.state()))),
            Request::Start => return self.start(key),
            Request::Signal { signal, exec } => self.signal(signal, exec.as_deref()),
            Request::KillAll => self.kill_all(),
            Request::Attach(streams) => return self.attach(key, streams),
            Request::Exec(request) => return self.exec(key, *request),
            Request::Resize { exec, size } => self.resize(exec.as_deref(), size),
            Request::Pause => self.freeze(true),
            Request::Resume => self.freeze(false),
            Request::Update(resources) => self
                .cgroup()
                .update(&resources)
                .map(|()| Reply::Done)
                .map_err(|error| Failure::new(kind_of(&error), error.to_string())),
            Request::Ports(ports) => self.hold(&ports),
            Request::Pids => self
                .cgroup()
                .pids()
                .map(Reply::Pids)
                .map_err(|error| other(format!("list processes: {error}"))),
        };
        self.reply(key, done);
    }

    pub(super) fn reply(&mut self, key: ClientKey, done: Result<Reply, Failure>) {
        let reply = done.unwrap_or_else(Reply::Refused);
        self.tell(key, &Message::Reply(reply));
    }

    pub(super) fn state(&self) -> State {
        let running = self.processes.values().filter_map(|process| {
            Some(ExecState {
                id: process.exec.clone()?,
                pid: process.pid,
                started_at: process.started_at,
                exit_code: None,
                finished_at: None,
            })
        });
        let execs = self
            .ended_execs
            .iter()
            .cloned()
            .chain(running.filter(|exec| self.ended_execs.iter().all(|ended| ended.id != exec.id)))
            .collect();
        State {
            id: self.spec.id.clone(),
            shim_pid: std::process::id() as i32,
            pid: self.init.pid,
            phase: self.phase,
            paused: self.paused,
            started_at: self.started_at,
            exit: self.exit.clone(),
            execs,
            log_bytes_lost: self.log.lost(),
        }
    }

    fn start(&mut self, key: ClientKey) {
        if self.phase != Phase::Created || self.failure.is_some() {
            let failure = Failure::new(FailureKind::WrongPhase, "container was started before");
            return self.reply(key, Err(failure));
        }
        match self.init.start() {
            Ok(()) => {
                let at = time::now();
                self.phase = Phase::Running;
                self.started_at = Some(at);
                self.reply(key, Ok(Reply::Done));
                self.publish(Event::Started { at });
            }
            Err(error) => {
                let failure = refused(&error);
                ending::record_failure(&self.spec.exit_path, &failure);
                self.failure = Some(failure.clone());
                self.ports.clear();
                // It is about to end by itself, or else is made to.
                let _ = pidfd::send_signal(&self.init.pidfd, nix::libc::SIGKILL);
                self.reply(key, Err(failure.clone()));
                self.publish(Event::Failed(failure));
            }
        }
    }

    fn hold(&mut self, ports: &[PortReservation]) -> Result<Reply, Failure> {
        if self.phase == Phase::Exited {
            return Err(not_running());
        }
        self.ports.change(ports)?;
        Ok(Reply::Done)
    }

    fn signal(&mut self, signal: i32, exec: Option<&str>) -> Result<Reply, Failure> {
        let process = self.find(exec)?;
        match pidfd::send_signal(&process.pidfd, signal) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => {
                return Err(not_running());
            }
            Err(error) => return Err(other(format!("send signal {signal}: {error}"))),
        }
        // An exec may wait for its death until the container is thawed.
        if signal == nix::libc::SIGKILL && exec.is_none() {
            self.thaw_to_die()?;
        }
        Ok(Reply::Done)
    }

    fn kill_all(&mut self) -> Result<Reply, Failure> {
        self.cgroup()
            .kill_all()
            .map_err(|error| other(format!("kill all processes: {error}")))?;
        self.thaw_to_die()?;
        Ok(Reply::Done)
    }

    /// A frozen process that was killed dies only when it is thawed.
    fn thaw_to_die(&mut self) -> Result<(), Failure> {
        if self.paused {
            self.freeze(false)?;
        }
        Ok(())
    }

    fn resize(&self, exec: Option<&str>, size: ConsoleSize) -> Result<Reply, Failure> {
        match self.find(exec)?.resize(size) {
            Some(Ok(())) => Ok(Reply::Done),
            Some(Err(error)) => Err(other(format!("resize terminal: {error}"))),
            // Clients ask without looking; without a terminal nothing is wrong.
            None => Ok(Reply::Done),
        }
    }

    fn freeze(&mut self, freeze: bool) -> Result<Reply, Failure> {
        if self.phase != Phase::Running {
            return Err(not_running());
        }
        let done = if freeze {
            self.cgroup().freeze()
        } else {
            self.cgroup().thaw()
        };
        done.map_err(|error| other(format!("freezer: {error}")))?;
        self.paused = freeze;
        Ok(Reply::Done)
    }

    /// The process that is meant, as long as it lives.
    fn find(&self, exec: Option<&str>) -> Result<&Process, Failure> {
        let process = match exec {
            None => self.processes.get(&INIT),
            Some(id) => self
                .processes
                .values()
                .find(|process| process.exec.as_deref() == Some(id)),
        };
        match process {
            Some(process) if process.end.is_none() => Ok(process),
            _ if exec.is_some()
                && self
                    .ended_execs
                    .iter()
                    .all(|ended| Some(&*ended.id) != exec) =>
            {
                Err(Failure::new(FailureKind::NoSuchExec, "no such exec"))
            }
            _ => Err(not_running()),
        }
    }

    fn attach(&mut self, key: ClientKey, streams: Streams) {
        let log_end = self.log.end_of_file();
        self.reply(key, Ok(Reply::Attached { log_end }));
        self.make_stream(key, INIT, streams);
        if streams.from_log
            && let Some(client) = self.clients.get_mut(&key)
        {
            // One that cannot take it now has it waiting.
            let gone = [Stream::Stdout, Stream::Stderr].iter().any(|&stream| {
                let begun = self.log.unfinished(stream);
                !begun.is_empty() && client.output(stream, begun).is_err()
            });
            if gone {
                return self.drop_client(key);
            }
            self.refresh(key);
        }
    }

    pub(super) fn make_stream(&mut self, key: ClientKey, process: u64, streams: Streams) {
        let spill_dir = (process == INIT).then_some(self.spec.log.scratch.as_path());
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        let first = client.become_stream(process, streams, spill_dir);
        if streams.stdin
            && let Some(process) = self.processes.get_mut(&process)
        {
            process.input.push(&self.poll, &first);
        }
        self.refresh(key);
    }
}

pub(super) fn other(text: String) -> Failure {
    Failure::new(FailureKind::Other, text)
}

pub(super) fn not_running() -> Failure {
    Failure::new(FailureKind::WrongPhase, "process is not running")
}
