//! What a Dockerfile says: stages of instructions, each with its place.

use std::fmt;

/// A parsed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The comments at its top that are addressed to the parser.
    pub directives: Directives,
    /// `ARG` before the first `FROM`: for the images' names only.
    pub meta_args: Vec<Located<Vec<Arg>>>,
    /// At least one, or only meta arguments.
    pub stages: Vec<Stage>,
    /// What works but should not be written so, in dockerd's words.
    pub warnings: Vec<String>,
}

/// Comments addressed to the parser: `# escape=` and a backtick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directives {
    /// The escape character, a backslash or a backtick.
    pub escape: char,
    /// The frontend asked for; the classic builder has one only.
    pub syntax: Option<String>,
    /// Options of the linter.
    pub check: Option<String>,
}

/// `FROM` and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Where it begins.
    pub from: Located<From>,
    /// Its instructions in order.
    pub instructions: Vec<Located<Instruction>>,
}

/// A thing with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The thing.
    pub value: T,
    /// Its text on one line as `Step 1/3 : …` shows it: continued lines are
    /// joined, bodies of heredocs left out.
    pub original: String,
    /// Where it stands.
    pub span: Span,
}

/// A range of lines, and where in the first one an instruction begins; all
/// counted from 1. Columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first line.
    pub line: usize,
    /// The column in it.
    pub column: usize,
    /// The last line.
    pub last_line: usize,
}

/// The image that a stage begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// Its name, with variables unexpanded; an earlier stage, `scratch` or an
    /// image.
    pub image: String,
    /// `--platform`, unexpanded.
    pub platform: Option<String>,
    /// The stage's name in lower case.
    pub name: Option<String>,
}

/// An instruction of a stage. Words are unexpanded where Docker expands them:
/// see [`Instruction::expand`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Build arguments that are visible from here on.
    Arg(Vec<Arg>),
    /// Environment variables.
    Env(Vec<Pair>),
    /// Labels.
    Label(Vec<Pair>),
    /// Files, URLs and archives from the context.
    Add(Copy),
    /// Files from the context, a stage or an image.
    Copy(Copy),
    /// A command that is run now.
    Run(Run),
    /// The default command.
    Cmd(Command),
    /// The program that gets the command.
    Entrypoint(Command),
    /// The user.
    User(String),
    /// The working directory.
    Workdir(String),
    /// Ports, each a word of its own.
    Expose(Vec<String>),
    /// Directories that become volumes.
    Volume(Vec<String>),
    /// The signal that ends the container.
    StopSignal(String),
    /// The health check; `None` for `NONE`.
    Healthcheck(Healthcheck),
    /// The shell of shell forms.
    Shell(Vec<String>),
    /// An instruction for those who build on the image, as its text.
    OnBuild(String),
    /// The author.
    Maintainer(String),
}

/// A build argument and its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    /// Its name.
    pub name: String,
    /// Its default.
    pub value: Option<String>,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A command in one of its two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A text for the shell.
    Shell(String),
    /// Program and arguments.
    Exec(Vec<String>),
}

/// What `RUN` runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The command. A shell's text holds the heredocs too, since the shell
    /// knows them; where there is nothing but one heredoc, it is its content.
    pub command: Command,
    /// The options that only BuildKit has (`--mount`), as written: the step
    /// fails when it is reached.
    pub buildkit_flags: Vec<String>,
}

/// What `COPY` and `ADD` copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// In order; at least one.
    pub sources: Vec<Source>,
    /// Where to.
    pub destination: String,
    /// `--from` (`COPY` only): a stage's number or name, or an image.
    pub from: Option<String>,
    /// `--chown`: `user[:group]`.
    pub chown: Option<String>,
    /// `--chmod`: an octal mode.
    pub chmod: Option<String>,
}

/// A source of `COPY` or `ADD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A pattern of paths, or for `ADD` a URL.
    Path(String),
    /// A file that stands in the Dockerfile; its name is the delimiter.
    Heredoc(Heredoc),
}

/// A text in the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The delimiter without its quotes.
    pub name: String,
    /// The lines between, without leading tabs if asked for by `<<-`.
    pub content: String,
    /// The delimiter was not quoted: variables are expanded.
    pub expand: bool,
}

/// A health check; durations in nanoseconds, 0 inherits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields are the options of HEALTHCHECK")]
pub struct Healthcheck {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", text]`.
    pub test: Vec<String>,
    pub interval: i64,
    pub timeout: i64,
    pub start_period: i64,
    pub retries: i64,
}

impl Default for Directives {
    fn default() -> Self {
        Self {
            escape: '\\',
            syntax: None,
            check: None,
        }
    }
}

impl Instruction {
    /// The keyword in upper case.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Arg(_) => "ARG",
            Self::Env(_) => "ENV",
            Self::Label(_) => "LABEL",
            Self::Add(_) => "ADD",
            Self::Copy(_) => "COPY",
            Self::Run(_) => "RUN",
            Self::Cmd(_) => "CMD",
            Self::Entrypoint(_) => "ENTRYPOINT",
            Self::User(_) => "USER",
            Self::Workdir(_) => "WORKDIR",
            Self::Expose(_) => "EXPOSE",
            Self::Volume(_) => "VOLUME",
            Self::StopSignal(_) => "STOPSIGNAL",
            Self::Healthcheck(_) => "HEALTHCHECK",
            Self::Shell(_) => "SHELL",
            Self::OnBuild(_) => "ONBUILD",
            Self::Maintainer(_) => "MAINTAINER",
        }
    }
}

impl Command {
    /// The words to execute; a shell's text goes to the shell, by default
    /// `/bin/sh -c`.
    pub fn words(&self, shell: Option<&[String]>) -> Vec<String> {
        match self {
            Self::Exec(words) => words.clone(),
            Self::Shell(text) => {
                let mut words = match shell {
                    Some(shell) if !shell.is_empty() => shell.to_vec(),
                    _ => vec!["/bin/sh".to_owned(), "-c".to_owned()],
                };
                if !text.is_empty() {
                    words.push(text.clone());
                }
                words
            }
        }
    }

    /// There is nothing to execute.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Exec(words) => words.is_empty(),
            Self::Shell(text) => text.is_empty(),
        }
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}
