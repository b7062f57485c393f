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
use play::Play;

/// The scenario files, in reading order.
const FILES: &[(&str, &str)] = &[
    ("t1", include_str!("../../scenarios/t1.scenario")),
    ("t5", include_str!("../../scenarios/t5.scenario")),
    (
        "t5-corrected",
        include_str!("../../scenarios/t5-corrected.scenario"),
    ),
];

/// The steps of all scenarios. A scenario whose lines name a version in the
/// path runs once per judged version; the others once.
pub(crate) fn all(versions: &[&'static str]) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for (name, text) in FILES {
        let scenario =
            Arc::new(parse::scenario(text).map_err(|e| format!("{name}.scenario: {e}"))?);
        let newest = versions.last().copied();
        let each: Vec<_> = if scenario.every_version {
            versions.to_vec()
        } else {
            newest.into_iter().collect()
        };
        for api in each {
            let label = if scenario.every_version {
                format!("{name}@{api}")
            } else {
                (*name).to_owned()
            };
            let play = Arc::new(Play::new(Arc::clone(&scenario), api));
            for (index, step) in scenario.steps.iter().enumerate() {
                let play = Arc::clone(&play);
                cases.push(Case {
                    name: format!("{}/{label}/{}", step.level, step.name),
                    source: scenario.source.clone(),
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
