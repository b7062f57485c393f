//! Medians, the table with its bars, and the same as JSON.

use std::path::Path;

use serde_json::{Value, json};

use super::row::{Bar, Row, Sample};
use crate::TaskResult;

/// Who must clear the bars.
const OURS: &str = "longshored";

/// The columns, where they were measured.
const SUBJECTS: [&str; 5] = ["floor", OURS, "before", "dockerd", "podman"];

/// What was measured of one row.
pub(super) struct Outcome {
    row: &'static Row,
    subjects: Vec<(&'static str, Result<Vec<Sample>, String>)>,
}

impl Outcome {
    pub(super) fn new(row: &'static Row) -> Self {
        Self {
            row,
            subjects: Vec::new(),
        }
    }

    pub(super) fn measured(&mut self, name: &'static str, samples: Vec<Sample>) {
        self.subjects.push((name, Ok(samples)));
    }

    pub(super) fn failed(&mut self, name: &'static str, problem: String) {
        eprintln!("{}: {name}: {problem}", self.row.name);
        self.subjects.push((name, Err(problem)));
    }

    fn samples(&self, name: &str) -> Option<&[Sample]> {
        let (_, samples) = self.subjects.iter().find(|(subject, _)| *subject == name)?;
        samples.as_deref().ok()
    }

    fn median(&self, name: &str) -> Option<f64> {
        percentile(self.samples(name)?.iter().map(|sample| sample.value), 50)
    }

    fn median_cpu(&self, name: &str) -> Option<f64> {
        percentile(
            self.samples(name)?.iter().filter_map(|sample| sample.cpu),
            50,
        )
    }

    fn median_peak(&self, name: &str) -> Option<f64> {
        let peaks = self.samples(name)?.iter().filter_map(|sample| sample.peak);
        percentile(peaks, 50)
    }

