//! Images: content-addressed layers and configurations, references, archives.
//!
//! [`store::Store`] is the one thing that changes files under its root. Around
//! it, [`import`], [`load`] and [`save`] translate between archives and the
//! store, and [`container`] hands out writable layers. The crate is
//! synchronous, has no `unsafe`, and knows neither HTTP nor Docker's API types.
//!
//! ```text
//! <root>/
//!   index.json          images and references; replacing it is the commit
//!   configs/<hex>       image configurations; the name is the image ID
//!   layers/<chain>/     diff/ (unpacked), blob (as received), layer.json
//!   containers/<id>/    upper/, work/, parent -> chain ID of the image's layers
//!   init/               the constant layer between image and container
//!   downloads/<hex>     layers on their way from a registry, or a part of them
//!   staging/            not yet visible; swept at the next start
//!   trash/              no longer visible; unlinked in the background
//!   quarantine/         records that could not be read
//! ```

pub mod container;
pub mod error;
mod gzip;
pub mod import;
pub mod layer;
pub mod load;
pub mod save;
mod spread;
pub mod store;

pub use spread::spread;
