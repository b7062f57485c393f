//! Debian's kernel: its image and the modules that containers need.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::exec::{check, output};

/// What the guest needs besides what is built in; what these need comes along.
const MODULES: &[&str] = &[
    // Checksums, which ext4 and netfilter ask for by name at their start.
    "crc32c_generic",
    // The disk.
    "virtio_pci",
    "virtio_blk",
    "ext4",
    "bfq",
    // Containers.
    "overlay",
    "veth",
    "bridge",
    "br_netfilter",
    "nf_tables",
    "nft_chain_nat",
    "nft_nat",
    "nft_masq",
    "nft_redir",
    "nft_ct",
    "nft_fib",
    "nft_fib_ipv4",
    "nft_fib_ipv6",
    "nft_fib_inet",
    "nft_reject_inet",
    "nf_conntrack_netlink",
    // Networks on links of the host.
    "macvlan",
    "ipvlan",
    "8021q",
    "dummy",
];

/// A kernel, unpacked.
pub(super) struct Kernel {
    /// What qemu boots.
    pub(super) image: PathBuf,
    /// The modules, each after those it needs.
    pub(super) modules: Vec<PathBuf>,
}

/// Downloads and unpacks Debian's newest kernel, unless it is there.
pub(super) fn fetch(dir: &Path) -> Result<Kernel, String> {
    let depends = output(Command::new("apt-cache").args(["depends", "linux-image-amd64"]))?;
    let package = depends
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: "))
        .ok_or("apt knows no linux-image-amd64 (apt-get update)")?;
    let unpacked = dir.join(package);
    if !unpacked.exists() {
        println!("vm: downloading {package}");
        check(
            Command::new("apt-get")
                .args(["download", "--quiet", package])
                .current_dir(dir),
        )?;
        let archive = find(dir, |name| {
            name.starts_with(&format!("{package}_")) && name.ends_with(".deb")
        })?;
        let aside = dir.join("unpacking");
        let _ = fs::remove_dir_all(&aside);
        check(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&aside))?;
        fs::rename(&aside, &unpacked)
            .and_then(|()| fs::remove_file(&archive))
            .map_err(|error| format!("{}: {error}", unpacked.display()))?;
    }
    let image = find(&unpacked.join("boot"), |name| name.starts_with("vmlinuz-"))?;
    let release = find(&unpacked.join("lib/modules"), |_| true)?;
    let mut all = Vec::new();
    walk(&release, &mut all)?;
    let mut modules = Vec::new();
    let mut seen = BTreeSet::new();
    for name in MODULES {
        add(name, &all, &mut seen, &mut modules)?;
    }
    Ok(Kernel { image, modules })
}

/// Adds a module after those that it names in its own header. One that is not
/// there is built in, or the guest's first test says what is missing.
fn add(
    name: &str,
    all: &[PathBuf],
    seen: &mut BTreeSet<String>,
    modules: &mut Vec<PathBuf>,
) -> Result<(), String> {
    if !seen.insert(name.to_owned()) {
        return Ok(());
    }
    let is_it = |path: &&PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        stem.is_some_and(|stem| stem.replace('-', "_") == name)
    };
    let Some(path) = all.iter().find(is_it) else {
        return Ok(());
    };
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    for needed in depends(&bytes) {
        add(&needed, all, seen, modules)?;
    }
    modules.push(path.clone());
    Ok(())
}

/// The names after `depends=` in the module's information.
fn depends(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(at) = module.windows(KEY.len()).position(|window| window == KEY) else {
        return Vec::new();
    };
    let list = module[at + KEY.len()..].split(|byte| *byte == 0).next();
    let list = String::from_utf8_lossy(list.unwrap_or_default());
    list.split(',')
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}

fn find(dir: &Path, fits: impl Fn(&str) -> bool) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", dir.display());
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if fits(&entry.file_name().to_string_lossy()) {
            return Ok(entry.path());
        }
    }
    Err(format!("{}: not what was expected", dir.display()))
}

fn walk(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", dir.display());
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "ko") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_names_what_it_needs() {
        let module = b"\x7fELF\0license=GPL\0depends=jbd2,crc16,nf-tables\0name=x\0";
        assert_eq!(depends(module), ["jbd2", "crc16", "nf_tables"]);
        assert!(depends(b"\0depends=\0").is_empty());
    }
}
