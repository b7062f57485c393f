//! `top`: the processes of a container in the columns of `ps`, read from
//! `/proc`. No program of the host or of the container is run.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use jiff::Timestamp;

use crate::error::{Error, Result};

/// The kernel's clock ticks of `/proc`: 100 a second on every architecture
/// that Linux still adds (`USER_HZ`).
const TICKS: u64 = 100;

/// A table of processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Headings.
    pub titles: Vec<String>,
    /// One row a process, as many cells as headings.
    pub rows: Vec<Vec<String>>,
}

/// The processes `pids` (of the host) in the columns that `ps_args` asks for.
/// Those that ended meanwhile are left out.
pub(crate) fn table(pids: &[u32], ps_args: &str) -> Result<Table> {
    let columns = columns(ps_args)?;
    let host = Host::read();
    let rows = pids
        .iter()
        .filter_map(|pid| Process::read(*pid))
        .map(|process| {
            columns
                .iter()
                .map(|column| column.cell(&process, &host))
                .collect()
        })
        .collect();
    Ok(Table {
        titles: columns.iter().map(|column| column.title.clone()).collect(),
        rows,
    })
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    field: Field,
    title: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    User,
    Uid,
    Group,
    Gid,
    Pid,
    Ppid,
    Pgid,
    Sid,
    Cpu,
    CpuPercent,
    MemPercent,
    Vsz,
    Rss,
    StartedShort,
    Tty,
    State,
    Stat,
    Nice,
    Threads,
    Time,
    Elapsed,
    Comm,
    Args,
}

/// `ps` keywords with their default headings.
const KEYWORDS: &[(&str, Field, &str)] = &[
    ("user", Field::User, "USER"),
    ("euser", Field::User, "EUSER"),
    ("uname", Field::User, "USER"),
    ("uid", Field::Uid, "UID"),
    ("euid", Field::Uid, "EUID"),
    ("group", Field::Group, "GROUP"),
    ("egroup", Field::Group, "EGROUP"),
    ("gid", Field::Gid, "GID"),
    ("egid", Field::Gid, "EGID"),
    ("pid", Field::Pid, "PID"),
    ("ppid", Field::Ppid, "PPID"),
    ("pgid", Field::Pgid, "PGID"),
    ("pgrp", Field::Pgid, "PGRP"),
    ("sid", Field::Sid, "SID"),
    ("sess", Field::Sid, "SESS"),
    ("c", Field::Cpu, "C"),
    ("%cpu", Field::CpuPercent, "%CPU"),
    ("pcpu", Field::CpuPercent, "%CPU"),
    ("%mem", Field::MemPercent, "%MEM"),
    ("pmem", Field::MemPercent, "%MEM"),
    ("vsz", Field::Vsz, "VSZ"),
    ("rss", Field::Rss, "RSS"),
    ("stime", Field::StartedShort, "STIME"),
    ("start", Field::StartedShort, "START"),
    ("start_time", Field::StartedShort, "START"),
    ("tty", Field::Tty, "TT"),
    ("tt", Field::Tty, "TT"),
    ("tname", Field::Tty, "TTY"),
    ("s", Field::State, "S"),
    ("state", Field::State, "S"),
    ("stat", Field::Stat, "STAT"),
    ("ni", Field::Nice, "NI"),
    ("nice", Field::Nice, "NI"),
    ("nlwp", Field::Threads, "NLWP"),
    ("thcount", Field::Threads, "THCNT"),
    ("time", Field::Time, "TIME"),
    ("cputime", Field::Time, "TIME"),
    ("etime", Field::Elapsed, "ELAPSED"),
    ("comm", Field::Comm, "COMMAND"),
    ("ucmd", Field::Comm, "CMD"),
    ("args", Field::Args, "COMMAND"),
    ("command", Field::Args, "COMMAND"),
    ("cmd", Field::Args, "CMD"),
];

fn fixed(list: &[(Field, &str)]) -> Vec<Column> {
    list.iter()
        .map(|(field, title)| Column {
            field: *field,
            title: (*title).to_owned(),
        })
        .collect()
}

