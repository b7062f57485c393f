//! Sessions of build clients. The connection is taken over and kept as long as
//! the client wants; nothing is asked of it, since the classic builder needs
//! nothing beyond its request.

use longshore_api::body::{Hijack, Upgraded};
use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::session::Session;

use super::Api;

impl Session for Api {
    async fn session(
        &self,
        _cx: Context,
        _uuid: Option<String>,
        _name: Option<String>,
        _shared_key: Option<String>,
        _methods: Option<String>,
    ) -> Result<Hijack, ApiError> {
        Ok(Hijack::raw(|mut client: Upgraded| async move {
            // It ends when the client does, one way or the other.
            tokio::io::copy(&mut client, &mut tokio::io::sink())
                .await
                .ok();
        }))
    }
}
