//! Fluentd's forward protocol in message mode: `[tag, time, record, option]`.

use std::io;
use std::time::Duration;

use super::socket::Socket;
use super::{Fluentd, Record, Server, msgpack};

/// Waits between attempts grow by half each time, up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Bytes of an acknowledgement.
const REPLY: usize = 1024;

pub(super) struct Sender {
    spec: Fluentd,
    socket: Option<Socket>,
    /// Lines in parts so far: what tells the parts of one from those of another.
    lines_in_parts: [u64; 2],
    events: u64,
}

impl Sender {
    pub(super) fn connect(spec: &Fluentd) -> Result<Self, String> {
        let socket = match Socket::connect(&spec.address) {
            Ok(socket) => Some(socket),
            Err(_) if spec.lazy => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            spec: spec.clone(),
            socket,
            lines_in_parts: [0; 2],
            events: 0,
        })
    }

    fn event(&mut self, record: &Record<'_>) -> (Vec<u8>, String) {
        let mut out = Vec::with_capacity(record.text.len() + 512);
        msgpack::array(&mut out, 4);
        msgpack::string(&mut out, self.spec.tag.as_bytes());
        let seconds = record.time.div_euclid(1_000_000_000);
        if self.spec.sub_second {
            let nanos = record.time.rem_euclid(1_000_000_000) as u32;
            msgpack::event_time(&mut out, seconds, nanos);
        } else {
            msgpack::seconds(&mut out, seconds);
        }
        let parts = self.parts(record);
        msgpack::map(&mut out, self.spec.fields.len() + 2 + parts.len());
        let pair = |out: &mut Vec<u8>, name: &str, value: &[u8]| {
            msgpack::string(out, name.as_bytes());
            msgpack::string(out, value);
        };
        for (name, value) in &self.spec.fields {
            pair(&mut out, name, value.as_bytes());
        }
        pair(&mut out, "source", record.stream.name().as_bytes());
        pair(&mut out, "log", record.text);
        for (name, value) in &parts {
            pair(&mut out, name, value.as_bytes());
        }
        self.events = self.events.wrapping_add(1);
        let chunk = format!("{:x}-{:x}", std::process::id(), self.events);
        msgpack::map(&mut out, usize::from(self.spec.ack));
        if self.spec.ack {
            pair(&mut out, "chunk", chunk.as_bytes());
        }
        (out, chunk)
    }

    /// What tells that this is a part of a line.
    fn parts(&mut self, record: &Record<'_>) -> Vec<(&'static str, String)> {
        if record.part == 0 {
            return Vec::new();
        }
        let line = &mut self.lines_in_parts[record.stream as usize];
        *line += u64::from(record.part == 1);
        let id = format!(
            "{}-{}-{line}",
            self.spec
                .fields
                .get("container_id")
                .map_or("", String::as_str),
            record.stream.name()
        );
        vec![
            ("partial_message", "true".to_owned()),
            ("partial_id", id),
            ("partial_ordinal", record.part.to_string()),
            ("partial_last", record.last.to_string()),
        ]
    }

    fn try_once(&mut self, event: &[u8], chunk: &str) -> Result<(), ()> {
        if self.socket.is_none() {
            self.socket = Socket::connect(&self.spec.address).ok();
        }
        let Some(socket) = &mut self.socket else {
            return Err(());
        };
        let sent = socket.send(event).and_then(|()| {
            if self.spec.ack {
                acknowledged(socket, chunk)
            } else {
                Ok(())
            }
        });
        sent.map_err(|_| self.socket = None)
    }
}

impl Server for Sender {
    fn send(&mut self, record: &Record<'_>) {
        let (event, chunk) = self.event(record);
        let mut wait = Duration::from_millis(self.spec.retry_wait);
        for _ in 0..self.spec.max_retries.max(1) {
            if self.try_once(&event, &chunk).is_ok() {
                return;
            }
            // What the option asks for; the forwarder is a process of its own, and
            // what comes meanwhile stays in its pipe.
            std::thread::sleep(wait);
            wait = (wait * 3 / 2).min(LONGEST_WAIT);
        }
    }
}

