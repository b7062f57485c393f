//! The networks of the engine: their records on disk, their bridges in the
//! kernel, and who is on them.
//!
//! ```text
//! <root>/networks.json          ids of the networks that every engine has
//! <root>/networks/<id>.json     the others
//! ```
//!
//! A record is written before its bridge is made and removed after it: whatever
//! a killed engine leaves, the next one finds by a record. Who has which address
//! is in the records of the containers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use ipnet::IpNet;
use jiff::Timestamp;
use longshore_api::types::IPAMConfig;
use longshore_network::bridge::{Bridge, Settings};
use longshore_network::error::Error as NetworkError;
use longshore_network::ipam::Subnet;
use longshore_network::subnet::{Pools, overlap};
use serde::{Deserialize, Serialize};

use super::device::{self, Device};
use super::names::Names;
use super::options;
use super::record::{Driver, Record};
use super::resolver::Resolvers;
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::id;
use crate::meta::{self, Durability};

/// dockerd's words for a subnet that another network has.
const OVERLAP: &str = "Pool overlaps with other one on this address space";

/// Ids of the networks that every engine has, made at the first start.
#[derive(Debug, Serialize, Deserialize)]
struct Ids {
    bridge: String,
    none: String,
    host: String,
}

/// A network.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) record: Record,
    /// What carries it, where its driver makes something.
    pub(crate) device: Option<Device>,
    /// What the containers on it are called.
    pub(crate) names: Names,
    members: Mutex<Members>,
}

/// Who is on a network.
#[derive(Debug, Default)]
struct Members {
    /// Full ids of containers.
    ids: Vec<String>,
    /// It was removed: nobody comes any more.
    is_gone: bool,
}

impl Network {
    fn new(record: Record, device: Option<Device>) -> Arc<Network> {
        Arc::new(Network {
            record,
            device,
            names: Names::default(),
            members: Mutex::default(),
        })
    }

    /// Whether containers are known by name on it.
    pub(crate) fn has_names(&self) -> bool {
        self.device.is_some() && !self.record.is_predefined()
    }

    /// Its bridge, where it has one.
    pub(crate) fn bridge(&self) -> Option<Arc<Bridge>> {
        self.device.as_ref()?.bridge().cloned()
    }

    /// Whether it may be a container's way to elsewhere.
    pub(crate) fn leads_elsewhere(&self) -> bool {
        self.device.is_some() && !self.record.internal && !device::is_dummy(&self.record)
    }

    /// Full ids of the containers on it.
    pub(crate) fn members(&self) -> Vec<String> {
        self.lock().ids.clone()
    }

    /// A container comes; it stays until [`Network::leave`].
    pub(super) fn join(&self, owner: &str) -> Result<()> {
        let mut members = self.lock();
        if members.is_gone {
            return Err(not_found(&self.record.name));
        }
        if !members.ids.iter().any(|id| id == owner) {
            members.ids.push(owner.to_owned());
        }
        Ok(())
    }

    /// A container goes.
    pub(super) fn leave(&self, owner: &str) {
        self.names.forget(owner);
        self.lock().ids.retain(|id| id != owner);
    }

    /// Keeps everybody from coming, if nobody is there.
    fn close_door(&self) -> bool {
        let mut members = self.lock();
        members.is_gone |= members.ids.is_empty();
        members.is_gone
    }

