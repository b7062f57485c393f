//! Runs processes in namespaces and cgroups.
//!
//! ```text
//! daemon ─ start ─▶ zygote                      forked before any thread exists
//!                     └─ fork ─▶ shim           one per container, survives the daemon
//!                                  └─ clone3 ─▶ container init ─▶ execve
//! ```
//!
//! [`spec`] is what a container is, [`channel`] what daemon and shim say to each
//! other, [`zygote`] how a shim comes to be, [`shim`] what it does.

pub mod caps;
pub mod cgroup;
pub mod channel;
pub mod container;
mod dev;
pub mod error;
pub mod exec;
pub mod floor;
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

/// Prepares what every container needs: which cgroups there are, the built-in
/// system call filter. Processes forked afterwards inherit it.
///
/// Errors are not told here; each container that runs into them tells.
pub fn warm() {
    let _ = cgroup::layout::Layout::current();
    let _ = seccomp::warm();
}
pub mod zygote;
