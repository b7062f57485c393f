//! The generator as its users call it: documents and overlay in, files out.

mod golden;
mod import;
mod overlay;
mod spec;
