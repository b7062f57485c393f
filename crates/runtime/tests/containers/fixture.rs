//! A container to try things in: busybox, a few accounts, nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio as Child};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use longshore_runtime::caps::CapabilitySet;
use longshore_runtime::cgroup::layout::Layout;
use longshore_runtime::container::{self, Stdio};
use longshore_runtime::error::CreateError;
use longshore_runtime::exec;
use longshore_runtime::masks;
use longshore_runtime::spec::{
    CgroupSpec, ContainerSpec, LogSpec, MountKind, MountSpec, Namespaces, NsMode, ProcessSpec,
    Propagation, Resources, RootfsSpec, Seccomp, Shm, StdinSpec,
};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// One trial for each named function of a module.
macro_rules! trials {
    ($($name:ident),* $(,)?) => {
        pub(crate) fn trials() -> Vec<libtest_mimic::Trial> {
            vec![$(libtest_mimic::Trial::test(
                concat!(module_path!(), "::", stringify!($name)),
                || { $name(); Ok(()) },
            )),*]
        }
    };
}

/// First argument of this program when it is to be a shim.
pub(crate) const SHIM_ROLE: &str = "in-the-role-of-a-shim";

/// Parent of the cgroups of this run's containers.
pub(crate) fn cgroup_parent() -> String {
    format!("longshore-test-{}", std::process::id())
}

/// Removes the parent cgroups at the end of the run.
pub(crate) fn leave_no_cgroups() {
    let Ok(layout) = Layout::current() else {
        return;
    };
    for directory in layout.directories(Path::new(&cgroup_parent())) {
        if let Err(error) = fs::remove_dir(&directory)
            && error.kind() != io::ErrorKind::NotFound
        {
            eprintln!("left behind: {}: {error}", directory.display());
        }
    }
}

/// What came of a container.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Why it could not be created or started.
    pub(crate) error: Option<String>,
    /// Its exit code, 128 and the signal when killed.
    pub(crate) code: i32,
    /// What it wrote.
    #[serde(skip)]
    pub(crate) stdout: String,
    /// What it wrote, and what a shim in trouble wrote.
    #[serde(skip)]
    pub(crate) stderr: String,
}

/// What a shim is told.
#[derive(Serialize, Deserialize)]
struct Job {
    spec: ContainerSpec,
    /// Run this in the container and end with it.
    exec: Option<ProcessSpec>,
}

/// A root file system and the specification to run it with.
pub(crate) struct Fixture {
    pub(crate) dir: TempDir,
    pub(crate) spec: ContainerSpec,
}

impl Fixture {
    /// A container that runs `script` in a shell.
    pub(crate) fn shell(script: &str) -> Self {
        let mut fixture = Self::new();
        fixture.spec.process.args = ["sh", "-c", script].map(str::to_owned).to_vec();
        fixture
    }

    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let dir = tempfile::tempdir().expect("temporary directory");
        let image = dir.path().join("image");
        for name in ["bin", "etc", "tmp"] {
            fs::create_dir_all(image.join(name)).expect("mkdir");
        }
        for name in ["run", "upper", "work"] {
            fs::create_dir(dir.path().join(name)).expect("mkdir");
        }
        fs::copy("/bin/busybox", image.join("bin/busybox"))
            .expect("busybox-static is installed at /bin/busybox");
        for applet in [
            "sh", "cat", "ls", "id", "env", "sleep", "stat", "mount", "readlink", "grep",
            "hostname", "touch", "mknod", "pwd", "true", "ps", "kill", "umount", "unshare", "head",
            "wc", "tty", "stty", "mkdir", "chown", "rm",
        ] {
            symlink("busybox", image.join("bin").join(applet)).expect("symlink");
        }
        fs::write(
            image.join("etc/passwd"),
            "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000:web:/home/web:/bin/sh\n",
        )
        .expect("passwd");
        fs::write(
            image.join("etc/group"),
            "root:x:0:\nweb:x:1000:\nlog:x:50:web\n",
        )
        .expect("group");
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:032x}{number:032x}", std::process::id());
        let spec = spec(id, dir.path(), vec![image]);
        Self { dir, spec }
    }

    /// Runs the container to its end.
    pub(crate) fn run(&self) -> Outcome {
        self.run_job(None)
    }

    /// Runs the container, and in it `script` in a further shell; answers what
    /// came of that. Both write to the same streams.
    pub(crate) fn exec(&self, script: &str) -> Outcome {
        let args = ["sh", "-c", script].map(str::to_owned).to_vec();
        self.exec_process(ProcessSpec {
            args,
            ..self.spec.process.clone()
        })
    }

    /// The same with any process.
    pub(crate) fn exec_process(&self, process: ProcessSpec) -> Outcome {
        self.run_job(Some(process))
    }

    fn run_job(&self, exec: Option<ProcessSpec>) -> Outcome {
        let job = Job {
            spec: self.spec.clone(),
            exec,
        };
        let job = serde_json::to_vec(&job).expect("plain data");
        let result = self.dir.path().join("result");
        let mut shim = Command::new(std::env::current_exe().expect("own path"))
            .arg(SHIM_ROLE)
            .arg(&result)
            .stdin(Child::piped())
            .stdout(Child::piped())
            .stderr(Child::piped())
            .spawn()
            .expect("start shim");
        let mut stdin = shim.stdin.take().expect("piped");
        stdin.write_all(&job).expect("hand over the job");
        drop(stdin);
        let output = shim.wait_with_output().expect("shim ends");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let text = fs::read(&result).unwrap_or_else(|_| panic!("the shim failed: {stderr}"));
        let outcome: Outcome = serde_json::from_slice(&text).expect("an outcome");
        Outcome {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
            ..outcome
        }
    }

    /// Runs the container, which must succeed, and answers what it wrote.
    pub(crate) fn output(&self) -> String {
        let outcome = self.run();
        assert_eq!((&outcome.error, outcome.code), (&None, 0), "{outcome:#?}");
        outcome.stdout
    }
}

