//! From logical lines to instructions and stages, in dockerd's two phases: the
//! words of every line first, then what they mean.

use std::collections::HashMap;

use crate::duration;
use crate::error::{Failure, ParseError, Phase};
use crate::instruction::{
    Arg, Command, Copy, Dockerfile, From, Healthcheck, Instruction, Located, Pair, Run, Source,
    Stage,
};
use crate::json::{self, Form};
use crate::lines::{self, Line, Lines};
use crate::quote::quote;
use crate::words;

const KEYWORDS: &str = "an instruction: one of ADD, ARG, CMD, COPY, ENTRYPOINT, ENV, EXPOSE, \
    FROM, HEALTHCHECK, LABEL, MAINTAINER, ONBUILD, RUN, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR";

/// A line as words. Places are bytes in the logical line.
struct Node {
    keyword: String,
    /// Options without their dashes, each with its place.
    options: Vec<(String, usize)>,
    /// Where the words begin.
    at: usize,
    words: Words,
}

enum Words {
    /// The JSON form.
    List(Vec<String>),
    /// Words between blanks.
    Plain(Vec<String>),
    /// All that follows.
    Text(String),
    /// Names with or without values.
    Pairs(Vec<(String, Option<String>)>),
}

impl Dockerfile {
    /// Reads a Dockerfile. Bytes that are not UTF-8 become U+FFFD, as they do
    /// wherever dockerd shows them.
    ///
    /// ```
    /// use longshore_dockerfile::instruction::{Dockerfile, Instruction};
    ///
    /// let file = Dockerfile::parse(b"FROM busybox AS base\nUSER nobody\n")?;
    /// assert_eq!(file.stages[0].from.value.name.as_deref(), Some("base"));
    /// let step = &file.stages[0].instructions[0];
    /// assert_eq!(step.value, Instruction::User("nobody".to_owned()));
    /// assert_eq!(step.original, "USER nobody");
    /// # Ok::<(), longshore_dockerfile::error::ParseError>(())
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.is_empty() {
            return Err(ParseError::whole(
                Phase::Empty,
                "the Dockerfile (Dockerfile) cannot be empty",
            ));
        }
        let text = String::from_utf8_lossy(bytes);
        let lines = lines::read(&text)?;
        let nodes = nodes(&lines)?;
        let mut file = Self {
            directives: lines.directives.clone(),
            meta_args: Vec::new(),
            stages: Vec::new(),
            warnings: lines.warnings.clone(),
        };
        for (node, line) in nodes {
            let wrong = |failure| line.error(Phase::Instruction, failure);
            if node.keyword == "from" {
                let from = located(line, from(&node).map_err(wrong)?);
                file.stages.push(Stage {
                    from,
                    instructions: Vec::new(),
                });
                continue;
            }
            let instruction = instruction(&node, line).map_err(wrong)?;
            match (file.stages.last_mut(), instruction) {
                (Some(stage), instruction) => {
                    stage.instructions.push(located(line, instruction));
                }
                (None, Instruction::Arg(args)) => file.meta_args.push(located(line, args)),
                (None, _) => {
                    let failure = Failure::new("no build stage in current context", "FROM or ARG");
                    return Err(line.error(Phase::Stage, failure));
                }
            }
        }
        Ok(file)
    }
}

/// Reads a trigger of `ONBUILD`, which is one instruction.
pub fn trigger(text: &str) -> Result<Located<Instruction>, ParseError> {
    let mut steps = alone(text, |_| Ok(()))?;
    match steps.len() {
        1 => Ok(steps.remove(0)),
        _ => Err(ParseError::whole(
            Phase::Stage,
            "onbuild trigger should be a single expression",
        )),
    }
}

/// Reads instructions outside of a stage. Their keywords, in lower case, are
/// judged before anything is made of their words.
pub(crate) fn alone<E: std::convert::From<ParseError>>(
    text: &str,
    judge: impl Fn(&str) -> Result<(), E>,
) -> Result<Vec<Located<Instruction>>, E> {
    let lines = lines::read(text)?;
    let nodes = nodes(&lines)?;
    nodes
        .iter()
        .try_for_each(|(node, _)| judge(&node.keyword))?;
    let step = |(node, line): (Node, &Line)| match instruction(&node, line) {
        Ok(instruction) => Ok(located(line, instruction)),
        Err(failure) => Err(line.error(Phase::Instruction, failure).into()),
    };
    nodes.into_iter().map(step).collect()
}

