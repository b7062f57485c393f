//! What a client wants mounted: binds, volumes and tmpfs, from the three places
//! where it can say so (`Binds`, `Mounts`, `Tmpfs`).

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use longshore_runtime::spec::Propagation;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One mount beside those that every container has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mount {
    /// Absolute path in the container, without `.` and `..`.
    pub(crate) target: PathBuf,
    /// What is mounted there.
    pub(crate) source: Source,
    /// Whether the container cannot write to it.
    pub(crate) readonly: bool,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    /// A file or directory of the host.
    Bind {
        /// Absolute path on the host.
        path: PathBuf,
        /// Make a directory there when there is nothing.
        create: bool,
        /// Whether mounts below the path come along.
        recursive: bool,
        /// How later mounts travel.
        propagation: Propagation,
        /// The mode as the client gave it, which inspect echoes.
        mode: String,
    },
    /// A volume.
    Volume(VolumeMount),
    /// Memory, with options of tmpfs beside the defaults.
    Tmpfs {
        /// `size=…`, `mode=…`, `exec`.
        options: Vec<String>,
        /// Whether it came in `Mounts`: only then inspect shows it.
        shown: bool,
    },
}

/// A volume that a container has mounted. What it is to be comes from the
/// client; where it is, from the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VolumeMount {
    /// Its name; empty until the store has made one up.
    pub(crate) name: String,
    /// The driver as given.
    pub(crate) driver: String,
    /// Labels, if it is made.
    #[serde(skip)]
    pub(crate) labels: Option<BTreeMap<String, String>>,
    /// Options of the driver, if it is made.
    #[serde(skip)]
    pub(crate) options: Option<BTreeMap<String, String>>,
    /// Whether the client gave no name: it may go with the container.
    pub(crate) anonymous: bool,
    /// Whether it comes from `Volumes`, the client's or the image's.
    pub(crate) declared: bool,
    /// Whether it stays empty at first.
    pub(crate) nocopy: bool,
    /// The mode, which inspect echoes.
    pub(crate) mode: String,
    /// The directory of the store.
    pub(crate) path: PathBuf,
    /// Whether a file system of its own is mounted there while it is used.
    #[serde(default)]
    pub(crate) has_filesystem: bool,
}

/// Reads `rslave`, `shared`, and the empty text for the default.
pub(crate) fn parse_propagation(text: &str) -> Option<Propagation> {
    Some(match text {
        "private" => Propagation::Private,
        "" | "rprivate" => Propagation::Rprivate,
        "slave" => Propagation::Slave,
        "rslave" => Propagation::Rslave,
        "shared" => Propagation::Shared,
        "rshared" => Propagation::Rshared,
        _ => return None,
    })
}

/// As on the wire.
pub(crate) fn propagation_name(propagation: Propagation) -> &'static str {
    match propagation {
        Propagation::Private => "private",
        Propagation::Rprivate => "rprivate",
        Propagation::Slave => "slave",
        Propagation::Rslave => "rslave",
        Propagation::Shared => "shared",
        Propagation::Rshared => "rshared",
    }
}

/// Reads `source:target[:mode]`. `driver` is that of volumes.
pub(crate) fn parse_bind(spec: &str, driver: &str) -> Result<Mount> {
    let invalid = || Error::bad_parameter(format!("invalid volume specification: '{spec}'"));
    let parts: Vec<&str> = spec.split(':').collect();
    let (source, target, mode) = match parts[..] {
        [target] if !target.is_empty() => ("", target, ""),
        [source, target] if parse_mode(target).is_err() || target.starts_with('/') => {
            (source, target, "")
        }
        [source, target, mode] => (source, target, mode),
        _ => return Err(invalid()),
    };
    if target.is_empty() || (source.is_empty() && parts.len() > 1) {
        return Err(invalid());
    }
    let parsed = parse_mode(mode)?;
    let is_volume = !source.starts_with('/');
    let kind = if is_volume { "volume" } else { "bind" };
    let target = parse_target(target, spec, kind)?;
    let misplaced = |field: &str| {
        Error::bad_parameter(format!(
            "invalid volume specification: '{spec}': invalid mount config for type \"{kind}\": \
             field {field} must not be specified"
        ))
    };
    if is_volume && parsed.propagation.is_some() {
        return Err(misplaced("BindOptions"));
    }
    if !is_volume && parsed.nocopy {
        return Err(misplaced("VolumeOptions"));
    }
    let mode = mode.to_owned();
    let source = match is_volume {
        true => Source::Volume(VolumeMount {
            name: source.to_owned(),
            driver: driver.to_owned(),
            nocopy: parsed.nocopy,
            mode,
            ..VolumeMount::default()
        }),
        false => Source::Bind {
            path: clean(Path::new(source)),
            create: true,
            recursive: true,
            propagation: parsed.propagation.unwrap_or_default(),
            mode,
        },
    };
    Ok(Mount {
        target,
        source,
        readonly: parsed.readonly,
    })
}

