//! Profiles that users write, in the JSON form that Docker gave them: from
//! text to what is done with each call on this machine.
//!
//! A profile names calls, the action for each, and for which machines and
//! capabilities an entry is meant. What it says is decided as libseccomp, which
//! everybody else compiles profiles with, decides it: an entry without
//! conditions beats those with, calls that this machine does not know are
//! passed over, entries whose action is the default are left out.

mod tables;

use nix::libc;
use serde::Deserialize;
use serde_json::Value;

use crate::caps::{Capability, CapabilitySet};

use crate::seccomp::compile::{Comparison, Condition, Rule, Width};
use crate::seccomp::policy::Architecture;

/// Why a profile cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not JSON, or not of the right shape.
    #[error("Decoding seccomp profile failed: {0}")]
    Decode(String),
    /// Two ways of saying the same thing.
    #[error("'{0}' and '{1}' were specified in the seccomp profile, use either '{0}' or '{1}'")]
    Both(&'static str, &'static str),
    /// A word that means nothing.
    #[error("string {word} is not a valid {what} for seccomp")]
    Word {
        /// The word.
        word: String,
        /// What it should have been.
        what: &'static str,
    },
    /// A condition on an argument that no call has.
    #[error(
        "error creating seccomp syscall condition for syscall {call}: syscalls only have up to 6 \
         arguments ({index} given)"
    )]
    Argument {
        /// The call.
        call: String,
        /// The argument's index.
        index: u32,
    },
    /// An error number the kernel cannot answer with.
    #[error("error number {0} of the seccomp profile is above {MAX_ERRNO}")]
    Errno(u32),
    /// An action for which somebody would have to listen.
    #[error("listenerPath is not set: this engine has no agent for SCMP_ACT_NOTIFY")]
    Notify,
    /// More instructions than the kernel takes.
    #[error("seccomp profile compiles to {0} instructions, the kernel takes 4096")]
    TooLong(usize),
    /// No tables for this machine.
    #[error("no seccomp system call numbers for the architecture {0}")]
    Machine(&'static str),
}

/// `include/linux/err.h`: what an error number can be.
const MAX_ERRNO: u32 = 4095;

/// A profile as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Profile {
    #[serde(rename = "defaultaction")]
    default_action: String,
    #[serde(rename = "defaulterrnoret")]
    default_errno: Option<u32>,
    #[serde(deserialize_with = "or_default")]
    architectures: Vec<String>,
    #[serde(rename = "archmap", deserialize_with = "or_default")]
    machines: Vec<Machine>,
    #[serde(deserialize_with = "or_default")]
    syscalls: Vec<Entry>,
}

/// One native architecture and those it serves besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Machine {
    architecture: String,
    #[serde(rename = "subarchitectures", deserialize_with = "or_default")]
    others: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Entry {
    name: String,
    #[serde(deserialize_with = "or_default")]
    names: Vec<String>,
    action: String,
    #[serde(rename = "errnoret")]
    errno: Option<u32>,
    #[serde(rename = "args", deserialize_with = "or_default")]
    arguments: Vec<Argument>,
    #[serde(deserialize_with = "or_default")]
    includes: Scope,
    #[serde(deserialize_with = "or_default")]
    excludes: Scope,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Argument {
    index: u32,
    value: u64,
    #[serde(rename = "valuetwo")]
    value_two: u64,
    op: String,
}

/// For which containers an entry is meant, or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Scope {
    #[serde(rename = "caps", deserialize_with = "or_default")]
    capabilities: Vec<String>,
    #[serde(rename = "arches", deserialize_with = "or_default")]
    machines: Vec<String>,
    #[serde(rename = "minkernel", deserialize_with = "or_default")]
    kernel: String,
}

