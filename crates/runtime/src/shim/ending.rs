//! The end of processes, of the container, and of the shim itself.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::client::Client;
use super::execs::Starting;
use super::poll::{ClientKey, ProcessKey};
use super::process::End;
use super::{INIT, REMEMBERED, Shim, record};
use crate::cgroup::oom::OomWatch;
use crate::channel::{Event, ExecState, ExitRecord, Failure, FailureKind, Phase, UnixNanos};
use crate::spec::NsMode;
use crate::time;

/// Output taken from a process after its end before the end is told. More than a
/// pipe holds; only who shares the pipe with a process outside can write more.
const LAST_OUTPUT: usize = 4 << 20;

/// How long an output that somebody outside holds open is still read after the
/// end of its process.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(2);

/// How long to try to remove the cgroup of an ended container.
const REMOVAL: Duration = Duration::from_secs(10);

/// What is left to do after the first process has ended.
#[derive(Debug)]
pub(super) struct Ending {
    /// When to try the next step.
    next: Instant,
    pause: Duration,
    give_up: Instant,
    torn_down: bool,
}

/// Writes the record of a container that could not be created or started.
pub(super) fn record_failure(path: &Path, failure: &Failure) {
    let exit_code = match failure.kind {
        FailureKind::NotFound => 127,
        FailureKind::PermissionDenied => 126,
        _ => 128,
    };
    // The daemon is told in any case; the record is for one that is not there.
    let _ = record::write_exit(
        path,
        &ExitRecord {
            exit_code,
            signal: None,
            started_at: None,
            finished_at: time::now(),
            oom_killed: false,
            error: Some(failure.clone()),
            execs: Vec::new(),
        },
    );
}

