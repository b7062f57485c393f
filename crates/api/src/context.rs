//! What a handler may want to know about the request besides its arguments.

use crate::version::ApiVersion;

/// The surroundings of one request. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The version the client asked for; the newest one if the path names
    /// none. Presence of fields is dealt with before and after the handler:
    /// this is for differences of behaviour.
    pub version: ApiVersion,
}

impl Context {
    /// The surroundings of a request of that version.
    pub fn new(version: ApiVersion) -> Context {
        Context { version }
    }
}
