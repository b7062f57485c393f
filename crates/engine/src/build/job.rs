//! What the stages of one build share, and how they wait for each other.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use longshore_dockerfile::args::BuildArgs;
use longshore_dockerfile::expand;
use longshore_dockerfile::instruction::{Dockerfile, From, Pair};
use longshore_image::store::Image;
use longshore_oci::reference::Reference;
use tokio::sync::{OnceCell, Semaphore, watch};

use super::cache::Cache;
use super::context::Context;
use super::graph::Graph;
use super::output::{Failure, Line, Sink};
use super::place::Place;
use super::{BuildRequest, lock, stage};
use crate::error::{Error, ErrorKind, Result};
use crate::image::Images;
use crate::image::held::Hold;
use crate::image::progress;
use crate::image::pull::Wanted;
use crate::shared::Shared;

/// The name of the image that is none.
pub(super) const SCRATCH: &str = "scratch";

/// What clients call Docker Hub where they keep credentials.
const HUB: &str = "https://index.docker.io/v1/";

/// One build.
pub(super) struct Job {
    pub(super) shared: Arc<Shared>,
    pub(super) request: BuildRequest,
    pub(super) file: Dockerfile,
    pub(super) graph: Graph,
    /// The client's labels, sorted.
    pub(super) labels: Vec<Pair>,
    pub(super) cache: Cache,
    /// The images of this build, its own and those it takes files from.
    pub(super) hold: Hold,
    pub(super) context: Context,
    pub(super) place: Place,
    /// Commands that may run at the same time.
    pub(super) running: Semaphore,
    plan: OnceLock<Plan>,
    slots: Vec<Slot>,
    /// Images that were asked for, by name and platform.
    images: Mutex<Named>,
}

/// Images by name and platform, each looked for once.
type Named = HashMap<(String, String), Arc<OnceCell<Image>>>;

/// What is known once the arguments before the first stage are.
struct Plan {
    args: BuildArgs,
    /// The names of the images that the stages begin with.
    bases: Vec<String>,
    needed: Vec<bool>,
}

/// What a stage has come to.
#[derive(Clone)]
pub(super) struct Built {
    /// The image that it began with; none for nothing.
    pub(super) base: Option<Image>,
    /// Its last image; none for a stage of nothing on nothing.
    pub(super) image: Option<Image>,
    /// Its arguments.
    pub(super) args: BuildArgs,
}

/// Where a stage is.
struct Slot {
    progress: watch::Sender<Progress>,
    /// Held by whoever builds a stage that nobody was thought to need.
    late: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Progress {
    steps: usize,
    built: Option<Built>,
}

impl Job {
    pub(super) fn new(
        shared: Arc<Shared>,
        request: BuildRequest,
        file: Dockerfile,
        context: Context,
        place: Place,
    ) -> Result<Job> {
        let pairs = request.labels.iter();
        let labels: Vec<Pair> = pairs
            .map(|(name, value)| Pair {
                name: name.clone(),
                value: value.clone(),
            })
            .collect();
        let meta = file.meta_args.len();
        let graph = Graph::new(&file.stages, meta, labels.len(), &request.target)?;
        let slot = |_| Slot {
            progress: watch::Sender::new(Progress::default()),
            late: tokio::sync::Mutex::new(()),
        };
        let at_once = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
        Ok(Job {
            cache: Cache::new(&shared.images, request.no_cache, &request.cache_from),
            slots: graph.first.iter().map(slot).collect(),
            hold: Hold::new(shared.clone()),
            running: Semaphore::new(at_once),
            plan: OnceLock::new(),
            images: Mutex::default(),
            shared,
            request,
            file,
            graph,
            labels,
            context,
            place,
        })
    }

    /// Tells the steps before the first stage and learns what they declare.
    pub(super) async fn read_meta(&self, sink: &Sink) -> Result<(), Failure> {
        let mut args = BuildArgs::new(self.request.build_args.clone());
        let escape = self.file.directives.escape;
        let wrong = |error: expand::ExpandError| Error::bad_parameter(error.to_string());
        for (number, step) in self.file.meta_args.iter().enumerate() {
            sink.step(number + 1, self.graph.total, &step.original)
                .await?;
            for arg in &step.value {
                let env = args.for_from();
                let mut arg = arg.clone();
                arg.name = expand::word(&arg.name, &env, escape).map_err(wrong)?;
                let value = arg.value.as_deref();
                let value = value.map(|value| expand::word(value, &env, escape));
                arg.value = value.transpose().map_err(wrong)?;
                args.add_meta(&arg);
            }
        }
        let env = args.for_from();
        let stages = self.file.stages.iter().take(self.slots.len());
        // What cannot be expanded is told when its stage is reached.
        let base = |from: &From| expand::word(&from.image, &env, escape).unwrap_or_default();
        let bases: Vec<String> = stages.map(|stage| base(&stage.from.value)).collect();
        let needed = self.graph.needed(&self.file.stages, &bases);
        self.plan.get_or_init(|| Plan {
            args,
            bases,
            needed,
        });
        Ok(())
    }

    /// The client's arguments and those declared before the first stage.
    pub(super) fn args(&self) -> &BuildArgs {
        static NONE: OnceLock<BuildArgs> = OnceLock::new();
        match self.plan.get() {
            Some(plan) => &plan.args,
            None => NONE.get_or_init(BuildArgs::default),
        }
    }

