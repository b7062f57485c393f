//! The bridge on the real kernel. Each test is a host of its own: a network
//! namespace with a bridge, and containers in further namespaces.

mod guard;
mod life;
mod published;
mod several;
mod v6;

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};

use super::*;
use crate::netns;

const PATIENCE: Duration = Duration::from_secs(20);
/// How long a connection is waited for that shall not come about.
const REFUSAL: Duration = Duration::from_millis(500);

/// Runs a test on a thread in a network namespace of its own.
pub(crate) fn on_a_host(test: impl FnOnce() + Send) {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: needs root");
        return;
    }
    std::thread::scope(|scope| {
        let host = scope.spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            Links::open().unwrap().set_up(1).unwrap();
            test();
        });
        if let Err(panic) = host.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Waits until something holds.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

/// A process that holds a network namespace, as a container's init does.
pub(crate) struct Container(Child);

impl Container {
    pub(crate) fn start() -> Self {
        let container = Self::without_loopback();
        container.inside(|| Links::open().unwrap().set_up(1).unwrap());
        container
    }

    fn without_loopback() -> Self {
        let child = std::thread::scope(|scope| {
            let spawn = scope.spawn(|| {
                unshare(CloneFlags::CLONE_NEWNET).unwrap();
                Command::new("sleep").arg("1000").spawn().unwrap()
            });
            spawn.join().unwrap()
        });
        Self(child)
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    fn namespace(&self) -> OwnedFd {
        netns::of_process(self.pid()).unwrap()
    }

    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        netns::inside(&self.namespace(), || Ok(work())).unwrap()
    }

    /// A server in the container: answers each connection with the peer's
    /// address.
    pub(crate) fn serve_tcp(&self, port: u16) {
        self.serve(SocketAddr::from(([0; 4], port)));
    }

    /// The same at this address.
    pub(crate) fn serve(&self, address: SocketAddr) {
        let listener = self.inside(|| TcpListener::bind(address).unwrap());
        std::thread::spawn(move || {
            while let Ok((mut stream, peer)) = listener.accept() {
                let _ = write!(stream, "{}", peer.ip());
            }
        });
    }

    /// A server in the container that answers datagrams with `answer`.
    fn serve_udp(&self, port: u16, answer: &'static [u8]) {
        let socket = self.inside(|| UdpSocket::bind(("0.0.0.0", port)).unwrap());
        std::thread::spawn(move || {
            while let Ok((_, peer)) = socket.recv_from(&mut [0; 64]) {
                let _ = socket.send_to(answer, peer);
            }
        });
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

pub(crate) fn ask(address: impl Into<SocketAddr>) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address.into(), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

pub(crate) fn reaches(address: impl Into<SocketAddr>) -> bool {
    TcpStream::connect_timeout(&address.into(), PATIENCE).is_ok()
}

/// Refused, or dropped without a word.
pub(crate) fn is_kept_from(address: impl Into<SocketAddr>) -> bool {
    TcpStream::connect_timeout(&address.into(), REFUSAL).is_err()
}

fn publish(port: u16, protocol: Protocol) -> Request {
    Request {
        port,
        protocol,
        host_ips: vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)],
        host_ports: None,
    }
}

/// The same port on the host again.
fn exactly(binding: Binding) -> Request {
    Request {
        host_ports: Some(binding.host_port..=binding.host_port),
        ..publish(binding.port, binding.protocol)
    }
}

fn localhost(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
