//! Restart policies: whether a container that ended is started again, and
//! after how long.

use std::time::Duration;

use crate::container::state::{Desired, State};
use crate::error::{Error, Result};

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// A run of this length counts as a success: the delay starts over.
const LONG_RUN: Duration = Duration::from_secs(10);

/// When a container is started again without being asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RestartPolicy {
    /// Never.
    #[default]
    No,
    /// Whenever it ends, and at every start of the daemon.
    Always,
    /// Whenever it ends, until a client stops it.
    UnlessStopped,
    /// When it ends with another code than 0, so many times (0: no limit).
    OnFailure(u32),
}

impl RestartPolicy {
    /// Reads the name and count of the wire.
    pub(crate) fn parse(name: &str, count: i64) -> Result<RestartPolicy> {
        let policy = match name {
            "" | "no" => RestartPolicy::No,
            "always" => RestartPolicy::Always,
            "unless-stopped" => RestartPolicy::UnlessStopped,
            "on-failure" => {
                let count = u32::try_from(count.max(0)).unwrap_or(u32::MAX);
                RestartPolicy::OnFailure(count)
            }
            _ => {
                return Err(Error::bad_parameter(format!(
                    "invalid restart policy '{name}'"
                )));
            }
        };
        // dockerd only looks at the count of a policy that has a name.
        if !matches!(policy, RestartPolicy::OnFailure(_)) && !name.is_empty() && count != 0 {
            return Err(Error::bad_parameter(format!(
                "maximum retry count cannot be used with restart policy '{name}'"
            )));
        }
        if count < 0 {
            return Err(Error::bad_parameter(
                "maximum retry count cannot be negative",
            ));
        }
        Ok(policy)
    }

    /// Whether a container that just ended is started again.
    pub(crate) fn after_exit(self, state: &State) -> bool {
        state.desired == Desired::Running && self.wants(state)
    }

    /// Whether a container that is found ended when the daemon starts is
    /// started again. `always` then counts for stopped ones as well.
    pub(crate) fn at_daemon_start(self, state: &State) -> bool {
        match self {
            RestartPolicy::Always => state.desired != Desired::Nothing,
            _ => self.after_exit(state),
        }
    }

    fn wants(self, state: &State) -> bool {
        match self {
            RestartPolicy::No => false,
            RestartPolicy::Always | RestartPolicy::UnlessStopped => true,
            RestartPolicy::OnFailure(limit) => {
                state.exit_code != 0 && (limit == 0 || state.restart_count < limit)
            }
        }
    }
}

/// The growing pause between two runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    last: Option<Duration>,
}

impl Backoff {
    /// The pause after a run of the given length.
    pub(crate) fn next(&mut self, ran: Duration) -> Duration {
        let delay = match self.last {
            Some(last) if ran < LONG_RUN => (last * 2).min(LONGEST_DELAY),
            _ => FIRST_DELAY,
        };
        self.last = Some(delay);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form() {
        let parse = |name, count| RestartPolicy::parse(name, count).map_err(|e| e.message);
        assert_eq!(parse("", 0), Ok(RestartPolicy::No));
        assert_eq!(parse("no", 0), Ok(RestartPolicy::No));
        assert_eq!(parse("on-failure", 3), Ok(RestartPolicy::OnFailure(3)));
        assert_eq!(parse("x", 0), Err("invalid restart policy 'x'".into()));
        assert_eq!(
            parse("always", 2),
            Err("maximum retry count cannot be used with restart policy 'always'".into())
        );
        assert_eq!(
            parse("on-failure", -1),
            Err("maximum retry count cannot be negative".into())
        );
    }

    #[test]
    fn who_is_started_again() {
        let state = |desired, exit_code, restart_count| State {
            desired,
            exit_code,
            restart_count,
            ..State::new()
        };
        let ended = state(Desired::Running, 0, 0);
        let failed = state(Desired::Running, 1, 2);
        let stopped = state(Desired::Stopped, 1, 0);
        let never = state(Desired::Nothing, 0, 0);
        // (policy, [ended, failed for the third time, stopped, never started])
        let after_exit = [
            (RestartPolicy::No, [false, false, false, false]),
            (RestartPolicy::Always, [true, true, false, false]),
            (RestartPolicy::UnlessStopped, [true, true, false, false]),
            (RestartPolicy::OnFailure(0), [false, true, false, false]),
            (RestartPolicy::OnFailure(3), [false, true, false, false]),
            (RestartPolicy::OnFailure(2), [false, false, false, false]),
        ];
        for (policy, row) in after_exit {
            let found = [&ended, &failed, &stopped, &never].map(|s| policy.after_exit(s));
            assert_eq!(found, row, "{policy:?}");
        }
        assert!(RestartPolicy::Always.at_daemon_start(&stopped));
        assert!(!RestartPolicy::Always.at_daemon_start(&never));
        assert!(!RestartPolicy::UnlessStopped.at_daemon_start(&stopped));
    }

    #[test]
    fn the_pause_doubles_up_to_a_minute_and_starts_over() {
        let mut backoff = Backoff::default();
        let short = Duration::from_secs(1);
        let pauses: Vec<u128> = (0..11).map(|_| backoff.next(short).as_millis()).collect();
        assert_eq!(pauses[..4], [100, 200, 400, 800]);
        assert_eq!(pauses[10], 60_000);
        assert_eq!(backoff.next(LONG_RUN).as_millis(), 100);
        assert_eq!(backoff.next(short).as_millis(), 200);
    }
}