fn spec(id: String, dir: &Path, lower: Vec<std::path::PathBuf>) -> ContainerSpec {
    ContainerSpec {
        run_dir: dir.join("run"),
        exit_path: dir.join("exit"),
        log: LogSpec {
            scratch: dir.to_owned(),
            file: None,
            forward: None,
        },
        process: ProcessSpec {
            env: vec!["PATH=/usr/bin:/bin".into()],
            capabilities: CapabilitySet::DEFAULT,
            ..ProcessSpec::default()
        },
        stdin: StdinSpec::default(),
        init: false,
        rootfs: RootfsSpec {
            lower,
            upper: dir.join("upper"),
            work: dir.join("work"),
            readonly: false,
        },
        mounts: Vec::new(),
        shm: Shm::Private { size: 64 << 20 },
        sys_writable: false,
        cgroup_writable: false,
        namespaces: Namespaces {
            cgroup: NsMode::Host,
            ..Namespaces::default()
        },
        user_namespace: None,
        hostname: id[..12].to_owned(),
        domainname: String::new(),
        cgroup: CgroupSpec {
            parent: format!("/{}", cgroup_parent()),
            resources: Resources::default(),
            all_devices: false,
            device_rules: Vec::new(),
        },
        devices: Vec::new(),
        masked_paths: masks::default_masked(),
        readonly_paths: masks::DEFAULT_READONLY.map(str::to_owned).to_vec(),
        sysctls: BTreeMap::new(),
        seccomp: Seccomp::Default,
        oom_score_adj: Some(0),
        ports: Vec::new(),
        id,
    }
}

/// Reads a job, runs the container, and writes what came of it to
/// the file named by the second argument.
pub(crate) fn shim() -> ExitCode {
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text).expect("a job");
    let job: Job = serde_json::from_slice(&text).expect("a job");
    let outcome = match live(&job) {
        Ok(code) => Outcome {
            code,
            ..Outcome::default()
        },
        Err(error) => Outcome {
            error: Some(error.create_text()),
            ..Outcome::default()
        },
    };
    let result = std::env::args_os().nth(2).expect("a file for the result");
    fs::write(result, serde_json::to_vec(&outcome).expect("plain data")).expect("write result");
    ExitCode::SUCCESS
}

fn live(job: &Job) -> Result<i32, CreateError> {
    let spec = &job.spec;
    let mut init = container::create(spec, stdio(&spec.process))?;
    let started = init.start();
    let mut ended = None;
    if let (Some(process), Ok(())) = (&job.exec, &started) {
        let container = exec::Running {
            spec,
            pidfd: init.pidfd.as_fd(),
            cgroup: &init.cgroup,
        };
        ended = Some(
            exec::spawn(container, process, stdio(process)).map(|mut exec| {
                drain(exec.console.take());
                wait(&exec.pidfd)
            }),
        );
        init.cgroup.kill_all().expect("kill");
    }
    drain(init.console.take());
    let code = wait(&init.pidfd);
    init.cgroup
        .remove(Duration::from_secs(5))
        .expect("the cgroup is empty");
    started?;
    ended.unwrap_or(Ok(code))
}

fn stdio(process: &ProcessSpec) -> Stdio {
    if process.tty {
        return Stdio::Pty;
    }
    Stdio::Pipes {
        stdin: fs::File::open("/dev/null").expect("null").into(),
        stdout: io::stdout().as_fd().try_clone_to_owned().expect("dup"),
        stderr: io::stderr().as_fd().try_clone_to_owned().expect("dup"),
    }
}

/// Copies what comes out of a terminal until its last program has ended, which
/// the kernel tells by an error.
fn drain(console: Option<OwnedFd>) {
    if let Some(console) = console {
        let _ = io::copy(&mut fs::File::from(console), &mut io::stdout());
    }
}

fn wait(process: &OwnedFd) -> i32 {
    let status = waitid(WaitId::PidFd(process.as_fd()), WaitIdOptions::EXITED)
        .expect("wait")
        .expect("it ended");
    status
        .exit_status()
        .or_else(|| status.terminating_signal().map(|signal| 128 + signal))
        .expect("an end")
}

/// A directory or file of the host, and all below, at `target`.
pub(crate) fn bind(source: impl Into<PathBuf>, target: &str) -> MountSpec {
    MountSpec {
        target: target.into(),
        kind: MountKind::Bind {
            source: source.into(),
            recursive: true,
            readonly_recursive: false,
            restrictions: Default::default(),
            propagation: Propagation::Rprivate,
        },
        readonly: false,
    }
}
