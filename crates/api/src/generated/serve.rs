// Written by `cargo xtask gen`. Do not edit.

//! The glue between requests and traits.

mod container;
mod system;
