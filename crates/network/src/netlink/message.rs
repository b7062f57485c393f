//! Netlink messages: a header, a fixed part, attributes that nest.
//!
//! Numbers are the host's byte order unless a family says otherwise; nftables'
//! attributes are big endian and have functions of their own.

/// Length of a message's header.
pub(crate) const HEADER: usize = 16;

/// `NLM_F_REQUEST`
const REQUEST: u16 = 0x1;
/// `NLM_F_ACK`
const ACK: u16 = 0x4;
/// `NLM_F_ROOT | NLM_F_MATCH`
const DUMP: u16 = 0x300;
/// `NLM_F_REPLACE`: instead of the one that is there.
pub(crate) const REPLACE: u16 = 0x100;
/// `NLM_F_EXCL`: fail if it is there.
pub(crate) const EXCL: u16 = 0x200;
/// `NLM_F_CREATE`: make it.
pub(crate) const CREATE: u16 = 0x400;
/// `NLM_F_APPEND`: behind what is there.
pub(crate) const APPEND: u16 = 0x800;
/// `NLA_F_NESTED`: the attribute holds attributes.
const NESTED: u16 = 0x8000;

/// A message being written.
pub(crate) struct Message {
    kind: u16,
    flags: u16,
    body: Vec<u8>,
}

impl Message {
    /// A request that is to be acknowledged.
    pub(crate) fn request(kind: u16, flags: u16, fixed: &[u8]) -> Self {
        Self::plain(kind, flags | ACK, fixed)
    }

    /// A request for all objects of a kind.
    pub(crate) fn dump(kind: u16, fixed: &[u8]) -> Self {
        Self::plain(kind, DUMP, fixed)
    }

    /// A message without an acknowledgement.
    pub(crate) fn plain(kind: u16, flags: u16, fixed: &[u8]) -> Self {
        let mut message = Self {
            kind,
            flags: flags | REQUEST,
            body: fixed.to_vec(),
        };
        message.pad();
        message
    }

    /// Adds an attribute.
    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        // A netlink attribute's length is 16 bits; ours are names and numbers.
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.body.extend(length.to_ne_bytes());
        self.body.extend(kind.to_ne_bytes());
        self.body.extend(value);
        self.pad();
        self
    }

    /// Adds a string with its end.
    pub(crate) fn string(&mut self, kind: u16, value: &str) -> &mut Self {
        self.attribute(kind, &[value.as_bytes(), b"\0"].concat())
    }

    /// Adds a number in the host's byte order.
    pub(crate) fn u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.attribute(kind, &value.to_ne_bytes())
    }

    /// Adds a number in network byte order.
    pub(crate) fn be32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.attribute(kind, &value.to_be_bytes())
    }

    /// Adds an attribute that holds attributes.
    pub(crate) fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.body.len();
        self.body.extend([0; 4]);
        fill(self);
        let length = u16::try_from(self.body.len() - start).unwrap_or(u16::MAX);
        self.body[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.body[start + 2..start + 4].copy_from_slice(&(kind | NESTED).to_ne_bytes());
        self
    }

    /// Adds raw bytes, a fixed part inside a nest.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.body.extend(bytes);
        self.pad();
        self
    }

    /// The whole message with its header.
    pub(crate) fn finish(self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.body.len() + HEADER).unwrap_or(u32::MAX);
        let mut message = Vec::with_capacity(self.body.len() + HEADER);
        message.extend(length.to_ne_bytes());
        message.extend(self.kind.to_ne_bytes());
        message.extend(self.flags.to_ne_bytes());
        message.extend(sequence.to_ne_bytes());
        message.extend(0u32.to_ne_bytes());
        message.extend(self.body);
        message
    }

    fn pad(&mut self) {
        self.body.resize(self.body.len().next_multiple_of(4), 0);
    }
}

/// Length and type of the message at the front, if it is whole.
pub(crate) fn read_header(bytes: &[u8]) -> Option<(usize, u16)> {
    let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?);
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let length = usize::try_from(length).ok()?;
    (length >= HEADER && length <= bytes.len()).then_some((length, kind))
}

/// The attributes behind a fixed part of `skip` bytes.
pub(crate) fn attributes(body: &[u8], skip: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = body.get(skip..).unwrap_or(&[]);
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(rest.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(rest.get(2..4)?.try_into().ok()?) & !NESTED;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind, value))
    })
}

/// An attribute's value as a string, up to its end.
pub(crate) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&value[..end.unwrap_or(value.len())]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_and_read_back() {
        let mut message = Message::request(16, CREATE, &[1, 2, 3, 4]);
        message
            .string(3, "eth0")
            .nest(18, |nest| {
                nest.u32(1, 7);
            })
            .be32(4, 0x0102_0304);
        let bytes = message.finish(9);
        assert_eq!(read_header(&bytes), Some((bytes.len(), 16)));
        let found: Vec<_> = attributes(&bytes[HEADER..], 4).collect();
        assert_eq!(found[0], (3, &b"eth0\0"[..]));
        assert_eq!(found[1].0, 18);
        assert_eq!(
            attributes(found[1].1, 0).next(),
            Some((1, &7u32.to_ne_bytes()[..]))
        );
        assert_eq!(found[2], (4, &[1, 2, 3, 4][..]));
        assert_eq!(found.len(), 3);
    }
}
