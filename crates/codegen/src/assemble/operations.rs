//! Drafts of operations become operations, in groups.

use std::collections::BTreeMap;

use super::correct::read;
use crate::document::Schema;
use crate::merge::{AnswerDraft, Drafts, OperationDraft};
use crate::model::{
    Answer, AnswerHeader, Body, Content, Group, Header, HeaderKind, Operation, Param, ParamKind,
    PathParam, Range, Type,
};
use crate::names;
use crate::overlay::{self, Overlay, OverlayError};

type Ranges = BTreeMap<String, Range>;

/// The operations of every group.
pub(super) fn groups(
    drafts: &Drafts,
    overlay: &Overlay,
    ranges: &Ranges,
) -> Result<Vec<Group>, OverlayError> {
    let mut groups: Vec<Group> = Vec::new();
    for (name, group) in &overlay.groups {
        groups.push(Group {
            name: name.clone(),
            module: names::snake(name),
            says: group.says.clone(),
            operations: Vec::new(),
        });
    }
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    for (id, draft) in &drafts.operations {
        let entry = overlay.operations.get(id);
        let entry = entry.ok_or_else(|| OverlayError::Unsaid(id.clone()))?;
        overlay.touch("operations", id);
        let name = group_of(overlay, id, draft, entry)?;
        let operation = operation(overlay, ranges, id, draft, entry)?;
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.operations.push(operation),
            None => return Err(OverlayError::Ungrouped(id.clone(), vec![name])),
        }
    }
    for group in &mut groups {
        group
            .operations
            .sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    }
    groups.retain(|group| !group.operations.is_empty());
    Ok(groups)
}

fn group_of(
    overlay: &Overlay,
    id: &str,
    draft: &OperationDraft,
    entry: &overlay::Operation,
) -> Result<String, OverlayError> {
    if let Some(group) = &entry.group {
        overlay.touch("operations", &format!("{id} group"));
        overlay.touch("groups", group);
        return Ok(group.clone());
    }
    let fits = |name: &str, group: &overlay::Group| match group.tags.as_slice() {
        [] => draft.tags.iter().any(|tag| tag == name),
        tags => draft.tags.iter().any(|tag| tags.contains(tag)),
    };
    match overlay
        .groups
        .iter()
        .find(|(name, group)| fits(name, group))
    {
        Some((name, _)) => {
            overlay.touch("groups", name);
            Ok(name.clone())
        }
        None => Err(OverlayError::Ungrouped(id.to_owned(), draft.tags.clone())),
    }
}

fn operation(
    overlay: &Overlay,
    ranges: &Ranges,
    id: &str,
    draft: &OperationDraft,
    entry: &overlay::Operation,
) -> Result<Operation, OverlayError> {
    let touch = |part: &str| overlay.touch("operations", &format!("{id} {part}"));
    let path_params: Vec<PathParam> = draft
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|wire| PathParam {
            wire: wire.to_owned(),
            rust: names::snake(wire),
            greedy: !entry.segment,
        })
        .collect();
    if entry.segment && !path_params.is_empty() {
        touch("segment");
    }
    Ok(Operation {
        id: id.to_owned(),
        rust: names::snake(id),
        method: draft.method.clone(),
        path: draft.path.clone(),
        says: entry.says.clone(),
        range: ranges.get(id).copied().unwrap_or_default(),
        path_params,
        query: query(overlay, ranges, id, draft, entry)?,
        headers: headers(overlay, id, draft, entry),
        body: body(overlay, id, draft, entry)?,
        answers: answers(overlay, ranges, id, draft, entry)?,
        errors: draft
            .answers
            .keys()
            .copied()
            .filter(|status| *status >= 400)
            .collect(),
        head_of: entry.head_of.clone(),
    })
}

