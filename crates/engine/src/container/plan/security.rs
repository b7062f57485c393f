//! `SecurityOpt`: the closed list of what can be asked for.

use longshore_runtime::apparmor;
use longshore_runtime::seccomp::profile::Profile;

use crate::error::{Error, Result};

/// What the options of a container say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecurityOptions {
    /// Programs cannot gain privileges (set-user-id and the like).
    pub(crate) no_new_privileges: bool,
    /// The system call filter.
    pub(crate) seccomp: SeccompChoice,
    /// The AppArmor profile, when one was named.
    pub(crate) apparmor: Option<String>,
}

/// Which system call filter a container gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SeccompChoice {
    /// The daemon's, unless the container is privileged.
    #[default]
    Default,
    /// The built-in one, also when the container is privileged.
    Builtin,
    /// None.
    Unconfined,
    /// The one that the client sent.
    Profile(Profile),
}

/// Reads the options; `:` separates as well as `=`. The last one of a kind
/// counts.
///
/// SELinux labels are accepted and, as by every dockerd that does not run with
/// SELinux enabled, not used.
pub(crate) fn parse(options: &[String]) -> Result<SecurityOptions> {
    let mut parsed = SecurityOptions::default();
    let mut seccomp = "";
    for option in options {
        let invalid = |stage: u8| {
            Error::bad_parameter(format!("invalid --security-opt {stage}: \"{option}\""))
        };
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
            .ok_or_else(|| invalid(1))?;
        match key {
            "no-new-privileges" => {
                parsed.no_new_privileges = match value {
                    "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
                    "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
                    _ => return Err(invalid(2)),
                };
            }
            "seccomp" => seccomp = value,
            "apparmor" => {
                if value.contains(['\0', '\n']) {
                    return Err(invalid(2));
                }
                parsed.apparmor = Some(value.to_owned()).filter(|name| !name.is_empty());
            }
            "label" => {}
            _ => return Err(invalid(2)),
        }
    }
    parsed.seccomp = match seccomp {
        "" => SeccompChoice::Default,
        "unconfined" => SeccompChoice::Unconfined,
        "builtin" => SeccompChoice::Builtin,
        text => SeccompChoice::Profile(profile(text)?),
    };
    Ok(parsed)
}

/// Reads a profile of a client.
fn profile(text: &str) -> Result<Profile> {
    Profile::parse(text).map_err(|error| Error::bad_parameter(error.to_string()))
}

impl SecurityOptions {
    /// The AppArmor profile that was named, where the kernel has AppArmor.
    pub(crate) fn profile(&self) -> Option<&str> {
        let named = self.apparmor.as_deref();
        named.filter(|_| apparmor::is_enabled())
    }

    /// The profile that programs must be given: none when they are to be
    /// unconfined, which they are anyway.
    pub(crate) fn confining_profile(&self) -> Option<String> {
        let profile = self.profile().filter(|name| *name != "unconfined");
        profile.map(str::to_owned)
    }
}

/// What `SecurityOpt` is shown with besides what was asked for: containers
/// that look into the machine run without SELinux labels.
pub(crate) fn implied(options: &[String], looks_outside: bool) -> Option<String> {
    let labelled = options
        .iter()
        .any(|option| option.split('=').next() == Some("label"));
    (looks_outside && !labelled).then(|| "label=disable".to_owned())
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
        let all = options(&[
            "no-new-privileges",
            "seccomp=unconfined",
            "label=disable",
            "label:type:mine_t",
            "apparmor=mine",
            "disable",
        ]);
        assert_eq!(
            all,
            Ok(SecurityOptions {
                no_new_privileges: true,
                seccomp: SeccompChoice::Unconfined,
                apparmor: Some("mine".into()),
            })
        );
        assert_eq!(
            options(&["no-new-privileges:false", "seccomp:builtin"]).map(|o| o.seccomp),
            Ok(SeccompChoice::Builtin)
        );
        assert_eq!(
            options(&["seccomp=unconfined", "seccomp="]).map(|o| o.seccomp),
            Ok(SeccompChoice::Default)
        );
        assert!(matches!(
            options(&["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]).map(|o| o.seccomp),
            Ok(SeccompChoice::Profile(_))
        ));
    }

    #[test]
    fn anything_else_is_refused() {
        for (bad, text) in [
            ("fly", "invalid --security-opt 1: \"fly\""),
            ("", "invalid --security-opt 1: \"\""),
            ("fly=high", "invalid --security-opt 2: \"fly=high\""),
            ("fly:high", "invalid --security-opt 2: \"fly:high\""),
            (
                "systempaths=unconfined",
                "invalid --security-opt 2: \"systempaths=unconfined\"",
            ),
            (
                "no-new-privileges=maybe",
                "invalid --security-opt 2: \"no-new-privileges=maybe\"",
            ),
            (
                "seccomp=default",
                "Decoding seccomp profile failed: invalid character 'd' looking for beginning of \
                 value",
            ),
        ] {
            assert_eq!(options(&[bad]).expect_err(bad).message, text);
        }
    }

    #[test]
    fn who_looks_outside_has_no_label() {
        let label = |options: &[&str], outside| {
            let owned: Vec<String> = options.iter().map(|text| (*text).to_owned()).collect();
            implied(&owned, outside)
        };
        assert_eq!(label(&[], false), None);
        assert_eq!(label(&["apparmor=x"], true), Some("label=disable".into()));
        assert_eq!(label(&["label=type:t"], true), None);
    }
}