/// The first phase for all lines.
fn nodes(lines: &Lines) -> Result<Vec<(Node, &Line)>, ParseError> {
    if lines.lines.is_empty() {
        return Err(ParseError::whole(
            Phase::Syntax,
            "file with no instructions",
        ));
    }
    lines
        .lines
        .iter()
        .map(|line| match node(&line.text, 0, lines.directives.escape) {
            Ok(node) => Ok((node, line)),
            Err(failure) => Err(line.error(Phase::Syntax, failure)),
        })
        .collect()
}

fn located<T>(line: &Line, value: T) -> Located<T> {
    Located {
        value,
        original: line.text.trim().to_owned(),
        span: line.span(),
    }
}

/// The first phase: cuts a line into words by the rules of its keyword.
fn node(line: &str, from: usize, escape: char) -> Result<Node, Failure> {
    let (name, rest, rest_at) = words::keyword(&line[from..]);
    let keyword = name.to_lowercase();
    let (options, rest, skipped) = words::options(rest);
    let rest = rest.trim_end();
    let at = from + rest_at + skipped;
    let words = match keyword.as_str() {
        "add" | "copy" | "volume" => match list(rest, at)? {
            Some(list) => Words::List(list),
            None => Words::Plain(words::blank_separated(rest)),
        },
        "cmd" | "entrypoint" | "run" | "shell" => match list(rest, at)? {
            Some(list) => Words::List(list),
            None => Words::Text(rest.to_owned()),
        },
        "healthcheck" => {
            let (_, command, command_at) = words::keyword(rest);
            list(command, at + command_at)?;
            Words::Text(rest.to_owned())
        }
        "from" | "expose" => Words::Plain(words::blank_separated(rest)),
        "env" => Words::Pairs(pairs("ENV", rest, at, escape)?),
        "label" => Words::Pairs(pairs("LABEL", rest, at, escape)?),
        "arg" => Words::Pairs(
            words::quoted(rest, escape)
                .iter()
                .map(|word| match word.text.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                    None => (word.text.to_owned(), None),
                })
                .collect(),
        ),
        "onbuild" if !rest.is_empty() => {
            // Only one level: a chain is refused by name in the second phase.
            if !words::keyword(rest).0.eq_ignore_ascii_case("onbuild") {
                node(line, at, escape)?;
            }
            Words::Text(rest.to_owned())
        }
        _ => Words::Text(rest.to_owned()),
    };
    let options = options
        .into_iter()
        .map(|(option, offset)| (option, from + rest_at + offset))
        .collect();
    Ok(Node {
        keyword,
        options,
        at,
        words,
    })
}

fn list(text: &str, at: usize) -> Result<Option<Vec<String>>, Failure> {
    match json::form(text) {
        Form::List(list) => Ok(Some(list)),
        Form::Plain => Ok(None),
        Form::Mixed => Err(Failure::new(
            "when using JSON array syntax, arrays must be comprised of strings only",
            "a list of quoted texts",
        )
        .at(at)),
    }
}

/// `a=b c="d e"`, or the old form `a b c` with one name and the rest as value.
fn pairs(
    keyword: &str,
    rest: &str,
    at: usize,
    escape: char,
) -> Result<Vec<(String, Option<String>)>, Failure> {
    let words = words::quoted(rest, escape);
    let Some(first) = words.first() else {
        return Ok(Vec::new());
    };
    if !first.text.contains('=') {
        return match rest.split_once(words::BLANKS) {
            Some((name, value)) => Ok(vec![(
                name.to_owned(),
                Some(value.trim_start_matches(words::BLANKS).to_owned()),
            )]),
            None => {
                Err(Failure::new(format!("{keyword} must have two arguments"), "name=value").at(at))
            }
        };
    }
    words
        .iter()
        .map(|word| match word.text.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), Some(value.to_owned()))),
            None => Err(Failure::new(
                format!(
                    "Syntax error - can't find = in {}. Must be of the form: name=value",
                    quote(word.text)
                ),
                "name=value",
            )
            .at(at + word.at)),
        })
        .collect()
}