    fn open_door(&self) {
        self.lock().is_gone = false;
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The networks of the engine.
#[derive(Debug)]
pub(crate) struct Net {
    dir: PathBuf,
    pools: Pools,
    networks: RwLock<BTreeMap<String, Arc<Network>>>,
    /// Held while the set of networks changes.
    changing: Mutex<()>,
    /// What answers containers that ask for names.
    pub(super) resolvers: Resolvers,
}

/// What the engine is told of its networks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Device of the default bridge, if there is to be one.
    pub(crate) bridge: Option<&'a str>,
    /// Its address.
    pub(crate) bip: Option<&'a str>,
    /// Its IPv6 subnet, if it has one.
    pub(crate) v6: Option<&'a str>,
    /// Where subnets come from; none for the usual ones.
    pub(crate) pools: &'a [(String, u8)],
}

impl Net {
    /// Makes the networks that every engine has, and finds the others below
    /// `root`.
    pub(crate) fn open(root: &Path, wanted: Wanted<'_>) -> Result<Net> {
        let path = root.join("networks.json");
        let ids: Ids = match meta::read(&path)? {
            Some(known) => known,
            None => {
                let ids = Ids {
                    bridge: id::generate()?,
                    none: id::generate()?,
                    host: id::generate()?,
                };
                meta::write(&path, &ids, Durability::Power)?;
                ids
            }
        };
        let dir = root.join("networks");
        fs::create_dir_all(&dir).context(dir.display())?;
        let net = Net {
            dir,
            pools: pools(wanted.pools)?,
            networks: RwLock::default(),
            changing: Mutex::default(),
            resolvers: Resolvers::default(),
        };
        let created = fs::metadata(&path).and_then(|data| data.modified()).ok();
        let created = created.and_then(|time| Timestamp::try_from(time).ok());
        let created = created.unwrap_or_else(Timestamp::now);
        for (name, id, driver) in [
            ("none", &ids.none, Driver::Null),
            ("host", &ids.host, Driver::Host),
        ] {
            net.insert(Network::new(
                Record::predefined(name, id, driver, created),
                None,
            ));
        }
        if let Err(error) = longshore_network::host::sweep() {
            tracing::warn!(%error, "tables of bridges that are gone may be left");
        }
        net.find_records()?;
        if let Some(device) = wanted.bridge {
            let record =
                Record::predefined("bridge", &ids.bridge, Driver::Bridge, Timestamp::now());
            net.insert(default_bridge(record, device, wanted, &net.pools)?);
        }
        Ok(net)
    }

    /// Takes up the networks that are recorded. One whose bridge cannot be made
    /// is there without it, so that a person can remove it.
    fn find_records(&self) -> Result<()> {
        for entry in fs::read_dir(&self.dir).context(self.dir.display())? {
            let path = entry.context(self.dir.display())?.path();
            if path.extension().is_none_or(|kind| kind != "json") {
                // A record that was never put in place.
                fs::remove_file(&path).ok();
                continue;
            }
            let record = match meta::read::<Record>(&path) {
                Ok(Some(record)) => record,
                Ok(None) => continue,
                Err(error) => {
                    let root = self.dir.parent().unwrap_or(&self.dir);
                    let place = meta::quarantine(root, &path)?;
                    tracing::error!(%error, place = %place.display(), "broken network put aside");
                    continue;
                }
            };
            let device = match device::of(&record) {
                Ok(device) => device,
                Err(error) => {
                    tracing::error!(network = record.name, %error, "the network has no device");
                    None
                }
            };
            self.insert(Network::new(record, device));
        }
        Ok(())
    }

    /// The network of a full id.
    pub(crate) fn by_id(&self, id: &str) -> Option<Arc<Network>> {
        self.read().get(id).cloned()
    }

    /// The network that a client means: by full id, name, or the beginning of
    /// its id.
    pub(crate) fn find(&self, given: &str) -> Result<Arc<Network>> {
        let networks = self.read();
        if let Some(found) = networks.get(given) {
            return Ok(found.clone());
        }
        let one = |found: Vec<&Arc<Network>>, by: &str| match found[..] {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            _ => Err(Error::bad_parameter(format!(
                "{} matches found based on {by}: network {given} is ambiguous",
                found.len()
            ))),
        };
        let named = networks
            .values()
            .filter(|network| network.record.name == given);
        if let Some(found) = one(named.collect(), "name")? {
            return Ok(found);
        }
        let begin = networks
            .values()
            .filter(|network| network.record.id.starts_with(given));
        let found = match given.is_empty() {
            true => None,
            false => one(begin.collect(), "ID prefix")?,
        };
        found.ok_or_else(|| not_found(given))
    }

    /// The id of the network of this name, if there is just one.
    pub(crate) fn id_of(&self, name: &str) -> Option<String> {
        Some(self.find(name).ok()?.record.id.clone())
    }

    /// All networks, by id.
    pub(crate) fn list(&self) -> Vec<Arc<Network>> {
        self.read().values().cloned().collect()
    }

