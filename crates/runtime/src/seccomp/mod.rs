//! System call filters: which calls a container may make.
//!
//! ```text
//! default.json ─┐
//!               ├─ policy ─▶ one action per call number ─ compile ─▶ BPF program
//! syscalls.csv ─┘
//! ```
//!
//! The policy is data in `default.json`, the numbers that names have on each
//! architecture are in `syscalls.csv`. What the policy does not name is refused
//! with `EPERM`; a call newer than all it names does not exist (`ENOSYS`), so
//! that programs fall back to older ones.

mod compile;
mod policy;
pub mod profile;

use std::sync::OnceLock;

use crate::caps::CapabilitySet;
use crate::error::{CreateError, CreateErrorKind};
use crate::spec::Seccomp;
use crate::sys::seccomp::Instruction;
use policy::Architecture;
use profile::{Profile, ProfileError};

/// The most instructions the kernel takes, `BPF_MAXINSNS`.
const LONGEST_PROGRAM: usize = 4096;

/// Compiles the built-in policy for a container with `capabilities` as its
/// bounding set, for the specification to carry.
pub fn default_for(capabilities: CapabilitySet) -> Result<Seccomp, CreateError> {
    let program = compile_default(capabilities)?;
    Ok(Seccomp::Program(program.into_iter().map(pack).collect()))
}

/// Compiles a user's profile for a container with `capabilities` as its
/// bounding set, for the specification to carry. One that says nothing means
/// no filter.
pub fn from_profile(
    profile: &Profile,
    capabilities: CapabilitySet,
) -> Result<Seccomp, ProfileError> {
    if profile.is_empty() {
        return Ok(Seccomp::Unconfined);
    }
    let native = Architecture::native().ok_or(ProfileError::Machine(std::env::consts::ARCH))?;
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy();
    let program = compile::program(&profile.tables(native, &release, capabilities)?);
    if program.len() > LONGEST_PROGRAM {
        return Err(ProfileError::TooLong(program.len()));
    }
    Ok(Seccomp::Program(program.into_iter().map(pack).collect()))
}

/// The filter to install for `choice`, or none.
pub(crate) fn instructions(
    choice: &Seccomp,
    capabilities: CapabilitySet,
) -> Result<Option<Vec<Instruction>>, CreateError> {
    match choice {
        Seccomp::Unconfined => Ok(None),
        Seccomp::Default if capabilities == CapabilitySet::DEFAULT => warm().clone().map(Some),
        Seccomp::Default => compile_default(capabilities).map(Some),
        Seccomp::Program(program) => Ok(Some(program.iter().map(|word| unpack(*word)).collect())),
    }
}

/// Compiles the filter most containers have. Done once: processes forked after
/// the first call inherit it.
pub(crate) fn warm() -> &'static Result<Vec<Instruction>, CreateError> {
    static COMPILED: OnceLock<Result<Vec<Instruction>, CreateError>> = OnceLock::new();
    COMPILED.get_or_init(|| compile_default(CapabilitySet::DEFAULT))
}

fn compile_default(capabilities: CapabilitySet) -> Result<Vec<Instruction>, CreateError> {
    let native = Architecture::native().ok_or_else(|| {
        CreateError::new(
            CreateErrorKind::Other,
            format!(
                "no built-in seccomp policy for the architecture {}",
                std::env::consts::ARCH
            ),
        )
    })?;
    Ok(compile::program(&policy::tables(native, capabilities)))
}

fn pack(instruction: Instruction) -> u64 {
    let Instruction { code, jt, jf, k } = instruction;
    u64::from(code) << 48 | u64::from(jt) << 40 | u64::from(jf) << 32 | u64::from(k)
}

fn unpack(word: u64) -> Instruction {
    Instruction {
        code: (word >> 48) as u16,
        jt: (word >> 40) as u8,
        jf: (word >> 32) as u8,
        k: word as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_survive_the_specification() {
        let Ok(Seccomp::Program(program)) = default_for(CapabilitySet::DEFAULT) else {
            panic!("the default policy compiles");
        };
        let inherited = warm().as_ref().expect("it compiles");
        let carried: Vec<_> = program.iter().map(|word| unpack(*word)).collect();
        assert_eq!(&carried, inherited);
    }
}