/// The options of an instruction, taken one by one.
struct Options<'a> {
    given: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Options<'a> {
    /// All options must be among those known; each is given once, with a value.
    fn of(node: &'a Node, known: &[&str]) -> Result<Self, Failure> {
        let mut given: Vec<(&str, Option<&str>)> = Vec::new();
        for (option, at) in &node.options {
            let option = option.strip_prefix("--").unwrap_or(option);
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (option, None),
            };
            let refused =
                |what: &str, expected| Failure::new(format!("{what}: {name}"), expected).at(*at);
            if !known.contains(&name) {
                return Err(refused("Unknown flag", "an option of this instruction"));
            }
            if name != "mount" && given.iter().any(|(it, _)| *it == name) {
                return Err(refused("Duplicate flag specified", "each option once"));
            }
            if value.is_none() {
                return Err(refused("Missing a value on flag", "--name=value"));
            }
            given.push((name, value));
        }
        Ok(Self { given })
    }

    /// The value of an option; an empty one is none.
    fn take(&self, name: &str) -> Option<String> {
        self.given
            .iter()
            .find(|(it, _)| *it == name)
            .and_then(|(_, value)| *value)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    }
}

fn from(node: &Node) -> Result<From, Failure> {
    let options = Options::of(node, &["platform"])?;
    let words = node.words.plain();
    let (image, name) = match words.as_slice() {
        [image] => (image, None),
        [image, keyword, name] if keyword.eq_ignore_ascii_case("as") => (image, Some(name)),
        _ => {
            return Err(Failure::new(
                "FROM requires either one or three arguments",
                "FROM image [AS name]",
            )
            .at(node.at));
        }
    };
    if let Some(name) = name
        && !is_stage_name(&name.to_lowercase())
    {
        return Err(Failure::new(
            format!(
                "invalid name for build stage: {}, name can't start with a number or contain symbols",
                quote(name)
            ),
            "a letter, then letters, digits, '-', '_' or '.'",
        )
        .at(node.at));
    }
    Ok(From {
        image: image.clone(),
        platform: options.take("platform"),
        name: name.map(|name| name.to_lowercase()),
    })
}

fn is_stage_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_' | '.'))
}

