//! Repositories: which blobs and manifests they have, and their tags.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use longshore_oci::digest::Digest;

use super::names::{RepositoryName, Tag};
use super::{Store, absent, make_directory, parent, present, sync_directory};

/// The longest file that holds a media type or a digest.
const SHORT: usize = 512;

/// A manifest on its way in, already checked.
pub(crate) struct NewManifest<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) media_type: &'a str,
    /// The manifest that this one is about.
    pub(crate) subject: Option<&'a Digest>,
    pub(crate) tag: Option<&'a Tag>,
}

impl Store {
    /// Whether `repository` has this blob, and how long it is. Whoever asks may
    /// rely on the answer as long as the grace of the collection is.
    pub(crate) fn blob_in(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> io::Result<Option<u64>> {
        let _kept = self.no_collection();
        let size = self.linked_size(repository, digest)?;
        let link = self.layers(repository).join(digest.hex());
        if size.is_some() && age(&fs::metadata(&link)?) > self.grace / 4 {
            File::options()
                .write(true)
                .open(&link)?
                .set_modified(SystemTime::now())?;
        }
        Ok(size)
    }

    /// The same without a promise.
    pub(crate) fn linked_size(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> io::Result<Option<u64>> {
        match present(fs::metadata(self.layers(repository).join(digest.hex())))? {
            Some(_) => self.blob_size(digest),
            None => Ok(None),
        }
    }

    /// Gives `to` the blob that `from`, or if that is `None` anybody, has.
    pub(crate) fn mount(
        &self,
        digest: &Digest,
        from: Option<&RepositoryName>,
        to: &RepositoryName,
    ) -> io::Result<bool> {
        let size = match from {
            Some(from) => self.blob_in(from, digest)?,
            None => self.blob_size(digest)?,
        };
        let _kept = self.no_collection();
        if size.is_none() || self.blob_size(digest)?.is_none() {
            return Ok(false);
        }
        self.link_blob(to, digest)?;
        Ok(true)
    }

    pub(super) fn link_blob(&self, repository: &RepositoryName, digest: &Digest) -> io::Result<()> {
        let directory = self.layers(repository);
        make_directory(&directory)?;
        let link = File::create(directory.join(digest.hex()))?;
        link.set_modified(SystemTime::now())?;
        sync_directory(&directory)
    }

    /// Takes a blob away from a repository; `false` if it did not have it.
    pub(crate) fn unlink_blob(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> io::Result<bool> {
        remove(&self.layers(repository).join(digest.hex()))
    }

    /// Keeps a manifest if `complete` finds what it refers to; then no
    /// collection can come between.
    pub(crate) fn put_manifest<E: From<io::Error>>(
        &self,
        repository: &RepositoryName,
        new: &NewManifest<'_>,
        complete: impl FnOnce() -> Result<(), E>,
    ) -> Result<Digest, E> {
        let _kept = self.no_collection();
        complete()?;
        let digest = self.keep(new.bytes)?;
        if let Some(subject) = new.subject {
            let referrer = self.referrers_of(repository, subject).join(digest.hex());
            self.write(&referrer, new.media_type.as_bytes())?;
        }
        let link = self.manifests(repository).join(digest.hex());
        self.write(&link, new.media_type.as_bytes())?;
        if let Some(tag) = new.tag {
            self.set_tag(repository, tag, &digest)?;
        }
        Ok(digest)
    }

    /// The media type of a manifest that `repository` has.
    pub(crate) fn manifest_type(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> io::Result<Option<String>> {
        short(&self.manifests(repository).join(digest.hex()))
    }

    /// Takes a manifest and the tags that lead to it away.
    pub(crate) fn delete_manifest(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        subject: Option<&Digest>,
    ) -> io::Result<bool> {
        let _kept = self.no_collection();
        for tag in self.tags(repository)?.unwrap_or_default() {
            if self.tag(repository, &tag)?.as_ref() == Some(digest) {
                remove(&self.tag_path(repository, &tag))?;
            }
        }
        let was_there = remove(&self.manifests(repository).join(digest.hex()))?;
        if let Some(subject) = subject {
            remove(&self.referrers_of(repository, subject).join(digest.hex()))?;
        }
        Ok(was_there)
    }

    /// Takes all manifests and tags of a repository away.
    pub(crate) fn delete_repository(&self, repository: &RepositoryName) -> io::Result<bool> {
        let _kept = self.no_collection();
        let was_there = self.manifests(repository).is_dir();
        for tag in self.tags(repository)?.unwrap_or_default() {
            self.delete_tag(repository, &tag)?;
        }
        // Tags first: none may lead to what is gone.
        for part in ["_manifests", "_referrers", "_tags", "_layers"] {
            present(fs::remove_dir_all(self.repository(repository).join(part)))?;
        }
        Ok(was_there)
    }

    /// What a tag leads to.
    pub(crate) fn tag(&self, repository: &RepositoryName, tag: &Tag) -> io::Result<Option<Digest>> {
        let Some(text) = short(&self.tag_path(repository, tag))? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(io::Error::other)
    }

    /// Makes a tag lead to a manifest that the repository has.
    pub(crate) fn set_tag(
        &self,
        repository: &RepositoryName,
        tag: &Tag,
        digest: &Digest,
    ) -> io::Result<()> {
        self.write(
            &self.tag_path(repository, tag),
            digest.to_string().as_bytes(),
        )
    }

    /// Takes a tag away; `false` if there was none.
    pub(crate) fn delete_tag(&self, repository: &RepositoryName, tag: &Tag) -> io::Result<bool> {
        remove(&self.tag_path(repository, tag))
    }

    /// The tags in their order, or `None` if there is no such repository.
    pub(crate) fn tags(&self, repository: &RepositoryName) -> io::Result<Option<Vec<Tag>>> {
        if !self.manifests(repository).is_dir() {
            return Ok(None);
        }
        let mut tags: Vec<Tag> = entries(&self.repository(repository).join("_tags"))?
            .iter()
            .filter_map(|name| Tag::new(name))
            .collect();
        tags.sort();
        Ok(Some(tags))
    }

    /// The manifests that are about `subject`.
    pub(crate) fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
    ) -> io::Result<Vec<Digest>> {
        digests(&self.referrers_of(repository, subject))
    }

    /// The repositories with a manifest, in the order of their names.
    pub(crate) fn repositories(&self) -> io::Result<Vec<RepositoryName>> {
        let mut found = Vec::new();
        self.walk(&mut |name| {
            if !entries(&self.manifests(&name))?.is_empty() {
                found.push(name);
            }
            Ok(())
        })?;
        found.sort();
        Ok(found)
    }

    /// Visits every repository, those on their way in too.
    pub(super) fn walk(
        &self,
        visit: &mut dyn FnMut(RepositoryName) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut ahead = vec![String::new()];
        while let Some(prefix) = ahead.pop() {
            let names = entries(&self.root.join("repositories").join(&prefix))?;
            if names.iter().any(|name| name.starts_with('_'))
                && let Some(name) = RepositoryName::new(&prefix)
            {
                visit(name)?;
            }
            for name in names.iter().filter(|name| !name.starts_with('_')) {
                ahead.push(if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}/{name}")
                });
            }
        }
        Ok(())
    }

    pub(super) fn repository(&self, name: &RepositoryName) -> PathBuf {
        self.root.join("repositories").join(name.as_str())
    }

    pub(super) fn layers(&self, name: &RepositoryName) -> PathBuf {
        self.repository(name).join("_layers")
    }

    pub(super) fn manifests(&self, name: &RepositoryName) -> PathBuf {
        self.repository(name).join("_manifests")
    }

    pub(super) fn referrers_of(&self, name: &RepositoryName, subject: &Digest) -> PathBuf {
        self.repository(name).join("_referrers").join(subject.hex())
    }

    fn tag_path(&self, name: &RepositoryName, tag: &Tag) -> PathBuf {
        self.repository(name).join("_tags").join(tag.as_str())
    }
}

/// How long ago a file was last changed.
pub(super) fn age(found: &fs::Metadata) -> Duration {
    found
        .modified()
        .ok()
        .and_then(|time| SystemTime::now().duration_since(time).ok())
        .unwrap_or_default()
}

/// The names in a directory that may be missing.
pub(super) fn entries(directory: &Path) -> io::Result<Vec<String>> {
    let Some(found) = present(fs::read_dir(directory))? else {
        return Ok(Vec::new());
    };
    found
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// The digests in a directory, in their order.
pub(super) fn digests(directory: &Path) -> io::Result<Vec<Digest>> {
    let mut found: Vec<Digest> = entries(directory)?
        .iter()
        .filter_map(|name| Digest::from_hex(name).ok())
        .collect();
    found.sort();
    Ok(found)
}

/// Removes a file, to last; `false` if it was not there.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => sync_directory(parent(path)?).map(|()| true),
        Err(error) if absent(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn short(path: &Path) -> io::Result<Option<String>> {
    use std::io::Read as _;
    let Some(file) = present(File::open(path))? else {
        return Ok(None);
    };
    let mut text = String::new();
    file.take(SHORT as u64).read_to_string(&mut text)?;
    Ok(Some(text))
}
