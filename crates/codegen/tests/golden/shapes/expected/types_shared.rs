// Written by `cargo xtask gen`. Do not edit.

//! Types that several groups of operations use.

use std::collections::BTreeMap;
use serde::{Deserialize, Serialize};

/// `Ports`.
pub type Ports = BTreeMap<String, Option<Vec<String>>>;
