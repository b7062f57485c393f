//! The zygote: the small process from which every shim is forked.
//!
//! The daemon has threads and much memory, so it must not fork. It starts its own
//! binary once more instead, before anything else; that copy, the zygote, stays
//! single-threaded and small, and forks a shim whenever it is sent a socket.
//!
//! ```text
//! daemon ── launch(): one end of a new socket pair ──▶ zygote ── fork ──▶ shim
//!    └──────────── the specification, then requests and events ─────────────┘
//! ```
//!
//! A spare shim may wait for its specification before anybody wants it, which
//! keeps the fork off the path of a start.
//!
//! The zygote never reads from the sockets it hands on, so no shim and no slow
//! launch can hold it up. It holds the line to the daemon, a signalfd, and nothing
//! else; it runs as root in the daemon's namespaces and its own session. When the
//! daemon dies the line ends and so does the zygote; shims belong to PID 1 then
//! and go on. Any number of daemons have one zygote each and share nothing.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, OpenTreeFlags, open_tree};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, recvmsg, sendmsg, socketpair,
};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::channel;
use crate::path;
use crate::shim;
use crate::spec::ContainerSpec;
use crate::sys::clone::{Side, clone3};
use crate::sys::fd::close_from;
use crate::sys::mount::{MountAttr, set_attributes};
use crate::view::{self, View, ViewSpec};

/// Name under which the binary knows that it was started as the zygote, and
/// which `ps` shows.
const NAME: &str = "longshore-zygote";

/// What a socket is sent for: a shim, or a view of a container's files.
const SHIM: u8 = b's';
const VIEW: u8 = b'v';

/// The daemon's handle of its zygote.
#[derive(Debug)]
pub struct Zygote {
    line: OwnedFd,
    process: Child,
    /// The connection to a shim without a specification.
    spare: Mutex<Option<UnixStream>>,
}

impl Zygote {
    /// Starts the zygote. Must be the first thing that `main` does: in the
    /// process that becomes the zygote, and in the shims forked from it, this
    /// call never returns.
    pub fn fork() -> io::Result<Self> {
        if std::env::args_os().next().is_some_and(|name| name == NAME) {
            std::process::exit(match serve() {
                Ok(()) => 0,
                Err(_) => 1,
            });
        }
        let (ours, theirs) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        let program = read_only_program();
        let path = match &program {
            Ok(program) => path::of_descriptor(program),
            // Without the privilege to mount no container can be made either.
            Err(_) => "/proc/self/exe".into(),
        };
        let process = Command::new(path)
            .arg0(NAME)
            .env_clear()
            .current_dir("/")
            .stdin(theirs)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            line: ours,
            process,
            spare: Mutex::default(),
        })
    }

    /// Starts a shim for `spec` and returns the daemon's end of the connection to
    /// it, on which [`Event::Created`](crate::channel::Event::Created) or
    /// [`Event::Failed`](crate::channel::Event::Failed) comes next. May be called
    /// from any thread.
    ///
    /// An error of kind `BrokenPipe` means that the zygote is dead: no container
    /// can be started any more, while those that run go on.
    pub fn launch(&self, spec: &ContainerSpec) -> io::Result<UnixStream> {
        let socket = self.shim()?;
        channel::send(&socket, spec)?;
        Ok(socket)
    }

    /// A new shim, which does nothing until it has read its specification: the
    /// first message that it is to be sent.
    pub fn shim(&self) -> io::Result<UnixStream> {
        self.fork_for(SHIM)
    }

    /// The shim that [`Self::keep_spare`] made, if there is one: as a new one, but
    /// without waiting for the zygote.
    pub fn spare(&self) -> Option<UnixStream> {
        let spare = self.slot().take()?;
        // Nobody has spoken on it; its end is all that can be read.
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let alive = matches!(recv(&spare, &mut [0; 1], flags), Err(Errno::AGAIN));
        alive.then_some(spare)
    }

    /// Makes a shim for later, unless there is one. It ends with the daemon.
    pub fn keep_spare(&self) -> io::Result<()> {
        let mut slot = self.slot();
        if slot.is_none() {
            *slot = Some(self.shim()?);
        }
        Ok(())
    }

    fn slot(&self) -> MutexGuard<'_, Option<UnixStream>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the files of a container. Blocks for about a millisecond; may be
    /// called from any thread.
    pub fn view(&self, spec: &ViewSpec) -> io::Result<View> {
        view::ask(&self.fork_for(VIEW)?, spec)
    }

    /// Has a process forked and returns the line to it.
    fn fork_for(&self, what: u8) -> io::Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        let sockets = [theirs.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&sockets));
        sendmsg(
            &self.line,
            &[IoSlice::new(&[what])],
            &mut control,
            SendFlags::NOSIGNAL,
        )?;
        Ok(ours)
    }

    /// Process id of the zygote.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

