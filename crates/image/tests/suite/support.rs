//! Archives and stores to test with.

use std::{fs, path::Path};

use longshore_image::{
    error::Error,
    layer::StagedLayer,
    store::{Image, NewImage, Store},
};
use longshore_oci::{config::ImageConfig, digest::ImageId, reference::Reference};
use tar::{EntryType, Header};

/// Ends a test that cannot say anything without root.
macro_rules! needs_root {
    () => {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: needs root");
            return;
        }
    };
}
pub(crate) use needs_root;

/// A store in its own directory, with a canary beside it that nothing may touch.
pub(crate) struct Scene {
    pub(crate) store: Store,
    pub(crate) directory: tempfile::TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("canary")).unwrap();
        fs::write(directory.path().join("canary/secret"), "untouched").unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        Self { store, directory }
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.directory.path().join("store")
    }

    /// Closes the store and opens it again.
    pub(crate) fn reopen(self) -> Self {
        let Self { store, directory } = self;
        drop(store);
        let store = Store::open(&directory.path().join("store")).unwrap();
        Self { store, directory }
    }

    /// An image with the given layers, from the lowest to the top.
    pub(crate) fn image(&self, tag: &str, layers: &[Vec<u8>]) -> Result<Image, Error> {
        let id = self.put(tag, None, layers)?;
        self.store.get(&id.to_string())
    }

    pub(crate) fn put(
        &self,
        tag: &str,
        parent: Option<&Image>,
        layers: &[Vec<u8>],
    ) -> Result<ImageId, Error> {
        let staged = layers.iter().map(|layer| self.store.stage(&layer[..]));
        self.store.put(NewImage {
            config: ImageConfig {
                os: "linux".to_owned(),
                comment: tag.to_owned(),
                ..ImageConfig::default()
            },
            base: parent.and_then(|parent| parent.chain.clone()),
            layers: staged.collect::<Result<_, _>>()?,
            parent: parent.map(|parent| parent.id.clone()),
            references: match tag {
                "" => Vec::new(),
                tag => vec![Reference::parse(tag)?.with_default_tag()],
            },
        })
    }

    /// The unpacked directory of a single layer.
    pub(crate) fn unpacked(&self, layer: &Tar) -> Result<std::path::PathBuf, Error> {
        let image = self.image("", &[layer.clone().bytes()])?;
        Ok(self.store.lower_dirs(&image.chain.unwrap()).remove(0))
    }

    /// The unpacked directory of a layer that becomes an image of its own.
    pub(crate) fn placed(&self, layer: StagedLayer) -> std::path::PathBuf {
        let id = self.store.put(NewImage {
            config: ImageConfig::default(),
            base: None,
            layers: vec![layer],
            parent: None,
            references: Vec::new(),
        });
        let image = self.store.image(&id.unwrap()).unwrap();
        self.store.lower_dirs(&image.chain.unwrap()).remove(0)
    }

    /// Checks that nothing outside of the store has changed.
    pub(crate) fn assert_canary(&self) {
        let canary = self.directory.path().join("canary");
        let names: Vec<_> = fs::read_dir(&canary)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["secret"], "something appeared in the canary");
        assert_eq!(
            fs::read_to_string(canary.join("secret")).unwrap(),
            "untouched"
        );
        let names = names_in(self.directory.path());
        assert_eq!(
            names,
            ["canary", "store"],
            "something appeared beside the store"
        );
    }
}

/// A layer of one file, `f`.
pub(crate) fn layer(content: &str) -> Vec<u8> {
    Tar::new().file("f", content).bytes()
}

/// Gives an image one more tag; returns the one that had it.
pub(crate) fn tag(scene: &Scene, source: &str, target: &str) -> Option<ImageId> {
    scene
        .store
        .tag(source, &Reference::parse(target).unwrap())
        .unwrap()
}

pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Writes archives without looking at the names, unlike the library it uses.
#[derive(Clone, Default)]
pub(crate) struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn bytes(mut self) -> Vec<u8> {
        self.bytes.extend([0; 1024]);
        self.bytes
    }

    pub(crate) fn dir(self, path: &str) -> Self {
        self.entry(path, EntryType::Directory, "", b"", |header| {
            header.set_mode(0o755)
        })
    }

    pub(crate) fn file(self, path: &str, content: &str) -> Self {
        self.entry(path, EntryType::Regular, "", content.as_bytes(), |_| {})
    }

    pub(crate) fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, EntryType::Symlink, target, b"", |_| {})
    }

    pub(crate) fn hard_link(self, path: &str, target: &str) -> Self {
        self.entry(path, EntryType::Link, target, b"", |_| {})
    }

    /// PAX records for the entry that comes next.
    pub(crate) fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let mut content = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while rest + length.to_string().len() != length {
                length += 1;
            }
            content.extend(format!("{length} {key}=").bytes());
            content.extend(*value);
            content.push(b'\n');
        }
        self.entry("pax", EntryType::XHeader, "", &content, |_| {})
    }

    pub(crate) fn entry(
        mut self,
        path: &str,
        kind: EntryType,
        link: &str,
        content: &[u8],
        change: impl FnOnce(&mut Header),
    ) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_000_000_000);
        header.set_size(content.len() as u64);
        let old = header.as_old_mut();
        old.name[..path.len()].copy_from_slice(path.as_bytes());
        old.linkname[..link.len()].copy_from_slice(link.as_bytes());
        change(&mut header);
        header.set_cksum();
        self.bytes.extend(header.as_bytes());
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }
}

/// A small linear congruential generator: the same numbers on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }

    pub(crate) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}
