// Written by `cargo xtask gen`. Do not edit.

//! Every type of the API, in the union of all versions.
//!
//! A field that is no `Option` is always sent. `None` is `null` or left
//! out, whichever the field's key says; so are zero values where Go's
//! `omitempty` drops them.

mod config;
mod container;
mod distribution;
mod exec;
mod image;
mod network;
mod node;
mod plugin;
mod secret;
mod service;
mod shared;
mod swarm;
mod system;
mod task;
mod volume;
pub use config::*;
pub use container::*;
pub use distribution::*;
pub use exec::*;
pub use image::*;
pub use network::*;
pub use node::*;
pub use plugin::*;
pub use secret::*;
use serde::{Deserialize, Serialize};
pub use service::*;
pub use shared::*;
pub use swarm::*;
pub use system::*;
pub use task::*;
pub use volume::*;

/// An object without fields, whose being there says enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// Whether Go's `omitempty` would leave a field out.
fn nothing<T: Default + PartialEq>(value: &Option<T>) -> bool {
    value.as_ref().is_none_or(|value| *value == T::default())
}
