//! The Docker Engine API, versions 1.24 to 1.40: its types, one trait for each
//! group of operations, and a server for whatever implements them.
//!
//! # Implementing a part of it
//!
//! A trait's methods all have a body that answers 501, so an implementation
//! begins with the operations it is about. Methods are written as plain
//! `async fn`; their arguments are the context, the name in the path, the
//! typed query, headers of interest and the body, as far as the operation has
//! them. What is mounted is served under every version, and a request sees
//! exactly what its version has.
#![cfg_attr(feature = "server", doc = "```")]
#![cfg_attr(not(feature = "server"), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use longshore_api::body::Text;
//! use longshore_api::context::Context;
//! use longshore_api::error::ApiError;
//! use longshore_api::server::{Router, Server, ServerInfo};
//! use longshore_api::system::System;
//! use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
//!
//! struct Pong;
//!
//! impl System for Pong {
//!     async fn system_ping(&self, _cx: Context) -> Result<Text, ApiError> {
//!         Ok("OK".into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let server = Server::new(Router::new(ServerInfo::default()).system(Arc::new(Pong)));
//! // `server.serve(listener)` accepts connections; this is one of our own.
//! let (mut client, connection) = tokio::net::UnixStream::pair()?;
//! tokio::spawn(server.serve_connection(connection));
//! client.write_all(b"GET /v1.36/_ping HTTP/1.1\r\nHost: x\r\n\r\n").await?;
//! client.shutdown().await?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer).await?;
//! assert!(answer.contains("\r\nApi-Version: 1.40\r\n"));
//! assert!(answer.ends_with("\r\n\r\nOK"));
//! # Ok(())
//! # }
//! ```
//!
//! `examples/mock.rs` is a whole engine in that manner, which the docker CLI
//! can talk to.
//!
//! # Where things are
//!
//! Generated, from the documents in `spec/`: [`types`], a module for each
//! group ([`container`], [`system`] …) with its trait and queries, and
//! [`routes`]. Written by hand, because no document says it: how values look
//! on the wire ([`scalar`], [`decode`], [`query`], [`filters`], [`frames`],
//! [`registry_auth`], [`gated`]), bodies that are no single value ([`body`]), versions and
//! errors ([`version`], [`error`]), and the server (feature `server`, on by
//! default). Without that feature the crate is types and traits alone.

pub mod body;
pub mod context;
pub mod decode;
pub mod error;
pub mod filters;
pub mod frames;
pub mod gated;
mod generated;
pub mod query;
pub mod registry_auth;
pub mod route;
pub mod scalar;
#[cfg(feature = "server")]
pub mod server;
pub mod version;

pub use generated::*;