    /// What a bar asks for, what was reached, and whether that is enough; the
    /// latter two are unknown without a measurement to compare with.
    fn judge(&self, bar: Bar) -> (String, Option<(String, bool)>) {
        let unit = self.row.unit;
        let ours = self.median(OURS);
        let reached = |pair: Option<(f64, f64)>| pair.map(|(a, b)| unit.times_better(a, b));
        match bar {
            Bar::Dockerd(times) => {
                let ratio = reached(ours.zip(self.median("dockerd")));
                let text = format!("{times}x dockerd");
                (text, ratio.map(|r| (format!("{r:.1}x"), r >= times)))
            }
            Bar::DockerdOrCpu(times) => {
                let rate = reached(ours.zip(self.median("dockerd")));
                let cpu = self.median_cpu(OURS).zip(self.median_cpu("dockerd"));
                let cpu = cpu.map(|(ours, theirs)| theirs / ours);
                let text = format!("{times}x dockerd, rate or cpu");
                let both = rate.zip(cpu).map(|(rate, cpu)| {
                    let text = format!("{rate:.1}x, cpu {cpu:.1}x");
                    (text, rate >= times || cpu >= times)
                });
                (text, both)
            }
            Bar::Floor(times) => {
                let ratio = ours.zip(self.median("floor")).map(|(o, f)| o / f);
                let text = format!("<= {times}x floor");
                (text, ratio.map(|r| (format!("{r:.2}x"), r <= times)))
            }
            Bar::AtMost(limit) => {
                let text = format!("<= {limit} {}", unit.text());
                (text, ours.map(|o| (format!("{o:.2}"), o <= limit)))
            }
            Bar::PeakOfDockerd(times) => {
                let peaks = self.median_peak(OURS).zip(self.median_peak("dockerd"));
                let text = format!("peak <= {times}x dockerd");
                let reached = peaks.map(|(ours, theirs)| {
                    let text = format!("{ours:.0} of {theirs:.0} MB, {:.2}x", ours / theirs);
                    (text, ours <= times * theirs)
                });
                (text, reached)
            }
        }
    }
}

/// Prints the table.
pub(super) fn table(outcomes: &[Outcome]) {
    let columns: Vec<&str> = SUBJECTS
        .into_iter()
        .filter(|name| outcomes.iter().any(|o| o.samples(name).is_some()))
        .collect();
    print!("{:<16}{:>6}", "median", "");
    for name in &columns {
        print!("{name:>12}");
    }
    println!("  bars");
    let mut missed = 0;
    for outcome in outcomes {
        print!("{:<16}{:>6}", outcome.row.name, outcome.row.unit.text());
        for name in &columns {
            match outcome.median(name) {
                Some(median) => print!("{:>12}", figure(median)),
                None => print!("{:>12}", "-"),
            }
        }
        let mut words = Vec::new();
        for bar in outcome.row.bars {
            let (wanted, reached) = outcome.judge(*bar);
            words.push(match reached {
                Some((reached, true)) => format!("{wanted}: {reached} pass"),
                Some((reached, false)) => {
                    missed += 1;
                    format!("{wanted}: {reached} FAIL")
                }
                None => format!("{wanted}: not measured"),
            });
        }
        println!("  {}", words.join("; "));
    }
    println!();
    for outcome in outcomes {
        println!("{:<16}{}", outcome.row.name, outcome.row.what);
        for (name, result) in &outcome.subjects {
            if let Err(problem) = result {
                println!("{:<16}{name} not measured: {problem}", "");
            }
        }
    }
    println!("\nbars missed: {missed}");
}

/// Writes the same, with every sample.
pub(super) fn json(outcomes: &[Outcome], path: &Path) -> TaskResult {
    let rows: Vec<Value> = outcomes.iter().map(of_outcome).collect();
    let text = format!("{:#}\n", json!({ "rows": rows }));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("all samples: {}", path.display());
    Ok(())
}

fn of_outcome(outcome: &Outcome) -> Value {
    let subject = |(name, result): &(&str, Result<Vec<Sample>, String>)| match result {
        Err(problem) => json!({ "name": name, "problem": problem }),
        Ok(samples) => {
            let values = || samples.iter().map(|sample| sample.value);
            json!({
                "name": name,
                "median": percentile(values(), 50),
                "p10": percentile(values(), 10),
                "p90": percentile(values(), 90),
                "cpu_ms_per_request": outcome.median_cpu(name),
                "peak_mb": outcome.median_peak(name),
                "samples": values().collect::<Vec<f64>>(),
            })
        }
    };
    let bar = |bar: &Bar| {
        let (wanted, reached) = outcome.judge(*bar);
        json!({
            "bar": wanted,
            "reached": reached.as_ref().map(|(text, _)| text),
            "pass": reached.as_ref().map(|(_, pass)| pass),
        })
    };
    json!({
        "row": outcome.row.name,
        "what": outcome.row.what,
        "unit": outcome.row.unit.text(),
        "subjects": outcome.subjects.iter().map(subject).collect::<Vec<Value>>(),
        "bars": outcome.row.bars.iter().map(bar).collect::<Vec<Value>>(),
    })
}

fn percentile(values: impl Iterator<Item = f64>, percent: usize) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let index = values.len().saturating_sub(1) * percent / 100;
    values.get(index).copied()
}

/// Three digits that mean something.
fn figure(value: f64) -> String {
    match value {
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::Unit;
    use super::*;

    const ROW: Row = Row {
        name: "row",
        what: "",
        unit: Unit::Milliseconds,
        bars: &[],
        rounds: 1,
        warm_up: 0,
        floor: true,
        containers: true,
        prepare: |_| Err("never".to_owned()),
    };

    fn outcome() -> Outcome {
        let mut outcome = Outcome::new(&ROW);
        let samples = |values: &[f64]| values.iter().map(|v| Sample::from(*v)).collect();
        outcome.measured(OURS, samples(&[9.0, 10.0, 500.0]));
        outcome.measured("dockerd", samples(&[300.0]));
        outcome.measured("floor", samples(&[4.0]));
        outcome
    }

    #[test]
    fn bars_judge_medians() {
        let pass = |bar| outcome().judge(bar).1.expect("measured");
        assert_eq!(pass(Bar::Dockerd(30.0)), ("30.0x".to_owned(), true));
        assert!(!pass(Bar::Dockerd(31.0)).1);
        assert_eq!(pass(Bar::Floor(2.5)), ("2.50x".to_owned(), true));
        assert!(!pass(Bar::Floor(2.4)).1);
        assert_eq!(pass(Bar::AtMost(9.9)), ("10.00".to_owned(), false));
    }

    #[test]
    fn what_was_not_measured_is_neither_passed_nor_missed() {
        let mut outcome = Outcome::new(&ROW);
        outcome.measured(OURS, vec![1.0.into()]);
        outcome.failed("dockerd", "not there".to_owned());
        assert_eq!(outcome.judge(Bar::Dockerd(2.0)).1, None);
    }
}
