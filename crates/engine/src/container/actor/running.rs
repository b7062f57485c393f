//! What happens to a container while it runs: signals, the freezer, answers to
//! its health check.

use longshore_runtime::channel;

use super::{Actor, Asked, Done, Intent};
use crate::container::health::Probe;
use crate::container::health::monitor::Monitor;
use crate::container::plan::signal;
use crate::container::restart::RestartPolicy;
use crate::container::state::{Desired, Phase, Request};
use crate::error::Result;
use crate::meta::Durability;

impl Actor {
    pub(super) async fn on_signal(
        &mut self,
        number: i32,
        intent: Intent,
        given: &str,
    ) -> Result<Done> {
        let request = match intent {
            Intent::Kill => Request::Kill,
            Intent::Stop => Request::Stop,
        };
        // Without a stop signal of its own any signal may be meant to end it.
        let stops = match self.record.config.stop_signal.as_deref() {
            None | Some("") => true,
            Some(_) => number == signal::KILL || number == self.plan.stop_signal,
        };
        let ends = intent == Intent::Stop || stops;
        let ask = channel::Request::Signal {
            signal: number,
            exec: None,
        };
        loop {
            if self.allow(request, given)? == Done::Already {
                return Ok(Done::Already);
            }
            let obeyed = ends || self.plan.restart == RestartPolicy::UnlessStopped;
            if obeyed && self.state.desired != Desired::Stopped {
                self.state.desired = Desired::Stopped;
                self.persist(Durability::Power);
            }
            if self.state.phase == Phase::Restarting {
                // There is no process: the run that was to come does not come.
                self.restart_at = None;
                self.state.phase = Phase::Exited;
                self.persist(Durability::Process);
                self.show(true);
                return Ok(Done::Now);
            }
            if self.ask(&ask).await? == Asked::Done {
                break;
            }
        }
        self.publish("kill", &[("signal", number.to_string())]);
        // A frozen process heeds it only when it is let go.
        if self.state.phase == Phase::Paused
            && ends
            && self.ask(&channel::Request::Resume).await? == Asked::Done
        {
            // That of SIGKILL is not told, as in dockerd.
            if number == signal::KILL {
                self.state.phase = Phase::Running;
                self.show(true);
            } else {
                self.enter(Phase::Running, "unpause");
                self.watch_health();
            }
        }
        Ok(Done::Now)
    }

    pub(super) async fn on_pause(&mut self) -> Result<()> {
        self.allow(Request::Pause, "")?;
        // Before it is frozen, since a frozen probe does not end.
        self.unwatch_health().await;
        match self.ask(&channel::Request::Pause).await {
            Ok(Asked::Done) => {
                self.enter(Phase::Paused, "pause");
                Ok(())
            }
            Ok(Asked::Ended) => self.allow(Request::Pause, "").map(drop),
            Err(error) => {
                self.watch_health();
                Err(error)
            }
        }
    }

    pub(super) async fn on_unpause(&mut self) -> Result<()> {
        self.allow(Request::Unpause, "")?;
        if self.ask(&channel::Request::Resume).await? == Asked::Ended {
            return self.allow(Request::Unpause, "").map(drop);
        }
        self.enter(Phase::Running, "unpause");
        self.watch_health();
        Ok(())
    }

    /// Begins to ask for the container's health, where it has a check and runs.
    pub(super) fn watch_health(&mut self) {
        if let Some(check) = &self.plan.health
            && self.state.phase == Phase::Running
        {
            let snapshot = self.view.borrow().clone();
            self.monitor = Some(Monitor::begin(&self.shared, snapshot, check.clone()));
        }
    }

    /// Nobody asks any more; what is being asked is killed first.
    pub(super) async fn unwatch_health(&mut self) {
        if let Some(monitor) = self.monitor.take() {
            monitor.end().await;
        }
        if let Some(health) = &mut self.state.health {
            health.unobserved();
        }
    }

    pub(super) fn on_probe(&mut self, probe: Probe) {
        let started_at = self.state.started_at;
        let (Some(health), Some(check)) = (&mut self.state.health, &self.plan.health) else {
            return;
        };
        let changed = health.take(check, started_at, probe);
        let status = health.status.as_str();
        self.persist(Durability::Process);
        self.show(true);
        if changed {
            self.publish(&format!("health_status: {status}"), &[]);
        }
    }

    fn enter(&mut self, phase: Phase, event: &str) {
        self.state.phase = phase;
        self.persist(Durability::Process);
        self.show(true);
        self.publish(event, &[]);
    }
}
