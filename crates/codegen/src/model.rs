//! The merged model: everything that the documents and the overlay say
//! together, once, with version ranges. The emitters read nothing else.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;

/// The whole API.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// The versions with a document, oldest first.
    pub versions: Vec<Version>,
    /// The groups of operations, one trait each, by name.
    pub groups: Vec<Group>,
    /// Every named type by its Rust name, sorted.
    pub types: IndexMap<String, TypeDef>,
    /// The types that hold a bounded field at any depth.
    pub gated: BTreeSet<String>,
}

/// The operations of one trait.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Name of the trait: `Container`.
    pub name: String,
    /// Name of its module: `container`.
    pub module: String,
    /// What the operations are about, one sentence.
    pub says: String,
    /// The operations, by path and method.
    pub operations: Vec<Operation>,
}

/// One method on one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// `ContainerList`.
    pub id: String,
    /// `container_list`.
    pub rust: String,
    /// `GET`.
    pub method: String,
    /// `/containers/{id}/json`.
    pub path: String,
    /// What it does, one sentence.
    pub says: String,
    /// The versions that have it.
    pub range: Range,
    /// The parameters in the path, in order.
    pub path_params: Vec<PathParam>,
    /// The parameters of the query.
    pub query: Vec<Param>,
    /// The request headers that are read.
    pub headers: Vec<Header>,
    /// What the request carries.
    pub body: Body,
    /// The ways to succeed, by status.
    pub answers: Vec<Answer>,
    /// The error statuses that the documents name.
    pub errors: Vec<u16>,
    /// The operation whose method answers this one too, without a body:
    /// `SystemPing` for `SystemPingHead`. Such an operation has no method.
    pub head_of: Option<String>,
}

/// A parameter in a path.
#[derive(Clone, Debug, PartialEq)]
pub struct PathParam {
    /// Its name in the template.
    pub wire: String,
    /// Its name in Rust.
    pub rust: String,
    /// Whether it may hold slashes.
    pub greedy: bool,
}

/// A parameter of the query.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name on the wire.
    pub wire: String,
    /// Its name in Rust.
    pub rust: String,
    /// How it is read.
    pub kind: ParamKind,
    /// Whether the document requires it.
    pub required: bool,
    /// The versions that read it.
    pub range: Range,
    /// What to say beyond the name, if anything.
    pub says: Option<String>,
}

/// How the text of a parameter becomes a value.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamKind {
    /// dockerd's boolean; the default counts when the parameter is absent.
    DockerBool {
        /// The value when absent.
        default: bool,
    },
    /// Go's `strconv.ParseBool`, else 400.
    GoBool,
    /// A number, else 400.
    Integer,
    /// A number; anything unreadable counts as absent.
    LenientInteger,
    /// A text.
    Text,
    /// Every value of a parameter that may be repeated.
    List,
    /// JSON of this type.
    Json(Type),
    /// JSON, a map of filters.
    Filters,
    /// Seconds since the epoch with a fraction.
    Time,
}

/// A request header that an operation reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Its name on the wire.
    pub wire: String,
    /// Its name in Rust.
    pub rust: String,
    /// How it is read.
    pub kind: HeaderKind,
}

/// What a request header carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderKind {
    /// Credentials for one registry: base64url of JSON.
    RegistryAuth {
        /// Whether there must be some; the body may have them instead.
        required: bool,
    },
    /// Credentials for several registries: base64url of JSON.
    RegistryConfig,
    /// Plain text.
    Text,
}

/// What a request carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing; what comes is not read.
    None,
    /// Nothing; what comes is refused.
    Refused,
    /// JSON.
    Json {
        /// Its type.
        ty: Type,
        /// Whether it must be there; if not, its absence is the default.
        required: bool,
    },
    /// Bytes, mostly a tar archive.
    Bytes,
}

/// One way to succeed.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What the answer carries.
    pub content: Content,
    /// Response headers beyond the common ones.
    pub headers: Vec<AnswerHeader>,
}

/// A header of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerHeader {
    /// Its name on the wire.
    pub wire: String,
    /// Its name in Rust.
    pub rust: String,
    /// The versions that send it.
    pub range: Range,
}

/// What an answer carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Nothing.
    Empty,
    /// One JSON value.
    Json(Type),
    /// JSON values one after the other.
    Lines(Type),
    /// One JSON value or lines of them, as the query asks.
    OneOrLines(Type),
    /// One JSON value whose head goes out long before it.
    Deferred(Type),
    /// Bytes of this media type.
    Bytes(String),
    /// Output of a process, raw or in frames.
    Logs,
    /// The connection itself, for the streams of a process.
    Hijack,
    /// A websocket.
    Websocket,
    /// The connection itself, for HTTP/2.
    Http2,
    /// Plain text.
    Text,
}

/// A named type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDef {
    /// Its name in Rust, which is also its name in the overlay.
    pub name: String,
    /// What to say about it.
    pub says: String,
    /// Its shape.
    pub kind: TypeKind,
}

/// The shape of a named type.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// An object.
    Struct {
        /// Its fields in their order on the wire.
        fields: Vec<Field>,
        /// The types whose fields it repeats (`allOf`).
        bases: Vec<String>,
    },
    /// One of several texts; others are kept as they are.
    TextEnum(Vec<Member<String>>),
    /// One of several small numbers; others are kept as they are.
    NumberEnum(Vec<Member<i64>>),
    /// Another type under a name of its own.
    Alias(Type),
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its key on the wire.
    pub wire: String,
    /// Its name in Rust.
    pub rust: String,
    /// Its type, without the `Option` that presence and range may add.
    pub ty: Type,
    /// What is sent when there is nothing to say.
    pub presence: Presence,
    /// The versions that have it.
    pub range: Range,
    /// What to say beyond the key, if anything.
    pub says: Option<String>,
}

