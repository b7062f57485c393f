//! Gives the verdict on one case: how it ended, what the target's known
//! failures say, and what the documents found in the answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::expect::Expectations;
use crate::outcome::{Outcome, Stop};
use crate::report::{Record, Verdict};
use crate::session::Session;
use crate::target::Target;

/// How binding a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// The specification says so.
    Must,
    /// Clients rely on it, or it is documented elsewhere.
    Should,
    /// dockerd does it, and nothing says so.
    Quirk,
}

/// Something that can be judged.
pub(crate) struct Case {
    /// `container.wait.head-first`; `…@1.35` where there is one per version.
    /// Never changes: known failures and other people's tables rest on it.
    pub(crate) id: String,
    pub(crate) level: Level,
    pub(crate) source: String,
    /// The operations that it is about; empty for what holds for all.
    pub(crate) operations: Vec<String>,
    pub(crate) api: &'static str,
    pub(crate) run: Box<dyn FnOnce(&Session) -> Outcome + Send>,
}

/// What all cases share.
pub(crate) struct Judge {
    pub(crate) target: Arc<Target>,
    pub(crate) expectations: Expectations,
    /// Is all evidence of cases that passed kept too?
    pub(crate) keeps_all: bool,
}

impl Level {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Quirk => "quirk",
        }
    }
}

impl Judge {
    /// Runs a case to its verdict.
    pub(crate) fn run(&self, case: Case) -> Record {
        let began = Instant::now();
        let session = Session::new(Arc::clone(&self.target), case.api, &case.id);
        let run = case.run;
        // What panics is a fault of the judge's, and no reason to stop judging.
        let mut outcome = catch_unwind(AssertUnwindSafe(|| run(&session)))
            .unwrap_or_else(|_| Err("the judge itself panicked; see its stderr".into()));
        let (violations, notes) = session.findings();
        if outcome.is_ok() && !violations.is_empty() {
            outcome = Err(Stop::Fail(format!(
                "answers break the document of the version:\n{}",
                violations.join("\n")
            )));
        }
        let evidence = session.evidence();
        drop(session);
        let known = self.expectations.reason(&case.id);
        let (status, reason) = weigh(outcome, known);
        let is_interesting = self.keeps_all || !matches!(status, Verdict::Pass | Verdict::Skip);
        Record {
            id: case.id,
            level: case.level,
            api: case.api.to_owned(),
            source: case.source,
            operations: case.operations,
            status,
            reason,
            notes,
            evidence: match is_interesting {
                true => evidence,
                false => evidence.into_iter().map(Evidence::brief).collect(),
            },
            seconds: began.elapsed().as_secs_f64(),
        }
    }
}

fn weigh(outcome: Outcome, known: Option<&str>) -> (Verdict, Option<String>) {
    match (outcome, known) {
        (Ok(()), None) => (Verdict::Pass, None),
        (Ok(()), Some(reason)) => (
            Verdict::Fixed,
            Some(format!("fixed! Take it off the known failures ({reason})")),
        ),
        (Err(Stop::Skip(reason)), _) => (Verdict::Skip, Some(reason)),
        (Err(Stop::Fail(text)), None) => (Verdict::Fail, Some(text)),
        (Err(Stop::Fail(_)), Some(reason)) => (Verdict::KnownFailure, Some(reason.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expected_failure_must_fail() {
        let verdict = |outcome, known| weigh(outcome, known).0;
        assert_eq!(verdict(Ok(()), None), Verdict::Pass);
        assert_eq!(verdict(Ok(()), Some("r")), Verdict::Fixed);
        assert_eq!(verdict(Err("x".into()), Some("r")), Verdict::KnownFailure);
        assert_eq!(verdict(Err("x".into()), None), Verdict::Fail);
        assert_eq!(
            verdict(Err(Stop::Skip("s".into())), Some("r")),
            Verdict::Skip
        );
    }
}
