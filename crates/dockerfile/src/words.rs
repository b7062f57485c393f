//! Cuts the text of an instruction into words: options, blanks and quotes as
//! the classic builder's parser has them.

use crate::lines::Opening;

/// A word and its first byte in the text that it was cut from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

/// The blanks between a keyword and what follows it.
pub(crate) const BLANKS: [char; 5] = ['\t', '\u{b}', '\u{c}', '\r', ' '];

/// A keyword and the rest, both trimmed, with the place of the rest.
pub(crate) fn keyword(line: &str) -> (&str, &str, usize) {
    let trimmed = line.trim();
    let start = line.len() - line.trim_start().len();
    match trimmed.split_once(BLANKS) {
        None => (trimmed, "", start + trimmed.len()),
        Some((keyword, rest)) => {
            let rest_trimmed = rest.trim_start();
            let at = start + keyword.len() + 1 + (rest.len() - rest_trimmed.len());
            (keyword, rest_trimmed, at)
        }
    }
}

/// Takes the options (`--name=value`) off the front: their texts with quotes
/// and escapes resolved, and what remains with its place.
pub(crate) fn options(text: &str) -> (Vec<(String, usize)>, &str, usize) {
    let mut options = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        if !rest.starts_with("--") {
            return (options, rest, at);
        }
        let (option, length) = option(rest);
        if option == "--" {
            at += length;
            return (options, &text[at..], at);
        }
        options.push((option, at));
        at += length;
    }
}

/// One option up to the next blank outside quotes. A quote that closes stays
/// in the word, as in dockerd.
fn option(text: &str) -> (String, usize) {
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((index, mut character)) = characters.next() {
        match quote {
            None if character.is_whitespace() => return (word, index),
            None if matches!(character, '"' | '\'') => {
                quote = Some(character);
                continue;
            }
            Some(open) if open == character => quote = None,
            _ => {}
        }
        if character == '\\' {
            match characters.next() {
                None => break,
                Some((_, escaped)) => character = escaped,
            }
        }
        word.push(character);
    }
    (word, text.len())
}

/// Words between blanks, without any meaning of quotes.
pub(crate) fn blank_separated(text: &str) -> Vec<String> {
    text.trim()
        .split(BLANKS)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Words between blanks outside quotes; quotes and escapes stay in them.
pub(crate) fn quoted(text: &str, escape: char) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        if quote.is_none() && character.is_whitespace() {
            if let Some(start) = start.take() {
                words.push(Word {
                    text: &text[start..index],
                    at: start,
                });
            }
            continue;
        }
        start.get_or_insert(index);
        match quote {
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if open == character => quote = None,
            // Nothing is escaped between single quotes.
            Some('\'') => {}
            _ if character == escape => drop(characters.next()),
            _ => {}
        }
    }
    if let Some(start) = start {
        words.push(Word {
            text: &text[start..],
            at: start,
        });
    }
    words
}

/// The heredocs that an instruction opens. Only `RUN`, `COPY` and `ADD` may,
/// and only in their plain form.
pub(crate) fn heredocs(line: &str, escape: char) -> Vec<Opening> {
    let (mut name, mut rest, _) = keyword(line);
    if name.eq_ignore_ascii_case("ONBUILD") {
        (name, rest, _) = keyword(rest);
    }
    let may = ["RUN", "COPY", "ADD"]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(name));
    if !may || !rest.contains("<<") || crate::json::is_list(options(rest).1) {
        return Vec::new();
    }
    quoted(rest, escape)
        .iter()
        .filter_map(|word| heredoc(word.text))
        .collect()
}

/// `<<EOF`, `<<-EOF`, `<<"EOF"`, with a descriptor's number in front for the
/// shell.
fn heredoc(word: &str) -> Option<Opening> {
    let rest = word
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .strip_prefix("<<")?;
    let (strip_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let quoted = ['"', '\'']
        .iter()
        .find_map(|quote| rest.strip_prefix(*quote)?.strip_suffix(*quote));
    let name = quoted.unwrap_or(rest);
    // Stricter than shells for bare words, so that a shift in an arithmetic
    // expression is none.
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let good = !name.is_empty()
        && match quoted {
            Some(name) => !name.contains(['"', '\'', '<', '/']),
            None => !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(plain),
        };
    good.then(|| Opening {
        word: word.to_owned(),
        name: name.to_owned(),
        expand: quoted.is_none(),
        strip_tabs,
    })
}
