//! The file that says which process the daemon is. It is information for
//! others; what keeps two daemons apart is the lock of the data root.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The file, for as long as the daemon runs.
pub(crate) struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes this process's id.
    pub(crate) fn write(path: &Path) -> std::io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        write!(file, "{}", std::process::id())?;
        file.persist(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Another daemon may have written its own id meanwhile; that stays.
        let ours = std::process::id().to_string();
        if std::fs::read_to_string(&self.path).is_ok_and(|text| text == ours) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
