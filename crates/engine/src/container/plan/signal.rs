//! Signals by name or number.

use crate::error::{Error, Result};

/// SIGKILL.
pub(crate) const KILL: i32 = 9;
/// SIGTERM.
pub(crate) const TERM: i32 = 15;

const FIRST_REALTIME: i32 = 34;
const LAST_REALTIME: i32 = 64;

/// Numbers 1 to 31 on x86_64, aarch64 and the other architectures with the
/// kernel's generic numbering.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// Reads `SIGTERM`, `term`, `15`, `RTMIN+3`.
///
/// # Errors
///
/// A number that the kernel does not have is told apart, as dockerd does.
pub(crate) fn parse(given: &str) -> Result<i32> {
    let invalid = || match given.parse::<i32>() {
        Ok(number) if number > LAST_REALTIME => {
            Error::bad_parameter(format!("The linux daemon does not support signal {number}"))
        }
        _ => Error::bad_parameter(format!("Invalid signal: {given}")),
    };
    if let Ok(number) = given.parse::<i32>() {
        return match number {
            1..=LAST_REALTIME => Ok(number),
            _ => Err(invalid()),
        };
    }
    let upper = given.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(index) = NAMES.iter().position(|known| *known == name) {
        return i32::try_from(index + 1).map_err(|_| invalid());
    }
    match name {
        "IOT" => Ok(6),
        "CLD" => Ok(17),
        "POLL" => Ok(29),
        "RTMIN" => Ok(FIRST_REALTIME),
        "RTMAX" => Ok(LAST_REALTIME),
        _ => {
            let number = if let Some(offset) = name.strip_prefix("RTMIN+") {
                offset
                    .parse::<i32>()
                    .ok()
                    .map(|n| FIRST_REALTIME.saturating_add(n))
            } else if let Some(offset) = name.strip_prefix("RTMAX-") {
                offset
                    .parse::<i32>()
                    .ok()
                    .map(|n| LAST_REALTIME.saturating_sub(n))
            } else {
                None
            };
            number
                .filter(|n| (FIRST_REALTIME..=LAST_REALTIME).contains(n))
                .ok_or_else(invalid)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_the_kernel_lacks_is_told_apart() {
        let error = parse("65").expect_err("refused");
        assert_eq!(error.message, "The linux daemon does not support signal 65");
    }

    #[test]
    fn names_and_numbers() {
        for (given, number) in [
            ("SIGTERM", 15),
            ("term", 15),
            ("15", 15),
            ("KILL", 9),
            ("SIGHUP", 1),
            ("sys", 31),
            ("RTMIN", 34),
            ("SIGRTMIN+3", 37),
            ("RTMAX-1", 63),
            ("64", 64),
        ] {
            assert_eq!(parse(given).expect(given), number);
        }
        for given in [
            "", "0", "-1", "SIGNO", "SIG", "RTMIN+31", "RTMAX--1", "RTMIN-1",
        ] {
            let error = parse(given).expect_err(given);
            assert_eq!(error.message, format!("Invalid signal: {given}"));
        }
    }
}
