//! Upstream's Swagger 2.0 in, our OpenAPI 3.0.3 out: facts only.
//!
//! Every keyword is either carried over, translated, or on the list of those
//! that are prose or tooling; an unknown one is an error with its place. So a
//! document that was cut short or changed its form is refused rather than
//! half understood.

mod node;
mod schema;

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::document::{
    Components, Document, Info, Media, Operation, Parameter, RequestBody, Response, Schema,
};
use node::Node;
pub use node::{ImportError, Problem};

/// Keywords of an operation that are prose or wrong upstream: what a body is
/// really made of stands in the overlay.
const OPERATION: &[&str] = &[
    "summary",
    "description",
    "produces",
    "consumes",
    "deprecated",
    "externalDocs",
];
const METHODS: &[&str] = &["get", "head", "post", "put", "delete", "options", "patch"];

/// Reads a Swagger document.
pub fn import(text: &str) -> Result<Document, ImportError> {
    let value: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)?;
    let root = Node::root(&value);
    root.only(&[
        "swagger",
        "schemes",
        "produces",
        "consumes",
        "basePath",
        "host",
        "info",
        "tags",
        "definitions",
        "paths",
    ])?;
    let swagger = root.need("swagger")?;
    if swagger.text()? != "2.0" {
        return Err(swagger.fail(Problem::Swagger(swagger.text()?.to_owned())));
    }
    let version = root.need("info")?.need("version")?;
    let number: crate::model::Version = version
        .text()?
        .parse()
        .map_err(|error| version.fail(Problem::Version(error)))?;
    let base = root.need("basePath")?;
    if base.text()? != format!("/v{number}") {
        return Err(base.fail(Problem::BasePath(number)));
    }

    let mut schemas = IndexMap::new();
    for (name, definition) in root.need("definitions")?.entries()? {
        schemas.insert(name.to_owned(), schema::convert(&definition)?);
    }
    schemas.sort_unstable_keys();

    let mut paths = IndexMap::new();
    let mut tags = Vec::new();
    let mut ids = BTreeSet::new();
    for (path, item) in root.need("paths")?.entries()? {
        let mut methods = IndexMap::new();
        for (method, node) in item.entries()? {
            if !METHODS.contains(&method) {
                return Err(node.fail(Problem::Unknown(method.to_owned())));
            }
            let operation = operation(&node)?;
            tags.extend(operation.tags.iter().cloned());
            if !ids.insert(operation.operation_id.clone()) {
                return Err(node.fail(Problem::Twice(operation.operation_id)));
            }
            methods.insert(method.to_owned(), operation);
        }
        methods.sort_unstable_keys();
        paths.insert(path.to_owned(), methods);
    }
    paths.sort_unstable_keys();
    refuse_unused_tags(&root, &tags)?;

    let document = Document {
        openapi: "3.0.3".to_owned(),
        info: Info {
            title: "Longshore".to_owned(),
            version: number.to_string(),
        },
        paths,
        components: Components { schemas },
    };
    refuse_dangling(&root, &document)?;
    Ok(document)
}

/// The text of the file in `spec/`, and the proof that `openapiv3` reads it.
pub fn write(document: &Document) -> Result<String, ImportError> {
    let body = serde_yaml_ng::to_string(document)?;
    let _: openapiv3::OpenAPI = serde_yaml_ng::from_str(&body)?;
    Ok(format!(
        "# Written by `cargo xtask import`. Do not edit; corrections go to overlay.yaml.\n{body}"
    ))
}

/// A tag that is declared and never used means that paths are missing: the
/// tags stand at the top of the file and the paths at its end.
fn refuse_unused_tags(root: &Node<'_>, used: &[String]) -> Result<(), ImportError> {
    let Some(tags) = root.get("tags")? else {
        return Ok(());
    };
    for tag in tags.items()? {
        let name = tag.need("name")?;
        if !used
            .iter()
            .any(|used| Some(used.as_str()) == name.text().ok())
        {
            return Err(name.fail(Problem::UnusedTag(name.text()?.to_owned())));
        }
    }
    Ok(())
}

