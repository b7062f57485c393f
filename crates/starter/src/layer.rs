//! The starter images' layers: tar archives whose every byte follows from the
//! contents. Times are 0, owners are root, names are sorted.

use tar::{Builder, EntryType, Header};

/// What the multi-call program is called by, besides its own name.
const APPLETS: &[&str] = &[
    "cat", "date", "echo", "env", "false", "hostname", "httpd", "id", "ls", "mkdir", "nc",
    "nslookup", "printenv", "ps", "pwd", "rm", "seq", "sleep", "stress", "touch", "true", "tty",
    "wc", "wget", "yes",
];

/// A layer with one program at the top.
pub fn single(name: &str, program: &[u8]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    add(&mut tar, name, EntryType::Regular, 0o755, program);
    finish(tar)
}

/// A layer with a multi-call program, links to it, and the files that programs
/// look for.
pub fn multicall(program: &[u8]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    add(&mut tar, "bin/", EntryType::Directory, 0o755, b"");
    add(&mut tar, "bin/box", EntryType::Regular, 0o755, program);
    for applet in APPLETS {
        let mut link = header(EntryType::Symlink, 0o777, 0);
        // Only a name that does not fit could fail, and these do.
        let _ = tar.append_link(&mut link, format!("bin/{applet}"), "box");
    }
    add(&mut tar, "etc/", EntryType::Directory, 0o755, b"");
    let users = b"root:x:0:0:root:/:/bin/box\nnobody:x:65534:65534:nobody:/:/bin/box\n";
    add(
        &mut tar,
        "etc/group",
        EntryType::Regular,
        0o644,
        b"root:x:0:\nnogroup:x:65534:\n",
    );
    add(&mut tar, "etc/passwd", EntryType::Regular, 0o644, users);
    add(&mut tar, "tmp/", EntryType::Directory, 0o1777, b"");
    finish(tar)
}

fn add(tar: &mut Builder<Vec<u8>>, path: &str, kind: EntryType, mode: u32, content: &[u8]) {
    let mut header = header(kind, mode, content.len() as u64);
    // Writing to memory cannot fail, and the names are short.
    let _ = tar.append_data(&mut header, path, content);
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

fn finish(tar: Builder<Vec<u8>>) -> Vec<u8> {
    tar.into_inner().unwrap_or_default()
}
