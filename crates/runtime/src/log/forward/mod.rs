//! Log servers: lines leave the machine, or go to its own journal.
//!
//! ```text
//! shim ── records over a socket ──▶ forwarder ── syslog, gelf, … ──▶ server
//! ```
//!
//! The forwarder is a process of its own, forked by the shim and gone with it: it
//! may wait for its server as long as it likes, while the shim, which never does,
//! keeps what it has not taken (see `shim/forwarder.rs`).

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Stream;
use crate::channel::{self, UnixNanos};

mod fluentd;
mod gelf;
mod journald;
mod msgpack;
pub(crate) mod record;
mod socket;
mod syslog;

use record::Record;

/// A log server and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LogServer {
    /// RFC 3164 and 5424.
    Syslog(Syslog),
    /// The native protocol of systemd's journal.
    Journald(Journald),
    /// Graylog's format.
    Gelf(Gelf),
    /// Fluentd's forward protocol.
    Fluentd(Fluentd),
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Address {
    /// A stream socket of this machine.
    Unix(PathBuf),
    /// A datagram socket of this machine.
    Unixgram(PathBuf),
    /// `host:port`.
    Tcp(String),
    /// `host:port`.
    Udp(String),
    /// The sockets where a machine's own syslog usually listens.
    LocalSyslog,
}

/// A syslog server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Syslog {
    /// Where.
    pub address: Address,
    /// 0 to 23.
    pub facility: u8,
    /// How lines look.
    pub format: SyslogFormat,
    /// What the lines are called.
    pub tag: String,
    /// Name of this machine.
    pub hostname: String,
}

/// Forms of a syslog line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyslogFormat {
    /// RFC 3164 without the name of the machine.
    Local,
    /// RFC 3164.
    Rfc3164,
    /// RFC 5424.
    Rfc5424,
    /// RFC 5424 with microseconds.
    Rfc5424Micro,
}

/// The journal of systemd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journald {
    /// Its socket.
    pub socket: PathBuf,
    /// Fields of every entry.
    pub fields: BTreeMap<String, String>,
}

/// A server that takes GELF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gelf {
    /// TCP or UDP.
    pub address: Address,
    /// Of datagrams.
    pub compression: GelfCompression,
    /// How often a lost TCP connection is made again for one line.
    pub max_reconnect: u32,
    /// Seconds between two attempts.
    pub reconnect_delay: u64,
    /// Name of this machine.
    pub hostname: String,
    /// Fields of every message, named `_…`.
    pub fields: BTreeMap<String, String>,
}

/// How datagrams are compressed, with the level from 0 to 9 where it was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GelfCompression {
    /// RFC 1952.
    Gzip(Option<u32>),
    /// RFC 1950.
    Zlib(Option<u32>),
    /// Not at all.
    None,
}

/// A fluentd server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fluentd {
    /// TCP or a Unix socket.
    pub address: Address,
    /// Tag of the events.
    pub tag: String,
    /// Fields of every event.
    pub fields: BTreeMap<String, String>,
    /// Whether the container starts without the server.
    pub lazy: bool,
    /// Send times with nanoseconds.
    pub sub_second: bool,
    /// Wait for the server's acknowledgement of each event.
    pub ack: bool,
    /// Milliseconds before the second attempt to connect; later ones wait longer.
    pub retry_wait: u64,
    /// Attempts for one event.
    pub max_retries: u32,
}

/// Something that takes records. It may block.
trait Server {
    /// Sends a record, or gives it up.
    fn send(&mut self, record: &Record<'_>);
}

/// The forwarder's whole life: connects, says how that went, and passes on what
/// comes until the shim closes its end.
pub(crate) fn run(server: &LogServer, shim: &UnixStream) {
    let connected = connect(server);
    let told = connected.as_ref().map(|_| ()).map_err(String::clone);
    if channel::send(shim, &told).is_err() {
        return;
    }
    if let Ok(mut server) = connected {
        // The shim's end is the usual way to end.
        let _ = pass_on(shim, &mut *server);
    }
}

fn connect(server: &LogServer) -> Result<Box<dyn Server>, String> {
    Ok(match server {
        LogServer::Syslog(syslog) => Box::new(syslog::Sender::connect(syslog)?),
        LogServer::Journald(journald) => Box::new(journald::Sender::connect(journald)?),
        LogServer::Gelf(gelf) => Box::new(gelf::Sender::connect(gelf)?),
        LogServer::Fluentd(fluentd) => Box::new(fluentd::Sender::connect(fluentd)?),
    })
}

fn pass_on(shim: &UnixStream, server: &mut dyn Server) -> io::Result<()> {
    let mut records = BufReader::with_capacity(64 << 10, shim);
    let mut text = Vec::new();
    loop {
        let mut head = [0; record::HEAD];
        records.read_exact(&mut head)?;
        let head = record::Head::decode(head)?;
        text.resize(head.length, 0);
        records.read_exact(&mut text)?;
        server.send(&head.with_text(&text));
    }
}
