//! What objects and lists hand to the types that read them.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_json::{Map, Value};

use super::reader::{Misfit, Place, Reader};

/// The fields of a struct that the object has a value for, each once. As in
/// Go the last of several keys wins, and `null` counts as absent.
pub(super) struct Fields<'de, 'p> {
    owner: &'static str,
    found: std::vec::IntoIter<(&'static str, &'de Value)>,
    next: Option<(&'static str, &'de Value)>,
    parent: Option<&'p Place<'p>>,
}

impl<'de, 'p> Fields<'de, 'p> {
    pub(super) fn none() -> Fields<'de, 'p> {
        Fields {
            owner: "",
            found: Vec::new().into_iter(),
            next: None,
            parent: None,
        }
    }

    pub(super) fn matching(
        map: &'de Map<String, Value>,
        owner: &'static str,
        fields: &'static [&'static str],
        parent: &'p Place<'p>,
    ) -> Fields<'de, 'p> {
        let mut found: Vec<(&'static str, &'de Value)> = Vec::with_capacity(map.len());
        for (key, value) in map {
            let exact = fields.iter().find(|field| **field == key.as_str());
            let field = exact.or_else(|| fields.iter().find(|field| same_but_case(field, key)));
            let (Some(field), false) = (field, value.is_null()) else {
                continue;
            };
            match found.iter_mut().find(|(known, _)| known == field) {
                Some(known) => known.1 = value,
                None => found.push((field, value)),
            }
        }
        Fields {
            owner,
            found: found.into_iter(),
            next: None,
            parent: Some(parent),
        }
    }
}

/// Go folds case over Unicode; field names are ASCII, two letters of which
/// have a relative outside it.
fn same_but_case(field: &str, key: &str) -> bool {
    if key.is_ascii() {
        return field.eq_ignore_ascii_case(key);
    }
    let folded = key.replace('\u{212a}', "k").replace('\u{17f}', "s");
    field.eq_ignore_ascii_case(&folded)
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        self.next = self.found.next();
        let Some((field, _)) = self.next else {
            return Ok(None);
        };
        seed.deserialize(key(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let (Some((field, value)), Some(parent)) = (self.next, self.parent) else {
            return Err(Misfit("a value was asked for before its key".to_owned()));
        };
        seed.deserialize(Reader {
            value,
            place: Place::Within {
                parent,
                owner: self.owner,
                field,
            },
        })
    }
}

/// The entries of a map with free keys. `null` values stay.
pub(super) struct Entries<'de, 'p> {
    entries: serde_json::map::Iter<'de>,
    value: &'de Value,
    place: Place<'p>,
}

impl<'de, 'p> Entries<'de, 'p> {
    pub(super) fn new(map: &'de Map<String, Value>, place: Place<'p>) -> Entries<'de, 'p> {
        Entries {
            entries: map.iter(),
            value: &Value::Null,
            place,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let Some((name, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = value;
        seed.deserialize(key(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        seed.deserialize(Reader {
            value: self.value,
            place: self.place,
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

fn key(name: &str) -> StrDeserializer<'_, Misfit> {
    name.into_deserializer()
}

pub(super) struct Items<'de, 'p> {
    items: std::slice::Iter<'de, Value>,
    place: Place<'p>,
}

impl<'de, 'p> Items<'de, 'p> {
    pub(super) fn new(items: &'de [Value], place: Place<'p>) -> Items<'de, 'p> {
        Items {
            items: items.iter(),
            place,
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        let Some(value) = self.items.next() else {
            return Ok(None);
        };
        let place = self.place;
        seed.deserialize(Reader { value, place }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// An enum is its variant's name.
pub(super) struct Variant<'de>(pub(super) &'de str);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Misfit;
    type Variant = Unit;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Unit), Misfit> {
        seed.deserialize(key(self.0)).map(|name| (name, Unit))
    }
}

pub(super) struct Unit;

impl<'de> VariantAccess<'de> for Unit {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Misfit> {
        Err(Misfit("json: an enum is a string".to_owned()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Misfit> {
        Err(Misfit("json: an enum is a string".to_owned()))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Misfit> {
        Err(Misfit("json: an enum is a string".to_owned()))
    }
}
