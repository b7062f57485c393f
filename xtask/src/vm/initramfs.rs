//! The first file system of the guest: busybox, modules, and a script that
//! goes on to the disk.

use std::fs;
use std::path::Path;

use super::BUSYBOX;
use super::kernel::Kernel;

/// The first program: loads the modules and goes on to the disk.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do /bin/busybox insmod "$module"; done
while ! [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount /dev/vda /root
/bin/busybox umount /proc /sys /dev
exec /bin/busybox switch_root /root /guest
"#;

/// Beginning of the script on the disk, which the suites follow.
pub(super) const GUEST: &str = r#"#!/bin/busybox sh
export PATH=/bin:/usr/local/bin HOME=/root RUST_BACKTRACE=0
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t mqueue mqueue /dev/mqueue
mount -t tmpfs tmpfs /run
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
ip link set lo up
hostname guest
ulimit -n 20000
echo 1 > /proc/sys/net/ipv4/ip_forward
echo "longshore-vm: $(uname -r), $(cat /sys/fs/cgroup/cgroup.controllers)"
suite() {
    name=$1; shift
    echo "longshore-vm: suite $name"
    timeout 900 "$@" 2>&1
    echo "longshore-vm: status $? $name"
}
"#;

/// Writes the archive, in the cpio format that kernels unpack.
pub(super) fn write(path: &Path, kernel: &Kernel) -> Result<(), String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut archive = Archive::default();
    for folder in ["bin", "dev", "modules"] {
        archive.add(folder, 0o040_755, &[]);
    }
    archive.add("bin/busybox", 0o100_755, &read(Path::new(BUSYBOX))?);
    archive.add("init", 0o100_755, INIT.as_bytes());
    for (number, module) in kernel.modules.iter().enumerate() {
        let name = module.file_name().unwrap_or_default().to_string_lossy();
        // The shell sorts: modules load in the order of their numbers.
        let name = format!("modules/{number:03}-{name}");
        archive.add(&name, 0o100_644, &read(module)?);
    }
    archive.add("TRAILER!!!", 0, &[]);
    fs::write(path, archive.bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// An archive in the format `newc`: a header of hexadecimal numbers, the name,
/// the content, each padded to four bytes.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    entries: usize,
}

impl Archive {
    fn add(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let (inode, links) = (self.entries, 1);
        self.bytes.extend_from_slice(
            format!(
                "070701{inode:08x}{mode:08x}{0:08x}{0:08x}{links:08x}{0:08x}{1:08x}{0:08x}{0:08x}\
                 {0:08x}{0:08x}{2:08x}{0:08x}",
                0,
                content.len(),
                name.len() + 1
            )
            .as_bytes(),
        );
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_aligned_and_their_headers_whole() {
        let mut archive = Archive::default();
        archive.add("ab", 0o100_644, b"12345");
        assert_eq!(archive.bytes.len() % 4, 0);
        let header = std::str::from_utf8(&archive.bytes[..110]).expect("ASCII");
        assert_eq!(&header[..14], "07070100000001");
        assert_eq!(&header[54..62], "00000005", "size of the content");
        assert_eq!(&header[94..102], "00000003", "length of the name");
        assert_eq!(&archive.bytes[110..113], b"ab\0");
        assert_eq!(&archive.bytes[116..121], b"12345");
    }
}
