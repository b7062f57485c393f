//! The engine itself: ping, version, information, events.

use longshore_api::body::{JsonLines, Text};
use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::system::*;
use longshore_api::types;
use longshore_engine::events::EventQuery;
use longshore_engine::system::Machine;

use super::{Api, events, failed, instant, older};
use crate::about;

impl System for Api {
    async fn system_ping(&self, _cx: Context) -> Result<Text, ApiError> {
        Ok("OK".into())
    }

    async fn system_info(&self, cx: Context) -> Result<types::SystemInfo, ApiError> {
        let mut info = self.engine.system().info();
        older::security_options(cx.version, &mut info);
        Ok(info)
    }

    async fn system_data_usage(
        &self,
        _cx: Context,
    ) -> Result<types::SystemDataUsageResponse, ApiError> {
        self.engine.system().disk_usage().await.map_err(failed)
    }

    async fn system_version(&self, _cx: Context) -> Result<types::SystemVersion, ApiError> {
        let machine = Machine::read();
        Ok(about::version(&machine))
    }

    async fn system_auth(
        &self,
        _cx: Context,
        body: types::AuthConfig,
    ) -> Result<types::SystemAuthResponse, ApiError> {
        self.engine.images().login(body).await.map_err(failed)
    }

    async fn system_events(
        &self,
        _cx: Context,
        query: SystemEventsQuery,
    ) -> Result<JsonLines<types::EventMessage>, ApiError> {
        let events = self.engine.events(EventQuery {
            since: instant(query.since)?,
            until: instant(query.until)?,
            filters: query.filters,
        });
        events.map(events::lines).map_err(failed)
    }
}
