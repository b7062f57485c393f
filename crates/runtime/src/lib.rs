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
pub mod channel;
pub mod error;
pub mod log;
pub mod spec;
pub mod time;
