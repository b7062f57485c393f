//! systemd's journal, spoken to natively: fields in a datagram, or in a sealed
//! memory file where they do not fit.

use std::fs::File;
use std::io::{self, IoSlice, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixDatagram;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::{Journald, Record, Server};
use crate::log::Stream;

pub(super) struct Sender {
    spec: Journald,
    socket: Option<UnixDatagram>,
    /// The fields that all entries have.
    common: Vec<u8>,
}

impl Sender {
    pub(super) fn connect(spec: &Journald) -> Result<Self, String> {
        let mut common = Vec::new();
        for (name, value) in &spec.fields {
            field(&mut common, name, value.as_bytes());
        }
        let socket = connect(spec).map_err(|_| "journald is not enabled on this host")?;
        Ok(Self {
            spec: spec.clone(),
            socket: Some(socket),
            common,
        })
    }
}

impl Server for Sender {
    fn send(&mut self, record: &Record<'_>) {
        let mut entry = self.common.clone();
        field(&mut entry, "MESSAGE", record.text);
        let priority: &[u8] = match record.stream {
            Stream::Stdout => b"6",
            Stream::Stderr => b"3",
        };
        field(&mut entry, "PRIORITY", priority);
        if !record.last {
            field(&mut entry, "CONTAINER_PARTIAL_MESSAGE", b"true");
        }
        for _ in 0..2 {
            if self.socket.is_none() {
                // It may have been started again.
                self.socket = connect(&self.spec).ok();
            }
            match &self.socket {
                Some(socket) if send(socket, &entry).is_ok() => return,
                _ => self.socket = None,
            }
        }
    }
}

fn connect(spec: &Journald) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(&spec.socket)?;
    Ok(socket)
}

fn send(socket: &UnixDatagram, entry: &[u8]) -> io::Result<()> {
    match rustix::net::send(socket, entry, SendFlags::NOSIGNAL) {
        Ok(_) => Ok(()),
        Err(Errno::MSGSIZE | Errno::NOBUFS) => {
            let memory = memfd_create(
                "journal-entry",
                MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
            )?;
            let mut file = File::from(memory);
            file.write_all(entry)?;
            let all = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
            fcntl_add_seals(&file, all)?;
            let files = [file.as_fd()];
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            control.push(SendAncillaryMessage::ScmRights(&files));
            let nothing = [IoSlice::new(&[])];
            sendmsg(socket, &nothing, &mut control, SendFlags::NOSIGNAL)?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Appends a field; one with a line feed in it says its length.
fn field(to: &mut Vec<u8>, name: &str, value: &[u8]) {
    to.extend_from_slice(name.as_bytes());
    if value.contains(&b'\n') {
        to.push(b'\n');
        to.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        to.push(b'=');
    }
    to.extend_from_slice(value);
    to.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn entries_have_all_fields() {
        let dir = tempfile::tempdir().expect("tempdir");
        let socket = dir.path().join("journal");
        let journal = UnixDatagram::bind(&socket).expect("bind");
        let fields = BTreeMap::from([
            ("CONTAINER_NAME".to_owned(), "web".to_owned()),
            ("ODD".to_owned(), "a\nb".to_owned()),
        ]);
        let mut sender = Sender::connect(&Journald { socket, fields }).expect("connect");
        sender.send(&Record {
            stream: Stream::Stderr,
            time: 0,
            part: 1,
            last: false,
            text: b"half",
        });
        let mut buffer = [0; 1000];
        let length = journal.recv(&mut buffer).expect("a datagram");
        assert_eq!(
            &buffer[..length],
            b"CONTAINER_NAME=web\nODD\n\x03\0\0\0\0\0\0\0a\nb\nMESSAGE=half\nPRIORITY=3\n\
              CONTAINER_PARTIAL_MESSAGE=true\n"
        );
    }

    #[test]
    fn without_a_journal_there_is_no_connection() {
        let spec = Journald {
            socket: "/nonexistent".into(),
            fields: BTreeMap::new(),
        };
        let error = Sender::connect(&spec).err().expect("no socket");
        assert_eq!(error, "journald is not enabled on this host");
    }
}
