//! The last steps of every process of a container: from a privileged child in
//! the right namespaces to the program it was made for.

use std::ffi::{CStr, CString};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd;
use rustix::fs::{self, Access, AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::process as sysprocess;
use rustix::thread;

use crate::apparmor::NextProfile;
use crate::caps::{self, CapabilitySet};
use crate::error::{CreateError, CreateErrorKind, Step, describe};
use crate::path;
use crate::rlimits;
use crate::spec::ProcessSpec;
use crate::sync::Line;
use crate::sys::fd::{close_from, close_on_exec_from};
use crate::sys::seccomp::{self, Instruction};
use crate::sys::signal;
use crate::user::{self, Identity};

/// Looked through when the environment has no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A process that knows everything it needs to become its program.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    spec: &'a ProcessSpec,
    identity: Identity,
    arguments: Vec<CString>,
    environment: Vec<CString>,
    /// None when it was missing.
    directory: Option<OwnedFd>,
    available: CapabilitySet,
}

impl<'a> Prepared<'a> {
    /// Looks up, in the container whose root is the calling process's, all
    /// that `spec` names. With `make_directory` a missing working directory is
    /// made.
    pub(crate) fn new(spec: &'a ProcessSpec, make_directory: bool) -> Result<Self, CreateError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = fs::open("/", flags, Mode::empty()).step(|| "open root")?;
        let identity = user::resolve(&root, &spec.user, &spec.groups)?;
        let mut environment = strings(&spec.env)?;
        if !spec.env.iter().any(|entry| entry.starts_with("HOME=")) {
            environment.push(string(&format!("HOME={}", identity.home))?);
        }
        if spec.args.is_empty() {
            return Err(CreateError::new(
                CreateErrorKind::Other,
                "no command specified",
            ));
        }
        let cwd = if spec.cwd.is_empty() { "/" } else { &spec.cwd };
        let opened = if make_directory {
            path::make_dir(&root, cwd)
        } else {
            path::open_in(&root, cwd, OFlags::PATH | OFlags::DIRECTORY)
        };
        let directory = match opened {
            // Below `/proc/self` there may be something for the process itself.
            Err(error) if path::is_missing(&error) && !make_directory => None,
            other => Some(other.step(|| no_directory(cwd))?),
        };
        Ok(Self {
            arguments: strings(&spec.args)?,
            available: CapabilitySet::permitted().step(|| "read capabilities")?,
            spec,
            identity,
            environment,
            directory,
        })
    }

