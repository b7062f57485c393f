//! The overlay's corrections of the drafts: what is added, dropped, spelled
//! differently, or of another type.

use indexmap::IndexMap;

use crate::merge::{Drafts, FieldDraft, Seen, Shape, TypeDraft};
use crate::model::{Type, Version};
use crate::overlay::{Overlay, OverlayError};

/// Applies them all. An entry that finds nothing to do stays unused.
pub(super) fn apply(drafts: &mut Drafts, overlay: &Overlay) -> Result<(), OverlayError> {
    drop(drafts, overlay);
    rekey(drafts, overlay);
    add(drafts, overlay)?;
    members(drafts, overlay);
    retype(drafts, overlay)
}

fn drop(drafts: &mut Drafts, overlay: &Overlay) {
    for at in overlay.drop.iter().flat_map(|row| &row.at) {
        let Some((name, key)) = at.split_once('.') else {
            continue;
        };
        if fields(drafts, name)
            .and_then(|fields| fields.shift_remove(key))
            .is_some()
        {
            forget(drafts, at);
            overlay.touch("drop", at);
        }
    }
}

fn rekey(drafts: &mut Drafts, overlay: &Overlay) {
    for (at, wire) in &overlay.rekey {
        let Some((name, key)) = at.split_once('.') else {
            continue;
        };
        let Some(fields) = fields(drafts, name) else {
            continue;
        };
        if let Some(index) = fields.get_index_of(key)
            && !fields.contains_key(wire)
            && fields.replace_index(index, wire.clone()).is_ok()
        {
            rename(drafts, at, &format!("{name}.{wire}"));
            overlay.touch("rekey", at);
        }
    }
}

fn add(drafts: &mut Drafts, overlay: &Overlay) -> Result<(), OverlayError> {
    let all: Seen = drafts.versions.iter().copied().collect();
    for (name, added) in &overlay.add {
        if !drafts.types.contains_key(name) {
            let shape = Shape::Object {
                bases: Vec::new(),
                fields: IndexMap::new(),
            };
            let seen = all.clone();
            drafts.types.insert(name.clone(), TypeDraft { seen, shape });
        }
        let seen = drafts
            .types
            .get(name)
            .map(|draft| draft.seen.clone())
            .unwrap_or_default();
        for (key, text) in added {
            let at = format!("{name}.{key}");
            let ty = read(&at, text)?;
            let Some(fields) = fields(drafts, name) else {
                continue;
            };
            if fields.contains_key(key) {
                continue;
            }
            let (seen, required) = (seen.clone(), false);
            fields.insert(key.clone(), FieldDraft { seen, ty, required });
            overlay.touch("add", &at);
        }
    }
    Ok(())
}

fn members(drafts: &mut Drafts, overlay: &Overlay) {
    for (name, added) in &overlay.members {
        let all: Seen = drafts.versions.iter().copied().collect();
        let draft = drafts
            .types
            .entry(name.clone())
            .or_insert_with(|| TypeDraft {
                seen: all,
                shape: Shape::Text(IndexMap::new()),
            });
        let seen: Vec<Version> = draft.seen.iter().copied().collect();
        let Shape::Text(known) = &mut draft.shape else {
            continue;
        };
        for member in added {
            if !known.contains_key(member) {
                known.insert(member.clone(), seen.iter().copied().collect());
                overlay.touch("members", &format!("{name}={member}"));
            }
        }
    }
}

fn retype(drafts: &mut Drafts, overlay: &Overlay) -> Result<(), OverlayError> {
    for row in &overlay.retype {
        for at in &row.at {
            let to = read(at, &row.to)?;
            let Some((name, key)) = at.split_once('.') else {
                continue;
            };
            let Some(field) = fields(drafts, name).and_then(|fields| fields.get_mut(key)) else {
                continue;
            };
            if field.ty != to {
                field.ty = to;
                // The new type is for all versions, so older ones that had
                // another are decided too.
                let inside = |place: &String| {
                    place.starts_with(at.as_str())
                        && !place[at.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
                };
                drafts.conflicts.retain(|place, _| !inside(place));
                drafts.aspects.retain(|place, _| {
                    !place.starts_with(&format!("{at}[")) && !place.starts_with(&format!("{at}{{"))
                });
                overlay.touch("retype", at);
            }
        }
    }
    Ok(())
}

/// A type as the overlay writes it.
pub(super) fn read(at: &str, text: &str) -> Result<Type, OverlayError> {
    text.parse().map_err(|()| OverlayError::Text {
        at: at.to_owned(),
        text: text.to_owned(),
    })
}

fn fields<'d>(drafts: &'d mut Drafts, name: &str) -> Option<&'d mut IndexMap<String, FieldDraft>> {
    match &mut drafts.types.get_mut(name)?.shape {
        Shape::Object { fields, .. } => Some(fields),
        _ => None,
    }
}

/// Nothing that was noted about a place counts any more.
fn forget(drafts: &mut Drafts, at: &str) {
    let about = |place: &str| {
        place
            .strip_prefix(at)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    drafts.aspects.retain(|place, _| !about(place));
    drafts.conflicts.retain(|place, _| !about(place));
}

/// What was noted about a place counts for another.
fn rename(drafts: &mut Drafts, from: &str, to: &str) {
    let moved: Vec<String> = drafts
        .aspects
        .keys()
        .filter(|place| place.starts_with(&format!("{from}:")))
        .cloned()
        .collect();
    for place in moved {
        if let Some(values) = drafts.aspects.remove(&place) {
            drafts.aspects.insert(place.replacen(from, to, 1), values);
        }
    }
}