/// Reads the mode of an entry of `VolumesFrom`; answers whether it is read-only.
pub(crate) fn parse_shared_mode(mode: &str) -> Result<bool> {
    let parsed = parse_mode(mode)?;
    if parsed.nocopy || parsed.propagation.is_some() {
        return Err(Error::bad_parameter(format!("invalid mode: {mode}")));
    }
    Ok(parsed.readonly)
}

/// Reads the target of a tmpfs and its comma-separated options.
pub(crate) fn parse_tmpfs(target: &str, options: &str) -> Result<Mount> {
    if !target.starts_with('/') {
        return Err(Error::bad_parameter(format!(
            "invalid mount path: '{target}' mount path must be absolute"
        )));
    }
    if clean(Path::new(target)) == Path::new("/") {
        return Err(Error::bad_parameter(
            "invalid specification: destination can't be '/'",
        ));
    }
    let options: Vec<String> = options
        .split(',')
        .map(str::trim)
        .filter(|option| !option.is_empty())
        .map(str::to_owned)
        .collect();
    Ok(Mount {
        readonly: options.iter().any(|option| option == "ro"),
        target: clean(Path::new(target)),
        source: Source::Tmpfs {
            options,
            shown: false,
        },
    })
}

/// Refuses options of tmpfs that nobody knows, which is found out at the start.
pub(crate) fn check_tmpfs(mounts: &[Mount]) -> Result<()> {
    let options = mounts.iter().flat_map(|mount| match &mount.source {
        Source::Tmpfs { options, .. } => options.as_slice(),
        _ => &[],
    });
    for option in options {
        let name = option.split('=').next().unwrap_or_default();
        let flag = matches!(
            option.as_str(),
            "ro" | "rw"
                | "exec"
                | "noexec"
                | "suid"
                | "nosuid"
                | "dev"
                | "nodev"
                | "atime"
                | "noatime"
                | "diratime"
                | "nodiratime"
                | "relatime"
                | "norelatime"
                | "strictatime"
                | "nostrictatime"
                | "sync"
                | "async"
                | "dirsync"
                | "private"
                | "rprivate"
                | "slave"
                | "rslave"
                | "shared"
                | "rshared"
                | "unbindable"
                | "runbindable"
        );
        let value = matches!(
            name,
            "size" | "mode" | "uid" | "gid" | "nr_inodes" | "nr_blocks"
        ) && option.contains('=');
        if !flag && !value {
            let words: Vec<&str> = option.splitn(2, '=').collect();
            return Err(Error::system(format!(
                "invalid tmpfs option [\"{}\"]",
                words.join("\" \"")
            )));
        }
    }
    Ok(())
}

/// Refuses two mounts on one target.
pub(crate) fn check_duplicates(mounts: &[Mount]) -> Result<()> {
    for (index, mount) in mounts.iter().enumerate() {
        if mounts[..index]
            .iter()
            .any(|other| other.target == mount.target)
        {
            return Err(Error::bad_parameter(format!(
                "Duplicate mount point: {}",
                mount.target.display()
            )));
        }
    }
    Ok(())
}

/// An absolute path without `.`, `..` and doubled slashes, by text alone.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    clean
}

#[derive(Default)]
struct Mode {
    readonly: bool,
    nocopy: bool,
    propagation: Option<Propagation>,
}

