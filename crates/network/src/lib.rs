//! The network of containers: a bridge, or a link of the host that they share, a veth pair per container, addresses,
//! and published ports in an nftables table of our own.
//!
//! Everything goes over netlink; no external program is run. What the kernel
//! holds is derived from the endpoints that the caller records: nothing here
//! has a state file that could disagree with them. The table is replaced in one
//! transaction, others' tables are never touched.
//!
//! A container's veth pair is not deleted: it goes with the container's network
//! namespace, which is far cheaper than asking for it.
//!
//! What other tables drop in the forward hook (a host firewall, or the policy
//! `DROP` that another engine sets when it switches forwarding on) stays dropped:
//! a table cannot accept on behalf of another. `Bridge::warnings` names such
//! chains. Traffic that the host itself sends is not affected.
//!
//! A bridge with IPv6 has a second table of the same name for it, with the same
//! rules: published ports, the guard, and translation of what leaves. What comes
//! to a port by IPv6 is translated to IPv6 only; see [`ports`].
//!
//! When forwarding was off, it is switched on, and a second table,
//! `longshore-unrouted`, keeps the links that the host had from being routed
//! between. It stays for as long as the switch does: until the next boot, or
//! until the administrator removes it.

pub mod bridge;
mod conntrack;
pub mod endpoint;
pub mod error;
mod family;
pub mod host;
pub mod ipam;
pub mod lan;
mod link;
mod netlink;
mod netns;
mod nft;
mod plug;
pub mod ports;
pub mod resolver;
mod rules;
pub mod subnet;
mod sysctl;
