//! One stage: the image it begins with, then step after step, each with an
//! image of its own.

use std::sync::Arc;

use jiff::Timestamp;
use longshore_dockerfile::apply::Applier;
use longshore_dockerfile::args::BuildArgs;
use longshore_dockerfile::instruction::Instruction;
use longshore_dockerfile::parse;
use longshore_image::layer::StagedLayer;
use longshore_image::store::{Image, NewImage};
use longshore_oci::config::{HistoryEntry, ImageConfig, RunConfig, host_architecture};

use super::blocking;
use super::job::{Built, Job};
use super::output::{Failure, Line, Sink};
use crate::container::plan::DEFAULT_PATH;
use crate::error::{Error, Result};
use crate::id;

/// The shell of a stage that names none.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// A stage that is being built.
pub(super) struct Stage {
    pub(super) job: Arc<Job>,
    pub(super) number: usize,
    pub(super) sink: Sink,
    /// The arguments that were declared so far.
    pub(super) args: BuildArgs,
    /// What the next image is to be configured like.
    pub(super) config: RunConfig,
    /// The image that it began with.
    base: Option<Image>,
    /// The image so far; none before the first step on nothing.
    pub(super) image: Option<Image>,
    /// Containers of the present step.
    pub(super) containers: Vec<String>,
    applier: Applier,
    author: String,
    /// No step has missed the cache yet.
    hits: bool,
}

/// Builds a stage, telling its steps to `sink`.
pub(super) async fn build(job: Arc<Job>, number: usize, sink: Sink) -> Result<Built, Failure> {
    let stage = &job.file.stages[number];
    if let Some(name) = &stage.from.value.name
        && job.graph.is_taken(number, name)
    {
        return Err(Error::system(format!("{name} stage name already used")).into());
    }
    job.wait_for_shared_steps(number).await;
    let (mut next, total) = (job.graph.first[number], job.graph.total);
    sink.step(next, total, &stage.from.original).await?;
    let mut state = Stage::begin(&job, number, sink).await?;
    state.tell_image().await?;
    for (done, step) in stage.instructions.iter().enumerate() {
        next += 1;
        state.sink.step(next, total, &step.original).await?;
        let instruction = state.expand(&step.value)?;
        state.step(&instruction).await?;
        state.tell_image().await?;
        job.tell_progress(number, done + 1);
    }
    if number == job.graph.target {
        // Labels of the client are taken as they are.
        for label in &job.labels {
            next += 1;
            let text = format!("LABEL {label}");
            state.sink.step(next, total, &text).await?;
            let instruction = Instruction::Label(vec![label.clone()]);
            state.step(&instruction).await?;
            state.tell_image().await?;
        }
    }
    if let Some(image) = &state.image {
        let id = image.id.to_string();
        state.sink.line(Line::Image { name: None, id }).await?;
    }
    Ok(Built {
        base: state.base,
        image: state.image,
        args: state.args,
    })
}

impl Stage {
    async fn begin(job: &Arc<Job>, number: usize, sink: Sink) -> Result<Stage, Failure> {
        let from = &job.file.stages[number].from.value;
        let image = job.base_of(number, from, &sink).await?;
        let mut config = match &image {
            Some(image) => image.config.config.clone(),
            None => RunConfig::default(),
        };
        config.open_stdin = false;
        config.stdin_once = false;
        let env = config.env.get_or_insert_default();
        if !env.iter().any(|entry| entry.starts_with("PATH=")) {
            env.push(DEFAULT_PATH.to_owned());
        }
        let triggers = config.on_build.take().unwrap_or_default();
        let mut stage = Stage {
            job: job.clone(),
            number,
            sink,
            args: job.args().for_stage(),
            config,
            base: image.clone(),
            image,
            containers: Vec::new(),
            applier: Applier::default(),
            author: String::new(),
            hits: true,
        };
        stage.pull_triggers(&triggers).await?;
        Ok(stage)
    }

    /// Does what the image has for those who build on it.
    async fn pull_triggers(&mut self, triggers: &[String]) -> Result<(), Failure> {
        if triggers.is_empty() {
            return Ok(());
        }
        let text = format!("# Executing {} build trigger", triggers.len());
        self.sink.text(text).await?;
        if triggers.len() > 1 {
            self.sink.text("s").await?;
        }
        self.sink.text("\n").await?;
        for trigger in triggers {
            let step =
                parse::trigger(trigger).map_err(|error| Error::bad_parameter(error.to_string()))?;
            let instruction = self.expand(&step.value)?;
            self.step(&instruction).await?;
        }
        Ok(())
    }

    /// The instruction with the variables that it sees.
    fn expand(&self, instruction: &Instruction) -> Result<Instruction> {
        let env = self.config.env.as_deref().unwrap_or_default();
        let escape = self.job.file.directives.escape;
        instruction
            .expand(&self.args.scope(env), escape)
            .map_err(|error| Error::bad_parameter(error.to_string()))
    }

    async fn tell_image(&self) -> Result<(), Failure> {
        let id = self.image.as_ref().map(|image| image.id.short());
        self.sink.image(id).await
    }

    /// One step. Its containers go afterwards, as the client wished.
    async fn step(&mut self, instruction: &Instruction) -> Result<(), Failure> {
        let image = self.image.as_ref();
        self.config.image = image.map(|image| image.id.to_string()).unwrap_or_default();
        let done = self.dispatch(instruction).await;
        let request = &self.job.request;
        if request.force_remove || (request.remove && done.is_ok()) {
            self.remove_containers().await?;
        }
        // What stays is for people to look at, not the build's any more.
        for container in std::mem::take(&mut self.containers) {
            self.job.place.forget_container(&container);
        }
        done
    }

