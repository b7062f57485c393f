//! The domain: containers, exec, images and events, and their state.

pub mod container;
pub mod error;
pub mod events;
pub mod id;
pub mod meta;
pub mod names;
pub mod net;
pub mod time;
pub mod wording;