/// The daemon's own binary on a read-only mount that nobody else sees.
///
/// Until its execve a container's process runs this program, and a container
/// may find it by `/proc/PID/exe`. It could not change the daemon's binary that
/// way even with every capability.
fn read_only_program() -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let program = open_tree(CWD, "/proc/self/exe", flags)?;
    let read_only = MountAttr::set(u64::from(MountAttrFlags::MOUNT_ATTR_RDONLY.bits()));
    set_attributes(&program, false, read_only)?;
    Ok(program)
}

/// The zygote's whole life.
fn serve() -> io::Result<()> {
    // Standard input is the line. The shims must find nothing else open, so what
    // the daemon itself may have inherited is closed here.
    close_from(3)?;
    let line = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    drop(null);

    // A session of its own keeps the terminal's signals away; blocking the others
    // leaves SIGKILL as the only one that ends a zygote or a shim.
    let _ = rustix::process::setsid();
    let _ = rustix::thread::set_name(c"longshore-zygote");
    SigSet::all().thread_block()?;
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    let ended = SignalFd::with_flags(&children, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;

    // What every container needs is worked out once and inherited by each shim.
    crate::warm();
    crate::forget_code();
    loop {
        let mut ready = [
            PollFd::new(&line, PollFlags::IN),
            PollFd::new(&ended, PollFlags::IN),
        ];
        match poll(&mut ready, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let (called, reap) = (ready[0].revents(), ready[1].revents());
        if !reap.is_empty() {
            while ended.read_signal()?.is_some() {}
            while let Ok(Some(_)) =
                waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
            {}
        }
        if !called.is_empty() {
            match next_socket(&line)? {
                Asked::Fork(what, socket) => match clone3(0, None) {
                    Ok(Side::Child) => {
                        drop(line);
                        drop(ended);
                        match what {
                            VIEW => view::run(socket.into()),
                            _ => shim::run(socket.into()),
                        }
                        return Ok(());
                    }
                    // On error the socket is closed, which the daemon sees.
                    Ok(Side::Parent(_)) | Err(_) => {}
                },
                Asked::Nothing => {}
                Asked::Quit => return Ok(()),
            }
        }
    }
}

enum Asked {
    /// What the process is for, and its socket.
    Fork(u8, OwnedFd),
    Nothing,
    Quit,
}

fn next_socket(line: &OwnedFd) -> io::Result<Asked> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        line,
        &mut [IoSliceMut::new(&mut byte)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT,
    );
    match received {
        Ok(message) if message.bytes == 0 => return Ok(Asked::Quit),
        Ok(_) => {}
        Err(Errno::AGAIN | Errno::INTR) => return Ok(Asked::Nothing),
        Err(Errno::CONNRESET) => return Ok(Asked::Quit),
        Err(error) => return Err(error.into()),
    }
    let socket = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        _ => None,
    });
    Ok(socket.map_or(Asked::Nothing, |socket| Asked::Fork(byte[0], socket)))
}
