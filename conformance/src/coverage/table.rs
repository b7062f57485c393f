//! The table of what was exercised, and what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use super::{Item, Kind, documented};
use crate::schema;

/// What is counted, in order; the table's columns come behind the first.
const KINDS: &[(Kind, &str)] = &[
    (Kind::Call, "operations"),
    (Kind::Success, "success"),
    (Kind::Error, "errors"),
    (Kind::Parameter, "parameters"),
    (Kind::Field, "fields"),
    (Kind::Member, "members"),
];

/// So many of so many.
#[derive(Clone, Copy, Default)]
pub(crate) struct Share(usize, usize);

impl Share {
    fn add(&mut self, is_there: bool) {
        self.0 += usize::from(is_there);
        self.1 += 1;
    }

    fn cell(self) -> String {
        match self.1 {
            0 => "–".to_owned(),
            all => format!("{}/{all}", self.0),
        }
    }

    fn percent(self) -> f64 {
        self.0 as f64 * 100.0 / self.1.max(1) as f64
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}% ({}/{})", self.percent(), self.0, self.1)
    }
}

/// An item at any version.
type Anywhere<'a> = (&'a str, Kind, &'a str);

fn anywhere(item: &Item) -> Anywhere<'_> {
    (&item.operation, item.kind, &item.name)
}

/// The table as Markdown: operations by what was exercised at any version, and
/// the totals, at any version and at each.
pub(crate) fn table(seen: &BTreeSet<Item>, with_swarm: bool) -> String {
    let all = documented::all(with_swarm);
    let seen_anywhere: BTreeSet<Anywhere> = seen.iter().map(anywhere).collect();
    let mut rows: BTreeMap<&str, BTreeMap<Kind, Share>> = BTreeMap::new();
    for item in all.iter().map(anywhere).collect::<BTreeSet<_>>() {
        let row = rows.entry(item.0).or_default();
        row.entry(item.1)
            .or_default()
            .add(seen_anywhere.contains(&item));
    }
    let mut versions: BTreeMap<&str, Share> = BTreeMap::new();
    for item in all.iter().filter(|i| i.kind == Kind::Call) {
        let share = versions.entry(&item.operation).or_default();
        share.add(seen.contains(item));
    }
    let mut out = String::from("| operation | versions |");
    for (_, title) in &KINDS[1..] {
        let _ = write!(out, " {title} |");
    }
    out.push_str("\n|---|---:|---:|---:|---:|---:|---:|\n");
    for (operation, row) in &rows {
        let _ = write!(out, "| {operation} | {} |", versions[operation].cell());
        for (kind, _) in &KINDS[1..] {
            let share = row.get(kind).copied().unwrap_or_default();
            let _ = write!(out, " {} |", share.cell());
        }
        out.push('\n');
    }
    out.push_str("\n| | at any version | at each version |\n|---|---:|---:|\n");
    for (title, any, each) in totals(seen, with_swarm) {
        let _ = writeln!(out, "| {title} | {any} | {each} |");
    }
    out
}

