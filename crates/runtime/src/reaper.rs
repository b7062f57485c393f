//! A small PID 1 (`docker run --init`): stays behind while its child becomes
//! the program, hands signals on, and buries orphans. It has no more privileges
//! than the program: who is allowed to trace it gets nothing by that.

use std::io;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::error::{CreateError, Step};
use crate::process::Prepared;
use crate::sync::Line;
use crate::sys::clone::{Side, clone3};
use crate::sys::seccomp::Instruction;

/// Forks; the child becomes the program, as [`Prepared::run`] says, and its
/// error is returned there. The parent never returns.
pub(crate) fn run(
    program: Prepared<'_>,
    filter: Option<&[Instruction]>,
    gate: Option<&Line>,
) -> CreateError {
    // Blocked before the child exists, so that no signal is lost between.
    let all = SigSet::all();
    if let Err(error) = all.thread_block().step(|| "block signals") {
        return error;
    }
    let child = match clone3(0, None).step(|| "fork init's child") {
        Err(error) => return error,
        Ok(Side::Child) => return program.run(filter, gate),
        Ok(Side::Parent(child)) => Pid::from_raw(child.pid),
    };
    // The line to the shim is closed here, too: it must end with the child's.
    if program.stay(filter).is_err() {
        std::process::exit(1);
    }
    std::process::exit(reap(child, &all).unwrap_or(1))
}

/// Waits for `child`, doing the duties of PID 1; answers its exit code.
fn reap(child: Pid, signals: &SigSet) -> io::Result<i32> {
    loop {
        match signals.wait()? {
            Signal::SIGCHLD => {
                if let Some(code) = bury(child)? {
                    return Ok(code);
                }
            }
            // The terminal stops whole process groups, this one is not to.
            Signal::SIGTTIN | Signal::SIGTTOU | Signal::SIGTSTP => {}
            signal => match kill(child, signal) {
                // A program that has become somebody else is not to be reached.
                Ok(()) | Err(Errno::ESRCH | Errno::EPERM) => {}
                Err(error) => return Err(error.into()),
            },
        }
    }
}

/// Buries all dead children; answers the exit code when `child` is one.
fn bury(child: Pid) -> io::Result<Option<i32>> {
    let mut code = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) if pid == child => code = Some(status),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => {
                code = Some(128 + signal as i32);
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(code),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
