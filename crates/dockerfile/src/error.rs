//! What is wrong with a Dockerfile, where, and what was expected.

use std::fmt;

/// A Dockerfile that cannot be read. Its text begins with dockerd's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Which of dockerd's phases refuses it.
    pub phase: Phase,
    /// dockerd's words without the place.
    pub message: String,
    /// The line where the instruction begins, counted from 1; 0 where it is
    /// about the whole file. This is the one that dockerd names.
    pub instruction_line: usize,
    /// The line, which in a continued instruction may be a later one.
    pub line: usize,
    /// The column in it, counted in characters from 1.
    pub column: usize,
    /// What should stand there; empty if the message says it.
    pub expected: String,
}

/// Where in its work dockerd finds an error; each has its own beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// There is nothing to read.
    Empty,
    /// Lines become words.
    Syntax,
    /// Words become instructions.
    Instruction,
    /// Instructions become stages.
    Stage,
}

impl ParseError {
    /// What to tell about a file of this name.
    pub fn in_file(&self, name: &str) -> String {
        let message = &self.message;
        let mut text = match self.phase {
            Phase::Empty | Phase::Stage => message.clone(),
            Phase::Syntax => format!("failed to parse {name}: {message}"),
            Phase::Instruction => {
                format!(
                    "dockerfile parse error line {}: {message}",
                    self.instruction_line
                )
            }
        };
        if self.line > 0 {
            text += &format!(" (line {}, column {}", self.line, self.column);
            if !self.expected.is_empty() {
                text += &format!(": expected {}", self.expected);
            }
            text.push(')');
        }
        text
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_file("Dockerfile"))
    }
}

impl std::error::Error for ParseError {}

/// An error inside one instruction: its place is a byte in the joined line.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) expected: &'static str,
    pub(crate) at: Option<usize>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>, expected: &'static str) -> Self {
        Self {
            message: message.into(),
            expected,
            at: None,
        }
    }

    pub(crate) fn at(mut self, offset: usize) -> Self {
        self.at = Some(offset);
        self
    }
}
