// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Image.

use crate::body::{ByteStream, JsonLines};
use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::registry_auth::{RegistryAuth, RegistryConfig};
use crate::version::ApiVersion;
use std::collections::BTreeMap;

/// Images: how they come, go and are built.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Image: Send + Sync + 'static {
    /// Builds an image from a Dockerfile and its context, a tar archive.
    ///
    /// `POST /build`
    fn image_build(
        &self,
        _cx: Context,
        _query: ImageBuildQuery,
        _registry_config: RegistryConfig,
        _body: ByteStream,
    ) -> impl Future<Output = Result<JsonLines<types::BuildInfo>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageBuild)) }
    }

    /// Empties the cache of the builder.
    ///
    /// `POST /build/prune`
    fn build_prune(
        &self,
        _cx: Context,
        _query: BuildPruneQuery,
    ) -> impl Future<Output = Result<types::BuildPruneResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::BuildPrune)) }
    }

    /// Makes an image from a container as it is now.
    ///
    /// `POST /commit`
    fn image_commit(
        &self,
        _cx: Context,
        _query: ImageCommitQuery,
        _body: types::ContainerConfig,
    ) -> impl Future<Output = Result<types::IdResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageCommit)) }
    }

    /// Pulls an image, or makes one from a tar archive in the request or at an address.
    ///
    /// `POST /images/create`
    fn image_create(
        &self,
        _cx: Context,
        _query: ImageCreateQuery,
        _registry_auth: RegistryAuth,
        _body: ByteStream,
    ) -> impl Future<Output = Result<JsonLines<types::CreateImageInfo>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageCreate)) }
    }

    /// Sends several images as one tar archive.
    ///
    /// `GET /images/get`
    fn image_get_all(
        &self,
        _cx: Context,
        _query: ImageGetAllQuery,
    ) -> impl Future<Output = Result<ByteStream, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageGetAll)) }
    }

    /// Lists images.
    ///
    /// `GET /images/json`
    fn image_list(
        &self,
        _cx: Context,
        _query: ImageListQuery,
    ) -> impl Future<Output = Result<Vec<types::ImageSummary>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageList)) }
    }

    /// Takes images from a tar archive that was made by get.
    ///
    /// `POST /images/load`
    fn image_load(
        &self,
        _cx: Context,
        _query: ImageLoadQuery,
        _body: ByteStream,
    ) -> impl Future<Output = Result<JsonLines<types::BuildInfo>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageLoad)) }
    }

    /// Removes images that nothing uses.
    ///
    /// `POST /images/prune`
    fn image_prune(
        &self,
        _cx: Context,
        _query: ImagePruneQuery,
    ) -> impl Future<Output = Result<types::ImagePruneResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImagePrune)) }
    }

    /// Searches for images on Docker Hub.
    ///
    /// `GET /images/search`
    fn image_search(
        &self,
        _cx: Context,
        _query: ImageSearchQuery,
        _registry_auth: RegistryAuth,
    ) -> impl Future<Output = Result<Vec<types::ImageSearchResponseItem>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageSearch)) }
    }

    /// Removes a name of an image, and the image with its last one.
    ///
    /// `DELETE /images/{name}`
    fn image_delete(
        &self,
        _cx: Context,
        _name: String,
        _query: ImageDeleteQuery,
    ) -> impl Future<Output = Result<Vec<types::ImageDeleteResponseItem>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageDelete)) }
    }

    /// Sends one image, or all of a repository, as a tar archive.
    ///
    /// `GET /images/{name}/get`
    fn image_get(
        &self,
        _cx: Context,
        _name: String,
    ) -> impl Future<Output = Result<ByteStream, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageGet)) }
    }

    /// Lists the steps that an image was made in.
    ///
    /// `GET /images/{name}/history`
    fn image_history(
        &self,
        _cx: Context,
        _name: String,
    ) -> impl Future<Output = Result<Vec<types::ImageHistoryResponseItem>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageHistory)) }
    }

    /// Tells everything about one image.
    ///
    /// `GET /images/{name}/json`
    fn image_inspect(
        &self,
        _cx: Context,
        _name: String,
    ) -> impl Future<Output = Result<types::ImageInspect, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageInspect)) }
    }

    /// Sends an image to its registry.
    ///
    /// `POST /images/{name}/push`
    fn image_push(
        &self,
        _cx: Context,
        _name: String,
        _query: ImagePushQuery,
        _registry_auth: RegistryAuth,
    ) -> impl Future<Output = Result<JsonLines<types::PushImageInfo>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ImagePush)) }
    }

    /// Gives an image a further name.
    ///
    /// `POST /images/{name}/tag`
    fn image_tag(
        &self,
        _cx: Context,
        _name: String,
        _query: ImageTagQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ImageTag)) }
    }
}