fn acknowledged(socket: &mut Socket, chunk: &str) -> io::Result<()> {
    let mut reply = [0; REPLY];
    let mut have = 0;
    loop {
        match socket.read(&mut reply[have..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => have += count,
        }
        if let Some(ack) = msgpack::find(&reply[..have], b"ack") {
            return if ack == chunk.as_bytes() {
                Ok(())
            } else {
                Err(io::ErrorKind::InvalidData.into())
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Stream;
    use crate::log::forward::Address;
    use std::collections::BTreeMap;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    fn spec(address: &TcpListener) -> Fluentd {
        Fluentd {
            address: Address::Tcp(address.local_addr().expect("address").to_string()),
            tag: "tag".into(),
            fields: BTreeMap::from([("container_id".to_owned(), "c".to_owned())]),
            lazy: false,
            sub_second: false,
            ack: false,
            retry_wait: 1,
            max_retries: 1000,
        }
    }

    fn record(text: &[u8]) -> Record<'_> {
        Record {
            stream: Stream::Stdout,
            time: 5_000_000_007,
            part: 0,
            last: true,
            text,
        }
    }

    #[test]
    fn events_are_fluentds() {
        let server = TcpListener::bind("127.0.0.1:0").expect("socket");
        let mut sender = Sender::connect(&spec(&server)).expect("connect");
        sender.send(&record(b"hi"));
        sender.spec.sub_second = true;
        sender.send(&Record {
            part: 1,
            last: false,
            ..record(b"")
        });
        drop(sender);
        let mut bytes = Vec::new();
        let (mut stream, _) = server.accept().expect("connected");
        stream.read_to_end(&mut bytes).expect("read");
        let first = b"\x94\xa3tag\xd3\0\0\0\0\0\0\0\x05\x83\xaccontainer_id\xa1c\xa6source\
                      \xa6stdout\xa3log\xa2hi\x80";
        let second = b"\x94\xa3tag\xd7\0\0\0\0\x05\0\0\0\x07\x87\xaccontainer_id\xa1c\xa6source\
                       \xa6stdout\xa3log\xa0\xafpartial_message\xa4true\xaapartial_id\xaac-stdout-1\
                       \xafpartial_ordinal\xa11\xacpartial_last\xa5false\x80";
        assert_eq!(bytes, [&first[..], second].concat());
    }

    #[test]
    fn an_event_without_acknowledgement_is_sent_again() {
        let server = TcpListener::bind("127.0.0.1:0").expect("socket");
        let mut wanted = spec(&server);
        wanted.ack = true;
        let mut sender = Sender::connect(&wanted).expect("connect");
        let serving = std::thread::spawn(move || {
            let mut event = [0; 1000];
            let (mut stream, _) = server.accept().expect("connected");
            let length = stream.read(&mut event).expect("event");
            stream.write_all(b"\x81\xa3ack\xa3bad").expect("reply");
            let (mut stream, _) = server.accept().expect("connected again");
            let again = stream.read(&mut event).expect("event");
            assert_eq!(length, again);
            let chunk = event[..again]
                .windows(7)
                .position(|part| part == b"\xa5chunk\xa0" || part.starts_with(b"\xa5chunk"))
                .expect("it asks for an acknowledgement");
            let mut reply = b"\x81\xa3ack".to_vec();
            reply.extend_from_slice(&event[chunk + 6..again]);
            stream.write_all(&reply).expect("reply");
        });
        sender.send(&record(b"hi"));
        serving.join().expect("sent twice");
    }

    #[test]
    fn a_lazy_one_starts_without_a_server() {
        let server = TcpListener::bind("127.0.0.1:0").expect("socket");
        let mut wanted = spec(&server);
        drop(server);
        assert!(Sender::connect(&wanted).is_err());
        wanted.lazy = true;
        assert!(Sender::connect(&wanted).is_ok());
    }
}
