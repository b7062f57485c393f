//! Commit: an image of what a container has made of its own.

use jiff::Timestamp;
use longshore_api::types::ContainerConfig;
use longshore_dockerfile::apply;
use longshore_image::store::{Image, NewImage, Store};
use longshore_oci::config::{HistoryEntry, ImageConfig, RunConfig, host_architecture};
use longshore_oci::digest::ImageId;
use longshore_oci::reference::Reference;

use super::{Images, as_given, bad_reference, blocking, convert};
use crate::build::note_result;
use crate::container::record::Record;
use crate::container::state::Request;
use crate::container::{Containers, allow, create, unattended};
use crate::error::{Error, Result};

/// What a container becomes.
#[derive(Clone, Debug, Default)]
pub struct CommitRequest {
    /// The container, by name or id.
    pub container: String,
    /// Repository, empty for a dangling image.
    pub repo: String,
    /// Tag, empty for `latest`.
    pub tag: String,
    /// Comment.
    pub comment: String,
    /// Author.
    pub author: String,
    /// Whether its processes are frozen meanwhile, if they run.
    pub pause: bool,
    /// Dockerfile instructions.
    pub changes: Vec<String>,
    /// The configuration to begin with, filled up with the container's; none
    /// for the container's own.
    pub config: Option<ContainerConfig>,
}

impl Images {
    /// Makes an image of a container, running or not; returns the image's id.
    pub async fn commit(&self, request: CommitRequest) -> Result<String> {
        // What was frozen must go on, whoever still waits.
        let images = self.clone();
        unattended(async move { images.commit_attended(request).await }).await
    }

    async fn commit_attended(&self, request: CommitRequest) -> Result<String> {
        let handle = self.shared.registry.get(&request.container)?;
        let snapshot = handle.snapshot();
        allow(&snapshot, Request::Commit, &request.container)?;
        let reference = match request.repo.as_str() {
            "" => None,
            repo => Some(Reference::for_tag(repo, &request.tag).map_err(bad_reference)?),
        };
        let record = &snapshot.record;
        let config = configuration(&request, record)?;
        let containers = Containers::new(self.shared.clone());
        // One that does not run, or is frozen already, stays as it is.
        let paused = request.pause && containers.pause(&record.id).await.is_ok();
        let committed = self.make(request, record, config, reference).await;
        if paused {
            // It may have been killed or removed meanwhile.
            containers.unpause(&record.id).await.ok();
        }
        committed
    }

    async fn make(
        &self,
        request: CommitRequest,
        record: &Record,
        config: RunConfig,
        reference: Option<Reference>,
    ) -> Result<String> {
        let image = match record.image.as_str() {
            "" => None,
            id => Some(self.shared.images.get(id)?),
        };
        let child = ImageConfig {
            config,
            container: record.id.clone(),
            container_config: Some(convert("container", &record.config)?),
            docker_version: self.shared.config.version.clone(),
            author: request.author,
            ..on_top_of(image.as_ref())
        };
        let step = HistoryEntry {
            author: child.author.clone(),
            created_by: match &record.config.cmd {
                Some(cmd) => cmd.0.join(" "),
                None => String::new(),
            },
            comment: request.comment.clone(),
            ..HistoryEntry::default()
        };
        let (store, container) = (self.shared.images.clone(), record.id.clone());
        let references: Vec<Reference> = reference.into_iter().collect();
        let (repo, tag) = (&request.repo, &request.tag);
        let name = references.first().map(|it| as_given(it, repo, tag));
        let id = blocking(move || {
            let parent = image.as_ref();
            commit(&store, &container, parent, child, step, references)
        });
        let id = id.await?;
        match &name {
            Some(name) => self.publish("tag", &id, name),
            None => note_result(&self.shared, &id),
        }
        let attributes = [
            ("comment", request.comment),
            ("imageID", id.to_string()),
            ("imageRef", name.unwrap_or_default()),
        ];
        self.shared.publish_container(record, "commit", &attributes);
        Ok(id.to_string())
    }
}

/// The configuration of the image: what the client gave, changed by the
/// instructions, filled up with the container's.
fn configuration(request: &CommitRequest, record: &Record) -> Result<RunConfig> {
    let given = request.config.as_ref().unwrap_or(&record.config);
    let mut config: RunConfig = convert("commit", given)?;
    apply::changes(&mut config, &request.changes)?;
    let mut config: ContainerConfig = convert("commit", &config)?;
    config.labels.get_or_insert_default();
    create::merge(&mut config, &record.config);
    convert("commit", &config)
}

