//! Runs processes in namespaces and cgroups.
//!
//! ```text
//! daemon ─ start ─▶ zygote                      forked before any thread exists
//!                     └─ fork ─▶ shim           one per container, survives the daemon
//!                                  └─ clone3 ─▶ container init ─▶ execve
//! ```
//!
//! [`spec`] is what a container is, [`channel`] what daemon and shim say to each
//! other, [`zygote`] how a shim comes to be, [`shim`] what it does, [`log`] where
//! the output goes, [`recover`] how a new daemon finds what an old one started.
//!
//! What is true after a process was killed at any moment:
//!
//! | killed | containers | what tells the daemon |
//! | --- | --- | --- |
//! | daemon | run on, logs and exit records are written | `shim.sock` or the exit record |
//! | zygote | run on; no new ones until the daemon is started again | `launch` fails |
//! | shim | die with it: parent death signal on init and execs | the connection ends without `Exited`, there is no record |
//! | init | ended; execs die with the pid namespace | `Exited`, after the record is on disk |
//!
//! The crate is synchronous, knows neither images nor Docker's API, and runs no
//! external program. `unsafe` is allowed in its module `sys` only.

pub mod apparmor;
pub mod caps;
pub mod cgroup;
pub mod channel;
pub mod container;
mod dev;
pub mod error;
pub mod exec;
pub mod floor;
pub mod fsids;
mod guest;
pub mod hostmount;
mod init;
pub mod log;
pub mod masks;
mod mounts;
mod namespaces;
mod path;
mod process;
mod reaper;
pub mod recover;
mod rlimits;
mod rootfs;
pub mod seccomp;
pub mod shim;
pub mod spec;
mod sync;
mod sys;
pub mod time;
mod user;
pub mod userns;
pub mod view;
pub mod zygote;

/// Prepares what every container needs: which cgroups there are, the built-in
/// system call filter. Processes forked afterwards inherit it.
///
/// Errors are not told here; each container that runs into them tells.
pub fn warm() {
    let _ = cgroup::layout::Layout::current();
    let _ = seccomp::warm();
}

/// Lets go of the program's pages of machine code that only its start needed. What
/// is run again comes back from the page cache.
pub fn forget_code() {
    // It is as well if they stay.
    let _ = sys::memory::forget_code();
}