/// What is sent when there is nothing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// The zero value: the field is no `Option`.
    Always,
    /// `null`.
    Null,
    /// Nothing, neither for `None` nor for a zero value.
    Omit,
    /// Nothing for `None`; a zero value is sent.
    Unset,
}

/// A member of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<T> {
    /// Its value on the wire.
    pub wire: T,
    /// Its name in Rust.
    pub rust: String,
    /// The versions that have it.
    pub range: Range,
}

/// A type of a field, an item or a body.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// `bool`.
    Bool,
    /// An integer of Rust's name: `i64`, `u16`.
    Int(IntKind),
    /// `f64`.
    Float,
    /// `String`.
    Text,
    /// A hand-written scalar of `longshore_api::scalar`: `Timestamp`.
    Scalar(Scalar),
    /// Any JSON value.
    Any,
    /// An object without known fields, always `{}`.
    Empty,
    /// A list.
    List(Box<Type>),
    /// A list of fixed length.
    Array(Box<Type>, usize),
    /// A map from text.
    Map(Box<Type>),
    /// A value that may be `null`.
    Nullable(Box<Type>),
    /// A named type of the model.
    Named(String),
}

/// Integers by width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum IntKind {
    I64,
    U8,
    U16,
    U32,
    U64,
}

/// The hand-written scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "documented where they are defined")]
pub enum Scalar {
    Timestamp,
    UnixSeconds,
    Nanoseconds,
    StrList,
    EmptyMap,
    Base64,
    GoFloat32,
}

/// `1.40`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Before the dot.
    pub major: u32,
    /// Behind the dot.
    pub minor: u32,
}

/// The versions that have something; an open end is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first version.
    pub since: Option<Version>,
    /// The last version.
    pub until: Option<Version>,
}

impl Model {
    /// The newest version with a document.
    pub fn newest(&self) -> Option<Version> {
        self.versions.last().copied()
    }

    /// Every operation, group by group.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.groups.iter().flat_map(|group| &group.operations)
    }

    /// Whether a value of the type can hold a field that some version lacks,
    /// so that it has a `gate` method (or its items have).
    pub fn is_gated(&self, ty: &Type) -> bool {
        match ty {
            Type::Named(name) => self.gated.contains(name),
            Type::List(inner) | Type::Map(inner) | Type::Nullable(inner) => self.is_gated(inner),
            Type::Array(inner, _) => self.is_gated(inner),
            _ => false,
        }
    }
}

impl Operation {
    /// The types of its parameters, body and answers.
    pub fn types(&self) -> Vec<&Type> {
        let mut types = Vec::new();
        for param in &self.query {
            if let ParamKind::Json(ty) = &param.kind {
                types.push(ty);
            }
        }
        if let Body::Json { ty, .. } = &self.body {
            types.push(ty);
        }
        for answer in &self.answers {
            match &answer.content {
                Content::Json(ty)
                | Content::Lines(ty)
                | Content::OneOrLines(ty)
                | Content::Deferred(ty) => {
                    types.push(ty);
                }
                _ => {}
            }
        }
        types
    }
}

impl Type {
    /// The named types in it.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Type::Named(name) => vec![name],
            Type::List(inner)
            | Type::Array(inner, _)
            | Type::Map(inner)
            | Type::Nullable(inner) => inner.names(),
            _ => Vec::new(),
        }
    }
}

impl Field {
    /// Whether it is a list that is `null` when empty, but left out of versions
    /// that lack it: no `Option` can say both.
    pub fn is_gated(&self) -> bool {
        let is_list = matches!(self.ty, Type::List(_));
        is_list && self.presence == Presence::Null && self.range.is_bounded()
    }

    /// Whether the Rust field is an `Option`, or one that is gated.
    pub fn is_option(&self) -> bool {
        self.presence != Presence::Always || self.range.is_bounded()
    }
}

impl Range {
    /// Whether some version lacks it.
    pub fn is_bounded(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }
}

impl Scalar {
    /// All of them.
    pub const ALL: [Scalar; 7] = [
        Scalar::Timestamp,
        Scalar::UnixSeconds,
        Scalar::Nanoseconds,
        Scalar::StrList,
        Scalar::EmptyMap,
        Scalar::Base64,
        Scalar::GoFloat32,
    ];

    /// Its name in Rust and in the overlay.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Timestamp => "Timestamp",
            Scalar::UnixSeconds => "UnixSeconds",
            Scalar::Nanoseconds => "Nanoseconds",
            Scalar::StrList => "StrList",
            Scalar::EmptyMap => "EmptyMap",
            Scalar::Base64 => "Base64",
            Scalar::GoFloat32 => "GoFloat32",
        }
    }
}

impl IntKind {
    /// Its name in Rust.
    pub fn name(self) -> &'static str {
        match self {
            IntKind::I64 => "i64",
            IntKind::U8 => "u8",
            IntKind::U16 => "u16",
            IntKind::U32 => "u32",
            IntKind::U64 => "u64",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Version, InvalidVersion> {
        let invalid = || InvalidVersion(text.to_owned());
        let (major, minor) = text.split_once('.').ok_or_else(invalid)?;
        Ok(Version {
            major: major.parse().map_err(|_| invalid())?,
            minor: minor.parse().map_err(|_| invalid())?,
        })
    }
}

/// A text is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no API version of the form 1.40")]
pub struct InvalidVersion(pub String);

/// `since 1.37`, `until 1.39`, or nothing.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.since, self.until) {
            (None, None) => Ok(()),
            (Some(since), None) => write!(f, "since {since}"),
            (None, Some(until)) => write!(f, "until {until}"),
            (Some(since), Some(until)) => write!(f, "since {since}, until {until}"),
        }
    }
}
