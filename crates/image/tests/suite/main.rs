//! The store from outside: what goes in, what comes out, and what must not.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

mod archives;
mod container;
mod crash;
mod dockerd;
mod documents;
mod downloads;
mod full_disk;
mod hostile;
mod images;
mod layers;
mod recovery;
mod skopeo;
mod support;
mod upper;
