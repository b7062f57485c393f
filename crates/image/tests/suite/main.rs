//! The store from outside: what goes in, what comes out, and what must not.

mod container;
mod crash;
mod dockerd;
mod hostile;
mod images;
mod layers;
mod support;
