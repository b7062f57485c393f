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

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = &self.message;
        match self.phase {
            Phase::Empty | Phase::Stage => f.write_str(message)?,
            Phase::Syntax => write!(f, "failed to parse Dockerfile: {message}")?,
            Phase::Instruction => {
                let line = self.instruction_line;
                write!(f, "dockerfile parse error line {line}: {message}")?;
            }
        }
        if self.line == 0 {
            return Ok(());
        }
        write!(f, " (line {}, column {}", self.line, self.column)?;
        if !self.expected.is_empty() {
            write!(f, ": expected {}", self.expected)?;
        }
        f.write_str(")")
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
