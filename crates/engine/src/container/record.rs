//! A container on disk: its configuration in `config.json`, written when a
//! client changes it, and its state in `state.json`, written at every step.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use longshore_api::types::{ContainerConfig, EndpointSettings, HostConfig};
use serde::{Deserialize, Serialize};

use crate::container::links::Link;
use crate::container::plan::mounts::Mount;
use crate::container::state::State;
use crate::error::{Error, IoContext, Result};
use crate::meta::{self, Durability};

/// The format that this version writes.
const FORMAT: u32 = 1;

/// The configuration of a container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Which format this is.
    pub(crate) format: u32,
    /// Full id.
    pub(crate) id: String,
    /// Name without a slash.
    pub(crate) name: String,
    /// When it was created.
    pub(crate) created: Timestamp,
    /// Id of its image, with the algorithm.
    pub(crate) image: String,
    /// Configuration as shown: the client's, merged with the image's.
    pub(crate) config: ContainerConfig,
    /// Configuration of the host's part as shown.
    pub(crate) host_config: HostConfig,
    /// What the client said of the networks, by name.
    pub(crate) networks: BTreeMap<String, EndpointSettings>,
    /// Containers that it knows by an alias.
    #[serde(default)]
    pub(crate) links: Vec<Link>,
    /// What is mounted, with every volume found; decided once, at create.
    #[serde(default)]
    pub(crate) mounts: Vec<Mount>,
}

impl Record {
    /// A record in today's format.
    pub(crate) fn new(
        id: String,
        name: String,
        image: String,
        config: ContainerConfig,
        host_config: HostConfig,
        networks: BTreeMap<String, EndpointSettings>,
    ) -> Record {
        Record {
            format: FORMAT,
            id,
            name,
            created: Timestamp::now(),
            image,
            config,
            host_config,
            networks,
            links: Vec::new(),
            mounts: Vec::new(),
        }
    }
}

/// Where the files of one container are: what outlives a boot, and what is made
/// anew at each start.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    dir: PathBuf,
    run_dir: PathBuf,
}

impl Files {
    /// The files of a container in these two directories of its own.
    pub(crate) fn new(dir: PathBuf, run_dir: PathBuf) -> Files {
        Files { dir, run_dir }
    }

    /// The directory of those that outlive a boot.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// What its shim writes when it ends.
    pub(crate) fn exit_record(&self) -> PathBuf {
        self.dir.join("exit.json")
    }

    /// The file that becomes `/etc/hosts`.
    pub(crate) fn hosts(&self) -> PathBuf {
        self.run_dir.join("hosts")
    }

    /// The file that becomes `/etc/hostname`.
    pub(crate) fn hostname(&self) -> PathBuf {
        self.run_dir.join("hostname")
    }

    /// The file that becomes `/etc/resolv.conf`.
    pub(crate) fn resolv_conf(&self) -> PathBuf {
        self.run_dir.join("resolv.conf")
    }

    /// Its ends of networks, as long as its state does not say that it runs.
    pub(crate) fn endpoints(&self) -> PathBuf {
        self.run_dir.join("endpoints.json")
    }

    /// Where its shim works, and the files of the network are.
    pub(crate) fn run_dir(&self) -> &Path {
        &self.run_dir
    }

    /// Makes the directory that outlives a boot.
    pub(crate) fn create(&self) -> Result<()> {
        fs::create_dir(&self.dir).context(self.dir.display())
    }

    /// Writes the configuration.
    pub(crate) fn write_record(&self, record: &Record) -> Result<()> {
        self.write_record_with(record, Durability::Power)
    }

    /// Writes the configuration of a container that nobody misses after a power
    /// cut.
    pub(crate) fn write_record_with(&self, record: &Record, durability: Durability) -> Result<()> {
        meta::write(&self.dir.join("config.json"), record, durability)
    }

    /// Writes the state.
    pub(crate) fn write_state(&self, state: &State, durability: Durability) -> Result<()> {
        meta::write(&self.dir.join("state.json"), state, durability)
    }

    /// Makes the state that was written survive a power cut, soon.
    pub(crate) fn settle_state(&self) {
        meta::settle(self.dir.join("state.json"));
    }

    /// Reads both. A container without a state was never started.
    pub(crate) fn read(&self) -> Result<(Record, State)> {
        let path = self.dir.join("config.json");
        let record: Record = meta::read(&path)?
            .ok_or_else(|| Error::system(format!("{}: missing", path.display())))?;
        if record.format > FORMAT {
            return Err(Error::system(format!(
                "{}: written by a newer version (format {})",
                path.display(),
                record.format
            )));
        }
        let state = meta::read(&self.dir.join("state.json"))?.unwrap_or_else(State::new);
        Ok((record, state))
    }
}
