//! The classic builder: a context and a Dockerfile become images, a step at a
//! time.
//!
//! ```text
//! prepare: context, Dockerfile, options ─▶ an error still has a status of its own
//! run:     stage ─┐
//!          stage ─┼─ lines, in the order of the stages ─▶ client
//!          stage ─┘
//! finish:  squash, names
//! ```
//!
//! Stages that do not need each other are built at the same time (`graph`,
//! `job`). A step (`stage`) looks in the `cache`; what it does not find there it
//! runs (`run`), copies (`copy`), or only notes in the next image's
//! configuration. Whoever gives the build up drops it, and everything in it ends
//! and is cleared away; what a killed engine leaves is noted in a `place`.

mod cache;
mod context;
mod copy;
mod finish;
mod git;
mod graph;
mod job;
mod output;
pub(crate) mod place;
mod prune;
mod remote;
mod run;
mod select;
mod squash;
mod stage;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use longshore_api::registry_auth::RegistryAuth;
use longshore_api::types::HostConfig;
use longshore_dockerfile::instruction::Dockerfile;
use longshore_oci::reference::Reference;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::context::Context;
use self::job::{Built, Job};
use self::output::Sink;
use self::place::Place;
use crate::error::{Error, IoContext, Result};
use crate::image::pull::Wanted;
use crate::shared::Shared;

pub use self::output::{Failure, Line};
pub use self::prune::PrunedCache;
pub(crate) use self::prune::{is_cache_only, note_result};

/// Lines that may wait for the client.
const WAITING: usize = 64;

/// The builds of an engine.
#[derive(Clone)]
pub struct Builds {
    shared: Arc<Shared>,
}

/// What a client wants to be built.
#[derive(Clone, Debug, Default)]
pub struct BuildRequest {
    /// The Dockerfile's path in the context; empty for `Dockerfile`.
    pub dockerfile: String,
    /// Names for the image.
    pub tags: Vec<String>,
    /// Where the context comes from, if not from the client: a URL.
    pub remote: String,
    /// Tell nothing but the image's id.
    pub quiet: bool,
    /// Take no step from the cache.
    pub no_cache: bool,
    /// Images to take steps from, and from no others.
    pub cache_from: Vec<String>,
    /// Look for newer base images.
    pub pull: bool,
    /// Remove the containers of steps that succeed.
    pub remove: bool,
    /// Remove the containers of steps that fail, too.
    pub force_remove: bool,
    /// Values for build arguments; one without a value is as if not given.
    pub build_args: BTreeMap<String, Option<String>>,
    /// Put all new layers into one.
    pub squash: bool,
    /// Labels for the image.
    pub labels: BTreeMap<String, String>,
    /// The stage to build; empty for the last one.
    pub target: String,
    /// The platform of images to pull; empty for this machine's.
    pub platform: String,
    /// Credentials for registries, by host.
    pub auths: BTreeMap<String, RegistryAuth>,
    /// Limits, network and hosts of the containers of `RUN`.
    pub host: HostConfig,
}

/// A build that can be run.
pub struct Build {
    job: Arc<Job>,
    tags: Vec<Reference>,
}

impl Builds {
    pub(crate) fn new(shared: Arc<Shared>) -> Builds {
        Builds { shared }
    }

