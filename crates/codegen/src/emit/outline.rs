//! The outline: one line for each operation, parameter, field and member,
//! which is what a reviewer reads.

use crate::model::{Body, Content, Model, Operation, ParamKind, Presence, Range, Type, TypeKind};

/// The file `outline.txt`.
pub(super) fn emit(model: &Model) -> String {
    let mut out = String::from("Written by `cargo xtask gen`. Do not edit.\n");
    let versions: Vec<String> = model.versions.iter().map(ToString::to_string).collect();
    line(
        &mut out,
        &format!("versions {}", versions.join(" ")),
        &Range::default(),
    );
    for group in &model.groups {
        out.push('\n');
        line(
            &mut out,
            &format!("trait {}", group.name),
            &Range::default(),
        );
        for operation in &group.operations {
            operation_lines(&mut out, operation);
        }
    }
    for (name, def) in &model.types {
        out.push('\n');
        match &def.kind {
            TypeKind::Struct { fields, bases } => {
                let bases = if bases.is_empty() {
                    String::new()
                } else {
                    format!(" with {}", bases.join(" "))
                };
                line(
                    &mut out,
                    &format!("struct {name}{bases}"),
                    &Range::default(),
                );
                for field in fields {
                    let presence = match field.presence {
                        _ if field.range.is_bounded() => ", unset",
                        Presence::Always => "",
                        Presence::Null => ", null",
                        Presence::Omit => ", omit",
                        Presence::Unset => ", unset",
                    };
                    line(
                        &mut out,
                        &format!("  {}: {}{presence}", field.wire, told(&field.ty)),
                        &field.range,
                    );
                }
            }
            TypeKind::TextEnum(members) => {
                line(&mut out, &format!("enum {name}"), &Range::default());
                for member in members {
                    line(
                        &mut out,
                        &format!("  {:?} {}", member.wire, member.rust),
                        &member.range,
                    );
                }
            }
            TypeKind::NumberEnum(members) => {
                line(&mut out, &format!("enum {name}"), &Range::default());
                for member in members {
                    line(
                        &mut out,
                        &format!("  {} {}", member.wire, member.rust),
                        &member.range,
                    );
                }
            }
            TypeKind::Alias(ty) => line(
                &mut out,
                &format!("type {name}: {}", told(ty)),
                &Range::default(),
            ),
        }
    }
    out
}

fn operation_lines(out: &mut String, operation: &Operation) {
    let body = match &operation.body {
        Body::None => String::new(),
        Body::Refused => " <- refused".to_owned(),
        Body::Json { ty, required } => format!(
            " <- {}{}",
            told(ty),
            if *required { "" } else { ", optional" }
        ),
        Body::Bytes => " <- bytes".to_owned(),
    };
    let answers: Vec<String> = operation
        .answers
        .iter()
        .map(|answer| {
            let content = match &answer.content {
                Content::Empty => "empty".to_owned(),
                Content::Json(ty) => told(ty),
                Content::Lines(ty) => format!("lines {}", told(ty)),
                Content::OneOrLines(ty) => format!("one or lines {}", told(ty)),
                Content::Deferred(ty) => format!("deferred {}", told(ty)),
                Content::Bytes(media) => format!("bytes {media}"),
                Content::Logs => "logs".to_owned(),
                Content::Hijack => "hijack".to_owned(),
                Content::Websocket => "websocket".to_owned(),
                Content::Http2 => "http2".to_owned(),
                Content::Text => "text".to_owned(),
            };
            let headers: String = answer
                .headers
                .iter()
                .map(|header| format!(" @{}", header.wire))
                .collect();
            format!("{} {content}{headers}", answer.status)
        })
        .collect();
    let (method, path, id) = (&operation.method, &operation.path, &operation.id);
    let answers = match &operation.head_of {
        Some(of) => format!("as {of}"),
        None => answers.join(" | "),
    };
    line(
        out,
        &format!("  {method} {path} {id}{body} -> {answers}"),
        &operation.range,
    );
    for param in &operation.query {
        let kind = match &param.kind {
            ParamKind::DockerBool { default: false } => "flag".to_owned(),
            ParamKind::DockerBool { default: true } => "flag-on".to_owned(),
            ParamKind::GoBool => "go-bool".to_owned(),
            ParamKind::Integer => "integer".to_owned(),
            ParamKind::LenientInteger => "lenient-integer".to_owned(),
            ParamKind::Text => "text".to_owned(),
            ParamKind::List => "list".to_owned(),
            ParamKind::Json(ty) => format!("json {}", told(ty)),
            ParamKind::Filters => "filters".to_owned(),
            ParamKind::Time => "time".to_owned(),
        };
        let required = if param.required { ", required" } else { "" };
        line(
            out,
            &format!("    ?{}: {kind}{required}", param.wire),
            &param.range,
        );
    }
    for header in &operation.headers {
        line(out, &format!("    @{}", header.wire), &Range::default());
    }
}

fn line(out: &mut String, text: &str, range: &Range) {
    out.push_str(text);
    if range.is_bounded() {
        out.push_str(&format!("  [{range}]"));
    }
    out.push('\n');
}

/// A type as the overlay writes it.
fn told(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Int(kind) => kind.name().to_owned(),
        Type::Float => "float".to_owned(),
        Type::Text => "text".to_owned(),
        Type::Scalar(scalar) => scalar.name().to_owned(),
        Type::Any => "any".to_owned(),
        Type::Empty => "empty".to_owned(),
        Type::List(inner) => format!("[{}]", told(inner)),
        Type::Array(inner, length) => format!("[{}; {length}]", told(inner)),
        Type::Map(inner) => format!("{{{}}}", told(inner)),
        Type::Nullable(inner) => format!("{}?", told(inner)),
        Type::Named(name) => name.clone(),
    }
}