/// The selections of `ps` do not matter here (a container's processes are
/// listed in any case), only the format does.
fn columns(ps_args: &str) -> Result<Vec<Column>> {
    let bad = |reason: &str| Error::bad_parameter(format!("error running ps: {reason}"));
    let mut user_defined = Vec::new();
    let mut full = false;
    let mut bsd_user = false;
    let mut words = ps_args.split_whitespace();
    while let Some(word) = words.next() {
        let (flags, dashed) = match word.strip_prefix('-') {
            Some(flags) => (flags, true),
            None => (word, false),
        };
        for (at, letter) in flags.char_indices() {
            match letter {
                'o' | 'O' => {
                    let rest = &flags[at + 1..];
                    let list = if rest.is_empty() {
                        words.next().unwrap_or_default()
                    } else {
                        rest
                    };
                    user_defined.extend(format_list(list)?);
                    break;
                }
                'f' if dashed => full = true,
                'u' if !dashed || flags.contains('a') => bsd_user = true,
                'e' | 'A' | 'a' | 'x' | 'f' | 'd' | 'w' | 'H' | 'N' | 'T' | 'r' | 'g' | 'F' => {
                    full |= letter == 'F';
                }
                _ => return Err(bad(&format!("unsupported option \"{word}\""))),
            }
        }
    }
    let columns = if !user_defined.is_empty() {
        user_defined
    } else if bsd_user {
        fixed(&[
            (Field::User, "USER"),
            (Field::Pid, "PID"),
            (Field::CpuPercent, "%CPU"),
            (Field::MemPercent, "%MEM"),
            (Field::Vsz, "VSZ"),
            (Field::Rss, "RSS"),
            (Field::Tty, "TTY"),
            (Field::Stat, "STAT"),
            (Field::StartedShort, "START"),
            (Field::Time, "TIME"),
            (Field::Args, "COMMAND"),
        ])
    } else if full || ps_args.trim().is_empty() {
        fixed(&[
            (Field::User, "UID"),
            (Field::Pid, "PID"),
            (Field::Ppid, "PPID"),
            (Field::Cpu, "C"),
            (Field::StartedShort, "STIME"),
            (Field::Tty, "TTY"),
            (Field::Time, "TIME"),
            (Field::Args, "CMD"),
        ])
    } else {
        fixed(&[
            (Field::Pid, "PID"),
            (Field::Tty, "TTY"),
            (Field::Time, "TIME"),
            (Field::Comm, "CMD"),
        ])
    };
    // dockerd finds a container's rows by this column and clients rely on it.
    if !columns.iter().any(|column| column.field == Field::Pid) {
        return Err(Error::bad_parameter("Couldn't find PID field in ps output"));
    }
    Ok(columns)
}

/// Reads `pid,user=WHO,args`.
fn format_list(list: &str) -> Result<Vec<Column>> {
    list.split(',')
        .filter(|item| !item.is_empty())
        .map(|item| {
            let (keyword, heading) = item.split_once('=').unwrap_or((item, ""));
            let lower = keyword.to_ascii_lowercase();
            let (_, field, title) = KEYWORDS
                .iter()
                .find(|(name, ..)| *name == lower)
                .ok_or_else(|| {
                    Error::bad_parameter(format!(
                        "error running ps: unknown user-defined format specifier \"{keyword}\""
                    ))
                })?;
            let title = if heading.is_empty() { title } else { heading };
            Ok(Column {
                field: *field,
                title: title.to_owned(),
            })
        })
        .collect()
}

impl Column {
    fn cell(&self, process: &Process, host: &Host) -> String {
        let percent = |part: f64, whole: f64| {
            if whole > 0.0 {
                100.0 * part / whole
            } else {
                0.0
            }
        };
        let started = process.start_ticks / TICKS;
        let elapsed = host.uptime.saturating_sub(started);
        let used = process.cpu_ticks / TICKS;
        let cpu = percent(process.cpu_ticks as f64 / TICKS as f64, elapsed as f64);
        match self.field {
            Field::User => named(&host.users, process.uid),
            Field::Uid => process.uid.to_string(),
            Field::Group => named(&host.groups, process.gid),
            Field::Gid => process.gid.to_string(),
            Field::Pid => process.pid.to_string(),
            Field::Ppid => process.ppid.to_string(),
            Field::Pgid => process.pgid.to_string(),
            Field::Sid => process.sid.to_string(),
            Field::Cpu => (cpu as u64).to_string(),
            Field::CpuPercent => format!("{cpu:.1}"),
            Field::MemPercent => {
                format!(
                    "{:.1}",
                    percent(process.rss_kib as f64, host.memory_kib as f64)
                )
            }
            Field::Vsz => process.vsz_kib.to_string(),
            Field::Rss => process.rss_kib.to_string(),
            Field::StartedShort => start_time(
                i64::try_from(host.boot + started).unwrap_or(0),
                Timestamp::now(),
            ),
            Field::Tty => terminal(process.tty),
            Field::State => process.state.to_string(),
            Field::Stat => process.stat(),
            Field::Nice => process.nice.to_string(),
            Field::Threads => process.threads.to_string(),
            Field::Time => clock(used),
            Field::Elapsed => elapsed_time(elapsed),
            Field::Comm => process.comm.clone(),
            Field::Args => process.args.clone(),
        }
    }
}

