//! Images as archives: import, load, save, and the images that come with the
//! engine.

use std::io::Read;

use jiff::Timestamp;
use longshore_dockerfile::apply;
use longshore_image::import::{self, ImportOptions};
use longshore_image::load::{self, LoadEvent};
use longshore_image::save::{self, SavePlan};
use longshore_image::store::NewImage;
use longshore_oci::config::{ImageConfig, RunConfig};
use longshore_oci::reference::Reference;
use tokio::sync::mpsc;

use super::pull::Wanted;
use super::{Images, as_given, bad_reference, blocking};
use crate::error::{Error, Result};
use crate::system::Machine;

/// An image of one layer that comes with the engine.
#[derive(Clone, Debug, Default)]
pub struct BaseImage {
    /// Name and tag.
    pub reference: String,
    /// The layer, a tar archive.
    pub layer: Vec<u8>,
    /// What it runs.
    pub cmd: Vec<String>,
    /// Its environment, `NAME=value`.
    pub env: Vec<String>,
}

/// What an import becomes.
#[derive(Clone, Debug, Default)]
pub struct ImportRequest {
    /// Repository, empty for a dangling image.
    pub repo: String,
    /// Tag, empty for `latest`.
    pub tag: String,
    /// Comment.
    pub message: String,
    /// Dockerfile instructions.
    pub changes: Vec<String>,
    /// Where the stream comes from: `-` or a URL.
    pub source: String,
    /// The platform; the operating system must be this machine's.
    pub platform: Option<String>,
}

/// A step of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadProgress {
    /// A layer is being stored.
    Layer {
        /// Short id.
        id: String,
        /// Length in bytes.
        size: u64,
    },
    /// A line for people.
    Text(String),
}

impl Images {
    /// Makes an image of a tar stream; returns its id.
    pub async fn import(
        &self,
        reader: impl Read + Send + 'static,
        request: ImportRequest,
    ) -> Result<String> {
        let (reference, config) = self.check_import(&request)?;
        let (repo, tag) = (&request.repo, &request.tag);
        let name = reference.as_ref().map(|it| as_given(it, repo, tag));
        let store = self.shared.images.clone();
        let options = ImportOptions {
            reference,
            message: request.message,
            source: request.source,
            config,
            docker_version: self.shared.config.version.clone(),
        };
        let id = blocking(move || Ok(import::import(&store, reader, options)?)).await?;
        if let Some(name) = name {
            self.publish("tag", &id, &name);
        }
        self.publish("import", &id, &id.to_string());
        Ok(id.to_string())
    }

    /// The name and the configuration of what will be imported.
    pub(super) fn check_import(
        &self,
        request: &ImportRequest,
    ) -> Result<(Option<Reference>, RunConfig)> {
        Wanted::parse(request.platform.as_deref())?;
        let reference = match request.repo.as_str() {
            "" => None,
            repo if repo.contains('@') => {
                Reference::parse(repo).map_err(bad_reference)?;
                return Err(Error::bad_parameter("cannot import digest reference"));
            }
            repo => Some(Reference::for_tag(repo, &request.tag).map_err(bad_reference)?),
        };
        let mut config = RunConfig::default();
        apply::changes(&mut config, &request.changes)?;
        Ok((reference, config))
    }

    /// Loads the images of an archive and tells each step.
    pub async fn load(
        &self,
        reader: impl Read + Send + 'static,
        to: mpsc::Sender<LoadProgress>,
    ) -> Result<()> {
        let store = self.shared.images.clone();
        let loaded = blocking(move || {
            let tell = &mut |event: LoadEvent| {
                let progress = match &event {
                    LoadEvent::Layer { id, size } => Some(LoadProgress::Layer {
                        id: id.short().to_owned(),
                        size: *size,
                    }),
                    _ => event.text().map(LoadProgress::Text),
                };
                // A client that has left does not stop the load.
                if let Some(progress) = progress {
                    to.blocking_send(progress).ok();
                }
            };
            Ok(load::load(&store, reader, tell)?)
        });
        for id in loaded.await? {
            self.publish("load", &id, &id.to_string());
        }
        Ok(())
    }

    /// Prepares an archive of images; writing it blocks.
    pub fn save(&self, names: &[String]) -> Result<SavePlan> {
        let plan = save::plan(&self.shared.images, names)?;
        for id in plan.images() {
            self.publish("save", id, &id.to_string());
        }
        Ok(plan)
    }

    /// Puts an image in place unless there is one of this name. Returns
    /// whether it was new.
    pub async fn provide(&self, image: BaseImage) -> Result<bool> {
        if self.shared.images.get(&image.reference).is_ok() {
            return Ok(false);
        }
        let reference = Reference::parse(&image.reference).map_err(bad_reference)?;
        let machine = Machine::read();
        let config = ImageConfig {
            architecture: machine.go_architecture,
            os: "linux".into(),
            // No time of its own: the same image has the same id everywhere.
            created: Some(Timestamp::UNIX_EPOCH),
            config: RunConfig {
                cmd: Some(image.cmd),
                env: Some(image.env),
                ..RunConfig::default()
            },
            ..ImageConfig::default()
        };
        let store = self.shared.images.clone();
        let work = move || {
            let new = NewImage {
                config,
                base: None,
                layers: vec![store.stage(image.layer.as_slice())?],
                parent: None,
                references: vec![reference.with_default_tag()],
            };
            Ok(store.put(new)?)
        };
        blocking(work).await?;
        Ok(true)
    }
}
