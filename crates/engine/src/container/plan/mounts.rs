//! What a client wants mounted: bind mounts and tmpfs, from the three places
//! where it can say so (`Binds`, `Mounts`, `Tmpfs`).

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// One mount beside those that every container has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// Absolute path in the container, without `.` and `..`.
    pub(crate) target: PathBuf,
    /// What is mounted there.
    pub(crate) source: Source,
    /// Whether the container cannot write to it.
    pub(crate) readonly: bool,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Memory, with options of tmpfs beside the defaults.
    Tmpfs {
        /// `size=…`, `mode=…`, `exec`.
        options: Vec<String>,
    },
}

/// How mounts made later travel between host and container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Propagation {
    /// Not at all.
    #[default]
    Private,
    /// From the host into the container.
    Slave,
    /// Both ways.
    Shared,
}

impl Propagation {
    /// As on the wire; always the recursive form.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Propagation::Private => "rprivate",
            Propagation::Slave => "rslave",
            Propagation::Shared => "rshared",
        }
    }

    /// Reads `rslave`, `shared`, and the empty text for the default.
    pub(crate) fn parse(text: &str) -> Option<Propagation> {
        match text {
            "" | "private" | "rprivate" => Some(Propagation::Private),
            "slave" | "rslave" => Some(Propagation::Slave),
            "shared" | "rshared" => Some(Propagation::Shared),
            _ => None,
        }
    }
}

/// What one entry of `Binds` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bind {
    /// A directory or file of the host.
    Mount(Mount),
    /// A volume, named or anonymous.
    Volume,
}

/// Reads `source:target[:mode]`.
pub(crate) fn parse_bind(spec: &str) -> Result<Bind> {
    let invalid = || Error::bad_parameter(format!("invalid volume specification: '{spec}'"));
    let parts: Vec<&str> = spec.split(':').collect();
    let (source, target, mode) = match parts[..] {
        [target] if !target.is_empty() => return parse_target(target, spec).map(|_| Bind::Volume),
        [source, target] if parse_mode(target).is_err() || target.starts_with('/') => {
            (source, target, "")
        }
        [source, target, mode] => (source, target, mode),
        _ => return Err(invalid()),
    };
    if source.is_empty() || target.is_empty() {
        return Err(invalid());
    }
    let target = parse_target(target, spec)?;
    let parsed = parse_mode(mode)?;
    if !source.starts_with('/') {
        return Ok(Bind::Volume);
    }
    Ok(Bind::Mount(Mount {
        target,
        source: Source::Bind {
            path: clean(Path::new(source)),
            create: true,
            recursive: true,
            propagation: parsed.propagation,
            mode: mode.to_owned(),
        },
        readonly: parsed.readonly,
    }))
}

/// Reads the target of a tmpfs and its comma-separated options.
pub(crate) fn parse_tmpfs(target: &str, options: &str) -> Result<Mount> {
    if !target.starts_with('/') {
        return Err(Error::bad_parameter(format!(
            "invalid mount config for type \"tmpfs\": invalid mount path: '{target}' mount path \
             must be absolute"
        )));
    }
    let options: Vec<String> = options
        .split(',')
        .map(str::trim)
        .filter(|option| !option.is_empty())
        .map(str::to_owned)
        .collect();
    for option in &options {
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
            return Err(Error::bad_parameter(format!(
                "Invalid tmpfs option \"{option}\""
            )));
        }
    }
    Ok(Mount {
        readonly: options.iter().any(|option| option == "ro"),
        target: clean(Path::new(target)),
        source: Source::Tmpfs { options },
    })
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
    propagation: Propagation,
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
                parsed.propagation = Propagation::parse(word)
                    .filter(|_| !word.is_empty())
                    .ok_or_else(invalid)?;
                "propagation"
            }
        };
        if seen.contains(&class) {
            return Err(invalid());
        }
        seen.push(class);
        parsed.readonly |= word == "ro";
    }
    Ok(parsed)
}

fn parse_target(target: &str, spec: &str) -> Result<PathBuf> {
    let because = |reason: String| {
        Error::bad_parameter(format!(
            "invalid volume specification: '{spec}': invalid mount config for type \"bind\": \
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
        match parse_bind(spec).expect(spec) {
            Bind::Mount(mount) => mount,
            Bind::Volume => panic!("{spec} is a volume"),
        }
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
                propagation: Propagation::Slave,
                mode: "ro,rslave".into(),
            }
        );
        assert!(!bind("/a:/b").readonly);
        for volume in ["name:/x", "/only", "name:/x:ro"] {
            assert_eq!(parse_bind(volume), Ok(Bind::Volume), "{volume}");
        }
    }

    #[test]
    fn wrong_binds() {
        let text = |spec| parse_bind(spec).expect_err(spec).message;
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
    }

    #[test]
    fn tmpfs_options() {
        let mount = parse_tmpfs("/run", "rw,size=64m,exec").expect("good");
        assert!(!mount.readonly);
        assert!(parse_tmpfs("/run", "ro").expect("good").readonly);
        assert_eq!(
            parse_tmpfs("/run", "fly").expect_err("refused").message,
            "Invalid tmpfs option \"fly\""
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
