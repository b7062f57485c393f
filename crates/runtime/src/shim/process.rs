//! A process that the shim watches over, and its standard streams.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Instant;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use rustix::termios::{Winsize, tcsetwinsize};

use super::poll::{Interest, Poll, ProcessKey, Token};
use crate::channel::UnixNanos;
use crate::container::Stdio;
use crate::log::Stream;
use crate::spec::ConsoleSize;

/// Bytes of input that may wait before clients are no longer read from.
const INPUT: usize = 64 << 10;

/// Bytes that a pipe holds when it is made.
const PIPE: usize = 64 << 10;

/// The init of the container, or an exec.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) key: ProcessKey,
    /// Id of the exec; `None` for the init.
    pub(super) exec: Option<String>,
    /// Process id as the host sees it.
    pub(super) pid: i32,
    pub(super) pidfd: OwnedFd,
    /// When its program began; of the init its shim knows better.
    pub(super) started_at: UnixNanos,
    /// Standard output and error; with a terminal only the first. `None` once
    /// they have ended.
    pub(super) outputs: [Option<OwnedFd>; 2],
    pub(super) input: Input,
    /// Which outputs have filled their pipe once.
    chatty: [bool; 2],
    /// The master side of the terminal.
    pub(super) console: Option<OwnedFd>,
    pub(super) end: Option<End>,
    /// Outputs are left alone until clients have caught up.
    pub(super) throttled: bool,
    /// Until when an ended process's outputs are still read, should somebody
    /// else hold them open.
    pub(super) read_until: Option<Instant>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Exit code, 128 + signal for a killed process.
    pub(super) code: i32,
    /// The signal that killed it.
    pub(super) signal: Option<i32>,
}

/// The shim's ends of a process's streams.
#[derive(Debug, Default)]
pub(super) struct Ends {
    stdin: Option<OwnedFd>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
}

/// Which streams a process has; `/dev/null` stands in for the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
}

impl Ends {
    /// Makes the streams of a process: its ends and ours. A terminal is made
    /// later, by the process itself.
    pub(super) fn make(tty: bool, open: Open) -> io::Result<(Stdio, Self)> {
        if tty {
            return Ok((Stdio::Pty, Self::default()));
        }
        let mut ours = Self::default();
        let stdin = if open.stdin {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
            ours.stdin = Some(nonblocking(write)?);
            read
        } else {
            null()?
        };
        let output = |wanted: bool| -> io::Result<(OwnedFd, Option<OwnedFd>)> {
            if !wanted {
                return Ok((null()?, None));
            }
            let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
            Ok((write, Some(nonblocking(read)?)))
        };
        let stdout;
        let stderr;
        (stdout, ours.stdout) = output(open.stdout)?;
        (stderr, ours.stderr) = output(open.stderr)?;
        let theirs = Stdio::Pipes {
            stdin,
            stdout,
            stderr,
        };
        Ok((theirs, ours))
    }

    /// Takes the terminal that the process made.
    pub(super) fn with_console(mut self, console: &OwnedFd, open: Open) -> io::Result<Self> {
        let console = nonblocking(console.try_clone()?)?;
        if open.stdin {
            self.stdin = Some(console.try_clone()?);
        }
        self.stdout = Some(console);
        Ok(self)
    }
}

impl Process {
    /// Begins to watch a process.
    pub(super) fn watch(
        poll: &Poll,
        key: ProcessKey,
        exec: Option<String>,
        (pid, pidfd, console): (i32, OwnedFd, Option<OwnedFd>),
        ends: Ends,
    ) -> io::Result<Self> {
        let process = Self {
            key,
            exec,
            pid,
            pidfd,
            started_at: 0,
            outputs: [ends.stdout, ends.stderr],
            chatty: [false; 2],
            input: Input {
                key,
                fd: ends.stdin,
                queue: VecDeque::new(),
                ended: false,
                polled: false,
            },
            console,
            end: None,
            throttled: false,
            read_until: None,
        };
        poll.add(&process.pidfd, Token::Ended(key), Interest::READ)?;
        process.poll_outputs(poll)?;
        Ok(process)
    }

