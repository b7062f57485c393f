//! The file system that a volume's options name, and dockerd's words for what
//! can go wrong with it.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::path::Path;

use longshore_runtime::hostmount::FileSystem;

use crate::error::{Error, Result};

/// Whether a volume with these options is another file system than the store's.
pub(crate) fn is_wanted(options: Option<&BTreeMap<String, String>>) -> bool {
    ["type", "device"]
        .iter()
        .any(|key| !get(options, key).is_empty())
}

/// Mounts what the options name on a volume's directory. Blocks as long as a
/// server does not answer.
pub(crate) fn mount(options: Option<&BTreeMap<String, String>>, place: &Path) -> Result<()> {
    let failed = |text: String| {
        let place = place.display();
        Error::system(format!("error while mounting volume '{place}': {text}"))
    };
    let kind = get(options, "type");
    let words = match kind {
        "nfs" | "cifs" => with_address(get(options, "o")).map_err(|text| {
            failed(format!(
                "error resolving passed in network volume address: {text}"
            ))
        })?,
        _ => get(options, "o").to_owned(),
    };
    let filesystem = FileSystem::new(kind, get(options, "device"), &words);
    filesystem
        .mount(place)
        .map_err(|error| failed(describe(&filesystem, place, &error)))
}

/// The words with the address of the server where they have its name: the
/// kernel knows no names.
fn with_address(words: &str) -> Result<String, String> {
    let word = |word: &str| match word.strip_prefix("addr=") {
        Some(name) if name.parse::<IpAddr>().is_err() => {
            resolve(name).map(|address| format!("addr={address}"))
        }
        _ => Ok(word.to_owned()),
    };
    let words: Result<Vec<String>, String> = words.split(',').map(word).collect();
    Ok(words?.join(","))
}

fn resolve(name: &str) -> Result<IpAddr, String> {
    let unknown = || format!("lookup {name}: no such host");
    let found: Vec<IpAddr> = (name, 0)
        .to_socket_addrs()
        .map_err(|_| unknown())?
        .map(|address| address.ip())
        .collect();
    let first = found
        .iter()
        .find(|address| address.is_ipv4())
        .or(found.first());
    first.copied().ok_or_else(unknown)
}

fn describe(filesystem: &FileSystem, place: &Path, error: &io::Error) -> String {
    let mut text = String::from("failed to mount local volume: mount ");
    if !filesystem.device().is_empty() {
        text += &format!("{}:", filesystem.device());
    }
    text += &place.display().to_string();
    if filesystem.flags() != 0 {
        text += &format!(", flags: {:#x}", filesystem.flags());
    }
    if !filesystem.data().is_empty() {
        text += &format!(", data: {}", filesystem.data());
    }
    // The system's text as Go has it: in small letters, without the number.
    let reason = error.to_string().to_lowercase();
    let reason = reason.split(" (os error").next().unwrap_or_default();
    format!("{text}: {reason}")
}

fn get<'a>(options: Option<&'a BTreeMap<String, String>>, key: &str) -> &'a str {
    let value = options.and_then(|options| options.get(key));
    value.map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_servers_become_addresses() {
        let same = "addr=127.0.0.1,ro,nfsvers=4";
        assert_eq!(with_address(same).as_deref(), Ok(same));
        assert_eq!(
            with_address("ro,addr=localhost").as_deref(),
            Ok("ro,addr=127.0.0.1")
        );
        let unknown = with_address("addr=no-such-host.invalid").expect_err("unknown");
        assert_eq!(unknown, "lookup no-such-host.invalid: no such host");
    }

    #[test]
    fn failures_are_told_in_dockerds_words() {
        let nfs = FileSystem::new("nfs", ":/srv", "addr=127.0.0.1,ro");
        let error = io::Error::from_raw_os_error(19);
        assert_eq!(
            describe(&nfs, Path::new("/v/n/_data"), &error),
            "failed to mount local volume: mount :/srv:/v/n/_data, flags: 0x1, data: \
             addr=127.0.0.1: no such device"
        );
    }
}
