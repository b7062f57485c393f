//! Drafts of types become types: bases flattened, ranges, presence and Rust
//! names given.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::merge::{Drafts, Shape};
use crate::model::{Field, Member, Presence, Range, Type, TypeDef, TypeKind};
use crate::names;
use crate::overlay::{Overlay, OverlayError};

/// Every place that can be bounded.
pub(super) fn places(drafts: &Drafts) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for (id, operation) in &drafts.operations {
        places.insert(id.clone());
        places.extend(
            operation
                .params
                .keys()
                .map(|(_, name)| format!("{id} ?{name}")),
        );
        for (status, answer) in &operation.answers {
            places.extend(
                answer
                    .headers
                    .keys()
                    .map(|name| format!("{id} {status} @{name}")),
            );
        }
    }
    for (name, draft) in &drafts.types {
        match &draft.shape {
            Shape::Object { .. } => {
                let keys = all_fields(drafts, name).into_keys();
                places.extend(keys.map(|key| format!("{name}.{key}")));
            }
            Shape::Text(members) => {
                places.extend(members.keys().map(|value| format!("{name}={value}")))
            }
            Shape::Number(members) => {
                places.extend(members.keys().map(|value| format!("{name}={value}")))
            }
            Shape::Alias(_) => {}
        }
    }
    places
}

/// All types, by name.
pub(super) fn types(
    drafts: &Drafts,
    overlay: &Overlay,
    ranges: &mut BTreeMap<String, Range>,
) -> Result<IndexMap<String, TypeDef>, OverlayError> {
    let mut types = IndexMap::new();
    for (name, draft) in &drafts.types {
        let kind = match &draft.shape {
            Shape::Object { bases, .. } => TypeKind::Struct {
                fields: fields(drafts, overlay, ranges, name)?,
                bases: bases.clone(),
            },
            Shape::Text(members) => {
                TypeKind::TextEnum(text_members(overlay, ranges, name, members.keys())?)
            }
            Shape::Number(members) => {
                TypeKind::NumberEnum(number_members(overlay, ranges, name, members.keys())?)
            }
            Shape::Alias(ty) => TypeKind::Alias(ty.clone()),
        };
        let says = said(overlay, name).unwrap_or_default();
        let name = name.clone();
        types.insert(name.clone(), TypeDef { name, says, kind });
    }
    types.sort_unstable_keys();
    Ok(types)
}

/// The fields of a type with the type that each comes from: those of the
/// bases first.
fn all_fields<'d>(drafts: &'d Drafts, name: &str) -> IndexMap<&'d str, (String, &'d Type)> {
    let mut found = IndexMap::new();
    let Some(draft) = drafts.types.get(name) else {
        return found;
    };
    if let Shape::Object { bases, fields } = &draft.shape {
        for base in bases {
            found.extend(all_fields(drafts, base));
        }
        for (key, field) in fields {
            found.insert(key.as_str(), (name.to_owned(), &field.ty));
        }
    }
    found
}

fn fields(
    drafts: &Drafts,
    overlay: &Overlay,
    ranges: &BTreeMap<String, Range>,
    name: &str,
) -> Result<Vec<Field>, OverlayError> {
    let mut fields: Vec<Field> = Vec::new();
    for (key, (owner, ty)) in all_fields(drafts, name) {
        let (here, there) = (format!("{name}.{key}"), format!("{owner}.{key}"));
        let range = ranges.get(&here).or_else(|| ranges.get(&there));
        let rust = names::snake(key);
        if fields.iter().any(|field| field.rust == rust) {
            return Err(OverlayError::Collision {
                at: here,
                name: rust,
            });
        }
        fields.push(Field {
            wire: key.to_owned(),
            rust,
            ty: ty.clone(),
            presence: presence(overlay, name, key)
                .or_else(|| presence(overlay, &owner, key))
                .unwrap_or(Presence::Always),
            range: range.copied().unwrap_or_default(),
            says: said(overlay, &here).or_else(|| said(overlay, &there)),
        });
    }
    Ok(fields)
}

fn presence(overlay: &Overlay, name: &str, key: &str) -> Option<Presence> {
    let lists = overlay.presence.get(name)?;
    for (list, presence) in [
        (&lists.null, Presence::Null),
        (&lists.omit, Presence::Omit),
        (&lists.unset, Presence::Unset),
    ] {
        if list.iter().any(|listed| listed == key) {
            overlay.touch("presence", &format!("{name}.{key}"));
            return Some(presence);
        }
    }
    None
}

fn text_members<'m>(
    overlay: &Overlay,
    ranges: &BTreeMap<String, Range>,
    name: &str,
    values: impl Iterator<Item = &'m String>,
) -> Result<Vec<Member<String>>, OverlayError> {
    let mut members: Vec<Member<String>> = Vec::new();
    for value in values {
        let place = format!("{name}={value}");
        let rust = variant(overlay, &place, &names::pascal(value));
        refuse_collision(name, &rust, members.iter().map(|member| &member.rust))?;
        members.push(Member {
            wire: value.clone(),
            rust,
            range: ranges.get(&place).copied().unwrap_or_default(),
        });
    }
    Ok(members)
}

fn number_members<'m>(
    overlay: &Overlay,
    ranges: &BTreeMap<String, Range>,
    name: &str,
    values: impl Iterator<Item = &'m i64>,
) -> Result<Vec<Member<i64>>, OverlayError> {
    let mut members: Vec<Member<i64>> = Vec::new();
    for value in values {
        let place = format!("{name}={value}");
        let rust = variant(overlay, &place, &format!("V{value}"));
        refuse_collision(name, &rust, members.iter().map(|member| &member.rust))?;
        members.push(Member {
            wire: *value,
            rust,
            range: ranges.get(&place).copied().unwrap_or_default(),
        });
    }
    Ok(members)
}

fn variant(overlay: &Overlay, place: &str, default: &str) -> String {
    match overlay.variants.get(place) {
        Some(name) if name != default => {
            overlay.touch("variants", place);
            name.clone()
        }
        _ => default.to_owned(),
    }
}

/// `Other` is taken by what the enum does not know.
fn refuse_collision<'n>(
    at: &str,
    rust: &str,
    mut taken: impl Iterator<Item = &'n String>,
) -> Result<(), OverlayError> {
    if rust == "Other" || rust.is_empty() || taken.any(|other| other == rust) {
        return Err(OverlayError::Collision {
            at: at.to_owned(),
            name: rust.to_owned(),
        });
    }
    Ok(())
}

fn said(overlay: &Overlay, place: &str) -> Option<String> {
    let text = overlay.says.get(place)?;
    overlay.touch("says", place);
    Some(text.clone())
}
