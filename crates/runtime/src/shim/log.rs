//! The log of the first process: lines to the disk, and to a log server.

use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::time::Instant;

use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::forwarder::Forwarder;
use super::poll::{Interest, Poll, Token};
use crate::channel::{Failure, FailureKind};
use crate::log::reader::Position;
use crate::log::split::Splitter;
use crate::log::writer::LogWriter;
use crate::log::{Stream, compress};
use crate::spec::LogSpec;
use crate::sys::clone::{Child, Side, clone3};
use crate::sys::fd::close_from;
use crate::sys::pidfd;
use crate::time;

/// Where output goes besides the clients.
#[derive(Debug)]
pub(super) struct Log {
    file: Option<LogWriter>,
    forwarder: Option<Forwarder>,
    lines: [Splitter; 2],
    compressor: Option<Child>,
}

impl Log {
    /// Opens the log and connects to its server. The calling process must be
    /// single-threaded.
    pub(super) fn open(spec: &LogSpec) -> Result<Self, Failure> {
        let refused = |text: String| {
            let text = format!("failed to initialize logging driver: {text}");
            Failure::new(FailureKind::Other, text)
        };
        let file = match &spec.file {
            Some(file) => Some(
                LogWriter::open(file)
                    .map_err(|error| refused(format!("{}: {error}", file.dir.display())))?,
            ),
            None => None,
        };
        let forwarder = match &spec.forward {
            Some(forward) => Some(Forwarder::launch(forward).map_err(refused)?),
            None => None,
        };
        Ok(Self {
            file,
            forwarder,
            lines: Default::default(),
            compressor: None,
        })
    }

    /// Takes output as it was read now.
    pub(super) fn write(&mut self, poll: &Poll, stream: Stream, bytes: &[u8]) {
        if self.file.is_none() && self.forwarder.is_none() {
            return;
        }
        let now = time::now();
        let (file, forwarder) = (&mut self.file, &mut self.forwarder);
        self.lines[stream as usize].push(bytes, |piece| {
            if let Some(file) = file {
                file.write(stream, piece.text, now);
            }
            if let Some(forwarder) = forwarder {
                forwarder.push(stream, piece, now);
            }
        });
        self.flush(poll);
    }

    /// Takes the last line of a stream that ended without a line feed.
    pub(super) fn end(&mut self, poll: &Poll, stream: Stream) {
        let now = time::now();
        let (file, forwarder) = (&mut self.file, &mut self.forwarder);
        self.lines[stream as usize].end(|piece| {
            if let Some(file) = file {
                file.write(stream, piece.text, now);
            }
            if let Some(forwarder) = forwarder {
                forwarder.push(stream, piece, now);
            }
        });
        self.flush(poll);
    }

    /// Gives back the memory that a flood of output took.
    pub(super) fn rest(&mut self) {
        if let Some(file) = &mut self.file {
            file.rest();
        }
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self, poll: &Poll) {
        if let Some(forwarder) = &mut self.forwarder {
            forwarder.finish(poll);
        }
    }

    /// The end of the log on disk.
    pub(super) fn end_of_file(&self) -> Option<Position> {
        self.file.as_ref().map(LogWriter::end)
    }

    /// What was read of a line that is not in the log yet.
    pub(super) fn unfinished(&self, stream: Stream) -> &[u8] {
        self.lines[stream as usize].unfinished()
    }

    /// Whether the container should wait for the log server.
    pub(super) fn is_behind(&self) -> bool {
        self.forwarder.as_ref().is_some_and(Forwarder::is_behind)
    }

    /// The forwarder can take more, or has ended.
    pub(super) fn forward(&mut self, poll: &Poll) {
        if let Some(forwarder) = &mut self.forwarder {
            forwarder.flush(poll);
            if forwarder.is_gone()
                && let Some(forwarder) = self.forwarder.take()
            {
                forwarder.close(poll);
            }
        }
    }

    /// When to call [`Self::forward`] should nothing happen.
    pub(super) fn patience_ends(&self) -> Option<Instant> {
        self.forwarder.as_ref().and_then(Forwarder::gives_up)
    }

    /// Whether the server has been told everything, or never will be.
    pub(super) fn is_done(&self) -> bool {
        self.forwarder.is_none()
    }

    /// The process that compresses has ended.
    pub(super) fn compressed(&mut self, poll: &Poll) {
        if let Some(child) = self.compressor.take() {
            poll.remove(&child.pidfd);
            reap(&child);
        }
        self.compress(poll);
    }

    /// Bytes of log lines that the disk did not take.
    pub(super) fn lost(&self) -> u64 {
        self.file.as_ref().map_or(0, LogWriter::lost)
    }

    fn flush(&mut self, poll: &Poll) {
        if let Some(file) = &mut self.file {
            file.flush();
        }
        if let Some(forwarder) = &mut self.forwarder {
            forwarder.flush(poll);
        }
        self.compress(poll);
    }

    /// Compresses complete segments, if there are any and nobody does it yet.
    fn compress(&mut self, poll: &Poll) {
        if self.compressor.is_some() {
            return;
        }
        let complete = self.file.as_mut().map(LogWriter::take_complete);
        let Some(complete) = complete.filter(|complete| !complete.is_empty()) else {
            return;
        };
        // What is not compressed now will be after the next rotation.
        if let Ok(child) = fork(&complete) {
            let _ = poll.add(&child.pidfd, Token::Compressor, Interest::READ);
            self.compressor = Some(child);
        }
    }
}

impl Drop for Log {
    /// A segment that is not compressed yet is as good; the next shim goes on.
    fn drop(&mut self) {
        if let Some(child) = &self.compressor {
            let _ = pidfd::send_signal(&child.pidfd, nix::libc::SIGKILL);
            reap(child);
        }
    }
}

fn fork(segments: &[PathBuf]) -> std::io::Result<Child> {
    match clone3(0, None)? {
        Side::Parent(child) => Ok(child),
        Side::Child => {
            let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
            let done = close_from(3).is_ok()
                && segments
                    .iter()
                    .all(|segment| compress::compress(segment).is_ok());
            std::process::exit(i32::from(!done));
        }
    }
}

fn reap(child: &Child) {
    let _ = waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED);
}
