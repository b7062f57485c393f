//! Images: the store's content as clients see it, and the events of what
//! happens to it. The store works on blocking threads.

mod archives;
mod auth;
mod commit;
mod glob;
pub(crate) mod held;
mod list;
pub mod progress;
mod prune;
pub(crate) mod pull;
mod push;
mod remote;
mod search;
pub(crate) mod transfers;
pub(crate) mod web;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use longshore_api::scalar::UnixSeconds;
use longshore_api::types::{
    ContainerConfig, GraphDriverData, ImageDeleteResponseItem, ImageHistoryResponseItem,
    ImageInspect,
};
use longshore_image::store::{Image, RemoveOptions, Removed, Usage};
use longshore_oci::digest::ImageId;
use longshore_oci::reference::Reference;

use crate::container::inspect::STORAGE_DRIVER;
use crate::error::{Error, IoContext, Result};
use crate::events::EventKind;
use crate::shared::Shared;
use crate::time::wire;

pub use archives::{BaseImage, ImportRequest, LoadProgress};
pub use commit::CommitRequest;
pub use prune::PrunedImages;
pub(crate) use prune::Pruning;

/// The reference that a name and a tag, which may be a digest, make together.
/// Without a tag in either it has none.
pub fn reference(name: &str, tag: &str) -> Result<Reference> {
    // What `pull -a` of old clients sends.
    let name = name.strip_suffix(':').unwrap_or(name);
    let reference = Reference::parse(name).map_err(bad_reference)?;
    if tag.is_empty() {
        return Ok(reference);
    }
    match tag.parse() {
        Ok(digest) => Ok(reference.with_digest(digest)),
        Err(_) => Reference::for_tag(name, tag).map_err(bad_reference),
    }
}

/// The images of an engine.
#[derive(Clone)]
pub struct Images {
    shared: Arc<Shared>,
}

impl Images {
    pub(crate) fn new(shared: Arc<Shared>) -> Images {
        Images { shared }
    }

    /// All about one image.
    pub fn inspect(&self, name: &str) -> Result<ImageInspect> {
        let image = self.shared.images.get(name).map_err(Error::from);
        let image = image.map_err(|error| error.prefixed(&format!("no such image: {name}: ")))?;
        let what = &image.id;
        let config: ContainerConfig = convert(what, &image.config.config)?;
        let container_config = match &image.config.container_config {
            Some(config) => convert(what, config)?,
            None => ContainerConfig::default(),
        };
        let size = i64::try_from(image.size).unwrap_or(i64::MAX);
        let mut inspect = ImageInspect {
            id: image.id.to_string(),
            repo_tags: Some(image.repo_tags()),
            repo_digests: Some(image.repo_digests()),
            parent: image
                .parent
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            comment: comment(&image),
            created: wire(image.config.created),
            container: image.config.container.clone(),
            container_config: Some(container_config),
            docker_version: image.config.docker_version.clone(),
            author: image.config.author.clone(),
            config: Some(convert(what, &config)?),
            architecture: image.config.architecture.clone(),
            os: image.config.os.clone(),
            size,
            virtual_size: size,
            graph_driver: self.graph_driver(&image),
            ..ImageInspect::default()
        };
        inspect.root_fs.r#type = "layers".into();
        let layers = image.config.rootfs.diff_ids.iter().map(ToString::to_string);
        inspect.root_fs.layers = Some(layers.collect());
        inspect.metadata.last_tag_time = wire(image.last_tagged);
        if !image.config.os_version.is_empty() {
            inspect.os_version = Some(image.config.os_version.clone());
        }
        Ok(inspect)
    }

    /// How an image was made, newest step first.
    pub fn history(&self, name: &str) -> Result<Vec<ImageHistoryResponseItem>> {
        let items = self.shared.images.history(name)?;
        Ok(items
            .into_iter()
            .map(|item| ImageHistoryResponseItem {
                id: item
                    .id
                    .map_or_else(|| "<missing>".into(), |id| id.to_string()),
                created: UnixSeconds(item.created.map_or(0, |time| time.as_second())),
                created_by: item.created_by,
                tags: (!item.tags.is_empty()).then_some(item.tags),
                size: i64::try_from(item.size).unwrap_or(i64::MAX),
                comment: item.comment,
            })
            .collect())
    }

    /// Gives an image another name.
    pub async fn tag(&self, name: &str, repo: &str, tag: &str) -> Result<()> {
        let reference = Reference::for_tag(repo, tag).map_err(bad_reference)?;
        let id = self.shared.images.get(name)?.id;
        let (store, target) = (self.shared.images.clone(), reference.clone());
        let source = id.to_string();
        blocking(move || Ok(store.tag(&source, &target)?)).await?;
        self.publish("tag", &id, &as_given(&reference, repo, tag));
        Ok(())
    }

    /// Removes a name, or an image with its names.
    pub async fn remove(
        &self,
        name: &str,
        force: bool,
        noprune: bool,
    ) -> Result<Vec<ImageDeleteResponseItem>> {
        let options = RemoveOptions {
            force,
            noprune,
            ..RemoveOptions::default()
        };
        self.remove_as(name, options, false).await
    }

