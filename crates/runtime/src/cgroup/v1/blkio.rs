//! Block devices: shares and rates.

use rustix::fs;

use super::Dir;
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::spec::{DeviceRate, Resources};

pub(super) fn asked(resources: &Resources) -> bool {
    resources.blkio_weight.is_some()
        || !resources.blkio_weight_device.is_empty()
        || !resources.blkio_read_bps.is_empty()
        || !resources.blkio_write_bps.is_empty()
        || !resources.blkio_read_iops.is_empty()
        || !resources.blkio_write_iops.is_empty()
}

pub(super) fn apply(dir: &Dir, resources: &Resources) -> Result<(), CreateError> {
    // Which scheduler is in use decides the name of the file.
    let weight = if dir.read("blkio.weight").is_ok() {
        ["blkio.weight", "blkio.weight_device"]
    } else {
        ["blkio.bfq.weight", "blkio.bfq.weight_device"]
    };
    dir.set_if(
        weight[0],
        resources.blkio_weight.filter(|weight| *weight > 0),
    )?;
    for (file, rates) in [
        (weight[1], &resources.blkio_weight_device),
        ("blkio.throttle.read_bps_device", &resources.blkio_read_bps),
        (
            "blkio.throttle.write_bps_device",
            &resources.blkio_write_bps,
        ),
        (
            "blkio.throttle.read_iops_device",
            &resources.blkio_read_iops,
        ),
        (
            "blkio.throttle.write_iops_device",
            &resources.blkio_write_iops,
        ),
    ] {
        for rate in rates {
            dir.set(file, line(rate)?)?;
        }
    }
    Ok(())
}

fn line(rate: &DeviceRate) -> Result<String, CreateError> {
    let status = fs::stat(&rate.path)
        .step(|| format!("stat {}", rate.path.display()))
        .map_err(|error| error.of_kind(CreateErrorKind::Device))?;
    let (major, minor) = (fs::major(status.st_rdev), fs::minor(status.st_rdev));
    Ok(format!("{major}:{minor} {}", rate.rate))
}