    /// Collects the exit status; `None` when the process has not ended.
    pub(super) fn reap(&self) -> io::Result<Option<End>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let Some(status) = waitid(WaitId::PidFd(self.pidfd.as_fd()), options)? else {
            return Ok(None);
        };
        let signal = status.terminating_signal();
        let code = match signal {
            Some(signal) => 128 + signal,
            None => status.exit_status().unwrap_or(255),
        };
        Ok(Some(End { code, signal }))
    }

    /// Whether the process has ended and all its output was read.
    pub(super) fn is_finished(&self) -> bool {
        self.end.is_some() && self.outputs.iter().all(Option::is_none)
    }

    /// Reads output. `Ok(0)` is the end of the stream.
    pub(super) fn read(&mut self, stream: Stream, buffer: &mut [u8]) -> Result<usize, Errno> {
        let Some(output) = &self.outputs[stream as usize] else {
            return Ok(0);
        };
        loop {
            match rustix::io::read(output, &mut *buffer) {
                Err(Errno::INTR) => {}
                // The terminal's last user has gone.
                Err(Errno::IO) => return Ok(0),
                Ok(count) if count >= PIPE && !self.chatty[stream as usize] => {
                    // Who fills a pipe gets a larger one, to wait less often. That
                    // is as good as before where it cannot be had.
                    self.chatty[stream as usize] = true;
                    let _ = fcntl_setpipe_size(output, buffer.len());
                    return Ok(count);
                }
                other => return other,
            }
        }
    }

    pub(super) fn close_output(&mut self, poll: &Poll, stream: Stream) {
        if let Some(output) = self.outputs[stream as usize].take() {
            poll.remove(&output);
        }
    }

    /// Leaves the outputs alone, or takes them up again.
    pub(super) fn throttle(&mut self, poll: &Poll, throttled: bool) {
        if self.throttled == throttled {
            return;
        }
        self.throttled = throttled;
        if throttled {
            for output in self.outputs.iter().flatten() {
                poll.remove(output);
            }
        } else if self.poll_outputs(poll).is_err() {
            // Without events nobody would read them again.
            self.outputs = [None, None];
        }
    }

    pub(super) fn resize(&self, size: ConsoleSize) -> Option<io::Result<()>> {
        let console = self.console.as_ref()?;
        let size = Winsize {
            ws_row: size.rows,
            ws_col: size.cols,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        Some(tcsetwinsize(console, size).map_err(io::Error::from))
    }

    fn poll_outputs(&self, poll: &Poll) -> io::Result<()> {
        for (output, stream) in self.outputs.iter().zip([Stream::Stdout, Stream::Stderr]) {
            if let Some(output) = output {
                poll.add(output, Token::Output(self.key, stream), Interest::READ)?;
            }
        }
        Ok(())
    }
}

/// Input on its way to a process, from however many clients.
#[derive(Debug)]
pub(super) struct Input {
    key: ProcessKey,
    fd: Option<OwnedFd>,
    queue: VecDeque<u8>,
    ended: bool,
    polled: bool,
}

impl Input {
    /// Whether bytes are still taken.
    pub(super) fn is_open(&self) -> bool {
        self.fd.is_some() && !self.ended
    }

    /// Whether clients should wait.
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() >= INPUT
    }

    /// Adds bytes of a client; they are lost when the process takes no more.
    pub(super) fn push(&mut self, poll: &Poll, bytes: &[u8]) {
        if self.is_open() {
            self.queue.extend(bytes);
            self.flush(poll);
        }
    }

    /// No more will come: the process sees the end of its input after what was
    /// pushed before.
    pub(super) fn finish(&mut self, poll: &Poll) {
        self.ended = true;
        self.flush(poll);
    }

    /// Closes at once, whatever is left.
    pub(super) fn close(&mut self, poll: &Poll) {
        if let Some(fd) = self.fd.take() {
            poll.remove(fd);
        }
        self.queue = VecDeque::new();
    }

    /// Writes what the process takes now.
    pub(super) fn flush(&mut self, poll: &Poll) {
        while let Some(fd) = &self.fd
            && !self.queue.is_empty()
        {
            match rustix::io::write(fd, self.queue.as_slices().0) {
                Ok(count) => drop(self.queue.drain(..count)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                // Nobody reads any more.
                Err(_) => return self.close(poll),
            }
        }
        if self.queue.is_empty() && self.ended {
            return self.close(poll);
        }
        // A pipe whose reader is gone reports that without end, so it is polled
        // only while there is something to write.
        let Some(fd) = &self.fd else { return };
        if self.queue.is_empty() == self.polled {
            self.polled = !self.polled;
            if !self.polled {
                poll.remove(fd);
            } else if poll
                .add(fd, Token::Input(self.key), Interest::WRITE)
                .is_err()
            {
                self.close(poll);
            }
        }
    }
}

fn nonblocking(fd: OwnedFd) -> io::Result<OwnedFd> {
    let flags = rustix::fs::fcntl_getfl(&fd)?;
    rustix::fs::fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?;
    Ok(fd)
}

fn null() -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    Ok(rustix::fs::open("/dev/null", flags, Mode::empty())?)
}
