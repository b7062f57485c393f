//! Devices that vendors describe in files: the Container Device Interface.
//!
//! A container asks for `vendor.com/class=name`; the files in a few directories
//! say which nodes, mounts, variables and groups it then gets. They are read at
//! every start, so that a device is there as soon as its file is.

mod apply;
mod file;
mod name;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(crate) use self::apply::Additions;
use self::file::File;

/// Where the files are unless the daemon was told otherwise. A file in a later
/// directory wins over those in earlier ones.
pub const DEFAULT_DIRECTORIES: [&str; 2] = ["/etc/cdi", "/var/run/cdi"];

/// Finds the devices with these names and answers what comes with them. What
/// a whole file says comes once, before the first of its devices.
pub(crate) fn resolve(directories: &[PathBuf], names: &[String]) -> Result<Additions, String> {
    let known = Known::read(directories);
    let missing: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !known.devices.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        let mut text = format!("unresolvable CDI devices {}", missing.join(", "));
        for problem in &known.problems {
            text.push_str("; ");
            text.push_str(problem);
        }
        return Err(text);
    }
    let mut begun = BTreeSet::new();
    let mut additions = Additions::default();
    for name in names {
        let place = known.devices[name];
        let file = &known.files[place.file];
        let named = |reason| format!("{name}: {reason}");
        if begun.insert(place.file) {
            additions.add(&file.edits).map_err(named)?;
        }
        let device = &file.devices[place.device];
        additions.add(&device.edits).map_err(named)?;
    }
    Ok(additions)
}

/// What the files say.
#[derive(Default)]
struct Known {
    files: Vec<File>,
    /// Qualified names and where they are.
    devices: BTreeMap<String, Place>,
    /// Files that cannot be used, and names that mean two devices.
    problems: Vec<String>,
}

/// Where a device is described.
#[derive(Clone, Copy)]
struct Place {
    directory: usize,
    file: usize,
    device: usize,
}

impl Known {
    /// A bad file does not hide the others.
    fn read(directories: &[PathBuf]) -> Known {
        let mut known = Known::default();
        for (number, directory) in directories.iter().enumerate() {
            let mut ambiguous = BTreeSet::new();
            for path in files_in(directory) {
                match File::read(&path) {
                    Ok(file) => known.add(number, file, &path, &mut ambiguous),
                    Err(reason) => known.problems.push(format!("{}: {reason}", path.display())),
                }
            }
            for name in ambiguous {
                known.devices.remove(&name);
            }
        }
        known
    }

    fn add(&mut self, directory: usize, file: File, path: &Path, ambiguous: &mut BTreeSet<String>) {
        let number = self.files.len();
        for (device, described) in file.devices.iter().enumerate() {
            let name = format!("{}={}", file.kind, described.name);
            let place = Place {
                directory,
                file: number,
                device,
            };
            match self.devices.get(&name) {
                Some(other) if other.directory == directory => {
                    self.problems.push(format!(
                        "conflicting device \"{name}\" (specs \"{}\", \"{}\")",
                        self.files[other.file].path.display(),
                        path.display()
                    ));
                    ambiguous.insert(name);
                }
                _ => {
                    self.devices.insert(name, place);
                }
            }
        }
        self.files.push(file);
    }
}

/// The files of a directory in the order of their names; a directory that is
/// not there has none.
fn files_in(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|kind| kind == "json" || kind == "yaml")
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests;