/// The second phase: what the words mean.
fn instruction(node: &Node, line: &Line) -> Result<Instruction, Failure> {
    let wrong = |message: String, expected| Failure::new(message, expected).at(node.at);
    let no_options = |_: ()| Options::of(node, &[]).map(drop);
    let one = |keyword: &str, expected| {
        no_options(())?;
        match node.words.text() {
            "" => Err(wrong(
                format!("{keyword} requires exactly one argument"),
                expected,
            )),
            text => Ok(text.to_owned()),
        }
    };
    let some = |keyword: &str, count: usize, expected| match count {
        0 => Err(wrong(
            format!("{keyword} requires at least one argument"),
            expected,
        )),
        _ => Ok(()),
    };
    Ok(match node.keyword.as_str() {
        "arg" => {
            no_options(())?;
            let pairs = node.words.pairs();
            some("ARG", pairs.len(), "name or name=default")?;
            let mut args = Vec::new();
            for (name, value) in pairs {
                if name.is_empty() {
                    return Err(wrong("ARG names can not be blank".to_owned(), "a name"));
                }
                args.push(Arg {
                    name: name.clone(),
                    value: value.clone(),
                });
            }
            Instruction::Arg(args)
        }
        "env" | "label" => {
            no_options(())?;
            let keyword = node.keyword.to_uppercase();
            let given = node.words.pairs();
            some(&keyword, given.len(), "name=value")?;
            let mut pairs = Vec::new();
            for (name, value) in given {
                if name.is_empty() {
                    return Err(wrong(format!("{keyword} names can not be blank"), "a name"));
                }
                pairs.push(Pair {
                    name: name.clone(),
                    value: value.clone().unwrap_or_default(),
                });
            }
            match node.keyword.as_str() {
                "env" => Instruction::Env(pairs),
                _ => Instruction::Label(pairs),
            }
        }
        "add" => Instruction::Add(copy(node, line, "ADD", &["chown", "chmod"])?),
        "copy" => Instruction::Copy(copy(node, line, "COPY", &["chown", "chmod", "from"])?),
        "run" => {
            let options = Options::of(node, &["mount"])?;
            Instruction::Run(Run {
                command: run(node, line),
                buildkit_flags: options
                    .given
                    .iter()
                    .map(|(name, _)| (*name).to_owned())
                    .collect(),
            })
        }
        "cmd" => {
            no_options(())?;
            Instruction::Cmd(node.words.command())
        }
        "entrypoint" => {
            no_options(())?;
            Instruction::Entrypoint(match node.words.command() {
                command if command.is_empty() => Command::Exec(Vec::new()),
                command => command,
            })
        }
        "user" => Instruction::User(one("USER", "user[:group]")?),
        "workdir" => Instruction::Workdir(one("WORKDIR", "a directory")?),
        "stopsignal" => Instruction::StopSignal(one("STOPSIGNAL", "a signal")?),
        "maintainer" => Instruction::Maintainer(one("MAINTAINER", "a name")?),
        "expose" => {
            no_options(())?;
            let ports = node.words.plain();
            some("EXPOSE", ports.len(), "port[/protocol]")?;
            // dockerd's order, which the history shows.
            let mut ports = ports.clone();
            ports.sort();
            Instruction::Expose(ports)
        }
        "volume" => {
            no_options(())?;
            let paths = node.words.plain();
            some("VOLUME", paths.len(), "a directory")?;
            let paths: Vec<String> = paths.iter().map(|path| path.trim().to_owned()).collect();
            if paths.iter().any(String::is_empty) {
                return Err(wrong(
                    "VOLUME specified can not be an empty string".to_owned(),
                    "a directory",
                ));
            }
            Instruction::Volume(paths)
        }
        "shell" => {
            no_options(())?;
            match &node.words {
                Words::List(list) => {
                    some("SHELL", list.len(), "[\"program\", \"argument\"]")?;
                    Instruction::Shell(list.clone())
                }
                other => {
                    some("SHELL", other.text().len(), "[\"program\", \"argument\"]")?;
                    return Err(wrong(
                        "SHELL requires the arguments to be in JSON form".to_owned(),
                        "[\"program\", \"argument\"]",
                    ));
                }
            }
        }
        "healthcheck" => Instruction::Healthcheck(healthcheck(node)?),
        "onbuild" => {
            no_options(())?;
            Instruction::OnBuild(on_build(node, line)?)
        }
        unknown => {
            return Err(Failure::new(
                format!("unknown instruction: {}", unknown.to_uppercase()),
                KEYWORDS,
            )
            .at(0));
        }
    })
}

fn run(node: &Node, line: &Line) -> Command {
    match (&node.words, line.heredocs.as_slice()) {
        (Words::List(list), _) => Command::Exec(list.clone()),
        (words, []) => Command::Shell(words.text().to_owned()),
        // The text is the script itself.
        (words, [(opening, heredoc)]) if words.text() == opening.word => {
            Command::Shell(heredoc.content.clone())
        }
        (words, heredocs) => {
            let mut text = words.text().to_owned() + "\n";
            for (_, heredoc) in heredocs {
                text.push_str(&heredoc.content);
                text.push_str(&heredoc.name);
                text.push('\n');
            }
            Command::Shell(text)
        }
    }
}

fn copy(node: &Node, line: &Line, keyword: &str, known: &[&str]) -> Result<Copy, Failure> {
    let options = Options::of(node, known)?;
    let words = node.words.plain();
    let (destination, sources) = match words.split_last() {
        Some((destination, sources)) if !sources.is_empty() => (destination, sources),
        _ => {
            let message = format!(
                "{keyword} requires at least two arguments, but only one was provided. \
                 Destination could not be determined"
            );
            return Err(Failure::new(message, "source... destination").at(node.at));
        }
    };
    let mut heredocs = HashMap::new();
    for (opening, heredoc) in &line.heredocs {
        heredocs.entry(opening.word.as_str()).or_insert(heredoc);
    }
    let source = |word: &String| match heredocs.get(word.as_str()) {
        Some(heredoc) => Source::Heredoc((*heredoc).clone()),
        None => Source::Path(word.clone()),
    };
    Ok(Copy {
        sources: sources.iter().map(source).collect(),
        destination: destination.clone(),
        from: options.take("from"),
        chown: options.take("chown"),
        chmod: options.take("chmod"),
    })
}

