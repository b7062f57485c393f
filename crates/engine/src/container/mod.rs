//! Containers.

mod merged;
pub mod plan;
mod restart;
mod shim;
pub mod state;
mod top;
