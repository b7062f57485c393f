// Written by `cargo xtask gen`. Do not edit.

//! The operations of group System.

use crate::body::Text;
use crate::context::Context;
use crate::error::ApiError;
use crate::generated::routes::{Operation, not_implemented};

/// Operations on the server itself.
pub trait System: Send + Sync + 'static {
    /// Says that the server is there.
    ///
    /// `GET /_ping`
    fn system_ping(&self, _cx: Context) -> impl Future<Output = Result<Text, ApiError>> + Send {
        async { Err(not_implemented(Operation::SystemPing)) }
    }
}