fn query(
    overlay: &Overlay,
    ranges: &Ranges,
    id: &str,
    draft: &OperationDraft,
    entry: &overlay::Operation,
) -> Result<Vec<Param>, OverlayError> {
    let mut params = Vec::new();
    let mut push = |wire: &str, kind: ParamKind, required: bool| {
        params.push(Param {
            wire: wire.to_owned(),
            rust: names::snake(wire),
            kind,
            required,
            range: ranges
                .get(&format!("{id} ?{wire}"))
                .copied()
                .unwrap_or_default(),
            says: None,
        });
    };
    for ((place, wire), param) in &draft.params {
        if place != "query" {
            continue;
        }
        let usual = usual_kind(wire, &param.schema);
        let kind = match entry.query.get(wire) {
            None => usual,
            Some(text) => {
                let kind = param_kind(id, text)?;
                if kind != usual {
                    overlay.touch("operations", &format!("{id} ?{wire}"));
                }
                kind
            }
        };
        push(wire, kind, param.required);
    }
    for (wire, text) in &entry.query {
        let known = |place: &str| draft.params.contains_key(&(place.to_owned(), wire.clone()));
        if known("header") || known("query") {
            continue;
        }
        overlay.touch("operations", &format!("{id} ?{wire}"));
        push(wire, param_kind(id, text)?, false);
    }
    Ok(params)
}

fn usual_kind(wire: &str, schema: &Schema) -> ParamKind {
    match schema.kind.as_deref() {
        Some("boolean") => ParamKind::DockerBool {
            default: schema.default == Some(serde_json::Value::Bool(true)),
        },
        Some("integer") => ParamKind::Integer,
        Some("array") => ParamKind::List,
        _ if wire == "filters" => ParamKind::Filters,
        _ => ParamKind::Text,
    }
}

fn param_kind(id: &str, text: &str) -> Result<ParamKind, OverlayError> {
    Ok(match text.split_once(' ') {
        None => match text {
            "flag" => ParamKind::DockerBool { default: false },
            "flag-on" => ParamKind::DockerBool { default: true },
            "go-bool" => ParamKind::GoBool,
            "integer" => ParamKind::Integer,
            "lenient-integer" => ParamKind::LenientInteger,
            "text" => ParamKind::Text,
            "list" => ParamKind::List,
            "filters" => ParamKind::Filters,
            "time" => ParamKind::Time,
            _ => return Err(unreadable(id, text)),
        },
        Some(("json", ty)) => ParamKind::Json(read(id, ty)?),
        _ => return Err(unreadable(id, text)),
    })
}

/// Documented headers that are read, then those of the overlay. `unread` is
/// for documented ones that no daemon looks at.
fn headers(
    overlay: &Overlay,
    id: &str,
    draft: &OperationDraft,
    entry: &overlay::Operation,
) -> Vec<Header> {
    let mut wires: Vec<&String> = Vec::new();
    let mut required: Vec<&String> = Vec::new();
    for ((place, wire), param) in &draft.params {
        if place != "header" {
            continue;
        }
        if entry.query.get(wire).is_some_and(|kind| kind == "unread") {
            overlay.touch("operations", &format!("{id} ?{wire}"));
        } else {
            wires.push(wire);
            if param.required {
                required.push(wire);
            }
        }
    }
    for wire in &entry.headers {
        if !wires.contains(&wire) {
            overlay.touch("operations", &format!("{id} #{wire}"));
            wires.push(wire);
        }
    }
    let wires = wires.into_iter();
    wires
        .map(|wire| header(wire, required.contains(&wire)))
        .collect()
}

fn header(wire: &str, required: bool) -> Header {
    let short = wire.strip_prefix("X-").unwrap_or(wire);
    Header {
        wire: wire.to_owned(),
        rust: names::snake(short),
        kind: match wire {
            "X-Registry-Auth" => HeaderKind::RegistryAuth { required },
            "X-Registry-Config" => HeaderKind::RegistryConfig,
            _ => HeaderKind::Text,
        },
    }
}