    /// The working directory, when it is kept open.
    pub(crate) fn directory(&self) -> Option<BorrowedFd<'_>> {
        self.directory.as_ref().map(AsFd::as_fd)
    }

    /// Gives up all that the program may not have and becomes it; between the
    /// two it waits at the `gate`, if there is one, for the word to go. Returns
    /// only when that failed, or ends the process.
    pub(crate) fn run(self, filter: Option<&[Instruction]>, gate: Option<&Line>) -> CreateError {
        match self
            .give_up_privileges(filter)
            .and_then(|()| match gate.map(Line::wait_for_go).transpose() {
                // The shim is gone, and with it all who could want the program.
                Ok(Some(false)) => std::process::exit(1),
                waited => waited.map(drop).step(|| "wait for start"),
            })
            .and_then(|()| signal::reset().step(|| "reset signals"))
            .and_then(|()| close_on_exec_from(3).step(|| "close descriptors"))
            .and_then(|()| confine(self.spec, filter))
            .and_then(|()| self.execute())
        {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    /// Gives up what the program may not have, in a process that stays what it
    /// is, and closes all but the standard streams.
    pub(crate) fn stay(self, filter: Option<&[Instruction]>) -> Result<(), CreateError> {
        self.give_up_privileges(filter)?;
        let spec = self.spec;
        // Nothing that owns a descriptor is used any more.
        std::mem::forget(self);
        close_from(3).step(|| "close descriptors")?;
        confine(spec, filter)
    }

    fn give_up_privileges(&self, filter: Option<&[Instruction]>) -> Result<(), CreateError> {
        let (uid, gid) = (self.identity.uid, self.identity.gid);
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        for stream in [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()] {
            hand_over(stream, uid).step(|| "chown standard streams")?;
        }
        for limit in &self.spec.rlimits {
            rlimits::set(limit)?;
        }
        sysprocess::umask(Mode::from_raw_mode(0o022));
        if let Some(profile) = &self.spec.apparmor {
            NextProfile::open(profile)
                .step(|| format!("unable to apply apparmor profile: open for \"{profile}\""))?
                .choose()
                .step(|| "unable to apply apparmor profile")?;
        }
        if self.spec.no_new_privs {
            thread::set_no_new_privs(true).step(|| "set no_new_privs")?;
        } else if let Some(filter) = filter {
            // Needs CAP_SYS_ADMIN, so it comes before the capabilities go.
            seccomp::install(filter).step(|| "install seccomp filter")?;
        }
        caps::limit_bounding(self.spec.capabilities).step(|| "limit bounding set")?;
        let groups: Vec<Gid> = self
            .identity
            .groups
            .iter()
            .map(|id| Gid::from_raw(*id))
            .collect();
        let gid = Gid::from_raw(gid);
        let owner = Uid::from_raw(uid);
        thread::set_thread_groups(&groups).map_err(|error| unmapped(error, "gid", "group"))?;
        thread::set_thread_res_gid(gid, gid, gid)
            .map_err(|error| unmapped(error, "gid", "group"))?;
        thread::set_thread_res_uid(owner, owner, owner)
            .map_err(|error| unmapped(error, "uid", "user"))?;
        let held = if uid == 0 {
            self.spec.capabilities.intersection(self.available)
        } else {
            CapabilitySet::EMPTY
        };
        caps::apply(held).step(|| "set capabilities")?;
        // The change of user has cleared the one, and may have set the other.
        prctl::set_pdeathsig(Signal::SIGKILL).step(|| "set parent death signal")?;
        prctl::set_dumpable(false).step(|| "set dumpable")?;
        self.change_directory()
    }

    fn change_directory(&self) -> Result<(), CreateError> {
        let step = || no_directory(&self.spec.cwd);
        let late = match &self.directory {
            Some(_) => None,
            None => {
                let flags = OFlags::PATH | OFlags::DIRECTORY;
                let root = fs::open("/", flags | OFlags::CLOEXEC, Mode::empty()).step(step)?;
                Some(path::open_in(root, &self.spec.cwd, flags).step(step)?)
            }
        };
        if let Some(directory) = self.directory.as_ref().or(late.as_ref()) {
            sysprocess::fchdir(directory).step(step)?;
        }
        // The kernel knows no path for a directory outside of the root.
        let cwd = sysprocess::getcwd(Vec::new()).step(step)?;
        if cwd.as_bytes().starts_with(b"/") {
            return Ok(());
        }
        Err(CreateError::new(
            CreateErrorKind::Other,
            "current working directory is outside of container mount namespace root",
        ))
    }

    fn execute(&self) -> Result<std::convert::Infallible, CreateError> {
        let program = self.find_program()?;
        let Err(error) = unistd::execve(&program, &self.arguments, &self.environment);
        // The program was there, so the container counts as started; what the
        // kernel says about it goes where the program's own words would have.
        let text = describe(&error.into());
        let name = program.to_string_lossy();
        // Nobody is left to hear of a second failure.
        let _ = writeln!(io::stderr(), "exec {name}: {text}");
        std::process::exit(255)
    }

    /// The file to execute, found as a shell would.
    fn find_program(&self) -> Result<CString, CreateError> {
        let name = &self.spec.args[0];
        if name.contains('/') {
            let program = string(name)?;
            return match check_executable(&program) {
                Ok(()) => Ok(program),
                Err(error) => Err(refused(name, &error, |text| {
                    if path::is_missing(&error) {
                        format!("stat {name}: {text}")
                    } else {
                        text
                    }
                })),
            };
        }
        let path = self
            .spec
            .env
            .iter()
            .rev()
            .find_map(|entry| entry.strip_prefix("PATH="))
            .unwrap_or(DEFAULT_PATH);
        for directory in path.split(':') {
            let directory = if directory.is_empty() { "." } else { directory };
            let candidate = string(&format!("{}/{name}", directory.trim_end_matches('/')))?;
            if check_executable(&candidate).is_ok() {
                return Ok(candidate);
            }
        }
        Err(CreateError::new(
            CreateErrorKind::NotFound,
            format!("exec: \"{name}\": executable file not found in $PATH"),
        ))
    }
}

fn no_directory(path: &str) -> String {
    format!("chdir to cwd (\"{path}\") set in config.json failed")
}

/// The last restriction, unless it had to come before the capabilities went.
fn confine(spec: &ProcessSpec, filter: Option<&[Instruction]>) -> Result<(), CreateError> {
    match filter {
        Some(filter) if spec.no_new_privs => {
            seccomp::install(filter).step(|| "install seccomp filter")
        }
        _ => Ok(()),
    }
}

/// Whether the calling process, as it is now, may execute `program`.
fn check_executable(program: &CStr) -> io::Result<()> {
    let status = fs::stat(program)?;
    if FileType::from_raw_mode(status.st_mode) == FileType::Directory {
        // As runc of dockerd 20.10 says it; that client knows no other words.
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    fs::accessat(fs::CWD, program, Access::EXEC_OK, AtFlags::EACCESS)?;
    if status.st_mode & 0o111 == 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(())
}

/// Ids that the user namespace does not have are the kernel's invalid argument.
fn unmapped(error: rustix::io::Errno, id: &str, what: &str) -> CreateError {
    let step = if error == rustix::io::Errno::INVAL {
        format!("unable to setup user: cannot set {id} to unmapped {what} in user namespace")
    } else {
        format!("set{id}")
    };
    match Err::<(), _>(error).step(|| step) {
        Err(error) => error,
        Ok(()) => CreateError::new(CreateErrorKind::Other, "no error"),
    }
}

fn refused(name: &str, error: &io::Error, text: impl FnOnce(String) -> String) -> CreateError {
    let (kind, words) = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            (CreateErrorKind::NotFound, describe(error))
        }
        io::ErrorKind::PermissionDenied => (
            CreateErrorKind::PermissionDenied,
            "permission denied".into(),
        ),
        _ => (CreateErrorKind::Other, describe(error)),
    };
    CreateError {
        kind,
        message: format!("exec: \"{name}\": {}", text(words)),
        errno: error.raw_os_error(),
    }
}

