// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Image`].

use crate::generated::image::{
    BuildPruneQuery, Image, ImageBuildQuery, ImageCommitQuery, ImageCreateQuery, ImageDeleteQuery,
    ImageGetAllQuery, ImageListQuery, ImageLoadQuery, ImagePruneQuery, ImagePushQuery,
    ImageSearchQuery, ImageTagQuery,
};
use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer::{self, Lines};
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Image.
    #[must_use]
    pub fn image<T: Image>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Image, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Image> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::ImageBuild => Box::pin(async move {
                let query = call.query(ImageBuildQuery::decode).await?;
                let registry_config = call.registry_config("x-registry-config");
                let body = call.bytes();
                let body = api
                    .image_build(call.context, query, registry_config, body)
                    .await?;
                Ok(answer::lines(body, Lines::Progress, |_| {}))
            }),
            Operation::BuildPrune => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let query = call.query(BuildPruneQuery::decode).await?;
                let mut body = api.build_prune(call.context, query).await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ImageCommit => Box::pin(async move {
                let query = call.query(ImageCommitQuery::decode).await?;
                let body: types::ContainerConfig = call.json_or_default().await?;
                let body = api.image_commit(call.context, query, body).await?;
                Ok(answer::json(StatusCode::CREATED, &body))
            }),
            Operation::ImageCreate => Box::pin(async move {
                let query = call.query(ImageCreateQuery::decode).await?;
                let registry_auth = call.registry_auth("x-registry-auth");
                let body = call.bytes();
                let body = api
                    .image_create(call.context, query, registry_auth, body)
                    .await?;
                Ok(answer::lines(body, Lines::Progress, |_| {}))
            }),
            Operation::ImageGetAll => Box::pin(async move {
                let query = call.query(ImageGetAllQuery::decode).await?;
                let body = api.image_get_all(call.context, query).await?;
                Ok(answer::bytes(body, "application/x-tar"))
            }),
            Operation::ImageList => Box::pin(async move {
                let query = call.query(ImageListQuery::decode).await?;
                let body = api.image_list(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ImageLoad => Box::pin(async move {
                let query = call.query(ImageLoadQuery::decode).await?;
                let body = call.bytes();
                let body = api.image_load(call.context, query, body).await?;
                Ok(answer::lines(body, Lines::Progress, |_| {}))
            }),
            Operation::ImagePrune => Box::pin(async move {
                let query = call.query(ImagePruneQuery::decode).await?;
                let body = api.image_prune(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ImageSearch => Box::pin(async move {
                let query = call.query(ImageSearchQuery::decode).await?;
                let registry_auth = call.registry_auth("x-registry-auth");
                let body = api.image_search(call.context, query, registry_auth).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ImageDelete => Box::pin(async move {
                let query = call.query(ImageDeleteQuery::decode).await?;
                let body = api.image_delete(call.context, call.name, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ImageGet => Box::pin(async move {
                let body = api.image_get(call.context, call.name).await?;
                Ok(answer::bytes(body, "application/x-tar"))
            }),
            Operation::ImageHistory => Box::pin(async move {
                let body = api.image_history(call.context, call.name).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ImageInspect => Box::pin(async move {
                let body = api.image_inspect(call.context, call.name).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ImagePush => Box::pin(async move {
                let query = call.query(ImagePushQuery::decode).await?;
                let registry_auth = call.required_registry_auth("x-registry-auth").await?;
                let body = api
                    .image_push(call.context, call.name, query, registry_auth)
                    .await?;
                Ok(answer::lines(body, Lines::Progress, |_| {}))
            }),
            Operation::ImageTag => Box::pin(async move {
                let query = call.query(ImageTagQuery::decode).await?;
                api.image_tag(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::CREATED))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