/// The query of `POST /build`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageBuildQuery {
    /// `dockerfile`: a text.
    pub dockerfile: Option<String>,
    /// `t`: texts; the parameter may be repeated.
    pub t: Vec<String>,
    /// `extrahosts`: texts; the parameter may be repeated.
    pub extrahosts: Vec<String>,
    /// `remote`: a text.
    pub remote: Option<String>,
    /// `q`: a boolean.
    pub q: bool,
    /// `nocache`: a boolean.
    pub nocache: bool,
    /// `cachefrom`: a value in JSON.
    pub cachefrom: Option<Vec<String>>,
    /// `pull`: a boolean.
    pub pull: bool,
    /// `rm`: a boolean, true when absent.
    pub rm: bool,
    /// `forcerm`: a boolean.
    pub forcerm: bool,
    /// `memory`: a number; what is none counts as absent.
    pub memory: Option<i64>,
    /// `memswap`: a number; what is none counts as absent.
    pub memswap: Option<i64>,
    /// `cpushares`: a number; what is none counts as absent.
    pub cpushares: Option<i64>,
    /// `cpusetcpus`: a text.
    pub cpusetcpus: Option<String>,
    /// `cpuperiod`: a number; what is none counts as absent.
    pub cpuperiod: Option<i64>,
    /// `cpuquota`: a number; what is none counts as absent.
    pub cpuquota: Option<i64>,
    /// `buildargs`: a value in JSON.
    pub buildargs: Option<BTreeMap<String, Option<String>>>,
    /// `shmsize`: a number; what is none counts as absent.
    pub shmsize: Option<i64>,
    /// `squash`: a boolean.
    pub squash: bool,
    /// `labels`: a value in JSON.
    pub labels: Option<BTreeMap<String, String>>,
    /// `networkmode`: a text.
    pub networkmode: Option<String>,
    /// `platform`: a text.
    pub platform: Option<String>,
    /// `target`: a text.
    pub target: Option<String>,
    /// `outputs`: a value in JSON (since 1.40).
    pub outputs: Option<Vec<types::BuildOutput>>,
    /// `version`: a text (since 1.38).
    pub version: Option<String>,
    /// `securityopt`: texts; the parameter may be repeated.
    pub securityopt: Vec<String>,
    /// `ulimits`: a value in JSON.
    pub ulimits: Option<Vec<types::Ulimit>>,
    /// `cpusetmems`: a text.
    pub cpusetmems: Option<String>,
    /// `cgroupparent`: a text.
    pub cgroupparent: Option<String>,
    /// `isolation`: a text.
    pub isolation: Option<String>,
    /// `session`: a text.
    pub session: Option<String>,
    /// `buildid`: a text.
    pub buildid: Option<String>,
}

impl Default for ImageBuildQuery {
    fn default() -> ImageBuildQuery {
        ImageBuildQuery {
            dockerfile: None,
            t: Vec::new(),
            extrahosts: Vec::new(),
            remote: None,
            q: false,
            nocache: false,
            cachefrom: None,
            pull: false,
            rm: true,
            forcerm: false,
            memory: None,
            memswap: None,
            cpushares: None,
            cpusetcpus: None,
            cpuperiod: None,
            cpuquota: None,
            buildargs: None,
            shmsize: None,
            squash: false,
            labels: None,
            networkmode: None,
            platform: None,
            target: None,
            outputs: None,
            version: None,
            securityopt: Vec::new(),
            ulimits: None,
            cpusetmems: None,
            cgroupparent: None,
            isolation: None,
            session: None,
            buildid: None,
        }
    }
}

