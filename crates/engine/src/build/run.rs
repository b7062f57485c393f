//! `RUN`: a container on the image so far, whose changes become a layer.

use std::collections::BTreeMap;
use std::sync::Arc;

use longshore_api::frames::{Decoder, Stream};
use longshore_api::types::{ContainerConfig, LogConfig};
use longshore_dockerfile::instruction::Run;
use longshore_oci::config::{Healthcheck, RunConfig};
use tokio::io::AsyncReadExt as _;

use super::blocking;
use super::job::Job;
use super::output::{Characters, Failure, Sink};
use super::stage::Stage;
use crate::container::attach::AttachRequest;
use crate::container::shim::Streams;
use crate::container::{Containers, CreateRequest, WaitCondition};
use crate::error::{Error, IoContext, Result};
use crate::id;
use crate::meta::Durability;

/// Bytes of output that become one line of the answer at most.
const PIECE: usize = 32 << 10;

impl Stage {
    /// Runs a command and makes an image of what it changed.
    pub(super) async fn run(&mut self, run: &Run) -> Result<(), Failure> {
        if let Some(flag) = run.buildkit_flags.first() {
            return Err(needs_buildkit(flag).into());
        }
        let words = run.command.words(self.config.shell.as_deref());
        let env = self.config.env.clone().unwrap_or_default();
        let args = self.args.beyond(&env);
        // The image is as if the command had been its own, so that it is found
        // again by it, with the arguments that it saw.
        let step = RunConfig {
            cmd: Some(self.with_args(&args, &words)),
            entrypoint: None,
            ..self.config.clone()
        };
        if self.find_in_cache(&step).await? {
            return Ok(());
        }
        let ran = RunConfig {
            cmd: Some(words.clone()),
            env: Some([env, args].concat()),
            entrypoint: Some(vec![String::new()]),
            healthcheck: Some(Healthcheck {
                test: Some(vec!["NONE".to_owned()]),
                ..Healthcheck::default()
            }),
            ..self.config.clone()
        };
        let job = self.job.clone();
        let _permit = job.running.acquire().await.context("build")?;
        let container = self.create_container(&ran).await?;
        let mut guard = Guard {
            job: self.job.clone(),
            container: Some(container.clone()),
        };
        self.announce(&container).await?;
        let code = self.output_of(&container).await.inspect_err(|_| {
            // It stays for a look at it, unless the client left.
            if !self.sink.is_closed() {
                guard.container = None;
            }
        })?;
        guard.container = None;
        if code != 0 {
            let text = format!(
                "The command '{}' returned a non-zero code: {code}",
                words.join(" ")
            );
            return Err(Failure {
                error: Error::bad_parameter(text),
                code: Some(code),
            });
        }
        let store = self.job.shared.images.clone();
        let (keep, of) = (!self.job.request.remove, container.clone());
        let layer = blocking(move || {
            let upper = store.container_layer(&of)?.upper;
            Ok(match keep {
                true => store.stage_upper(&upper)?,
                false => store.take_upper(&upper)?,
            })
        });
        let layer = layer.await?;
        self.commit(container, step, layer).await
    }

    /// The command with the arguments that it saw before it, as histories show
    /// them. Proxies that nobody declared stay out of it.
    fn with_args(&self, args: &[String], words: &[String]) -> Vec<String> {
        if args.is_empty() {
            return words.to_vec();
        }
        let name = |entry: &str| entry.split('=').next().unwrap_or_default().to_owned();
        let mut shown: Vec<String> = args.to_vec();
        shown.retain(|entry| self.args.is_declared(&name(entry)));
        shown.sort();
        let count = format!("|{}", shown.len());
        [&[count], &shown[..], words].concat()
    }

