//! Contexts that are repositories: `https://host/name.git#ref:directory`.
//!
//! git is a program of its own, run with nothing but what is given to it here:
//! no shell, no configuration, no hooks, no questions, and only protocols that
//! go over the network. What comes from outside stands behind `--` or is known
//! not to be an option.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::context::leaves;
use crate::error::{Error, IoContext, Result};

/// Where the program may be.
const PROGRAMS: [&str; 3] = ["/usr/bin/git", "/bin/git", "/usr/local/bin/git"];

/// The branch of somebody who names none: whichever the server prefers.
const DEFAULT_REF: &str = "HEAD";

/// Settings of every call.
const SETTINGS: [&str; 12] = [
    "protocol.allow=never",
    "protocol.http.allow=always",
    "protocol.https.allow=always",
    "protocol.git.allow=always",
    "protocol.ssh.allow=always",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=true",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "credential.helper=",
    "advice.detachedHead=false",
];

/// Variables of this process that git gets as well.
const PASSED_ON: [&str; 8] = [
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
];

/// How much of what git says is kept, in bytes.
const LONGEST_ANSWER: u64 = 16 << 10;

/// A repository as an address names it.
#[derive(Debug, PartialEq, Eq)]
struct Remote {
    address: String,
    reference: String,
    /// The directory in it that is the context; empty for all of it.
    dir: String,
}

/// Whether an address is one of a repository.
pub(super) fn is_repository(address: &str) -> bool {
    let path = address.split('#').next().unwrap_or_default();
    let web = address.starts_with("http://") || address.starts_with("https://");
    (web && path.ends_with(".git"))
        || ["git://", "git@", "github.com/"]
            .iter()
            .any(|start| address.starts_with(start))
}

/// Fetches a repository into an empty directory; answers the directory below it
/// that is meant.
pub(super) async fn fetch(address: &str, dir: &Path) -> Result<String> {
    let remote = Remote::parse(address)?;
    let program = PROGRAMS.iter().find(|path| Path::new(path).exists());
    let Some(program) = program else {
        return Err(Error::system(
            "a context from a repository needs git, which is not installed",
        ));
    };
    let git = Git { program, dir };
    let failed = |what: &'static str| {
        move |said: String| Error::system(format!("error {what}: {}", without_password(&said)))
    };
    git.run(&["init", "--quiet", "--template=", "."])
        .await?
        .map_err(failed("initializing"))?;
    git.run(&["remote", "add", "--", "origin", &remote.address])
        .await?
        .map_err(failed("adding the remote"))?;
    let reference = remote.reference.as_str();
    let shallow = ["fetch", "--quiet", "--depth=1", "--", "origin", reference];
    let mut fetched = git.run(&shallow).await?;
    if fetched.as_ref().is_err_and(|said| said.contains("shallow")) {
        // A server that only hands out files.
        let whole = ["fetch", "--quiet", "--", "origin", reference];
        fetched = git.run(&whole).await?;
    }
    fetched.map_err(failed("fetching"))?;
    git.run(&["checkout", "--quiet", "--detach", "FETCH_HEAD"])
        .await?
        .map_err(failed("checking out"))?;
    let submodules = [
        "submodule",
        "--quiet",
        "update",
        "--init",
        "--recursive",
        "--depth=1",
    ];
    git.run(&submodules)
        .await?
        .map_err(failed("initializing submodules"))?;
    Ok(remote.dir)
}

impl Remote {
    fn parse(given: &str) -> Result<Remote> {
        let (address, fragment) = given.split_once('#').unwrap_or((given, ""));
        let (reference, dir) = fragment.split_once(':').unwrap_or((fragment, ""));
        if reference.starts_with('-') {
            return Err(Error::system(format!("invalid refspec: {fragment}")));
        }
        let strange = |c: char| c.is_control() || c.is_whitespace();
        // A reference is a name, not a rule for several.
        if reference.contains(|c| strange(c) || matches!(c, '*' | '+' | '^' | '~' | '?' | '\\')) {
            return Err(Error::system(format!("invalid refspec: {reference}")));
        }
        if address.contains(strange) || address.starts_with('-') {
            return Err(Error::system("invalid address of a repository"));
        }
        if leaves(dir) {
            let text = format!("error setting git context, {dir:?} not within git root");
            return Err(Error::system(text));
        }
        let address = match address.strip_prefix("github.com/") {
            Some(path) => format!("https://github.com/{path}"),
            None => address.to_owned(),
        };
        let reference = match reference {
            "" => DEFAULT_REF,
            name => name,
        };
        Ok(Remote {
            address,
            reference: reference.to_owned(),
            dir: dir.trim_start_matches('/').to_owned(),
        })
    }
}

