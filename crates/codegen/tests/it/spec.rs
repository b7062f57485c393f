//! The documents of `spec/`: all of them together, and with a version that
//! does not exist yet.

use std::fs;
use std::path::Path;

use longshore_codegen::document::{Document, Operation, Parameter, Schema};
use longshore_codegen::model::{Model, Presence, TypeKind, Version};
use longshore_codegen::overlay::OverlayError;
use longshore_codegen::{Error, emit, model};
use serde_yaml_ng::Value;

const NEXT: Version = Version {
    major: 1,
    minor: 41,
};

fn spec() -> (Vec<(String, String)>, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file of spec/");
    let documents = (35..=40).map(|minor| format!("v1.{minor}.yaml"));
    let documents = documents.map(|name| (name.clone(), read(&name))).collect();
    (documents, read("overlay.yaml"))
}

fn field<'m>(model: &'m Model, name: &str, key: &str) -> &'m longshore_codegen::model::Field {
    let TypeKind::Struct { fields, .. } = &model.types[name].kind else {
        panic!("{name} is no struct");
    };
    fields
        .iter()
        .find(|field| field.wire == key)
        .expect("the field")
}

#[test]
fn every_document_is_openapi() {
    for (name, text) in spec().0 {
        let document: openapiv3::OpenAPI = serde_yaml_ng::from_str(&text).expect(&name);
        let count = document.operations().count();
        let expected = if name == "v1.40.yaml" { 106 } else { 105 };
        assert_eq!(count, expected, "{name}");
    }
}

#[test]
fn all_versions_make_one_model() {
    let (documents, overlay) = spec();
    let model = model(&documents, &overlay).expect("a model");
    assert_eq!(model.operations().count(), 106);
    assert_eq!(model.versions.len(), 6);
    assert!(
        model
            .groups
            .iter()
            .all(|group| !group.operations.is_empty())
    );
    for name in [
        "HostConfig",
        "ContainerCreateRequest",
        "SystemInfo",
        "ServiceSpec",
    ] {
        assert!(model.gated.contains(name), "{name}");
    }
    assert!(!model.gated.contains("ContainerSummary"));
    assert_eq!(field(&model, "ContainerState", "Health").range.since, None);
    assert_eq!(
        field(&model, "HostConfig", "MaskedPaths").range.to_string(),
        "since 1.38"
    );
    assert_eq!(
        field(&model, "ContainerUpdateRequest", "PidsLimit")
            .range
            .to_string(),
        "since 1.40"
    );
    assert!(!field(&model, "HostConfig", "PidsLimit").range.is_bounded());
    assert_eq!(
        field(&model, "HostConfig", "Binds").presence,
        Presence::Null
    );
    assert_eq!(field(&model, "Port", "IP").presence, Presence::Omit);
}

/// v1.40 with an operation, a parameter, a property and an enum member more.
fn next_document(documents: &[(String, String)]) -> (String, String) {
    let newest = &documents.last().expect("documents").1;
    let mut next = Document::read(newest).expect("a document");
    next.info.version = NEXT.to_string();
    let volumes = next.paths.get_mut("/volumes/{name}").expect("volumes");
    let mut update: Operation = volumes["get"].clone();
    update.operation_id = "VolumeUpdate".to_owned();
    volumes.insert("put".to_owned(), update);
    let create = next.paths["/containers/create"]
        .get_mut("post")
        .expect("create");
    let text = Schema {
        kind: Some("string".to_owned()),
        ..Schema::default()
    };
    create.parameters.push(Parameter {
        name: "platform".to_owned(),
        place: "query".to_owned(),
        required: false,
        schema: text.clone(),
    });
    let schemas = &mut next.components.schemas;
    let summary = schemas.get_mut("ContainerSummary").expect("a schema");
    summary.properties.insert("Mood".to_owned(), text);
    let mount = schemas.get_mut("MountType").expect("a schema");
    mount.values.push("cluster".into());
    let text = serde_yaml_ng::to_string(&next).expect("text");
    (format!("v{NEXT}.yaml"), text)
}

#[test]
fn the_next_version_needs_answers_and_nothing_else() {
    let (mut documents, overlay) = spec();
    let next = next_document(&documents);
    documents.push(next);

    let Err(Error::Overlay(OverlayError::Undecided(open))) = model(&documents, &overlay) else {
        panic!("a difference went unnoticed");
    };
    let places = [
        "ContainerCreate ?platform: only in 1.41",
        "ContainerSummary.Mood: only in 1.41",
        "MountType=cluster: only in 1.41",
        "VolumeUpdate: only in 1.41",
    ];
    assert_eq!(open, places);

    let mut answered: Value = serde_yaml_ng::from_str(&overlay).expect("an overlay");
    let says: Value = serde_yaml_ng::from_str("says: Changes a volume.").expect("YAML");
    answered["operations"]["VolumeUpdate"] = says;
    let decision = "{verdict: since 1.41, why: new, at: ['ContainerCreate ?platform', ContainerSummary.Mood, MountType=cluster, VolumeUpdate]}";
    let decision: Value = serde_yaml_ng::from_str(decision).expect("YAML");
    answered["decisions"]
        .as_sequence_mut()
        .expect("a list")
        .push(decision);
    let answered = serde_yaml_ng::to_string(&answered).expect("text");

    let model = model(&documents, &answered).expect("answered");
    assert_eq!(model.newest(), Some(NEXT));
    assert_eq!(model.operations().count(), 107);
    let files = emit::files(&model).expect("Rust that parses");
    let text = |name: &str| {
        let found = files.iter().find(|(file, _)| file == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    };
    let outline = text("outline.txt");
    for line in [
        "  PUT /volumes/{name} VolumeUpdate -> 200 Volume  [since 1.41]\n",
        "    ?platform: text  [since 1.41]\n",
        "  Mood: text, unset  [since 1.41]\n",
        "  \"cluster\" Cluster  [since 1.41]\n",
    ] {
        assert!(outline.contains(line), "{line}");
    }
    assert!(text("volume.rs").contains("fn volume_update("));
    assert!(text("serve/volume.rs").contains("Operation::VolumeUpdate"));
    assert!(text("routes.rs").contains("ApiVersion::new(1, 41)"));
    assert!(text("container.rs").contains("pub platform: Option<String>"));
    assert!(text("masks.rs").contains("impl ContainerSummary"));
    let types: String = files
        .iter()
        .filter(|(file, _)| file.starts_with("types/"))
        .map(|(_, text)| text.as_str())
        .collect();
    assert!(types.contains("pub mood: Option<String>"));
    assert!(types.contains("/// `cluster`, since 1.41."));
}

#[test]
fn a_model_is_made_the_same_way_each_time() {
    let (mut documents, overlay) = spec();
    let files = |documents: &[(String, String)]| {
        let model = model(documents, &overlay).expect("a model");
        emit::files(&model).expect("Rust")
    };
    let first = files(&documents);
    documents.reverse();
    assert_eq!(files(&documents), first);
}
