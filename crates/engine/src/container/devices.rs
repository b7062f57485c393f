//! Devices that a client asks for by what they are, not where: the requests of
//! `docker run --gpus` and of `docker run --device vendor.com/class=name`.

use std::path::PathBuf;

use longshore_api::types::{DeviceRequest, HostConfig};

use crate::cdi::{self, Additions};
use crate::container::plan::list;
use crate::error::{Error, Result};

/// The driver of devices that files describe, the only one there is; without a
/// directory of files there is none.
const CDI: &str = "cdi";

/// Finds what a container asks for. A device may come and go between starts.
pub(crate) fn request(directories: &[PathBuf], host: &HostConfig) -> Result<Additions> {
    let mut names = Vec::new();
    for request in list(&host.device_requests) {
        if request.driver != CDI || directories.is_empty() {
            return Err(no_driver(request));
        }
        if request.count != 0 {
            return Err(Error::bad_parameter(
                "unexpected count in CDI device request",
            ));
        }
        if request.options.as_ref().is_some_and(|map| !map.is_empty()) {
            return Err(Error::bad_parameter(
                "unexpected options in CDI device request",
            ));
        }
        names.extend_from_slice(list(&request.device_ids));
    }
    if names.is_empty() {
        return Ok(Additions::default());
    }
    cdi::resolve(directories, &names)
        .map_err(|reason| Error::system(format!("CDI device injection failed: {reason}")))
}

fn no_driver(request: &DeviceRequest) -> Error {
    let sets: Vec<String> = list(&request.capabilities)
        .iter()
        .map(|set| format!("[{}]", set.join(" ")))
        .collect();
    Error::system(format!(
        "could not select device driver \"{}\" with capabilities: [{}]",
        request.driver,
        sets.join(" ")
    ))
}
