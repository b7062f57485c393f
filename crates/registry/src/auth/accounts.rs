//! Accounts: a file of `user:bcrypt` lines, and what each may do.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use longshore_oci::digest::Digest;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::Semaphore;

use super::{Actions, Resource};
use crate::config::{Accounts, Grant};
use crate::error::Result;
use crate::server::request::blocking;

/// The cost of the passwords that are hashed here, that of `htpasswd -B -C 10`.
const COST: u32 = 10;

/// The dearest hash that is checked; one step more takes twice as long.
const DEAREST: u32 = 14;

/// The longest password; bcrypt reads no more.
pub(crate) const LONGEST_PASSWORD: usize = 72;

/// How many logins are remembered, so that a push of thirty requests hashes the
/// password once.
const REMEMBERED: usize = 1000;

/// What an unknown account's password is compared with, so that it takes as
/// long as a known one's.
const NOBODY: &str = "$2y$10$SkT4oCZGFQ9iNcpNYMpfqOwo7zTN4E3ZOpSvOTGrYpxcBSAzd4TtK";

/// All accounts.
pub(crate) struct Directory {
    path: PathBuf,
    anonymous_pull: bool,
    grants: Vec<Grant>,
    lines: Mutex<Lines>,
    /// Digests of hash, name and password that belong together, under a key of
    /// this process.
    remembered: Mutex<HashSet<Digest>>,
    key: [u8; 32],
    /// bcrypt is dear by design: one at a time, so that guessing passwords
    /// leaves a processor for everybody else.
    turns: Semaphore,
}

#[derive(Default)]
struct Lines {
    /// Time and length of the file when it was read.
    seen: Option<(SystemTime, u64)>,
    hashes: Arc<HashMap<String, String>>,
}

impl Directory {
    /// Reads the file.
    pub(crate) fn open(accounts: &Accounts) -> io::Result<Self> {
        let mut key = [0; 32];
        SystemRandom::new()
            .fill(&mut key)
            .map_err(|_| io::Error::other("the system gives no random numbers"))?;
        let directory = Self {
            path: accounts.htpasswd.clone(),
            anonymous_pull: accounts.anonymous_pull,
            grants: accounts.grants.clone(),
            lines: Mutex::default(),
            remembered: Mutex::default(),
            key,
            turns: Semaphore::new(1),
        };
        directory.read()?;
        Ok(directory)
    }

    /// The accounts of a registry that asks nobody for one.
    pub(crate) fn own(data: &Path) -> io::Result<Self> {
        let htpasswd = data.join("users.htpasswd");
        if !htpasswd.exists() {
            fs::create_dir_all(data)?;
            write_private(&htpasswd, b"")?;
        }
        Self::open(&Accounts {
            htpasswd,
            ..Accounts::default()
        })
    }

    /// Whether name and password belong together.
    pub(crate) async fn login(self: &Arc<Self>, name: &str, password: &str) -> Result<bool> {
        let directory = Arc::clone(self);
        let hash = blocking(move || directory.read()).await?.get(name).cloned();
        if password.len() > LONGEST_PASSWORD {
            return Ok(false);
        }
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let ticket = Digest::of(
            [
                &self.key[..],
                hash.as_bytes(),
                b"\n",
                name.as_bytes(),
                b"\n",
                password.as_bytes(),
            ]
            .concat()
            .as_slice(),
        );
        if self.remembered().contains(&ticket) {
            return Ok(true);
        }
        let password = password.to_owned();
        let fits = {
            let _turn = self.turns.acquire().await;
            blocking(move || Ok::<_, io::Error>(bcrypt::verify(password, &hash).unwrap_or(false)))
                .await?
        };
        if fits && known {
            let mut remembered = self.remembered();
            if remembered.len() >= REMEMBERED {
                remembered.clear();
            }
            remembered.insert(ticket);
        }
        Ok(fits && known)
    }

    /// What changes when the password does; `None` if there is no such account.
    pub(crate) fn hash_of(&self, name: &str) -> io::Result<Option<String>> {
        Ok(self.read()?.get(name).cloned())
    }

    /// What an account, or somebody without one, may do there.
    pub(crate) fn allowed(&self, account: Option<&str>, resource: &Resource) -> Actions {
        let anonymous = match self.anonymous_pull {
            true => Actions::PULL,
            false => Actions::NONE,
        };
        match (account, resource) {
            (None, Resource::Repository(_)) => anonymous,
            (None, Resource::Catalog) => match self.anonymous_pull {
                true => Actions::ALL,
                false => Actions::NONE,
            },
            (Some(_), Resource::Catalog) => Actions::ALL,
            (Some(_), Resource::Repository(_)) if self.grants.is_empty() => Actions::ALL,
            (Some(account), Resource::Repository(name)) => self
                .grants
                .iter()
                .filter(|grant| grant.account == "*" || grant.account == account)
                .filter(|grant| covers(&grant.repositories, name.as_str()))
                .fold(anonymous, |all, grant| {
                    all.and(Actions::named(grant.actions.iter().map(String::as_str)))
                }),
        }
    }

    /// Whether there is nothing that the account may not pull.
    pub(crate) fn sees_everything(&self, account: Option<&str>) -> bool {
        self.anonymous_pull || account.is_some() && self.grants.is_empty()
    }

    /// Whether the account may push anywhere.
    pub(crate) fn pushes(&self, account: &str) -> bool {
        let pushes = |grant: &Grant| grant.actions.iter().any(|action| action == "push");
        self.grants.is_empty()
            || self
                .grants
                .iter()
                .any(|grant| (grant.account == "*" || grant.account == account) && pushes(grant))
    }

