//! Execs on their way: from the request to the running program or the reason
//! why there is none. The loop goes on meanwhile.

use std::os::fd::AsFd as _;
use std::time::Instant;

use rustix::io::Errno;

use super::client::{Client, Role};
use super::poll::{ClientKey, Interest, ProcessKey, Token};
use super::process::{Ends, Open, Process};
use super::requests::{not_running, other};
use super::{Shim, kind_of};
use crate::channel::{ExecRequest, Failure, FailureKind, Phase, Reply, Streams};
use crate::container::PATIENCE;
use crate::error::{CreateError, CreateErrorKind};
use crate::exec::{self, Running};
use crate::sys::pidfd;
use crate::time;

/// Milliseconds that a container may take to end whose processes vanish.
const ENDING: u16 = 500;

/// An exec whose program does not run yet.
#[derive(Debug)]
pub(super) struct Starting {
    /// Who asked for it. It may have left.
    client: ClientKey,
    id: String,
    streams: Streams,
    ends: Ends,
    process: exec::Starting,
    give_up: Instant,
    /// It took too long and was killed.
    killed: bool,
}

impl Starting {
    pub(super) fn gives_up_at(&self) -> Instant {
        self.give_up
    }
}

/// The streams that were asked for.
fn open(streams: Streams) -> Open {
    Open {
        stdin: streams.stdin,
        stdout: streams.stdout,
        stderr: streams.stderr,
    }
}

impl Shim<'_> {
    /// Begins an exec; the reply comes when its program runs or cannot.
    pub(super) fn exec(&mut self, client: ClientKey, request: ExecRequest) {
        match self.begin(client, request) {
            Ok(()) => self.set_busy(client, true),
            Err(failure) => self.reply(client, Err(failure)),
        }
    }

    fn begin(&mut self, client: ClientKey, request: ExecRequest) -> Result<(), Failure> {
        if self.phase != Phase::Running {
            return Err(not_running());
        }
        if self.paused {
            return Err(Failure::new(FailureKind::WrongPhase, "container is paused"));
        }
        let known = self.state().execs;
        let on_the_way = self.starting.values().map(|starting| &starting.id);
        if on_the_way
            .chain(known.iter().map(|exec| &exec.id))
            .any(|id| *id == request.id)
        {
            let text = format!("exec {} exists", request.id);
            return Err(Failure::new(FailureKind::NoSuchExec, text));
        }
        let (theirs, ends) = Ends::make(request.process.tty, open(request.streams))
            .map_err(|error| other(format!("standard streams: {error}")))?;
        let running = Running {
            spec: self.spec,
            pidfd: self.init.pidfd.as_fd(),
            cgroup: self.cgroup(),
        };
        let process = exec::begin(running, &request.process, theirs)
            .map_err(|error| self.exec_failure(&error))?;
        let key = self.next_process;
        self.next_process += 1;
        let polled = self
            .poll
            .add(process.line(), Token::Starting(key), Interest::READ);
        if let Err(error) = polled {
            process.end();
            return Err(other(format!("watching the process: {error}")));
        }
        let starting = Starting {
            client,
            id: request.id,
            streams: request.streams,
            ends,
            process,
            give_up: Instant::now() + PATIENCE,
            killed: false,
        };
        self.starting.insert(key, starting);
        Ok(())
    }

    /// A process on its way has said something.
    pub(super) fn starting_said(&mut self, key: ProcessKey) {
        let Some(starting) = self.starting.get_mut(&key) else {
            return;
        };
        let step = match starting.process.proceed() {
            _ if starting.killed => Err(exec::too_slow()),
            Ok(false) => return,
            Ok(true) => Ok(()),
            Err(error) => Err(error),
        };
        let Some(starting) = self.starting.remove(&key) else {
            return;
        };
        self.poll.remove(starting.process.line());
        let (client, streams) = (starting.client, starting.streams);
        let done = match step {
            Ok(()) => self.take_over(key, starting),
            Err(error) => {
                starting.process.end();
                Err(self.exec_failure(&error))
            }
        };
        self.set_busy(client, false);
        match done {
            Ok(pid) => {
                self.reply(client, Ok(Reply::ExecStarted { pid }));
                if streams.stdin || streams.stdout || streams.stderr {
                    self.make_stream(client, key, streams);
                } else {
                    self.go_on_with(client);
                }
            }
            Err(failure) => {
                self.reply(client, Err(failure));
                self.go_on_with(client);
            }
        }
    }

    /// Kills those that take too long.
    pub(super) fn give_up_starting(&mut self) {
        let now = Instant::now();
        for starting in self.starting.values_mut() {
            if starting.give_up <= now {
                starting.process.kill();
                starting.killed = true;
                // The kernel may not let it die at once.
                starting.give_up = now + PATIENCE;
            }
        }
    }

    fn take_over(&mut self, key: ProcessKey, starting: Starting) -> Result<i32, Failure> {
        let Starting {
            id,
            streams,
            ends,
            process,
            ..
        } = starting;
        let spawned = process
            .finish()
            .map_err(|error| self.exec_failure(&error))?;
        let pid = spawned.pid;
        let watched = match &spawned.console {
            Some(console) => ends.with_console(console, open(streams)),
            None => Ok(ends),
        }
        .and_then(|ends| {
            let parts = (pid, spawned.pidfd.try_clone()?, spawned.console);
            Process::watch(&self.poll, key, Some(id), parts, ends)
        });
        match watched {
            Ok(mut process) => {
                process.started_at = time::now();
                self.processes.insert(key, process);
                Ok(pid)
            }
            Err(error) => {
                // Nobody would see its end.
                let _ = pidfd::send_signal(&spawned.pidfd, nix::libc::SIGKILL);
                Err(other(format!("watching the process: {error}")))
            }
        }
    }

    fn exec_failure(&self, error: &CreateError) -> Failure {
        // The end of the container kills whoever is on the way in.
        let vanished = error.errno == Some(Errno::SRCH.raw_os_error());
        let ending = error.kind == CreateErrorKind::ContainerEnding;
        if ending || vanished && pidfd::ends_within(&self.init.pidfd, ENDING) {
            return not_running();
        }
        Failure::new(kind_of(error), error.exec_text())
    }

    fn set_busy(&mut self, key: ClientKey, now: bool) {
        if let Some(Client {
            role: Role::Messages { busy, .. },
            ..
        }) = self.clients.get_mut(&key)
        {
            *busy = now;
        }
    }

    /// Takes the requests that have waited.
    fn go_on_with(&mut self, key: ClientKey) {
        if !self.take_requests(key) {
            self.drop_client(key);
        }
    }
}
