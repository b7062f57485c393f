//! Waiting for a container: until it does not run, until it ends next, until
//! it is gone.

use std::sync::Arc;

use tokio::sync::watch;

use crate::container::registry::Snapshot;
use crate::container::state::Phase;
use crate::error::Result;
use crate::id;
use crate::shared::Shared;

/// What to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitCondition {
    /// There is no process, also when there never was one.
    #[default]
    NotRunning,
    /// It ends after now.
    NextExit,
    /// It is gone.
    Removed,
}

impl WaitCondition {
    /// Reads the text of the wire; what is unknown is the default.
    pub fn parse(text: &str) -> WaitCondition {
        match text {
            "next-exit" => WaitCondition::NextExit,
            "removed" => WaitCondition::Removed,
            _ => WaitCondition::NotRunning,
        }
    }
}

/// What a waiter learns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitOutcome {
    /// Exit code.
    pub exit_code: i64,
    /// Why the condition will never hold.
    pub error: Option<String>,
}

/// Somebody who waits.
#[derive(Debug)]
pub struct Waiting {
    condition: WaitCondition,
    /// How often it had ended when the waiting began.
    exits: u64,
    view: Option<watch::Receiver<Arc<Snapshot>>>,
    known: WaitOutcome,
}

pub(crate) fn wait(shared: &Shared, given: &str, condition: WaitCondition) -> Result<Waiting> {
    match shared.registry.get(given) {
        Ok(handle) => Ok(Waiting {
            condition,
            exits: handle.snapshot().exits,
            view: Some(handle.watch()),
            known: WaitOutcome::default(),
        }),
        // One that is gone still tells how it ended.
        Err(error) => match shared.registry.last_words(given) {
            Some(words) if id::is_full(given) => Ok(Waiting {
                condition,
                exits: 0,
                view: None,
                known: WaitOutcome {
                    exit_code: words.exit_code,
                    error: None,
                },
            }),
            _ => Err(error),
        },
    }
}

impl Waiting {
    /// Waits until the condition holds.
    pub async fn outcome(self) -> WaitOutcome {
        let Some(mut view) = self.view else {
            return self.known;
        };
        let holds = |now: &Arc<Snapshot>| {
            let phase = now.state.phase;
            let gone = matches!(phase, Phase::Removed | Phase::Dead);
            match self.condition {
                // One that is to be started again has ended all the same.
                WaitCondition::NotRunning => !phase.counts_as_running() || now.exits > self.exits,
                WaitCondition::NextExit => now.exits > self.exits || gone,
                WaitCondition::Removed => gone,
            }
        };
        let found = view.wait_for(holds).await.ok().map(|now| now.clone());
        // When the owner is gone, what it showed last is how it ended.
        let last = found.unwrap_or_else(|| view.borrow().clone());
        let failed = self.condition == WaitCondition::Removed && last.state.phase == Phase::Dead;
        WaitOutcome {
            exit_code: last.state.exit_code,
            error: failed.then(|| last.state.error.clone()),
        }
    }
}
