//! What carries a network on this host: a bridge, or a link that it shares.

use std::sync::Arc;

use longshore_network::bridge::Bridge;
use longshore_network::endpoint::{End, Endpoint as Link};
use longshore_network::error::Result;
use longshore_network::lan::{IpvlanMode, Lan, MacvlanMode, Settings, Sharing};
use longshore_network::ports::Binding;

use super::options::Options;
use super::record::{Driver, Record};
use crate::error::Error;
use crate::id;

/// Where the parent stands among the options of the driver.
const PARENT: &str = "parent";

/// What carries a network.
#[derive(Clone, Debug)]
pub(crate) enum Device {
    /// A bridge, which publishes ports.
    Bridge(Arc<Bridge>),
    /// A link of the host, which does not.
    Lan(Arc<Lan>),
}

impl Device {
    pub(crate) fn bridge(&self) -> Option<&Arc<Bridge>> {
        match self {
            Device::Bridge(bridge) => Some(bridge),
            Device::Lan(_) => None,
        }
    }

    /// Gives a container its end.
    pub(super) fn attach(
        &self,
        owner: &str,
        pid: i32,
        ports: &[Binding],
        end: &End,
    ) -> Result<Link> {
        match self {
            Device::Bridge(bridge) => bridge.attach(owner, pid, ports, end),
            Device::Lan(lan) => lan.attach(owner, pid, end),
        }
    }

    /// Takes a container off whose namespace lives on.
    pub(super) fn unplug(&self, owner: &str, pid: i32) -> Result<()> {
        match self {
            Device::Bridge(bridge) => bridge.unplug(owner),
            Device::Lan(lan) => {
                lan.unplug(owner, pid);
                Ok(())
            }
        }
    }

    /// Takes a container off whose namespace goes.
    pub(super) fn detach(&self, owner: &str) -> Result<()> {
        match self {
            Device::Bridge(bridge) => bridge.detach(owner),
            Device::Lan(lan) => {
                lan.detach(owner);
                Ok(())
            }
        }
    }

    /// Makes it a container's way to elsewhere, with its ports.
    pub(super) fn take_over(&self, owner: &str, pid: i32, ports: &[Binding]) -> Result<Link> {
        match self {
            Device::Bridge(bridge) => bridge.take_over(owner, pid, ports),
            Device::Lan(lan) => lan.take_over(owner, pid),
        }
    }

    /// Another is the way to elsewhere from now on: its ports are not published
    /// here any more.
    pub(super) fn hand_over(&self, owner: &str) -> Result<Option<Link>> {
        match self {
            Device::Bridge(bridge) => bridge.hand_over(owner),
            Device::Lan(_) => Ok(None),
        }
    }

    /// Takes over the ends of containers that run from before.
    pub(super) fn restore(&self, links: Vec<(String, Link)>) -> Result<()> {
        match self {
            Device::Bridge(bridge) => bridge.restore(links),
            Device::Lan(lan) => {
                lan.restore(links);
                Ok(())
            }
        }
    }

    /// Removes it, unless containers are on it.
    pub(super) fn close(&self) -> Result<()> {
        match self {
            Device::Bridge(bridge) => bridge.close(),
            Device::Lan(lan) => lan.close(),
        }
    }
}

/// The device of a network that is recorded; none where its driver makes none.
pub(super) fn of(record: &Record) -> crate::error::Result<Option<Device>> {
    let made = match record.driver {
        Driver::Bridge => {
            let settings = record.bridge(&Options::parse(&record.options)?);
            Bridge::with(settings).map(|bridge| Device::Bridge(Arc::new(bridge)))
        }
        Driver::Macvlan | Driver::Ipvlan => {
            let settings = lan(record)?;
            Lan::open(settings, !record.foreign).map(|lan| Device::Lan(Arc::new(lan)))
        }
        Driver::Host | Driver::Null => return Ok(None),
    };
    made.map(Some).map_err(super::store::network_error)
}

/// What a dummy is called, and in messages any network of these drivers.
pub(super) fn dummy_name(record: &Record) -> String {
    let prefix = match record.driver {
        Driver::Ipvlan => "di",
        _ => "dm",
    };
    format!("{prefix}-{}", id::short(&record.id))
}

/// The link that containers of a network share; a dummy where none is named.
pub(super) fn parent(record: &Record) -> String {
    match record.options.get(PARENT) {
        Some(name) if !name.is_empty() => name.clone(),
        _ => dummy_name(record),
    }
}

/// Whether a network leads nowhere, since its parent is a dummy.
pub(super) fn is_dummy(record: &Record) -> bool {
    let named = record.options.get(PARENT);
    let shares = matches!(record.driver, Driver::Macvlan | Driver::Ipvlan);
    shares && named.is_none_or(String::is_empty)
}

/// What a client asks of a link, in dockerd's words where it is wrong.
fn lan(record: &Record) -> crate::error::Result<Settings> {
    let options = &record.options;
    let kind = record.driver.as_str();
    let mode = options.get(&format!("{kind}_mode")).map(String::as_str);
    let wrong = |mode: &str, usual: &str| {
        Error::system(format!(
            "requested {kind} mode '{mode}' is not valid, '{usual}' mode is the {kind} driver \
             default"
        ))
    };
    let sharing = match record.driver {
        Driver::Ipvlan => Sharing::Ipvlan(match mode {
            None | Some("" | "l2") => IpvlanMode::L2,
            Some("l3") => IpvlanMode::L3,
            Some("l3s") => IpvlanMode::L3s,
            Some(other) => return Err(wrong(other, "l2")),
        }),
        _ => Sharing::Macvlan(match mode {
            None | Some("" | "bridge") => MacvlanMode::Bridge,
            Some("private") => MacvlanMode::Private,
            Some("vepa") => MacvlanMode::Vepa,
            Some("passthru") => MacvlanMode::Passthru,
            Some(other) => return Err(wrong(other, "bridge")),
        }),
    };
    let parent = parent(record);
    if parent == "lo" {
        return Err(Error::system(format!(
            "loopback interface is not a valid {kind} parent link"
        )));
    }
    let is_dummy = is_dummy(record);
    if !is_dummy && !Bridge::is_device(&parent) {
        check_vlan(&parent)?;
    }
    Ok(Settings {
        sharing,
        parent,
        is_dummy,
        subnets: record.subnets(),
        internal: record.internal || is_dummy,
        mtu: Options::parse(options)?.mtu,
    })
}

/// A parent that is not there can only be a VLAN.
fn check_vlan(parent: &str) -> crate::error::Result<()> {
    let Some((_, number)) = parent.split_once('.') else {
        return Err(Error::system(format!(
            "invalid subinterface vlan name {parent}, example formatting is eth0.10"
        )));
    };
    match number.parse::<i64>() {
        Err(_) => Err(Error::system(format!(
            "unable to parse a valid vlan id from: {number} (ex. eth0.10 for vlan 10)"
        ))),
        Ok(number) if !(1..=4094).contains(&number) => Err(Error::system(format!(
            "vlan id must be between 1-4094, received: {number}"
        ))),
        Ok(_) => Ok(()),
    }
}
