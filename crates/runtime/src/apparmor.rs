//! AppArmor: the profile that a program is confined by from its `execve` on.
//!
//! The profile must be loaded already; its name is written to procfs. Since a
//! container could have put something else there, the file is opened through a
//! handle of a procfs that was checked.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{self, Mode, OFlags};
use rustix::process::getpid;
use rustix::thread::gettid;

use crate::path;

/// Inode of the root of every procfs (`include/linux/proc_fs.h`).
const PROC_ROOT: u64 = 1;

/// Whether the kernel has AppArmor and uses it.
pub fn is_enabled() -> bool {
    std::fs::read_to_string("/sys/module/apparmor/parameters/enabled")
        .is_ok_and(|text| text.starts_with('Y'))
}

/// The profile of the calling thread's next program.
#[derive(Debug)]
pub(crate) struct NextProfile {
    file: OwnedFd,
    word: String,
}

impl NextProfile {
    /// Opens what `profile` will be written to, in the procfs of the container
    /// that the calling process is in.
    pub(crate) fn open(profile: &str) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Self::open_below(fs::open("/", flags, Mode::empty())?, profile)
    }

    fn open_below(root: impl AsFd, profile: &str) -> io::Result<Self> {
        let proc = path::open_plain(root, "proc", OFlags::PATH | OFlags::DIRECTORY)?;
        let is_proc = fs::fstatfs(&proc)?.f_type == fs::PROC_SUPER_MAGIC;
        if !is_proc || fs::fstat(&proc)?.st_ino != PROC_ROOT {
            return Err(io::Error::other("/proc is not a procfs"));
        }
        Self::open_at(proc, profile)
    }

    fn open_at(proc: OwnedFd, profile: &str) -> io::Result<Self> {
        let thread = format!(
            "{}/task/{}/attr",
            getpid().as_raw_nonzero(),
            gettid().as_raw_nonzero()
        );
        // Kernels before 5.1 have it only where all modules shared one place.
        let own = path::open_kernel(&proc, format!("{thread}/apparmor/exec"), OFlags::WRONLY);
        let file = match own {
            Err(error) if path::is_missing(&error) => {
                path::open_kernel(&proc, format!("{thread}/exec"), OFlags::WRONLY)
            }
            other => other,
        }?;
        let word = format!("exec {profile}");
        Ok(Self { file, word })
    }

    /// Chooses the profile. Comes before `no_new_privs`, under which a program
    /// cannot be confined in another way any more.
    pub(crate) fn choose(&self) -> io::Result<()> {
        rustix::io::write(&self.file, self.word.as_bytes())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory like a procfs, with one file for this thread.
    fn fake(file: &str) -> (tempfile::TempDir, std::path::PathBuf, OwnedFd) {
        let dir = tempfile::tempdir().expect("temporary directory");
        let (pid, tid) = (getpid().as_raw_nonzero(), gettid().as_raw_nonzero());
        let path = dir.path().join(format!("{pid}/task/{tid}/attr/{file}"));
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("mkdir");
        std::fs::write(&path, "").expect("write");
        let proc = fs::open(dir.path(), OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        (dir, path, proc.expect("open"))
    }

    #[test]
    fn the_profile_is_written_to_the_modules_own_file_or_the_shared_one() {
        for file in ["apparmor/exec", "exec"] {
            let (_dir, path, proc) = fake(file);
            let next = NextProfile::open_at(proc, "mine//&more").expect(file);
            next.choose().expect(file);
            let text = std::fs::read_to_string(path).expect("read");
            assert_eq!(text, "exec mine//&more", "{file}");
        }
    }

    #[test]
    fn links_are_not_followed() {
        let (dir, path, proc) = fake("exec");
        let canary = dir.path().join("canary");
        std::fs::write(&canary, "").expect("write");
        std::fs::remove_file(&path).expect("remove");
        std::os::unix::fs::symlink(&canary, &path).expect("symlink");
        NextProfile::open_at(proc, "mine").expect_err("a link");
    }

    #[test]
    fn only_a_real_procfs_is_written_to() {
        let (dir, _, _) = fake("exec");
        std::fs::create_dir(dir.path().join("proc")).expect("mkdir");
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let root = fs::open(dir.path(), flags, Mode::empty()).expect("open");
        let error = NextProfile::open_below(root, "mine").expect_err("a directory");
        assert_eq!(error.to_string(), "/proc is not a procfs");
        let root = fs::open("/", flags, Mode::empty()).expect("open");
        // The kernel answers for itself: it has the file, whatever it accepts.
        let opened = NextProfile::open_below(root, "mine");
        assert!(opened.is_ok() || !is_enabled(), "{opened:?}");
    }
}
