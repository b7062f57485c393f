//! `--userns-remap`: whose ids the containers' are, from the machine's accounts
//! and its lists of subordinate ids.

use std::fs;
use std::path::{Path, PathBuf};

use longshore_runtime::userns::{IdMap, IdRange};

use crate::container::plan::Plan;
use crate::container::plan::namespaces::{Join, Network};
use crate::error::{Error, Result};

/// Who is meant by `default`.
const DEFAULT: &str = "dockremap";

/// Where accounts and subordinate ids are listed.
#[derive(Clone, Debug)]
pub struct Accounts {
    dir: PathBuf,
}

impl Default for Accounts {
    fn default() -> Self {
        Self::in_dir("/etc")
    }
}

impl Accounts {
    /// The files `passwd`, `group`, `subuid` and `subgid` of a directory.
    pub fn in_dir(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The map for what `--userns-remap` says: `default`, or a user and perhaps
    /// a group, by name or number. No map for `root`, which cannot be shifted
    /// to itself.
    pub fn remap(&self, given: &str) -> Result<Option<IdMap>> {
        let invalid = |text: String| Error::bad_parameter(text);
        let (user, group) = match given.split(':').collect::<Vec<_>>()[..] {
            [user] => (user, None),
            [user, group] => (user, Some(group)),
            _ => {
                return Err(invalid(format!(
                    "Invalid user/group specification in --userns-remap: \"{given}\""
                )));
            }
        };
        let name = if user == "default" { DEFAULT } else { user };
        let user = self.find("passwd", name).ok_or_else(|| {
            invalid(match (user, name.parse::<u32>()) {
                ("default", _) => format!(
                    "user \"{DEFAULT}\" does not exist: make it, and give it ids in subuid and \
                     subgid"
                ),
                (_, Ok(uid)) => format!("Uid {uid} has no entry in /etc/passwd"),
                _ => format!("Error during uid lookup for \"{name}\": no such user"),
            })
        })?;
        let group = group.unwrap_or(name);
        if self.find("group", group).is_none() {
            return Err(invalid(match group.parse::<u32>() {
                Ok(gid) => format!("Gid {gid} has no entry in /etc/group"),
                Err(_) => format!("Error during gid lookup for \"{group}\": no such group"),
            }));
        }
        if user.name == "root" {
            tracing::warn!("root cannot be remapped with itself; user namespaces are off");
            return Ok(None);
        }
        Ok(Some(IdMap {
            uids: self.ranges("subuid", &user)?,
            // As dockerd: the group's ids are those listed for the user.
            gids: self.ranges("subgid", &user)?,
            shifted: Vec::new(),
        }))
    }

    /// The entry with this name or number of a file like passwd(5).
    fn find(&self, file: &str, wanted: &str) -> Option<Account> {
        let number: Option<u32> = wanted.parse().ok();
        let text = fs::read_to_string(self.dir.join(file)).ok()?;
        text.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| !name.is_empty())?;
            let id: u32 = fields.nth(1)?.parse().ok()?;
            let found = match number {
                Some(number) => id == number,
                None => name == wanted,
            };
            let name = name.to_owned();
            found.then_some(Account { name, id })
        })
    }

    /// The subordinate ids of a user, by name or number, put together in the
    /// order of the machine's ids.
    fn ranges(&self, file: &str, user: &Account) -> Result<Vec<IdRange>> {
        let path = self.dir.join(file);
        let text = fs::read_to_string(&path).map_err(|error| {
            Error::system(format!(
                "Can't create ID mappings: {}: {error}",
                path.display()
            ))
        })?;
        let mut found = Vec::new();
        for line in text.lines().map(str::trim) {
            let fields: Vec<_> = line.split(':').collect();
            let [owner, start, count] = fields[..] else {
                continue;
            };
            if owner != user.name && owner.parse() != Ok(user.id) {
                continue;
            }
            match (start.parse::<u32>(), count.parse::<u32>()) {
                (Ok(start), Ok(count)) if count > 0 && start.checked_add(count).is_some() => {
                    found.push((start, count));
                }
                _ => {
                    return Err(Error::system(format!(
                        "Can't create ID mappings: {}: not a range of ids: {line}",
                        path.display()
                    )));
                }
            }
        }
        if found.is_empty() {
            return Err(Error::system(format!(
                "Can't create ID mappings: no {file} ranges found for user \"{}\"",
                user.name
            )));
        }
        found.sort_unstable();
        let mut inside = 0_u32;
        let mut ranges = Vec::with_capacity(found.len());
        for (outside, count) in found {
            let Some(next) = inside.checked_add(count) else {
                break;
            };
            ranges.push(IdRange {
                inside,
                outside,
                count,
            });
            inside = next;
        }
        Ok(ranges)
    }
}

