//! Variables in the words of a Dockerfile, by Docker's rules for shell words.

use std::cell::Cell;

use crate::instruction::{Copy, Instruction, Pair, Source};
use crate::quote::quote;

/// Nested substitutions beyond this are an attack on the stack.
const DEEPEST: usize = 100;
/// In bytes. A result beyond this is one that doubles itself from line to line;
/// no more fits into the environment of a process.
const LONGEST: usize = 4 << 20;

/// A word that cannot be expanded, in dockerd's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpandError(String);

/// Expands variables and takes quotes and escapes away. The environment is a
/// list of `NAME=value`; of two with one name the first counts.
///
/// ```
/// use longshore_dockerfile::expand::word;
///
/// let env = ["TAG=1.36".to_owned()];
/// assert_eq!(word("busybox:${TAG:-latest}", &env, '\\')?, "busybox:1.36");
/// # Ok::<(), longshore_dockerfile::expand::ExpandError>(())
/// ```
pub fn word(text: &str, env: &[String], escape: char) -> Result<String, ExpandError> {
    Ok(run(text, env, escape)?.all)
}

/// Like [`word`], but cuts the result at blanks that are not quoted.
pub fn words(text: &str, env: &[String], escape: char) -> Result<Vec<String>, ExpandError> {
    Ok(run(text, env, escape)?.finish())
}

fn run(text: &str, env: &[String], escape: char) -> Result<Words, ExpandError> {
    let mut shell = Shell::new(text, env, escape);
    match shell.until(None, 0) {
        Ok(()) => Ok(shell.words),
        Err(ExpandError(reason)) => {
            let shown: String = text.chars().take(200).collect();
            let shown = quote(&shown);
            Err(ExpandError(format!("failed to process {shown}: {reason}")))
        }
    }
}

impl Instruction {
    /// The instruction with its variables expanded, in the fields where Docker
    /// expands them. Commands are left alone: the shell expands theirs.
    pub fn expand(&self, env: &[String], escape: char) -> Result<Self, ExpandError> {
        let total = Cell::new(0);
        let bounded = |length: usize| {
            total.set(total.get() + length);
            match total.get() > LONGEST {
                true => wrong("the expanded text is too long"),
                false => Ok(()),
            }
        };
        let one = |text: &String| {
            let text = word(text, env, escape)?;
            bounded(text.len())?;
            Ok(text)
        };
        let maybe = |text: &Option<String>| text.as_ref().map(one).transpose();
        let pairs = |pairs: &[Pair]| {
            pairs
                .iter()
                .map(|pair| {
                    Ok(Pair {
                        name: one(&pair.name)?,
                        value: one(&pair.value)?,
                    })
                })
                .collect::<Result<Vec<_>, _>>()
        };
        let copy = |copy: &Copy| {
            let source = |source: &Source| {
                Ok(match source {
                    Source::Path(path) => Source::Path(one(path)?),
                    Source::Heredoc(heredoc) if heredoc.expand => {
                        let mut heredoc = heredoc.clone();
                        heredoc.content = document(&heredoc.content, env, escape)?;
                        bounded(heredoc.content.len())?;
                        Source::Heredoc(heredoc)
                    }
                    Source::Heredoc(heredoc) => Source::Heredoc(heredoc.clone()),
                })
            };
            Ok(Copy {
                sources: copy.sources.iter().map(source).collect::<Result<_, _>>()?,
                destination: one(&copy.destination)?,
                from: copy.from.clone(),
                chown: maybe(&copy.chown)?,
                chmod: maybe(&copy.chmod)?,
            })
        };
        Ok(match self {
            Self::Arg(args) => {
                let mut args = args.clone();
                for arg in &mut args {
                    arg.name = one(&arg.name)?;
                    arg.value = maybe(&arg.value)?;
                }
                Self::Arg(args)
            }
            Self::Env(list) => Self::Env(pairs(list)?),
            Self::Label(list) => Self::Label(pairs(list)?),
            Self::Add(it) => Self::Add(copy(it)?),
            Self::Copy(it) => Self::Copy(copy(it)?),
            Self::User(text) => Self::User(one(text)?),
            Self::Workdir(text) => Self::Workdir(one(text)?),
            Self::StopSignal(text) => Self::StopSignal(one(text)?),
            Self::Volume(paths) => Self::Volume(paths.iter().map(one).collect::<Result<_, _>>()?),
            Self::Expose(ports) => {
                let mut all = Vec::new();
                for port in ports {
                    let words = words(port, env, escape)?;
                    bounded(words.iter().map(String::len).sum())?;
                    all.extend(words);
                }
                Self::Expose(all)
            }
            other => other.clone(),
        })
    }
}