struct Git<'a> {
    program: &'a str,
    dir: &'a Path,
}

impl Git<'_> {
    /// Runs git; if it fails, what it said is the error within.
    async fn run(&self, arguments: &[&str]) -> Result<Result<(), String>> {
        let mut command = Command::new(self.program);
        command
            .current_dir(self.dir)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", self.dir)
            .env("GIT_DIR", self.dir.join(".git"))
            .env("GIT_WORK_TREE", self.dir)
            // Submodules cannot talk git out of this, whatever it hands down.
            .env("GIT_ALLOW_PROTOCOL", "http:https:git:ssh")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "/bin/false")
            .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
            .env("GIT_HTTP_LOW_SPEED_LIMIT", "1")
            .env("GIT_HTTP_LOW_SPEED_TIME", "60")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Whoever gives the build up ends this too.
            .kill_on_drop(true);
        for name in PASSED_ON {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        if arguments.first() == Some(&"submodule") {
            // Its own calls of git find the repositories by themselves.
            command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        }
        let mut child = command.args(arguments).spawn().context("git")?;
        let said = match child.stderr.take() {
            Some(stderr) => beginning(stderr).await.context("git")?,
            None => String::new(),
        };
        let status = child.wait().await.context("git")?;
        Ok(match status.success() {
            true => Ok(()),
            false => {
                let code = status.code().unwrap_or(-1);
                Err(format!("{}\n: exit status {code}", said.trim_end()))
            }
        })
    }
}

/// The beginning of a stream that is read to its end: servers may say a lot.
async fn beginning(mut stream: impl AsyncRead + Unpin) -> std::io::Result<String> {
    let mut kept = Vec::new();
    (&mut stream)
        .take(LONGEST_ANSWER)
        .read_to_end(&mut kept)
        .await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

/// Takes `name:password@` out of the addresses in a text.
fn without_password(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        shown.push_str(before);
        let end = after
            .find(|c: char| c == '/' || c == '\'' || c.is_whitespace())
            .unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(at) => &after[at + 1..],
            None => after,
        };
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_repositories_are_recognised() {
        for (address, expected) in [
            ("https://host/name.git", true),
            ("http://host/name.git#ref:dir", true),
            ("https://host/name", false),
            ("https://host/name.git/archive.tar", false),
            ("git://host/name", true),
            ("git@host:name", true),
            ("github.com/user/name", true),
            ("file:///name.git", false),
            ("ext::sh -c x.git", false),
            ("/srv/name.git", false),
            ("--upload-pack=x", false),
        ] {
            assert_eq!(is_repository(address), expected, "{address}");
        }
    }

    #[test]
    fn references_and_directories_cannot_be_anything_else() {
        let parsed = |given: &str| Remote::parse(given).map_err(|error| error.message);
        let remote = |reference: &str, dir: &str| {
            Ok(Remote {
                address: "https://h/n.git".to_owned(),
                reference: reference.to_owned(),
                dir: dir.to_owned(),
            })
        };
        assert_eq!(parsed("https://h/n.git"), remote("HEAD", ""));
        assert_eq!(parsed("https://h/n.git#v1"), remote("v1", ""));
        assert_eq!(parsed("https://h/n.git#:a/b"), remote("HEAD", "a/b"));
        assert_eq!(parsed("https://h/n.git#v1:/a"), remote("v1", "a"));
        assert_eq!(
            parsed("github.com/u/n").unwrap().address,
            "https://github.com/u/n"
        );
        for wrong in [
            "https://h/n.git#--upload-pack=touch /tmp/x",
            "https://h/n.git#-x",
            "https://h/n.git#a b",
            "https://h/n.git#+refs/*",
            "https://h/n.git#:../..",
            "https://h/n.git#:a/../../b",
            "https://h/n .git",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(
            without_password("fatal: 'https://me:secret@host/x.git/' not found, https://h/a@b"),
            "fatal: 'https://host/x.git/' not found, https://h/a@b"
        );
    }
}
