//! Documents in, Rust out. Pure: no files, no network.
//!
//! - [`import`] turns upstream's Swagger into the documents of `spec/`.
//! - [`document`] reads those, [`overlay`] what we add by hand.
//! - [`merge`] makes one [`model`] of all of it, with version ranges.
//! - [`emit`] writes the Rust of `crates/api/src/generated/`.

pub mod document;
pub mod import;
pub mod model;
mod names;
