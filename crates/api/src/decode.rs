//! JSON request bodies, read the way Go's `encoding/json` reads them.
//!
//! Clients rely on its leniency: keys match fields exactly or else in any
//! case, `null` leaves the zero value, unknown keys are passed over, and
//! whatever follows the first JSON value is never looked at. A wrong type is
//! an error with Go's wording.
//!
//! The body becomes a [`serde_json::Value`] first; a small deserializer over it
//! adds the rest, so that the types themselves stay plain serde types.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde_json::{Map, Number, Value};

use crate::error::ApiError;

/// Reads the first JSON value of a body. Errors are 400 and say what is wrong.
///
/// ```
/// use longshore_api::decode::from_slice;
/// #[derive(serde::Deserialize, Default)]
/// #[serde(default)]
/// struct Config {
///     #[serde(rename = "Image")]
///     image: String,
/// }
/// let config: Config = from_slice(br#"{"image": "nginx", "x": null}"#).unwrap();
/// assert_eq!(config.image, "nginx");
/// ```
pub fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    from_value(&value(body)?)
}

/// Turns a value into a type, with the same leniency.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, ApiError> {
    let reader = Reader {
        value,
        place: Place::Root,
    };
    T::deserialize(reader).map_err(|error| invalid(&error))
}

/// The first JSON value of a body, whatever follows it.
pub fn value(body: &[u8]) -> Result<Value, ApiError> {
    // Go replaces what is not UTF-8, serde_json refuses it.
    let text = String::from_utf8_lossy(body);
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) if error.is_eof() => Err(invalid(&"unexpected end of JSON input")),
        Some(Err(error)) => Err(invalid(&error)),
        None => Err(invalid(&"got EOF while reading request body")),
    }
}

fn invalid(reason: &dyn fmt::Display) -> ApiError {
    ApiError::bad_parameter(format!("invalid JSON: {reason}"))
}

/// Why a value does not fit its type.
#[derive(Debug)]
struct Misfit(String);

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
enum Place<'p> {
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
struct Reader<'de, 'p> {
    value: &'de Value,
    place: Place<'p>,
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
        visitor.visit_seq(Items {
            items: items.iter(),
            place: self.place,
        })
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

/// The fields of a struct that the object has a value for, each once. As in
/// Go the last of several keys wins, and `null` counts as absent.
struct Fields<'de, 'p> {
    owner: &'static str,
    found: std::vec::IntoIter<(&'static str, &'de Value)>,
    next: Option<(&'static str, &'de Value)>,
    parent: Option<&'p Place<'p>>,
}

impl<'de, 'p> Fields<'de, 'p> {
    fn none() -> Fields<'de, 'p> {
        Fields {
            owner: "",
            found: Vec::new().into_iter(),
            next: None,
            parent: None,
        }
    }

