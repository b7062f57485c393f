//! Where a container asks for names: 127.0.0.11, port 53, in its own network
//! namespace.
//!
//! The sockets have ports of their own choice, so that a name server of the
//! container's can have port 53 on all addresses; a small table in the
//! container's namespace leads there. Sockets that are opened in a namespace
//! work from any thread, so whoever answers need not enter it again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use ipnet::Ipv4Net;

use crate::error::{Result, Step};
use crate::family::Family;
use crate::netns;
use crate::nft::expression::{Expression, Side};
use crate::nft::{Chain, Hook, Table, Tables};
use crate::ports::Protocol;

/// Where containers ask.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);

/// The port of name servers.
const DOMAIN: u16 = 53;
/// Name of the table in a container's namespace; no bridge's table is called so,
/// should an engine run in the container.
const TABLE: &str = "longshore_names";
/// Before connection tracking's own translation, as for any destination.
const DSTNAT: i32 = -100;

/// The sockets that one container's questions come by.
#[derive(Debug)]
pub struct Sockets {
    /// Short questions.
    pub udp: UdpSocket,
    /// Those with long answers.
    pub tcp: TcpListener,
}

/// Opens the sockets in the namespace of a process, and leads port 53 there. A
/// second call takes the place of the first.
pub fn open(pid: i32) -> Result<Sockets> {
    let namespace = netns::of_process(pid).step(format!("open the namespace of {pid}"))?;
    netns::inside(&namespace, open_here).step(format!("answer for names in {pid}"))
}

fn open_here() -> io::Result<Sockets> {
    let udp = UdpSocket::bind((ADDRESS, 0))?;
    let tcp = TcpListener::bind((ADDRESS, 0))?;
    udp.set_nonblocking(true)?;
    tcp.set_nonblocking(true)?;
    let lead = |protocol, to: SocketAddr| {
        vec![
            Expression::Net(Side::Destination, Ipv4Net::from(ADDRESS).into()),
            Expression::Transport(protocol, DOMAIN),
            Expression::TranslateTo(ADDRESS, to.port()),
        ]
    };
    Tables::open()?.replace(&Table {
        family: Family::V4,
        name: TABLE.to_owned(),
        sets: Vec::new(),
        chains: vec![Chain {
            name: "names",
            kind: "nat",
            hook: Hook::Output,
            priority: DSTNAT,
            drops: false,
            rules: vec![
                lead(Protocol::Udp, udp.local_addr()?),
                lead(Protocol::Tcp, tcp.local_addr()?),
            ],
        }],
    })?;
    Ok(Sockets { udp, tcp })
}