fn body(
    overlay: &Overlay,
    id: &str,
    draft: &OperationDraft,
    entry: &overlay::Operation,
) -> Result<Body, OverlayError> {
    let documented = match &draft.body {
        None => Body::None,
        Some(body) => match &body.ty {
            None => Body::Bytes,
            Some(ty) => Body::Json {
                ty: ty.clone(),
                required: body.required,
            },
        },
    };
    let Some(text) = &entry.body else {
        return Ok(documented);
    };
    let given = match text.as_str() {
        "required" => match documented.clone() {
            Body::Json { ty, .. } => Body::Json { ty, required: true },
            other => other,
        },
        "none" => Body::None,
        "refused" => Body::Refused,
        "bytes" => Body::Bytes,
        _ => Body::Json {
            ty: read(id, text.trim_start_matches("optional "))?,
            required: !text.starts_with("optional "),
        },
    };
    // The documented schema is not read where the overlay says what the body
    // is, so whatever stands for JSON counts as a change.
    let is_json = draft.body.as_ref().is_some_and(|body| body.is_json);
    let replaces = entry.replaces_body() && is_json;
    if given != documented || replaces {
        overlay.touch("operations", &format!("{id} body"));
    }
    Ok(given)
}

fn answers(
    overlay: &Overlay,
    ranges: &Ranges,
    id: &str,
    draft: &OperationDraft,
    entry: &overlay::Operation,
) -> Result<Vec<Answer>, OverlayError> {
    let documented = || draft.answers.iter().filter(|(status, _)| **status < 400);
    let plain = |status: u16, draft: &AnswerDraft| match &draft.ty {
        // These never have a body, whatever a document says.
        Some(ty) if ![204, 304].contains(&status) => Content::Json(ty.clone()),
        _ => Content::Empty,
    };
    let mut answers = Vec::new();
    if !entry.answers.is_empty() {
        overlay.touch("operations", &format!("{id} answers"));
        for (status, text) in &entry.answers {
            let known = draft.answers.get(status);
            let content = content(id, text, known.and_then(|answer| answer.ty.as_ref()))?;
            answers.push((*status, content, known));
        }
    } else {
        for (status, answer) in documented() {
            let mut given = plain(*status, answer);
            if let Some(text) = entry.answer.as_deref().filter(|_| *status != 304) {
                given = content(id, text, answer.ty.as_ref())?;
                if given != plain(*status, answer) {
                    overlay.touch("operations", &format!("{id} answer"));
                }
            }
            answers.push((*status, given, Some(answer)));
        }
    }
    let mut done = Vec::new();
    for (status, content, known) in answers {
        let documented = known.into_iter().flat_map(|answer| answer.headers.keys());
        let mut headers = Vec::new();
        for wire in documented {
            if overlay.common_headers.contains(wire) {
                overlay.touch("common_headers", wire);
                continue;
            }
            headers.push(answer_header(ranges, id, status, wire));
        }
        for wire in &entry.sends {
            if !headers.iter().any(|header| header.wire == *wire) {
                overlay.touch("operations", &format!("{id} @{wire}"));
                headers.push(answer_header(ranges, id, status, wire));
            }
        }
        done.push(Answer {
            status,
            content,
            headers,
        });
    }
    Ok(done)
}

fn answer_header(ranges: &Ranges, id: &str, status: u16, wire: &str) -> AnswerHeader {
    let short = wire.strip_prefix("X-").unwrap_or(wire);
    let short = short.strip_prefix("Docker-").unwrap_or(short);
    AnswerHeader {
        wire: wire.to_owned(),
        rust: names::snake(short),
        range: ranges
            .get(&format!("{id} {status} @{wire}"))
            .copied()
            .unwrap_or_default(),
    }
}

fn content(id: &str, text: &str, documented: Option<&Type>) -> Result<Content, OverlayError> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let ty = || match (rest, documented) {
        ("", Some(ty)) => Ok(ty.clone()),
        ("?", Some(ty)) => Ok(Type::Nullable(Box::new(ty.clone()))),
        _ => read(id, rest),
    };
    Ok(match word {
        "empty" => Content::Empty,
        "json" => Content::Json(ty()?),
        "lines" => Content::Lines(ty()?),
        "one-or-lines" => Content::OneOrLines(ty()?),
        "deferred" => Content::Deferred(ty()?),
        "bytes" => Content::Bytes(rest.to_owned()),
        "logs" => Content::Logs,
        "hijack" => Content::Hijack,
        "websocket" => Content::Websocket,
        "http2" => Content::Http2,
        "text" => Content::Text,
        _ => return Err(unreadable(id, text)),
    })
}

fn unreadable(at: &str, text: &str) -> OverlayError {
    OverlayError::Text {
        at: at.to_owned(),
        text: text.to_owned(),
    }
}
