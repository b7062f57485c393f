//! `COPY`, `ADD` and `WORKDIR`: files that become a layer without a container.
//!
//! They are written through a view of the image's files with an empty layer on
//! top: the kernel resolves every path below the image's root, and directories
//! on the way keep what the image says of them.

use longshore_archive::make;
use longshore_dockerfile::instruction::{Copy, Source};
use longshore_image::layer::StagedLayer;
use longshore_image::store::Image;
use longshore_runtime::spec::RootfsSpec;
use longshore_runtime::view::{View, ViewRoot, ViewSpec};

use super::blocking;
use super::job::Job;
use super::output::Failure;
use super::remote;
use super::select::{self, Origin, Selected, Target};
use super::stage::Stage;
use crate::error::{Error, IoContext, Result};
use crate::id;
use crate::shared::Shared;

impl Stage {
    /// Makes an image with files of the context, of another stage or image, or
    /// from elsewhere.
    pub(super) async fn copy(&mut self, keyword: &str, copy: &Copy) -> Result<(), Failure> {
        let from = match &copy.from {
            Some(from) => Some(self.source(from).await?),
            None => None,
        };
        let named = |error: Error| error.prefixed(&format!("{keyword} failed: "));
        let fetched = self.fetch(keyword, copy).await.map_err(named)?;
        let (job, sources) = (self.job.clone(), copy.sources.clone());
        let select = move || {
            let files = Files::open(&job, from.as_ref().map(Option::as_ref))?;
            let mut selected = Vec::new();
            for (source, fetched) in sources.iter().zip(fetched) {
                match (source, fetched) {
                    (_, Some(file)) => selected.push(file),
                    (Source::Heredoc(heredoc), None) => selected.push(select::inline(heredoc)),
                    (Source::Path(path), None) => selected.extend(files.select(&job, path)?),
                }
            }
            // What was selected is open, but its mounts go with the view.
            Ok((files, selected))
        };
        let (files, selected) = blocking(select).await.map_err(named)?;
        if selected.is_empty() {
            return Err(named(Error::system("no source files were specified")).into());
        }
        if selected.len() > 1 && !copy.destination.ends_with('/') {
            let text = format!(
                "When using {keyword} with more than one source file, the destination must be a \
                 directory and end with a /"
            );
            return Err(Error::system(text).into());
        }
        // As dockerd writes it: nothing stands between the owner and the digest.
        let option = |name: &str, value: &Option<String>| match value {
            Some(value) => format!("--{name}={value}"),
            None => String::new(),
        };
        let text = format!(
            "#(nop) {keyword} {}{}{} in {} ",
            option("chown", &copy.chown),
            option("chmod", &copy.chmod),
            select::digest_of(&selected),
            copy.destination
        );
        let step = self.commented(&[&text]);
        if self.find_in_cache(&step).await? {
            return Ok(());
        }
        let mut target = Target {
            path: Target::path(&self.config.working_dir, &copy.destination),
            mode: copy.chmod.as_deref().map(mode).transpose()?,
            unpack: keyword == "ADD",
            // Files of an image are somebody's there; a client's are nobody's.
            owner: copy.from.is_none().then_some((0, 0)),
        };
        let (shared, image) = (self.job.shared.clone(), self.image.clone());
        let chown = copy.chown.clone();
        let write = move || {
            let layer = with_layer(&shared, image.as_ref(), |view| {
                if let Some(chown) = &chown {
                    target.owner = Some(select::owner(view, chown)?);
                }
                select::place(&selected, view.root(), &target)
            });
            drop(files);
            layer
        };
        let layer = blocking(write).await?;
        self.commit(String::new(), step, layer).await
    }