/// A share that must be reached: of what, and how many percent.
pub(crate) type Aim = (&'static str, f64);

/// Reads `errors=80`.
pub(crate) fn aim(text: &str) -> Result<Aim, String> {
    let (kind, percent) = text.split_once('=').ok_or("KIND=PERCENT expected")?;
    let titles: Vec<&str> = KINDS.iter().map(|(_, title)| *title).collect();
    let title = titles.iter().find(|title| **title == kind);
    let title = title.ok_or_else(|| format!("the kinds are {}", titles.join(", ")))?;
    let percent = percent.parse().map_err(|_| "a number expected")?;
    Ok((title, percent))
}

/// Which aims were missed, at any version.
pub(crate) fn missed(seen: &BTreeSet<Item>, with_swarm: bool, aims: &[Aim]) -> Vec<String> {
    let totals = totals(seen, with_swarm);
    let share = |title: &str| totals.iter().find(|(t, ..)| *t == title).map(|t| t.1);
    let missed = aims.iter().filter_map(|(title, percent)| {
        let share = share(title).filter(|share| share.percent() < *percent)?;
        Some(format!("too few {title}: {share}, {percent}% expected\n"))
    });
    missed.collect()
}

/// Shares of all there is, by kind: at any version, and at each.
pub(crate) fn totals(seen: &BTreeSet<Item>, with_swarm: bool) -> Vec<(&'static str, Share, Share)> {
    let all = documented::all(with_swarm);
    let seen_anywhere: BTreeSet<Anywhere> = seen.iter().map(anywhere).collect();
    let total = |(kind, title): &(Kind, &'static str)| {
        let items = || all.iter().filter(|item| item.kind == *kind);
        let (mut any, mut each) = (Share::default(), Share::default());
        for item in items().map(anywhere).collect::<BTreeSet<_>>() {
            any.add(seen_anywhere.contains(&item));
        }
        for item in items() {
            each.add(seen.contains(item));
        }
        (*title, any, each)
    };
    KINDS.iter().map(total).collect()
}

/// What no version exercised, by operation; then operations that some versions
/// lack altogether.
pub(crate) fn gaps(seen: &BTreeSet<Item>, with_swarm: bool) -> String {
    let all = documented::all(with_swarm);
    let seen_anywhere: BTreeSet<Anywhere> = seen.iter().map(anywhere).collect();
    let mut missing: BTreeMap<&str, BTreeSet<(Kind, &str)>> = BTreeMap::new();
    for item in all.iter().filter(|i| i.kind != Kind::Trouble) {
        if !seen_anywhere.contains(&anywhere(item)) {
            let gaps = missing.entry(&item.operation).or_default();
            gaps.insert((item.kind, &item.name));
        }
    }
    let mut out = String::new();
    for (operation, gaps) in &missing {
        if gaps.contains(&(Kind::Call, "")) {
            let _ = writeln!(out, "{operation}: not called");
            continue;
        }
        for (kind, title) in &KINDS[1..] {
            let names: Vec<&str> = gaps
                .iter()
                .filter(|(k, _)| k == kind)
                .map(|(_, name)| *name)
                .collect();
            if !names.is_empty() {
                let _ = writeln!(out, "{operation}: {title}: {}", names.join(", "));
            }
        }
    }
    let calls = all.iter().filter(|i| i.kind == Kind::Call);
    let mut uncalled: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for item in calls.filter(|i| !seen.contains(*i) && seen_anywhere.contains(&anywhere(i))) {
        let versions = uncalled.entry(&item.operation).or_default();
        versions.push(&item.version);
    }
    for (operation, versions) in uncalled {
        let all = schema::versions().count();
        let at = match versions.len() + 1 {
            most if most == all => "all versions but one".to_owned(),
            _ => versions.join(", "),
        };
        let _ = writeln!(out, "{operation}: not called at {at}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_gaps() {
        let lines = [
            "1.40 ContainerPause call",
            "1.40 ContainerPause success 204",
        ];
        let seen = lines.iter().map(|l| l.parse().unwrap()).collect();
        let table = table(&seen, false);
        assert!(
            table.contains("| ContainerPause | 1/6 | 1/1 | 0/1 |"),
            "{table}"
        );
        assert!(!table.contains("SwarmInit"));
        let gaps = gaps(&seen, false);
        assert!(gaps.contains("ContainerPause: errors: 404\n"), "{gaps}");
        assert!(gaps.contains("ContainerPause: not called at all versions but one\n"));
        assert!(gaps.contains("ContainerStop: not called\n"));
        let aims = [aim("operations=1").unwrap(), aim("errors=0").unwrap()];
        assert_eq!(missed(&seen, false, &aims).len(), 0);
        assert_eq!(missed(&seen, false, &[aim("fields=5").unwrap()]).len(), 1);
        assert!(aim("shoes=1").is_err());
    }
}
