//! Rust names for names of the wire.

const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Runs of capitals that the word rules would tear apart.
const WHOLE: &[(&str, &str)] = &[
    ("IDs", "Ids"),
    ("IPs", "Ips"),
    ("IPv", "Ipv"),
    ("CIDRs", "Cidrs"),
    ("URLs", "Urls"),
    ("CAs", "Cas"),
    ("IOps", "Iops"),
    ("OSType", "OsType"),
    ("NCPU", "Ncpu"),
    ("KernelMemoryTCP", "KernelMemoryTcp"),
];

/// `IPv6Address` becomes `ipv6_address`; a keyword gets `r#`.
pub(crate) fn snake(wire: &str) -> String {
    let name = words(wire).join("_");
    if KEYWORDS.contains(&name.as_str()) {
        format!("r#{name}")
    } else {
        name
    }
}

/// `on-failure` becomes `OnFailure`, a leading digit gets a `V` in front.
pub(crate) fn pascal(wire: &str) -> String {
    let mut name = String::new();
    for word in words(wire) {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            name.extend(first.to_uppercase());
            name.push_str(chars.as_str());
        }
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, 'V');
    }
    name
}

/// The name of a type that has its place for a name: `Mount.BindOptions` is
/// `MountBindOptions`, `ContainerTop 200` is `ContainerTopResponse`.
pub(crate) fn type_at(place: &str) -> String {
    let mut name = String::new();
    let (operation, rest) = place.split_once(' ').unwrap_or((place, ""));
    for part in operation.split(['.', '[', ']', '{', '}', '_', '-']) {
        push_capital(&mut name, part);
    }
    if rest.is_empty() {
        return name;
    }
    let mut parts = rest.split(['.', '[', ']', '{', '}', '_', '-']);
    match parts.next() {
        Some("request") => name.push_str("Request"),
        Some(status) if status.starts_with('2') => name.push_str("Response"),
        Some(status) => name.push_str(&format!("Status{status}")),
        None => {}
    }
    parts.for_each(|part| push_capital(&mut name, part));
    name
}

fn push_capital(name: &mut String, part: &str) {
    let mut chars = part.chars();
    if let Some(first) = chars.next() {
        name.push(first.to_ascii_uppercase());
        name.push_str(chars.as_str());
    }
}

/// The words of a name in lower case. A word ends before a capital that
/// follows a small letter or digit, and before the last capital of a run that
/// a small letter follows: `UTSMode` is `uts`, `mode`.
fn words(wire: &str) -> Vec<String> {
    let mut text = wire.to_owned();
    for (run, whole) in WHOLE {
        text = text.replace(run, whole);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(at + 1);
        let starts = c.is_ascii_uppercase()
            && (before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                || before.is_some_and(|b| b.is_ascii_uppercase())
                    && after.is_some_and(char::is_ascii_lowercase));
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        for (wire, rust) in [
            ("Id", "id"),
            ("ExecIDs", "exec_ids"),
            ("GlobalIPv6PrefixLen", "global_ipv6_prefix_len"),
            ("LinkLocalIPs", "link_local_ips"),
            ("UTSMode", "uts_mode"),
            ("os.version", "os_version"),
            ("Type", "r#type"),
            ("CPUShares", "cpu_shares"),
            ("NCPU", "ncpu"),
            ("IOMaximumIOps", "io_maximum_iops"),
            ("BlkioDeviceReadIOps", "blkio_device_read_iops"),
            ("OOMKilled", "oom_killed"),
            ("RW", "rw"),
            ("noOverwriteDirNonDir", "no_overwrite_dir_non_dir"),
            ("keep-storage", "keep_storage"),
            ("ContainerList", "container_list"),
            ("BridgeNfIp6tables", "bridge_nf_ip6tables"),
            ("CpuCfsPeriod", "cpu_cfs_period"),
            ("SELinuxContext", "se_linux_context"),
        ] {
            assert_eq!(snake(wire), rust);
        }
    }

    #[test]
    fn variants() {
        for (wire, rust) in [
            ("on-failure", "OnFailure"),
            ("source.git.checkout", "SourceGitCheckout"),
            ("moby.plugins.http/v1", "MobyPluginsHttpV1"),
            ("1", "V1"),
            ("none", "None"),
            ("", ""),
        ] {
            assert_eq!(pascal(wire), rust);
        }
    }
}
