//! How a container ends: what its shim tells, or its record when the shim is
//! gone, and what becomes of it then.

use std::time::Duration;

use longshore_runtime::channel::{Event, ExecState, ExitRecord};
use tokio::time::Instant;

use super::{Actor, at_nanos};
use crate::container::shim;
use crate::container::state::Phase;
use crate::container::volumes;
use crate::error::Result;
use crate::exec::store::TAKEN_ALONG;
use crate::meta::Durability;

impl Actor {
    pub(super) async fn on_event(&mut self, event: Event) {
        match event {
            Event::Exited(exit) => self.on_exit(exit).await,
            Event::ExecExited(exec) => self.on_exec_exited(&exec),
            Event::OutOfMemory { .. } => {
                self.state.oom_killed = true;
                self.show(true);
                self.publish("oom", &[]);
            }
            // These are awaited where a start happens.
            Event::Created { .. } | Event::Started { .. } | Event::Failed(_) => {}
        }
    }

    /// Whoever waits for an exec finds the events told.
    fn on_exec_exited(&self, exec: &ExecState) {
        let Some(exit_code) = exec.exit_code else {
            return;
        };
        let details = [
            ("execID", exec.id.clone()),
            ("exitCode", exit_code.to_string()),
        ];
        self.publish("exec_die", &details);
        if let Ok(known) = self.shared.execs.get(&exec.id) {
            known.end(exit_code, exec.pid);
        }
    }

    /// The shim went away without a word: its record tells how it ended, and
    /// if there is none, nobody knows.
    pub(super) async fn on_shim_lost(&mut self, error: Option<std::io::Error>) {
        if let Some(error) = error {
            tracing::warn!(container = %self.record.id, %error, "lost the container's supervisor");
        }
        self.shim = None;
        shim::sweep(self.shared.run_dir(&self.record.id)).await;
        let exit = crate::recover::exit_record(&self.files, self.state.started_at);
        self.on_exit(exit).await;
    }

    pub(super) async fn on_exit(&mut self, exit: ExitRecord) {
        let finished = at_nanos(exit.finished_at);
        let ran = self.state.started_at.map_or(Duration::ZERO, |started| {
            finished.duration_since(started).unsigned_abs()
        });
        self.ending = self.shim.take();
        self.monitor = None;
        if let Some(health) = &mut self.state.health {
            health.unobserved();
        }
        self.state.pid = 0;
        self.state.exit_code = i64::from(exit.exit_code);
        self.state.oom_killed |= exit.oom_killed;
        self.state.finished_at = Some(finished);
        let endpoints = std::mem::take(&mut self.state.endpoints);
        self.shared
            .network
            .detach(&self.record.id, &endpoints)
            .await;
        let again = self.plan.restart.after_exit(&self.state);
        self.state.phase = if again {
            Phase::Restarting
        } else {
            Phase::Exited
        };
        if again {
            self.state.restart_count += 1;
            self.restart_at = Some(Instant::now() + self.backoff.next(ran));
        }
        self.exits += 1;
        self.persist(Durability::Process);
        self.show(false);
        // A shim that was killed has not told their ends.
        for exec in self.shared.execs.container_ended(&self.record.id) {
            let id = ("execID", exec.id().to_owned());
            self.publish("exec_die", &[id, ("exitCode", TAKEN_ALONG.to_string())]);
        }
        let code = self.state.exit_code.to_string();
        self.publish("die", &[("exitCode", code)]);
        for endpoint in &endpoints {
            self.shared
                .publish_network("disconnect", &self.record.id, endpoint);
        }
        volumes::unmount(&self.shared, &self.record.id, &self.record.mounts).await;
        volumes::publish_unmounted(&self.shared, &self.record.id, &self.record.mounts);
        if self.plan.auto_remove && !again {
            // Whoever waits for the end of the run must not wait for this.
            self.remove(true).await.ok();
        } else {
            self.show(true);
        }
    }

    /// A large volume takes its time to unlink.
    async fn let_go_of_volumes(&self, remove: bool) {
        if self.record.mounts.is_empty() {
            return;
        }
        let (shared, record) = (self.shared.clone(), self.record.clone());
        let work = move || volumes::let_go(&shared, &record.id, &record.mounts, remove);
        tokio::task::spawn_blocking(work).await.ok();
    }

    /// Takes everything of the container away, the record first.
    pub(super) async fn remove(&mut self, with_volumes: bool) -> Result<()> {
        self.restart_at = None;
        self.state.phase = Phase::Removing;
        if with_volumes && volumes::volumes(&self.record.mounts).any(|volume| volume.anonymous) {
            // Were the daemon killed now, the next one removes both.
            self.persist(Durability::Process);
        }
        self.show(false);
        match self.shared.erase(&self.record.id).await {
            Ok(()) => {
                self.state.phase = Phase::Removed;
                self.let_go_of_volumes(with_volumes).await;
                self.shared.execs.forget_container(&self.record.id);
                self.shared
                    .registry
                    .bury(&self.record.id, self.state.exit_code);
                self.publish("destroy", &[]);
                self.show(true);
                // Its record goes last, so that its end is told whenever the
                // daemon dies.
                self.shared.unlink(&self.record.id);
                Ok(())
            }
            Err(error) => {
                self.state.phase = Phase::Dead;
                self.state.error.clone_from(&error.message);
                self.persist(Durability::Process);
                self.show(true);
                Err(error)
            }
        }
    }
}