impl ImageBuildQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, version: ApiVersion) -> Result<ImageBuildQuery, ApiError> {
        Ok(ImageBuildQuery {
            dockerfile: params.text("dockerfile"),
            t: params.list("t"),
            extrahosts: params.list("extrahosts"),
            remote: params.text("remote"),
            q: params.flag("q", false),
            nocache: params.flag("nocache", false),
            cachefrom: params.json("cachefrom")?,
            pull: params.flag("pull", false),
            rm: params.flag("rm", true),
            forcerm: params.flag("forcerm", false),
            memory: params.lenient_integer("memory"),
            memswap: params.lenient_integer("memswap"),
            cpushares: params.lenient_integer("cpushares"),
            cpusetcpus: params.text("cpusetcpus"),
            cpuperiod: params.lenient_integer("cpuperiod"),
            cpuquota: params.lenient_integer("cpuquota"),
            buildargs: params.json("buildargs")?,
            shmsize: params.lenient_integer("shmsize"),
            squash: params.flag("squash", false),
            labels: params.json("labels")?,
            networkmode: params.text("networkmode"),
            platform: params.text("platform"),
            target: params.text("target"),
            outputs: if version >= ApiVersion::new(1, 40) {
                params.json("outputs")?
            } else {
                None
            },
            version: if version >= ApiVersion::new(1, 38) {
                params.text("version")
            } else {
                None
            },
            securityopt: params.list("securityopt"),
            ulimits: params.json("ulimits")?,
            cpusetmems: params.text("cpusetmems"),
            cgroupparent: params.text("cgroupparent"),
            isolation: params.text("isolation"),
            session: params.text("session"),
            buildid: params.text("buildid"),
        })
    }
}

/// The query of `POST /build/prune`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildPruneQuery {
    /// `keep-storage`: a number (since 1.39).
    pub keep_storage: Option<i64>,
    /// `all`: a boolean (since 1.39).
    pub all: bool,
    /// `filters`: which ones are meant (since 1.39).
    pub filters: Filters,
}

impl BuildPruneQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, version: ApiVersion) -> Result<BuildPruneQuery, ApiError> {
        Ok(BuildPruneQuery {
            keep_storage: if version >= ApiVersion::new(1, 39) {
                params.integer("keep-storage")?
            } else {
                None
            },
            all: if version >= ApiVersion::new(1, 39) {
                params.flag("all", false)
            } else {
                false
            },
            filters: if version >= ApiVersion::new(1, 39) {
                params.filters("filters")?
            } else {
                Filters::default()
            },
        })
    }
}

/// The query of `POST /commit`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageCommitQuery {
    /// `container`: a text.
    pub container: Option<String>,
    /// `repo`: a text.
    pub repo: Option<String>,
    /// `tag`: a text.
    pub tag: Option<String>,
    /// `comment`: a text.
    pub comment: Option<String>,
    /// `author`: a text.
    pub author: Option<String>,
    /// `pause`: a boolean, true when absent.
    pub pause: bool,
    /// `changes`: texts; the parameter may be repeated.
    pub changes: Vec<String>,
}

impl Default for ImageCommitQuery {
    fn default() -> ImageCommitQuery {
        ImageCommitQuery {
            container: None,
            repo: None,
            tag: None,
            comment: None,
            author: None,
            pause: true,
            changes: Vec::new(),
        }
    }
}

impl ImageCommitQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImageCommitQuery, ApiError> {
        Ok(ImageCommitQuery {
            container: params.text("container"),
            repo: params.text("repo"),
            tag: params.text("tag"),
            comment: params.text("comment"),
            author: params.text("author"),
            pause: params.flag("pause", true),
            changes: params.list("changes"),
        })
    }
}