/// What is the same for all processes.
struct Host {
    boot: u64,
    uptime: u64,
    memory_kib: u64,
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Host {
    fn read() -> Host {
        let first_number = |path: &str, key: &str| {
            fs::read_to_string(path).ok().and_then(|text| {
                let line = text.lines().find(|line| line.starts_with(key))?;
                line[key.len()..].split_whitespace().next()?.parse().ok()
            })
        };
        let uptime = fs::read_to_string("/proc/uptime")
            .ok()
            .and_then(|text| text.split('.').next()?.parse().ok());
        Host {
            boot: first_number("/proc/stat", "btime ").unwrap_or(0),
            uptime: uptime.unwrap_or(0),
            memory_kib: first_number("/proc/meminfo", "MemTotal:").unwrap_or(0),
            users: names("/etc/passwd"),
            groups: names("/etc/group"),
        }
    }
}

/// Names by number; both files have the number in the third field.
fn names(path: &str) -> HashMap<u32, String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let entries = text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number = fields.nth(1)?.parse().ok()?;
        Some((number, name.to_owned()))
    });
    // Of two names for one number the first counts.
    let mut names = HashMap::new();
    for (number, name) in entries {
        names.entry(number).or_insert(name);
    }
    names
}

/// `ps` shows a number where the name has more than eight characters.
fn named(names: &HashMap<u32, String>, number: u32) -> String {
    match names.get(&number) {
        Some(name) if name.len() <= 8 => name.clone(),
        _ => number.to_string(),
    }
}

struct Process {
    pid: u32,
    uid: u32,
    gid: u32,
    comm: String,
    args: String,
    state: char,
    ppid: i64,
    pgid: i64,
    sid: i64,
    tty: u64,
    foreground: i64,
    cpu_ticks: u64,
    nice: i64,
    threads: u64,
    start_ticks: u64,
    vsz_kib: u64,
    rss_kib: u64,
}

impl Process {
    fn read(pid: u32) -> Option<Process> {
        let dir = format!("/proc/{pid}");
        let owner = fs::metadata(&dir).ok()?;
        let stat = fs::read_to_string(format!("{dir}/stat")).ok()?;
        let status = fs::read_to_string(format!("{dir}/status")).ok()?;
        let cmdline = fs::read(format!("{dir}/cmdline")).ok()?;
        let mut process = Process::from_stat(pid, &stat)?;
        process.uid = owner.uid();
        process.gid = owner.gid();
        process.args = arguments(&cmdline, &process.comm);
        let kib = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key))?;
            line[key.len()..].split_whitespace().next()?.parse().ok()
        };
        process.vsz_kib = kib("VmSize:").unwrap_or(0);
        process.rss_kib = kib("VmRSS:").unwrap_or(0);
        Some(process)
    }

    /// The name stands in parentheses and may contain anything, parentheses
    /// too: the fields after it are counted from the last one.
    fn from_stat(pid: u32, stat: &str) -> Option<Process> {
        let (head, tail) = stat.rsplit_once(')')?;
        let comm = head.split_once('(')?.1.to_owned();
        let fields: Vec<&str> = tail.split_whitespace().collect();
        // proc(5) counts from 1; the state is its field 3.
        let signed = |number: usize| fields.get(number - 3)?.parse::<i64>().ok();
        let unsigned = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Process {
            pid,
            uid: 0,
            gid: 0,
            comm,
            args: String::new(),
            state: fields.first()?.chars().next()?,
            ppid: signed(4)?,
            pgid: signed(5)?,
            sid: signed(6)?,
            tty: unsigned(7)?,
            foreground: signed(8)?,
            cpu_ticks: unsigned(14)? + unsigned(15)?,
            nice: signed(19)?,
            threads: unsigned(20)?,
            start_ticks: unsigned(22)?,
            vsz_kib: 0,
            rss_kib: 0,
        })
    }

    fn stat(&self) -> String {
        let mut text = self.state.to_string();
        match self.nice {
            ..0 => text.push('<'),
            1.. => text.push('N'),
            0 => {}
        }
        if self.sid == i64::from(self.pid) {
            text.push('s');
        }
        if self.threads > 1 {
            text.push('l');
        }
        if self.foreground > 0 && self.foreground == self.pgid {
            text.push('+');
        }
        text
    }
}

