// Written by `cargo xtask gen`. Do not edit.

//! The glue between requests and traits, one file for each group.

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
mod session;
mod swarm;
mod system;
mod task;
mod volume;
