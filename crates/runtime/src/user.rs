//! Who a process runs as: user and group names looked up in the container's
//! own `/etc/passwd` and `/etc/group`.
//!
//! The files belong to the image and may be anything, so only regular files
//! are read, and only their beginning. A string of digits is a number, never a
//! name; a number that does not fit is an error, never something else.

use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::AsFd;

use rustix::fs::{self, FileType, OFlags};

use crate::error::{CreateError, CreateErrorKind};
use crate::path;

/// How much of a file is looked at.
const LONGEST_FILE: u64 = 10 << 20;

/// Ids above this do not survive every interface of the kernel.
const HIGHEST_ID: u32 = i32::MAX as u32;

/// A resolved identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// All groups of the process, the primary one first.
    pub(crate) groups: Vec<u32>,
    /// Home directory, `/` when the user has no entry.
    pub(crate) home: String,
}

/// Finds out who `user` (empty, `name`, `uid`, either with `:group` or `:gid`)
/// and the additional `groups` are in the container whose root is `root`.
pub(crate) fn resolve(
    root: impl AsFd,
    user: &str,
    groups: &[String],
) -> Result<Identity, CreateError> {
    let passwd = || read(&root, "/etc/passwd");
    let group = || read(&root, "/etc/group");
    Lookup { passwd, group }.resolve(user, groups)
}

struct Lookup<P, G> {
    passwd: P,
    group: G,
}

struct User {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
}

impl<P, G, R> Lookup<P, G>
where
    P: Fn() -> Option<R>,
    G: Fn() -> Option<R>,
    R: BufRead,
{
    fn resolve(&self, spec: &str, additional: &[String]) -> Result<Identity, CreateError> {
        // More than two parts are not looked at.
        let mut parts = spec.split(':');
        let (user, group) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let number = match user {
            "" => Some(0),
            _ => number(user)?,
        };
        let entry = self.find_user(|entry| match number {
            Some(uid) => entry.uid == uid,
            None => entry.name == user,
        });
        let uid = match (&entry, number) {
            (Some(entry), _) => entry.uid,
            (None, Some(uid)) => uid,
            (None, None) => {
                return Err(unknown(format!(
                    "unable to find user {user}: no matching entries in passwd file"
                )));
            }
        };
        let mut gid = entry.as_ref().map_or(0, |entry| entry.gid);
        let mut groups = Vec::new();
        if !group.is_empty() {
            gid = self.find_group(group)?;
        } else if let Some(entry) = &entry {
            groups = self.groups_of(&entry.name);
        }
        for name in additional {
            groups.push(self.find_group(name).map_err(|mut error| {
                // Other engines tell it at another place, with a capital.
                if let Some(rest) = error.message.strip_prefix("unable") {
                    error.message = format!("Unable{rest}");
                }
                error
            })?);
        }
        groups.insert(0, gid);
        let mut seen = std::collections::HashSet::new();
        groups.retain(|gid| seen.insert(*gid));
        let home = entry.map_or_else(String::new, |entry| entry.home);
        Ok(Identity {
            uid,
            gid,
            groups,
            home: if home.is_empty() { "/".into() } else { home },
        })
    }

    fn find_user(&self, wanted: impl Fn(&User) -> bool) -> Option<User> {
        records((self.passwd)()?)
            .filter_map(|fields| {
                Some(User {
                    uid: fields.get(2)?.parse().ok()?,
                    gid: fields.get(3)?.parse().ok()?,
                    home: fields.get(5).cloned().unwrap_or_default(),
                    name: fields.into_iter().next()?,
                })
            })
            .find(wanted)
    }

    fn find_group(&self, name: &str) -> Result<u32, CreateError> {
        if let Some(gid) = number(name)? {
            return Ok(gid);
        }
        (self.group)()
            .into_iter()
            .flat_map(records)
            .find(|fields| fields[0] == name)
            .and_then(|fields| fields.get(2)?.parse().ok())
            .ok_or_else(|| {
                unknown(format!(
                    "unable to find group {name}: no matching entries in group file"
                ))
            })
    }

    fn groups_of(&self, user: &str) -> Vec<u32> {
        (self.group)()
            .into_iter()
            .flat_map(records)
            .filter(|fields| {
                fields
                    .get(3)
                    .is_some_and(|members| members.split(',').any(|member| member == user))
            })
            .filter_map(|fields| fields.get(2)?.parse().ok())
            .collect()
    }
}

