//! plan
pub mod capability;
pub mod mounts;
pub mod ports;
pub mod security;
pub mod signal;