    /// Adds an account; `false` if there is one by that name.
    pub(crate) fn add(&self, name: &str, password: &str) -> io::Result<bool> {
        let line = line(name, password)?;
        let mut lines = self.lines();
        let text = fs::read_to_string(&self.path)?;
        if text.lines().any(|line| owner(line) == Some(name)) {
            return Ok(false);
        }
        self.replace(&mut lines, &format!("{}{line}", ended(text)))?;
        Ok(true)
    }

    /// Gives an account another password.
    pub(crate) fn set(&self, name: &str, password: &str) -> io::Result<()> {
        let line = line(name, password)?;
        let mut lines = self.lines();
        let text = fs::read_to_string(&self.path)?;
        let others = text.lines().filter(|line| owner(line) != Some(name));
        let others = others.map(|line| format!("{line}\n")).collect::<String>();
        self.replace(&mut lines, &format!("{others}{line}"))
    }

    fn replace(&self, lines: &mut Lines, text: &str) -> io::Result<()> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".new");
        write_private(Path::new(&aside), text.as_bytes())?;
        fs::rename(&aside, &self.path)?;
        lines.seen = None;
        Ok(())
    }

    /// The lines of the file, read again if it has changed.
    fn read(&self) -> io::Result<Arc<HashMap<String, String>>> {
        let mut lines = self.lines();
        let found = fs::metadata(&self.path)?;
        let seen = Some((found.modified()?, found.len()));
        if lines.seen != seen {
            lines.hashes = Arc::new(parse(&fs::read_to_string(&self.path)?));
            lines.seen = seen;
        }
        Ok(Arc::clone(&lines.hashes))
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self) -> MutexGuard<'_, HashSet<Digest>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a file that only its owner may read.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The line of an account.
fn line(name: &str, password: &str) -> io::Result<String> {
    let mut salt = [0; 16];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    let hash = bcrypt::hash_with_salt(password, COST, salt).map_err(io::Error::other)?;
    let hash = hash.format_for_version(bcrypt::Version::TwoY);
    Ok(format!("{name}:{hash}\n"))
}

/// Whose line it is.
fn owner(line: &str) -> Option<&str> {
    line.split_once(':').map(|(name, _)| name)
}

/// A text whose last line has an end.
fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Reads the lines with a bcrypt hash; others are no accounts, and are named.
fn parse(text: &str) -> HashMap<String, String> {
    let mut hashes = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once(':') {
            Some((name, hash)) if !name.is_empty() && cost(hash).is_some_and(|c| c <= DEAREST) => {
                hashes.insert(name.to_owned(), hash.to_owned());
            }
            _ => tracing::warn!(
                line = number + 1,
                "not a line of `htpasswd -B`: it is ignored"
            ),
        }
    }
    hashes
}

/// The cost of a bcrypt hash.
fn cost(hash: &str) -> Option<u32> {
    let mut parts = hash.strip_prefix("$2")?.split('$');
    let version = parts.next()?;
    let cost = parts.next()?.parse().ok()?;
    let rest = parts.next()?;
    (["", "a", "b", "x", "y"].contains(&version) && rest.len() == 53).then_some(cost)
}

/// Whether a grant's repositories have this one.
fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::names::RepositoryName;

    fn directory(
        text: &str,
        grants: &[&str],
        anonymous_pull: bool,
    ) -> (tempfile::TempDir, Arc<Directory>) {
        let dir = tempfile::tempdir().unwrap();
        let htpasswd = dir.path().join("htpasswd");
        fs::write(&htpasswd, text).unwrap();
        let accounts = Accounts {
            htpasswd,
            anonymous_pull,
            grants: grants.iter().map(|grant| grant.parse().unwrap()).collect(),
        };
        (dir, Arc::new(Directory::open(&accounts).unwrap()))
    }

    #[test]
    fn nobody_s_hash_is_one() {
        assert_eq!(cost(NOBODY), Some(COST));
        assert!(bcrypt::verify("", NOBODY).is_ok());
        assert_eq!(cost("$apr1$x$y"), None);
        assert_eq!(cost("{SHA}x"), None);
        assert_eq!(cost("secret"), None);
    }

    #[tokio::test]
    async fn a_login_needs_name_and_password_and_hears_of_changes() {
        // `htpasswd -nbB -C 4 ann secret`
        let hash = bcrypt::hash("secret", 4).unwrap();
        let (_dir, accounts) = directory(&format!("# x\nann:{hash}\nbad:plain\n"), &[], false);
        for (name, password, fits) in [
            ("ann", "secret", true),
            ("ann", "secret", true),
            ("ann", "Secret", false),
            ("ann", "", false),
            ("bob", "secret", false),
            ("bad", "plain", false),
            ("", "", false),
        ] {
            let done = accounts.login(name, password).await.unwrap();
            assert_eq!(done, fits, "{name} {password}");
        }
        accounts.set("ann", "other").unwrap();
        assert!(!accounts.login("ann", "secret").await.unwrap());
        assert!(accounts.login("ann", "other").await.unwrap());
    }

    #[test]
    fn grants_add_up_and_nothing_else_is_allowed() {
        let (_dir, accounts) = directory(
            "",
            &["ann:team/*:pull,push", "*:team/x:delete", "bob:one:pull"],
            false,
        );
        let may = |who, name| {
            let name = RepositoryName::new(name).unwrap();
            accounts.allowed(who, &Resource::Repository(name)).names()
        };
        assert_eq!(may(Some("ann"), "team/x"), ["pull", "push", "delete"]);
        assert_eq!(may(Some("ann"), "team/y"), ["pull", "push"]);
        assert!(may(Some("ann"), "team").is_empty());
        assert_eq!(may(Some("bob"), "one"), ["pull"]);
        assert!(may(Some("bob"), "one/two").is_empty());
        assert!(may(None, "one").is_empty());
    }
}
