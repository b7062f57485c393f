//! Tests of the crate from outside: real connections, raw bytes.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected ends")]

mod cli;
mod client;
mod connections;
mod engine;
mod fuzz;
mod hijack;
mod wire;
