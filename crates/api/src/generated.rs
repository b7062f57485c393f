//! What the generator made of `spec/`. Written by `cargo xtask gen`, like
//! every file below; do not edit.

mod masks;

#[cfg(all(test, feature = "server"))]
pub(crate) mod recorder;
pub mod routes;

pub mod config;
pub mod container;
pub mod distribution;
pub mod exec;
pub mod image;
pub mod network;
pub mod node;
pub mod plugin;
pub mod secret;
#[cfg(feature = "server")]
mod serve;
pub mod service;
pub mod session;
pub mod swarm;
pub mod system;
pub mod task;
pub mod types;
pub mod volume;