/// Go reads `null` as the empty value.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Profile {
    /// Reads the text of a profile. Keys may be in any case, unknown ones are
    /// passed over.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let value: Value = serde_json::from_str(text).map_err(|error| decode(&error, text))?;
        if !matches!(value, Value::Object(_) | Value::Null) {
            let text = "expected an object".to_owned();
            return Err(ProfileError::Decode(text));
        }
        let profile: Option<Self> = serde_json::from_value(lower(value))
            .map_err(|error| ProfileError::Decode(error.to_string()))?;
        Ok(profile.unwrap_or_default())
    }

    /// Whether it says nothing at all, which means no filter.
    pub fn is_empty(&self) -> bool {
        self.default_action.is_empty() && self.syscalls.is_empty()
    }

    /// Architectures that the profile lists for a `native` machine.
    fn architectures(&self, native: Architecture) -> Result<Vec<Architecture>, ProfileError> {
        if !self.architectures.is_empty() && !self.machines.is_empty() {
            return Err(ProfileError::Both("architectures", "archMap"));
        }
        let mut listed = self.architectures.clone();
        for machine in &self.machines {
            if Architecture::parse(&machine.architecture) == Some(native) {
                listed.push(machine.architecture.clone());
                listed.extend(machine.others.iter().cloned());
                break;
            }
        }
        let mut found = Vec::new();
        for name in listed {
            match Architecture::parse(&name) {
                Some(known) => found.push(known),
                // Other machines' are valid words, and mean nothing here.
                None if ELSEWHERE.contains(&name.as_str()) => {}
                None => {
                    return Err(ProfileError::Word {
                        word: name,
                        what: "arch",
                    });
                }
            }
        }
        Ok(found)
    }
}

/// Architectures that no table here is for.
const ELSEWHERE: [&str; 13] = [
    "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",
    "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32",
    "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_S390",
    "SCMP_ARCH_S390X",
    "SCMP_ARCH_LOONGARCH64",
];

/// An entry that applies: its calls, and what is done with them.
struct Ruled<'a> {
    calls: Vec<&'a str>,
    rules: Vec<Rule>,
}

impl Entry {
    fn calls(&self) -> Result<Vec<&str>, ProfileError> {
        match (self.name.as_str(), self.names.is_empty()) {
            ("", _) => Ok(self.names.iter().map(String::as_str).collect()),
            (name, true) => Ok(vec![name]),
            (_, false) => Err(ProfileError::Both("name", "names")),
        }
    }

    fn applies(
        &self,
        native: Architecture,
        kernel: &str,
        capabilities: CapabilitySet,
    ) -> Result<bool, ProfileError> {
        let holds = |name: &String| {
            name.parse::<Capability>()
                .is_ok_and(|capability| capabilities.contains(capability))
        };
        let here = |name: &String| name == native.go_name();
        let (wanted, unwanted) = (&self.includes, &self.excludes);
        self.calls()?;
        let too_old = !wanted.kernel.is_empty() && !at_least(kernel, &wanted.kernel)?;
        let too_new = !unwanted.kernel.is_empty() && at_least(kernel, &unwanted.kernel)?;
        let meant = (wanted.machines.is_empty() || wanted.machines.iter().any(here))
            && wanted.capabilities.iter().all(holds);
        let excluded =
            unwanted.machines.iter().any(here) || unwanted.capabilities.iter().any(holds);
        Ok(meant && !excluded && !too_old && !too_new)
    }

    /// Its rules; none when they would only repeat the default.
    fn rules(&self, default: u32) -> Result<Ruled<'_>, ProfileError> {
        let calls = self.calls()?;
        let answer = answer(&self.action, self.errno)?;
        let name = calls.first().copied().unwrap_or_default();
        let mut conditions = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            conditions.push(argument.condition(name)?);
        }
        let mut rules = Vec::new();
        if answer != default {
            let twice = conditions.iter().enumerate().any(|(place, condition)| {
                let earlier = &conditions[..place];
                earlier
                    .iter()
                    .any(|other: &Condition| other.argument == condition.argument)
            });
            // Two conditions on one argument are alternatives: that is how the
            // older form of profiles said it, and all profiles are read so.
            if twice {
                rules.extend(conditions.into_iter().map(|condition| Rule {
                    conditions: vec![condition],
                    answer,
                }));
            } else {
                rules.push(Rule { conditions, answer });
            }
        }
        Ok(Ruled { calls, rules })
    }
}

