//! Build arguments: which of them an instruction sees.

use std::collections::{BTreeMap, BTreeSet};

use crate::instruction::Arg;

/// Arguments that need no `ARG` and never show in the history.
const PREDEFINED: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Whether an argument is one of the proxies' that every build knows.
pub fn is_predefined(name: &str) -> bool {
    PREDEFINED.contains(&name)
}

/// The arguments of a build: those given by the client, declared before the
/// first `FROM`, and declared in the present stage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildArgs {
    given: BTreeMap<String, Option<String>>,
    meta: BTreeMap<String, Option<String>>,
    allowed: BTreeMap<String, Option<String>>,
    used: BTreeSet<String>,
}

impl BuildArgs {
    /// The client's arguments; one without a value counts as not given.
    pub fn new(given: BTreeMap<String, Option<String>>) -> Self {
        Self {
            given,
            ..Self::default()
        }
    }

    /// `ARG` before the first `FROM`, its value expanded.
    pub fn add_meta(&mut self, arg: &Arg) {
        self.used.insert(arg.name.clone());
        self.meta.insert(arg.name.clone(), arg.value.clone());
    }

    /// `ARG` in a stage, its value expanded.
    pub fn add(&mut self, arg: &Arg) {
        self.used.insert(arg.name.clone());
        self.allowed.insert(arg.name.clone(), arg.value.clone());
    }

    /// The same arguments for a new stage, where nothing is declared yet.
    pub fn for_stage(&self) -> Self {
        Self {
            allowed: BTreeMap::new(),
            ..self.clone()
        }
    }

    /// Takes over what a stage declared, for [`BuildArgs::unused`].
    pub fn merge_used(&mut self, stage: &Self) {
        self.used.extend(stage.used.iter().cloned());
    }

    /// What the names of images see: `NAME=value`.
    pub fn for_from(&self) -> Vec<String> {
        self.collect(&self.meta)
    }

    /// What the instructions of a stage see beyond its environment, which goes
    /// first: `NAME=value`.
    pub fn beyond(&self, env: &[String]) -> Vec<String> {
        let names: BTreeSet<&str> = env
            .iter()
            .map(|entry| {
                entry
                    .split_once('=')
                    .map_or(entry.as_str(), |(name, _)| name)
            })
            .collect();
        let mut all = self.collect(&self.allowed);
        all.retain(|entry| !names.contains(entry.split_once('=').map_or("", |(name, _)| name)));
        all
    }

    /// All that the words of an instruction see: the environment, then the
    /// arguments.
    pub fn scope(&self, env: &[String]) -> Vec<String> {
        [env.to_vec(), self.beyond(env)].concat()
    }

    /// Whether an argument was declared, so that its value is part of the
    /// cache's key and of the history.
    pub fn is_declared(&self, name: &str) -> bool {
        self.used.contains(name)
    }

    /// What the client gave and nobody asked for, for dockerd's warning.
    pub fn unused(&self) -> Vec<String> {
        self.given
            .keys()
            .filter(|name| !self.used.contains(*name) && !is_predefined(name))
            .cloned()
            .collect()
    }

    /// The value of an argument in this stage.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name, &self.allowed)
    }

    fn collect(&self, declared: &BTreeMap<String, Option<String>>) -> Vec<String> {
        let names: BTreeSet<&str> = declared
            .keys()
            .map(String::as_str)
            .chain(PREDEFINED)
            .collect();
        names
            .into_iter()
            .filter_map(|name| Some(format!("{name}={}", self.get(name, declared)?)))
            .collect()
    }

    /// The client's value goes before the default, that before the one of an
    /// `ARG` before the first `FROM`.
    fn get<'a>(
        &'a self,
        name: &str,
        declared: &'a BTreeMap<String, Option<String>>,
    ) -> Option<&'a str> {
        if let Some(Some(given)) = self.given.get(name) {
            return Some(given);
        }
        match declared.get(name) {
            Some(Some(default)) => Some(default),
            _ => self.meta.get(name)?.as_deref(),
        }
    }
}
