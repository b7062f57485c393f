//! Save: images as an archive that dockerd 1.10 and later load.
//!
//! Besides `manifest.json` and the configurations, each layer has a directory
//! with `VERSION`, `json` and `layer.tar`, and `repositories` names the tags:
//! what engines before manifests read. The same images give the same bytes.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fs,
    io::{self, Read, Write},
    path::PathBuf,
};

use serde::Serialize;

use crate::{
    error::{At, Error},
    layer,
    store::{Image, Store},
};
use longshore_oci::{
    digest::{ChainId, ImageId},
    reference::Reference,
};

/// What an archive will hold. The layers' files are open: removing an image
/// does not disturb a plan that was made before.
pub struct SavePlan {
    images: Vec<PlannedImage>,
    layers: BTreeMap<ChainId, PlannedLayer>,
}

struct PlannedImage {
    id: ImageId,
    config: Vec<u8>,
    tags: Vec<Reference>,
    parent: Option<ImageId>,
    layers: Vec<ChainId>,
    /// Seconds since the epoch; not before it.
    created: u64,
}

struct PlannedLayer {
    parent: Option<ChainId>,
    size: u64,
    file: fs::File,
    path: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ManifestItem {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
}

/// Finds the images. A name without a tag stands for all tags of that
/// repository; an ID for an image without its tags.
pub fn plan(store: &Store, names: &[String]) -> Result<SavePlan, Error> {
    let mut plan = SavePlan {
        images: Vec::new(),
        layers: BTreeMap::new(),
    };
    for name in names {
        for (image, tag) in chosen(store, name)? {
            plan.add(store, image, tag)?;
        }
    }
    let ids: BTreeSet<ImageId> = plan.images.iter().map(|image| image.id.clone()).collect();
    for image in &mut plan.images {
        image.parent = image.parent.take().filter(|parent| ids.contains(parent));
    }
    Ok(plan)
}

/// The images that a name stands for, each with the tag it was called by.
fn chosen(store: &Store, name: &str) -> Result<Vec<(Image, Option<Reference>)>, Error> {
    let Ok(reference) = Reference::parse(name) else {
        // An ID, or a name that `get` refuses in the right words.
        return Ok(vec![(store.get(name)?, None)]);
    };
    if reference.tag().is_some() || reference.digest().is_some() {
        return match store.get(name) {
            Ok(image) if image.references.contains(&reference) => {
                let tag = Some(reference).filter(|it| it.digest().is_none());
                Ok(vec![(image, tag)])
            }
            // `sha256:` and a short ID also parse as a name with a tag.
            Ok(image) => Ok(vec![(image, None)]),
            Err(Error::NoSuchImage(_)) => Err(Error::NoSuchReference),
            Err(error) => Err(error),
        };
    }
    let mut chosen = Vec::new();
    for image in store.list() {
        for own in image
            .references
            .iter()
            .filter(|it| it.same_repository(&reference))
        {
            let tag = Some(own.clone()).filter(|it| it.digest().is_none());
            chosen.push((image.clone(), tag));
        }
    }
    if chosen.is_empty() {
        match store.get(name) {
            Err(Error::NoSuchImage(_)) => return Err(Error::NoSuchImage(name.to_owned())),
            result => chosen.push((result?, None)),
        }
    }
    Ok(chosen)
}

impl SavePlan {
    fn add(&mut self, store: &Store, image: Image, tag: Option<Reference>) -> Result<(), Error> {
        if let Some(planned) = self.images.iter_mut().find(|it| it.id == image.id) {
            planned.tags.extend(tag);
            planned.tags.sort();
            planned.tags.dedup();
            return Ok(());
        }
        let path = store.disk().config(&image.id);
        let config = fs::read(&path).at(&path)?;
        let mut chain = Vec::new();
        for (id, record) in store.layers(&image.id) {
            chain.push(id.clone());
            if let Entry::Vacant(place) = self.layers.entry(id) {
                let path = store.disk().layer(place.key()).join("blob");
                let file = fs::File::open(&path).at(&path)?;
                let (parent, size) = (record.parent.clone(), record.stream_size);
                place.insert(PlannedLayer {
                    parent,
                    size,
                    file,
                    path,
                });
            }
        }
        let created = image.config.created.map_or(0, |time| time.as_second());
        self.images.push(PlannedImage {
            id: image.id,
            config,
            tags: tag.into_iter().collect(),
            parent: image.parent,
            layers: chain,
            created: u64::try_from(created).unwrap_or(0),
        });
        Ok(())
    }

