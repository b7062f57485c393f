//! Putting a container's network namespace on a bridge: the veth pair, and what
//! is configured inside.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Result, Step};
use crate::ipam::Addresses;
use crate::link::{self, Links, Veth};
use crate::{netns, sysctl};

/// How many names are tried for the host's end.
const ATTEMPTS: usize = 8;

/// Where a container goes.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// What the container's end is called, `eth0`.
    pub(crate) device: String,
    /// Index of the bridge.
    pub(crate) bridge: u32,
    /// The container's addresses, and the bridge's own.
    pub(crate) addresses: Addresses,
    /// The container's hardware address.
    pub(crate) mac: [u8; 6],
    /// Whether it is to reach itself by the host's address.
    pub(crate) hairpin: bool,
    /// Whether other containers of the bridge are kept from it.
    pub(crate) isolated: bool,
    /// Whether packets for elsewhere go this way.
    pub(crate) is_default: bool,
    /// The largest packet; none for the kernel's default.
    pub(crate) mtu: Option<u32>,
}

/// Gives out names for the host's ends of pairs. A name is not used again at
/// once: the kernel removes a namespace, and the pair with it, some time after
/// its last process has ended, and a restarted container is back before that.
#[derive(Debug)]
pub(crate) struct Names(AtomicU32);

impl Default for Names {
    fn default() -> Self {
        // The next daemon begins elsewhere.
        Self(AtomicU32::new(std::process::id()))
    }
}

impl Names {
    /// Whether a name is one of these.
    pub(crate) fn is_ours(name: &str) -> bool {
        let rest = name.strip_prefix("veth").unwrap_or_default();
        rest.len() == 11 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// A name of 15 bytes at most: a part of the owner's id, and a number.
    fn next(&self, owner: &str) -> String {
        let owner: String = (owner.chars())
            .filter(char::is_ascii_alphanumeric)
            .take(8)
            .collect();
        let number = self.0.fetch_add(1, Ordering::Relaxed) & 0xfff;
        format!("veth{owner}{number:03x}")
    }
}

/// Makes the pair, then address and route inside the namespace of a process.
/// Answers the name of the host's end. On failure nothing stays.
pub(crate) fn plug(names: &Names, owner: &str, pid: i32, place: &Place) -> Result<String> {
    let namespace = netns::of_process(pid).step(format!("open the namespace of {pid}"))?;
    let mut links = Links::open().step("open a netlink socket")?;
    let mut attempts = 0;
    let host = loop {
        let host = names.next(owner);
        let made = links.add_veth(&Veth {
            host: &host,
            bridge: place.bridge,
            container: &place.device,
            mac: place.mac,
            mtu: place.mtu,
            namespace: namespace.as_fd(),
        });
        attempts += 1;
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts < ATTEMPTS => {}
            made => {
                made.step(format!("make the veth pair {host}"))?;
                break host;
            }
        }
    };
    let inside = || configure(&place.device, &place.addresses, place.is_default);
    let configured = netns::inside(&namespace, inside).and_then(|()| {
        if place.hairpin {
            links.set_hairpin(&host)?;
        }
        if place.isolated {
            links.isolate(&host)?;
        }
        Ok(())
    });
    if configured.is_err() {
        // The namespace may live on without us, so the pair must not.
        unplug(&host);
    }
    configured.step(format!("configure {} of {owner}", place.device))?;
    Ok(host)
}

/// Takes the pair away from a namespace that lives on.
pub(crate) fn unplug(host: &str) {
    if let Err(error) = Links::open().and_then(|mut links| links.delete(host)) {
        tracing::debug!(link = host, %error, "pair not deleted");
    }
}

/// The hardware address that goes with an address.
pub(crate) fn mac(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [0x02, 0x42, a, b, c, d]
}

/// Sends what a namespace has for elsewhere to these gateways, of both kinds or
/// one.
pub(crate) fn route(pid: i32, gateways: &[IpAddr]) -> Result<()> {
    let namespace = netns::of_process(pid).step(format!("open the namespace of {pid}"))?;
    let route = || {
        let mut links = Links::open()?;
        let mut gateways = gateways.iter();
        gateways.try_for_each(|gateway| links.add_default_route(*gateway))
    };
    netns::inside(&namespace, route)
        .step(format!("route to {gateways:?} in the namespace of {pid}"))
}

/// Gives a device of this namespace its addresses, and routes.
pub(crate) fn configure(device: &str, addresses: &Addresses, is_default: bool) -> io::Result<()> {
    let index = link::index(device)?;
    // A network without IPv6 shall not get it by autoconfiguration, and one with
    // it has no routers but the gateway.
    let without_v6 = match addresses.v6 {
        Some(_) => "0",
        None => "1",
    };
    for (name, value) in [("accept_ra", "0"), ("disable_ipv6", without_v6)] {
        sysctl::set_where_known(&format!("ipv6/conf/{device}/{name}"), value)?;
    }
    let mut links = Links::open()?;
    for (net, _) in addresses.nets() {
        links.add_address(index, net)?;
    }
    links.set_up(index)?;
    for (_, gateway) in addresses.nets().filter(|_| is_default) {
        links.add_default_route(gateway)?;
    }
    Ok(())
}
