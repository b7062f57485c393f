//! The client of registries: how images come from them and go to them.
//!
//! It speaks OCI distribution, asks for tokens, knows mirrors, certificates and
//! insecure registries. What becomes of the bytes is the caller's business.
