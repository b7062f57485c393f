//! Tutorials, replayed. A scenario file holds the command lines as printed and
//! what must hold after each; see `scenarios/README.md` for the format. Every
//! step is a case of its own, though steps run in order and share what earlier
//! ones bound.

mod check;
mod curl;
mod parse;
mod path;
mod play;

use std::sync::Arc;

use crate::judge::Case;
use parse::Versions;
use play::Play;

/// The scenario files, in reading order.
const FILES: &[(&str, &str)] = &[
    ("t1", include_str!("../../scenarios/t1.scenario")),
    ("t2", include_str!("../../scenarios/t2.scenario")),
    (
        "t2-corrected",
        include_str!("../../scenarios/t2-corrected.scenario"),
    ),
    (
        "t2-images",
        include_str!("../../scenarios/t2-images.scenario"),
    ),
    ("t3", include_str!("../../scenarios/t3.scenario")),
    ("t3-cli", include_str!("../../scenarios/t3-cli.scenario")),
    ("t4", include_str!("../../scenarios/t4.scenario")),
    ("t5", include_str!("../../scenarios/t5.scenario")),
    (
        "t5-corrected",
        include_str!("../../scenarios/t5-corrected.scenario"),
    ),
];

/// The steps of all scenarios. A scenario whose lines name a version in the
/// path runs once per version; the others once.
pub(crate) fn all(versions: &[&'static str]) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for (name, text) in FILES {
        let scenario =
            Arc::new(parse::scenario(text).map_err(|e| format!("{name}.scenario: {e}"))?);
        let newest = versions.last().copied();
        let each: Vec<_> = match &scenario.versions {
            Versions::None => newest.into_iter().collect(),
            Versions::Every => versions.to_vec(),
            Versions::These(these) => {
                let judged = versions.iter().copied();
                judged.filter(|v| these.iter().any(|t| t == v)).collect()
            }
        };
        for api in each {
            let suffix = match scenario.versions {
                Versions::None => String::new(),
                _ => format!("@{api}"),
            };
            let play = Arc::new(Play::new(Arc::clone(&scenario), api));
            for (index, step) in scenario.steps.iter().enumerate() {
                let play = Arc::clone(&play);
                cases.push(Case {
                    id: format!("tutorial.{name}.{}{suffix}", step.name),
                    level: step.level,
                    source: scenario.source.clone(),
                    operations: step.operations(),
                    api,
                    run: Box::new(move |session| play.step(session, index)),
                });
            }
        }
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_parses() {
        assert!(super::all(&["1.35", "1.40"]).unwrap().len() > 40);
    }
}
