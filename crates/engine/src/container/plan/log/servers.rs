//! Options of the drivers that send lines to a server.

use std::collections::BTreeMap;

use longshore_runtime::log::forward::{
    Address, Fluentd, Gelf, GelfCompression, Journald, LogServer, Syslog, SyslogFormat,
};

use super::options::{Options, parse_bool, refuse};
use super::tag::Facts;
use crate::container::plan::resources;
use crate::container::record::Record;
use crate::error::Result;

/// Where systemd's journal listens.
const JOURNAL: &str = "/run/systemd/journal/socket";

/// Bytes that fluentd's asynchronous mode keeps when nobody says.
const FLUENTD_BUFFER: u64 = 8 << 20;

/// A server, before it is known which container's lines go there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Syslog {
        address: Address,
        facility: u8,
        format: SyslogFormat,
    },
    Journald,
    Gelf {
        address: Address,
        compression: GelfCompression,
        max_reconnect: u32,
        reconnect_delay: u64,
    },
    Fluentd {
        address: Address,
        lazy: bool,
        sub_second: bool,
        ack: bool,
        buffer: u64,
        retry_wait: u64,
        max_retries: u32,
    },
}

impl Server {
    pub(super) fn parse(options: &Options<'_>) -> Result<Option<Server>> {
        Ok(Some(match options.driver {
            "syslog" => syslog(options)?,
            "journald" => Server::Journald,
            "gelf" => gelf(options)?,
            "fluentd" => fluentd(options)?,
            _ => return Ok(None),
        }))
    }

    /// Refuses a syslog socket that does not exist now. When a container that was
    /// created is looked at again, its server may well be away.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Server::Syslog {
                address: Address::Unix(path) | Address::Unixgram(path),
                ..
            } if !path.exists() => Err(refuse(format!(
                "stat {}: no such file or directory",
                path.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Bytes that may wait whatever the mode is.
    pub(super) fn own_buffer(&self) -> Option<u64> {
        match self {
            Server::Fluentd {
                lazy: true, buffer, ..
            } => Some(*buffer),
            _ => None,
        }
    }

    pub(super) fn spec(
        &self,
        record: &Record,
        facts: &Facts<'_>,
        tag: String,
        attributes: BTreeMap<String, String>,
    ) -> LogServer {
        let name = format!("/{}", record.name);
        match self {
            Server::Syslog {
                address,
                facility,
                format,
            } => LogServer::Syslog(Syslog {
                address: address.clone(),
                facility: *facility,
                format: *format,
                tag,
                hostname: hostname(),
            }),
            Server::Journald => {
                let mut fields: BTreeMap<String, String> = attributes
                    .into_iter()
                    .map(|(key, value)| (journal_name(&key), value))
                    .collect();
                fields.extend(
                    [
                        ("CONTAINER_ID", facts.short_id().to_owned()),
                        ("CONTAINER_ID_FULL", record.id.clone()),
                        ("CONTAINER_NAME", record.name.clone()),
                        ("CONTAINER_TAG", tag.clone()),
                        ("IMAGE_NAME", record.config.image.clone()),
                        ("SYSLOG_IDENTIFIER", tag),
                    ]
                    .map(|(key, value)| (key.to_owned(), value)),
                );
                LogServer::Journald(Journald {
                    socket: JOURNAL.into(),
                    fields,
                })
            }
            Server::Gelf {
                address,
                compression,
                max_reconnect,
                reconnect_delay,
            } => {
                let mut fields: BTreeMap<String, String> = attributes
                    .into_iter()
                    .map(|(key, value)| (format!("_{key}"), value))
                    .collect();
                fields.extend(
                    [
                        ("_container_id", record.id.clone()),
                        ("_container_name", record.name.clone()),
                        ("_image_id", record.image.clone()),
                        ("_image_name", record.config.image.clone()),
                        ("_command", facts.command()),
                        ("_tag", tag),
                        ("_created", record.created.to_string()),
                    ]
                    .map(|(key, value)| (key.to_owned(), value)),
                );
                LogServer::Gelf(Gelf {
                    address: address.clone(),
                    compression: *compression,
                    max_reconnect: *max_reconnect,
                    reconnect_delay: *reconnect_delay,
                    hostname: hostname(),
                    fields,
                })
            }
            Server::Fluentd {
                address,
                lazy,
                sub_second,
                ack,
                retry_wait,
                max_retries,
                ..
            } => {
                let mut fields = attributes;
                fields.insert("container_id".into(), record.id.clone());
                fields.insert("container_name".into(), name);
                LogServer::Fluentd(Fluentd {
                    address: address.clone(),
                    tag,
                    fields,
                    lazy: *lazy,
                    sub_second: *sub_second,
                    ack: *ack,
                    retry_wait: *retry_wait,
                    max_retries: *max_retries,
                })
            }
        }
    }
}

fn hostname() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// A key as the journal takes it: capitals, digits and underscores, none of them
/// in front.
fn journal_name(key: &str) -> String {
    let letters = key.chars().map(|letter| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' => letter.to_ascii_uppercase(),
        _ => '_',
    });
    let name: String = letters.collect();
    name.trim_start_matches('_').to_owned()
}

fn syslog(options: &Options<'_>) -> Result<Server> {
    const FACILITIES: [&str; 24] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
        "authpriv", "ftp", "", "", "", "", "local0", "local1", "local2", "local3", "local4",
        "local5", "local6", "local7",
    ];
    let address = match options.get("syslog-address") {
        None | Some("") => Address::LocalSyslog,
        Some(text) => syslog_address(text)?,
    };
    let facility = match options.get("syslog-facility") {
        None | Some("") => 3,
        Some(text) => {
            let by_name = FACILITIES.iter().position(|name| *name == text);
            let number = by_name.or_else(|| text.parse().ok());
            number
                .filter(|number| *number < FACILITIES.len())
                .ok_or_else(|| refuse("invalid syslog facility"))? as u8
        }
    };
    let format = match options.get("syslog-format") {
        None | Some("") => SyslogFormat::Local,
        Some("rfc3164") => SyslogFormat::Rfc3164,
        Some("rfc5424") => SyslogFormat::Rfc5424,
        Some("rfc5424micro") => SyslogFormat::Rfc5424Micro,
        Some(_) => return Err(refuse("Invalid syslog format")),
    };
    Ok(Server::Syslog {
        address,
        facility,
        format,
    })
}

