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
mod init;
pub mod log;
pub mod masks;
mod mounts;
mod namespaces;
mod path;
mod process;
mod reaper;
mod rlimits;
mod rootfs;
pub mod seccomp;
pub mod spec;
mod sync;
mod sys;
pub mod time;
mod user;
