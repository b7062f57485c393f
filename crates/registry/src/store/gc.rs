//! Garbage collection: what no manifest needs goes.
//!
//! A push brings its blobs first and what refers to them last, so what is
//! younger than the grace is spared, and asking for a blob makes its link young
//! again. While it is decided and swept, nothing is linked: uploads go on, but
//! their commit, and manifests, wait. So it may run at any time, and a push that
//! it overtakes loses nothing that it was told is there.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use longshore_oci::digest::Digest;
use serde_json::Value;

use super::Store;
use super::names::RepositoryName;
use super::repositories::{age, digests, entries, remove};
use crate::Collected;
use crate::v2::manifests::LARGEST;

/// What a manifest refers to.
#[derive(Default)]
struct References {
    blobs: Vec<Digest>,
    manifests: Vec<Digest>,
    subject: Option<Digest>,
}

impl Store {
    /// Takes away what nobody needs; with `untagged`, manifests too to which no
    /// tag leads, neither over an index nor as what is said about another.
    pub(crate) fn collect(&self, untagged: bool) -> io::Result<Collected> {
        let _alone = self.collection();
        let mut done = Collected::default();
        let mut needed = HashSet::new();
        let mut names = Vec::new();
        self.walk(&mut |name| {
            names.push(name);
            Ok(())
        })?;
        for name in &names {
            self.collect_in(name, untagged, &mut needed, &mut done)?;
        }
        let young = self.collect_images(&needed)?;
        needed.extend(young);
        for shard in entries(&self.blobs_path())? {
            for blob in digests(&self.blobs_path().join(&shard))? {
                if !needed.contains(&blob) {
                    done.bytes += self.blob_size(&blob)?.unwrap_or(0);
                    done.blobs += 1;
                    fs::remove_file(self.blob_path(&blob))?;
                }
            }
        }
        Ok(done)
    }

    fn collect_in(
        &self,
        name: &RepositoryName,
        untagged: bool,
        needed: &mut HashSet<Digest>,
        done: &mut Collected,
    ) -> io::Result<()> {
        let mut all = Vec::new();
        for digest in digests(&self.manifests(name))? {
            let references = self.references_of(&digest)?;
            all.push((digest, references));
        }
        let kept = match untagged {
            true => self.reachable(name, &all)?,
            false => all.iter().map(|(digest, _)| digest.clone()).collect(),
        };
        let mut blobs = HashSet::new();
        for (digest, references) in all {
            let referrers = |subject: &Digest| self.referrers_of(name, subject);
            if kept.contains(&digest) {
                blobs.extend(references.blobs);
                needed.insert(digest);
            } else {
                remove(&self.manifests(name).join(digest.hex()))?;
                if let Some(subject) = &references.subject {
                    remove(&referrers(subject).join(digest.hex()))?;
                }
                done.manifests += 1;
            }
        }
        let layers = self.layers(name);
        for digest in digests(&layers)? {
            let link = layers.join(digest.hex());
            if blobs.contains(&digest) || age(&fs::metadata(&link)?) <= self.grace {
                needed.insert(digest);
            } else {
                remove(&link)?;
            }
        }
        self.tidy(name)
    }

    /// The manifests that a tag leads to, those that are young, and what they
    /// consist of or is said about them.
    fn reachable(
        &self,
        name: &RepositoryName,
        all: &[(Digest, References)],
    ) -> io::Result<HashSet<Digest>> {
        let mut kept = HashSet::new();
        for tag in self.tags(name)?.unwrap_or_default() {
            kept.extend(self.tag(name, &tag)?);
        }
        for (digest, _) in all {
            let link = self.manifests(name).join(digest.hex());
            if age(&fs::metadata(link)?) <= self.grace {
                kept.insert(digest.clone());
            }
        }
        loop {
            let before = kept.len();
            for (digest, references) in all {
                if kept.contains(digest) {
                    kept.extend(references.manifests.iter().cloned());
                } else if references
                    .subject
                    .as_ref()
                    .is_some_and(|s| kept.contains(s))
                {
                    kept.insert(digest.clone());
                }
            }
            if kept.len() == before {
                return Ok(kept);
            }
        }
    }

    /// What a manifest refers to. One that cannot be read stops the collection:
    /// nobody knows what it needs.
    fn references_of(&self, digest: &Digest) -> io::Result<References> {
        let bytes = self
            .read_blob(digest, LARGEST as u64)?
            .ok_or_else(|| io::Error::other(format!("the manifest {digest} is missing")))?;
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| io::Error::other(format!("the manifest {digest}: {error}")))?;
        let digest_of = |part: &Value| part["digest"].as_str().and_then(|text| text.parse().ok());
        let list = |key: &str| value[key].as_array().map_or(&[][..], Vec::as_slice);
        Ok(References {
            blobs: list("layers")
                .iter()
                .chain([&value["config"]])
                .filter_map(digest_of)
                .collect(),
            manifests: list("manifests").iter().filter_map(digest_of).collect(),
            subject: digest_of(&value["subject"]),
        })
    }

    /// Removes what is empty of a repository, and it itself, if it is.
    fn tidy(&self, name: &RepositoryName) -> io::Result<()> {
        let root = self.repository(name);
        for subject in entries(&root.join("_referrers"))? {
            remove_empty(&root.join("_referrers").join(subject))?;
        }
        // Without manifests there is nothing that its tags could lead to.
        for part in ["_referrers", "_layers", "_manifests", "_tags"] {
            remove_empty(&root.join(part))?;
        }
        let mut directory = root.as_path();
        while remove_empty(directory)? {
            match directory.parent() {
                Some(parent) if parent != self.root.join("repositories") => directory = parent,
                _ => break,
            }
        }
        Ok(())
    }
}

/// Removes a directory if it is there and empty.
fn remove_empty(directory: &Path) -> io::Result<bool> {
    match fs::remove_dir(directory) {
        Ok(()) => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