fn syslog_address(text: &str) -> Result<Address> {
    const PORT: u16 = 514;
    match text.split_once("://") {
        Some(("unix", path)) => Ok(Address::Unix(path.into())),
        Some(("unixgram", path)) => Ok(Address::Unixgram(path.into())),
        Some(("tcp", host)) => Ok(Address::Tcp(with_port(host, PORT))),
        Some(("udp", host)) => Ok(Address::Udp(with_port(host, PORT))),
        Some(("tcp+tls", _)) => Err(refuse(
            "syslog-address: tcp+tls is not supported by this engine",
        )),
        _ => Err(refuse(format!(
            "syslog-address should be in form proto://address, got {text}"
        ))),
    }
}

/// Host and port, with a port and a host where none is given.
fn with_port(given: &str, port: u16) -> String {
    let host = given.split('/').next().unwrap_or_default();
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && !port.ends_with(']') => (host, port.to_owned()),
        _ => (host.trim_end_matches(':'), port.to_string()),
    };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    format!("{host}:{port}")
}

fn gelf(options: &Options<'_>) -> Result<Server> {
    let text = options.get("gelf-address").unwrap_or_default();
    let form = || {
        refuse(format!(
            "gelf-address should be in form proto://address, got {text}"
        ))
    };
    let (kind, rest) = text.split_once("://").ok_or_else(form)?;
    if !matches!(kind, "tcp" | "udp") {
        return Err(form());
    }
    let place = rest.split('/').next().unwrap_or_default();
    let has_port = place
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if !has_port {
        return Err(refuse(
            "gelf: please provide gelf-address as proto://host:port",
        ));
    }
    let place = with_port(place, 0);
    let tcp = kind == "tcp";
    let only_tcp = |key: &str| -> Result<Option<u64>> {
        let Some(value) = options.get(key) else {
            return Ok(None);
        };
        if !tcp {
            return Err(refuse(format!("\"{key}\" is only valid for TCP")));
        }
        let number = value.parse().map(Some);
        number.map_err(|_| refuse(format!("\"{key}\" must be a positive integer")))
    };
    let max_reconnect = only_tcp("gelf-tcp-max-reconnect")?;
    let reconnect_delay = only_tcp("gelf-tcp-reconnect-delay")?;
    let unknown = |key: &str, value: &str| {
        refuse(format!(
            "unknown value \"{value}\" for log opt \"{key}\" for gelf log driver"
        ))
    };
    let kind = options.get("gelf-compression-type");
    let level = options.get("gelf-compression-level");
    if tcp && (kind.is_some() || level.is_some()) {
        return Err(refuse("compression is only supported on UDP"));
    }
    let level = match level {
        None => None,
        Some(text) => match text.parse::<i32>() {
            Ok(-1) => None,
            Ok(level @ 0..=9) => Some(level as u32),
            _ => return Err(unknown("gelf-compression-level", text)),
        },
    };
    Ok(Server::Gelf {
        address: if tcp {
            Address::Tcp(place)
        } else {
            Address::Udp(place)
        },
        compression: match kind {
            None | Some("gzip") => GelfCompression::Gzip(level),
            Some("zlib") => GelfCompression::Zlib(level),
            Some("none") => GelfCompression::None,
            Some(text) => return Err(unknown("gelf-compression-type", text)),
        },
        max_reconnect: u32::try_from(max_reconnect.unwrap_or(3)).unwrap_or(u32::MAX),
        reconnect_delay: reconnect_delay.unwrap_or(1),
    })
}

