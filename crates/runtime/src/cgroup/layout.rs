//! Which cgroup hierarchies this machine has, found once.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One tree per controller, or several controllers in one.
    V1 {
        /// The trees, in the order they are mounted.
        hierarchies: Vec<Hierarchy>,
        /// The version 2 tree of a hybrid machine, which has no controllers.
        unified: Option<PathBuf>,
    },
    /// One tree for everything.
    V2 {
        /// Where it is mounted.
        root: PathBuf,
    },
}

/// A version 1 tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// Where it is mounted.
    pub mount: PathBuf,
    /// Its controllers, `memory`; or its name, `name=systemd`.
    pub controllers: Vec<String>,
}

impl Hierarchy {
    /// Whether `controller` acts in this tree.
    pub fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|name| name == controller)
    }
}

/// Why no container can be controlled on this machine.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LayoutError {
    /// The list of mounts could not be read.
    #[error("read /proc/self/mountinfo: {0}")]
    Mounts(String),
    /// Nothing is mounted.
    #[error(
        "no cgroup file system is mounted (kernel without CONFIG_CGROUPS, or /sys/fs/cgroup not set up)"
    )]
    None,
}

impl Layout {
    /// The layout of this machine. It is read at the first call and does not
    /// change afterwards; the zygote calls early so that shims inherit it.
    pub fn current() -> Result<&'static Self, LayoutError> {
        static CURRENT: OnceLock<Result<Layout, LayoutError>> = OnceLock::new();
        CURRENT
            .get_or_init(|| {
                std::fs::read_to_string("/proc/self/mountinfo")
                    .map_err(|error| LayoutError::Mounts(error.to_string()))
                    .and_then(|mounts| Self::parse(&mounts))
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Reads the layout from the text of a mountinfo file (proc(5)).
    fn parse(mountinfo: &str) -> Result<Self, LayoutError> {
        let mut hierarchies: Vec<Hierarchy> = Vec::new();
        let mut version_2 = None;
        for line in mountinfo.lines() {
            let Some((mount, file_system)) = line.split_once(" - ") else {
                continue;
            };
            let mut mount = mount.split(' ').skip(3);
            // Only a whole tree counts, not a part bound somewhere.
            let (Some("/"), Some(target)) = (mount.next(), mount.next()) else {
                continue;
            };
            let mut file_system = file_system.split(' ');
            let kind = file_system.next();
            let options = file_system.nth(1).unwrap_or_default();
            if kind == Some("cgroup2") {
                version_2.get_or_insert_with(|| PathBuf::from(target));
            } else if kind == Some("cgroup") {
                let controllers = controllers(options);
                if !hierarchies
                    .iter()
                    .any(|seen| seen.controllers == controllers)
                {
                    hierarchies.push(Hierarchy {
                        mount: PathBuf::from(target),
                        controllers,
                    });
                }
            }
        }
        match (hierarchies.is_empty(), version_2) {
            (false, unified) => Ok(Self::V1 {
                hierarchies,
                unified,
            }),
            (true, Some(root)) => Ok(Self::V2 { root }),
            (true, None) => Err(LayoutError::None),
        }
    }

    /// Where the directories of the group at `path` are.
    pub fn directories(&self, path: &Path) -> Vec<PathBuf> {
        match self {
            Self::V1 {
                hierarchies,
                unified,
            } => hierarchies
                .iter()
                .map(|hierarchy| &hierarchy.mount)
                .chain(unified)
                .map(|mount| mount.join(path))
                .collect(),
            Self::V2 { root } => vec![root.join(path)],
        }
    }
}

/// The controllers among the options of a version 1 mount.
fn controllers(options: &str) -> Vec<String> {
    const OTHERS: [&str; 8] = [
        "rw",
        "ro",
        "xattr",
        "noprefix",
        "clone_children",
        "cpuset_v2_mode",
        "favordynmods",
        "none",
    ];
    options
        .split(',')
        .filter(|option| !OTHERS.contains(option) && !option.starts_with("release_agent="))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: &str = "23 1 254:0 / / rw - ext4 /dev/vda rw\n";
    const V1: &str = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
        37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime shared:3 - cgroup cgroup rw,freezer\n\
        38 31 0:34 /x /mnt/part rw,relatime - cgroup cgroup rw,freezer\n\
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n";
    const V2: &str =
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn layouts_are_told_apart() {
        let Ok(Layout::V1 {
            hierarchies,
            unified,
        }) = Layout::parse(&format!("{SYSTEM}{V1}{V2}"))
        else {
            panic!("hybrid is version 1");
        };
        assert_eq!(
            unified.as_deref(),
            Some(Path::new("/sys/fs/cgroup/unified"))
        );
        let names: Vec<_> = hierarchies
            .iter()
            .map(|hierarchy| hierarchy.controllers.join("+"))
            .collect();
        assert_eq!(names, ["cpu+cpuacct", "freezer", "name=systemd"]);

        assert!(matches!(
            Layout::parse(&format!("{SYSTEM}{V1}")),
            Ok(Layout::V1 { unified: None, .. })
        ));
        assert_eq!(
            Layout::parse(&format!("{SYSTEM}{V2}")).expect("version 2"),
            Layout::V2 {
                root: "/sys/fs/cgroup/unified".into()
            }
        );
        assert!(matches!(Layout::parse(SYSTEM), Err(LayoutError::None)));
    }
}
