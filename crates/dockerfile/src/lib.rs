//! The language of Dockerfiles, as Docker's classic builder understands it, and
//! of `.dockerignore`. Pure: text in, instructions out.
//!
//! [`Dockerfile::parse`](instruction::Dockerfile::parse) reads a file,
//! [`expand`] puts variables into words, [`args`] says which build arguments an
//! instruction sees, [`apply`] carries an instruction over to an image's
//! configuration.
//! [`ignore`] and [`pattern`] choose files.

pub mod apply;
pub mod args;
pub mod duration;
pub mod error;
pub mod expand;
pub mod ignore;
pub mod instruction;
mod json;
mod lines;
pub mod parse;
pub mod pattern;
pub mod quote;
mod words;
