//! The Docker Engine API: its types, one trait per group of operations, and a
//! server for whatever implements them.

pub mod body;
pub mod context;
pub mod decode;
pub mod error;
pub mod filters;
pub mod frames;
mod generated;
pub mod query;
pub mod registry_auth;
pub mod route;
pub mod scalar;
#[cfg(feature = "server")]
pub mod server;
pub mod version;

pub use generated::*;
