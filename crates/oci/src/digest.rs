//! SHA-256 digests: the names of everything that is stored by its content.
//!
//! A [`Digest`] can only be made from hashed bytes or from 64 lower-case
//! hexadecimal digits, so no text from an archive or a request becomes part of
//! a path before it was checked.

use std::{fmt, io, str::FromStr};

use serde::{Deserialize, Serialize};

/// A SHA-256 digest, written `sha256:<64 lower-case hex digits>`.
///
/// ```
/// use longshore_oci::digest::Digest;
///
/// let digest = Digest::of(b"");
/// assert_eq!(digest.short(), "e3b0c44298fc");
/// assert_eq!(digest.to_string().parse(), Ok(digest));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(Box<str>);

/// The digest of an image's configuration JSON.
pub type ImageId = Digest;

/// The digest of a layer's uncompressed tar stream.
pub type DiffId = Digest;

/// The identity of a layer together with all layers below it (OCI image
/// specification 1.0, "Layer ChainID").
pub type ChainId = Digest;

/// A text is not a SHA-256 digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseDigestError {
    /// There is no `algorithm:hex` form.
    #[error("invalid checksum digest format")]
    Format,
    /// The algorithm is not SHA-256.
    #[error("unsupported digest algorithm")]
    Algorithm,
    /// The hexadecimal part has not 64 digits.
    #[error("invalid checksum digest length")]
    Length,
}

impl Digest {
    /// Hashes bytes that are already in memory.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    /// Takes the 64 hexadecimal digits without the algorithm.
    pub fn from_hex(hex: &str) -> Result<Self, ParseDigestError> {
        if hex.len() != 64 {
            return Err(ParseDigestError::Length);
        }
        if !hex.bytes().all(is_lower_hex) {
            return Err(ParseDigestError::Format);
        }
        Ok(Self(hex.into()))
    }

    /// The 64 hexadecimal digits without the algorithm.
    pub fn hex(&self) -> &str {
        &self.0
    }

    /// The first 12 hexadecimal digits, as clients show them.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }

    /// The chain ID of layer `self` (a diff ID) on top of `parent`.
    pub fn chained_on(&self, parent: Option<&ChainId>) -> ChainId {
        match parent {
            None => self.clone(),
            Some(parent) => Self::of(format!("{parent} {self}").as_bytes()),
        }
    }
}

/// The chain IDs of a stack of layers, from the lowest to the top.
pub fn chain_ids(diff_ids: &[DiffId]) -> Vec<ChainId> {
    let mut chain: Vec<ChainId> = Vec::with_capacity(diff_ids.len());
    for diff_id in diff_ids {
        chain.push(diff_id.chained_on(chain.last()));
    }
    chain
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let (algorithm, hex) = text.split_once(':').ok_or(ParseDigestError::Format)?;
        match algorithm {
            "sha256" => Self::from_hex(hex),
            _ => Err(ParseDigestError::Algorithm),
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = ParseDigestError;

    fn try_from(text: String) -> Result<Self, ParseDigestError> {
        text.parse()
    }
}

/// An incremental SHA-256 computation.
pub struct Hasher(ring::digest::Context);

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl Hasher {
    /// Begins.
    pub fn new() -> Self {
        Self(ring::digest::Context::new(&ring::digest::SHA256))
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes taken in.
    pub fn finish(self) -> Digest {
        let mut hex = String::with_capacity(64);
        for byte in self.0.finish().as_ref() {
            for nibble in [byte >> 4, byte & 15] {
                hex.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
            }
        }
        Digest(hex.into())
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lower_case_sha256_of_full_length_parses() {
        let good = Digest::of(b"abc");
        assert_eq!(
            good.hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        for (text, error) in [
            ("", ParseDigestError::Format),
            ("ba78", ParseDigestError::Format),
            ("sha256:../../x", ParseDigestError::Length),
            ("sha512:00", ParseDigestError::Algorithm),
            (
                &good.to_string().to_uppercase(),
                ParseDigestError::Algorithm,
            ),
            (
                &format!("sha256:{}", "G".repeat(64)),
                ParseDigestError::Format,
            ),
            (
                &format!("sha256:{}", "A".repeat(64)),
                ParseDigestError::Format,
            ),
        ] {
            assert_eq!(text.parse::<Digest>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_chain_starts_with_the_diff_id_and_depends_on_the_order() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let chain = chain_ids(&[a.clone(), b.clone()]);
        assert_eq!(chain[0], a);
        assert_eq!(chain[1], Digest::of(format!("{a} {b}").as_bytes()));
        assert_ne!(chain_ids(&[b, a])[1], chain[1]);
    }
}
