//! The built-in policy: from names to one action per call number.

use std::collections::{BTreeMap, HashSet};

use nix::libc;
use serde::Deserialize;

use crate::caps::{Capability, CapabilitySet};

use super::compile::{Comparison, Condition, Rule, Width};

/// What the kernel does with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Always the same, in the kernel's code.
    Answer(u32),
    /// What the first rule that holds says, or else this.
    Rules(Vec<Rule>, u32),
}

/// Carries the call out.
pub(super) const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;

/// The call is forbidden.
const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;

/// There is no such call.
const ABSENT: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// A comparison of the first argument's lower 32 bits, all that the kernel
/// looks at in the calls concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct Check {
    op: Operator,
    value: u32,
}

/// How an argument is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operator {
    /// Less than the value.
    Lt,
    /// Equal to the value.
    Eq,
    /// Greater than the value.
    Gt,
    /// None of the value's bits is set.
    NoneOf,
}

/// An interface through which programs call the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Architecture {
    X86_64,
    X86,
    X32,
    Aarch64,
    Arm,
}

impl Check {
    /// The rule that allows a call for which it holds.
    fn rule(self) -> Rule {
        let (comparison, value) = match self.op {
            Operator::Lt => (Comparison::Lt, self.value),
            Operator::Eq => (Comparison::Eq, self.value),
            Operator::Gt => (Comparison::Gt, self.value),
            Operator::NoneOf => {
                let mask = u64::from(self.value);
                (Comparison::MaskedEq { mask }, 0)
            }
        };
        let condition = Condition {
            argument: 0,
            comparison,
            value: value.into(),
            width: Width::Low,
        };
        Rule {
            conditions: vec![condition],
            answer: ALLOW,
        }
    }
}

/// Calls of the x32 interface have this bit in their number.
pub(super) const X32_BIT: u32 = 0x4000_0000;

/// Numbers from here on are private calls of 32-bit ARM, and no measure of how
/// new a call is.
const ARM_PRIVATE: u32 = 0x000f_0000;

impl Architecture {
    /// The one this program is built for.
    pub(super) fn native() -> Option<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Self::X86_64),
            "aarch64" => Some(Self::Aarch64),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::X86 => "x86",
            Self::X32 => "x32",
            Self::Aarch64 => "aarch64",
            Self::Arm => "arm",
        }
    }

    /// The one that libseccomp and profiles call `name`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "SCMP_ARCH_X86_64" => Self::X86_64,
            "SCMP_ARCH_X86" => Self::X86,
            "SCMP_ARCH_X32" => Self::X32,
            "SCMP_ARCH_AARCH64" => Self::Aarch64,
            "SCMP_ARCH_ARM" => Self::Arm,
            _ => return None,
        })
    }

    /// What Go and so profiles call a machine of this architecture.
    pub(super) fn go_name(self) -> &'static str {
        match self {
            Self::X86_64 | Self::X32 => "amd64",
            Self::X86 => "386",
            Self::Aarch64 => "arm64",
            Self::Arm => "arm",
        }
    }

    /// Whether arguments have 32 bits.
    pub(super) fn is_narrow(self) -> bool {
        matches!(self, Self::X86 | Self::X32 | Self::Arm)
    }

    /// The value in `struct seccomp_data` (`include/uapi/linux/audit.h`).
    pub(super) fn audit(self) -> u32 {
        match self {
            Self::X86_64 | Self::X32 => 0xc000_003e,
            Self::X86 => 0x4000_0003,
            Self::Aarch64 => 0xc000_00b7,
            Self::Arm => 0x4000_0028,
        }
    }

    /// Those that a machine of this architecture serves, grouped by how the
    /// kernel tells them apart.
    pub(super) fn served(self) -> &'static [&'static [Self]] {
        match self {
            Self::X86_64 | Self::X86 | Self::X32 => &[&[Self::X86_64, Self::X32], &[Self::X86]],
            Self::Aarch64 | Self::Arm => &[&[Self::Aarch64], &[Self::Arm]],
        }
    }
}

/// Actions for all calls through interfaces that share an audit value.
#[derive(Debug)]
pub(super) struct Table {
    /// The audit value.
    pub(super) audit: u32,
    /// First number of each range of calls that are treated alike; the first
    /// range begins at 0, each ends where the next begins.
    pub(super) ranges: Vec<(u32, Action)>,
}

#[derive(Deserialize)]
struct Policy {
    allow: HashSet<String>,
    arguments: BTreeMap<String, Vec<Check>>,
    /// Calls that do not exist, unless a capability allows them.
    absent: HashSet<String>,
    capabilities: BTreeMap<String, HashSet<String>>,
    architectures: BTreeMap<String, HashSet<String>>,
}

struct Loaded {
    policy: Policy,
    calls: Vec<Call>,
}

/// The number that the call `name` has on `architecture`, without the bit of
/// x32.
pub(super) fn number_of(name: &str, architecture: Architecture) -> Option<u32> {
    let call = loaded().calls.iter().find(|call| call.name == name)?;
    call.numbers[architecture as usize]
}

/// A call with its number on each architecture.
struct Call {
    name: &'static str,
    numbers: [Option<u32>; 5],
}

