//! Tar archives, in and out of directory trees that nobody trusts: the files of
//! containers and the layers of images.
//!
//! [`read`] and [`mod@write`] know the format, [`compression`] what may be around
//! it. [`tree`] opens paths below a root, [`pack`] makes an archive of what is
//! there, [`unpack`] writes one into it, [`walk`] shows what is there, [`copy`]
//! takes it over into another tree, [`changes`] compares two trees, [`mod@size`]
//! adds up its files, [`overlay`] knows how overlayfs writes a layer down.
//!
//! A tree may be hostile, and may change while it is looked at. So its root is
//! held as a descriptor, every path is resolved by the kernel with that root as
//! the end of the world, last components are never followed, and what is set
//! on a file is set through a descriptor of that very file. The crate knows
//! neither containers nor images, runs no program and has no `unsafe`.

pub mod changes;
pub mod compression;
pub mod copy;
mod entry;
pub mod layer;
pub mod make;
pub mod metadata;
pub mod overlay;
pub mod pack;
pub mod read;
pub mod size;
pub mod tree;
pub mod unpack;
pub mod walk;
pub mod write;
