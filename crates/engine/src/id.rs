//! Identifiers: 64 lower-case hex digits from the system's random source.

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, Result};

/// Length of the short form that people see.
pub const SHORT_LEN: usize = 12;

/// A new id. Ids whose short form is all digits are not generated: some tools
/// read them as numbers.
pub fn generate() -> Result<String> {
    let random = SystemRandom::new();
    loop {
        let mut bytes = [0u8; 32];
        random
            .fill(&mut bytes)
            .map_err(|_| Error::system("the system's random source failed"))?;
        let id = hex(&bytes);
        if !short(&id).bytes().all(|b| b.is_ascii_digit()) {
            return Ok(id);
        }
    }
}

/// The first 12 characters of `id` (all of it when it is shorter).
pub fn short(id: &str) -> &str {
    id.get(..SHORT_LEN).unwrap_or(id)
}

/// Whether `text` has the form of a full id.
pub fn is_full(text: &str) -> bool {
    text.len() == 64 && is_hex(text)
}

/// Whether `text` is lower-case hex.
pub fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_64_hex_digits_and_never_look_like_a_number() {
        for _ in 0..200 {
            let id = generate().expect("an id");
            assert!(is_full(&id), "{id}");
            assert!(short(&id).bytes().any(|b| b.is_ascii_alphabetic()));
        }
    }

    #[test]
    fn short_of_a_short_text_is_the_text() {
        assert_eq!(short("abc"), "abc");
        assert_eq!(short("0123456789abcdef"), "0123456789ab");
    }
}