    /// By source: the file of the web that is asked for, if it is one.
    async fn fetch(&self, keyword: &str, copy: &Copy) -> Result<Vec<Option<Selected>>> {
        let mut fetched = Vec::new();
        for source in &copy.sources {
            fetched.push(match source {
                Source::Path(address) if remote::is_url(address) => {
                    if keyword != "ADD" {
                        let text = format!("source can't be a URL for {keyword}");
                        return Err(Error::system(text));
                    }
                    let dir = self.job.place.downloads();
                    Some(remote::download(address, &copy.destination, &dir).await?)
                }
                _ => None,
            });
        }
        Ok(fetched)
    }

    /// The files of a stage or an image; none of nothing.
    async fn source(&self, from: &str) -> Result<Option<Image>, Failure> {
        let named = |error: Error| error.prefixed(&format!("invalid from flag value {from}: "));
        let job = &self.job;
        let image = match job
            .graph
            .by_name_or_number(self.number, from)
            .map_err(named)?
        {
            Some(stage) => job.stage_image(stage, &self.sink).await,
            None => {
                let platform = &job.request.platform;
                let image = job.named_image(from, platform, &self.sink).await;
                image.map(Some)
            }
        };
        image.map_err(|failure| Failure {
            error: named(failure.error),
            ..failure
        })
    }

    /// Makes the working directory, if it is not there.
    pub(super) async fn make_directory(&mut self, text: &str) -> Result<(), Failure> {
        let step = self.commented(&[&format!("#(nop) {text}")]);
        if self.find_in_cache(&step).await? {
            return Ok(());
        }
        let container = self.stand_in(&step).await?;
        let (shared, image) = (self.job.shared.clone(), self.image.clone());
        let directory = self.config.working_dir.clone();
        let layer = blocking(move || {
            with_layer(&shared, image.as_ref(), |view| {
                make::directories(view.root(), directory.as_bytes()).context(&directory)?;
                Ok(())
            })
        });
        let layer = layer.await?;
        self.commit(container, step, layer).await
    }
}

/// The files that an instruction takes some of.
enum Files {
    Context,
    Image(View),
}

impl Files {
    fn open(job: &Job, from: Option<Option<&Image>>) -> Result<Files> {
        let Some(image) = from else {
            return Ok(Files::Context);
        };
        let chain = image.and_then(|image| image.chain.as_ref());
        let layers = match chain {
            Some(chain) => job.shared.images.lower_dirs(chain),
            None => vec![job.place.nothing()],
        };
        let view = job.shared.zygote.view(&ViewSpec {
            root: ViewRoot::Copy { layers },
            mounts: Vec::new(),
        });
        Ok(Files::Image(view.context("look at the image's files")?))
    }

    fn select(&self, job: &Job, path: &str) -> Result<Vec<Selected>> {
        match self {
            Files::Context => select::select(job.context.root(), path, Origin::Context),
            Files::Image(view) => select::select(view.root(), path, Origin::Image),
        }
    }
}

/// The mode of `--chmod`.
fn mode(text: &str) -> Result<u32> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| {
            let text = format!("invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777");
            Error::bad_parameter(text)
        })
}

/// Lets somebody write into an image's files and makes a layer of what is
/// written; none if that is nothing.
pub(super) fn with_layer(
    shared: &Shared,
    image: Option<&Image>,
    write: impl FnOnce(&View) -> Result<()>,
) -> Result<Option<StagedLayer>> {
    let store = &shared.images;
    let scratch = id::generate()?;
    let chain = image.and_then(|image| image.chain.as_ref());
    let layer = store.container_create(&scratch, chain)?;
    let made = || {
        let lower: Vec<_> = chain
            .map(|chain| store.lower_dirs(chain))
            .unwrap_or_default();
        let view = shared.zygote.view(&ViewSpec {
            root: ViewRoot::Layers(RootfsSpec {
                lower,
                upper: layer.upper.clone(),
                work: layer.work.clone(),
                readonly: false,
            }),
            mounts: Vec::new(),
        });
        let view = view.context("look at the image's files")?;
        write(&view)?;
        drop(view);
        Ok(store.take_upper(&layer.upper)?)
    };
    let made = made();
    store.container_remove(&scratch)?;
    made
}
