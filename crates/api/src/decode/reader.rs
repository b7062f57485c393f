//! A deserializer over JSON values with Go's leniency and Go's error texts.

use std::fmt;

use serde::de::{Deserializer, Visitor};
use serde_json::{Number, Value};

use super::access::{Entries, Fields, Items, Variant};

/// Why a value does not fit its type.
#[derive(Debug)]
pub(super) struct Misfit(pub(super) String);

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misfit {}

impl serde::de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Misfit {
        Misfit(message.to_string())
    }
}

/// Where in the document a value stands: the chain of fields from the root.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    Root,
    Within {
        parent: &'p Place<'p>,
        /// The struct that the field belongs to, if it is one.
        owner: &'static str,
        field: &'p str,
    },
}

impl Place<'_> {
    /// Appends `Root.Field.Field`, the way Go writes it.
    fn write(&self, out: &mut String) {
        if let Place::Within {
            parent,
            owner,
            field,
        } = self
        {
            match parent {
                Place::Root => out.push_str(owner),
                Place::Within { .. } => parent.write(out),
            }
            out.push('.');
            out.push_str(field);
        }
    }
}

/// A value about to be read, and its place for error texts.
#[derive(Clone, Copy)]
pub(super) struct Reader<'de, 'p> {
    pub(super) value: &'de Value,
    pub(super) place: Place<'p>,
}

impl<'de> Reader<'de, '_> {
    fn misfit(&self, wanted: &str) -> Misfit {
        let found = match self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Number(number) if wanted.contains("int") => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) => "object".to_owned(),
        };
        let mut place = String::new();
        self.place.write(&mut place);
        let target = if place.is_empty() {
            "value".to_owned()
        } else {
            format!("struct field {place}")
        };
        Misfit(format!(
            "json: cannot unmarshal {found} into Go {target} of type {wanted}"
        ))
    }

    fn number<V: Visitor<'de>>(
        self,
        wanted: &str,
        visit: impl FnOnce(&'de Number, V) -> Option<Result<V::Value, Misfit>>,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let misfit = |_| self.misfit(wanted);
        match self.value {
            Value::Null => visitor.visit_u64(0),
            Value::Number(number) => match visit(number, visitor) {
                // A number that the visitor refuses is out of its range.
                Some(result) => result.map_err(misfit),
                None => Err(self.misfit(wanted)),
            },
            _ => Err(self.misfit(wanted)),
        }
    }

    fn integer<V: Visitor<'de>>(self, wanted: &str, visitor: V) -> Result<V::Value, Misfit> {
        self.number(
            wanted,
            |number, visitor: V| match (number.as_u64(), number.as_i64()) {
                (Some(n), _) => Some(visitor.visit_u64(n)),
                (None, Some(n)) => Some(visitor.visit_i64(n)),
                (None, None) => None,
            },
            visitor,
        )
    }

    fn float<V: Visitor<'de>>(self, wanted: &str, visitor: V) -> Result<V::Value, Misfit> {
        self.number(
            wanted,
            |number, visitor: V| number.as_f64().map(|n| visitor.visit_f64(n)),
            visitor,
        )
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_borrowed_str(""),
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => Err(self.misfit("string")),
        }
    }

    fn list<V: Visitor<'de>>(self, items: &'de [Value], visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_seq(Items::new(items, self.place))
    }
}

macro_rules! integers {
    ($($method:ident: $wanted:literal),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            self.integer($wanted, visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) if number.is_f64() => self.float("float64", visitor),
            Value::Number(_) => self.integer("int64", visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => self.list(items, visitor),
            Value::Object(map) => visitor.visit_map(Entries::new(map, self.place)),
        }
    }

    integers! {
        deserialize_i8: "int8", deserialize_i16: "int16", deserialize_i32: "int32",
        deserialize_i64: "int64", deserialize_i128: "int128",
        deserialize_u8: "uint8", deserialize_u16: "uint16", deserialize_u32: "uint32",
        deserialize_u64: "uint64", deserialize_u128: "uint128"
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.float("float32", visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.float("float64", visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_bool(false),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            _ => Err(self.misfit("bool")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => self.list(&[], visitor),
            Value::Array(items) => self.list(items, visitor),
            _ => Err(self.misfit("list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_map(Fields::none()),
            Value::Object(map) => visitor.visit_map(Entries::new(map, self.place)),
            _ => Err(self.misfit("map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_map(Fields::none()),
            Value::Object(map) => {
                visitor.visit_map(Fields::matching(map, name, fields, &self.place))
            }
            _ => Err(self.misfit(name)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_enum(Variant("")),
            Value::String(text) => visitor.visit_enum(Variant(text)),
            _ => Err(self.misfit(name)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }
}