/// Makes a stream the user's own, so that it can be opened again by name.
fn hand_over(stream: BorrowedFd<'_>, uid: u32) -> rustix::io::Result<()> {
    use rustix::io::Errno;

    let status = fs::fstat(stream)?;
    let null = fs::makedev(1, 3);
    if status.st_uid == uid || status.st_rdev == null {
        return Ok(());
    }
    match fs::fchown(stream, Some(Uid::from_raw(uid)), None) {
        // Some kinds of files belong to nobody, or to someone else for good.
        Err(Errno::INVAL | Errno::PERM | Errno::ROFS) => Ok(()),
        other => other,
    }
}

/// Puts `streams` where a program looks for its standard streams.
pub(crate) fn set_streams(streams: [BorrowedFd<'_>; 3]) -> io::Result<()> {
    // First all above 2, lest one overwrites another that is still needed.
    let mut copies = Vec::with_capacity(3);
    for stream in streams {
        copies.push(rustix::io::fcntl_dupfd_cloexec(stream, 3)?);
    }
    unistd::dup2_stdin(&copies[0])?;
    unistd::dup2_stdout(&copies[1])?;
    unistd::dup2_stderr(&copies[2])?;
    Ok(())
}

fn strings(texts: &[String]) -> Result<Vec<CString>, CreateError> {
    texts.iter().map(|text| string(text)).collect()
}

fn string(text: &str) -> Result<CString, CreateError> {
    CString::new(text.as_bytes()).map_err(|_| {
        CreateError::new(
            CreateErrorKind::Other,
            format!("{text:?} contains a NUL byte"),
        )
    })
}
