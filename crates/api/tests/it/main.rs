//! Tests of the crate from outside: real connections, raw bytes.

mod client;
mod fuzz;
mod hijack;
mod wire;