fn arguments(cmdline: &[u8], comm: &str) -> String {
    let text = String::from_utf8_lossy(cmdline);
    let text = text.trim_end_matches('\0');
    if text.is_empty() {
        return format!("[{comm}]");
    }
    // A line feed inside an argument would break the table.
    text.replace(['\0', '\n'], " ")
}

/// `07:41` today, `Nov21` this year, else the year.
fn start_time(started: i64, now: Timestamp) -> String {
    let Ok(started) = Timestamp::from_second(started) else {
        return "?".into();
    };
    let format = if now.as_second() - started.as_second() < 24 * 3600 {
        "%H:%M"
    } else if now.strftime("%Y").to_string() == started.strftime("%Y").to_string() {
        "%b%d"
    } else {
        "%Y"
    };
    started.strftime(format).to_string()
}

fn terminal(number: u64) -> String {
    // The minor number is split around the major one: bits 0-7 and 20-31.
    let major = (number >> 8) & 0xfff;
    let minor = (number & 0xff) | ((number >> 12) & 0xf_ff00);
    match major {
        136..=143 => format!("pts/{}", minor + (major - 136) * 256),
        4 if minor < 64 => format!("tty{minor}"),
        4 => format!("ttyS{}", minor - 64),
        _ => "?".into(),
    }
}

fn clock(seconds: u64) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn elapsed_time(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let rest = format!("{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    match (days, hours) {
        (0, 0) => rest,
        (0, _) => format!("{hours:02}:{rest}"),
        _ => format!("{days}-{hours:02}:{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(ps_args: &str) -> String {
        let columns = columns(ps_args).expect(ps_args);
        let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
        titles.join(" ")
    }

    #[test]
    fn formats() {
        let full = "UID PID PPID C STIME TTY TIME CMD";
        for args in ["", "-ef", "-f", "-eF"] {
            assert_eq!(titles(args), full, "{args}");
        }
        for args in ["aux", "-aux", "auxww"] {
            assert_eq!(
                titles(args),
                "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"
            );
        }
        assert_eq!(titles("-e"), "PID TTY TIME CMD");
        assert_eq!(titles("-eo pid,comm"), "PID COMMAND");
        assert_eq!(titles("-o pid,user=WHO -o args"), "PID WHO COMMAND");
        assert_eq!(titles("-opid,etime"), "PID ELAPSED");
    }

    #[test]
    fn wrong_arguments() {
        assert_eq!(
            columns("-o user").expect_err("no pid").message,
            "Couldn't find PID field in ps output"
        );
        assert!(columns("-o pid,fly").is_err());
        assert!(columns("--help").is_err());
    }

    #[test]
    fn this_process_is_found() {
        let pid = std::process::id();
        let table = table(&[pid, u32::MAX], "-eo pid,ppid,args").expect("a table");
        assert_eq!(table.rows.len(), 1, "the second does not exist");
        assert_eq!(table.rows[0][0], pid.to_string());
        let first = std::env::args().next().expect("a program");
        assert!(table.rows[0][2].starts_with(&first));
    }

    #[test]
    fn names_with_parentheses_do_not_shift_the_fields() {
        let stat = "7 (a) b) S 1 7 7 34817 7 4194304 0 0 0 0 150 50 0 0 20 0 2 0 4200 0 0";
        let process = Process::from_stat(7, stat).expect("fields");
        assert_eq!(process.comm, "a) b");
        assert_eq!(process.ppid, 1);
        assert_eq!(process.cpu_ticks, 200);
        assert_eq!(process.start_ticks, 4200);
        assert_eq!(terminal(process.tty), "pts/1");
        assert_eq!(process.stat(), "Ssl+");
    }

    #[test]
    fn times() {
        assert_eq!(clock(3_725), "01:02:05");
        assert_eq!(elapsed_time(65), "01:05");
        assert_eq!(elapsed_time(3_725), "01:02:05");
        assert_eq!(elapsed_time(90_061), "1-01:01:01");
        let now: Timestamp = "2020-03-04T12:00:00Z".parse().expect("a time");
        let second = |text: &str| text.parse::<Timestamp>().expect("a time").as_second();
        assert_eq!(start_time(second("2020-03-04T07:41:00Z"), now), "07:41");
        assert_eq!(start_time(second("2020-02-01T07:41:00Z"), now), "Feb01");
        assert_eq!(start_time(second("2019-02-01T07:41:00Z"), now), "2019");
    }
}