fn healthcheck(node: &Node) -> Result<Healthcheck, Failure> {
    let wrong = |message: String, expected| Failure::new(message, expected).at(node.at);
    let options = Options::of(node, &["interval", "timeout", "start-period", "retries"])?;
    let (kind, command, _) = words::keyword(node.words.text());
    let upper = kind.to_uppercase();
    match upper.as_str() {
        "" => {
            return Err(wrong(
                "HEALTHCHECK requires at least one argument".to_owned(),
                "CMD or NONE",
            ));
        }
        "NONE" if command.is_empty() => {
            return Ok(Healthcheck {
                test: vec!["NONE".to_owned()],
                ..Healthcheck::default()
            });
        }
        "NONE" => {
            return Err(wrong(
                "HEALTHCHECK NONE takes no arguments".to_owned(),
                "nothing after NONE",
            ));
        }
        "CMD" => {}
        _ => {
            return Err(wrong(
                format!("Unknown type {} in HEALTHCHECK (try CMD)", quote(&upper)),
                "CMD or NONE",
            ));
        }
    }
    let test = match json::form(command) {
        Form::List(list) => [vec!["CMD".to_owned()], list].concat(),
        _ => vec!["CMD-SHELL".to_owned(), command.to_owned()],
    };
    if test.len() == 1 || command.is_empty() {
        return Err(wrong(
            "Missing command after HEALTHCHECK CMD".to_owned(),
            "a command",
        ));
    }
    let time = |name: &str| match options.take(name) {
        None => Ok(0),
        Some(text) => match duration::parse(&text) {
            Err(message) => Err(wrong(message, "a duration such as 1m30s")),
            Ok(time) if time < 1_000_000 => Err(wrong(
                format!("Interval {} cannot be less than 1ms", quote(name)),
                "a longer time",
            )),
            Ok(time) => Ok(time),
        },
    };
    let retries = match options.take("retries") {
        None => 0,
        Some(text) => match text.parse::<i32>() {
            Ok(count) if count >= 1 => i64::from(count),
            Ok(count) => {
                return Err(wrong(
                    format!("--retries must be at least 1 (not {count})"),
                    "a positive number",
                ));
            }
            Err(_) => {
                return Err(wrong(
                    format!("strconv.ParseInt: parsing {}: invalid syntax", quote(&text)),
                    "a positive number",
                ));
            }
        },
    };
    Ok(Healthcheck {
        test,
        interval: time("interval")?,
        timeout: time("timeout")?,
        start_period: time("start-period")?,
        retries,
    })
}

fn on_build(node: &Node, line: &Line) -> Result<String, Failure> {
    let wrong = |message: String, expected| Failure::new(message, expected).at(node.at);
    let text = node.words.text();
    let (trigger, _, _) = words::keyword(text);
    match trigger.to_uppercase().as_str() {
        "" => Err(wrong(
            "ONBUILD requires at least one argument".to_owned(),
            "an instruction",
        )),
        "ONBUILD" => Err(wrong(
            "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed".to_owned(),
            "another instruction",
        )),
        name @ ("MAINTAINER" | "FROM") => Err(wrong(
            format!("{name} isn't allowed as an ONBUILD trigger"),
            "another instruction",
        )),
        _ => {
            let mut text = text.to_owned();
            for (_, heredoc) in &line.heredocs {
                text = format!("{text}\n{}{}", heredoc.content, heredoc.name);
            }
            Ok(text)
        }
    }
}

impl Words {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    fn plain(&self) -> &Vec<String> {
        static NONE: Vec<String> = Vec::new();
        match self {
            Self::List(words) | Self::Plain(words) => words,
            _ => &NONE,
        }
    }

    fn pairs(&self) -> &[(String, Option<String>)] {
        match self {
            Self::Pairs(pairs) => pairs,
            _ => &[],
        }
    }

    fn command(&self) -> Command {
        match self {
            Self::List(list) => Command::Exec(list.clone()),
            other => Command::Shell(other.text().to_owned()),
        }
    }
}

impl ParseError {
    /// An error about the whole file.
    fn whole(phase: Phase, message: &str) -> Self {
        Self {
            phase,
            message: message.to_owned(),
            instruction_line: 0,
            line: 0,
            column: 0,
            expected: String::new(),
        }
    }
}
