//! Syslog: one line a message, a lost connection made again once for each line.

use super::socket::Socket;
use super::{Record, Server, Syslog, SyslogFormat};
use crate::log::Stream;
use crate::time::{Civil, local};

/// Severities of the two streams.
const ERROR: u8 = 3;
const INFO: u8 = 6;

pub(super) struct Sender {
    spec: Syslog,
    socket: Option<Socket>,
    line: Vec<u8>,
}

impl Sender {
    pub(super) fn connect(spec: &Syslog) -> Result<Self, String> {
        Ok(Self {
            spec: spec.clone(),
            socket: Some(Socket::connect(&spec.address)?),
            line: Vec::new(),
        })
    }
}

impl Server for Sender {
    fn send(&mut self, record: &Record<'_>) {
        if record.text.is_empty() {
            return;
        }
        self.line.clear();
        self.line
            .extend_from_slice(head(&self.spec, record).as_bytes());
        self.line.extend_from_slice(record.text);
        self.line.push(b'\n');
        for _ in 0..2 {
            if self.socket.is_none() {
                self.socket = Socket::connect(&self.spec.address).ok();
            }
            if let Some(socket) = &mut self.socket
                && socket.send(&self.line).is_ok()
            {
                return;
            }
            self.socket = None;
        }
    }
}

fn head(spec: &Syslog, record: &Record<'_>) -> String {
    let severity = match record.stream {
        Stream::Stdout => INFO,
        Stream::Stderr => ERROR,
    };
    let priority = spec.facility * 8 + severity;
    let (tag, host) = (&spec.tag, &spec.hostname);
    let pid = std::process::id();
    let time = local(record.time);
    match spec.format {
        SyslogFormat::Local => format!("<{priority}>{} {tag}[{pid}]: ", stamp(&time)),
        SyslogFormat::Rfc3164 => format!("<{priority}>{} {host} {tag}[{pid}]: ", stamp(&time)),
        SyslogFormat::Rfc5424 => {
            let time = rfc3339(&time, "");
            format!("<{priority}>1 {time} {host} {tag} {pid} {tag} - ")
        }
        SyslogFormat::Rfc5424Micro => {
            let time = rfc3339(&time, &format!(".{:06}", time.nanos / 1000));
            format!("<{priority}>1 {time} {host} {tag} {pid} {tag} - ")
        }
    }
}

/// `Jan  2 03:04:05`.
fn stamp(time: &Civil) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS[(time.month - 1) as usize % 12];
    format!(
        "{month} {:2} {:02}:{:02}:{:02}",
        time.day, time.hour, time.minute, time.second
    )
}

/// `2020-01-02T03:04:05Z`, with `fraction` behind the seconds.
fn rfc3339(time: &Civil, fraction: &str) -> String {
    let offset = match time.offset / 60 {
        0 => "Z".to_owned(),
        minutes => {
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.abs();
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}{offset}",
        time.year, time.month, time.day, time.hour, time.minute, time.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::forward::Address;
    use std::net::UdpSocket;

    fn spec(format: SyslogFormat, port: u16) -> Syslog {
        Syslog {
            address: Address::Udp(format!("127.0.0.1:{port}")),
            facility: 3,
            format,
            tag: "tag".into(),
            hostname: "vm".into(),
        }
    }

    #[test]
    fn times() {
        let time = Civil {
            year: 2026,
            month: 1,
            day: 2,
            hour: 3,
            minute: 4,
            second: 5,
            nanos: 6_700,
            offset: -5_400,
        };
        assert_eq!(stamp(&time), "Jan  2 03:04:05");
        assert_eq!(
            rfc3339(&time, ".000006"),
            "2026-01-02T03:04:05.000006-01:30"
        );
        let utc = Civil { offset: 0, ..time };
        assert_eq!(rfc3339(&utc, ""), "2026-01-02T03:04:05Z");
    }

    #[test]
    fn lines_arrive_and_empty_ones_are_left_out() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("socket");
        let port = server.local_addr().expect("address").port();
        let mut sender = Sender::connect(&spec(SyslogFormat::Rfc5424, port)).expect("connect");
        let mut record = Record {
            stream: Stream::Stderr,
            time: 0,
            part: 0,
            last: true,
            text: b"",
        };
        sender.send(&record);
        record.text = b"oops";
        sender.send(&record);
        let mut buffer = [0; 1000];
        let length = server.recv(&mut buffer).expect("a datagram");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(text.starts_with("<27>1 19"), "{text}");
        let pid = std::process::id();
        assert!(
            text.ends_with(&format!(" vm tag {pid} tag - oops\n")),
            "{text}"
        );
    }
}