/// Expands variables in a heredoc, where quotes mean nothing.
pub fn document(text: &str, env: &[String], escape: char) -> Result<String, ExpandError> {
    let mut shell = Shell::new(text, env, escape);
    while let Some(next) = shell.peek() {
        match next {
            '$' => {
                let value = shell.dollar(0)?;
                shell.words.quoted(&value)?;
            }
            next => {
                shell.next();
                match shell.peek() {
                    Some(escaped) if next == escape && (escaped == '$' || escaped == escape) => {
                        shell.next();
                        shell.words.quoted_char(escaped)?;
                    }
                    _ => shell.words.quoted_char(next)?,
                }
            }
        }
    }
    Ok(shell.words.all)
}

struct Shell<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    env: &'a [String],
    escape: char,
    words: Words,
}

/// A result, as a whole and as words.
#[derive(Default)]
struct Words {
    all: String,
    words: Vec<String>,
    word: String,
    in_word: bool,
}

impl Words {
    /// A character that may part words.
    fn plain_char(&mut self, character: char) -> Result<(), ExpandError> {
        self.all.push(character);
        if character.is_whitespace() {
            if self.in_word {
                self.words.push(std::mem::take(&mut self.word));
                self.in_word = false;
            }
        } else {
            self.in_word = true;
            self.word.push(character);
        }
        self.check()
    }

    fn quoted_char(&mut self, character: char) -> Result<(), ExpandError> {
        self.all.push(character);
        self.word.push(character);
        self.in_word = true;
        self.check()
    }

    /// A text that stays together, even if it is empty.
    fn quoted(&mut self, text: &str) -> Result<(), ExpandError> {
        self.all.push_str(text);
        self.word.push_str(text);
        self.in_word = true;
        self.check()
    }

    fn plain(&mut self, text: &str) -> Result<(), ExpandError> {
        text.chars().try_for_each(|c| self.plain_char(c))
    }

    fn check(&self) -> Result<(), ExpandError> {
        match self.all.len() > LONGEST {
            true => Err(ExpandError("the expanded text is too long".to_owned())),
            false => Ok(()),
        }
    }

    fn finish(mut self) -> Vec<String> {
        if self.in_word {
            self.words.push(self.word);
        }
        self.words
    }
}

fn wrong<T>(text: impl Into<String>) -> Result<T, ExpandError> {
    Err(ExpandError(text.into()))
}

