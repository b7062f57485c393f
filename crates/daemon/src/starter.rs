//! Puts the starter images in place, so that the first `docker run` needs no
//! registry. One that a user removed is back at the next start; one of that
//! name that a user brought stays.

use longshore_engine::Engine;
use longshore_engine::error::Error;
use longshore_engine::image::BaseImage;

/// Provides every starter image.
pub(crate) async fn provide(engine: &Engine) -> Result<(), Error> {
    for starter in longshore_starter::images() {
        let image = BaseImage {
            reference: starter.reference.to_owned(),
            layer: starter.layer,
            cmd: starter.cmd,
            env: starter.env,
        };
        if engine.images().provide(image).await? {
            tracing::debug!(image = starter.reference, "put in place");
        }
    }
    Ok(())
}
