//! The cache: images that were made of the same parent by the same step.
//!
//! A step is known by its parent and the configuration of the container that it
//! would run in, whose command holds the instruction and the digest of what is
//! copied. Where the client names images to take steps from, those of this
//! machine count only if such an image was made of them; else the step is taken
//! over from the history of a named image.

use std::sync::Mutex;

use longshore_image::store::{Image, NewImage, Store};
use longshore_oci::config::{ImageConfig, RunConfig};
use longshore_oci::digest::{ChainId, ImageId, chain_ids};

use super::lock;
use crate::error::Result;

/// Where steps are looked for.
pub(super) struct Cache {
    enabled: bool,
    /// Images whose steps count, where the client named some.
    sources: Option<Mutex<Vec<Image>>>,
}

impl Cache {
    /// The cache of a build. Images that are not here are skipped, as long as
    /// they are named at all no others count.
    pub(super) fn new(store: &Store, disabled: bool, from: &[String]) -> Cache {
        let sources = from.iter().filter_map(|name| match store.get(name) {
            Ok(image) => Some(image),
            Err(error) => {
                tracing::warn!(image = name, %error, "nothing to take steps from");
                None
            }
        });
        Cache {
            enabled: !disabled,
            sources: (!from.is_empty()).then(|| Mutex::new(sources.collect())),
        }
    }

    /// Whether any step may be taken from somewhere.
    pub(super) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The image that the step made before, if there is one. `config` is the
    /// configuration that the image itself is to have.
    pub(super) fn find(
        &self,
        store: &Store,
        parent: Option<&Image>,
        step: &RunConfig,
        config: &RunConfig,
    ) -> Result<Option<Image>> {
        if !self.enabled {
            return Ok(None);
        }
        let id = parent.map(|parent| &parent.id);
        let local = store.newest_child(id, |child| {
            child
                .container_config
                .as_ref()
                .is_some_and(|made| is_same(made, step))
        });
        let Some(sources) = &self.sources else {
            return Ok(local);
        };
        let mut sources = lock(sources);
        if let Some(found) = local
            && sources
                .iter()
                .any(|source| is_made_of(store, source, &found.id))
        {
            return Ok(Some(found));
        }
        let done = parent.map_or(0, |parent| parent.config.history.len());
        let expected = step.cmd.clone().unwrap_or_default().join(" ");
        let source = sources.iter().find(|source| {
            continues(source, parent)
                && source
                    .config
                    .history
                    .get(done)
                    .is_some_and(|entry| entry.created_by == expected)
        });
        let Some(source) = source.cloned() else {
            return Ok(None);
        };
        let taken = take_over(store, &source, parent, config)?;
        // The next steps are those of the same image.
        *sources = vec![source];
        Ok(store.image(&taken))
    }
}

/// Whether one image was made of another, over any number of steps.
fn is_made_of(store: &Store, image: &Image, ancestor: &ImageId) -> bool {
    let mut current = Some(image.id.clone());
    while let Some(id) = current {
        if id == *ancestor {
            return true;
        }
        current = store.image(&id).and_then(|image| image.parent);
    }
    false
}

/// Whether the steps and layers of `parent` are the first ones of `image`.
fn continues(image: &Image, parent: Option<&Image>) -> bool {
    let Some(parent) = parent else {
        return !image.config.history.is_empty();
    };
    let (ours, theirs) = (&parent.config, &image.config);
    theirs.history.len() > ours.history.len()
        && theirs.history.starts_with(&ours.history)
        && theirs.rootfs.diff_ids.starts_with(&ours.rootfs.diff_ids)
}

