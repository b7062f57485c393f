//! The few kinds of MessagePack values that fluentd's protocol needs.

/// Appends the head of an array of less than 16 values.
pub(super) fn array(out: &mut Vec<u8>, length: u8) {
    out.push(0x90 | length & 15);
}

/// Appends the head of a map.
pub(super) fn map(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(length @ ..16) => out.push(0x80 | length),
        _ => {
            out.push(0xde);
            let length = u16::try_from(length).unwrap_or(u16::MAX);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
}

/// Appends a string.
pub(super) fn string(out: &mut Vec<u8>, text: &[u8]) {
    match text.len() {
        length @ ..32 => out.push(0xa0 | length as u8),
        length @ ..256 => out.extend_from_slice(&[0xd9, length as u8]),
        length @ ..65_536 => {
            out.push(0xda);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(0xdb);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
    }
    out.extend_from_slice(text);
}

/// Appends a time in seconds.
pub(super) fn seconds(out: &mut Vec<u8>, seconds: i64) {
    out.push(0xd3);
    out.extend_from_slice(&seconds.to_be_bytes());
}

/// Appends a time in seconds and nanoseconds: fluentd's extension type 0.
pub(super) fn event_time(out: &mut Vec<u8>, seconds: i64, nanos: u32) {
    out.extend_from_slice(&[0xd7, 0]);
    out.extend_from_slice(&(seconds as u32).to_be_bytes());
    out.extend_from_slice(&nanos.to_be_bytes());
}

/// The string value of `key` in a map of strings that may be incomplete yet.
pub(super) fn find<'a>(map: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut rest = map.get(1..)?;
    for _ in 0..map[0] & 15 {
        let (name, after) = take_string(rest)?;
        let (value, after) = take_string(after)?;
        if name == key {
            return Some(value);
        }
        rest = after;
    }
    None
}

fn take_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (length, rest) = match kind {
        0xa0..=0xbf => (usize::from(kind & 31), rest),
        0xc4 | 0xd9 => (usize::from(*rest.first()?), rest.get(1..)?),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_all_sizes() {
        for (length, head) in [
            (3, &b"\xa3"[..]),
            (64, b"\xd9\x40"),
            (300, b"\xda\x01\x2c"),
            (70_000, b"\xdb\x00\x01\x11\x70"),
        ] {
            let mut out = Vec::new();
            string(&mut out, &vec![b'x'; length]);
            assert_eq!(&out[..head.len()], head);
            assert_eq!(out.len(), head.len() + length);
        }
    }

    #[test]
    fn a_value_is_found() {
        let reply = b"\x82\xa1k\xa1v\xa3ack\xd9\x02id";
        assert_eq!(find(reply, b"ack"), Some(&b"id"[..]));
        assert_eq!(find(reply, b"no"), None);
        assert_eq!(find(&reply[..6], b"ack"), None);
    }
}
