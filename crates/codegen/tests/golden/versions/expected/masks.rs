// Written by `cargo xtask gen`. Do not edit.

//! What a version lacks is taken out of a value, on the way in and on the way out.

use super::types::{NewThing, Spec};
use crate::gated::Gated;
use crate::version::ApiVersion;

impl NewThing {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if let Some(inner) = &mut *self.specs {
            for item in inner {
                item.gate(version);
            }
        }
        self.spec.gate(version);
        if version < ApiVersion::new(1, 2) {
            self.specs = Gated::lacking();
        }
        if version > ApiVersion::new(1, 1) {
            self.old = None;
        }
    }
}

impl Spec {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 2) {
            self.level = None;
        }
    }
}