fn fluentd(options: &Options<'_>) -> Result<Server> {
    let truth = |key: &str| -> Result<bool> {
        match options.get(key) {
            None | Some("") => Ok(false),
            Some(text) => parse_bool(text).map_err(refuse),
        }
    };
    let (asynchronous, connect) = (truth("fluentd-async")?, truth("fluentd-async-connect")?);
    if options.get("fluentd-async").is_some() && options.get("fluentd-async-connect").is_some() {
        return Err(refuse(
            "conflicting options: cannot specify both 'fluentd-async' and \
             'fluentd-async-connect",
        ));
    }
    let buffer = match options.get("fluentd-buffer-limit") {
        None | Some("") => FLUENTD_BUFFER,
        Some(text) => {
            resources::parse_size(text).ok_or_else(|| refuse(format!("invalid size: '{text}'")))?
        }
    };
    let retry_wait = match options.get("fluentd-retry-wait") {
        None | Some("") => 1000,
        Some(text) => milliseconds(text)
            .ok_or_else(|| refuse(format!("time: invalid duration \"{text}\"")))?,
    };
    let max_retries = match options.get("fluentd-max-retries") {
        None | Some("") => i32::MAX as u32,
        Some(text) => text.parse().map_err(|_| {
            refuse(format!(
                "strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        })?,
    };
    Ok(Server::Fluentd {
        address: fluentd_address(options.get("fluentd-address").unwrap_or_default())?,
        lazy: asynchronous || connect,
        sub_second: truth("fluentd-sub-second-precision")?,
        ack: truth("fluentd-request-ack")?,
        buffer,
        retry_wait,
        max_retries,
    })
}

fn fluentd_address(text: &str) -> Result<Address> {
    const PORT: u16 = 24_224;
    let invalid = |why: &str| refuse(format!("invalid fluentd-address {text}: {why}"));
    let place = match text.split_once("://") {
        Some(("unix", path)) => return Ok(Address::Unix(path.into())),
        Some(("tcp", place)) => place,
        Some(_) => {
            return Err(invalid(&format!(
                "address {text}: too many colons in address"
            )));
        }
        None => text,
    };
    let place = with_port(place, PORT);
    let port = place.rsplit_once(':').map_or("", |(_, port)| port);
    if port.parse::<u16>().is_err() {
        return Err(invalid(&format!(
            "parse \"{text}\": invalid port \":{port}\" after host"
        )));
    }
    Ok(Address::Tcp(place))
}

/// Go's durations: `1.5s`, `1m30s`.
fn milliseconds(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|letter: char| letter.is_ascii_digit());
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let scale = match unit {
            "ns" => 1e-6,
            "us" | "µs" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 6e4,
            "h" => 3.6e6,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    (!text.is_empty()).then_some(total as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(driver: &str, given: &[(&str, &str)]) -> std::result::Result<Server, String> {
        let given = given
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        match Server::parse(&Options::new(driver, &given)) {
            Ok(server) => Ok(server.expect("a driver with a server")),
            Err(error) => Err(error.message),
        }
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("udp://", Ok(Address::Udp("127.0.0.1:514".into()))),
            ("udp://h", Ok(Address::Udp("h:514".into()))),
            ("tcp://[::1]:5", Ok(Address::Tcp("[::1]:5".into()))),
            ("unix:///", Ok(Address::Unix("/".into()))),
        ] {
            assert_eq!(syslog_address(text), expected, "{text}");
        }
        for (text, expected) in [
            ("", "127.0.0.1:24224"),
            ("h", "h:24224"),
            ("tcp://127.0.0.1:1/p", "127.0.0.1:1"),
        ] {
            assert_eq!(fluentd_address(text), Ok(Address::Tcp(expected.into())));
        }
        assert_eq!(fluentd_address("unix:///s"), Ok(Address::Unix("/s".into())));
    }

    /// Driver, options, what is said.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

    #[test]
    fn what_is_refused_is_refused_in_dockerds_words() {
        let udp = ("gelf-address", "udp://127.0.0.1:1");
        let tcp = ("gelf-address", "tcp://127.0.0.1:1");
        let cases: &[Case<'_>] = &[
            (
                "syslog",
                &[("syslog-address", "http://x")],
                "syslog-address should be in form proto://address, got http://x",
            ),
            (
                "syslog",
                &[("syslog-facility", "99")],
                "invalid syslog facility",
            ),
            ("syslog", &[("syslog-format", "x")], "Invalid syslog format"),
            (
                "gelf",
                &[("gelf-address", "udp://127.0.0.1")],
                "gelf: please provide gelf-address as proto://host:port",
            ),
            (
                "gelf",
                &[udp, ("gelf-compression-level", "10")],
                "unknown value \"10\" for log opt \"gelf-compression-level\" for gelf log driver",
            ),
            (
                "gelf",
                &[tcp, ("gelf-compression-type", "gzip")],
                "compression is only supported on UDP",
            ),
            (
                "gelf",
                &[udp, ("gelf-tcp-max-reconnect", "1")],
                "\"gelf-tcp-max-reconnect\" is only valid for TCP",
            ),
            (
                "gelf",
                &[tcp, ("gelf-tcp-reconnect-delay", "-1")],
                "\"gelf-tcp-reconnect-delay\" must be a positive integer",
            ),
            (
                "fluentd",
                &[("fluentd-address", "tcp://127.0.0.1:x")],
                "invalid fluentd-address tcp://127.0.0.1:x: parse \"tcp://127.0.0.1:x\": invalid \
                 port \":x\" after host",
            ),
            (
                "fluentd",
                &[("fluentd-retry-wait", "x")],
                "time: invalid duration \"x\"",
            ),
            (
                "fluentd",
                &[("fluentd-max-retries", "x")],
                "strconv.ParseUint: parsing \"x\": invalid syntax",
            ),
            (
                "fluentd",
                &[("fluentd-async", "x")],
                "strconv.ParseBool: parsing \"x\": invalid syntax",
            ),
        ];
        for (driver, given, expected) in cases {
            assert_eq!(parse(driver, given), Err((*expected).to_owned()));
        }
    }

    #[test]
    fn a_socket_must_exist_when_a_container_is_created() {
        let server = parse("syslog", &[("syslog-address", "unix:///nonexistent")]);
        let error = server.and_then(|server| server.check().map_err(|error| error.message));
        assert_eq!(
            error,
            Err("stat /nonexistent: no such file or directory".to_owned())
        );
    }

    #[test]
    fn durations_and_names() {
        assert_eq!(milliseconds("1.5s"), Some(1500));
        assert_eq!(milliseconds("1m30s"), Some(90_000));
        assert_eq!(milliseconds("0"), Some(0));
        for bad in ["", "x", "1", "1x", "s"] {
            assert_eq!(milliseconds(bad), None, "{bad}");
        }
        assert_eq!(journal_name("_a.b-c1"), "A_B_C1");
    }
}