    /// The same for what nobody asked to be removed: what builds use stays, and
    /// what is known by its ID as long as it has no name.
    pub(crate) async fn remove_unused(&self, name: &str) -> Result<Vec<ImageDeleteResponseItem>> {
        let options = RemoveOptions {
            unnamed: name.parse::<ImageId>().is_ok(),
            ..RemoveOptions::default()
        };
        self.remove_as(name, options, true).await
    }

    async fn remove_as(
        &self,
        name: &str,
        options: RemoveOptions,
        beside_builds: bool,
    ) -> Result<Vec<ImageDeleteResponseItem>> {
        if name.trim().is_empty() {
            return Err(Error::bad_parameter("image name cannot be blank"));
        }
        let mut usages = self.usages();
        // When it is gone nobody knows them any more.
        let labels = match self.shared.images.get(name) {
            Ok(image) => image.config.config.labels.clone().unwrap_or_default(),
            Err(_) => BTreeMap::new(),
        };
        let (shared, name) = (self.shared.clone(), name.to_owned());
        let remove = move || {
            let store = &shared.images;
            Ok(match beside_builds {
                false => store.remove(&name, options, &usages)?,
                true => shared.held_images.beside(|held| {
                    usages.extend(held);
                    store.remove(&name, options, &usages)
                })?,
            })
        };
        let removed = blocking(remove).await?;
        Ok(removed
            .into_iter()
            .map(|removed| {
                let mut item = ImageDeleteResponseItem::default();
                match removed {
                    Removed::Untagged { reference, image } => {
                        self.publish_with(labels.clone(), "untag", &image, &image.to_string());
                        item.untagged = Some(reference);
                    }
                    Removed::Image(image) => {
                        self.publish("delete", &image, &image.to_string());
                        item.deleted = Some(image.to_string());
                    }
                    Removed::Layer(chain) => item.deleted = Some(chain.to_string()),
                }
                item
            })
            .collect())
    }

    /// What containers use.
    fn usages(&self) -> Vec<Usage> {
        let usage = |snapshot: &crate::container::registry::Snapshot| {
            Some(Usage {
                container: snapshot.id().to_owned(),
                image: snapshot.record.image.parse().ok()?,
                running: snapshot.state.phase.counts_as_running(),
            })
        };
        let all = self.shared.registry.snapshots();
        all.iter().filter_map(|snapshot| usage(snapshot)).collect()
    }

    fn graph_driver(&self, image: &Image) -> GraphDriverData {
        let dirs = match &image.chain {
            Some(chain) => self.shared.images.lower_dirs(chain),
            None => Vec::new(),
        };
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut texts = dirs.iter().map(|dir| text(dir));
        let mut data = BTreeMap::new();
        if let (Some(upper), Some(dir)) = (texts.next(), dirs.first()) {
            data.insert("MergedDir".to_owned(), text(&dir.with_file_name("merged")));
            data.insert("UpperDir".to_owned(), upper);
            data.insert("WorkDir".to_owned(), text(&dir.with_file_name("work")));
        }
        let lower: Vec<String> = texts.collect();
        if !lower.is_empty() {
            data.insert("LowerDir".to_owned(), lower.join(":"));
        }
        GraphDriverData {
            name: STORAGE_DRIVER.into(),
            data: Some(data),
        }
    }

    fn publish(&self, action: &str, id: &ImageId, name: &str) {
        let image = self.shared.images.image(id);
        let labels = image.and_then(|image| image.config.config.labels.clone());
        self.publish_with(labels.unwrap_or_default(), action, id, name);
    }

    fn publish_with(
        &self,
        mut attributes: BTreeMap<String, String>,
        action: &str,
        id: &ImageId,
        name: &str,
    ) {
        attributes.insert("name".into(), name.to_owned());
        self.shared
            .events
            .publish(EventKind::Image, action, id.to_string(), attributes);
    }

    /// Tells what happened to an image that is known by a reference.
    fn publish_reference(&self, action: &str, reference: &Reference) {
        let familiar = reference.familiar();
        let image = self.shared.images.get(&familiar).ok();
        let mut attributes = image
            .and_then(|image| image.config.config.labels.clone())
            .unwrap_or_default();
        attributes.insert("name".into(), reference.familiar_name());
        self.shared
            .events
            .publish(EventKind::Image, action, familiar, attributes);
    }
}

/// A reference as events name it: without a tag that nobody gave.
fn as_given(reference: &Reference, repo: &str, tag: &str) -> String {
    let tagged = !tag.is_empty() || Reference::parse(repo).is_ok_and(|it| it.tag().is_some());
    match tagged {
        true => reference.familiar(),
        false => reference.familiar_name(),
    }
}

/// Its own comment, or that of the last step.
fn comment(image: &Image) -> String {
    match (image.config.comment.as_str(), image.config.history.last()) {
        ("", Some(last)) => last.comment.clone(),
        (own, _) => own.to_owned(),
    }
}

/// Between the forms of a configuration: the store's and the API's.
fn convert<T: serde::de::DeserializeOwned>(
    what: impl std::fmt::Display,
    config: &impl serde::Serialize,
) -> Result<T> {
    serde_json::to_value(config)
        .and_then(serde_json::from_value)
        .context(format!("configuration of {what}"))
}

fn bad_reference(error: impl std::fmt::Display) -> Error {
    Error::bad_parameter(error.to_string())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("images")?
}
