//! Upstream documents: what survives, and what is refused with its place.

use longshore_codegen::document::Document;
use longshore_codegen::import::{import, write};

const GOOD: &str = r##"
swagger: "2.0"
basePath: "/v1.40"
produces: ["application/json"]
info: {title: "Upstream", version: "1.40", description: "prose", x-logo: {url: "x"}}
tags: [{name: Thing, description: "prose"}]
definitions:
  Thing:
    title: "prose"
    description: "prose"
    type: object
    required: [Id]
    properties:
      Id: {type: string, description: "prose", example: "prose"}
      description: {type: string, x-nullable: true}
      Other: {$ref: "#/definitions/Thing", description: "prose"}
      Maybe: {$ref: "#/definitions/Thing", x-nullable: true}
      Addresses: {type: array, items: {type: string}, default: null}
paths:
  /things/{id}:
    post:
      summary: "prose"
      operationId: ThingPost
      consumes: [application/octet-stream]
      tags: [Thing]
      parameters:
      - {name: id, in: path, required: true, type: string, description: "prose"}
      - {name: all, in: query, type: boolean, default: true}
      - {name: anything, in: body, required: true, schema: {$ref: "#/definitions/Thing"}}
      responses:
        200: {description: "prose", schema: {type: string, format: binary}, headers: {X-Size: {type: integer}}}
        404: {description: "prose", examples: {application/json: {message: "prose"}}}
"##;

#[test]
fn facts_survive_and_prose_does_not() {
    let document = import(GOOD).expect("imported");
    let text = write(&document).expect("written");
    assert!(
        !text.contains("prose") && !text.contains("Upstream"),
        "{text}"
    );
    assert_eq!(Document::read(&text).expect("read back"), document);

    let thing = &document.components.schemas["Thing"];
    assert_eq!(thing.required, ["Id"]);
    assert!(
        thing.properties["description"].nullable,
        "a property may be called like a keyword"
    );
    assert_eq!(thing.properties["Other"].refers_to(), Some("Thing"));
    let maybe = &thing.properties["Maybe"];
    assert!(maybe.nullable && maybe.all_of[0].refers_to() == Some("Thing"));
    assert!(
        thing.properties["Addresses"].nullable && thing.properties["Addresses"].default.is_none()
    );

    let operation = &document.paths["/things/{id}"]["post"];
    assert_eq!(operation.parameters.len(), 2);
    let body = operation.request_body.as_ref().expect("a body");
    assert!(body.required && body.content.contains_key("application/json"));
    assert!(
        operation.responses["200"]
            .content
            .contains_key("application/octet-stream")
    );
    assert!(operation.responses["200"].headers.contains_key("X-Size"));
    assert!(operation.responses["404"].content.is_empty());
}

#[test]
fn two_operations_with_one_id_are_refused() {
    let again = "  /a: {get: {operationId: ThingPost, responses: {200: {description: x}}}}\n";
    let error = import(&format!("{GOOD}{again}")).expect_err("refused");
    let told = "paths./a.get: another operation is called \"ThingPost\" too";
    assert_eq!(error.to_string(), told);
}

#[test]
fn the_order_of_paths_does_not_matter() {
    let other = "  /a: {get: {operationId: A, responses: {200: {description: x}}}}\n";
    let last = format!("{GOOD}{other}");
    let first = GOOD.replace("paths:\n", &format!("paths:\n{other}"));
    let text = |text: &str| write(&import(text).expect("imported")).expect("written");
    assert_eq!(text(&last), text(&first));
}

#[test]
fn wrong_documents_are_refused_with_place_and_reason() {
    for (good, bad, told) in [
        (
            "swagger: \"2.0\"",
            "swagger: \"3.0\"",
            "swagger: Swagger \"3.0\" instead of \"2.0\"",
        ),
        ("swagger: \"2.0\"", "", "document: \"swagger\" is missing"),
        (
            "\"1.40\"",
            "\"one\"",
            "info.version: \"one\" is no API version of the form 1.40",
        ),
        (
            "\"/v1.40\"",
            "\"/v1.39\"",
            "basePath: not the prefix of version 1.40",
        ),
        (
            "type: object\n",
            "type: thing\n",
            "definitions.Thing.type: unknown type \"thing\"",
        ),
        (
            "title: \"prose\"\n",
            "shape: x\n",
            "definitions.Thing.shape: unknown keyword \"shape\"",
        ),
        (
            "required: [Id]",
            "required: Id",
            "definitions.Thing.required: expected a list",
        ),
        (
            "items: {type: string}, ",
            "",
            "definitions.Thing.properties.Addresses: \"items\" is missing",
        ),
        (
            "post:\n",
            "poke:\n",
            "paths./things/{id}.poke: unknown keyword \"poke\"",
        ),
        (
            "operationId: ThingPost",
            "deprecated: true",
            "paths./things/{id}.post: \"operationId\" is missing",
        ),
        (
            "name: all, ",
            "",
            "paths./things/{id}.post.parameters.1: \"name\" is missing",
        ),
        (
            "in: query",
            "in: cookie",
            "paths./things/{id}.post.parameters.1.in: unknown keyword \"cookie\"",
        ),
        (
            "required: true, type: string",
            "required: 1, type: string",
            "parameters.0.required: expected true or false",
        ),
        (
            "404: {description: \"prose\", ",
            "404: {",
            "responses.404: \"description\" is missing",
        ),
        (
            "tags: [Thing]",
            "tags: [Other]",
            "tags.0.name: no operation has the tag \"Thing\": is the document cut short?",
        ),
        (
            "schema: {$ref: \"#/definitions/Thing\"}",
            "schema: {$ref: \"#/definitions/Gone\"}",
            "\"Gone\" is referred to and not defined",
        ),
        (
            "{$ref: \"#/definitions/Thing\", x-",
            "{$ref: \"other.yaml\", x-",
            "Maybe.$ref: \"other.yaml\" is no reference to a definition",
        ),
    ] {
        assert!(GOOD.contains(good), "{good}");
        let error = import(&GOOD.replacen(good, bad, 1))
            .expect_err(told)
            .to_string();
        assert!(error.contains(told), "{error:?} instead of {told:?}");
    }
}

#[test]
fn a_document_that_is_cut_short_is_refused() {
    // Wherever a line ends, what is left is refused, until only the last
    // answer of the last operation is missing.
    let lines: Vec<&str> = GOOD.lines().collect();
    for end in 0..lines.len() - 1 {
        let cut = lines[..end].join("\n");
        let tried = import(&cut);
        assert!(
            tried.is_err(),
            "after line {end}: {}",
            lines[end.saturating_sub(1)]
        );
    }
    assert!(import("a: [").is_err());
    assert!(import("").is_err());
    assert!(import("\u{0}").is_err());
}
