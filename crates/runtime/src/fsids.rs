//! Making files as the root of a user namespace.
//!
//! A new file belongs to whoever makes it before it is given to its owner. On
//! shifted layers the machine's root is nobody, and the kernel refuses to make
//! a file for him (EOVERFLOW); the container's root it knows.

use std::io;

use nix::unistd::{Gid, Uid, setfsgid, setfsuid};
use rustix::thread::{CapabilitySets, capabilities, set_capabilities};

use crate::userns::IdMap;

/// Does some work as who the container's root is on the machine, as far as files
/// are concerned, and with all that the daemon may. For this thread only.
pub fn as_root_of<T>(map: &IdMap, work: impl FnOnce() -> T) -> io::Result<T> {
    let (uid, gid) = map
        .root()
        .map_err(|error| io::Error::other(error.message))?;
    let mine = capabilities(None)?;
    let _back = Back {
        gid: setfsgid(Gid::from_raw(gid.as_raw())),
        uid: setfsuid(Uid::from_raw(uid.as_raw())),
        mine,
    };
    // Who stops being root about files loses the right to override their modes.
    set_capabilities(None, mine)?;
    Ok(work())
}

/// Makes the thread what it was.
struct Back {
    uid: Uid,
    gid: Gid,
    mine: CapabilitySets,
}

impl Drop for Back {
    fn drop(&mut self) {
        setfsuid(self.uid);
        setfsgid(self.gid);
        // They came back with the user; it is only made sure of.
        let _ = set_capabilities(None, self.mine);
    }
}
