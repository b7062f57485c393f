//! Drafts and overlay become the model: corrections first, then decisions,
//! then names, presence and ranges.

mod correct;
mod operations;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use crate::merge::Drafts;
use crate::model::{Field, Model, Range, Type, TypeDef, TypeKind};
use crate::overlay::{Overlay, OverlayError, matches, verdict};

/// Makes the model.
pub(crate) fn assemble(mut drafts: Drafts, overlay: &Overlay) -> Result<Model, OverlayError> {
    correct::apply(&mut drafts, overlay)?;
    let mut ranges = decide(&drafts, overlay)?;
    let groups = operations::groups(&drafts, overlay, &ranges)?;
    let types = types::types(&drafts, overlay, &mut ranges)?;
    let gated = gated(&types);
    let model = Model {
        versions: drafts.versions,
        groups,
        types,
        gated,
    };
    refuse_unknown_types(&model)?;
    let dead = overlay.dead();
    if dead.is_empty() {
        Ok(model)
    } else {
        Err(OverlayError::Dead(dead))
    }
}

/// The range of every place that some version lacks. Each difference must be
/// decided, and each decision must be about something.
fn decide(drafts: &Drafts, overlay: &Overlay) -> Result<BTreeMap<String, Range>, OverlayError> {
    let mut open = drafts.differences();
    let places = types::places(drafts);
    let mut ranges = BTreeMap::new();
    for decision in &overlay.decisions {
        let range = verdict(&decision.verdict).ok_or_else(|| OverlayError::Text {
            at: "decisions".to_owned(),
            text: decision.verdict.clone(),
        })?;
        for at in &decision.at {
            let before = open.len();
            open.retain(|place, _| !matches(at, place));
            let bounded = range.is_bounded() && places.contains(at);
            if bounded {
                ranges.insert(at.clone(), range);
            }
            if open.len() < before || bounded {
                overlay.touch("decisions", at);
            }
        }
    }
    if open.is_empty() {
        return Ok(ranges);
    }
    let open = open.iter().map(|(place, told)| format!("{place}: {told}"));
    Err(OverlayError::Undecided(open.collect()))
}

/// The structs that hold a bounded field, themselves or deeper.
fn gated(types: &indexmap::IndexMap<String, TypeDef>) -> BTreeSet<String> {
    let mut gated = BTreeSet::new();
    loop {
        let before = gated.len();
        for (name, def) in types {
            if let TypeKind::Struct { fields, .. } = &def.kind
                && fields
                    .iter()
                    .any(|field| field.range.is_bounded() || holds(field, &gated))
            {
                gated.insert(name.clone());
            }
        }
        if gated.len() == before {
            return gated;
        }
    }
}

fn holds(field: &Field, gated: &BTreeSet<String>) -> bool {
    field.ty.names().iter().any(|name| gated.contains(*name))
}

fn refuse_unknown_types(model: &Model) -> Result<(), OverlayError> {
    let known = |at: String, ty: &Type| match ty
        .names()
        .iter()
        .find(|name| !model.types.contains_key(**name))
    {
        None => Ok(()),
        Some(name) => Err(OverlayError::NoType {
            at,
            name: (*name).to_owned(),
        }),
    };
    for (name, def) in &model.types {
        match &def.kind {
            TypeKind::Struct { fields, .. } => {
                for field in fields {
                    known(format!("{name}.{}", field.wire), &field.ty)?;
                }
            }
            TypeKind::Alias(ty) => known(name.clone(), ty)?,
            TypeKind::TextEnum(_) | TypeKind::NumberEnum(_) => {}
        }
    }
    for operation in model.operations() {
        for ty in operation.types() {
            known(operation.id.clone(), ty)?;
        }
    }
    Ok(())
}