/// What an image takes over from the one below it.
fn on_top_of(parent: Option<&Image>) -> ImageConfig {
    let mut config = ImageConfig {
        architecture: host_architecture().to_owned(),
        os: "linux".to_owned(),
        ..ImageConfig::default()
    };
    if let Some(parent) = parent {
        if !parent.config.architecture.is_empty() {
            config.architecture.clone_from(&parent.config.architecture);
        }
        config.variant.clone_from(&parent.config.variant);
        config.os_version.clone_from(&parent.config.os_version);
        config.history.clone_from(&parent.config.history);
        if let Some(features) = parent.config.extra.get("os.features") {
            let features = features.clone();
            config.extra.insert("os.features".to_owned(), features);
        }
    }
    config
}

fn commit(
    store: &Store,
    container: &str,
    parent: Option<&Image>,
    mut config: ImageConfig,
    mut step: HistoryEntry,
    references: Vec<Reference>,
) -> Result<ImageId> {
    let upper = store.container_layer(container)?.upper;
    let layer = store.stage_upper(&upper)?;
    if store.container_layer(container).is_err() {
        return Err(Error::conflict(format!(
            "You cannot commit container {container} which is being removed"
        )));
    }
    let now = Some(Timestamp::now());
    (config.created, step.created) = (now, now);
    step.empty_layer = layer.is_none();
    config.history.push(step);
    Ok(store.put(NewImage {
        config,
        base: parent.and_then(|parent| parent.chain.clone()),
        layers: layer.into_iter().collect(),
        parent: parent.map(|parent| parent.id.clone()),
        references,
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use longshore_api::types::HostConfig;

    fn record(config: ContainerConfig) -> Record {
        let host = HostConfig::default();
        let networks = Default::default();
        Record::new(
            "c0".into(),
            "n".into(),
            String::new(),
            config,
            host,
            networks,
        )
    }

    fn container() -> ContainerConfig {
        ContainerConfig {
            hostname: "own".into(),
            tty: true,
            image: "busybox".into(),
            env: Some(vec!["B=2".into(), "A=1".into()]),
            cmd: Some(["sh"].into_iter().collect()),
            labels: Some([("k".to_owned(), "v".to_owned())].into()),
            ..ContainerConfig::default()
        }
    }

    #[test]
    fn without_a_body_the_container_s_own_configuration_is_changed() {
        let request = CommitRequest {
            changes: vec!["ENV A=9 Z=1".into(), "ENTRYPOINT [\"x\"]".into()],
            ..CommitRequest::default()
        };
        let config = configuration(&request, &record(container())).unwrap();
        assert_eq!(config.hostname, "own");
        assert_eq!(config.image, "busybox");
        assert!(config.tty);
        assert_eq!(config.env.unwrap(), ["B=2", "A=9", "Z=1"]);
        assert_eq!(config.entrypoint.unwrap(), ["x"]);
        assert_eq!(config.cmd, None);
    }

    #[test]
    fn a_body_is_filled_up_with_what_an_image_gives_to_a_container() {
        let request = CommitRequest {
            config: Some(ContainerConfig {
                hostname: "x".into(),
                env: Some(vec!["A=9".into(), "Z=1".into()]),
                labels: Some([("k".to_owned(), "mine".to_owned())].into()),
                ..ContainerConfig::default()
            }),
            ..CommitRequest::default()
        };
        let config = configuration(&request, &record(container())).unwrap();
        assert_eq!((config.hostname.as_str(), config.tty), ("x", false));
        assert_eq!(config.image, "");
        assert_eq!(config.env.unwrap(), ["A=9", "Z=1", "B=2"]);
        assert_eq!(config.cmd.unwrap(), ["sh"]);
        assert_eq!(config.labels.unwrap()["k"], "mine");
    }

    #[test]
    fn an_instruction_that_needs_a_build_is_refused() {
        for change in ["RUN x", "STOPSIGNAL 9", "COPY a b"] {
            let request = CommitRequest {
                changes: vec![change.into()],
                ..CommitRequest::default()
            };
            let error = configuration(&request, &record(container())).unwrap_err();
            let word = change.split(' ').next().unwrap().to_lowercase();
            assert_eq!(
                error.message,
                format!("{word} is not a valid change command")
            );
        }
    }
}
