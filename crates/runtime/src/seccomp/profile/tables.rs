//! From a profile to one action per call number of each architecture.

use std::collections::BTreeMap;

use nix::libc;

use crate::caps::CapabilitySet;
use crate::seccomp::compile::{Comparison, Condition, Rule, Width};
use crate::seccomp::policy::{Action, Architecture, Table, X32_BIT, number_of};

use super::{Profile, ProfileError, Ruled, answer};

impl Profile {
    /// What is done with each call, for a container with `capabilities` as its
    /// bounding set on a `native` machine with a kernel of the release `kernel`.
    pub(in crate::seccomp) fn tables(
        &self,
        native: Architecture,
        kernel: &str,
        capabilities: CapabilitySet,
    ) -> Result<Vec<Table>, ProfileError> {
        let named = self.architectures(native)?;
        let default = answer(&self.default_action, self.default_errno)?;
        let mut entries = Vec::new();
        for entry in &self.syscalls {
            if entry.applies(native, kernel, capabilities)? {
                entries.push(entry.rules(default)?);
            }
        }
        let mut served = vec![native];
        served.extend(named.iter().copied().filter(|known| *known != native));
        // Nothing is known about the numbers of what is not served.
        let bad = Action::Answer(libc::SECCOMP_RET_KILL_PROCESS);
        let mut tables = Vec::new();
        for group in native.served() {
            let Some(first) = group.iter().find(|known| served.contains(known)) else {
                continue;
            };
            let mut ranges = Vec::new();
            for architecture in *group {
                if served.contains(architecture) {
                    // Newer calls than the profile knows do not exist, as long
                    // as it lists the architecture and does not allow them.
                    let listed = named.contains(architecture);
                    ranges.extend(ranges_of(*architecture, &entries, default, listed));
                } else {
                    let base = if *architecture == Architecture::X32 {
                        X32_BIT
                    } else {
                        0
                    };
                    ranges.push((base, bad.clone()));
                }
            }
            tables.push(Table {
                audit: first.audit(),
                ranges,
            });
        }
        Ok(tables)
    }
}

/// Ranges of `architecture` for calls with `entries`.
fn ranges_of(
    architecture: Architecture,
    entries: &[Ruled<'_>],
    default: u32,
    listed: bool,
) -> Vec<(u32, Action)> {
    let mut rules: BTreeMap<u32, Vec<Rule>> = BTreeMap::new();
    let mut highest = None;
    for entry in entries {
        for name in &entry.calls {
            let direct = number_of(name, architecture);
            // Private calls of an architecture say nothing about age.
            highest = highest.max(direct.filter(|number| *number < PRIVATE));
            if let Some(number) = direct {
                rules
                    .entry(number)
                    .or_default()
                    .extend(entry.rules.iter().cloned());
            }
            if let Some((number, within)) = multiplexed(name, architecture) {
                // The arguments lie in memory, where no filter can look.
                rules
                    .entry(number)
                    .or_default()
                    .extend(entry.rules.iter().map(|rule| Rule {
                        conditions: vec![within],
                        answer: rule.answer,
                    }));
            }
        }
    }
    let base = if architecture == Architecture::X32 {
        X32_BIT
    } else {
        0
    };
    let permissive = matches!(
        default & libc::SECCOMP_RET_ACTION_FULL,
        libc::SECCOMP_RET_ALLOW | libc::SECCOMP_RET_LOG | libc::SECCOMP_RET_TRACE
    );
    let newest = highest.filter(|_| listed && !permissive);
    let absent = Action::Answer(libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32);
    let mut ranges: Vec<(u32, Action)> = Vec::new();
    let mut add = |start: u32, action: Action| {
        if ranges.last().is_none_or(|(_, last)| *last != action) {
            ranges.push((base + start, action));
        }
    };
    let mut next = 0;
    for (number, rules) in rules {
        let number_is_new = newest.is_some_and(|newest| number > newest);
        if next < number && !number_is_new {
            add(next, Action::Answer(default));
        }
        add(number, decide(rules, architecture, default));
        next = number + 1;
    }
    match newest {
        Some(newest) => {
            if next <= newest {
                add(next, Action::Answer(default));
            }
            add(next.max(newest + 1), absent);
        }
        None => add(next, Action::Answer(default)),
    }
    ranges
}

/// From here on numbers are private calls of 32-bit ARM.
const PRIVATE: u32 = 0x000f_0000;

/// What the rules of one call come to.
fn decide(rules: Vec<Rule>, architecture: Architecture, default: u32) -> Action {
    if let Some(rule) = rules.iter().find(|rule| rule.conditions.is_empty()) {
        return Action::Answer(rule.answer);
    }
    let mut rules = rules;
    rules.sort_by_key(|rule| rule.conditions.iter().map(|c| c.argument).min());
    if architecture.is_narrow() {
        for condition in rules.iter_mut().flat_map(|rule| &mut rule.conditions) {
            condition.width = Width::Low;
        }
    }
    if rules.is_empty() {
        return Action::Answer(default);
    }
    Action::Rules(rules, default)
}

/// Calls that 32-bit x86 also makes through another one, with the number of
/// that one and the first argument that tells them apart.
fn multiplexed(name: &str, architecture: Architecture) -> Option<(u32, Condition)> {
    const SOCKET: [&str; 20] = [
        "socket",
        "bind",
        "connect",
        "listen",
        "accept",
        "getsockname",
        "getpeername",
        "socketpair",
        "send",
        "recv",
        "sendto",
        "recvfrom",
        "shutdown",
        "setsockopt",
        "getsockopt",
        "sendmsg",
        "recvmsg",
        "accept4",
        "recvmmsg",
        "sendmmsg",
    ];
    const IPC: [(&str, u64); 12] = [
        ("semop", 1),
        ("semget", 2),
        ("semctl", 3),
        ("semtimedop", 4),
        ("msgsnd", 11),
        ("msgrcv", 12),
        ("msgget", 13),
        ("msgctl", 14),
        ("shmat", 21),
        ("shmdt", 22),
        ("shmget", 23),
        ("shmctl", 24),
    ];
    if architecture != Architecture::X86 {
        return None;
    }
    let (through, value) = match SOCKET.iter().position(|known| *known == name) {
        Some(place) => ("socketcall", place as u64 + 1),
        None => ("ipc", IPC.iter().find(|(known, _)| *known == name)?.1),
    };
    let condition = Condition {
        argument: 0,
        comparison: Comparison::Eq,
        value,
        width: Width::Low,
    };
    Some((number_of(through, architecture)?, condition))
}
