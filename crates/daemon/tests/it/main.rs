//! The daemon from outside: a real longshored, real containers, the docker
//! CLI. Every test has a daemon of its own, with its own root, socket and
//! bridge, and leaves nothing behind.

#![expect(
    clippy::unwrap_used,
    reason = "a step of a test that fails is the test's failure"
)]

mod archives;
mod attach;
mod attacks;
mod build;
mod census;
mod cli;
mod commands;
mod commit;
mod compose;
mod copy;
mod devices;
mod dockerd;
mod embedded;
mod events;
mod exec;
mod filesystems;
mod harness;
mod health;
mod host;
mod imports;
mod interop;
mod leavers;
mod lies;
mod lifecycle;
mod links;
mod list;
mod logdrivers;
mod login;
mod mounts;
mod namespaces;
mod networks;
mod networks_killed;
mod networks_lan;
mod networks_live;
mod networks_robust;
mod networks_v6;
mod ports;
mod pull;
mod push;
mod race;
mod registries;
mod resources;
mod secrets;
mod security;
mod sockets;
mod stats;
mod storm;
mod survive;
mod system;
mod update;
mod usage;
mod userns;
mod volume_races;
mod volumes;