fn parse_mode(mode: &str) -> Result<Mode> {
    let invalid = || Error::bad_parameter(format!("invalid mode: {mode}"));
    let mut parsed = Mode::default();
    if mode.is_empty() {
        return Ok(parsed);
    }
    let mut seen = Vec::new();
    for word in mode.split(',') {
        let class = match word {
            "ro" | "rw" => "access",
            "z" | "Z" => "label",
            "nocopy" => "copy",
            "consistent" | "cached" | "delegated" | "default" => "consistency",
            _ => {
                let given = parse_propagation(word).filter(|_| !word.is_empty());
                parsed.propagation = Some(given.ok_or_else(invalid)?);
                "propagation"
            }
        };
        if seen.contains(&class) {
            return Err(invalid());
        }
        seen.push(class);
        parsed.readonly |= word == "ro";
        parsed.nocopy |= word == "nocopy";
    }
    Ok(parsed)
}

fn parse_target(target: &str, spec: &str, kind: &str) -> Result<PathBuf> {
    let because = |reason: String| {
        Error::bad_parameter(format!(
            "invalid volume specification: '{spec}': invalid mount config for type \"{kind}\": \
             {reason}"
        ))
    };
    if !target.starts_with('/') {
        return Err(because(format!(
            "invalid mount path: '{target}' mount path must be absolute"
        )));
    }
    let clean = clean(Path::new(target));
    if clean == Path::new("/") {
        return Err(because(
            "invalid specification: destination can't be '/'".into(),
        ));
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(spec: &str) -> Mount {
        parse_bind(spec, "").expect(spec)
    }

    #[test]
    fn binds() {
        let mount = bind("/src/../data:/dst/:ro,rslave");
        assert_eq!(mount.target, Path::new("/dst"));
        assert!(mount.readonly);
        assert_eq!(
            mount.source,
            Source::Bind {
                path: "/data".into(),
                create: true,
                recursive: true,
                propagation: Propagation::Rslave,
                mode: "ro,rslave".into(),
            }
        );
        assert!(!bind("/a:/b").readonly);
        for volume in ["name:/x", "/only", "name:/x:ro"] {
            let source = bind(volume).source;
            assert!(matches!(source, Source::Volume(_)), "{volume}");
        }
    }

    #[test]
    fn wrong_binds() {
        let text = |spec| parse_bind(spec, "").expect_err(spec).message;
        for spec in ["", ":", "/a:", ":/b", "/a:/b:ro:x", "/a:ro", "/a::ro"] {
            assert_eq!(
                text(spec),
                format!("invalid volume specification: '{spec}'")
            );
        }
        assert_eq!(text("/a:/b:up"), "invalid mode: up");
        assert_eq!(text("/a:/b:ro,rw"), "invalid mode: ro,rw");
        assert!(text("/a:b/c").ends_with("invalid mount path: 'b/c' mount path must be absolute"));
        assert!(text("/a:/").ends_with("destination can't be '/'"));
        assert!(text("/a:/b:nocopy").ends_with("field VolumeOptions must not be specified"));
        assert!(text("vol:/b:rslave").ends_with("field BindOptions must not be specified"));
    }

    #[test]
    fn tmpfs_options() {
        let mount = parse_tmpfs("/run", "rw,size=64m,exec").expect("good");
        let check = |options| check_tmpfs(&[parse_tmpfs("/run", options).expect("parsed")]);
        check("rw,size=64m,exec").expect("known");
        assert!(!mount.readonly);
        assert!(parse_tmpfs("/run", "ro").expect("good").readonly);
        assert_eq!(
            check("fly").expect_err("refused").message,
            "invalid tmpfs option [\"fly\"]"
        );
        assert!(parse_tmpfs("run", "").is_err());
    }

    #[test]
    fn one_mount_a_target() {
        let mounts = [bind("/a:/x"), bind("/b:/y"), bind("/c:/x/.")];
        assert_eq!(
            check_duplicates(&mounts).expect_err("twice").message,
            "Duplicate mount point: /x"
        );
        assert!(check_duplicates(&mounts[..2]).is_ok());
    }
}
