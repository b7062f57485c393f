//! From bytes to logical lines: parser directives, comments, continuations,
//! heredocs; and back from a place in a logical line to one in the file.

use crate::error::{Failure, ParseError, Phase};
use crate::instruction::{Directives, Heredoc, Span};
use crate::words;

/// As in dockerd: a longer line is not one that a person wrote.
const LONGEST_LINE: usize = 65535;

/// An instruction on one line.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) heredocs: Vec<(Opening, Heredoc)>,
    first: usize,
    last: usize,
    pieces: Vec<Piece>,
}

/// The mark of a heredoc in a line: `<<-"EOF"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) word: String,
    pub(crate) name: String,
    pub(crate) expand: bool,
    pub(crate) strip_tabs: bool,
}

/// All lines of a file.
pub(crate) struct Lines {
    pub(crate) directives: Directives,
    pub(crate) lines: Vec<Line>,
    pub(crate) warnings: Vec<String>,
}

/// Where a part of a logical line comes from.
struct Piece {
    /// Its first byte in the logical line.
    offset: usize,
    /// Its line in the file.
    line: usize,
    /// The characters of that line before it.
    indent: usize,
}

/// A line of the file with its number, counted from 1.
struct Physical<'a> {
    number: usize,
    /// Without the line's end.
    text: &'a str,
    /// With it.
    raw: &'a str,
}

impl Line {
    pub(crate) fn span(&self) -> Span {
        let (line, column) = self.place(0);
        Span {
            line,
            column,
            last_line: self.last,
        }
    }

    /// The line and column of a byte of the logical line.
    fn place(&self, offset: usize) -> (usize, usize) {
        let index = self
            .pieces
            .partition_point(|piece| piece.offset <= offset)
            .saturating_sub(1);
        let Some(piece) = self.pieces.get(index) else {
            return (self.first, 1);
        };
        let inside = self.text.get(piece.offset..offset).unwrap_or_default();
        (piece.line, piece.indent + inside.chars().count() + 1)
    }

    pub(crate) fn error(&self, phase: Phase, failure: Failure) -> ParseError {
        let (line, column) = self.place(failure.at.unwrap_or(0));
        ParseError {
            phase,
            message: failure.message,
            instruction_line: self.first,
            line,
            column,
            expected: failure.expected.to_owned(),
        }
    }
}

/// Reads a file into its logical lines.
pub(crate) fn read(text: &str) -> Result<Lines, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut physical = text.split_inclusive('\n').enumerate().map(number);
    let mut out = Lines {
        directives: Directives::default(),
        lines: Vec::new(),
        warnings: Vec::new(),
    };
    let mut seen = Vec::new();
    let mut at_the_top = true;
    while let Some(start) = physical.next() {
        check_length(&start)?;
        if at_the_top {
            at_the_top = directive(&start, &mut out.directives, &mut seen)?;
        }
        let escape = out.directives.escape;
        let trimmed = start.text.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let mut line = Line {
            text: String::new(),
            heredocs: Vec::new(),
            first: start.number,
            last: start.number,
            pieces: Vec::new(),
        };
        // The first line is trimmed on both sides, those that follow only
        // lose their ends.
        let mut more = line.push(&start, start.text.len() - trimmed.len(), escape);
        let mut empty_lines = false;
        while more {
            let Some(next) = physical.next() else { break };
            check_length(&next)?;
            line.last = next.number;
            let trimmed = next.text.trim();
            if trimmed.starts_with('#') {
                continue;
            }
            if trimmed.is_empty() {
                empty_lines = true;
                continue;
            }
            more = line.push(&next, 0, escape);
        }
        if empty_lines {
            let warning = "[WARNING]: Empty continuation line found in:\n    ";
            out.warnings.push(warning.to_owned() + &line.text);
        }
        for opening in words::heredocs(&line.text, escape) {
            let heredoc = body(&mut physical, &mut line, &opening)?;
            line.heredocs.push((opening, heredoc));
        }
        out.lines.push(line);
    }
    if !out.warnings.is_empty() {
        let last = "[WARNING]: Empty continuation lines will become errors in a future release.";
        out.warnings.push(last.to_owned());
    }
    Ok(out)
}