    /// Whether there is a default bridge.
    pub(crate) fn has_bridge(&self) -> bool {
        self.find("bridge").is_ok()
    }

    /// Makes a network: chooses its subnet, records it, makes its bridge.
    pub(crate) fn create(&self, mut record: Record) -> Result<Arc<Network>> {
        let _changing = self.change();
        let _turn = longshore_network::host::turn().map_err(network_error)?;
        if record.driver.has_device() {
            self.choose(&mut record)?;
        }
        let path = self.path(&record.id);
        meta::write(&path, &record, Durability::Power)?;
        match device::of(&record) {
            Ok(device) => {
                let network = Network::new(record, device);
                self.insert(network.clone());
                Ok(network)
            }
            Err(error) => {
                meta::remove(&path);
                Err(error)
            }
        }
    }

    /// Removes a network that nobody is on.
    pub(crate) fn remove(&self, network: &Network) -> Result<()> {
        let _changing = self.change();
        let Record { id, name, .. } = &network.record;
        if self.by_id(id).is_none() {
            return Err(not_found(name));
        }
        let mut others = self
            .list()
            .into_iter()
            .map(|other| other.record.config_from.clone());
        if network.record.config_only && others.any(|other| other == *name) {
            return Err(Error::forbidden(format!(
                "error while removing network: configuration network {name:?} is in use"
            )));
        }
        if !network.close_door() {
            return Err(Error::forbidden(format!(
                "error while removing network: network {name} id {id} has active endpoints"
            )));
        }
        if let Some(device) = &network.device
            && let Err(error) = device.close()
        {
            network.open_door();
            return Err(network_error(error));
        }
        meta::remove(&self.path(id));
        self.write().remove(id);
        Ok(())
    }

    /// Puts back what somebody else has removed of the tables.
    pub(crate) fn repair(&self) {
        for network in self.list() {
            let Some(bridge) = network.bridge() else {
                continue;
            };
            match bridge.repair() {
                Ok(true) => {
                    tracing::warn!(
                        network = network.record.name,
                        "its rules were gone, put back"
                    );
                }
                Ok(false) => {}
                Err(error) => tracing::warn!(network = network.record.name, %error, "not repaired"),
            }
        }
    }

    /// Declares all rules anew, whatever has become of them.
    pub(crate) fn redeclare(&self) {
        for network in self.list() {
            if let Some(bridge) = network.bridge()
                && let Err(error) = bridge.redeclare()
            {
                tracing::warn!(network = network.record.name, %error, "rules not declared anew");
            }
        }
    }

    /// Removes the bridges that nobody is on; the next engine makes them anew.
    pub(crate) fn close(&self) -> Result<()> {
        let mut first = Ok(());
        for device in self
            .list()
            .iter()
            .filter_map(|network| network.device.as_ref())
        {
            let closed = device.close().map_err(network_error);
            first = first.and(closed);
        }
        first
    }

    /// Where subnets come from.
    fn choose(&self, record: &mut Record) -> Result<()> {
        let others = self.list();
        check_device(record, &others)?;
        let more = others.iter().flat_map(|other| other.record.more.iter());
        let more: Vec<_> = more.map(IpNet::trunc).collect();
        let overlaps = |net: &IpNet| more.iter().any(|other| overlap(net, other));
        if record.more.iter().any(overlaps) {
            return Err(Error::forbidden(OVERLAP));
        }
        let taken = others.iter().filter_map(|other| other.record.subnet);
        let bridges = others.iter().filter_map(|other| other.bridge());
        let taken = taken.chain(bridges.map(|bridge| bridge.address()));
        let mut taken: Vec<_> = taken.map(|net| net.trunc()).collect();
        match record.subnet {
            Some(net) => {
                if taken
                    .iter()
                    .any(|other| overlap(&net.into(), &(*other).into()))
                {
                    return Err(Error::forbidden(OVERLAP));
                }
            }
            None => {
                taken.extend(longshore_network::host::networks().map_err(network_error)?);
                let net = self.pools.choose(&taken).map_err(network_error)?;
                record.subnet = Some(net);
                let config = record.ipam.config.get_or_insert_default();
                let chosen = IPAMConfig {
                    subnet: Some(net.trunc().to_string()),
                    gateway: Some(net.addr().to_string()),
                    ..IPAMConfig::default()
                };
                config.insert(0, chosen);
            }
        }
        Ok(())
    }

