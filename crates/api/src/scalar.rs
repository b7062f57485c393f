//! Scalars of the wire that Rust has no type for: Go's times, string lists,
//! sets and byte strings.

mod number;
mod text;
mod time;

pub use number::GoFloat32;
pub use text::{Base64, EmptyMap, StrList};
pub use time::{InvalidTimestamp, Nanoseconds, Timestamp, UnixSeconds};
