//! From the container's streams to the log and the clients, and back.

use rustix::io::Errno;

use super::client::{Client, Gone, Role};
use super::poll::{ClientKey, ProcessKey};
use super::{INIT, LAUNCHER, READ, Shim};
use crate::channel::Phase;
use crate::log::Stream;

/// Reads in a row from one stream before others have their turn.
const TURNS: usize = 4;

/// Bytes of the buffer that may stay in memory.
const QUIET: usize = 16 << 10;

impl Shim<'_> {
    /// Takes what a process has written.
    pub(super) fn read_output(&mut self, key: ProcessKey, stream: Stream) {
        for _ in 0..TURNS {
            if !self.read_once(key, stream) {
                break;
            }
        }
        self.refresh_streams_of(key);
    }

    /// Takes all that an ended process has left, at most `limit` bytes a stream.
    pub(super) fn drain_outputs(&mut self, key: ProcessKey, limit: usize) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            for _ in 0..limit / READ {
                if !self.read_once(key, stream) {
                    break;
                }
            }
        }
        self.refresh_streams_of(key);
    }

    /// Ends the reading of a process's outputs, whoever still holds them.
    pub(super) fn close_outputs(&mut self, key: ProcessKey) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            self.end_output(key, stream);
        }
    }

    /// Reads once; answers whether there may be more now.
    fn read_once(&mut self, key: ProcessKey, stream: Stream) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = match self.processes.get_mut(&key) {
            Some(process) if process.outputs[stream as usize].is_some() => {
                process.read(stream, &mut buffer)
            }
            _ => Err(Errno::AGAIN),
        };
        let more = match read {
            Ok(0) => {
                self.end_output(key, stream);
                false
            }
            Ok(count) => {
                self.flooded |= count > QUIET;
                self.deliver(key, stream, &buffer[..count]);
                // A terminal gives little at a time, a pipe all it has.
                true
            }
            Err(Errno::AGAIN) => {
                if std::mem::take(&mut self.flooded) {
                    // Untouched pages cost no memory.
                    buffer = vec![0; READ];
                    self.log.rest();
                }
                false
            }
            Err(_) => {
                self.end_output(key, stream);
                false
            }
        };
        self.buffer = buffer;
        more && !self
            .processes
            .get(&key)
            .is_some_and(|process| process.throttled)
    }

    fn end_output(&mut self, key: ProcessKey, stream: Stream) {
        let Some(process) = self.processes.get_mut(&key) else {
            return;
        };
        process.close_output(&self.poll, stream);
        if key == INIT {
            self.log.end(&self.poll, stream);
        }
    }

    fn deliver(&mut self, key: ProcessKey, stream: Stream, bytes: &[u8]) {
        if key == INIT {
            self.log.write(&self.poll, stream, bytes);
            if self.log.is_behind()
                && let Some(process) = self.processes.get_mut(&INIT)
                && process.end.is_none()
            {
                process.throttle(&self.poll, true);
            }
        }
        let mut gone = Vec::new();
        let mut behind = false;
        for (&client_key, client) in &mut self.clients {
            if client.process() != Some(key) {
                continue;
            }
            if client.output(stream, bytes) == Err(Gone) {
                gone.push(client_key);
            }
            behind |= client.is_behind();
        }
        // An exec has nobody to please but its own client, so it waits for it.
        if key != INIT
            && behind
            && let Some(process) = self.processes.get_mut(&key)
        {
            process.throttle(&self.poll, true);
        }
        for client in gone {
            self.drop_client(client);
        }
    }

    /// Takes what a client has sent. After a hang-up nothing more will come, so
    /// all of it is taken, however much waits already.
    pub(super) fn read_client(&mut self, key: ClientKey, hung_up: bool) {
        if hung_up && key == LAUNCHER && self.phase == Phase::Created {
            // Also when it has asked for the start: the next daemon may have
            // looked for this container already.
            let _ = self.cgroup().kill_all();
            return self.drop_client(key);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Some(client) = self.clients.get_mut(&key) {
            if client.input_ended {
                break;
            }
            match client.read(&mut buffer) {
                Ok(Some(bytes)) => {
                    if !self.take_from_client(key, bytes) {
                        self.drop_client(key);
                    }
                    if !hung_up {
                        break;
                    }
                }
                Ok(None) => {
                    if client.input_ended {
                        self.client_input_ended(key);
                    }
                    break;
                }
                Err(Gone) => {
                    self.client_input_ended(key);
                    self.drop_client(key);
                }
            }
        }
        self.buffer = buffer;
        if hung_up {
            self.drop_client(key);
        }
    }

    /// Input or requests, as the role is; false when they make no sense.
    fn take_from_client(&mut self, key: ClientKey, bytes: &[u8]) -> bool {
        let Some(client) = self.clients.get_mut(&key) else {
            return true;
        };
        match &mut client.role {
            Role::Messages { decoder, .. } => {
                decoder.push(bytes);
                self.take_requests(key)
            }
            Role::Streams { process, streams } => {
                if streams.stdin
                    && let Some(process) = self.processes.get_mut(process)
                {
                    process.input.push(&self.poll, bytes);
                }
                true
            }
        }
    }

    /// A client has half-closed its connection or is gone.
    pub(super) fn client_input_ended(&mut self, key: ClientKey) {
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        match client.role {
            // Who says nothing more may still want to hear.
            Role::Messages { watching, .. } => {
                if !watching {
                    client.finish();
                }
            }
            Role::Streams { process, streams } => {
                let tty = self
                    .processes
                    .get(&process)
                    .is_some_and(|process| process.console.is_some());
                let ends_input = process != INIT || self.spec.stdin.once;
                if streams.stdin
                    && ends_input
                    && !tty
                    && let Some(process) = self.processes.get_mut(&process)
                {
                    process.input.finish(&self.poll);
                }
            }
        }
    }

    /// The log forwarder has taken something, or has ended.
    pub(super) fn forward_log(&mut self) {
        self.log.forward(&self.poll);
        if !self.log.is_behind()
            && let Some(process) = self.processes.get_mut(&INIT)
        {
            process.throttle(&self.poll, false);
        }
    }

    /// Brings what is polled for in line with the present state.
    pub(super) fn refresh(&mut self, key: ClientKey) {
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        let process = client.process().and_then(|key| self.processes.get(&key));
        let input_full = process.is_some_and(|process| process.input.is_full());
        if client.update_interest(&self.poll, input_full).is_err() {
            return self.drop_client(key);
        }
        if let Some(process) = process.filter(|process| process.throttled && process.key != INIT) {
            let process = process.key;
            let behind = self
                .clients
                .values()
                .any(|client| client.process() == Some(process) && client.is_behind());
            if !behind && let Some(process) = self.processes.get_mut(&process) {
                process.throttle(&self.poll, false);
            }
        }
    }

    pub(super) fn refresh_streams_of(&mut self, process: ProcessKey) {
        for key in self.streams_of(process) {
            self.refresh(key);
        }
    }

    pub(super) fn streams_of(&self, process: ProcessKey) -> Vec<ClientKey> {
        self.clients
            .iter()
            .filter_map(|(key, client)| (client.process() == Some(process)).then_some(*key))
            .collect()
    }

    pub(super) fn drop_client(&mut self, key: ClientKey) {
        if let Some(client) = self.clients.remove(&key) {
            let process = client.process();
            Client::close(client, &self.poll);
            // What waited for this client need not wait any more.
            if let Some(process) = process
                && let Some(process) = self.processes.get_mut(&process)
                && process.throttled
                && process.key != INIT
            {
                let key = process.key;
                if !self
                    .clients
                    .values()
                    .any(|client| client.process() == Some(key) && client.is_behind())
                {
                    process.throttle(&self.poll, false);
                }
            }
        }
    }
}
