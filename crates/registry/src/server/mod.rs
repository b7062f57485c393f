//! HTTP: connections, requests, answers, and which route is whose.

pub(crate) mod body;
pub(crate) mod connection;
mod patient;
pub(crate) mod request;
pub(crate) mod router;
pub(crate) mod tls;
