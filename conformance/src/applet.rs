//! The programs of the judge's image. The judge is a static binary, so it is
//! also the content of its own image: called by one of these names (through
//! symbolic links in `/bin`) it behaves as that small program.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};

use crate::shell;

/// The names under which the image offers the binary.
pub(crate) const NAMES: &[&str] = &[
    "announce", "cat", "date", "echo", "env", "exit", "httpd", "id", "lines", "ls", "mkdir", "rm",
    "sh", "sleep", "touch", "trap", "true", "tty", "write",
];

/// Programs that the tutorials pipe answers into, for machines without them.
pub(crate) const FORMATTERS: &[&str] = &["json_reformat", "python"];

/// Runs the applet that the program was called as, if it is one.
pub(crate) fn run() -> Option<ExitCode> {
    let mut args = std::env::args();
    let called = args.next()?;
    let name = called.rsplit('/').next()?;
    let name = NAMES.iter().chain(FORMATTERS).find(|n| **n == name)?;
    let args: Vec<String> = args.collect();
    Some(match applet(name, &args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::from(1)
        }
    })
}

fn applet(name: &str, args: &[String]) -> io::Result<u8> {
    let first = args.first().map(String::as_str);
    let number = |default: u64| first.and_then(|a| a.parse().ok()).unwrap_or(default);
    let mut out = io::stdout().lock();
    match name {
        "announce" => {
            writeln!(out, "{}", args.join(" "))?;
            out.flush()?;
            let line = format!("{}\n", args.join(" "));
            io::stderr().write_all(line.as_bytes())?;
            return Ok(128 + wait_for(&[Signal::SIGTERM, Signal::SIGINT])? as u8);
        }
        "cat" => {
            let mut buffer = [0; 4096];
            let mut input: Box<dyn Read> = match first {
                Some(path) => Box::new(std::fs::File::open(path)?),
                None => Box::new(io::stdin().lock()),
            };
            loop {
                match input.read(&mut buffer)? {
                    0 => break,
                    n => out.write_all(&buffer[..n])?,
                }
                out.flush()?;
            }
        }
        "date" => {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
            writeln!(out, "{} seconds since 1970", now.as_secs())?;
        }
        "echo" => writeln!(out, "{}", args.join(" "))?,
        "env" => {
            for (key, value) in std::env::vars() {
                writeln!(out, "{key}={value}")?;
            }
        }
        "exit" => return Ok(u8::try_from(number(0)).unwrap_or(255)),
        "httpd" => serve(u16::try_from(number(80)).unwrap_or(80))?,
        "id" => writeln!(out, "{}:{}", nix::unistd::getuid(), nix::unistd::getgid())?,
        "lines" => {
            for i in 1..=number(1) {
                writeln!(out, "out {i}")?;
                out.flush()?;
                // One write, so that nobody reads half a line.
                io::stderr().write_all(format!("err {i}\n").as_bytes())?;
            }
        }
        "json_reformat" => reformat(&mut out)?,
        "ls" => {
            let mut names = Vec::new();
            for entry in std::fs::read_dir(first.unwrap_or("."))? {
                names.push(entry?.file_name().to_string_lossy().into_owned());
            }
            names.sort();
            writeln!(out, "{}", names.join("\n"))?;
        }
        "mkdir" => std::fs::create_dir(first.unwrap_or("."))?,
        "python" => {
            if args != ["-m", "json.tool"] {
                return Err(io::Error::other("only -m json.tool is here"));
            }
            reformat(&mut out)?;
        }
        "rm" => std::fs::remove_file(first.unwrap_or("."))?,
        "sh" => return shell::run(args.get(1).map_or("", String::as_str)),
        "sleep" => {
            let seconds = number(1);
            thread::spawn(move || {
                thread::sleep(Duration::from_secs(seconds));
                std::process::exit(0);
            });
            let signal = wait_for(&[Signal::SIGTERM, Signal::SIGINT])?;
            return Ok(128 + signal as u8);
        }
        "touch" => {
            let mut options = std::fs::OpenOptions::new();
            let file = options
                .create(true)
                .append(true)
                .open(first.unwrap_or("."))?;
            file.set_modified(std::time::SystemTime::now())?;
        }
        "trap" => {
            let caught = [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGUSR1];
            mask(&caught)?;
            writeln!(out, "ready")?;
            loop {
                out.flush()?;
                let signal = wait_for(&caught)?;
                writeln!(out, "{signal}")?;
                if signal == Signal::SIGTERM {
                    return Ok(42);
                }
            }
        }
        "tty" => {
            use io::IsTerminal;
            let is = io::stdin().is_terminal() && io::stdout().is_terminal();
            writeln!(out, "{}", if is { "a tty" } else { "not a tty" })?;
        }
        "write" => std::fs::write(first.unwrap_or("."), args.get(1..).unwrap_or(&[]).join(" "))?,
        _ => {}
    }
    Ok(0)
}

/// Indents the JSON on stdin.
fn reformat(out: &mut impl Write) -> io::Result<()> {
    let value: serde_json::Value = serde_json::from_reader(io::stdin().lock())?;
    writeln!(out, "{value:#}")
}

/// The first process of a PID namespace ignores signals that it does not
/// handle; these are blocked and taken instead.
fn wait_for(signals: &[Signal]) -> io::Result<Signal> {
    Ok(mask(signals)?.wait()?)
}

fn mask(signals: &[Signal]) -> io::Result<SigSet> {
    let set: SigSet = signals.iter().copied().collect();
    set.thread_block()?;
    Ok(set)
}

fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    for peer in listener.incoming() {
        let mut peer = BufReader::new(peer?);
        let mut line = String::new();
        while peer.read_line(&mut line)? > 2 {
            line.clear();
        }
        peer.get_mut().write_all(
            b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n",
        )?;
    }
    Ok(())
}