impl<'a> Shell<'a> {
    fn new(text: &'a str, env: &'a [String], escape: char) -> Self {
        Self {
            rest: text.chars().peekable(),
            env,
            escape,
            words: Words::default(),
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn next(&mut self) -> Option<char> {
        self.rest.next()
    }

    /// Reads up to a character, or to the end.
    fn until(&mut self, stop: Option<char>, depth: usize) -> Result<(), ExpandError> {
        if depth > DEEPEST {
            return wrong("substitutions are nested too deeply");
        }
        while let Some(next) = self.peek() {
            if Some(next) == stop {
                self.next();
                return Ok(());
            }
            match next {
                '\'' => {
                    self.next();
                    let text = self.single_quoted()?;
                    self.words.quoted(&text)?;
                }
                '"' => {
                    self.next();
                    let text = self.double_quoted(depth)?;
                    self.words.quoted(&text)?;
                }
                '$' => {
                    let value = self.dollar(depth)?;
                    self.words.plain(&value)?;
                }
                next if next == self.escape => {
                    self.next();
                    if let Some(escaped) = self.next() {
                        self.words.quoted_char(escaped)?;
                    }
                }
                next => {
                    self.next();
                    self.words.plain_char(next)?;
                }
            }
        }
        match stop {
            None => Ok(()),
            Some(_) => wrong("syntax error: missing '}'"),
        }
    }

    fn single_quoted(&mut self) -> Result<String, ExpandError> {
        let mut text = String::new();
        loop {
            match self.next() {
                None => {
                    return wrong(
                        "unexpected end of statement while looking for matching single-quote",
                    );
                }
                Some('\'') => return Ok(text),
                Some(other) => text.push(other),
            }
        }
    }

    fn double_quoted(&mut self, depth: usize) -> Result<String, ExpandError> {
        let mut text = String::new();
        loop {
            match self.peek() {
                None => {
                    return wrong(
                        "unexpected end of statement while looking for matching double-quote",
                    );
                }
                Some('"') => {
                    self.next();
                    return Ok(text);
                }
                Some('$') => text.push_str(&self.dollar(depth)?),
                Some(other) => {
                    self.next();
                    match self.peek() {
                        Some(escaped)
                            if other == self.escape
                                && (matches!(escaped, '"' | '$') || escaped == self.escape) =>
                        {
                            self.next();
                            text.push(escaped);
                        }
                        _ => text.push(other),
                    }
                }
            }
            if text.len() > LONGEST {
                return wrong("the expanded text is too long");
            }
        }
    }

    /// `$name`, `${name}` and the forms with a modifier.
    fn dollar(&mut self, depth: usize) -> Result<String, ExpandError> {
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            return Ok(match name.as_str() {
                "" => "$".to_owned(),
                name => self.get(name).unwrap_or_default().to_owned(),
            });
        }
        self.next();
        match self.peek() {
            None => return wrong("syntax error: missing '}'"),
            Some('{' | '}' | ':') => return wrong("syntax error: bad substitution"),
            _ => {}
        }
        let name = self.name();
        let (colon, modifier) = match self.next() {
            None => return wrong("syntax error: missing '}'"),
            Some('}') => return Ok(self.get(&name).unwrap_or_default().to_owned()),
            Some(':') => (true, self.next()),
            modifier => (false, modifier),
        };
        let value = self.get(&name).map(str::to_owned);
        let usable = value.clone().filter(|value| !colon || !value.is_empty());
        let word = self.inner(depth)?;
        match modifier {
            Some('+') => Ok(usable.map_or(String::new(), |_| word)),
            Some('-') => Ok(usable.unwrap_or(word)),
            Some('?') => match usable {
                Some(value) => Ok(value),
                None if !word.is_empty() => wrong(format!("{name}: {word}")),
                None => wrong(format!("{name}: is not allowed to be unset")),
            },
            Some(other) if colon => {
                wrong(format!("unsupported modifier ({other}) in substitution"))
            }
            _ => wrong("missing ':' in substitution"),
        }
    }

    /// The word of a modifier, up to the closing brace.
    fn inner(&mut self, depth: usize) -> Result<String, ExpandError> {
        let outer = std::mem::take(&mut self.words);
        let result = self.until(Some('}'), depth + 1);
        let inner = std::mem::replace(&mut self.words, outer);
        result.map(|()| inner.all)
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.peek() {
            Some(digit) if digit.is_numeric() => {
                while let Some(digit) = self.peek().filter(|c| c.is_numeric()) {
                    self.next();
                    name.push(digit);
                }
                return name;
            }
            Some(special @ ('@' | '*' | '#' | '?' | '-' | '$' | '!')) => {
                self.next();
                return special.to_string();
            }
            _ => {}
        }
        while let Some(next) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_') {
            self.next();
            name.push(next);
        }
        name
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.env
            .iter()
            .find_map(|entry| match entry.split_once('=') {
                Some((it, value)) => (it == name).then_some(value),
                None => (entry == name).then_some(""),
            })
    }
}