    /// Creates a container of this build.
    pub(super) async fn create_container(&self, config: &RunConfig) -> Result<String, Failure> {
        let config: ContainerConfig = serde_json::to_value(config)
            .and_then(serde_json::from_value)
            .context("configuration of a step")?;
        let mut host = self.job.request.host.clone();
        host.log_config = LogConfig {
            r#type: "none".into(),
            config: None,
        };
        let id = id::generate()?;
        self.job.place.note_container(&id)?;
        let request = CreateRequest {
            name: None,
            config: Some(config),
            host_config: Some(host),
            endpoints: BTreeMap::new(),
        };
        let created = Containers::new(self.job.shared.clone())
            .create_as(id, request, Durability::Process)
            .await?;
        for warning in created.warnings {
            self.sink.text(format!("[Warning] {warning}\n")).await?;
        }
        Ok(created.id)
    }

    /// Starts a container, passes its output on, and answers its exit code.
    async fn output_of(&self, container: &str) -> Result<i64, Failure> {
        let containers = Containers::new(self.job.shared.clone());
        let attach = AttachRequest {
            stdout: true,
            stderr: true,
            stream: true,
            ..AttachRequest::default()
        };
        let attached = containers.attach(container, attach).await?;
        let waiting = containers.wait(container, WaitCondition::NextExit)?;
        containers.start(container).await?;
        if let Some(streams) = attached.streams
            && let Ok(streams) = streams.await
        {
            pass(streams, &self.sink).await?;
        }
        Ok(waiting.outcome().await.exit_code)
    }

    /// Removes the containers of a step, and tells of each.
    pub(super) async fn remove_containers(&mut self) -> Result<(), Failure> {
        for container in std::mem::take(&mut self.containers) {
            let removed = Containers::new(self.job.shared.clone())
                .remove_with(&container, true, true)
                .await;
            match removed {
                // There was none; see `Stage::stand_in`.
                Err(error) if error.kind == crate::error::ErrorKind::NotFound => {}
                other => other?,
            }
            self.job.place.forget_container(&container);
            let text = format!(
                "Removing intermediate container {}\n",
                id::short(&container)
            );
            self.sink.text(text).await?;
        }
        Ok(())
    }
}

/// An option that BuildKit has and the classic builder has not.
pub(super) fn needs_buildkit(option: &str) -> Error {
    Error::system(format!(
        "the --{option} option requires BuildKit. Refer to \
         https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled"
    ))
}

/// Passes output on, what goes to standard error in red.
async fn pass(streams: Streams, sink: &Sink) -> Result<(), Failure> {
    let (mut from, _) = streams.stream.into_split();
    let mut decoder = Decoder::default();
    let (mut out, mut err) = (Characters::default(), Characters::default());
    let mut buffer = streams.first;
    loop {
        let mut input = &buffer[..];
        while let Some((stream, piece)) = decoder.next(&mut input).context("output")? {
            match stream {
                Stream::Stderr => tell_red(sink, err.push(piece)).await?,
                _ => tell(sink, out.push(piece)).await?,
            }
        }
        buffer.resize(PIECE, 0);
        // The shim may have gone at once with the program.
        match from.read(&mut buffer).await.unwrap_or(0) {
            0 => break,
            length => buffer.truncate(length),
        }
    }
    tell(sink, out.finish()).await?;
    tell_red(sink, err.finish()).await
}

async fn tell(sink: &Sink, text: String) -> Result<(), Failure> {
    match text.is_empty() {
        true => Ok(()),
        false => sink.text(text).await,
    }
}

async fn tell_red(sink: &Sink, text: String) -> Result<(), Failure> {
    match text.is_empty() {
        true => Ok(()),
        false => sink.text(format!("\u{1b}[91m{text}\u{1b}[0m")).await,
    }
}

/// A container that goes with its step if the build is given up.
struct Guard {
    /// Its notes say whose the container is, until it is gone.
    job: Arc<Job>,
    container: Option<String>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(container) = self.container.take() else {
            return;
        };
        let job = self.job.clone();
        tokio::spawn(async move {
            let containers = Containers::new(job.shared.clone());
            if let Err(error) = containers.remove_with(&container, true, true).await {
                tracing::warn!(%container, %error, "left by a build that was cancelled");
            }
        });
    }
}
