//! File systems in the machine's own mount table, where several containers and
//! later daemons find them: what a volume with options is while it is used.
//!
//! Everything else is mounted in the containers' own namespaces; see
//! `mounts.rs`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags};

const PROPAGATION: MsFlags = MsFlags::MS_SHARED
    .union(MsFlags::MS_PRIVATE)
    .union(MsFlags::MS_SLAVE)
    .union(MsFlags::MS_UNBINDABLE);

/// A file system that can be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    kind: String,
    device: String,
    flags: MsFlags,
    data: String,
}

impl FileSystem {
    /// A file system of type `kind` on `device`, with options in the words of
    /// mount(8), separated by commas. Words that no flag of mount(2) stands for
    /// are for the file system.
    pub fn new(kind: &str, device: &str, options: &str) -> FileSystem {
        let mut flags = MsFlags::empty();
        let mut data = Vec::new();
        for word in options.split(',') {
            match word {
                "" | "defaults" => {}
                word => match flag(word) {
                    Some((flag, true)) => flags.insert(flag),
                    Some((flag, false)) => flags.remove(flag),
                    None => data.push(word),
                },
            }
        }
        FileSystem {
            kind: kind.to_owned(),
            device: device.to_owned(),
            flags,
            data: data.join(","),
        }
    }

    /// The device as it was given.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The flags of mount(2) but those of propagation.
    pub fn flags(&self) -> u64 {
        (self.flags - PROPAGATION).bits()
    }

    /// What the file system itself is told.
    pub fn data(&self) -> &str {
        &self.data
    }

    /// Mounts it on a directory. Blocks as long as a server does not answer.
    pub fn mount(&self, place: &Path) -> io::Result<()> {
        let flags = self.flags - PROPAGATION;
        let data = Some(self.data.as_str()).filter(|data| !data.is_empty());
        nix::mount::mount(
            Some(self.device.as_str()),
            place,
            Some(self.kind.as_str()),
            flags,
            data,
        )?;
        self.finish(place, flags).inspect_err(|_| {
            // Nobody can have come to use it.
            detach(place).ok();
        })
    }

    /// What takes a second call: a bind mount is made writable, and propagation
    /// is not for new mounts.
    fn finish(&self, place: &Path, flags: MsFlags) -> io::Result<()> {
        const NONE: Option<&str> = None;
        if flags.contains(MsFlags::MS_BIND) && flags.contains(MsFlags::MS_RDONLY) {
            nix::mount::mount(NONE, place, NONE, flags | MsFlags::MS_REMOUNT, NONE)?;
        }
        let propagation = self.flags & PROPAGATION;
        if !propagation.is_empty() {
            let recursive = self.flags & MsFlags::MS_REC;
            nix::mount::mount(NONE, place, NONE, propagation | recursive, NONE)?;
        }
        Ok(())
    }
}

/// Takes everything that is mounted on `place` out of the machine's mount table;
/// who has it open or mounted elsewhere keeps it. Nothing there is no error.
pub fn detach(place: &Path) -> io::Result<()> {
    loop {
        match nix::mount::umount2(place, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) => {}
            // Not a mount point, or not there at all.
            Err(Errno::EINVAL | Errno::ENOENT) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Where something is mounted at or below `top`, the deepest first.
pub fn mounted_below(top: &Path) -> io::Result<Vec<PathBuf>> {
    let table = fs::read("/proc/self/mountinfo")?;
    Ok(below(&table, &top.canonicalize()?))
}

fn below(table: &[u8], top: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = table
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4))
        .map(unescape)
        .filter(|place| place.starts_with(top))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.reverse();
    found
}

/// Undoes the escapes of mountinfo, `\040` for a blank.
fn unescape(field: &[u8]) -> PathBuf {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| first == b'\\');
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        plain.push(code.unwrap_or(first));
        rest = match code {
            Some(_) => after.get(3..).unwrap_or_default(),
            None => after,
        };
    }
    PathBuf::from(OsString::from_vec(plain))
}

/// The flag for a word of mount(8), and whether the word sets or clears it.
fn flag(word: &str) -> Option<(MsFlags, bool)> {
    Some(match word {
        "ro" => (MsFlags::MS_RDONLY, true),
        "rw" => (MsFlags::MS_RDONLY, false),
        "nosuid" => (MsFlags::MS_NOSUID, true),
        "suid" => (MsFlags::MS_NOSUID, false),
        "nodev" => (MsFlags::MS_NODEV, true),
        "dev" => (MsFlags::MS_NODEV, false),
        "noexec" => (MsFlags::MS_NOEXEC, true),
        "exec" => (MsFlags::MS_NOEXEC, false),
        "sync" => (MsFlags::MS_SYNCHRONOUS, true),
        "async" => (MsFlags::MS_SYNCHRONOUS, false),
        "dirsync" => (MsFlags::MS_DIRSYNC, true),
        "mand" => (MsFlags::MS_MANDLOCK, true),
        "nomand" => (MsFlags::MS_MANDLOCK, false),
        "noatime" => (MsFlags::MS_NOATIME, true),
        "atime" => (MsFlags::MS_NOATIME, false),
        "nodiratime" => (MsFlags::MS_NODIRATIME, true),
        "diratime" => (MsFlags::MS_NODIRATIME, false),
        "relatime" => (MsFlags::MS_RELATIME, true),
        "norelatime" => (MsFlags::MS_RELATIME, false),
        "strictatime" => (MsFlags::MS_STRICTATIME, true),
        "nostrictatime" => (MsFlags::MS_STRICTATIME, false),
        "bind" => (MsFlags::MS_BIND, true),
        "rbind" => (MsFlags::MS_BIND | MsFlags::MS_REC, true),
        "shared" => (MsFlags::MS_SHARED, true),
        "rshared" => (MsFlags::MS_SHARED | MsFlags::MS_REC, true),
        "private" => (MsFlags::MS_PRIVATE, true),
        "rprivate" => (MsFlags::MS_PRIVATE | MsFlags::MS_REC, true),
        "slave" => (MsFlags::MS_SLAVE, true),
        "rslave" => (MsFlags::MS_SLAVE | MsFlags::MS_REC, true),
        "unbindable" => (MsFlags::MS_UNBINDABLE, true),
        "runbindable" => (MsFlags::MS_UNBINDABLE | MsFlags::MS_REC, true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_flags_or_data() {
        let nfs = FileSystem::new("nfs", ":/srv", "addr=127.0.0.1,ro,nfsvers=4,defaults");
        assert_eq!(nfs.flags(), 1);
        assert_eq!(nfs.data(), "addr=127.0.0.1,nfsvers=4");
        let bind = FileSystem::new("none", "/srv", "bind,ro,rw,rslave");
        assert_eq!(bind.flags(), 0x1000 | 0x4000);
        assert_eq!(bind.data(), "");
        // Never a change of what is mounted somewhere already.
        assert_eq!(FileSystem::new("none", "/", "remount").data(), "remount");
    }

    #[test]
    fn the_table_is_read_by_place() {
        let table = b"1 0 0:1 / / rw - ext4 /dev/vda rw\n\
            2 1 0:2 / /v/a/_data rw - tmpfs tmpfs rw\n\
            3 2 0:2 / /v/a/_data/x\\040y rw - tmpfs tmpfs rw\n\
            4 2 0:2 / /v/a/_data rw - tmpfs tmpfs rw\n\
            5 1 0:2 / /va rw - tmpfs tmpfs rw\n";
        let expected = [Path::new("/v/a/_data/x y"), Path::new("/v/a/_data")];
        assert_eq!(below(table, Path::new("/v")), expected);
    }
}
