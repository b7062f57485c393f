//! Search: what a registry has under a word.

use longshore_api::filters::Filters;
use longshore_api::registry_auth::RegistryAuth;
use longshore_api::types::ImageSearchResponseItem;

use super::Images;
use super::pull::credentials;
use crate::error::{Error, Result};

/// Results of a search that does not say how many it wants.
const USUAL: i64 = 25;

impl Images {
    /// Searches the registry that the term names, or Docker Hub. The filters
    /// select among what the registry found.
    pub async fn search(
        &self,
        term: &str,
        limit: Option<i64>,
        filters: &Filters,
        auth: &RegistryAuth,
    ) -> Result<Vec<ImageSearchResponseItem>> {
        filters
            .only(&["is-automated", "is-official", "stars"])
            .map_err(|error| Error::bad_parameter(error.message))?;
        let automated = flag(filters, "is-automated")?;
        let official = flag(filters, "is-official")?;
        let mut stars = 0;
        for given in filters.values("stars") {
            let number: i64 = given
                .parse()
                .map_err(|_| Error::bad_parameter(format!("Invalid filter 'stars={given}'")))?;
            stars = stars.max(number);
        }
        let limit = limit.unwrap_or(USUAL);
        let wanted = u32::try_from(limit)
            .ok()
            .filter(|it| (1..=100).contains(it));
        let wanted = wanted.ok_or_else(|| {
            Error::bad_parameter(format!("Limit {limit} is outside the range of [1, 100]"))
        })?;
        let found = self
            .shared
            .live()
            .registries
            .search(term, wanted, &credentials(auth))
            .await
            .map_err(|error| Error::system(error.to_string()))?;
        Ok(found
            .into_iter()
            .filter(|it| automated.is_none_or(|wanted| it.is_automated == wanted))
            .filter(|it| official.is_none_or(|wanted| it.is_official == wanted))
            .filter(|it| it.star_count >= stars)
            .map(|it| ImageSearchResponseItem {
                description: it.description,
                is_official: it.is_official,
                is_automated: it.is_automated,
                name: it.name,
                star_count: it.star_count,
            })
            .collect())
    }
}

/// Unlike the flags of other lists these are words: 1 and 0 are none.
fn flag(filters: &Filters, key: &str) -> Result<Option<bool>> {
    let flag = match filters.values(key).any(|it| it != "true" && it != "false") {
        true => Err(filters.bad_value(key)),
        false => filters.flag(key),
    };
    flag.map_err(|error| Error::bad_parameter(error.message))
}