    async fn dispatch(&mut self, instruction: &Instruction) -> Result<(), Failure> {
        match instruction {
            Instruction::Run(run) => return self.run(run).await,
            Instruction::Copy(copy) | Instruction::Add(copy) => {
                return self.copy(instruction.keyword(), copy).await;
            }
            Instruction::Arg(args) => args.iter().for_each(|arg| self.args.add(arg)),
            Instruction::Maintainer(name) => self.author.clone_from(name),
            Instruction::Healthcheck(_) => self.note_health().await?,
            _ => {}
        }
        let text = self.applier.apply(&mut self.config, instruction);
        let text = text.map_err(|error| Error::bad_parameter(error.to_string()))?;
        let text = text.unwrap_or_default();
        if matches!(instruction, Instruction::Workdir(_)) {
            return self.make_directory(&text).await;
        }
        let step = self.commented(&["#(nop) ", &text]);
        if self.find_in_cache(&step).await? {
            return Ok(());
        }
        let container = self.stand_in(&step).await?;
        self.commit(container, step, None).await
    }

    async fn note_health(&self) -> Result<(), Failure> {
        let check = self.config.healthcheck.as_ref();
        let test = check.and_then(|check| check.test.as_deref());
        match test {
            Some([first, ..]) if first == "NONE" => Ok(()),
            None | Some([]) => Ok(()),
            Some(test) => {
                let text = format!(
                    "Note: overriding previous HEALTHCHECK: [{}]\n",
                    test.join(" ")
                );
                self.sink.text(text).await
            }
        }
    }

    /// The configuration of a step that runs nothing: a comment in place of a
    /// command, by which the step is known.
    pub(super) fn commented(&self, comment: &[&str]) -> RunConfig {
        let shell = self.config.shell.clone();
        let mut words = shell
            .filter(|shell| !shell.is_empty())
            .unwrap_or_else(|| SHELL.map(str::to_owned).to_vec());
        words.extend(comment.iter().map(|text| (*text).to_owned()));
        RunConfig {
            cmd: Some(words),
            ..self.config.clone()
        }
    }

    /// Takes the image of this step from the cache. Once a step of a stage is
    /// not found, no later one is looked for.
    pub(super) async fn find_in_cache(&mut self, step: &RunConfig) -> Result<bool, Failure> {
        if !self.hits || !self.job.cache.is_enabled() {
            return Ok(false);
        }
        let store = &self.job.shared.images;
        let (cache, image) = (&self.job.cache, self.image.as_ref());
        let find = || cache.find(store, image, step, &self.config);
        let found = self.job.hold.keep(find)?;
        match found {
            None => self.hits = false,
            Some(image) => {
                self.image = Some(image);
                self.sink.text(" ---> Using cache\n").await?;
            }
        }
        Ok(self.hits)
    }

    /// The container of a step that runs nothing. There is none unless the
    /// client keeps containers: what nobody can look at need not be made.
    pub(super) async fn stand_in(&mut self, step: &RunConfig) -> Result<String, Failure> {
        let container = match self.job.request.remove {
            true => id::generate()?,
            false => self.create_container(step).await?,
        };
        self.announce(&container).await?;
        Ok(container)
    }

    /// Tells that a container is at work.
    pub(super) async fn announce(&mut self, container: &str) -> Result<(), Failure> {
        self.containers.push(container.to_owned());
        let text = format!(" ---> Running in {}\n", id::short(container));
        self.sink.text(text).await
    }

    /// Makes the image of a step.
    pub(super) async fn commit(
        &mut self,
        container: String,
        mut step: RunConfig,
        layer: Option<StagedLayer>,
    ) -> Result<(), Failure> {
        let comment = step.cmd.as_deref().unwrap_or_default();
        if comment.iter().any(|word| word.starts_with("#(nop)")) && !container.is_empty() {
            step.hostname = id::short(&container).to_owned();
            step.labels.get_or_insert_default();
        }
        let new = self.child(container, step, layer);
        let job = self.job.clone();
        let image = blocking(move || {
            let store = &job.shared.images;
            let made = job.hold.keep(|| Ok(store.image(&store.put_soon(new)?)))?;
            made.ok_or_else(|| Error::system("the image of this step is gone already"))
        });
        self.image = Some(image.await?);
        Ok(())
    }

    fn child(&self, container: String, step: RunConfig, layer: Option<StagedLayer>) -> NewImage {
        let parent = self.image.as_ref();
        let base = parent.map(|parent| &*parent.config);
        let created = Some(Timestamp::now());
        let mut history = base.map_or_else(Vec::new, |base| base.history.clone());
        history.push(HistoryEntry {
            created,
            author: self.author.clone(),
            created_by: step.cmd.as_deref().unwrap_or_default().join(" "),
            empty_layer: layer.is_none(),
            ..HistoryEntry::default()
        });
        NewImage {
            config: ImageConfig {
                architecture: match base {
                    Some(base) if !base.architecture.is_empty() => base.architecture.clone(),
                    _ => host_architecture().to_owned(),
                },
                variant: base.map_or_else(String::new, |base| base.variant.clone()),
                os: "linux".to_owned(),
                author: self.author.clone(),
                config: self.config.clone(),
                container,
                container_config: Some(step),
                created,
                docker_version: self.job.shared.config.version.clone(),
                history,
                ..ImageConfig::default()
            },
            base: parent.and_then(|parent| parent.chain.clone()),
            layers: layer.into_iter().collect(),
            parent: parent.map(|parent| parent.id.clone()),
            references: Vec::new(),
        }
    }
}
