//! Health checks: what a container is asked, and what the answers make of its
//! health. Who asks is in `monitor`.
//!
//! ```text
//!              0                        retries failures in a row,
//! starting ────────> healthy <──┐       after the start period
//!     │                 └───────┴─────────────> unhealthy
//!     └───────────────────────────────────────────>│
//! ```

pub(crate) mod monitor;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use longshore_api::types::{ContainerConfig, Health as WireHealth, HealthcheckResult};
use serde::{Deserialize, Serialize};

use crate::time::wire;

const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const RETRIES: u32 = 3;

/// Answers that are kept.
const KEPT: usize = 5;

/// Bytes of an answer that are kept.
const OUTPUT: usize = 4096;

/// The exit code of a probe that did not come to an end by itself.
const NO_ANSWER: i64 = -1;

/// What a container is asked, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HealthCheck {
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// Pause before each question.
    pub(crate) interval: Duration,
    /// How long an answer may take.
    pub(crate) timeout: Duration,
    /// Failures this soon after the start do not count.
    pub(crate) start_period: Duration,
    /// Failures in a row that make it unhealthy.
    pub(crate) retries: u32,
}

impl HealthCheck {
    /// The check of a configuration; `None` when it has none, or one that
    /// asks nothing.
    pub(crate) fn parse(config: &ContainerConfig) -> Option<HealthCheck> {
        let given = config.healthcheck.as_ref()?;
        let (kind, rest) = given.test.as_deref()?.split_first()?;
        let command = match kind.as_str() {
            "CMD" => rest.to_vec(),
            "CMD-SHELL" => {
                let own = config.shell.as_ref().filter(|shell| !shell.0.is_empty());
                let shell = match own {
                    Some(shell) => shell.0.clone(),
                    None => vec!["/bin/sh".into(), "-c".into()],
                };
                shell.into_iter().chain(rest.iter().cloned()).collect()
            }
            _ => return None,
        };
        let duration =
            |given: Option<longshore_api::scalar::Nanoseconds>, default: Duration| match given
                .and_then(|given| u64::try_from(given.0).ok())
            {
                None | Some(0) => default,
                Some(nanos) => Duration::from_nanos(nanos),
            };
        let retries = given.retries.and_then(|count| u32::try_from(count).ok());
        Some(HealthCheck {
            command,
            interval: duration(given.interval, INTERVAL),
            timeout: duration(given.timeout, TIMEOUT),
            start_period: duration(given.start_period, Duration::ZERO),
            retries: retries.filter(|count| *count > 0).unwrap_or(RETRIES),
        })
    }
}

/// What is thought of a container's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// No answer was good so far.
    Starting,
    /// The last answers were good enough.
    Healthy,
    /// Too many were bad, or nobody asks any more.
    Unhealthy,
}

impl Status {
    /// The word of the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Status::Starting => "starting",
            Status::Healthy => "healthy",
            Status::Unhealthy => "unhealthy",
        }
    }
}

/// One question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Probe {
    /// When it was asked.
    pub(crate) start: Timestamp,
    /// When the answer was there.
    pub(crate) end: Timestamp,
    /// Exit code; 0 is good.
    pub(crate) exit_code: i64,
    /// What it said.
    pub(crate) output: String,
}

/// A container's health, part of its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health {
    /// What is thought.
    pub(crate) status: Status,
    /// Failures in a row.
    pub(crate) failing_streak: u32,
    /// The last answers, oldest first.
    pub(crate) log: VecDeque<Probe>,
}

impl Health {
    /// The health at the start of a run; the answers of the last are kept.
    pub(crate) fn at_start(last: Option<Health>) -> Health {
        Health {
            status: Status::Starting,
            failing_streak: 0,
            log: last.map(|last| last.log).unwrap_or_default(),
        }
    }

    /// Takes an answer; whether the status changed.
    pub(crate) fn take(
        &mut self,
        check: &HealthCheck,
        started_at: Option<Timestamp>,
        probe: Probe,
    ) -> bool {
        let before = self.status;
        if probe.exit_code == 0 {
            self.failing_streak = 0;
            self.status = Status::Healthy;
        } else {
            let ran = started_at.map(|at| probe.start.duration_since(at).unsigned_abs());
            let early = ran.is_some_and(|ran| ran < check.start_period);
            if !(early && self.status == Status::Starting) {
                self.failing_streak = self.failing_streak.saturating_add(1);
                if self.failing_streak >= check.retries {
                    self.status = Status::Unhealthy;
                }
            }
        }
        while self.log.len() >= KEPT {
            self.log.pop_front();
        }
        self.log.push_back(probe);
        self.status != before
    }

