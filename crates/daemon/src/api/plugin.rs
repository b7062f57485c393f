//! Plugins: there are none, and clients that list everything first see that.

use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::plugin::{Plugin, PluginListQuery};
use longshore_api::types;

use super::Api;

impl Plugin for Api {
    async fn plugin_list(
        &self,
        _cx: Context,
        query: PluginListQuery,
    ) -> Result<Vec<types::Plugin>, ApiError> {
        query.filters.only(&["capability", "enabled"])?;
        Ok(Vec::new())
    }
}
