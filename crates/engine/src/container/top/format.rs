//! Which columns the arguments of `ps` ask for.

use super::{Column, Field};
use crate::error::{Error, Result};

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
    ("start", Field::Started, "STARTED"),
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
    ("etimes", Field::ElapsedSeconds, "ELAPSED"),
    ("lstart", Field::StartedLong, "STARTED"),
    ("bsdstart", Field::StartedShort, "START"),
    ("bsdtime", Field::TimeShort, "TIME"),
    ("times", Field::TimeSeconds, "TIME"),
    ("cputimes", Field::TimeSeconds, "TIME"),
    ("sz", Field::Pages, "SZ"),
    ("vsize", Field::Vsz, "VSZ"),
    ("rssize", Field::Rss, "RSS"),
    ("psr", Field::Processor, "PSR"),
    ("pri", Field::Priority, "PRI"),
    ("opri", Field::PriorityOld, "PRI"),
    ("priority", Field::PriorityPlain, "PRI"),
    ("cls", Field::Class, "CLS"),
    ("policy", Field::Class, "POL"),
    ("class", Field::Class, "CLS"),
    ("wchan", Field::Channel, "WCHAN"),
    ("f", Field::Flags, "F"),
    ("flag", Field::Flags, "F"),
    ("flags", Field::Flags, "F"),
    ("tpgid", Field::Foreground, "TPGID"),
    ("fname", Field::Comm, "COMMAND"),
];

/// Formats that one letter asks for, as keywords with headings of their own.
const SHORT: &str = "pid=PID,tname=TTY,time=TIME,ucmd=CMD";
const FULL: &str = "user=UID,pid=PID,ppid=PPID,c=C,stime=STIME,tname=TTY,time=TIME,cmd=CMD";
const EXTRA_FULL: &str = "user=UID,pid=PID,ppid=PPID,c=C,sz=SZ,rss=RSS,psr=PSR,stime=STIME,\
                          tname=TTY,time=TIME,cmd=CMD";
const LONG: &str = "f=F,s=S,uid=UID,pid=PID,ppid=PPID,c=C,opri=PRI,ni=NI,addr=ADDR,sz=SZ,\
                    wchan=WCHAN,tname=TTY,time=TIME,ucmd=CMD";
const LONG_WITHOUT_ADDRESS: &str = "s=S,uid=UID,pid=PID,ppid=PPID,c=C,opri=PRI,ni=NI,rss=RSS,\
                                    sz=SZ,wchan=WCHAN,tname=TTY,time=TIME,ucmd=CMD";
const JOBS: &str = "pid=PID,pgid=PGID,sid=SID,tname=TTY,time=TIME,ucmd=CMD";
const BSD: &str = "pid=PID,tname=TTY,stat=STAT,bsdtime=TIME,args=COMMAND";
const BSD_USER: &str = "user=USER,pid=PID,%cpu=%CPU,%mem=%MEM,vsz=VSZ,rss=RSS,tname=TTY,\
                        stat=STAT,start_time=START,bsdtime=TIME,args=COMMAND";
const BSD_JOBS: &str = "ppid=PPID,pid=PID,pgid=PGID,sid=SID,tname=TTY,tpgid=TPGID,stat=STAT,\
                        uid=UID,bsdtime=TIME,args=COMMAND";
const BSD_LONG: &str = "f=F,uid=UID,pid=PID,ppid=PPID,priority=PRI,ni=NI,vsz=VSZ,rss=RSS,\
                        wchan=WCHAN,stat=STAT,tname=TTY,bsdtime=TIME,args=COMMAND";

