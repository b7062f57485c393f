//! Follows a log while its container lives.
//!
//! The wake-up is an inotify watch on the log's directory, begun before the first
//! read, so that no line can fall between reading and waiting. It needs no shim
//! and no message: a follower goes on when the daemon was restarted meanwhile.
//! When the system has no inotify instance left, a timer wakes the follower ten
//! times a second instead.
//!
//! ```text
//! next() ─▶ Entry    look at entry(), call next() again
//!           Pending  wait until the descriptor is readable, call next() again
//!           End      the log is complete and all of it was read
//! ```

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use super::line::Entry;
use super::reader::{Query, Reader};

/// A reader with a descriptor that tells when there may be more.
#[derive(Debug)]
pub struct Follower {
    reader: Reader,
    wake: OwnedFd,
    finished: bool,
}

/// What [`Follower::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A line, which [`Follower::entry`] is now.
    Entry,
    /// Nothing now.
    Pending,
    /// Nothing ever.
    End,
}

impl Follower {
    /// Follows the log called `name` in `dir`, which must exist.
    pub fn open(dir: &Path, name: &str, query: Query) -> io::Result<Self> {
        let wake = match watch(dir) {
            Err(Errno::MFILE | Errno::NOSPC) => ticker()?,
            other => other?,
        };
        Ok(Self {
            reader: Reader::open(dir, name, query)?,
            wake,
            finished: false,
        })
    }

    /// Says that nothing more will be written: the container's end was announced.
    /// What is there is still read.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next line. Never blocks.
    #[expect(
        clippy::should_implement_trait,
        reason = "it says more than an iterator can"
    )]
    pub fn next(&mut self) -> io::Result<Next> {
        loop {
            if self.reader.advance()? {
                return Ok(Next::Entry);
            }
            if self.reader.past_until() {
                return Ok(Next::End);
            }
            // Taking the wake-up before looking again makes sure that whatever
            // is written after the look causes a new one.
            if self.take_wake_up()? {
                continue;
            }
            return Ok(if self.finished {
                Next::End
            } else {
                Next::Pending
            });
        }
    }

    /// The line that [`Self::next`] found.
    pub fn entry(&self) -> &Entry {
        self.reader.entry()
    }

    fn take_wake_up(&self) -> io::Result<bool> {
        let mut events = [0; 4096];
        let mut woken = false;
        loop {
            match rustix::io::read(&self.wake, &mut events) {
                Ok(_) => woken = true,
                Err(Errno::AGAIN) => return Ok(woken),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Follower {
    /// Readable when [`Follower::next`] is worth calling after `Pending`. Suits
    /// edge-triggered polling, since `Pending` means it has been emptied.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

fn watch(dir: &Path) -> Result<OwnedFd, Errno> {
    let wake = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    let changes = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::ONLYDIR;
    inotify::add_watch(&wake, dir, changes)?;
    Ok(wake)
}

fn ticker() -> Result<OwnedFd, Errno> {
    let tenth = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    let wake = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    let every = Itimerspec {
        it_interval: tenth,
        it_value: tenth,
    };
    timerfd_settime(&wake, TimerfdTimerFlags::empty(), &every)?;
    Ok(wake)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Stream;
    use crate::log::writer::LogWriter;
    use crate::spec::LogFile;
    use rustix::event::{PollFd, PollFlags, poll};
    use std::collections::BTreeMap;

    /// A follower in a thread of its own misses and repeats nothing while the log
    /// is rotated under it.
    #[test]
    fn every_line_exactly_once_over_rotations() {
        const LINES: usize = 20_000;
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = LogWriter::open(&LogFile {
            dir: dir.path().to_path_buf(),
            name: "c-json.log".into(),
            max_size: Some(10_000),
            max_file: u32::MAX,
            compress: false,
            attrs: BTreeMap::new(),
        })
        .expect("open log");
        let mut follower =
            Follower::open(dir.path(), "c-json.log", Query::default()).expect("open");
        let reading = std::thread::spawn(move || {
            let mut expected = 0;
            while expected < LINES {
                match follower.next().expect("read") {
                    Next::Entry => {
                        let text = &follower.entry().text;
                        assert_eq!(*text, format!("{expected}\n").as_bytes());
                        expected += 1;
                    }
                    Next::Pending => {
                        let mut wake = [PollFd::new(&follower, PollFlags::IN)];
                        let second = Timespec {
                            tv_sec: 10,
                            tv_nsec: 0,
                        };
                        let ready = poll(&mut wake, Some(&second)).expect("poll");
                        assert_eq!(ready, 1, "no wake-up after line {expected}");
                    }
                    Next::End => panic!("ended after line {expected}"),
                }
            }
            assert_eq!(follower.next().expect("read"), Next::Pending);
            follower.finish();
            assert_eq!(follower.next().expect("read"), Next::End);
        });
        for number in 0..LINES {
            log.write(Stream::Stdout, format!("{number}\n").as_bytes(), 1);
            log.flush();
        }
        reading.join().expect("the follower saw every line");
    }

    #[test]
    fn the_timer_wakes_too() {
        let wake = ticker().expect("timer");
        let mut waiting = [PollFd::new(&wake, PollFlags::IN)];
        let limit = Timespec {
            tv_sec: 10,
            tv_nsec: 0,
        };
        assert_eq!(poll(&mut waiting, Some(&limit)).expect("poll"), 1);
    }
}