    fn path(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.json"))
    }

    fn insert(&self, network: Arc<Network>) {
        self.write().insert(network.record.id.clone(), network);
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Network>>> {
        self.networks.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, Arc<Network>>> {
        self.networks
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a device that another network has; notes whether it is there before.
fn check_device(record: &mut Record, others: &[Arc<Network>]) -> Result<()> {
    let device = match record.driver {
        Driver::Bridge => record.device(),
        _ => device::parent(record),
    };
    for other in others {
        match &other.device {
            Some(Device::Bridge(bridge))
                if record.driver == Driver::Bridge && bridge.name() == device =>
            {
                return Err(Error::forbidden(format!(
                    "cannot create network {} ({device}): conflicts with network {} ({device}): \
                     networks have same bridge name",
                    record.id, other.record.id
                )));
            }
            Some(Device::Lan(lan))
                if record.driver == other.record.driver && lan.parent() == device =>
            {
                return Err(Error::system(format!(
                    "network {} is already using parent interface {device}",
                    device::dummy_name(&other.record)
                )));
            }
            _ => {}
        }
    }
    record.foreign = Bridge::is_device(&device);
    Ok(())
}

/// The default bridge, with what is shown of it.
fn default_bridge(
    mut record: Record,
    device: &str,
    wanted: Wanted<'_>,
    pools: &Pools,
) -> Result<Arc<Network>> {
    let v6 = wanted.v6.map(options::first_of).transpose()?;
    let settings = Settings {
        v6: v6.map(Subnet::new),
        address: wanted
            .bip
            .map(longshore_network::subnet::parse)
            .transpose()
            .context("default bridge")?,
        pools: pools.clone(),
        ..Settings::new(device)
    };
    let _turn = longshore_network::host::turn().map_err(network_error)?;
    let bridge = Bridge::with(settings).context("default bridge")?;
    let net = bridge.address();
    let mut config = vec![IPAMConfig {
        subnet: Some(net.trunc().to_string()),
        gateway: Some(net.addr().to_string()),
        ..IPAMConfig::default()
    }];
    if let Some(v6) = v6 {
        config.push(IPAMConfig {
            subnet: Some(v6.trunc().to_string()),
            ..IPAMConfig::default()
        });
        record.more.push(v6);
        record.enable_ipv6 = true;
    }
    record.ipam.config = Some(config);
    record.subnet = Some(net);
    let shown = [
        ("bridge.default_bridge", "true"),
        ("bridge.enable_icc", "true"),
        ("bridge.enable_ip_masquerade", "true"),
        ("bridge.host_binding_ipv4", "0.0.0.0"),
        ("bridge.name", device),
        ("driver.mtu", "1500"),
    ];
    let shown = shown.map(|(key, value)| (format!("com.docker.network.{key}"), value.to_owned()));
    record.options = shown.into();
    let device = Device::Bridge(Arc::new(bridge));
    Ok(Network::new(record, Some(device)))
}

fn pools(given: &[(String, u8)]) -> Result<Pools> {
    if given.is_empty() {
        return Ok(Pools::default());
    }
    let parse = |(base, size): &(String, u8)| match base.parse() {
        Ok(base) => Ok((base, *size)),
        Err(_) => Err(Error::bad_parameter(format!(
            "invalid default address pool: invalid CIDR address: {base}"
        ))),
    };
    let given = given.iter().map(parse).collect::<Result<Vec<_>>>()?;
    Pools::new(&given).map_err(Error::bad_parameter)
}

/// No network answers to `name`.
pub(crate) fn not_found(name: &str) -> Error {
    Error::not_found(format!("network {name} not found"))
}

/// The crate's error as the engine's.
pub(super) fn network_error(error: NetworkError) -> Error {
    let kind = match error {
        NetworkError::Address(..) => ErrorKind::BadParameter,
        NetworkError::AddressTaken => ErrorKind::Forbidden,
        NetworkError::PoolsExhausted => ErrorKind::NotFound,
        _ => ErrorKind::System,
    };
    Error {
        kind,
        message: error.to_string(),
    }
}
