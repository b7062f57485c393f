//! System calls that neither `nix` nor `rustix` offers as safe functions.
//!
//! One file per kernel area. This is the only module of the workspace in which
//! `unsafe` is allowed; everything it exports is safe, returns `io::Result`
//! and hands out owned descriptors.
#![allow(unsafe_code)]

pub(crate) mod bpf;
pub(crate) mod clone;
pub(crate) mod fd;
pub(crate) mod keyring;
pub(crate) mod link;
pub(crate) mod memory;
pub(crate) mod mount;
pub(crate) mod pidfd;
pub(crate) mod seccomp;
pub(crate) mod signal;
pub(crate) mod zone;

use std::io;

use nix::libc;

/// Turns the raw result of a system call into a `Result`.
fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
