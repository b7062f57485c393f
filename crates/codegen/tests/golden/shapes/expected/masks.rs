// Written by `cargo xtask gen`. Do not edit.

//! What a version lacks is taken out of a value, on the way in and on the way out.
