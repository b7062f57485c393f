//! `COPY`, `ADD` and `WORKDIR`: files that become a layer without a container.
//!
//! They are written through a view of the image's files with an empty layer on
//! top: the kernel resolves every path below the image's root, and directories
//! on the way keep what the image says of them.

use longshore_archive::make;
use longshore_dockerfile::instruction::Copy;
use longshore_image::layer::StagedLayer;
use longshore_image::store::Image;
use longshore_runtime::spec::RootfsSpec;
use longshore_runtime::view::{View, ViewRoot, ViewSpec};

use super::blocking;
use super::output::Failure;
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
        drop(from);
        Err(Error::not_implemented(format!("{keyword} is not implemented yet")).into())
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

/// Lets somebody write into an image's files and makes a layer of what is
/// written; none if that is nothing.
fn with_layer(
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
