//! What the overlay must decide, and what it must not say for nothing.

use longshore_codegen::overlay::OverlayError;
use longshore_codegen::{Error, model};

const OVERLAY: &str = "groups: {Thing: {says: T}}\noperations: {ThingList: {says: L}}\n";

fn document(version: &str, properties: &str) -> (String, String) {
    let text = format!(
        "openapi: 3.0.3\ninfo: {{title: x, version: '{version}'}}\npaths:\n  /things:\n    get:\n      operationId: ThingList\n      tags: [Thing]\n      responses:\n        '200':\n          description: ''\n          content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}\ncomponents: {{schemas: {{Thing: {{type: object, properties: {{{properties}}}}}}}}}\n"
    );
    (format!("v{version}.yaml"), text)
}

fn refused(documents: &[(String, String)], overlay: &str) -> OverlayError {
    match model(documents, overlay) {
        Err(Error::Overlay(error)) => error,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("nothing was refused"),
    }
}

#[test]
fn a_difference_needs_a_decision() {
    let documents = [
        document("1.1", "A: {type: string}, B: {type: string}"),
        document(
            "1.2",
            "A: {type: string}, C: {type: string, enum: [x]}, B: {type: integer}",
        ),
    ];
    let expected = ["Thing.B:type: 1.1 string", "Thing.C: only in 1.2"];
    let expected = expected.map(str::to_owned).to_vec();
    assert_eq!(
        refused(&documents, OVERLAY),
        OverlayError::Undecided(expected)
    );

    let decided = format!(
        "{OVERLAY}decisions:\n- {{verdict: since 1.2, why: w, at: [Thing.C]}}\n- {{verdict: always, why: w, at: ['Thing.B:type']}}\n"
    );
    let model = model(&documents, &decided).expect("decided");
    assert!(model.gated.contains("Thing"));
}

#[test]
fn routes_bodies_and_bases_are_compared_too() {
    let first = document("1.1", "A: {type: string}");
    let mut second = document("1.2", "A: {type: string}");
    second.1 = second
        .1
        .replace("  /things:", "  /stuff:")
        .replace("      responses:", "      requestBody: {content: {application/json: {schema: {type: string}}}}\n      responses:")
        .replace("{Thing: {type: object,", "{Base: {type: object, properties: {Z: {type: string}}}, Thing: {type: object, allOf: [{$ref: '#/components/schemas/Base'}],");
    let expected = [
        "Thing:bases: 1.1 , 1.2 Base",
        "ThingList request:body: 1.1 none, 1.2 JSON",
        "ThingList:route: 1.1 GET /things, 1.2 GET /stuff",
    ];
    let expected = expected.map(str::to_owned).to_vec();
    assert_eq!(
        refused(&[first, second], OVERLAY),
        OverlayError::Undecided(expected)
    );
}

#[test]
fn an_entry_that_changes_nothing_is_an_error() {
    let documents = [document(
        "1.1",
        "A: {type: string}, E: {type: string, enum: [x]}",
    )];
    for (entry, told) in [
        (
            "decisions: [{verdict: always, why: w, at: [Thing.A]}]",
            "decisions: Thing.A",
        ),
        (
            "decisions: [{verdict: since 1.1, why: w, at: [Thing.Z]}]",
            "decisions: Thing.Z",
        ),
        (
            "retype: [{to: text, why: w, at: [Thing.A]}]",
            "retype: Thing.A",
        ),
        ("rekey: {Thing.Z: Y}", "rekey: Thing.Z"),
        ("add: {Thing: {A: text}}", "add: Thing.A"),
        ("members: {ThingE: [x]}", "members: ThingE=x"),
        ("variants: {ThingE=x: X}", "variants: ThingE=x"),
        ("drop: [{why: w, at: [Thing.Z]}]", "drop: Thing.Z"),
        ("presence: {Thing: {omit: [Z]}}", "presence: Thing.Z"),
        ("names: {Thing.Z: Q}", "names: Thing.Z"),
        ("says: {Thing.Z: q}", "says: Thing.Z"),
        ("common_headers: [Pragma]", "common_headers: Pragma"),
    ] {
        let error = refused(&documents, &format!("{OVERLAY}{entry}\n"));
        assert_eq!(error, OverlayError::Dead(vec![told.to_owned()]));
    }
    let gone = OVERLAY.replace(
        "ThingList: {says: L}",
        "ThingList: {says: L}, Gone: {says: G}",
    );
    let error = refused(&documents, &gone);
    assert_eq!(
        error,
        OverlayError::Dead(vec!["operations: Gone".to_owned()])
    );
}

#[test]
fn an_operation_needs_an_entry_and_a_group() {
    let documents = [document("1.1", "A: {type: string}")];
    let error = refused(&documents, "groups: {Thing: {says: T}}\n");
    assert_eq!(error, OverlayError::Unsaid("ThingList".to_owned()));
    let error = refused(&documents, "operations: {ThingList: {says: L}}\n");
    let tags = vec!["Thing".to_owned()];
    assert_eq!(error, OverlayError::Ungrouped("ThingList".to_owned(), tags));
}

#[test]
fn names_that_collide_are_refused() {
    let one = [document("1.1", "A: {type: string, enum: [a-b, a.b]}")];
    let error = refused(&one, OVERLAY).to_string();
    assert_eq!(error, "ThingA: two things are called AB");
    let other = [document("1.1", "A: {type: string, enum: [other]}")];
    assert!(matches!(
        refused(&other, OVERLAY),
        OverlayError::Collision { .. }
    ));
    let fields = [document("1.1", "IP: {type: string}, ip: {type: string}")];
    assert!(matches!(
        refused(&fields, OVERLAY),
        OverlayError::Collision { .. }
    ));
}

#[test]
fn unknown_types_are_refused() {
    let documents = [document("1.1", "A: {type: string}")];
    let error = refused(
        &documents,
        &format!("{OVERLAY}add: {{Thing: {{B: '[Gone]'}}}}\n"),
    );
    assert_eq!(error.to_string(), "Thing.B: there is no type Gone");
    let error = refused(
        &documents,
        &format!("{OVERLAY}add: {{Thing: {{B: '[text'}}}}\n"),
    );
    assert!(matches!(error, OverlayError::Text { .. }));
}
