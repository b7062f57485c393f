//! Capabilities: names, sets, and giving a process exactly what it may have.

use std::fmt;
use std::io;
use std::str::FromStr;

use rustix::thread::{self, CapabilitySet as KernelSet, CapabilitySets};
use serde::{Deserialize, Serialize};

/// Names in the order of their numbers, without the `CAP_` prefix
/// (`include/uapi/linux/capability.h`).
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// One capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(u8);

impl Capability {
    /// `CAP_SYS_ADMIN`, the one that gates most of the kernel.
    pub const SYS_ADMIN: Self = Self(21);

    /// Every capability this version knows, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..NAMES.len() as u8).map(Self)
    }

    const fn bit(self) -> u64 {
        1 << self.0
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CAP_{}", NAMES[usize::from(self.0)])
    }
}

/// A name that is not a capability.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown capability: \"{0}\"")]
pub struct UnknownCapability(pub String);

impl FromStr for Capability {
    type Err = UnknownCapability;

    /// Accepts any case, with or without the `CAP_` prefix.
    fn from_str(text: &str) -> Result<Self, UnknownCapability> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        NAMES
            .iter()
            .position(|known| *known == name)
            .map(|number| Self(number as u8))
            .ok_or_else(|| UnknownCapability(text.to_owned()))
    }
}

/// A set of capabilities, as the kernel's bit mask.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CapabilitySet(u64);

impl CapabilitySet {
    /// No capability.
    pub const EMPTY: Self = Self(0);
    /// Every capability of this and any later kernel; cut to what the process
    /// that applies it has.
    pub const ALL: Self = Self(u64::MAX);
    /// What a container gets when nobody asks for anything else.
    pub const DEFAULT: Self = Self(0xa804_25fb);

    /// The bounding set of the calling process: the most that it can give.
    pub fn available() -> io::Result<Self> {
        let mut set = 0;
        for number in 0..64_u8 {
            match thread::capability_is_in_bounding_set(KernelSet::from_bits_retain(1 << number)) {
                Ok(true) => set |= 1 << number,
                Ok(false) => {}
                // The kernel answers EINVAL above its last capability.
                Err(rustix::io::Errno::INVAL) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self(set))
    }

    /// What the calling process holds.
    pub(crate) fn permitted() -> io::Result<Self> {
        Ok(Self(thread::capabilities(None)?.permitted.bits()))
    }

    /// The set as the kernel prints it in `/proc/PID/status`.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether `capability` is in the set.
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }

    /// The set with `capability` in it.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | capability.bit())
    }

    /// The set without `capability`.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Self(self.0 & !capability.bit())
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Default for CapabilitySet {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FromIterator<Capability> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        capabilities.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Takes everything outside `keep` from the bounding set of the calling
/// process. Must come before the change of user, which takes `CAP_SETPCAP`.
pub(crate) fn limit_bounding(keep: CapabilitySet) -> io::Result<()> {
    for number in 0..64_u8 {
        let bit = 1 << number;
        if keep.0 & bit != 0 {
            continue;
        }
        match thread::remove_capability_from_bounding_set(KernelSet::from_bits_retain(bit)) {
            Ok(()) => {}
            Err(rustix::io::Errno::INVAL) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Sets what the calling process holds: `set` permitted and effective, nothing
/// inheritable, nothing ambient. A change of user without `keepcaps` has
/// already emptied the first two; then `set` must be empty.
pub(crate) fn apply(set: CapabilitySet) -> io::Result<()> {
    let held = KernelSet::from_bits_retain(set.0);
    thread::clear_ambient_capability_set()?;
    thread::set_capabilities(
        None,
        CapabilitySets {
            effective: held,
            permitted: held,
            inheritable: KernelSet::empty(),
        },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_set_is_the_documented_one() {
        let named: CapabilitySet = [
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "SETGID",
            "SETUID",
            "SETPCAP",
            "NET_BIND_SERVICE",
            "NET_RAW",
            "SYS_CHROOT",
            "MKNOD",
            "AUDIT_WRITE",
            "SETFCAP",
        ]
        .iter()
        .map(|name| name.parse::<Capability>().expect("known name"))
        .collect();
        assert_eq!(named, CapabilitySet::DEFAULT);
        assert_eq!(format!("{named:?}"), "00000000a80425fb");
    }

    #[test]
    fn names_are_read_in_any_spelling() {
        for text in ["sys_admin", "CAP_SYS_ADMIN", "cap_Sys_Admin"] {
            assert_eq!(text.parse(), Ok(Capability::SYS_ADMIN), "{text}");
        }
        assert_eq!(
            "SYS_NOTHING".parse::<Capability>(),
            Err(UnknownCapability("SYS_NOTHING".into()))
        );
        for capability in Capability::all() {
            assert_eq!(capability.to_string().parse(), Ok(capability));
        }
    }

    #[test]
    fn sets_add_and_take_away() {
        let set = CapabilitySet::EMPTY.with(Capability::SYS_ADMIN);
        assert!(set.contains(Capability::SYS_ADMIN));
        assert_eq!(set.without(Capability::SYS_ADMIN), CapabilitySet::EMPTY);
        assert_eq!(CapabilitySet::ALL.intersection(set), set);
    }
}
