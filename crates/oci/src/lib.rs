//! What images and registries are made of: digests, references, manifests and
//! image configurations, in the forms of OCI and of Docker's schema 2.
//!
//! Pure: bytes in, values out. Who stores, sends or runs them is not known here.

pub mod config;
pub mod digest;
pub mod document;
pub mod manifest;
pub mod reference;