    fn matching(
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
struct Entries<'de, 'p> {
    entries: serde_json::map::Iter<'de>,
    value: &'de Value,
    place: Place<'p>,
}

impl<'de, 'p> Entries<'de, 'p> {
    fn new(map: &'de Map<String, Value>, place: Place<'p>) -> Entries<'de, 'p> {
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

struct Items<'de, 'p> {
    items: std::slice::Iter<'de, Value>,
    place: Place<'p>,
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
struct Variant<'de>(&'de str);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Misfit;
    type Variant = Unit;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Unit), Misfit> {
        seed.deserialize(key(self.0)).map(|name| (name, Unit))
    }
}

struct Unit;

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::scalar::{EmptyMap, GoFloat32, StrList, Timestamp};

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Config {
        #[serde(rename = "Image")]
        image: String,
        #[serde(rename = "Memory")]
        memory: i64,
        #[serde(rename = "Port")]
        port: u16,
        #[serde(rename = "Tty")]
        tty: bool,
        #[serde(rename = "Cmd")]
        cmd: Option<StrList>,
        #[serde(rename = "Env")]
        env: Option<Vec<String>>,
        #[serde(rename = "ExposedPorts")]
        exposed_ports: EmptyMap,
        #[serde(rename = "Labels")]
        labels: BTreeMap<String, String>,
        #[serde(rename = "Bindings")]
        bindings: BTreeMap<String, Option<Vec<Inner>>>,
        #[serde(rename = "HostConfig")]
        host_config: Option<Inner>,
        #[serde(rename = "At")]
        at: Timestamp,
        #[serde(rename = "Ratio")]
        ratio: GoFloat32,
        #[serde(rename = "Any")]
        any: Value,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Inner {
        #[serde(rename = "HostPort")]
        host_port: String,
        #[serde(rename = "Count")]
        count: i64,
    }

    fn read(text: &str) -> Config {
        from_slice(text.as_bytes()).unwrap()
    }

    fn refused(text: &str) -> String {
        let error = from_slice::<Config>(text.as_bytes()).unwrap_err();
        assert_eq!(error.status().as_u16(), 400);
        error.message
    }

    #[test]
    fn keys_match_exactly_or_in_any_case() {
        assert_eq!(read(r#"{"IMAGE":"a"}"#).image, "a");
        assert_eq!(
            read(r#"{"hostconfig":{"hOSTpORT":"1"}}"#)
                .host_config
                .unwrap()
                .host_port,
            "1"
        );
        // The last one wins, however it is written.
        assert_eq!(read(r#"{"Image":"a","image":"b"}"#).image, "b");
        assert_eq!(read(r#"{"image":"b","Image":"a"}"#).image, "a");
        assert_eq!(
            read("{\"Tty\":true,\"HO\u{17f}tconfig\":{}}").host_config,
            Some(Inner::default())
        );
    }

    #[test]
    fn null_is_the_zero_value() {
        let nulls = r#"{"Image":null,"Memory":null,"Tty":null,"Cmd":null,"Labels":null,
            "HostConfig":null,"At":null,"ExposedPorts":null}"#;
        assert_eq!(read(nulls), Config::default());
        assert_eq!(read("null"), Config::default());
        assert_eq!(read(r#"{"Env":["a",null]}"#).env.unwrap(), ["a", ""]);
        let bindings = read(r#"{"Bindings":{"80/tcp":null,"81/tcp":[null]}}"#).bindings;
        assert_eq!(bindings["80/tcp"], None);
        assert_eq!(bindings["81/tcp"], Some(vec![Inner::default()]));
        assert_eq!(read(r#"{"Labels":{"a":null}}"#).labels["a"], "");
    }

    #[test]
    fn unknown_keys_and_what_follows_are_ignored() {
        assert_eq!(read(r#"{"Image": "nginx"}-X"#).image, "nginx");
        assert_eq!(read(r#"{"Image":"a"}{"Image":"b"}"#).image, "a");
        assert_eq!(read(r#" {"Nope":{"x":[1]},"Image":"a"} "#).image, "a");
    }

    #[test]
    fn values_of_all_kinds() {
        let config = read(
            r#"{"Cmd":"date","ExposedPorts":{"80/tcp":{}},"At":"2020-01-01T00:00:00Z",
                "Ratio":1,"Memory":-1,"Port":65535,"Any":{"a":[1,2.5,"x",null,true]}}"#,
        );
        assert_eq!(config.cmd.unwrap().0, ["date"]);
        assert_eq!(config.exposed_ports, EmptyMap::from_iter(["80/tcp"]));
        assert_eq!(config.at.unix_seconds(), 1_577_836_800);
        assert_eq!(
            (config.ratio, config.memory, config.port),
            (GoFloat32(1.0), -1, 65535)
        );
        assert_eq!(
            config.any,
            serde_json::json!({"a": [1, 2.5, "x", null, true]})
        );
    }

    #[test]
    fn wrong_types_are_named_as_go_names_them() {
        for (body, text) in [
            (
                r#"{"Memory":"1"}"#,
                "cannot unmarshal string into Go struct field Config.Memory of type int64",
            ),
            (
                r#"{"memory":1.5}"#,
                "cannot unmarshal number 1.5 into Go struct field Config.Memory of type int64",
            ),
            (
                r#"{"Memory":1e99}"#,
                "cannot unmarshal number 1e+99 into Go struct field Config.Memory of type int64",
            ),
            (
                r#"{"Port":65536}"#,
                "cannot unmarshal number 65536 into Go struct field Config.Port of type uint16",
            ),
            (
                r#"{"Memory":18446744073709551615}"#,
                "cannot unmarshal number 18446744073709551615 into Go struct field Config.Memory of type int64",
            ),
            (
                r#"{"Image":1}"#,
                "cannot unmarshal number into Go struct field Config.Image of type string",
            ),
            (
                r#"{"Tty":"yes"}"#,
                "cannot unmarshal string into Go struct field Config.Tty of type bool",
            ),
            (
                r#"{"Env":"a"}"#,
                "cannot unmarshal string into Go struct field Config.Env of type list",
            ),
            (
                r#"{"Labels":[]}"#,
                "cannot unmarshal array into Go struct field Config.Labels of type map",
            ),
            (
                r#"{"HostConfig":{"Count":true}}"#,
                "cannot unmarshal bool into Go struct field Config.HostConfig.Count of type int64",
            ),
            (
                r#"{"HostConfig":[]}"#,
                "cannot unmarshal array into Go struct field Config.HostConfig of type Inner",
            ),
            ("[]", "cannot unmarshal array into Go value of type Config"),
        ] {
            assert_eq!(
                refused(body),
                format!("invalid JSON: json: {text}"),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        assert_eq!(
            refused(""),
            "invalid JSON: got EOF while reading request body"
        );
        assert_eq!(
            refused("  \n"),
            "invalid JSON: got EOF while reading request body"
        );
        assert_eq!(
            refused("{\"Image\":"),
            "invalid JSON: unexpected end of JSON input"
        );
        assert!(refused("{Image}").starts_with("invalid JSON: "));
        assert!(refused("\u{0}").starts_with("invalid JSON: "));
        assert!(refused(&"[".repeat(100_000)).starts_with("invalid JSON: "));
        assert!(from_slice::<Config>(b"{\"Image\":\"\xff\"}").is_ok());
    }
}
