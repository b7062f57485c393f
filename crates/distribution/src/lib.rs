//! The client of registries: how images come from them and go to them.
//!
//! It speaks OCI distribution, asks for tokens, knows mirrors, certificates and
//! insecure registries. What becomes of the bytes is the caller's business.
//!
//! ```text
//! Registries ─ connections(name) ─▶ Repository ─▶ manifests, blobs, tags, uploads
//!     │            mirrors first, TLS before none
//!     ├─ login, search
//!     └─ fetch(url): any file of the web, as a stream
//! ```

mod auth;
mod challenge;
mod connections;
mod error;
mod exchange;
mod fetch;
mod login;
mod repository;
mod search;
pub mod settings;
mod tls;
mod transport;
mod upload;
mod url;

pub use auth::Credentials;
pub use connections::{Connections, Purpose, Registries};
pub use error::{Error, Refusal, Refusals, Result};
pub use exchange::Body;
pub use fetch::{Fetched, fetch};
pub use repository::{Blob, ManifestBytes, Repository};
pub use search::SearchResult;
pub use upload::{Started, Upload};
