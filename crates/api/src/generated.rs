//! What the generator wrote; see the first line of each file.

pub mod container;
pub mod routes;
#[cfg(feature = "server")]
mod serve;
pub mod system;
pub mod types;
