//! The framing of logs, attach and exec without a TTY: an 8-byte header of
//! stream number, three zero bytes and a big-endian length, then the payload.

/// The payloads of one answer, joined per stream.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Splits a complete answer; an error says at which byte the framing broke.
pub(crate) fn split(bytes: &[u8]) -> Result<Output, String> {
    let mut output = Output::default();
    let mut at = 0;
    while at < bytes.len() {
        let header: [u8; 8] = bytes
            .get(at..at + 8)
            .and_then(|h| h.try_into().ok())
            .ok_or_else(|| format!("frame header cut short at byte {at} of {}", bytes.len()))?;
        if header[1..4] != [0, 0, 0] {
            return Err(format!(
                "byte {at}: bytes 1 to 3 of the header are {:?}, not zero",
                &header[1..4]
            ));
        }
        let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let payload = bytes
            .get(at + 8..at + 8 + length)
            .ok_or_else(|| format!("byte {at}: payload of {length} bytes cut short"))?;
        let text = String::from_utf8_lossy(payload);
        match header[0] {
            1 => output.stdout.push_str(&text),
            2 => output.stderr.push_str(&text),
            other => return Err(format!("byte {at}: stream {other}, not 1 or 2: {text}")),
        }
        at += 8 + length;
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_told_apart() {
        let bytes = b"\x01\0\0\0\0\0\0\x02hi\x02\0\0\0\0\0\0\x01e\x01\0\0\0\0\0\0\0";
        let output = split(bytes).unwrap();
        assert_eq!(
            (output.stdout.as_str(), output.stderr.as_str()),
            ("hi", "e")
        );
    }

    #[test]
    fn broken_framing_is_named() {
        assert!(split(b"\x01\0\0").unwrap_err().contains("cut short"));
        assert!(
            split(b"\x01\0\0\0\0\0\0\x09hi")
                .unwrap_err()
                .contains("payload")
        );
        assert!(split(b"hello world").unwrap_err().contains("not zero"));
    }
}