    /// Nobody asks any more. dockerd calls that unhealthy.
    pub(crate) fn unobserved(&mut self) {
        self.status = Status::Unhealthy;
    }

    /// As inspect shows it.
    pub(crate) fn to_wire(&self) -> WireHealth {
        let result = |probe: &Probe| HealthcheckResult {
            start: wire(Some(probe.start)),
            end: wire(Some(probe.end)),
            exit_code: probe.exit_code,
            output: probe.output.clone(),
        };
        WireHealth {
            status: self.status.as_str().to_owned().into(),
            failing_streak: i64::from(self.failing_streak),
            log: Some(self.log.iter().map(result).collect()),
        }
    }
}

/// The word for a container's health, `none` where nobody asks.
pub(crate) fn word(health: Option<&Health>) -> &'static str {
    health.map_or("none", |health| health.status.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use longshore_api::types::HealthConfig;

    fn config(test: &[&str]) -> ContainerConfig {
        ContainerConfig {
            healthcheck: Some(HealthConfig {
                test: Some(test.iter().map(|word| (*word).to_owned()).collect()),
                ..HealthConfig::default()
            }),
            ..ContainerConfig::default()
        }
    }

    fn probe(at: i64, exit_code: i64) -> Probe {
        let time = Timestamp::from_second(at).expect("a time");
        Probe {
            start: time,
            end: time,
            exit_code,
            output: String::new(),
        }
    }

    #[test]
    fn what_is_asked() {
        let command = |test: &[&str]| HealthCheck::parse(&config(test)).map(|check| check.command);
        let words = |list: &[&str]| Some(list.iter().map(|word| (*word).to_owned()).collect());
        assert_eq!(command(&["CMD", "a", "b"]), words(&["a", "b"]));
        assert_eq!(
            command(&["CMD-SHELL", "a b"]),
            words(&["/bin/sh", "-c", "a b"])
        );
        assert_eq!(command(&["NONE"]), None);
        assert_eq!(command(&["ODD", "a"]), None);
        assert_eq!(command(&[]), None);
        let mut own = config(&["CMD-SHELL", "a b"]);
        own.shell = Some(["/bin/ash", "-ec"].into_iter().collect());
        let check = HealthCheck::parse(&own).expect("a check");
        assert_eq!(check.command, ["/bin/ash", "-ec", "a b"]);
        assert_eq!(check.interval, Duration::from_secs(30));
        assert_eq!(check.timeout, Duration::from_secs(30));
        assert_eq!((check.start_period, check.retries), (Duration::ZERO, 3));
    }

    #[test]
    fn failures_count_after_the_start_period_and_in_a_row() {
        let mut check = HealthCheck::parse(&config(&["CMD", "x"])).expect("a check");
        check.start_period = Duration::from_secs(10);
        check.retries = 2;
        let started = Timestamp::from_second(100).ok();
        let mut health = Health::at_start(None);
        let steps = [
            (105, 1, Status::Starting, 0, false),
            (111, 1, Status::Starting, 1, false),
            (112, 0, Status::Healthy, 0, true),
            (113, 1, Status::Healthy, 1, false),
            (114, 2, Status::Unhealthy, 2, true),
            (115, -1, Status::Unhealthy, 3, false),
            (116, 0, Status::Healthy, 0, true),
        ];
        for (at, code, status, streak, changed) in steps {
            assert_eq!(health.take(&check, started, probe(at, code)), changed);
            assert_eq!((health.status, health.failing_streak), (status, streak));
        }
        assert_eq!(health.log.len(), KEPT);
        assert_eq!(health.log.back(), Some(&probe(116, 0)));
        // Once it was healthy, failures count however young the run is.
        assert!(!health.take(&check, started, probe(101, 1)));
        assert_eq!(health.failing_streak, 1);
        let next = Health::at_start(Some(health));
        assert_eq!((next.status, next.failing_streak), (Status::Starting, 0));
        assert_eq!(next.log.len(), KEPT);
    }
}
