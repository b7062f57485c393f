//! Nothing but a place for tests: see `tests/`. `cargo xtask test` builds the
//! engine and runs them.
