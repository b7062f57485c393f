//! What happens when a store is opened: crash or not, always the same.
//!
//! Mark: read the index (or the one before it, or what the configurations
//! tell), take every image whose configuration and layers are all there. Sweep:
//! everything else goes to the trash, except records that could not be read;
//! these go to quarantine and are reported. Nothing found here is fatal.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
};

use super::{Index, IndexedImage, State, Stored, disk, disk::Disk};
use crate::{
    error::{At, Error},
    layer::{self, LayerRecord, StagedLayer},
};
use longshore_archive::layer::Limits;
use longshore_oci::{
    config::ImageConfig,
    digest::{ChainId, ImageId, chain_ids},
};

/// Something that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is: `image sha256:…`, `layer sha256:…`, `index`.
    pub subject: String,
    /// Why it could not be used.
    pub reason: String,
}

pub(super) struct Audit {
    pub(super) state: State,
    pub(super) containers: BTreeMap<String, Option<ChainId>>,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn run(disk: &Disk, limits: Limits) -> Result<Audit, Error> {
    let mut auditor = Auditor {
        disk,
        limits,
        state: State::default(),
        problems: Vec::new(),
    };
    let containers = crate::container::on_disk(disk)?;
    auditor.read_layers()?;
    let index = auditor.read_index()?;
    for (id, indexed) in index.images {
        auditor.read_image(id, indexed);
    }
    for (reference, id) in index.references {
        if auditor.state.images.contains_key(&id) {
            auditor.state.references.insert(reference, id);
        }
    }
    auditor.sweep(&containers)?;
    Ok(Audit {
        state: auditor.state,
        containers,
        problems: auditor.problems,
    })
}

struct Auditor<'a> {
    disk: &'a Disk,
    limits: Limits,
    state: State,
    problems: Vec<Problem>,
}

