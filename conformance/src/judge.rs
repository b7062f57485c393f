//! Runs cases as tests: each becomes a libtest trial whose verdict takes the
//! target's expectations and the documents' findings into account.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use libtest_mimic::{Completion, Failed, Trial};

use crate::expect::Expectations;
use crate::outcome::{Outcome, Stop};
use crate::report::{Record, Verdict};
use crate::session::Session;
use crate::target::Target;

/// Something that can be judged.
pub(crate) struct Case {
    /// `level/area/what`, the level being `must`, `should` or `quirk`.
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) api: &'static str,
    pub(crate) run: Box<dyn FnOnce(&Session) -> Outcome + Send>,
}

/// What all trials share.
pub(crate) struct Judge {
    pub(crate) target: Arc<Target>,
    pub(crate) expectations: Expectations,
    /// Is a skipped case a failed one?
    pub(crate) is_strict: bool,
    pub(crate) records: Mutex<Vec<Record>>,
}

impl Judge {
    /// The case as a trial.
    pub(crate) fn trial(self: &Arc<Self>, case: Case) -> Trial {
        let judge = Arc::clone(self);
        Trial::ignorable_test(case.name.clone(), move || judge.run(case))
    }

    fn run(&self, case: Case) -> Result<Completion, Failed> {
        let began = Instant::now();
        let session = Session::new(Arc::clone(&self.target), case.api, &case.name);
        let mut outcome = (case.run)(&session);
        let (violations, notes) = session.findings();
        if outcome.is_ok() && !violations.is_empty() {
            outcome = Err(Stop::Fail(format!(
                "answers break the document of the version:\n{}",
                violations.join("\n")
            )));
        }
        let transcript = session.transcript();
        drop(session);
        let known = self.expectations.reason(&case.name);
        let (verdict, reason) = weigh(outcome, known);
        let mut record = Record::new(&case.name, &case.source, verdict, began.elapsed());
        record.reason.clone_from(&reason);
        record.notes = notes;
        if verdict != Verdict::Pass && verdict != Verdict::Skip {
            record.transcript = Some(transcript.clone());
        }
        self.records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(record);
        let reason = reason.unwrap_or_default();
        match verdict {
            Verdict::Pass => Ok(Completion::Completed),
            Verdict::Skip if self.is_strict => Err(Failed::from(format!("skipped: {reason}"))),
            Verdict::Skip | Verdict::KnownFailure => Ok(Completion::ignored_with(reason)),
            Verdict::Fail | Verdict::Fixed => Err(Failed::from(format!(
                "{reason}\nsource: {}\n{transcript}",
                case.source
            ))),
        }
    }
}

fn weigh(outcome: Outcome, known: Option<&str>) -> (Verdict, Option<String>) {
    match (outcome, known) {
        (Ok(()), None) => (Verdict::Pass, None),
        (Ok(()), Some(reason)) => (
            Verdict::Fixed,
            Some(format!(
                "fixed! Take it off the target's expectations ({reason})"
            )),
        ),
        (Err(Stop::Skip(reason)), _) => (Verdict::Skip, Some(reason)),
        (Err(Stop::Fail(text)), None) => (Verdict::Fail, Some(text)),
        (Err(Stop::Fail(_)), Some(reason)) => (
            Verdict::KnownFailure,
            Some(format!("known failure: {reason}")),
        ),
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
