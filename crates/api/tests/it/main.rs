//! Tests of the crate from outside: real connections, raw bytes.

//mod cli;
mod client;
mod fuzz;
mod hijack;
mod wire;
