//! Save: images as an archive that every tool of this field loads.
//!
//! It is an OCI image layout (1.0), and `manifest.json` beside it is what
//! `docker load` reads since 1.10; both name the same blobs. What describes the
//! archive comes first, so that who reads it as a stream knows what follows.
//! Layers are uncompressed: their digests are their diff IDs, and one that is
//! here already need not be read. The same images give the same bytes.
//!
//! ```text
//! oci-layout  index.json  manifest.json  repositories
//! blobs/sha256/<hex>      image manifests, configurations, layers
//! ```

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry as Place},
    fs,
    io::{self, Read, Write},
    path::PathBuf,
};

use longshore_archive::{
    read::{Entry, Kind},
    write::ArchiveWriter,
};
use longshore_oci::{
    digest::{DiffId, Digest, ImageId},
    manifest::{Descriptor, Index, Manifest, media_type},
    reference::Reference,
};
use serde::Serialize;

use crate::{
    error::{At, Error},
    layer,
    store::{Image, Store},
};

/// How much of a layer is handed on at a time, in bytes.
const CHUNK: usize = 256 << 10;

/// What an archive will hold. The layers' files are open: removing an image
/// does not disturb a plan that was made before.
pub struct SavePlan {
    images: Vec<PlannedImage>,
    layers: BTreeMap<DiffId, PlannedLayer>,
}

struct PlannedImage {
    id: ImageId,
    config: Vec<u8>,
    tags: Vec<Reference>,
    parent: Option<ImageId>,
    layers: Vec<DiffId>,
}

struct PlannedLayer {
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
        let mut layers = Vec::new();
        for (chain, record) in store.layers(&image.id) {
            layers.push(record.diff_id.clone());
            if let Place::Vacant(place) = self.layers.entry(record.diff_id.clone()) {
                let path = store.disk().layer(&chain).join("blob");
                let file = fs::File::open(&path).at(&path)?;
                let size = record.stream_size;
                place.insert(PlannedLayer { size, file, path });
            }
        }
        self.images.push(PlannedImage {
            id: image.id,
            config,
            tags: tag.into_iter().collect(),
            parent: image.parent,
            layers,
        });
        Ok(())
    }

    /// The images, in the order in which they were named.
    pub fn images(&self) -> impl Iterator<Item = &ImageId> {
        self.images.iter().map(|image| &image.id)
    }

    /// Writes the archive.
    pub fn write(&self, writer: impl Write) -> io::Result<()> {
        let mut archive = ArchiveWriter::new(writer);
        let mut blobs: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
        let mut described = Vec::new();
        let mut manifest = Vec::new();
        let mut repositories: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for image in &self.images {
            let bytes = serde_json::to_vec(&self.oci_manifest(image))?;
            let digest = Digest::of(&bytes);
            described.extend(image.described(&digest, bytes.len() as u64));
            blobs.insert(digest, bytes);
            blobs.insert(image.id.clone(), image.config.clone());
            for tag in &image.tags {
                if let (Some(top), Some(version)) = (image.layers.last(), tag.tag()) {
                    let tags = repositories.entry(tag.familiar_name()).or_default();
                    tags.insert(version.to_owned(), top.hex().to_owned());
                }
            }
            manifest.push(image.manifest_item());
        }
        let index = Index {
            schema_version: 2,
            media_type: Some(media_type::OCI_INDEX.to_owned()),
            artifact_type: None,
            manifests: described,
            subject: None,
            annotations: BTreeMap::new(),
        };
        let layout = serde_json::json!({ "imageLayoutVersion": "1.0.0" });
        file(&mut archive, "oci-layout", &serde_json::to_vec(&layout)?)?;
        file(&mut archive, "index.json", &serde_json::to_vec(&index)?)?;
        file(
            &mut archive,
            "manifest.json",
            &serde_json::to_vec(&manifest)?,
        )?;
        if !repositories.is_empty() {
            let bytes = serde_json::to_vec(&repositories)?;
            file(&mut archive, "repositories", &bytes)?;
        }
        for folder in ["blobs/", "blobs/sha256/"] {
            archive.entry(&entry(folder, Kind::Directory, 0))?;
        }
        for (digest, bytes) in &blobs {
            file(&mut archive, &blob_name(digest), bytes)?;
        }
        for (diff_id, layer) in &self.layers {
            layer.write(diff_id, &mut archive)?;
        }
        archive.finish()?.flush()
    }

    fn oci_manifest(&self, image: &PlannedImage) -> Manifest {
        let layer = |diff_id: &DiffId| {
            let size = self.layers.get(diff_id).map_or(0, |layer| layer.size);
            descriptor(media_type::OCI_LAYER, diff_id, size)
        };
        let size = image.config.len() as u64;
        Manifest {
            schema_version: 2,
            media_type: Some(media_type::OCI_MANIFEST.to_owned()),
            artifact_type: None,
            config: descriptor(media_type::OCI_CONFIG, &image.id, size),
            layers: image.layers.iter().map(layer).collect(),
            subject: None,
            annotations: BTreeMap::new(),
        }
    }
}