impl Argument {
    fn condition(&self, call: &str) -> Result<Condition, ProfileError> {
        let argument = match u8::try_from(self.index) {
            Ok(index) if index < 6 => index,
            _ => {
                let call = call.to_owned();
                return Err(ProfileError::Argument {
                    call,
                    index: self.index,
                });
            }
        };
        let (comparison, value) = match self.op.as_str() {
            "SCMP_CMP_NE" => (Comparison::Ne, self.value),
            "SCMP_CMP_LT" => (Comparison::Lt, self.value),
            "SCMP_CMP_LE" => (Comparison::Le, self.value),
            "SCMP_CMP_EQ" => (Comparison::Eq, self.value),
            "SCMP_CMP_GE" => (Comparison::Ge, self.value),
            "SCMP_CMP_GT" => (Comparison::Gt, self.value),
            "SCMP_CMP_MASKED_EQ" => (Comparison::MaskedEq { mask: self.value }, self.value_two),
            _ => {
                let word = self.op.clone();
                return Err(ProfileError::Word {
                    word,
                    what: "operator",
                });
            }
        };
        Ok(Condition {
            argument,
            comparison,
            value,
            width: Width::Full,
        })
    }
}

/// The kernel's code for an action (`include/uapi/linux/seccomp.h`).
fn answer(action: &str, errno: Option<u32>) -> Result<u32, ProfileError> {
    let data = || match errno.unwrap_or(libc::EPERM as u32) {
        errno if errno <= MAX_ERRNO => Ok(errno),
        errno => Err(ProfileError::Errno(errno)),
    };
    Ok(match action {
        "SCMP_ACT_ALLOW" => libc::SECCOMP_RET_ALLOW,
        "SCMP_ACT_LOG" => libc::SECCOMP_RET_LOG,
        "SCMP_ACT_TRACE" => libc::SECCOMP_RET_TRACE | data()?,
        "SCMP_ACT_ERRNO" => libc::SECCOMP_RET_ERRNO | data()?,
        "SCMP_ACT_TRAP" => libc::SECCOMP_RET_TRAP,
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => libc::SECCOMP_RET_KILL_THREAD,
        "SCMP_ACT_KILL_PROCESS" => libc::SECCOMP_RET_KILL_PROCESS,
        "SCMP_ACT_NOTIFY" => return Err(ProfileError::Notify),
        other => {
            let word = other.to_owned();
            return Err(ProfileError::Word {
                word,
                what: "action",
            });
        }
    })
}

/// Whether the kernel of `release` (`6.18.2-generic`) is `wanted` (`4.8`) or
/// newer.
fn at_least(release: &str, wanted: &str) -> Result<bool, ProfileError> {
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let (first, rest) = text.split_once('.')?;
        let second: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some((first.parse().ok()?, second.parse().ok()?))
    };
    let invalid = || {
        ProfileError::Decode(format!(
            "invalid kernel version: \"{wanted}\", expected \"<kernel>.<major>\""
        ))
    };
    let exact = wanted
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let wanted = numbers(wanted).filter(|_| exact).ok_or_else(invalid)?;
    Ok(numbers(release).is_some_and(|release| release >= wanted))
}

/// Go finds keys in any case.
fn lower(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let lowered = map.into_iter();
            lowered
                .map(|(key, value)| (key.to_ascii_lowercase(), lower(value)))
                .collect()
        }
        Value::Array(values) => values.into_iter().map(lower).collect(),
        other => other,
    }
}

/// The usual mistakes in the words of other engines: a file's name in place of
/// its content, and a text that was cut off.
fn decode(error: &serde_json::Error, text: &str) -> ProfileError {
    let first = text.trim_start().chars().next();
    ProfileError::Decode(match first {
        _ if error.is_eof() => "unexpected end of JSON input".to_owned(),
        Some(first) if !"{[\"-0123456789tfn".contains(first) => {
            format!("invalid character '{first}' looking for beginning of value")
        }
        _ => error.to_string(),
    })
}

#[cfg(test)]
mod tests;
