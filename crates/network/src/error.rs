//! What can go wrong, with the object it went wrong on.

use std::io;
use std::net::IpAddr;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the network did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A host port that somebody holds; dockerd's words.
    #[error("Bind for {ip}:{port} failed: port is already allocated")]
    PortAllocated {
        /// Address on the host.
        ip: IpAddr,
        /// Port on the host.
        port: u16,
    },
    /// No free port in the range; dockerd's words.
    #[error("all ports are allocated")]
    PortsExhausted,
    /// An address of the host that it does not have, or the like.
    #[error("cannot listen on {ip}:{port}: {source}")]
    PortUnusable {
        /// Address on the host.
        ip: IpAddr,
        /// Port on the host.
        port: u16,
        /// The kernel's reason.
        source: io::Error,
    },
    /// The subnet has no free address; dockerd's words.
    #[error("no available IPv4 addresses on this network's address pools: {0}")]
    AddressesExhausted(String),
    /// An address that somebody on the network has; dockerd's words.
    #[error("Address already in use")]
    AddressTaken,
    /// An address of another subnet; dockerd's words.
    #[error("Invalid address {0}: It does not belong to any of this network's subnets")]
    AddressOutside(IpAddr),
    /// Every default pool overlaps something on this host; dockerd's words.
    #[error(
        "could not find an available, non-overlapping IPv4 address pool among the defaults to \
         assign to the network"
    )]
    PoolsExhausted,
    /// A container that is on the network already.
    #[error("endpoint of {0} already exists in network bridge")]
    Attached(String),
    /// A container that is not on the network.
    #[error("container {0} is not connected to the network")]
    NotAttached(String),
    /// A kind of links that the kernel does not have.
    #[error(
        "operation not supported: this kernel has no links of the kind {0} (its module {0} is \
         neither built in nor to be loaded)"
    )]
    NoModule(&'static str),
    /// A link of the host that is not there; dockerd's words.
    #[error("-o parent interface does was not found on the host: {0}")]
    NoParent(String),
    /// A name that no link can have.
    #[error("invalid bridge name {0:?}")]
    Name(String),
    /// A setting that means nothing.
    #[error("invalid bridge address {0:?}: {1}")]
    Address(String, &'static str),
    /// A step that the kernel refused.
    #[error("{step}: {source}")]
    Kernel {
        /// What was tried, with the object's name.
        step: String,
        /// The kernel's reason.
        source: io::Error,
    },
}

/// Names the step that an I/O error belongs to.
pub(crate) trait Step<T> {
    /// The result, its error with a step.
    fn step(self, step: impl Into<String>) -> Result<T>;
}

impl<T> Step<T> for io::Result<T> {
    fn step(self, step: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error::Kernel {
            step: step.into(),
            source,
        })
    }
}
