//! `top`: the processes of a container in the columns of `ps`, read from
//! `/proc`. No program of the host or of the container is run.

mod format;

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use jiff::Timestamp;

use crate::error::Result;

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
    let columns = format::columns(ps_args)?;
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
    Started,
    StartedLong,
    ElapsedSeconds,
    TimeShort,
    TimeSeconds,
    Pages,
    Processor,
    Priority,
    PriorityOld,
    PriorityPlain,
    Class,
    Channel,
    Flags,
    Foreground,
    /// A column of the kernel that nobody fills any more.
    Nothing,
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
            Field::Started | Field::StartedLong => {
                let at = i64::try_from(host.boot + started).unwrap_or(0);
                let format = match self.field {
                    Field::StartedLong => "%a %b %e %H:%M:%S %Y",
                    _ if elapsed < 24 * 3600 => "%H:%M:%S",
                    _ => "%b %d",
                };
                Timestamp::from_second(at)
                    .map_or_else(|_| "?".into(), |at| at.strftime(format).to_string())
            }
            Field::ElapsedSeconds => elapsed.to_string(),
            Field::TimeShort => format!("{}:{:02}", used / 60, used % 60),
            Field::TimeSeconds => used.to_string(),
            Field::Pages => (process.vsz_kib / 4).to_string(),
            Field::Processor => process.processor.to_string(),
            Field::Priority => (39 - process.priority).to_string(),
            Field::PriorityOld => (60 + process.priority).to_string(),
            Field::PriorityPlain => process.priority.to_string(),
            Field::Class => class(process.policy).into(),
            Field::Channel => channel(process.pid),
            Field::Flags => ((process.flags >> 6) & 7).to_string(),
            Field::Foreground => process.foreground.to_string(),
            Field::Nothing => "-".into(),
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
    priority: i64,
    flags: u64,
    processor: u64,
    policy: u64,
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
            priority: signed(18)?,
            flags: unsigned(9)?,
            processor: unsigned(39).unwrap_or(0),
            policy: unsigned(41).unwrap_or(0),
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

/// The scheduler's class, as `ps` abbreviates it.
fn class(policy: u64) -> &'static str {
    match policy {
        0 => "TS",
        1 => "FF",
        2 => "RR",
        3 => "B",
        4 => "ISO",
        5 => "IDL",
        6 => "DLN",
        _ => "?",
    }
}

/// Where in the kernel a process waits; `ps` has room for six letters.
fn channel(pid: u32) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default();
    match text.trim() {
        "" | "0" => "-".into(),
        name => name.chars().take(6).collect(),
    }
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
    use super::format::columns;
    use super::*;

    fn titles(ps_args: &str) -> String {
        let columns = columns(ps_args).expect(ps_args);
        let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
        titles.join(" ")
    }

    #[test]
    fn formats() {
        let full = "UID PID PPID C STIME TTY TIME CMD";
        for args in ["", "-ef", "-f"] {
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
        assert_eq!(
            titles("-eF"),
            "UID PID PPID C SZ RSS PSR STIME TTY TIME CMD"
        );
        assert_eq!(
            titles("-ely"),
            "S UID PID PPID C PRI NI RSS SZ WCHAN TTY TIME CMD"
        );
        for args in ["ax", "-x", "f"] {
            assert_eq!(titles(args), "PID TTY STAT TIME COMMAND", "{args}");
        }
        assert_eq!(
            titles("axjf"),
            "PPID PID PGID SID TTY TPGID STAT UID TIME COMMAND"
        );
        assert_eq!(
            titles("-o pid:10,lstart,etimes,wchan"),
            "PID STARTED ELAPSED WCHAN"
        );
    }

    #[test]
    fn wrong_arguments() {
        assert_eq!(
            columns("-o user").expect_err("no pid").message,
            "Couldn't find PID field in ps output"
        );
        for (args, words) in [
            ("-o pid=", "Couldn't find PID field in ps output"),
            ("-o pid=PROC,ppid", "Couldn't find PID field in ps output"),
            (
                "-o pid,fly",
                "ps: error: unknown user-defined format specifier \"fly\"",
            ),
            ("-o", "ps: error: format specification must follow -o"),
            ("--bogus", "ps: error: unknown gnu long option"),
            ("-ef; id", "ps: error: unsupported SysV option"),
            (
                "-y",
                "ps: error: modifier -y without format -l makes no sense",
            ),
        ] {
            let error = columns(args).expect_err(args);
            assert_eq!(error.message, words, "{args}");
        }
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