/// The image up to the step behind `parent`.
fn take_over(
    store: &Store,
    image: &Image,
    parent: Option<&Image>,
    config: &RunConfig,
) -> Result<ImageId> {
    let done = parent.map_or(0, |parent| parent.config.history.len());
    let theirs = &image.config;
    if theirs.history.len() == done + 1 {
        return Ok(image.id.clone());
    }
    let history = theirs.history[..=done].to_vec();
    let layers = history.iter().filter(|entry| !entry.empty_layer).count();
    let base = chain_ids(&theirs.rootfs.diff_ids)
        .get(..layers)
        .and_then(<[ChainId]>::last)
        .cloned();
    let new = NewImage {
        config: ImageConfig {
            architecture: theirs.architecture.clone(),
            variant: theirs.variant.clone(),
            os: theirs.os.clone(),
            author: theirs.author.clone(),
            docker_version: theirs.docker_version.clone(),
            created: history.last().and_then(|entry| entry.created),
            config: config.clone(),
            history,
            ..ImageConfig::default()
        },
        base,
        layers: Vec::new(),
        parent: parent.map(|parent| parent.id.clone()),
        references: Vec::new(),
    };
    Ok(store.put_soon(new)?)
}

/// Whether two configurations are those of the same step: what differs in each
/// container, and what a step cannot change, does not count. Everything that a
/// step can change does, though the instruction is part of the command: as text
/// it does not always tell different values apart.
fn is_same(a: &RunConfig, b: &RunConfig) -> bool {
    fn list<T: PartialEq>(a: &Option<Vec<T>>, b: &Option<Vec<T>>) -> bool {
        a.as_deref().unwrap_or_default() == b.as_deref().unwrap_or_default()
    }
    fn map<T: PartialEq + Default>(a: &Option<T>, b: &Option<T>) -> bool {
        let none = T::default();
        a.as_ref().unwrap_or(&none) == b.as_ref().unwrap_or(&none)
    }
    !a.open_stdin
        && !b.open_stdin
        && a.attach_stdout == b.attach_stdout
        && a.attach_stderr == b.attach_stderr
        && a.user == b.user
        && a.tty == b.tty
        && list(&a.cmd, &b.cmd)
        && list(&a.env, &b.env)
        && list(&a.entrypoint, &b.entrypoint)
        && list(&a.shell, &b.shell)
        && list(&a.on_build, &b.on_build)
        && a.working_dir == b.working_dir
        && a.stop_signal == b.stop_signal
        && a.healthcheck == b.healthcheck
        && map(&a.labels, &b.labels)
        && map(&a.exposed_ports, &b.exposed_ports)
        && map(&a.volumes, &b.volumes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_each_container_does_not_count() {
        let step = RunConfig {
            cmd: Some(vec!["/bin/sh".into(), "-c".into(), "#(nop) ".into()]),
            env: Some(vec!["A=1".into()]),
            ..RunConfig::default()
        };
        let mut made = RunConfig {
            hostname: "0123456789ab".into(),
            image: "sha256:0".into(),
            labels: Some(Default::default()),
            on_build: Some(Vec::new()),
            ..step.clone()
        };
        assert!(is_same(&made, &step));
        made.user = "www".into();
        assert!(!is_same(&made, &step));
        made.user = String::new();
        made.env = Some(vec!["A=2".into()]);
        assert!(!is_same(&made, &step));
    }

    #[test]
    fn everything_that_a_step_can_set_counts() {
        let step = RunConfig::default();
        let words = || Some(vec!["x".to_owned()]);
        type Change = Box<dyn Fn(&mut RunConfig)>;
        let changes: [Change; 11] = [
            Box::new(|made| made.user = "x".into()),
            Box::new(move |made| made.cmd = words()),
            Box::new(move |made| made.env = words()),
            Box::new(move |made| made.entrypoint = words()),
            Box::new(move |made| made.shell = words()),
            Box::new(move |made| made.on_build = words()),
            Box::new(|made| made.working_dir = "/x".into()),
            Box::new(|made| made.stop_signal = "9".into()),
            Box::new(|made| made.healthcheck = Some(Default::default())),
            Box::new(|made| made.labels = Some([("x".into(), "y".into())].into())),
            Box::new(|made| made.volumes = Some([("/x".into(), Default::default())].into())),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut made = step.clone();
            change(&mut made);
            assert!(!is_same(&made, &step), "change {number}");
        }
    }
}
