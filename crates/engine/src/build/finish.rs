//! The end of a build: one layer if wished, and names.

use std::collections::BTreeMap;
use std::sync::Arc;

use longshore_oci::reference::Reference;

use super::job::{Built, Job};
use super::output::{Failure, Line, Sink};
use super::squash::squash;
use super::{blocking, prune};
use crate::error::{Error, Result};
use crate::image::Images;

/// The names that a client wants, checked; each counts once.
pub(super) fn references(tags: &[String]) -> Result<Vec<Reference>> {
    let mut references: Vec<Reference> = Vec::new();
    for tag in tags.iter().filter(|tag| !tag.is_empty()) {
        let reference = Reference::parse(tag).map_err(|error| Error::system(error.to_string()))?;
        if reference.digest().is_some() {
            return Err(Error::system("build tag cannot contain a digest"));
        }
        let reference = reference.with_default_tag();
        if !references.contains(&reference) {
            references.push(reference);
        }
    }
    Ok(references)
}

/// Tells what was built, and names it; answers its id.
pub(super) async fn finish(
    job: &Arc<Job>,
    tags: &[Reference],
    built: BTreeMap<usize, Built>,
    sink: &Sink,
) -> Result<String, Failure> {
    let unused = job.unused_args(&built);
    if !unused.is_empty() {
        let text = format!(
            "[Warning] One or more build-args [{}] were not consumed\n",
            unused.join(" ")
        );
        sink.text(text).await?;
    }
    let last = built.get(&job.graph.target);
    let Some((built, image)) = last.and_then(|built| Some((built, built.image.as_ref()?))) else {
        return Err(Error::system("No image was generated. Is your Dockerfile empty?").into());
    };
    let mut id = image.id.clone();
    if job.request.squash {
        let (shared, base, image) = (job.shared.clone(), built.base.clone(), image.clone());
        id = blocking(move || squash(&shared, base.as_ref(), &image)).await?;
        job.hold.keep(|| Ok(job.shared.images.image(&id)))?;
        let line = Line::Image {
            name: Some("moby.image.id"),
            id: id.to_string(),
        };
        sink.line(line).await?;
    }
    sink.text(format!("Successfully built {}\n", id.short()))
        .await?;
    if tags.is_empty() {
        prune::note_result(&job.shared, &id);
    }
    let images = Images::new(job.shared.clone());
    for tag in tags {
        let name = tag.familiar_name();
        images
            .tag(&id.to_string(), &name, tag.tag().unwrap_or_default())
            .await?;
        sink.text(format!("Successfully tagged {}\n", tag.familiar()))
            .await?;
    }
    Ok(id.to_string())
}
