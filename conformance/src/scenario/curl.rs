//! Runs command lines as printed, through the shell, and learns the bytes of
//! each answer without touching the line: a `.curlrc` makes curl say more.

use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};

use super::check::Seen;
use crate::endpoint::Endpoint;
use crate::http::{Framing, Head};
use crate::outcome::Outcome;
use crate::session::Answer;
use crate::target::Target;

/// Where the tutorials expect the engine.
const SOCKET: &str = "/var/run/docker.sock";

/// What curl is told besides the line itself.
const CURLRC: &str = "silent\nshow-error\ndump-header = heads\n\
    write-out = \"%{stderr}\\n@@%{size_download} %{method} %{url_effective}\\n\"\n";

/// Is this program on the machine?
pub(super) fn is_available(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// The line for this endpoint: its socket in place of the tutorial's. Over TCP
/// there is none, and [`run`] leads every host name to the address.
pub(super) fn adapt(line: &str, endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Unix(path) => line.replace(SOCKET, &path.to_string_lossy()),
        Endpoint::Tcp(_) => line.replace(&format!("--unix-socket {SOCKET} "), ""),
    }
}

/// Where a line runs.
pub(super) struct Place<'a> {
    pub(super) target: &'a Target,
    pub(super) api: &'a str,
    pub(super) directory: &'a Path,
}

/// Runs a line and collects every answer it got; curl gives up after `limit`
/// seconds.
pub(super) fn run(line: &str, limit: u32, place: &Place) -> Outcome<Seen> {
    let (target, directory) = (place.target, place.directory);
    let mut settings = format!("{CURLRC}max-time = {limit}\n");
    match (&target.endpoint, &target.tcp) {
        (Endpoint::Tcp(address), _) | (_, Some(address)) if !line.contains("--unix-socket") => {
            settings.push_str(&format!("connect-to = \"::{address}\"\n"));
        }
        (Endpoint::Unix(path), _) => {
            settings.push_str(&format!("unix-socket = \"{}\"\n", path.display()));
        }
        (Endpoint::Tcp(_), _) => {}
    }
    std::fs::write(directory.join(".curlrc"), settings)?;
    let heads = directory.join("heads");
    // A line need not leave one.
    let _ = std::fs::remove_file(&heads);
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .arg("-c")
        .arg(line)
        .current_dir(directory)
        .env("CURL_HOME", directory)
        .env("HOME", directory)
        .env("PATH", format!("{}/bin:{path}", directory.display()))
        .env("DOCKER_HOST", target.endpoint.to_string())
        .env("DOCKER_API_VERSION", place.api)
        .env_remove("http_proxy")
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let heads = read_heads(&std::fs::read(&heads).unwrap_or_default());
    let transfers: Vec<_> = said.lines().filter_map(|l| l.strip_prefix("@@")).collect();
    let is_piped = line.contains(" | ");
    let mut body = output.stdout.as_slice();
    let mut answers = Vec::new();
    for (transfer, head) in transfers.iter().zip(heads) {
        let (size, asked) = transfer.split_once(' ').unwrap_or((transfer, ""));
        // With -o the bytes went to a file, not here; through a pipe another
        // program wrote them anew.
        let size = size.parse().unwrap_or(0usize).min(body.len());
        let size = if is_piped { body.len() } else { size };
        let (own, rest) = body.split_at(size);
        body = rest;
        answers.push(Answer {
            asked: asked.to_owned(),
            head,
            framing: Framing::Length,
            body: own.to_vec(),
        });
    }
    Ok(Seen {
        exit: output.status.code().unwrap_or(-1),
        answers,
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        said: said
            .lines()
            .filter(|l| !l.starts_with("@@"))
            .collect::<Vec<_>>()
            .join("\n"),
    })
}

/// The final heads; `100 Continue` is only on the way to one.
fn read_heads(bytes: &[u8]) -> Vec<Head> {
    let mut reader = BufReader::new(bytes);
    let mut heads = Vec::new();
    while let Ok(head) = Head::read(&mut reader) {
        if head.status != 100 {
            heads.push(head);
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_the_endpoint() {
        let line = "curl --unix-socket /var/run/docker.sock http://v1.35/info";
        let unix = Endpoint::Unix("/tmp/x.sock".into());
        assert_eq!(
            adapt(line, &unix),
            "curl --unix-socket /tmp/x.sock http://v1.35/info"
        );
        let tcp = Endpoint::Tcp("127.0.0.1:2375".into());
        assert_eq!(adapt(line, &tcp), "curl http://v1.35/info");
    }

    #[test]
    fn interim_heads_are_left_out() {
        let heads =
            read_heads(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nA: b\r\n\r\n");
        assert_eq!(heads.len(), 1);
        assert_eq!(heads[0].status, 201);
    }
}
