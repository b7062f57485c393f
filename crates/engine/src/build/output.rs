//! What a build tells its client, line by line, in the order of the stages
//! although these run side by side.

use tokio::sync::mpsc;

use crate::error::Error;
use crate::image::progress::ProgressLine;

/// Lines of one stage that may wait for its turn or for a slow client; beyond
/// it the stage waits.
const WAITING: usize = 1024;

/// One line of a build's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A text for people, as it is.
    Text(String),
    /// The id of an image, for programs; with the name of the message where it
    /// has one.
    Image {
        /// `moby.image.id` for a squashed image.
        name: Option<&'static str>,
        /// Full id.
        id: String,
    },
    /// How the pull of an image goes on.
    Progress(ProgressLine),
}

/// Why a build failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Kind and text.
    pub error: Error,
    /// The exit code of the command that failed.
    pub code: Option<i64>,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure {
            error: error.into(),
            code: None,
        }
    }
}

/// The client is gone, or has enough.
pub(super) fn cancelled() -> Failure {
    Error::system("Build cancelled").into()
}

/// Where the lines of one stage go.
#[derive(Clone, Debug)]
pub(super) struct Sink(mpsc::Sender<Line>);

impl Sink {
    /// A sink and the lines that go into it.
    pub(super) fn new() -> (Sink, mpsc::Receiver<Line>) {
        let (to, lines) = mpsc::channel(WAITING);
        (Sink(to), lines)
    }

    /// A sink into lines that somebody else reads.
    pub(super) fn to(lines: mpsc::Sender<Line>) -> Sink {
        Sink(lines)
    }

    /// Whether nobody listens any more.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Tells a text. It waits for a slow client, and fails when nobody listens
    /// any more.
    pub(super) async fn text(&self, text: impl Into<String>) -> Result<(), Failure> {
        self.line(Line::Text(text.into())).await
    }

    /// Tells a line.
    pub(super) async fn line(&self, line: Line) -> Result<(), Failure> {
        self.0.send(line).await.map_err(|_| cancelled())
    }

    /// Announces a step: `Step 3/7 : RUN true`.
    pub(super) async fn step(
        &self,
        number: usize,
        total: usize,
        text: &str,
    ) -> Result<(), Failure> {
        self.text(format!("Step {number}/{total} : {text}")).await?;
        self.text("\n").await
    }

    /// Tells which image there is now; none after `FROM scratch`.
    pub(super) async fn image(&self, id: Option<&str>) -> Result<(), Failure> {
        self.text(format!(" ---> {}\n", id.unwrap_or_default()))
            .await
    }
}

/// Bytes of a program as text. A character that is cut by the end of a piece
/// waits for the next one; what is no UTF-8 is replaced.
#[derive(Debug, Default)]
pub(super) struct Characters(Vec<u8>);

impl Characters {
    /// The text of a piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> String {
        self.0.extend_from_slice(piece);
        // The end may be the beginning of a character.
        let last = self
            .0
            .utf8_chunks()
            .last()
            .map_or(&[][..], |chunk| chunk.invalid());
        let cut = std::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
        let whole = self.0.len() - if cut { last.len() } else { 0 };
        let rest = self.0.split_off(whole);
        let text = String::from_utf8_lossy(&self.0).into_owned();
        self.0 = rest;
        text
    }

    /// What is left at the end.
    pub(super) fn finish(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_never_cut() {
        let text = "aé€\u{1f600}z";
        for size in 1..=text.len() {
            let mut characters = Characters::default();
            let mut read = String::new();
            for piece in text.as_bytes().chunks(size) {
                read += &characters.push(piece);
            }
            read += &characters.finish();
            assert_eq!(read, text, "{size}");
        }
        let mut characters = Characters::default();
        assert_eq!(characters.push(b"a\xff\xe2\x82"), "a\u{fffd}");
        assert_eq!(characters.finish(), "\u{fffd}");
    }
}