fn number((index, raw): (usize, &str)) -> Physical<'_> {
    let text = raw.strip_suffix('\n').unwrap_or(raw);
    Physical {
        number: index + 1,
        text: text.strip_suffix('\r').unwrap_or(text),
        raw,
    }
}

impl Line {
    /// Adds what a line of the file has from a byte on; whether the next line
    /// continues it.
    fn push(&mut self, line: &Physical<'_>, from: usize, escape: char) -> bool {
        self.pieces.push(Piece {
            offset: self.text.len(),
            line: line.number,
            indent: line.text[..from].chars().count(),
        });
        let part = &line.text[from..];
        match continued(part, escape) {
            Some(part) => {
                self.text.push_str(part);
                true
            }
            None => {
                self.text.push_str(part);
                false
            }
        }
    }
}

/// The line without its escape character at the end, if it has one that is not
/// escaped itself.
fn continued(line: &str, escape: char) -> Option<&str> {
    let line = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!line.ends_with(escape)).then_some(line)
}

fn check_length(line: &Physical<'_>) -> Result<(), ParseError> {
    match line.raw.len() > LONGEST_LINE {
        false => Ok(()),
        true => Err(whole_line(
            line,
            format!("dockerfile line greater than max allowed size of {LONGEST_LINE}"),
            "a shorter line",
        )),
    }
}

fn whole_line(line: &Physical<'_>, message: String, expected: &str) -> ParseError {
    ParseError {
        phase: Phase::Syntax,
        message,
        instruction_line: line.number,
        line: line.number,
        column: 1,
        expected: expected.to_owned(),
    }
}

/// Reads a comment for the parser; whether another may follow.
fn directive(
    line: &Physical<'_>,
    directives: &mut Directives,
    seen: &mut Vec<String>,
) -> Result<bool, ParseError> {
    let Some((name, value)) = line
        .text
        .trim()
        .strip_prefix('#')
        .and_then(|comment| comment.split_once('='))
    else {
        return Ok(false);
    };
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    if !matches!(name.as_str(), "escape" | "syntax" | "check") || value.is_empty() {
        return Ok(false);
    }
    if seen.contains(&name) {
        let message = format!("only one {name} parser directive can be used");
        return Err(whole_line(line, message, "each directive once"));
    }
    match name.as_str() {
        "escape" => {
            directives.escape = match value {
                "`" => '`',
                "\\" => '\\',
                _ => {
                    let message = format!("invalid escape token '{value}' does not match ` or \\");
                    return Err(whole_line(line, message, "a backslash or a backtick"));
                }
            }
        }
        "syntax" => directives.syntax = Some(value.to_owned()),
        _ => directives.check = Some(value.to_owned()),
    }
    seen.push(name);
    Ok(true)
}

/// Reads the lines of a heredoc up to its delimiter.
fn body<'a>(
    physical: &mut impl Iterator<Item = Physical<'a>>,
    line: &mut Line,
    opening: &Opening,
) -> Result<Heredoc, ParseError> {
    let mut content = String::new();
    for next in physical.by_ref() {
        line.last = next.number;
        let (mut text, mut raw) = (next.text, next.raw);
        if opening.strip_tabs {
            text = text.trim_start_matches('\t');
            raw = raw.trim_start_matches('\t');
        }
        if text == opening.name {
            return Ok(Heredoc {
                name: opening.name.clone(),
                content,
                expand: opening.expand,
            });
        }
        content.push_str(raw);
    }
    let at = line.text.find(&opening.word).unwrap_or(0);
    let failure = Failure::new(
        format!("unterminated heredoc {}", opening.name),
        "a line with nothing but the delimiter",
    );
    Err(line.error(Phase::Syntax, failure.at(at)))
}