fn loaded() -> &'static Loaded {
    static LOADED: std::sync::OnceLock<Loaded> = std::sync::OnceLock::new();
    LOADED.get_or_init(|| Loaded {
        policy: serde_json::from_str(include_str!("default.json"))
            .expect("the built-in policy is well formed"),
        calls: include_str!("syscalls.csv")
            .lines()
            .skip(1)
            .map(call)
            .collect(),
    })
}

/// Reads `name,x86_64,x86,x32,aarch64,arm`, the order of [`Architecture`].
fn call(line: &'static str) -> Call {
    let mut fields = line.split(',');
    let name = fields.next().unwrap_or_default();
    let mut numbers = [None; 5];
    for (number, field) in numbers.iter_mut().zip(fields) {
        *number = field.parse().ok();
    }
    Call { name, numbers }
}

/// The tables of all architectures that a `native` machine serves, for a
/// container with `capabilities` as its bounding set.
pub(super) fn tables(native: Architecture, capabilities: CapabilitySet) -> Vec<Table> {
    let served = native.served().iter();
    served
        .map(|interfaces| Table {
            audit: interfaces[0].audit(),
            ranges: interfaces
                .iter()
                .flat_map(|interface| ranges(*interface, capabilities))
                .collect(),
        })
        .collect()
}

fn ranges(architecture: Architecture, capabilities: CapabilitySet) -> Vec<(u32, Action)> {
    let base = if architecture == Architecture::X32 {
        X32_BIT
    } else {
        0
    };
    let mut actions = BTreeMap::new();
    let mut highest = 0;
    for call in &loaded().calls {
        let Some(number) = call.numbers[architecture as usize] else {
            continue;
        };
        let (action, named) = decide(call.name, architecture, capabilities);
        if let Some(action) = action {
            actions.insert(number, action);
        }
        if named && number < ARM_PRIVATE {
            highest = highest.max(number);
        }
    }
    let mut ranges: Vec<(u32, Action)> = Vec::new();
    let mut add = |start: u32, action: Action| {
        if ranges.last().is_none_or(|(_, last)| *last != action) {
            ranges.push((base + start, action));
        }
    };
    let mut next = 0;
    for (number, action) in actions {
        // Between what is named: refused as far as the policy knows calls.
        if next < number && next <= highest {
            add(next, Action::Answer(REFUSED));
        }
        if next < number && number > highest + 1 {
            add(next.max(highest + 1), Action::Answer(ABSENT));
        }
        add(number, action);
        next = number + 1;
    }
    add(next.max(highest + 1), Action::Answer(ABSENT));
    ranges
}

/// What happens to the call `name`, none meaning the default; and whether the
/// policy names it at all, be it for other capabilities.
fn decide(
    name: &str,
    architecture: Architecture,
    capabilities: CapabilitySet,
) -> (Option<Action>, bool) {
    let policy = &loaded().policy;
    let by_capability: Vec<_> = policy
        .capabilities
        .iter()
        .filter(|(_, names)| names.contains(name))
        .map(|(capability, _)| capability.parse::<Capability>())
        .collect();
    let on_architecture = policy
        .architectures
        .values()
        .any(|names| names.contains(name));
    let allowed = policy.allow.contains(name)
        || policy
            .architectures
            .get(architecture.name())
            .is_some_and(|names| names.contains(name))
        || by_capability.iter().any(|capability| {
            capability
                .as_ref()
                .is_ok_and(|capability| capabilities.contains(*capability))
        });
    let checks = policy.arguments.get(name);
    let absent = policy.absent.contains(name);
    let action = if allowed {
        Some(Action::Answer(ALLOW))
    } else if let Some(checks) = checks {
        let rules = checks.iter().map(|check| check.rule()).collect();
        Some(Action::Rules(rules, REFUSED))
    } else {
        absent.then_some(Action::Answer(ABSENT))
    };
    let named = action.is_some() || !by_capability.is_empty() || on_architecture;
    (action, named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_policy_has_a_number_somewhere() {
        // Named for interfaces that no table here is for.
        const ELSEWHERE: [&str; 1] = ["riscv_hwprobe"];
        let Loaded { policy, calls } = loaded();
        let known: HashSet<_> = calls.iter().map(|call| call.name).collect();
        let named = policy
            .allow
            .iter()
            .chain(policy.arguments.keys())
            .chain(&policy.absent)
            .chain(policy.capabilities.values().flatten())
            .chain(policy.architectures.values().flatten());
        for name in named {
            assert!(
                known.contains(name.as_str()) || ELSEWHERE.contains(&name.as_str()),
                "{name}"
            );
        }
        for capability in policy.capabilities.keys() {
            assert!(capability.parse::<Capability>().is_ok(), "{capability}");
        }
    }

    #[test]
    fn ranges_are_in_order_and_not_repeated() {
        for architecture in [Architecture::X86_64, Architecture::Aarch64] {
            for table in tables(architecture, CapabilitySet::DEFAULT) {
                assert_eq!(table.ranges[0].0, 0);
                for pair in table.ranges.windows(2) {
                    assert!(pair[0].0 < pair[1].0, "{pair:?}");
                }
            }
        }
    }
}
