//! The judge's own image: a root file system with one static program, made
//! from the running binary. Nothing is fetched, nothing else is needed.

use std::fs;
use std::io;

use crate::applet;

/// A tar of the root file system: `/bin/probe`, a link per applet, and a few
/// files that cases look for. The same binary always gives the same bytes.
pub(crate) fn rootfs() -> Result<Vec<u8>, String> {
    let path = std::env::current_exe().map_err(|e| format!("own binary: {e}"))?;
    let binary = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let program = loaded_part(binary).map_err(|e| format!("{}: {e}", path.display()))?;
    archive(&program).map_err(|e| format!("making the image: {e}"))
}

fn archive(program: &[u8]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let header = |kind, mode, size: usize| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size as u64);
        header.set_mtime(1_500_000_000);
        header
    };
    for dir in [
        "bin/",
        "etc/",
        "tmp/",
        "var/",
        "var/run/",
        "var/run/secrets/",
    ] {
        let mut entry = header(tar::EntryType::Directory, 0o755, 0);
        tar.append_data(&mut entry, dir, io::empty())?;
    }
    let mut entry = header(tar::EntryType::Regular, 0o755, program.len());
    tar.append_data(&mut entry, "bin/probe", program)?;
    for name in applet::NAMES {
        let mut entry = header(tar::EntryType::Symlink, 0o777, 0);
        tar.append_link(&mut entry, format!("bin/{name}"), "probe")?;
    }
    for (name, text) in [
        (
            "etc/passwd",
            "root:x:0:0:root:/:/bin/true\nlearner:x:1000:2000::/:/bin/true\n",
        ),
        ("etc/group", "root:x:0:\nlearners:x:2000:\n"),
        ("etc/marker", "conformance\n"),
        ("var/run/secrets/token", "not very secret\n"),
    ] {
        let mut entry = header(tar::EntryType::Regular, 0o644, text.len());
        tar.append_data(&mut entry, name, text.as_bytes())?;
    }
    tar.into_inner()
}

/// Cuts an ELF file after its last loaded segment: symbols and debug sections
/// are most of a binary and no kernel reads them.
fn loaded_part(mut elf: Vec<u8>) -> Result<Vec<u8>, String> {
    const LOAD: u64 = 1;
    const INTERPRETER: u64 = 3;
    let number = |at: u64, size: usize| -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(elf.get(at..at + size)?);
        Some(u64::from_le_bytes(bytes))
    };
    if elf.get(..6) != Some(b"\x7fELF\x02\x01") {
        return Err("not a 64-bit little-endian ELF program".to_owned());
    }
    let segments = || -> Option<Vec<(u64, u64, u64)>> {
        let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        (0..count)
            .map(|i| {
                let at = table + i * size;
                Some((number(at, 4)?, number(at + 8, 8)?, number(at + 32, 8)?))
            })
            .collect()
    };
    let segments = segments().ok_or("its segment table is cut short")?;
    if segments.iter().any(|s| s.0 == INTERPRETER) {
        return Err(
            "not static, so it cannot be an image's only file; build with +crt-static".to_owned(),
        );
    }
    let end = segments
        .iter()
        .filter(|s| s.0 == LOAD)
        .map(|s| s.1 + s.2)
        .max();
    let end = end
        .and_then(|e| usize::try_from(e).ok())
        .ok_or("no loaded segment")?;
    elf.truncate(end);
    // No section table any more: its offset, then count and name index.
    elf[40..48].fill(0);
    elf[60..64].fill(0);
    Ok(elf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_program_and_its_names() {
        let bytes = archive(b"program").unwrap();
        let mut tar = tar::Archive::new(bytes.as_slice());
        let names: Vec<String> = tar
            .entries()
            .unwrap()
            .map(|e| e.unwrap().path().unwrap().display().to_string())
            .collect();
        assert!(names.contains(&"bin/probe".to_owned()));
        assert!(names.contains(&"bin/sleep".to_owned()));
    }

    #[test]
    fn the_trimmed_program_still_runs() {
        let path = std::env::current_exe().unwrap();
        let whole = fs::read(path).unwrap();
        let size = whole.len();
        let cut = loaded_part(whole).unwrap();
        assert!(cut.len() < size);
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("copy");
        fs::write(&copy, cut).unwrap();
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        let status = std::process::Command::new(&copy)
            .arg("--list")
            .output()
            .unwrap();
        assert!(status.status.success());
    }
}
