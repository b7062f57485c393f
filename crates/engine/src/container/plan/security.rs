//! `SecurityOpt`: the closed list of what can be asked for.

use crate::error::{Error, Result};

/// What the options of a container say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecurityOptions {
    /// Programs cannot gain privileges (set-user-id and the like).
    pub(crate) no_new_privileges: bool,
    /// The system call filter.
    pub(crate) seccomp: SeccompChoice,
}

/// Which system call filter a container gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SeccompChoice {
    /// The built-in one, unless the container is privileged.
    #[default]
    Default,
    /// The built-in one, also when the container is privileged.
    Builtin,
    /// None.
    Unconfined,
}

/// Reads the options; `:` separates as well as `=`.
pub(crate) fn parse(options: &[String]) -> Result<SecurityOptions> {
    let mut parsed = SecurityOptions::default();
    for option in options {
        let invalid = || Error::bad_parameter(format!("invalid --security-opt: \"{option}\""));
        match option.as_str() {
            "no-new-privileges" => {
                parsed.no_new_privileges = true;
                continue;
            }
            "disable" => continue,
            _ => {}
        }
        let (key, value) = option
            .split_once('=')
            .or_else(|| option.split_once(':'))
            .ok_or_else(|| {
                Error::bad_parameter(format!("Invalid --security-opt 1: \"{option}\""))
            })?;
        match key {
            "no-new-privileges" => {
                parsed.no_new_privileges = match value {
                    "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
                    "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
                    _ => return Err(invalid()),
                };
            }
            "seccomp" => {
                parsed.seccomp = match value {
                    "unconfined" => SeccompChoice::Unconfined,
                    "builtin" | "default" => SeccompChoice::Builtin,
                    _ => {
                        return Err(Error::not_implemented(
                            "seccomp profiles of clients are not supported by this engine yet",
                        ));
                    }
                };
            }
            // Without the security module these say nothing that is not so.
            "apparmor" if value == "unconfined" => {}
            "label" if value == "disable" => {}
            "apparmor" | "label" => {
                return Err(Error::not_implemented(format!(
                    "security option \"{option}\" is not supported by this engine"
                )));
            }
            _ => return Err(invalid()),
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(list: &[&str]) -> Result<SecurityOptions> {
        let owned: Vec<String> = list.iter().map(|text| (*text).to_owned()).collect();
        parse(&owned)
    }

    #[test]
    fn the_closed_list() {
        let all = options(&["no-new-privileges", "seccomp=unconfined", "label=disable"]);
        assert_eq!(
            all,
            Ok(SecurityOptions {
                no_new_privileges: true,
                seccomp: SeccompChoice::Unconfined,
            })
        );
        assert_eq!(
            options(&["no-new-privileges:false", "seccomp:builtin"]).map(|o| o.seccomp),
            Ok(SeccompChoice::Builtin)
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "fly",
            "fly=high",
            "seccomp={}",
            "no-new-privileges=maybe",
            "apparmor=mine",
        ] {
            assert!(options(&[bad]).is_err(), "{bad}");
        }
    }
}
