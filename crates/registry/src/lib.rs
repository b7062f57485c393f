//! A registry: OCI distribution 1.1 over one store of blobs, and the first
//! version of Docker's registry protocol as a view of the same store.
