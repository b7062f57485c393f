//! System call filters.

use crate::caps::CapabilitySet;
use crate::error::{CreateError, CreateErrorKind};
use crate::spec::Seccomp;
use crate::sys::seccomp::Instruction;

/// The filter to install for `choice`, or none.
pub(crate) fn instructions(
    choice: &Seccomp,
    _capabilities: CapabilitySet,
) -> Result<Option<Vec<Instruction>>, CreateError> {
    match choice {
        Seccomp::Unconfined => Ok(None),
        Seccomp::Default => Err(CreateError::new(
            CreateErrorKind::Other,
            "the built-in seccomp policy is not compiled in yet",
        )),
        Seccomp::Program(program) => Ok(Some(
            program
                .iter()
                .map(|word| Instruction {
                    code: (word >> 48) as u16,
                    jt: (word >> 40) as u8,
                    jf: (word >> 32) as u8,
                    k: *word as u32,
                })
                .collect(),
        )),
    }
}
