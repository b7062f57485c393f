//! A multi-call program for the image `box`: called by the name of an applet,
//! or with that name as its first argument. It has no shell.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Not found, as shells say it.
const NOT_FOUND: u8 = 127;

fn main() -> ExitCode {
    let mut args: Vec<String> = env::args_os()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let called = args.first().map_or("", String::as_str);
    let mut name = Path::new(called)
        .file_name()
        .map_or(String::new(), |n| n.to_string_lossy().into_owned());
    if name == "box" && args.len() > 1 {
        args.remove(0);
        name.clone_from(&args[0]);
    }
    let rest: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
    let outcome = match name.as_str() {
        "box" => usage(),
        "cat" => cat(&rest),
        "date" => date(),
        "echo" => echo(&rest),
        "env" => env_(&rest),
        "false" => return ExitCode::FAILURE,
        "hostname" => print_file("/proc/sys/kernel/hostname"),
        "httpd" => httpd(&rest),
        "id" => id(),

        "ls" => ls(&rest),
        "mkdir" => each(&rest, |path| fs::create_dir_all(path)),
        "nc" => nc(&rest),
        "nslookup" => nslookup(&rest),
        "printenv" => printenv(&rest),
        "ps" => ps(),
        "pwd" => env::current_dir()
            .map_err(Into::into)
            .and_then(|path| line(&path.display().to_string())),
        "rm" => each(&rest, remove),
        "seq" => seq(&rest),
        "sleep" => sleep(&rest),
        "stress" => stress(&rest),
        "touch" => each(&rest, |path| {
            fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map(drop)
        }),
        "true" => Ok(()),
        "tty" => tty(),
        "wc" => wc(),
        "wget" => wget(&rest),
        "yes" => yes(&rest),
        other => {
            eprintln!("box: no applet {other}");
            return ExitCode::from(NOT_FOUND);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn line(text: &str) -> Outcome {
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(())
}

fn usage() -> Outcome {
    line(
        "box: call it with one of cat date echo env false hostname httpd id ls mkdir nc nslookup printenv ps pwd rm seq sleep stress touch true tty wc wget yes",
    )
}

fn cat(paths: &[&str]) -> Outcome {
    let mut out = io::stdout().lock();
    if paths.is_empty() {
        io::copy(&mut io::stdin().lock(), &mut out)?;
    }
    for path in paths {
        if *path == "-" {
            io::copy(&mut io::stdin().lock(), &mut out)?;
        } else {
            let mut file = fs::File::open(path).map_err(|e| format!("{path}: {e}"))?;
            io::copy(&mut file, &mut out)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// UTC, as RFC 3339 writes it; the calendar by counting days from March.
fn date() -> Outcome {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    line(&format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    ))
}

fn echo(args: &[&str]) -> Outcome {
    match args {
        ["-n", rest @ ..] => {
            let mut out = io::stdout().lock();
            write!(out, "{}", rest.join(" "))?;
            out.flush()?;
            Ok(())
        }
        all => line(&all.join(" ")),
    }
}

/// Without a command the environment; with one, the command in it, changed by
/// `NAME=value` in front.
fn env_(args: &[&str]) -> Outcome {
    let pairs = args.iter().take_while(|arg| arg.contains('=')).count();
    let mut variables: BTreeMap<String, String> = env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect();
    for pair in &args[..pairs] {
        if let Some((name, value)) = pair.split_once('=') {
            variables.insert(name.to_owned(), value.to_owned());
        }
    }
    if let [program, rest @ ..] = &args[pairs..] {
        let status = Command::new(program)
            .args(rest)
            .env_clear()
            .envs(&variables)
            .status()?;
        std::process::exit(status.code().unwrap_or(1));
    }
    for (name, value) in variables {
        line(&format!("{name}={value}"))?;
    }
    Ok(())
}

fn printenv(args: &[&str]) -> Outcome {
    match args {
        [] => env_(&[]),
        [name, ..] => match env::var_os(name) {
            Some(value) => line(&value.to_string_lossy()),
            None => std::process::exit(1),
        },
    }
}

fn print_file(path: &str) -> Outcome {
    line(fs::read_to_string(path)?.trim_end())
}

fn id() -> Outcome {
    let status = fs::read_to_string("/proc/self/status")?;
    let numbers = |key: &str| -> Vec<String> {
        let found = status.lines().find_map(|line| line.strip_prefix(key));
        found
            .unwrap_or("")
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let effective = |key: &str| numbers(key).get(1).cloned().unwrap_or_default();
    let groups = numbers("Groups:").join(",");
    line(&format!(
        "uid={} gid={} groups={groups}",
        effective("Uid:"),
        effective("Gid:")
    ))
}

fn ls(args: &[&str]) -> Outcome {
    let paths = if args.is_empty() { &["."][..] } else { args };
    for path in paths {
        let meta = fs::symlink_metadata(path).map_err(|e| format!("{path}: {e}"))?;
        if !meta.is_dir() {
            line(path)?;
            continue;
        }
        let mut names: Vec<String> = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()?;
        names.sort();
        for name in names {
            line(&name)?;
        }
    }
    Ok(())
}

fn each(paths: &[&str], act: impl Fn(&Path) -> io::Result<()>) -> Outcome {
    for path in paths.iter().filter(|path| !path.starts_with('-')) {
        act(Path::new(path)).map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

fn seq(args: &[&str]) -> Outcome {
    let number = |text: &str| text.parse::<i64>().map_err(|e| format!("{text}: {e}"));
    let (first, last) = match args {
        [last] => (1, number(last)?),
        [first, last] => (number(first)?, number(last)?),
        _ => return Err("usage: seq [FIRST] LAST".into()),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    for n in first..=last {
        writeln!(out, "{n}")?;
    }
    out.flush()?;
    Ok(())
}

fn sleep(args: &[&str]) -> Outcome {
    let text = args.first().ok_or("usage: sleep SECONDS")?;
    if *text == "infinity" {
        loop {
            thread::park();
        }
    }
    let seconds: f64 = text.parse().map_err(|e| format!("{text}: {e}"))?;
    thread::sleep(Duration::try_from_secs_f64(seconds)?);
    Ok(())
}

fn yes(args: &[&str]) -> Outcome {
    let text = if args.is_empty() {
        "y".to_owned()
    } else {
        args.join(" ")
    };
    let mut out = io::stdout().lock();
    while writeln!(out, "{text}").is_ok() {}
    Ok(())
}

fn wc() -> Outcome {
    let (mut lines, mut bytes) = (0u64, 0u64);
    let mut buffer = vec![0; 1 << 16];
    let mut input = io::stdin().lock();
    loop {
        let length = input.read(&mut buffer)?;
        if length == 0 {
            return line(&format!("{lines} {bytes}"));
        }
        lines += buffer[..length]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count() as u64;
        bytes += length as u64;
    }
}

fn tty() -> Outcome {
    match fs::read_link("/proc/self/fd/0") {
        Ok(path) if path.starts_with("/dev/pts") || path.starts_with("/dev/console") => {
            line(&path.display().to_string())
        }
        _ => Err("not a terminal".into()),
    }
}

fn ps() -> Outcome {
    line("PID   COMMAND")?;
    let mut pids: Vec<u32> = fs::read_dir("/proc")?
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .collect();
    pids.sort_unstable();
    for pid in pids {
        let text = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).replace('\0', " ");
        line(&format!("{pid:<5} {}", text.trim_end()))?;
    }
    Ok(())
}

/// What a server gives: one text, or the files of a folder.
#[derive(Clone)]
enum Pages {
    Text(String),
    Folder(String),
}

/// `httpd [-p PORT] TEXT…` answers everything with a text, `httpd [-p PORT] -h
/// DIR` with files.
fn httpd(args: &[&str]) -> Outcome {
    let (port, rest) = match args {
        ["-p", port, rest @ ..] => (port.parse()?, rest),
        rest => (80u16, rest),
    };
    let pages = match rest {
        ["-h", folder] => Pages::Folder((*folder).to_owned()),
        [] => Pages::Text("Hello from the box".to_owned()),
        words => Pages::Text(words.join(" ")),
    };
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    eprintln!("httpd: listening on port {port}");
    for stream in listener.incoming() {
        let (stream, pages) = (stream?, pages.clone());
        thread::spawn(move || serve(stream, &pages));
    }
    Ok(())
}

/// One request after the other, until the client has enough.
fn serve(mut stream: TcpStream, pages: &Pages) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        let mut is_kept = line.trim_end().ends_with("HTTP/1.1");
        let page = page(pages, line.split(' ').nth(1).unwrap_or("/"));
        line.clear();
        while reader.read_line(&mut line)? > 2 {
            is_kept &= !line.trim_end().eq_ignore_ascii_case("connection: close");
            line.clear();
        }
        line.clear();
        let (status, body) = match page {
            Ok(body) => ("200 OK", body),
            Err(_) => ("404 Not Found", b"not found\n".to_vec()),
        };
        let connection = if is_kept { "keep-alive" } else { "close" };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n",
            body.len()
        );
        // All at once, so that it is one packet.
        stream.write_all(&[head.as_bytes(), &body].concat())?;
        if !is_kept {
            break;
        }
    }
    Ok(())
}

fn page(pages: &Pages, path: &str) -> io::Result<Vec<u8>> {
    let folder = match pages {
        Pages::Text(text) => return Ok(format!("{text}\n").into_bytes()),
        Pages::Folder(folder) => folder,
    };
    let path = path.split('?').next().unwrap_or(path);
    // Nothing above the folder is asked for.
    if path.split('/').any(|part| part == "..") {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut file = Path::new(folder).join(path.trim_start_matches('/'));
    if file.is_dir() {
        file.push("index.html");
    }
    fs::read(file)
}

/// `wget http://HOST[:PORT]/PATH` writes a page to standard output.
fn wget(args: &[&str]) -> Outcome {
    let [url] = args else {
        return Err("usage: wget http://HOST[:PORT]/PATH".into());
    };
    let rest = url
        .strip_prefix("http://")
        .ok_or("only http:// is spoken")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let mut stream = TcpStream::connect((address_of(name)?, port.parse::<u16>()?))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let (head, body) = answer.split_at(end.ok_or("no answer")? + 4);
    let status = String::from_utf8_lossy(head);
    let status = status.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(status.into());
    }
    io::stdout().lock().write_all(body)?;
    Ok(())
}

/// `nslookup NAME` writes the addresses of a name, a line each.
fn nslookup(args: &[&str]) -> Outcome {
    let [name] = args else {
        return Err("usage: nslookup NAME".into());
    };
    let found = addresses_of(name)?;
    found
        .iter()
        .try_for_each(|address| line(&address.to_string()))
}

fn address_of(name: &str) -> Result<IpAddr, Box<dyn std::error::Error>> {
    let found = addresses_of(name)?;
    Ok(*found.first().ok_or("no address")?)
}

/// An address itself, the file of hosts, or the name servers.
fn addresses_of(name: &str) -> Result<Vec<IpAddr>, Box<dyn std::error::Error>> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let of_file = hosts.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|known| known == name).then_some(address)
    });
    if let Some(address) = of_file {
        return Ok(vec![address]);
    }
    let servers = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = servers
        .lines()
        .filter_map(|line| line.strip_prefix("nameserver")?.trim().parse().ok());
    for server in servers {
        let found = ask(server, name).unwrap_or_default();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(format!("{name}: no such name").into())
}

/// Asks a name server for the IPv4 addresses of a name (RFC 1035, section 4).
fn ask(server: IpAddr, name: &str) -> io::Result<Vec<IpAddr>> {
    // Recursion is desired, one question.
    let mut question = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.trim_end_matches('.').split('.') {
        question.push(u8::try_from(label.len()).map_err(io::Error::other)?);
        question.extend(label.as_bytes());
    }
    // The name's end; type A, class IN.
    question.extend([0, 0, 1, 0, 1]);
    let own = if server.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(own)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect((server, 53))?;
    socket.send(&question)?;
    let mut answer = [0; 4096];
    let length = socket.recv(&mut answer)?;
    Ok(addresses_in(&answer[..length], question.len()).unwrap_or_default())
}

/// The addresses in an answer, whose records begin at `at`.
fn addresses_in(answer: &[u8], mut at: usize) -> Option<Vec<IpAddr>> {
    let count = u16::from_be_bytes([*answer.get(6)?, *answer.get(7)?]);
    let mut found = Vec::new();
    for _ in 0..count {
        // A name ends with nothing, or with where it goes on.
        loop {
            match *answer.get(at)? {
                0 => break at += 1,
                pointer if pointer >= 0xc0 => break at += 2,
                length => at += usize::from(length) + 1,
            }
        }
        let head = answer.get(at..at + 10)?;
        let length = usize::from(u16::from_be_bytes([head[8], head[9]]));
        let data = answer.get(at + 10..at + 10 + length)?;
        if let (&[0, 1], &[a, b, c, d]) = (&head[..2], data) {
            found.push(IpAddr::from([a, b, c, d]));
        }
        at += 10 + length;
    }
    Some(found)
}

/// `nc HOST PORT` connects, `nc -l PORT` takes one connection; standard input
/// goes out, what comes goes to standard output.
fn nc(args: &[&str]) -> Outcome {
    let stream = match args {
        ["-l", port] => {
            TcpListener::bind(("0.0.0.0", port.parse::<u16>()?))?
                .accept()?
                .0
        }
        [host, port] => TcpStream::connect((address_of(host)?, port.parse::<u16>()?))?,
        _ => return Err("usage: nc HOST PORT | nc -l PORT".into()),
    };
    let mut out = stream.try_clone()?;
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut out);
        let _ = out.shutdown(std::net::Shutdown::Write);
    });
    io::copy(&mut &stream, &mut io::stdout().lock())?;
    Ok(())
}

/// `stress cpu N` keeps N threads busy, `stress memory BYTES` holds memory.
fn stress(args: &[&str]) -> Outcome {
    match args {
        ["cpu", count] => {
            for _ in 0..count.parse::<u32>()? {
                thread::spawn(|| {
                    loop {
                        std::hint::spin_loop();
                    }
                });
            }
        }
        ["memory", bytes] => {
            let held = vec![1u8; bytes.parse()?];
            line(&format!(
                "holding {} bytes",
                std::hint::black_box(held).len()
            ))?;
        }
        _ => return Err("usage: stress cpu THREADS | stress memory BYTES".into()),
    }
    loop {
        thread::park();
    }
}