    /// Writes the archive.
    pub fn write(&self, writer: impl Write) -> io::Result<()> {
        let mut archive = tar::Builder::new(writer);
        let mut written = BTreeSet::new();
        let mut manifest = Vec::new();
        let mut repositories: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for image in &self.images {
            for chain in &image.layers {
                if written.insert(chain) {
                    self.write_layer(&mut archive, image, chain)?;
                }
            }
            let config = format!("{}.json", image.id.hex());
            file(&mut archive, &config, &image.config, image.created)?;
            for tag in &image.tags {
                if let (Some(top), Some(version)) = (image.layers.last(), tag.tag()) {
                    let tags = repositories.entry(tag.familiar_name()).or_default();
                    tags.insert(version.to_owned(), top.hex().to_owned());
                }
            }
            manifest.push(image.manifest_item(config));
        }
        file(
            &mut archive,
            "manifest.json",
            &serde_json::to_vec(&manifest)?,
            0,
        )?;
        if !repositories.is_empty() {
            file(
                &mut archive,
                "repositories",
                &serde_json::to_vec(&repositories)?,
                0,
            )?;
        }
        archive.into_inner()?.flush()
    }

    fn write_layer(
        &self,
        archive: &mut tar::Builder<impl Write>,
        image: &PlannedImage,
        chain: &ChainId,
    ) -> io::Result<()> {
        let layer = &self.layers[chain];
        let name = chain.hex();
        let mut header = header(0, image.created);
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        archive.append_data(&mut header, format!("{name}/"), io::empty())?;
        file(archive, &format!("{name}/VERSION"), b"1.0", image.created)?;
        let json = serde_json::to_vec(&image.legacy(chain, layer.parent.as_ref())?)?;
        file(archive, &format!("{name}/json"), &json, image.created)?;
        // Reads by position: the plan may be written more than once.
        let blob = At0 {
            file: &layer.file,
            position: 0,
        };
        let stream = layer::decoded(blob)?;
        let mut exact = Exact {
            inner: stream,
            left: layer.size,
            path: &layer.path,
        };
        let mut header = self::header(layer.size, image.created);
        archive.append_data(&mut header, format!("{name}/layer.tar"), &mut exact)?;
        exact.finish()
    }
}

impl PlannedImage {
    fn manifest_item(&self, config: String) -> ManifestItem {
        let some = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
        let layers = self
            .layers
            .iter()
            .map(|chain| format!("{}/layer.tar", chain.hex()));
        ManifestItem {
            config,
            repo_tags: some(self.tags.iter().map(Reference::familiar).collect()),
            layers: some(layers.collect()),
            parent: self.parent.as_ref().map(ToString::to_string),
        }
    }

    /// The description of a layer for engines before manifests; the top one
    /// carries the image's configuration.
    fn legacy(&self, chain: &ChainId, parent: Option<&ChainId>) -> io::Result<serde_json::Value> {
        let mut json = serde_json::Map::new();
        if self.layers.last() == Some(chain) {
            let config: serde_json::Value = serde_json::from_slice(&self.config)?;
            if let serde_json::Value::Object(fields) = config {
                json = fields;
            }
            json.remove("rootfs");
            json.remove("history");
        } else {
            json.insert("created".to_owned(), "1970-01-01T00:00:00Z".into());
            json.insert("os".to_owned(), "linux".into());
        }
        json.insert("id".to_owned(), chain.hex().into());
        if let Some(parent) = parent {
            json.insert("parent".to_owned(), parent.hex().into());
        }
        Ok(json.into())
    }
}

fn header(size: u64, mtime: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(mtime);
    header
}

fn file(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    content: &[u8],
    mtime: u64,
) -> io::Result<()> {
    archive.append_data(&mut header(content.len() as u64, mtime), name, content)
}

/// A file read from its beginning without moving its own position.
struct At0<'a> {
    file: &'a fs::File,
    position: u64,
}

impl Read for At0<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = std::os::unix::fs::FileExt::read_at(self.file, buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

/// A stream that must be as long as was announced in its header.
struct Exact<'a, R> {
    inner: R,
    left: u64,
    path: &'a std::path::Path,
}

impl<R: Read> Exact<'_, R> {
    fn finish(mut self) -> io::Result<()> {
        let more = self.inner.read(&mut [0; 1])?;
        match (self.left, more) {
            (0, 0) => Ok(()),
            _ => Err(self.damaged()),
        }
    }

    fn damaged(&self) -> io::Error {
        let text = format!("{}: not the layer it was", self.path.display());
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

impl<R: Read> Read for Exact<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let count = self.inner.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(self.damaged());
        }
        self.left -= count as u64;
        Ok(count)
    }
}