impl Auditor<'_> {
    fn read_layers(&mut self) -> Result<(), Error> {
        for (name, path) in list(&self.disk.root.join("layers"))? {
            let Ok(chain) = ChainId::from_hex(&name) else {
                self.disk.trash.discard(&path).at(&path)?;
                continue;
            };
            match self.read_layer(&chain, &path) {
                Ok(record) => drop(self.state.layers.insert(chain, Arc::new(record))),
                Err(error) => {
                    self.report(
                        &format!("layer {chain}"),
                        &error.to_string(),
                        &name,
                        Some(&path),
                    );
                }
            }
        }
        // A layer is of use only with all that are below it.
        loop {
            let layers = &self.state.layers;
            let lost = layers.iter().find(|(chain, record)| {
                record
                    .parent
                    .as_ref()
                    .is_some_and(|parent| !layers.contains_key(parent))
                    || record.diff_id.chained_on(record.parent.as_ref()) != **chain
            });
            let Some(chain) = lost.map(|(chain, _)| chain.clone()) else {
                return Ok(());
            };
            self.state.layers.remove(&chain);
        }
    }

    fn read_layer(&self, chain: &ChainId, path: &Path) -> Result<LayerRecord, Error> {
        let record_path = path.join("layer.json");
        let mut record: LayerRecord = disk::read_json(&record_path)?
            .ok_or_else(|| Error::Invalid("layer.json is missing".to_owned()))?;
        if record.format != LayerRecord::FORMAT {
            return Err(Error::Invalid(format!("unknown format {}", record.format)));
        }
        let survived = path.join("diff").is_dir()
            && (record.unsettled.is_none() || record.unsettled == layer::this_boot());
        if !survived {
            self.unpack_again(chain, path, &record)?;
            record.unsettled = layer::this_boot();
            disk::write_json(&record_path, &record)?;
        }
        Ok(record)
    }

    /// The machine went down before the files were known to be on disk: the
    /// blob was, so they are made again.
    fn unpack_again(
        &self,
        chain: &ChainId,
        path: &Path,
        record: &LayerRecord,
    ) -> Result<(), Error> {
        let blob = path.join("blob");
        let file = fs::File::open(&blob).at(&blob)?;
        let staged = StagedLayer::receive(self.disk, file, self.limits)?;
        if staged.diff_id != record.diff_id {
            return Err(Error::Invalid(format!(
                "the blob of layer {chain} is damaged"
            )));
        }
        let diff = path.join("diff");
        self.disk.trash.discard(&diff).at(&diff)?;
        fs::rename(staged.path().join("diff"), &diff).at(&diff)
    }

    fn read_index(&mut self) -> Result<Index, Error> {
        let mut reason = None;
        for path in [self.disk.index(), self.disk.previous_index()] {
            match disk::read_json::<Index>(&path) {
                Ok(Some(index)) if index.format == Index::FORMAT => return Ok(index),
                Ok(None) if reason.is_none() && path == self.disk.index() => {
                    if self.is_new()? {
                        // From now on a missing index means that one was lost.
                        self.disk.replace_index(&Index::new())?;
                        return Ok(Index::new());
                    }
                    reason = Some("index.json is missing".to_owned());
                    self.report("index", "index.json is missing", "index.json", None);
                }
                Ok(None) => {}
                Ok(Some(index)) => {
                    let text = format!("unknown format {}", index.format);
                    self.report("index", &text, "index.json", Some(&path));
                    reason = Some(text);
                }
                Err(error) => {
                    self.report("index", &error.to_string(), "index.json", Some(&path));
                    reason = Some(error.to_string());
                }
            }
        }
        // No index at all: the images are still there, only their names are lost.
        let configs = list(&self.disk.root.join("configs"))?;
        let ids = configs
            .iter()
            .filter_map(|(name, _)| ImageId::from_hex(name).ok());
        let images = ids.map(|id| (id, IndexedImage::default())).collect();
        Ok(Index {
            images,
            ..Index::new()
        })
    }

    fn is_new(&self) -> Result<bool, Error> {
        let configs = list(&self.disk.root.join("configs"))?;
        Ok(configs.is_empty() && self.state.layers.is_empty())
    }

    fn read_image(&mut self, id: ImageId, indexed: IndexedImage) {
        let path = self.disk.config(&id);
        match self.read_config(&id, &path) {
            Ok(config) => {
                let stored = Stored::new(config, &self.state.layers, indexed);
                self.state.images.insert(id, Arc::new(stored));
            }
            Err(error) => {
                let subject = format!("image {id}");
                self.report(&subject, &error.to_string(), id.hex(), Some(&path));
            }
        }
    }

    fn read_config(&self, id: &ImageId, path: &Path) -> Result<ImageConfig, Error> {
        let bytes = fs::read(path).at(path)?;
        if ImageId::of(&bytes) != *id {
            return Err(Error::Invalid("the configuration is damaged".to_owned()));
        }
        let config: ImageConfig =
            serde_json::from_slice(&bytes).map_err(|error| Error::Invalid(error.to_string()))?;
        let chain = chain_ids(&config.rootfs.diff_ids);
        match chain
            .iter()
            .find(|chain| !self.state.layers.contains_key(chain))
        {
            None => Ok(config),
            Some(chain) => Err(Error::Invalid(format!("layer {chain} is missing"))),
        }
    }

    /// Drops the layers and configurations that nothing leads to.
    fn sweep(&mut self, containers: &BTreeMap<String, Option<ChainId>>) -> Result<(), Error> {
        let mut needed: BTreeSet<ChainId> = self
            .state
            .images
            .values()
            .flat_map(|stored| stored.chain.iter().cloned())
            .collect();
        for top in containers.values().flatten() {
            needed.extend(self.state.chain_down(top).cloned());
        }
        self.state.layers.retain(|chain, _| needed.contains(chain));
        for (name, path) in list(&self.disk.root.join("layers"))? {
            let chain = ChainId::from_hex(&name);
            if !chain.is_ok_and(|chain| needed.contains(&chain)) {
                self.disk.trash.discard(&path).at(&path)?;
            }
        }
        for (name, path) in list(&self.disk.root.join("configs"))? {
            let id = ImageId::from_hex(&name);
            if !id.is_ok_and(|id| self.state.images.contains_key(&id)) {
                self.disk.trash.discard(&path).at(&path)?;
            }
        }
        Ok(())
    }

    fn report(&mut self, subject: &str, reason: &str, name: &str, file: Option<&Path>) {
        self.disk.quarantine(name, subject, reason, file);
        self.problems.push(Problem {
            subject: subject.to_owned(),
            reason: reason.to_owned(),
        });
    }
}

/// The names and paths in a directory.
fn list(directory: &Path) -> Result<Vec<(String, std::path::PathBuf)>, Error> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory).at(directory)? {
        let entry = entry.at(directory)?;
        entries.push((
            entry.file_name().to_string_lossy().into_owned(),
            entry.path(),
        ));
    }
    Ok(entries)
}
