//! Output into lines, and lines that are too long into parts.

/// Longest text of one piece; longer lines come in parts, as with dockerd.
pub(crate) const MAX_TEXT: usize = 16 << 10;

/// A line, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// The text, with its line feed where the line ends.
    pub(crate) text: &'a [u8],
    /// Which part of its line this is, counted from 1; 0 is a whole line.
    pub(crate) part: u32,
}

impl Piece<'_> {
    /// Whether the line ends here.
    pub(crate) fn is_last(&self) -> bool {
        self.text.ends_with(b"\n")
    }
}

/// Takes one stream apart.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    unfinished: Vec<u8>,
    /// Parts of the present line that were handed out.
    parts: u32,
}

impl Splitter {
    /// Hands out all pieces that are complete with `bytes`.
    pub(crate) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = &rest[..rest.len().min(MAX_TEXT - self.unfinished.len())];
            let length = match memchr::memchr(b'\n', room) {
                Some(at) => at + 1,
                None if self.unfinished.len() + room.len() < MAX_TEXT => {
                    self.unfinished.extend_from_slice(room);
                    return;
                }
                None => split_between_characters(room, self.unfinished.len()),
            };
            let (text, after) = rest.split_at(length);
            if self.unfinished.is_empty() {
                take(number(&mut self.parts, text));
            } else {
                self.unfinished.extend_from_slice(text);
                take(number(&mut self.parts, &self.unfinished));
                self.unfinished.clear();
            }
            rest = after;
        }
        if self.unfinished.is_empty() {
            // A line that came in two halves is rare; idle streams hold nothing.
            self.unfinished = Vec::new();
        }
    }

    /// The beginning of a line that was not handed out yet.
    pub(crate) fn unfinished(&self) -> &[u8] {
        &self.unfinished
    }

    /// Hands out the beginning of a line whose end will not come.
    pub(crate) fn end(&mut self, mut take: impl FnMut(Piece<'_>)) {
        let unfinished = std::mem::take(&mut self.unfinished);
        if !unfinished.is_empty() {
            take(number(&mut self.parts, &unfinished));
        }
        self.parts = 0;
    }
}

fn number<'a>(parts: &mut u32, text: &'a [u8]) -> Piece<'a> {
    let last = text.ends_with(b"\n");
    let part = match (last, *parts) {
        (true, 0) => 0,
        (_, before) => before.saturating_add(1),
    };
    *parts = if last { 0 } else { part };
    Piece { text, part }
}

/// Where to cut `part` so that a character is not torn, given that `before` bytes
/// of the same entry precede it. Bytes that are not UTF-8 are cut anywhere.
fn split_between_characters(part: &[u8], before: usize) -> usize {
    let tail = &part[part.len().saturating_sub(3)..];
    for (back, &byte) in tail.iter().rev().enumerate() {
        let width = match byte {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            0x80..=0xbf => continue,
            _ => break,
        };
        let cut = part.len() - back - 1;
        if back + 1 < width && cut + before > 0 {
            return cut;
        }
        break;
    }
    part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(inputs: &[&[u8]]) -> Vec<(Vec<u8>, u32)> {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        let mut take = |piece: Piece<'_>| found.push((piece.text.to_vec(), piece.part));
        for input in inputs {
            splitter.push(input, &mut take);
        }
        splitter.end(&mut take);
        found
    }

    #[test]
    fn lines_are_put_together() {
        assert_eq!(
            pieces(&[b"one\ntw", b"o\n\nend"]),
            [
                (b"one\n".to_vec(), 0),
                (b"two\n".to_vec(), 0),
                (b"\n".to_vec(), 0),
                (b"end".to_vec(), 1),
            ]
        );
    }

    #[test]
    fn long_lines_come_in_numbered_parts() {
        let mut long = vec![b'a'; 2 * MAX_TEXT];
        long.extend_from_slice(b"\nshort\n");
        let found: Vec<(usize, u32)> = pieces(&[&long])
            .iter()
            .map(|(text, part)| (text.len(), *part))
            .collect();
        assert_eq!(found, [(MAX_TEXT, 1), (MAX_TEXT, 2), (1, 3), (6, 0)]);
    }
}
