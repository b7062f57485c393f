//! The list of images: which ones a query selects, and what it tells of them.

use longshore_api::filters::Filters;
use longshore_api::scalar::UnixSeconds;
use longshore_api::types::ImageSummary;
use longshore_image::store::Image;
use longshore_oci::reference::Reference;

use super::{Images, glob};
use crate::error::{Error, Result};

impl Images {
    /// The images that the filters select, newest first. Intermediate ones
    /// only with `all`.
    pub fn list(&self, all: bool, filters: &Filters) -> Result<Vec<ImageSummary>> {
        filters
            .only(&["before", "dangling", "label", "reference", "since"])
            .map_err(|error| Error::bad_parameter(error.message))?;
        let dangling = match filters.values("dangling").collect::<Vec<_>>()[..] {
            [] => None,
            ["true"] => Some(true),
            ["false"] => Some(false),
            _ => return Err(Error::bad_parameter(filters.bad_value("dangling").message)),
        };
        let selected = |reference: &Reference| -> Result<bool> {
            let mut globs = filters.values("reference");
            globs.try_fold(false, |found, glob| {
                Ok(matches_reference(reference, glob)? || found)
            })
        };
        let created = |key: &str| -> Result<Option<jiff::Timestamp>> {
            let Some(name) = filters.values(key).next() else {
                return Ok(None);
            };
            Ok(self.shared.images.get(name)?.config.created)
        };
        let (before, since) = (created("before")?, created("since")?);
        let labels_of = |image: &Image| image.config.config.labels.clone().unwrap_or_default();
        let mut summaries = Vec::new();
        for mut image in self.shared.images.list() {
            let tagged = !image.references.is_empty();
            if filters.contains("reference") {
                // Of the image's names only those are shown that match.
                let mut matching = Vec::new();
                for reference in image.references {
                    if selected(&reference)? {
                        matching.push(reference);
                    }
                }
                image.references = matching;
                if image.references.is_empty() {
                    continue;
                }
            }
            let children = || !self.shared.images.children(&image.id).is_empty();
            // An intermediate image is one that others were made from.
            let shown = tagged || all || !children();
            let is_dangling = !tagged && !children();
            let time = image.config.created;
            if shown
                && dangling.is_none_or(|wanted| wanted == is_dangling)
                && before.is_none_or(|limit| time.is_some_and(|time| time < limit))
                && since.is_none_or(|limit| time.is_some_and(|time| time > limit))
                && filters.matches_labels(&labels_of(&image))
            {
                summaries.push(summary(&image));
            }
        }
        Ok(summaries)
    }
}

fn summary(image: &Image) -> ImageSummary {
    let size = i64::try_from(image.size).unwrap_or(i64::MAX);
    let (mut tags, mut digests) = (image.repo_tags(), Some(image.repo_digests()));
    if image.references.is_empty() {
        tags = vec!["<none>:<none>".into()];
        digests = Some(vec!["<none>@<none>".into()]);
    } else if digests.as_ref().is_some_and(Vec::is_empty) {
        digests = None;
    }
    ImageSummary {
        id: image.id.to_string(),
        parent_id: image
            .parent
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        repo_tags: Some(tags),
        repo_digests: digests,
        created: UnixSeconds(image.config.created.map_or(0, |time| time.as_second())),
        size,
        virtual_size: size,
        shared_size: -1,
        containers: -1,
        labels: image.config.config.labels.clone(),
    }
}

/// A glob over the familiar name, with or without the tag.
fn matches_reference(reference: &Reference, pattern: &str) -> Result<bool> {
    let names = [reference.familiar(), reference.familiar_name()];
    names.iter().try_fold(false, |found, name| {
        let matches = glob::matches(pattern, name)
            .map_err(|_| Error::bad_parameter("syntax error in pattern"))?;
        Ok(found || matches)
    })
}
