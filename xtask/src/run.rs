//! `cargo xtask run`: builds the daemon, starts it with a state of its own
//! under `target/`, and prints lines that work as pasted. Ctrl-C ends it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::TaskResult;
use crate::exec;
use crate::http::Client;
use crate::wait;

/// A static busybox, where Debian's `busybox-static` puts it.
const BUSYBOX: &str = "/bin/busybox";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the daemon keeps its socket and state
    #[arg(long)]
    state: Option<PathBuf>,
    /// A quick unoptimised build
    #[arg(long)]
    debug: bool,
    /// Further flags for longshored
    #[arg(last = true)]
    flags: Vec<String>,
}

pub(crate) fn run(args: Args) -> TaskResult {
    if !exec::is_root() {
        return Err("containers need root: sudo cargo xtask run".to_owned());
    }
    let binary = exec::build("longshore-daemon", "longshored", !args.debug)?;
    let state = args
        .state
        .unwrap_or_else(|| exec::root().join("target/longshore"));
    let mut daemon = Daemon::start(&binary, &state, &args.flags)?;
    if let Err(problem) = import_busybox(&daemon.socket) {
        println!("busybox was not imported: {problem}");
    }
    greet(&daemon.socket);
    let status = daemon
        .child
        .wait()
        .map_err(|error| format!("longshored: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("longshored: {status}"))
    }
}

/// A daemon that this task started; it is ended when the task lets go of it.
pub(crate) struct Daemon {
    /// The unix socket on which it answers.
    pub(crate) socket: PathBuf,
    child: Child,
}

impl Daemon {
    /// Starts longshored with everything under `state`, and waits until it
    /// answers a ping.
    pub(crate) fn start(binary: &Path, state: &Path, flags: &[String]) -> Result<Self, String> {
        let socket = state.join("longshored.sock");
        let mut command = Command::new(binary);
        command
            .arg("--host")
            .arg(format!("unix://{}", socket.display()))
            .arg("--data-root")
            .arg(state.join("data"))
            .arg("--exec-root")
            .arg(state.join("exec"))
            .arg("--pidfile")
            .arg(state.join("longshored.pid"))
            .args(flags);
        Self::spawn(command, state, socket)
    }

    /// Starts any engine's command and waits until `socket` answers a ping.
    pub(crate) fn spawn(
        mut command: Command,
        state: &Path,
        socket: PathBuf,
    ) -> Result<Self, String> {
        std::fs::create_dir_all(state).map_err(|e| format!("{}: {e}", state.display()))?;
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().map_err(|e| format!("{name}: {e}"))?;
        let mut daemon = Self { socket, child };
        wait::until_it_answers(&name, || {
            if let Ok(Some(status)) = daemon.child.try_wait() {
                return Err(format!("{name} ended before it answered: {status}"));
            }
            Ok(daemon.answers())
        })?;
        Ok(daemon)
    }

    /// Process id of the daemon.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn answers(&self) -> bool {
        Client::connect(&self.socket)
            .and_then(|mut client| client.call("GET", "/_ping", "", b""))
            .is_ok_and(|(status, _)| status == 200)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let pid = i32::try_from(self.child.id()).ok();
            if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
                // It may have ended by itself just now; then there is none to end.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
            let _ = self.child.wait();
        }
    }
}

/// Imports the host's busybox when it is static, so that there is a shell.
fn import_busybox(socket: &Path) -> TaskResult {
    let program = std::fs::read(BUSYBOX).map_err(|e| format!("{BUSYBOX}: {e}"))?;
    // A dynamic program names its loader, and the image would lack it.
    if program.windows(8).any(|bytes| bytes == b"/ld-linu") {
        return Err(format!("{BUSYBOX} is not static"));
    }
    let applets = exec::output(Command::new(BUSYBOX).arg("--list"))?;
    let tar = busybox_tar(&program, &applets).map_err(|e| format!("tar: {e}"))?;
    let path = "/images/create?fromSrc=-&repo=busybox&tag=latest&changes=CMD%20%5B%22sh%22%5D";
    let (status, body) = Client::connect(socket)?.call("POST", path, "application/x-tar", &tar)?;
    if status == 200 {
        Ok(())
    } else {
        Err(format!("{status} {}", String::from_utf8_lossy(&body)))
    }
}

fn busybox_tar(program: &[u8], applets: &str) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut directory = tar::Header::new_gnu();
    directory.set_entry_type(tar::EntryType::Directory);
    directory.set_size(0);
    for (path, mode) in [("bin/", 0o755), ("etc/", 0o755), ("tmp/", 0o1777)] {
        directory.set_mode(mode);
        tar.append_data(&mut directory.clone(), path, std::io::empty())?;
    }
    let mut file = tar::Header::new_gnu();
    file.set_size(program.len() as u64);
    file.set_mode(0o755);
    tar.append_data(&mut file, "bin/busybox", program)?;
    for applet in applets.lines().filter(|applet| *applet != "busybox") {
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        link.set_mode(0o777);
        tar.append_link(&mut link, format!("bin/{applet}"), "busybox")?;
    }
    tar.into_inner()
}

fn greet(socket: &Path) {
    let socket = socket.display();
    println!(
        "\nlongshored answers on unix://{socket}\n\n\
         curl --unix-socket {socket} http://localhost/version\n\
         curl --unix-socket {socket} http://localhost/v1.40/images/json\n\
         curl --unix-socket {socket} 'http://localhost/v1.40/containers/json?all=true'\n\
         docker -H unix://{socket} run --rm hello-world\n\n\
         Ctrl-C ends it."
    );
}
