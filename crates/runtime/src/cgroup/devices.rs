//! Rules about devices: the list every container starts with, and the grammar
//! of what users add.

use std::fmt;
use std::str::FromStr;

/// What every container may do: make any node, but open only harmless ones
/// (null, zero, full, random, urandom, tty, console, ptmx, tun, terminals).
pub const DEFAULT: [&str; 12] = [
    "b *:* m",
    "c *:* m",
    "c 1:3 rwm",
    "c 1:5 rwm",
    "c 1:7 rwm",
    "c 1:8 rwm",
    "c 1:9 rwm",
    "c 5:0 rwm",
    "c 5:1 rwm",
    "c 5:2 rwm",
    "c 10:200 rwm",
    "c 136:* rwm",
];

/// Kinds of devices a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// Both.
    All,
    /// Character devices.
    Char,
    /// Block devices.
    Block,
}

/// One thing that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which kind of devices.
    pub kind: DeviceKind,
    /// Their major number; `None` is any.
    pub major: Option<u32>,
    /// Their minor number; `None` is any.
    pub minor: Option<u32>,
    /// Reading is allowed.
    pub read: bool,
    /// Writing is allowed.
    pub write: bool,
    /// Making nodes is allowed.
    pub make: bool,
}

/// A text that is not a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid device cgroup rule format: '{0}'")]
pub struct InvalidRule(pub String);

impl Rule {
    /// The rules every container starts with.
    pub fn defaults() -> Vec<Self> {
        DEFAULT
            .iter()
            .map(|text| text.parse().expect("the default rules are well formed"))
            .collect()
    }

    /// Allows `permissions` (letters of `rwm`) on one device.
    pub fn device(kind: DeviceKind, major: u32, minor: u32, permissions: &str) -> Self {
        Self {
            kind,
            major: Some(major),
            minor: Some(minor),
            read: permissions.contains('r'),
            write: permissions.contains('w'),
            make: permissions.contains('m'),
        }
    }
}

impl FromStr for Rule {
    type Err = InvalidRule;

    /// `^[acb] (N|*):(N|*) [rwm]{1,3}$`
    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        let parse = || {
            let mut words = text.split(' ');
            let kind = match words.next()? {
                "a" => DeviceKind::All,
                "c" => DeviceKind::Char,
                "b" => DeviceKind::Block,
                _ => return None,
            };
            let (major, minor) = words.next()?.split_once(':')?;
            let permissions = words.next()?;
            let fits = (1..=3).contains(&permissions.len())
                && permissions.bytes().all(|letter| b"rwm".contains(&letter));
            if words.next().is_some() || !fits {
                return None;
            }
            Some(Self {
                kind,
                major: number(major)?,
                minor: number(minor)?,
                read: permissions.contains('r'),
                write: permissions.contains('w'),
                make: permissions.contains('m'),
            })
        };
        parse().ok_or_else(|| InvalidRule(text.to_owned()))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            DeviceKind::All => 'a',
            DeviceKind::Char => 'c',
            DeviceKind::Block => 'b',
        };
        let number = |number: Option<u32>| number.map_or("*".to_owned(), |n| n.to_string());
        write!(f, "{kind} {}:{} ", number(self.major), number(self.minor))?;
        for (allowed, letter) in [(self.read, "r"), (self.write, "w"), (self.make, "m")] {
            if allowed {
                f.write_str(letter)?;
            }
        }
        Ok(())
    }
}

/// `Some(None)` for `*`, `None` for what is not a number.
fn number(text: &str) -> Option<Option<u32>> {
    if text == "*" {
        return Some(None);
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok().map(Some))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_written_as_they_are_read() {
        for text in DEFAULT
            .iter()
            .chain(&["a *:* rwm", "b 8:16 r", "c 10:* wm"])
        {
            let rule: Rule = text.parse().expect(text);
            assert_eq!(rule.to_string(), *text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "c",
            "d 1:3 r",
            "c 1 r",
            "c 1:3",
            "c 1:3 ",
            "c 1:3 x",
            "c 1:3 rwmr",
            "c -1:3 r",
            "c 1:+3 r",
            "c 1:99999999999 r",
            "c 1:3 r extra",
            " c 1:3 r",
        ] {
            assert_eq!(
                text.parse::<Rule>(),
                Err(InvalidRule(text.to_owned())),
                "{text:?}"
            );
        }
    }
}