impl PlannedLayer {
    fn write(&self, diff_id: &DiffId, archive: &mut ArchiveWriter<impl Write>) -> io::Result<()> {
        archive.entry(&entry(&blob_name(diff_id), Kind::File, self.size))?;
        // Reads by position: the plan may be written more than once.
        let blob = At0 {
            file: &self.file,
            position: 0,
        };
        let mut exact = Exact {
            inner: layer::decoded(blob)?,
            left: self.size,
            path: &self.path,
        };
        let mut buffer = vec![0; CHUNK];
        loop {
            match exact.read(&mut buffer)? {
                0 => return exact.finish(),
                count => archive.write_all(&buffer[..count])?,
            }
        }
    }
}

impl PlannedImage {
    /// The image's manifest in the index: once for each of its tags.
    fn described(&self, manifest: &Digest, size: u64) -> Vec<Descriptor> {
        let plain = descriptor(media_type::OCI_MANIFEST, manifest, size);
        let tagged = |tag: &Reference| {
            let mut described = plain.clone();
            let mut note = |key: &str, value: String| {
                described.annotations.insert(key.to_owned(), value);
            };
            note("io.containerd.image.name", tag.to_string());
            if let Some(version) = tag.tag() {
                note("org.opencontainers.image.ref.name", version.to_owned());
            }
            described
        };
        match self.tags.as_slice() {
            [] => vec![plain],
            tags => tags.iter().map(tagged).collect(),
        }
    }

    fn manifest_item(&self) -> ManifestItem {
        let some = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
        ManifestItem {
            config: blob_name(&self.id),
            repo_tags: some(self.tags.iter().map(Reference::familiar).collect()),
            layers: some(self.layers.iter().map(blob_name).collect()),
            parent: self.parent.as_ref().map(ToString::to_string),
        }
    }
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn descriptor(kind: &str, digest: &Digest, size: u64) -> Descriptor {
    Descriptor {
        media_type: kind.to_owned(),
        size,
        digest: digest.clone(),
        urls: Vec::new(),
        platform: None,
        artifact_type: None,
        annotations: BTreeMap::new(),
    }
}

fn entry(name: &str, kind: Kind, size: u64) -> Entry {
    Entry {
        path: name.as_bytes().to_vec(),
        link: Vec::new(),
        kind,
        mode: match kind {
            Kind::Directory => 0o755,
            _ => 0o644,
        },
        uid: 0,
        gid: 0,
        size,
        mtime: (0, 0),
        device: (0, 0),
        xattrs: Vec::new(),
        sparse: None,
    }
}

fn file(archive: &mut ArchiveWriter<impl Write>, name: &str, content: &[u8]) -> io::Result<()> {
    archive.entry(&entry(name, Kind::File, content.len() as u64))?;
    archive.write_all(content)
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
