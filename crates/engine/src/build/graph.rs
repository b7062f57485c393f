//! Which stages are built, which of them wait for which, and how their steps
//! are numbered.

use std::collections::BTreeMap;

use longshore_dockerfile::instruction::{Instruction, Stage};

use crate::error::{Error, Result};

/// The stages up to the target, seen as a graph.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Graph {
    /// The target's number; stages behind it do not exist.
    pub(super) target: usize,
    /// By stage: the number of its first step.
    pub(super) first: Vec<usize>,
    /// The number of the last step.
    pub(super) total: usize,
    names: BTreeMap<String, usize>,
}

impl Graph {
    /// Looks at the stages of a file. `meta` instructions stand before the
    /// first one and `added` ones are appended to the last one. Names are
    /// compared in lower case.
    pub(super) fn new(stages: &[Stage], meta: usize, added: usize, target: &str) -> Result<Graph> {
        let mut names = BTreeMap::new();
        for (number, stage) in stages.iter().enumerate() {
            if let Some(name) = &stage.from.value.name {
                // A name that is given twice is told when that stage is reached.
                names.entry(name.clone()).or_insert(number);
            }
        }
        let target = match target {
            "" => stages.len().saturating_sub(1),
            name => *names.get(&name.to_lowercase()).ok_or_else(|| {
                let text = format!("failed to reach build target {name} in Dockerfile");
                Error::bad_parameter(text)
            })?,
        };
        let mut first = Vec::new();
        let mut next = meta + 1;
        for stage in stages.iter().take(target + 1) {
            first.push(next);
            next += 1 + stage.instructions.len();
        }
        Ok(Graph {
            target,
            first,
            total: next - 1 + added,
            names,
        })
    }

    /// By stage: whether the target needs it. `bases` are the names of the
    /// images that the stages begin with, expanded.
    pub(super) fn needed(&self, stages: &[Stage], bases: &[String]) -> Vec<bool> {
        let mut needed = vec![false; self.first.len()];
        let mut ahead = Vec::from_iter((!needed.is_empty()).then_some(self.target));
        while let Some(number) = ahead.pop() {
            if std::mem::replace(&mut needed[number], true) {
                continue;
            }
            ahead.extend(self.by_name(number, &bases[number]));
            for step in &stages[number].instructions {
                if let Instruction::Copy(copy) = &step.value
                    && let Some(from) = &copy.from
                    && let Ok(Some(other)) = self.by_name_or_number(number, from)
                {
                    ahead.push(other);
                }
            }
        }
        needed
    }

    /// The needed stage before this one that begins with the most of the same
    /// steps, and with how many: they are done once and found in the cache.
    pub(super) fn shares(
        number: usize,
        stages: &[Stage],
        bases: &[String],
        needed: &[bool],
    ) -> Option<(usize, usize)> {
        let steps = |number: usize| stages[number].instructions.iter().map(|it| &it.original);
        let same = |other: &usize| {
            steps(*other)
                .zip(steps(number))
                .take_while(|(theirs, ours)| theirs == ours)
                .count()
        };
        let platform = |number: usize| &stages[number].from.value.platform;
        (0..number)
            .filter(|other| needed[*other] && bases[*other] == bases[number])
            .filter(|other| platform(*other) == platform(number))
            .map(|other| (other, same(&other)))
            .filter(|(_, count)| *count > 0)
            .max_by_key(|(other, count)| (*count, std::cmp::Reverse(*other)))
    }

    /// The stage that a name in `FROM` means, seen from stage `from`: an
    /// earlier one.
    pub(super) fn by_name(&self, from: usize, name: &str) -> Option<usize> {
        let number = *self.names.get(&name.to_lowercase())?;
        Some(number).filter(|number| *number < from)
    }

    /// The stage that `COPY --from` means, by name or number; none for an
    /// image.
    pub(super) fn by_name_or_number(&self, from: usize, given: &str) -> Result<Option<usize>> {
        if let Some(number) = self.by_name(from, given) {
            return Ok(Some(number));
        }
        let wrong = |text: &str| Err(Error::system(text));
        match given.parse::<i64>() {
            Err(_) => Ok(None),
            Ok(number) => match usize::try_from(number) {
                Ok(number) if number < from => Ok(Some(number)),
                Ok(number) if number == from => wrong("refers to current build stage"),
                _ => wrong("index out of bounds"),
            },
        }
    }

    /// Whether an earlier stage has this stage's name.
    pub(super) fn is_taken(&self, number: usize, name: &str) -> bool {
        self.by_name(number, name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use longshore_dockerfile::instruction::Dockerfile;

    use super::*;

    const FILE: &str = "ARG V=1
FROM box AS base
RUN one
FROM base AS Test
RUN two
FROM box AS tools
RUN one
RUN three
FROM scratch
COPY --from=tools /a /a
COPY --from=0 /b /b
FROM base AS late
RUN two
";

    fn read(text: &str) -> (Dockerfile, Vec<String>) {
        let file = Dockerfile::parse(text.as_bytes()).expect("a good file");
        let bases = file.stages.iter();
        let bases = bases.map(|stage| stage.from.value.image.clone()).collect();
        (file, bases)
    }

    fn graph(file: &Dockerfile, target: &str) -> Result<Graph> {
        Graph::new(&file.stages, file.meta_args.len(), 0, target)
    }

    fn needed(text: &str, target: &str) -> Result<Vec<bool>> {
        let (file, bases) = read(text);
        Ok(graph(&file, target)?.needed(&file.stages, &bases))
    }

    #[test]
    fn only_what_the_target_needs_is_built() {
        assert_eq!(needed(FILE, ""), Ok(vec![true, false, false, false, true]));
        assert_eq!(needed(FILE, "TEST"), Ok(vec![true, true]));
        let file = FILE.replace("FROM base AS late\nRUN two\n", "");
        assert_eq!(needed(&file, ""), Ok(vec![true, false, true, true]));
        assert_eq!(
            needed(FILE, "nope").map_err(|error| error.message),
            Err("failed to reach build target nope in Dockerfile".to_owned())
        );
    }

    #[test]
    fn steps_are_numbered_as_if_all_were_built() {
        let (file, _) = read(FILE);
        let graph = graph(&file, "tools").expect("a graph");
        assert_eq!((graph.first, graph.total), (vec![2, 4, 6], 8));
    }

    #[test]
    fn the_same_beginning_is_done_once() {
        let (file, bases) = read(FILE);
        let of = |number| Graph::shares(number, &file.stages, &bases, &[true; 5]);
        assert_eq!(of(2), Some((0, 1)));
        assert_eq!(of(4), Some((1, 1)));
        assert_eq!(of(1), None);
        let skipped = [true, false, true, true, true];
        assert_eq!(Graph::shares(4, &file.stages, &bases, &skipped), None);
    }

    #[test]
    fn sources_are_stages_before_this_one_or_images() {
        let (file, _) = read(FILE);
        let graph = graph(&file, "").expect("a graph");
        let of = |given: &str| {
            graph
                .by_name_or_number(3, given)
                .map_err(|error| error.message)
        };
        assert_eq!(of("TOOLS"), Ok(Some(2)));
        assert_eq!(of("1"), Ok(Some(1)));
        assert_eq!(of("busybox"), Ok(None));
        assert_eq!(of("late"), Ok(None));
        assert_eq!(of("3"), Err("refers to current build stage".to_owned()));
        assert_eq!(of("-1"), Err("index out of bounds".to_owned()));
        assert_eq!(of("7"), Err("index out of bounds".to_owned()));
    }
}
