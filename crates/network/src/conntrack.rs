//! Connections that the kernel remembers and that lead nowhere.
//!
//! Address translation is decided once per connection. One to a container that
//! has ended would be translated to an address that nobody has any more, or
//! somebody else; and a UDP client that sent before a port was published would
//! never reach the container, since each of its packets renews the connection.
//!
//! Looking through the kernel's table takes ten milliseconds and more, so it is
//! done on a thread of its own, once for all that has gathered meanwhile.

use std::io;
use std::net::IpAddr;
use std::sync::mpsc::{self, Receiver, Sender};

use crate::family::{Family, octets};
use crate::netlink::Socket;
use crate::netlink::message::{Message, attributes};

const NETLINK_NETFILTER: isize = 12;
const GET: u16 = (1 << 8) | 1;
const DELETE: u16 = (1 << 8) | 2;

const TUPLE_ORIGINAL: u16 = 1;
const TUPLE_REPLY: u16 = 2;
const STATUS: u16 = 3;
const ID: u16 = 12;
const ZONE: u16 = 18;
const TUPLE_IP: u16 = 1;
const TUPLE_PROTOCOL: u16 = 2;
const IP_SOURCE: [u16; 2] = [1, 3];
const PROTOCOL_NUMBER: u16 = 1;
const PROTOCOL_DESTINATION: u16 = 3;

/// `IPS_DST_NAT`
const TRANSLATED: u32 = 1 << 5;
const UDP: u8 = 17;
/// The length of `struct nfgenmsg`.
const FIXED: usize = 4;

/// Connections that lead nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stale {
    /// Those translated to a container, by its address.
    Container(IpAddr),
    /// Those to a UDP port of this host that was not published yet.
    Udp(u16),
}

/// The thread that forgets stale connections; it ends with this handle.
#[derive(Debug)]
pub(crate) struct Sweeper(Sender<Stale>);

impl Sweeper {
    /// Starts the thread, in the caller's network namespace.
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        std::thread::Builder::new()
            .name("conntrack".to_owned())
            .spawn(move || sweep(&receiver))?;
        Ok(Self(sender))
    }

    /// Has connections forgotten, soon.
    pub(crate) fn forget(&self, stale: Stale) {
        if self.0.send(stale).is_err() {
            tracing::debug!(?stale, "nobody looks for stale connections");
        }
    }
}

fn sweep(requests: &Receiver<Stale>) {
    while let Ok(first) = requests.recv() {
        let stale: Vec<Stale> = std::iter::once(first).chain(requests.try_iter()).collect();
        for family in Family::BOTH {
            let stale: Vec<Stale> = (stale.iter().copied())
                .filter(|one| match one {
                    Stale::Container(address) => Family::of(*address) == family,
                    Stale::Udp(_) => true,
                })
                .collect();
            // They also end by themselves in time.
            if !stale.is_empty()
                && let Err(error) = forget(family, &stale)
            {
                tracing::debug!(?stale, %error, "stale connections stay");
            }
        }
    }
}

fn forget(family: Family, stale: &[Stale]) -> io::Result<()> {
    let fixed = [family.number(), 0, 0, 0];
    let mut socket = Socket::open(NETLINK_NETFILTER)?;
    let entries = socket.dump(Message::dump(GET, &fixed))?;
    for entry in entries.iter().filter(|entry| is_stale(entry, stale)) {
        let mut delete = Message::request(DELETE, 0, &fixed);
        for (kind, value) in attributes(entry, FIXED) {
            match kind {
                TUPLE_ORIGINAL => {
                    delete.nest(kind, |tuple| {
                        tuple.bytes(value);
                    });
                }
                ZONE | ID => {
                    delete.attribute(kind, value);
                }
                _ => {}
            }
        }
        match socket.request(delete) {
            // It ended by itself meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result?,
        }
    }
    Ok(())
}

fn is_stale(entry: &[u8], stale: &[Stale]) -> bool {
    let original = |kind| inner(entry, &[TUPLE_ORIGINAL, TUPLE_PROTOCOL, kind]);
    if translated(entry) {
        let mut sources = IP_SOURCE.iter();
        let container = sources.find_map(|kind| inner(entry, &[TUPLE_REPLY, TUPLE_IP, *kind]));
        return stale
            .iter()
            .any(|one| matches!(one, Stale::Container(ip) if container == Some(&octets(*ip)[..])));
    }
    let port = original(PROTOCOL_DESTINATION);
    original(PROTOCOL_NUMBER) == Some(&[UDP])
        && (stale.iter())
            .any(|one| matches!(one, Stale::Udp(udp) if port == Some(&udp.to_be_bytes()[..])))
}

fn translated(entry: &[u8]) -> bool {
    let status = inner(entry, &[STATUS]).and_then(|value| value.try_into().ok());
    status.is_some_and(|bits| u32::from_be_bytes(bits) & TRANSLATED != 0)
}

/// The value of an attribute inside attributes.
fn inner<'a>(entry: &'a [u8], path: &[u16]) -> Option<&'a [u8]> {
    let body = entry.get(FIXED..)?;
    path.iter().try_fold(body, |level, wanted| {
        let mut found = attributes(level, 0).filter(|(kind, _)| kind == wanted);
        found.next().map(|(_, value)| value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_make_no_sense_are_none_of_ours() {
        for length in 0..32 {
            let entry = vec![3u8; length];
            let all = [
                Stale::Container(IpAddr::from([3; 4])),
                Stale::Container(IpAddr::from([3; 16])),
                Stale::Udp(0x0303),
            ];
            assert!(!is_stale(&entry, &all));
        }
    }
}
