//! Registries beside the engine, for what it pulls and pushes: given by
//! address, or started for one run. Which program serves them is all the same.

use std::fs::{self, File};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::start;

/// Where started registries listen: nobody else lives in that network namespace.
const OPEN: &str = "127.0.0.1:5000";
const PRIVATE: &str = "127.0.0.1:5001";

/// The one user of a started private registry, and the bcrypt hash of the
/// password.
const USER: &str = "learner";
const PASSWORD: &str = "sesame";
const HTPASSWD: &str = "learner:$2y$05$abcdefghijklmnopqrstuuKcS.CYWVYVaLiiCKrrc0A5s3mGesJ9O\n";

/// How long a registry may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// The registries of a run.
#[derive(Clone, Default)]
pub(crate) struct Registries {
    /// `host:port` of one that everybody may pull from and push to.
    pub(crate) open: Option<String>,
    /// One that asks who comes.
    pub(crate) private: Option<Private>,
}

/// A registry with a password.
#[derive(Clone, Debug)]
pub(crate) struct Private {
    pub(crate) user: String,
    pub(crate) password: String,
    /// `host:port`.
    pub(crate) address: String,
}

impl FromStr for Private {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = || {
            let (who, address) = text.rsplit_once('@')?;
            let (user, password) = who.split_once(':')?;
            Some((user, password, address))
        };
        let (user, password, address) =
            parts().ok_or_else(|| format!("{text:?} is not USER:PASSWORD@HOST:PORT"))?;
        Ok(Self {
            user: user.to_owned(),
            password: password.to_owned(),
            address: address.to_owned(),
        })
    }
}

/// Registries started for one run; dropping them ends them.
pub(crate) struct Started {
    children: Vec<Child>,
    directory: tempfile::TempDir,
    pub(crate) registries: Registries,
}

impl Started {
    /// Starts an open and a private registry: `docker-registry` from the path,
    /// or `longshore-registry` from beside the judge or from the path.
    pub(crate) fn start(program: &str) -> Result<Self, String> {
        let directory = tempfile::Builder::new()
            .prefix("conformance-registry-")
            .tempdir()
            .map_err(|e| format!("temporary directory: {e}"))?;
        let mut started = Self {
            children: Vec::new(),
            directory,
            registries: Registries {
                open: Some(OPEN.to_owned()),
                private: Some(Private {
                    user: USER.to_owned(),
                    password: PASSWORD.to_owned(),
                    address: PRIVATE.to_owned(),
                }),
            },
        };
        for (address, is_private) in [(OPEN, false), (PRIVATE, true)] {
            started.spawn(program, address, is_private)?;
        }
        Ok(started)
    }

    fn spawn(&mut self, program: &str, address: &str, is_private: bool) -> Result<(), String> {
        let name = if is_private { "private" } else { "open" };
        let at = |file: &str| self.directory.path().join(format!("{name}-{file}"));
        let write = |file: &str, text: &str| {
            let path = at(file);
            fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
            Ok::<_, String>(path.display().to_string())
        };
        let passwords = write("htpasswd", HTPASSWD)?;
        let storage = at("storage").display().to_string();
        let log = File::create(at("log")).map_err(|e| format!("log: {e}"))?;
        let mut command = Command::new(start::find(program));
        if program.ends_with("longshore-registry") {
            command.args(["--listen", address, "--data", &storage, "--v1"]);
            if is_private {
                command.args(["--htpasswd", &passwords, "--sign-up"]);
            }
        } else {
            let mut settings = format!(
                "version: 0.1\nlog: {{level: warn}}\nhttp: {{addr: \"{address}\"}}\n\
                 storage: {{filesystem: {{rootdirectory: {storage}}}, delete: {{enabled: true}}}}\n"
            );
            if is_private {
                settings.push_str(&format!(
                    "auth: {{htpasswd: {{realm: conformance, path: {passwords}}}}}\n"
                ));
            }
            command.args(["serve", &write("config", &settings)?]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|e| format!("log: {e}"))?)
            .stderr(log)
            .spawn()
            .map_err(|e| format!("{program}: {e}"))?;
        let end = Instant::now() + PATIENCE;
        let outcome = loop {
            if TcpStream::connect(address).is_ok() {
                break Ok(());
            }
            if child.try_wait().ok().flatten().is_some() || Instant::now() > end {
                let log = fs::read_to_string(at("log")).unwrap_or_default();
                break Err(format!("{program} does not listen on {address}:\n{log}"));
            }
            // A registry tells nobody when it listens; asking is all there is.
            std::thread::sleep(Duration::from_millis(20));
        };
        self.children.push(child);
        outcome
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Already gone is as good as ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Private;

    #[test]
    fn a_private_registry_is_written_like_a_url() {
        let read: Private = "learner:a:b@127.0.0.1:5001".parse().unwrap();
        assert_eq!(
            (&*read.user, &*read.password, &*read.address),
            ("learner", "a:b", "127.0.0.1:5001")
        );
        assert!("127.0.0.1:5001".parse::<Private>().is_err());
        assert!("learner@127.0.0.1:5001".parse::<Private>().is_err());
    }
}