    /// Takes the context in and reads the Dockerfile.
    pub async fn prepare(
        &self,
        request: BuildRequest,
        body: impl Read + Send + 'static,
    ) -> Result<Build> {
        let tags = finish::references(&request.tags)?;
        if !request.platform.is_empty() {
            Wanted::parse(Some(&request.platform))?;
        }
        let shared = self.shared.clone();
        let place = blocking(move || Place::new(&shared)).await?;
        let (context, text) = match request.remote.as_str() {
            "" => {
                let (dir, name) = (place.context(), request.dockerfile.clone());
                let receive = move || {
                    let context = Context::receive(&dir, body)?;
                    let text = context.dockerfile(&name)?;
                    Ok((context, text))
                };
                blocking(receive).await?
            }
            remote => remote::context(remote, &request.dockerfile, &place.context()).await?,
        };
        let shared = self.shared.clone();
        blocking(move || {
            let name = match request.dockerfile.as_str() {
                "" => "Dockerfile",
                name => name,
            };
            let file = Dockerfile::parse(&text)
                .map_err(|error| Error::bad_parameter(error.in_file(name)))?;
            let job = Arc::new(Job::new(shared, request, file, context, place)?);
            Ok(Build { job, tags })
        })
        .await
    }
}

impl Build {
    /// Builds, and tells about it until the end. Dropping this future ends the
    /// build: nothing of it goes on.
    pub async fn run(self, lines: mpsc::Sender<Line>) -> Result<(), Failure> {
        let Build { job, tags } = self;
        if !job.request.quiet {
            return run(&job, &tags, &lines).await.map(drop);
        }
        let (hidden, mut kept) = mpsc::channel(WAITING);
        let mut all = Vec::new();
        let keep = async {
            while let Some(line) = kept.recv().await {
                all.push(line);
            }
        };
        let work = async {
            let done = run(&job, &tags, &hidden).await;
            drop(hidden);
            done
        };
        let (done, ()) = tokio::join!(work, keep);
        let shown = match &done {
            Ok(id) => vec![Line::Text(format!("{id}\n"))],
            // Only what went wrong is worth its story.
            Err(_) => all,
        };
        for line in shown {
            lines.send(line).await.map_err(|_| output::cancelled())?;
        }
        done.map(drop)
    }
}

/// Builds the stages side by side and tells their lines one after the other;
/// answers the image's id.
async fn run(
    job: &Arc<Job>,
    tags: &[Reference],
    lines: &mpsc::Sender<Line>,
) -> Result<String, Failure> {
    let sink = Sink::to(lines.clone());
    let done = build_stages(job, &sink).await;
    // What was told to be there stays, also of a build that failed.
    let store = job.shared.images.clone();
    blocking(move || Ok(store.flush()?)).await?;
    finish::finish(job, tags, done?, &sink).await
}

async fn build_stages(job: &Arc<Job>, sink: &Sink) -> Result<BTreeMap<usize, Built>, Failure> {
    for warning in &job.file.warnings {
        sink.text(format!("\u{1b}[91m{warning}\u{1b}[0m")).await?;
    }
    job.read_meta(sink).await?;
    let needed = job.needed();
    let mut tasks = JoinSet::new();
    let mut told = Vec::new();
    for number in needed {
        let (sink, lines) = Sink::new();
        let job = job.clone();
        let task = tasks.spawn(async move {
            let built = stage::build(job.clone(), number, sink).await?;
            job.tell_built(number, built.clone());
            Ok::<_, Failure>((number, built))
        });
        told.push((task.id(), lines));
    }
    let mut built = BTreeMap::new();
    let mut failed = BTreeMap::new();
    for (task, mut stage) in told {
        while let Some(line) = stage.recv().await {
            sink.line(line).await?;
        }
        // Its lines end shortly before it does.
        while !built.contains_key(&task) && !failed.contains_key(&task) {
            match tasks.join_next_with_id().await {
                Some(Ok((id, Ok(done)))) => drop(built.insert(id, done)),
                Some(Ok((id, Err(failure)))) => drop(failed.insert(id, failure)),
                Some(Err(error)) => return Err(Error::system(error.to_string()).into()),
                None => return Err(Error::system("a stage is lost").into()),
            }
        }
        if let Some(failure) = failed.remove(&task) {
            return Err(failure);
        }
    }
    Ok(built.into_values().collect())
}

/// Runs what waits for the disk on a thread that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("build")?
}

/// A lock on what is valid after every statement: a panic elsewhere does not
/// spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