/// Reads the arguments. Selections of processes that take no value do not
/// matter here, since a container's processes are listed in any case; those
/// that take one are refused.
pub(super) fn columns(ps_args: &str) -> Result<Vec<Column>> {
    let mut user_defined = Vec::new();
    let mut preset = if ps_args.trim().is_empty() {
        FULL
    } else {
        SHORT
    };
    let mut without_address = false;
    let mut words = ps_args.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            long_option(long)?;
            continue;
        }
        let (flags, dashed) = match word.strip_prefix('-') {
            Some(flags) => (flags, true),
            None => (word, false),
        };
        // `-aux` means `aux` to everybody who types it.
        let dashed = dashed && !(flags.contains('x') && flags.contains('u'));
        for (at, letter) in flags.char_indices() {
            match (letter, dashed) {
                ('o', _) => {
                    let rest = &flags[at + 1..];
                    let list = match rest {
                        "" => words.next(),
                        rest => Some(rest),
                    };
                    let list = list.ok_or_else(|| failed("format specification must follow -o"))?;
                    user_defined.extend(user_list(list)?);
                    break;
                }
                ('f', true) => preset = longer(preset, FULL),
                ('F', true) => preset = EXTRA_FULL,
                ('l', true) => preset = LONG,
                ('j', true) => preset = JOBS,
                ('y', true) => without_address = true,
                ('x' | 'n', true) => preset = BSD,
                ('e' | 'A' | 'a' | 'd' | 'w' | 'H' | 'N' | 'c', true) => {}
                ('u', false) => preset = BSD_USER,
                ('j', false) => preset = BSD_JOBS,
                ('l', false) => preset = BSD_LONG,
                ('a' | 'x' | 'f' | 'w' | 'r' | 'g' | 'c' | 'n', false) => {
                    preset = longer(preset, BSD);
                }
                (_, true) => return Err(failed("unsupported SysV option")),
                (_, false) => return Err(failed("unsupported option (BSD syntax)")),
            }
        }
    }
    if without_address {
        if preset != LONG {
            return Err(failed("modifier -y without format -l makes no sense"));
        }
        preset = LONG_WITHOUT_ADDRESS;
    }
    let columns = if user_defined.is_empty() {
        format_list(preset)?
    } else {
        user_defined
    };
    // dockerd finds a container's rows by this heading, and clients rely on it.
    if !columns.iter().any(|column| column.title == "PID") {
        return Err(Error::bad_parameter("Couldn't find PID field in ps output"));
    }
    Ok(columns)
}

/// A letter that asks for no format of its own leaves one that was asked for.
fn longer(preset: &'static str, other: &'static str) -> &'static str {
    if preset == SHORT { other } else { preset }
}

fn long_option(option: &str) -> Result<()> {
    let name = option.split('=').next().unwrap_or_default();
    match name {
        // The order is that of the container's processes.
        "sort" | "forest" | "headers" | "cols" | "columns" | "width" | "deselect" => Ok(()),
        "no-headers" | "no-heading" | "noheaders" | "noheading" | "help" | "version" => {
            Err(Error::bad_parameter("Couldn't find PID field in ps output"))
        }
        _ => Err(failed("unknown gnu long option")),
    }
}

fn failed(reason: &str) -> Error {
    Error::bad_parameter(format!("ps: error: {reason}"))
}

/// Reads `pid,user:20,cmd=WHAT`: what follows the first `=` is the heading of
/// the last column, commas included.
fn user_list(list: &str) -> Result<Vec<Column>> {
    let Some((keywords, heading)) = list.split_once('=') else {
        return format_list(list);
    };
    let mut columns = format_list(keywords)?;
    if let Some(last) = columns.last_mut() {
        heading.clone_into(&mut last.title);
    }
    Ok(columns)
}

/// Reads `pid=PID,cmd=CMD`, where a heading ends at the next comma.
fn format_list(list: &str) -> Result<Vec<Column>> {
    list.split(',')
        .filter(|item| !item.is_empty())
        .map(|item| {
            let (keyword, heading) = match item.split_once('=') {
                Some((keyword, heading)) => (keyword, Some(heading)),
                None => (item, None),
            };
            let name = keyword.split(':').next().unwrap_or_default();
            let lower = name.to_ascii_lowercase();
            let (field, title) = match lower.as_str() {
                "addr" => (Field::Nothing, "ADDR"),
                "label" => (Field::Nothing, "LABEL"),
                _ => KEYWORDS
                    .iter()
                    .find(|(known, ..)| *known == lower)
                    .map(|(_, field, title)| (*field, *title))
                    .ok_or_else(|| {
                        failed(&format!(
                            "unknown user-defined format specifier \"{keyword}\""
                        ))
                    })?,
            };
            Ok(Column {
                field,
                title: heading.unwrap_or(title).to_owned(),
            })
        })
        .collect()
}