    /// The stages that the target needs, in order.
    pub(super) fn needed(&self) -> Vec<usize> {
        let needed = self.plan.get().map_or(&[][..], |plan| &plan.needed);
        let numbers = needed.iter().enumerate();
        numbers
            .filter_map(|(number, needed)| needed.then_some(number))
            .collect()
    }

    /// Waits until an earlier stage has done the steps that both begin with, so
    /// that they are found in the cache.
    pub(super) async fn wait_for_shared_steps(&self, number: usize) {
        let Some(plan) = self.plan.get().filter(|_| self.cache.is_enabled()) else {
            return;
        };
        let stages = &self.file.stages;
        if let Some((other, steps)) = Graph::shares(number, stages, &plan.bases, &plan.needed) {
            let mut progress = self.slots[other].progress.subscribe();
            // A stage that fails ends the build, and this wait.
            let enough = |now: &Progress| now.steps >= steps || now.built.is_some();
            progress.wait_for(enough).await.ok();
        }
    }

    pub(super) fn tell_progress(&self, number: usize, steps: usize) {
        let slot = &self.slots[number];
        slot.progress.send_modify(|progress| progress.steps = steps);
    }

    pub(super) fn tell_built(&self, number: usize, built: Built) {
        let slot = &self.slots[number];
        slot.progress
            .send_modify(|progress| progress.built = Some(built));
    }

    /// The image that a stage begins with; none for `scratch`.
    pub(super) async fn base_of(
        self: &Arc<Job>,
        number: usize,
        from: &From,
        sink: &Sink,
    ) -> Result<Option<Image>, Failure> {
        let env = self.args().for_from();
        let escape = self.file.directives.escape;
        let expand = |text: &str| {
            let word = expand::word(text, &env, escape);
            word.map_err(|error| Error::system(error.to_string()))
        };
        let platform = match &from.platform {
            Some(platform) => {
                let platform = expand(platform)?;
                Wanted::parse(Some(&platform)).map_err(|error| {
                    Error::system(format!("failed to parse platform {platform}: {error}"))
                })?;
                platform
            }
            None => self.request.platform.clone(),
        };
        let name = expand(&from.image)?;
        if name.is_empty() {
            let text = format!("base name ({}) should not be blank", from.image);
            return Err(Error::system(text).into());
        }
        if let Some(stage) = self.graph.by_name(number, &name) {
            return self.stage_image(stage, sink).await;
        }
        match name.as_str() {
            SCRATCH => Ok(None),
            name => Ok(Some(self.named_image(name, &platform, sink).await?)),
        }
    }

    /// The last image of a stage.
    pub(super) async fn stage_image(
        self: &Arc<Job>,
        number: usize,
        sink: &Sink,
    ) -> Result<Option<Image>, Failure> {
        let slot = &self.slots[number];
        let needed = self.plan.get().is_some_and(|plan| plan.needed[number]);
        if !needed {
            // A trigger of an image asks for it: nobody could know before.
            let _building = slot.late.lock().await;
            if slot.progress.borrow().built.is_none() {
                let building = stage::build(self.clone(), number, sink.clone());
                let built = Box::pin(building).await?;
                self.tell_built(number, built);
            }
        }
        let mut progress = slot.progress.subscribe();
        let built = progress.wait_for(|now| now.built.is_some()).await;
        let built = built.ok().and_then(|now| now.built.clone());
        Ok(built.and_then(|built| built.image))
    }

    /// An image by its name. It is looked for, and pulled, once in a build.
    pub(super) async fn named_image(
        &self,
        name: &str,
        platform: &str,
        sink: &Sink,
    ) -> Result<Image, Failure> {
        let key = (name.to_owned(), platform.to_owned());
        let cell = lock(&self.images).entry(key).or_default().clone();
        let image = cell.get_or_try_init(|| self.find_image(name, platform, sink));
        Ok(image.await?.clone())
    }

    async fn find_image(&self, name: &str, platform: &str, sink: &Sink) -> Result<Image, Failure> {
        let store = &self.shared.images;
        if !self.request.pull {
            match self.hold.keep(|| Ok(Some(store.get(name)?))) {
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
            }
        }
        let reference = Reference::parse(name)
            .map_err(|error| Error::bad_parameter(error.to_string()))?
            .with_default_tag();
        let host = match reference.domain() {
            "docker.io" => HUB,
            other => other,
        };
        let auth = self.request.auths.get(host).cloned().unwrap_or_default();
        let images = Images::new(self.shared.clone());
        let (progress, mut told) = progress::Progress::channel();
        let platform = Some(platform).filter(|platform| !platform.is_empty());
        let pull = async {
            let pulled = images.pull(&reference, platform, &auth, &progress).await;
            drop(progress);
            Ok(pulled)
        };
        let tell = async {
            while let Some(line) = told.recv().await {
                sink.line(Line::Progress(line)).await?;
            }
            Ok::<_, Failure>(())
        };
        let (pulled, ()) = tokio::try_join!(pull, tell)?;
        let id = pulled?;
        let gone = || Error::not_found(format!("No such image: {name}"));
        let pulled = self.hold.keep(|| Ok(store.image(&id)))?;
        Ok(pulled.ok_or_else(gone)?)
    }

    /// What the client gave and no stage asked for.
    pub(super) fn unused_args(&self, stages: &BTreeMap<usize, Built>) -> Vec<String> {
        let mut args = self.args().clone();
        for built in stages.values() {
            args.merge_used(&built.args);
        }
        args.unused()
    }
}