/// The value of a string of digits; `None` for what is no number. A negative one
/// is not a name either.
fn number(text: &str) -> Result<Option<u32>, CreateError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match text.parse() {
        Ok(id) if id <= HIGHEST_ID => Ok(Some(id)),
        _ => Err(unknown(format!(
            "uids and gids must be in range 0-{HIGHEST_ID}"
        ))),
    }
}

fn unknown(message: String) -> CreateError {
    CreateError::new(CreateErrorKind::UnknownUser, message)
}

/// The colon-separated fields of each line; at least one each.
fn records(file: impl BufRead) -> impl Iterator<Item = Vec<String>> {
    file.split(b'\n').map_while(Result::ok).filter_map(|line| {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        (!line.is_empty() && !line.starts_with('#'))
            .then(|| line.split(':').map(str::to_owned).collect())
    })
}

/// A file of the container, unless it is missing or not a regular file.
fn read(root: impl AsFd, name: &str) -> Option<BufReader<io::Take<std::fs::File>>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = path::open_in(root, name, flags).ok()?;
    let status = fs::fstat(&file).ok()?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return None;
    }
    Some(BufReader::new(std::fs::File::from(file).take(LONGEST_FILE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
        # comment\n\
        1000:x:0:0:a trap:/trap:/bin/sh\n\
        web:x:1000:1000::/srv/web:/bin/sh\n\
        bare:x:7:8\n";
    const GROUP: &str = "root:x:0:\nweb:x:1000:\nlog:x:50:root,web\nmail:x:60:web\n";

    fn resolve(user: &str, groups: &[&str]) -> Result<Identity, String> {
        let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
        let lookup = Lookup {
            passwd: || Some(PASSWD.as_bytes()),
            group: || Some(GROUP.as_bytes()),
        };
        lookup.resolve(user, &groups).map_err(|error| error.message)
    }

    #[test]
    fn users_are_found_by_name_and_number() {
        for (user, additional, uid, gid, groups, home) in [
            ("", &[][..], 0, 0, vec![0, 50], "/root"),
            ("root", &[], 0, 0, vec![0, 50], "/root"),
            ("web", &[], 1000, 1000, vec![1000, 50, 60], "/srv/web"),
            ("1000", &[], 1000, 1000, vec![1000, 50, 60], "/srv/web"),
            ("web:log", &[], 1000, 50, vec![50], "/srv/web"),
            (
                "1000:2000",
                &["3000"],
                1000,
                2000,
                vec![2000, 3000],
                "/srv/web",
            ),
            ("4242", &[], 4242, 0, vec![0], "/"),
            ("4242:", &["mail", "60"], 4242, 0, vec![0, 60], "/"),
            (":mail", &[], 0, 60, vec![60], "/root"),
            ("bare", &[], 7, 8, vec![8], "/"),
            ("007", &[], 7, 8, vec![8], "/"),
            ("web:log:7", &[], 1000, 50, vec![50], "/srv/web"),
        ] {
            let identity = resolve(user, additional).expect(user);
            assert_eq!(
                identity,
                Identity {
                    uid,
                    gid,
                    groups,
                    home: home.into()
                },
                "{user:?}"
            );
        }
    }

    #[test]
    fn a_missing_additional_group_is_an_error() {
        assert_eq!(
            resolve("web", &["none"]),
            Err("Unable to find group none: no matching entries in group file".into())
        );
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        for (user, text) in [
            (
                "nobody",
                "unable to find user nobody: no matching entries in passwd file",
            ),
            (
                "web:none",
                "unable to find group none: no matching entries in group file",
            ),
            (
                "+0",
                "unable to find user +0: no matching entries in passwd file",
            ),
            ("-1", "uids and gids must be in range 0-2147483647"),
            (
                "0x0",
                "unable to find user 0x0: no matching entries in passwd file",
            ),
            ("4294967296", "uids and gids must be in range 0-2147483647"),
            ("2147483648", "uids and gids must be in range 0-2147483647"),
            (
                "0:4294967296",
                "uids and gids must be in range 0-2147483647",
            ),
        ] {
            assert_eq!(resolve(user, &[]), Err(text.to_owned()), "{user:?}");
        }
    }
}