struct Account {
    name: String,
    id: u32,
}

/// Whether this machine can shift what lies in `data_root`, which may not exist
/// yet. The calling process must have one thread.
pub fn probe(map: &IdMap, data_root: &Path) -> Result<()> {
    let existing = data_root.ancestors().find(|path| path.exists());
    let place = existing.unwrap_or(Path::new("/"));
    longshore_runtime::userns::can_shift(place, map).map_err(|error| {
        Error::system(format!(
            "--userns-remap needs idmapped mounts, which kernel or file system do not have for {}: \
             {error}",
            data_root.display()
        ))
    })
}

/// Refuses what cannot be had in a user namespace; `wanted` says whether the
/// container gets one.
pub(crate) fn check(plan: &Plan, wanted: bool) -> Result<()> {
    let text = match () {
        () if !wanted => return Ok(()),
        () if plan.privileged => {
            "privileged mode is incompatible with user namespaces.  You must run the container in \
             the host namespace when running privileged mode"
        }
        () if plan.network == Network::Host => {
            "cannot share the host's network namespace when user namespaces are enabled"
        }
        () if plan.pid == Join::Host => {
            "cannot share the host PID namespace when user namespaces are enabled"
        }
        () => return Ok(()),
    };
    Err(Error::bad_parameter(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(subuid: &str) -> (tempfile::TempDir, Accounts) {
        let dir = tempfile::tempdir().expect("temporary directory");
        for (name, text) in [
            (
                "passwd",
                "root:x:0:0::/:\nmapped:x:990:990::/:\ndockremap:x:991:991::/:\n",
            ),
            (
                "group",
                "root:x:0:\nmapped:x:990:\ndockremap:x:991:\nother:x:77:\n",
            ),
            ("subuid", subuid),
            ("subgid", "990:5:3\nmapped:400000:65536\ndockremap:1:2\n"),
        ] {
            fs::write(dir.path().join(name), text).expect("write");
        }
        let accounts = Accounts::in_dir(dir.path());
        (dir, accounts)
    }

    fn range(inside: u32, outside: u32, count: u32) -> IdRange {
        IdRange {
            inside,
            outside,
            count,
        }
    }

    #[test]
    fn users_are_named_as_with_dockerd() {
        let (_dir, accounts) = accounts("mapped:300000:65536\nroot:1:1\ndockremap:7:9\n");
        let expected = Some(IdMap {
            uids: vec![range(0, 300_000, 65536)],
            gids: vec![range(0, 5, 3), range(3, 400_000, 65536)],
            shifted: Vec::new(),
        });
        for given in ["mapped", "990", "mapped:other", "mapped:77", "990:mapped"] {
            assert_eq!(accounts.remap(given), Ok(expected.clone()), "{given}");
        }
        let default = accounts
            .remap("default")
            .expect("dockremap")
            .expect("a map");
        assert_eq!(default.root_uid(), Some(7));
        assert_eq!(accounts.remap("root"), Ok(None));
    }

    #[test]
    fn ranges_are_put_together_in_order() {
        let (_dir, accounts) = accounts("mapped:2000:10\n# note\nmapped:1000:5\n990:9000:1\n");
        let map = accounts.remap("mapped").expect("good").expect("a map");
        assert_eq!(
            map.uids,
            [range(0, 1000, 5), range(5, 2000, 10), range(15, 9000, 1)]
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let (_dir, accounts) = accounts("other:1:1\ndockremap:x:1\n");
        for (given, text) in [
            (
                "a:b:c",
                "Invalid user/group specification in --userns-remap: \"a:b:c\"",
            ),
            (
                "nobody",
                "Error during uid lookup for \"nobody\": no such user",
            ),
            ("12345", "Uid 12345 has no entry in /etc/passwd"),
            (
                "mapped:nobody",
                "Error during gid lookup for \"nobody\": no such group",
            ),
            ("mapped:12345", "Gid 12345 has no entry in /etc/group"),
            (
                "mapped",
                "Can't create ID mappings: no subuid ranges found for user \"mapped\"",
            ),
        ] {
            assert_eq!(accounts.remap(given).expect_err(given).message, text);
        }
        let text = accounts.remap("default").expect_err("bad range").message;
        assert!(
            text.ends_with("not a range of ids: dockremap:x:1"),
            "{text}"
        );
    }
}