fn refuse_dangling(root: &Node<'_>, document: &Document) -> Result<(), ImportError> {
    let known = &document.components.schemas;
    let mut wrong = None;
    let mut check = |at: String, schema: &Schema| {
        schema::each(schema, &mut |inner| {
            if let Some(name) = inner.refers_to().filter(|name| !known.contains_key(*name)) {
                wrong.get_or_insert((at.clone(), name.to_owned()));
            }
        });
    };
    for (name, schema) in known {
        check(format!("definitions.{name}"), schema);
    }
    for (path, methods) in &document.paths {
        for (method, operation) in methods {
            let bodies = operation.request_body.iter().map(|body| &body.content);
            let answers = operation
                .responses
                .values()
                .map(|response| &response.content);
            for media in bodies.chain(answers).flat_map(IndexMap::values) {
                check(format!("paths.{path}.{method}"), &media.schema);
            }
        }
    }
    match wrong {
        Some((at, name)) => Err(root.fail(Problem::Dangling(name)).at(at)),
        None => Ok(()),
    }
}

fn operation(node: &Node<'_>) -> Result<Operation, ImportError> {
    node.only(
        &[
            OPERATION,
            &["operationId", "tags", "parameters", "responses"],
        ]
        .concat(),
    )?;
    let mut parameters = Vec::new();
    let mut request_body = None;
    if let Some(list) = node.get("parameters")? {
        for item in list.items()? {
            if item.need("in")?.text()? == "body" {
                request_body = Some(body(&item)?);
            } else {
                parameters.push(parameter(&item)?);
            }
        }
    }
    let tags = match node.get("tags")? {
        None => Vec::new(),
        Some(tags) => tags
            .items()?
            .iter()
            .map(|tag| tag.text().map(str::to_owned))
            .collect::<Result<_, _>>()?,
    };
    let mut responses = IndexMap::new();
    for (status, response) in node.need("responses")?.entries_by_number()? {
        responses.insert(status.to_string(), answer(&response)?);
    }
    if responses.is_empty() {
        return Err(node.fail(Problem::Missing("responses")));
    }
    responses.sort_unstable_keys();
    Ok(Operation {
        operation_id: node.need("operationId")?.text()?.to_owned(),
        tags,
        parameters,
        request_body,
        responses,
    })
}

fn body(node: &Node<'_>) -> Result<RequestBody, ImportError> {
    node.only(&["name", "in", "description", "required", "schema"])?;
    Ok(RequestBody {
        required: node.flag("required")?,
        content: content(schema::convert(&node.need("schema")?)?),
    })
}

fn parameter(node: &Node<'_>) -> Result<Parameter, ImportError> {
    let place = node.need("in")?;
    if !["path", "query", "header"].contains(&place.text()?) {
        return Err(place.fail(Problem::Unknown(place.text()?.to_owned())));
    }
    Ok(Parameter {
        name: node.need("name")?.text()?.to_owned(),
        place: place.text()?.to_owned(),
        required: node.flag("required")?,
        schema: schema::convert_parameter(node)?,
    })
}

fn answer(node: &Node<'_>) -> Result<Response, ImportError> {
    node.only(&["description", "schema", "headers", "examples"])?;
    node.need("description")?;
    let mut headers = IndexMap::new();
    if let Some(list) = node.get("headers")? {
        for (name, header) in list.entries()? {
            let schema = schema::convert(&header)?;
            headers.insert(name.to_owned(), Media { schema });
        }
    }
    headers.sort_unstable_keys();
    Ok(Response {
        description: String::new(),
        headers,
        content: match node.get("schema")? {
            Some(schema) => content(schema::convert(&schema)?),
            None => IndexMap::new(),
        },
    })
}

/// Upstream's media types are mostly wrong, so only two are told apart.
fn content(schema: Schema) -> IndexMap<String, Media> {
    let media = if schema.is_binary() {
        "application/octet-stream"
    } else {
        "application/json"
    };
    IndexMap::from([(media.to_owned(), Media { schema })])
}