impl Shim<'_> {
    /// A pidfd says that a process has ended.
    pub(super) fn process_ended(&mut self, key: ProcessKey) {
        let Some(process) = self.processes.get_mut(&key) else {
            return;
        };
        let end = match process.reap() {
            Ok(None) => return,
            Ok(Some(end)) => end,
            // Somebody else has taken the status; it cannot be known any more.
            Err(_) => End {
                code: 255,
                signal: None,
            },
        };
        self.poll.remove(&process.pidfd);
        process.end = Some(end);
        process.read_until = Some(Instant::now() + OUTPUT_PATIENCE);
        process.input.close(&self.poll);
        process.throttle(&self.poll, false);
        if key == INIT {
            self.container_ended(end);
        } else {
            self.exec_ended(key, end);
        }
    }

    fn exec_ended(&mut self, key: ProcessKey, end: End) {
        let Some(process) = self.processes.get(&key) else {
            return;
        };
        let state = ExecState {
            id: process.exec.clone().unwrap_or_default(),
            pid: process.pid,
            started_at: process.started_at,
            exit_code: Some(end.code),
            finished_at: Some(time::now()),
        };
        if self.ended_execs.len() == REMEMBERED {
            self.ended_execs.pop_front();
        }
        self.ended_execs.push_back(state.clone());
        self.publish(Event::ExecExited(state));
    }

    fn container_ended(&mut self, end: End) {
        let finished_at = time::now();
        if self.spec.namespaces.pid != NsMode::New {
            // Otherwise the kernel has killed all the others by now.
            let _ = self.cgroup().kill_all();
        }
        self.drain_outputs(INIT, LAST_OUTPUT);
        self.ran_out_of_memory();
        let oom_killed = self.cgroup().oom_kills().is_ok_and(|kills| kills > 0);
        let record = ExitRecord {
            exit_code: end.code,
            signal: end.signal,
            started_at: self.started_at,
            finished_at,
            oom_killed,
            error: None,
            execs: self.execs_at_end(finished_at),
        };
        // Before anybody is told, so that a new daemon may take them again.
        self.ports.clear();
        self.phase = Phase::Exited;
        self.paused = false;
        self.exit = Some(record.clone());
        self.ending = Some(Ending {
            next: Instant::now(),
            pause: Duration::from_micros(500),
            give_up: Instant::now() + REMOVAL,
            torn_down: false,
        });
        if self.failure.is_some() {
            // This end was told and recorded when the start failed.
            return;
        }
        if self.started_at.is_some() {
            // A disk that takes no record must not keep the end a secret.
            let _ = record::write_exit(&self.spec.exit_path, &record);
        }
        if oom_killed && !self.oom_told {
            self.publish(Event::OutOfMemory { at: finished_at });
        }
        self.publish(Event::Exited(record));
    }

    /// The kernel says that memory ran out. Told at once: the container may go
    /// on without the process that was killed.
    pub(super) fn ran_out_of_memory(&mut self) {
        if self.oom.as_mut().is_some_and(OomWatch::happened) {
            self.oom_told = true;
            self.publish(Event::OutOfMemory { at: time::now() });
        }
    }

    /// All execs; the container takes along those that have not ended.
    fn execs_at_end(&self, finished_at: UnixNanos) -> Vec<ExecState> {
        let mut execs = self.state().execs;
        for exec in &mut execs {
            if exec.exit_code.is_none() {
                exec.exit_code = Some(128 + nix::libc::SIGKILL);
                exec.finished_at = Some(finished_at);
            }
        }
        execs
    }

    /// Does what time or the events just handled made possible.
    pub(super) fn proceed(&mut self) {
        self.finish_processes();
        let patience = self.log.patience_ends();
        if patience.is_some_and(|end| end <= Instant::now()) {
            self.forward_log();
        }
        self.give_up_starting();
        let finished: Vec<ClientKey> = self
            .clients
            .iter()
            .filter_map(|(key, client)| client.is_finished().then_some(*key))
            .collect();
        for key in finished {
            self.drop_client(key);
        }
        self.tear_down();
    }

    /// Ends the streams of processes that have ended and said everything.
    fn finish_processes(&mut self) {
        let ended: Vec<ProcessKey> = self
            .processes
            .values()
            .filter(|process| process.end.is_some())
            .map(|process| process.key)
            .collect();
        for key in ended {
            let late = self
                .processes
                .get(&key)
                .is_some_and(|process| process.read_until <= Some(Instant::now()));
            if late {
                self.close_outputs(key);
            }
            if !self
                .processes
                .get(&key)
                .is_some_and(|process| process.is_finished())
            {
                continue;
            }
            for client in self.streams_of(key) {
                self.with_client(client, |client| {
                    client.finish();
                    Ok(())
                });
            }
            if key == INIT {
                self.log.finish(&self.poll);
            } else {
                self.processes.remove(&key);
            }
        }
    }

    /// Removes what the container leaves on the machine, once, as soon as it can
    /// be, and lets go of the watchers then.
    fn tear_down(&mut self) {
        let now = Instant::now();
        let alive = self.is_alive();
        let Some(ending) = &mut self.ending else {
            return;
        };
        if ending.torn_down {
            return self.release_watchers();
        }
        if now < ending.next || (alive && now < ending.give_up) {
            return;
        }
        let give_up = ending.give_up;
        // Its end would be told as a want of memory.
        if let Some(watch) = self.oom.take() {
            self.poll.remove(&watch);
        }
        // Unmounts everything, which may take long on a busy disk.
        self.mount_namespace = None;
        let removed = self.init.cgroup.remove(Duration::ZERO);
        if let Some(ending) = &mut self.ending
            && removed.as_ref().is_err_and(is_busy)
            && now < give_up
        {
            ending.next = now + ending.pause;
            ending.pause = (ending.pause * 2).min(Duration::from_millis(50));
            return;
        }
        if let Some(listener) = self.listener.take() {
            self.poll.remove(&listener);
        }
        let _ = record::clear_run_dir(&self.spec.run_dir);
        if let Some(ending) = &mut self.ending {
            ending.torn_down = true;
        }
        self.release_watchers();
    }

    fn release_watchers(&mut self) {
        let talking: Vec<ClientKey> = self
            .clients
            .iter()
            .filter_map(|(key, client)| client.process().is_none().then_some(*key))
            .collect();
        for key in talking {
            self.with_client(key, |client| {
                client.finish();
                Ok(())
            });
            if self.clients.get(&key).is_some_and(Client::is_finished) {
                self.drop_client(key);
            }
        }
    }

    /// Whether nothing is left to do.
    pub(super) fn is_done(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.torn_down)
            && self.clients.is_empty()
            && self.log.is_done()
    }

    fn is_alive(&self) -> bool {
        !self.starting.is_empty() || self.processes.values().any(|process| process.end.is_none())
    }

    /// When to look again should nothing happen.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let processes = self
            .processes
            .values()
            .filter(|process| !process.is_finished())
            .filter_map(|process| process.read_until);
        let clients = self.clients.values().filter_map(Client::patience_ends);
        let ending = self.ending.iter().filter(|ending| !ending.torn_down);
        let alive = self.is_alive();
        let starting = self.starting.values().map(Starting::gives_up_at);
        let teardown = ending.map(|ending| if alive { ending.give_up } else { ending.next });
        let log = self.log.patience_ends();
        processes
            .chain(clients)
            .chain(starting)
            .chain(teardown)
            .chain(log)
            .min()
    }
}

fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}
