//! The builder: its answers line by line beside dockerd's, its images, its
//! cache, and what is left of a build that ends too early.

mod attacks;
mod cache;
mod ending;
mod files;
mod images;
mod streams;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::harness::{Daemon, PATIENCE};

/// What a build answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) lines: Vec<serde_json::Value>,
}

impl Answer {
    /// All texts for people, one behind the other.
    pub(crate) fn text(&self) -> String {
        let texts = self.lines.iter().filter_map(|line| line["stream"].as_str());
        texts.collect()
    }

    /// The id of the image, of a build that succeeded.
    pub(crate) fn image(&self) -> String {
        let mut ids = self
            .lines
            .iter()
            .filter_map(|line| line["aux"]["ID"].as_str());
        let built = self.text().contains("Successfully built ");
        assert!(built, "{self:#?}");
        ids.next_back().expect("an id").to_owned()
    }

    /// What went wrong.
    pub(crate) fn error(&self) -> &str {
        let last = self.lines.last().expect("a line");
        let error = last["error"].as_str().or(last["message"].as_str());
        error.unwrap_or_else(|| panic!("no error: {self:#?}"))
    }
}

/// An entry of a context.
#[derive(Clone, Copy)]
pub(crate) enum Put<'a> {
    File(&'a str, u32),
    Link(&'a str),
    Directory,
}

/// A context as a tar archive.
pub(crate) fn context(entries: &[(&str, Put<'_>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, put) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(1_000_000);
        header.set_size(0);
        // Hostile names as well: the crate's own checks are not ours.
        let name = header.as_gnu_mut().expect("gnu").name.as_mut_slice();
        name[..path.len()].copy_from_slice(path.as_bytes());
        match put {
            Put::File(content, mode) => {
                header.set_mode(*mode);
                header.set_size(content.len() as u64);
                header.set_cksum();
                archive.append(&header, content.as_bytes()).unwrap();
            }
            Put::Link(target) => {
                header.set_mode(0o777);
                header.set_entry_type(tar::EntryType::Symlink);
                let link = &mut header.as_gnu_mut().expect("gnu").linkname;
                link[..target.len()].copy_from_slice(target.as_bytes());
                header.set_cksum();
                archive.append(&header, std::io::empty()).unwrap();
            }
            Put::Directory => {
                header.set_mode(0o755);
                header.set_entry_type(tar::EntryType::Directory);
                header.set_cksum();
                archive.append(&header, std::io::empty()).unwrap();
            }
        }
    }
    archive.into_inner().unwrap()
}

/// A context of a Dockerfile and plain files.
pub(crate) fn plain(dockerfile: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let mut entries = vec![("Dockerfile", Put::File(dockerfile, 0o644))];
    entries.extend(
        files
            .iter()
            .map(|(path, text)| (*path, Put::File(text, 0o644))),
    );
    context(&entries)
}

/// `POST /build` to a socket.
pub(crate) fn build_at(socket: &Path, query: &str, context: &[u8]) -> Answer {
    let mut stream = begin(socket, query, context);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked {
        unchunked(body)
    } else {
        body.to_owned()
    };
    let lines = body.lines().filter(|line| !line.trim().is_empty());
    let read =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    Answer {
        status,
        lines: lines.map(read).collect(),
    }
}

/// Sends a build and does not read the answer.
pub(crate) fn begin(socket: &Path, query: &str, context: &[u8]) -> UnixStream {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let query = query.replace(' ', "%20").replace('"', "%22");
    let head = format!(
        "POST /v1.40/build?{query} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        context.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // Who refuses at once need not read all.
    stream.write_all(context).ok();
    stream
}

pub(crate) fn build(daemon: &Daemon, query: &str, context: &[u8]) -> Answer {
    build_at(&daemon.socket(), query, context)
}

fn unchunked(mut body: &str) -> String {
    let mut text = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        text += &rest[..size];
        body = &rest[size + 2..];
    }
    text
}

/// Numbers ids in the order in which they appear, so that two answers can be
/// compared.
pub(crate) fn without_ids(text: &str) -> String {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let hex = |text: &str| text.bytes().take_while(|byte| is_hex(*byte)).count();
        let full = rest.strip_prefix("sha256:").filter(|rest| hex(rest) == 64);
        let (length, short) = match full {
            Some(digits) => (71, &digits[..12]),
            None if hex(rest) == 12 => (12, &rest[..12]),
            None => {
                // Words are no ids, and no part of a word is one.
                let word = hex(rest).max(rest.chars().next().map_or(1, char::len_utf8));
                out += &rest[..word];
                rest = &rest[word..];
                continue;
            }
        };
        let next = numbers.len();
        let number = numbers.entry(short.to_owned()).or_insert(next);
        out += &format!("<{number}>");
        rest = &rest[length..];
    }
    out
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

#[test]
fn ids_are_numbered() {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let text = format!("a {digest} 0123456789ab b 111111111111 facade");
    assert_eq!(without_ids(&text), "a <0> <0> b <1> facade");
}