/// The query of `POST /images/create`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageCreateQuery {
    /// `fromImage`: a text.
    pub from_image: Option<String>,
    /// `fromSrc`: a text.
    pub from_src: Option<String>,
    /// `repo`: a text.
    pub repo: Option<String>,
    /// `tag`: a text.
    pub tag: Option<String>,
    /// `message`: a text.
    pub message: Option<String>,
    /// `changes`: texts; the parameter may be repeated.
    pub changes: Vec<String>,
    /// `platform`: a text.
    pub platform: Option<String>,
}

impl ImageCreateQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImageCreateQuery, ApiError> {
        Ok(ImageCreateQuery {
            from_image: params.text("fromImage"),
            from_src: params.text("fromSrc"),
            repo: params.text("repo"),
            tag: params.text("tag"),
            message: params.text("message"),
            changes: params.list("changes"),
            platform: params.text("platform"),
        })
    }
}

/// The query of `GET /images/get`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageGetAllQuery {
    /// `names`: texts; the parameter may be repeated.
    pub names: Vec<String>,
}

impl ImageGetAllQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImageGetAllQuery, ApiError> {
        Ok(ImageGetAllQuery {
            names: params.list("names"),
        })
    }
}

/// The query of `GET /images/json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageListQuery {
    /// `all`: a boolean.
    pub all: bool,
    /// `filters`: which ones are meant.
    pub filters: Filters,
    /// `digests`: a boolean.
    pub digests: bool,
    /// `filter`: a text.
    pub filter: Option<String>,
}

impl ImageListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImageListQuery, ApiError> {
        Ok(ImageListQuery {
            all: params.flag("all", false),
            filters: params.filters("filters")?,
            digests: params.flag("digests", false),
            filter: params.text("filter"),
        })
    }
}

/// The query of `POST /images/load`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageLoadQuery {
    /// `quiet`: a boolean, true when absent.
    pub quiet: bool,
}

impl Default for ImageLoadQuery {
    fn default() -> ImageLoadQuery {
        ImageLoadQuery { quiet: true }
    }
}

impl ImageLoadQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImageLoadQuery, ApiError> {
        Ok(ImageLoadQuery {
            quiet: params.flag("quiet", true),
        })
    }
}

/// The query of `POST /images/prune`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImagePruneQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl ImagePruneQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImagePruneQuery, ApiError> {
        Ok(ImagePruneQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `GET /images/search`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageSearchQuery {
    /// `term`: a text, empty when absent.
    pub term: String,
    /// `limit`: a number.
    pub limit: Option<i64>,
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl ImageSearchQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImageSearchQuery, ApiError> {
        Ok(ImageSearchQuery {
            term: params.required_text("term"),
            limit: params.integer("limit")?,
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `DELETE /images/{name}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageDeleteQuery {
    /// `force`: a boolean.
    pub force: bool,
    /// `noprune`: a boolean.
    pub noprune: bool,
}

impl ImageDeleteQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImageDeleteQuery, ApiError> {
        Ok(ImageDeleteQuery {
            force: params.flag("force", false),
            noprune: params.flag("noprune", false),
        })
    }
}

/// The query of `POST /images/{name}/push`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImagePushQuery {
    /// `tag`: a text.
    pub tag: Option<String>,
}

impl ImagePushQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImagePushQuery, ApiError> {
        Ok(ImagePushQuery {
            tag: params.text("tag"),
        })
    }
}

/// The query of `POST /images/{name}/tag`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageTagQuery {
    /// `repo`: a text.
    pub repo: Option<String>,
    /// `tag`: a text.
    pub tag: Option<String>,
}

impl ImageTagQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ImageTagQuery, ApiError> {
        Ok(ImageTagQuery {
            repo: params.text("repo"),
            tag: params.text("tag"),
        })
    }
}
