//! Types: `types.rs` and one file for each group whose operations alone use
//! them; what several groups share is in `types/shared.rs`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::traits::{doc, header, ident};
use crate::model::{
    Body, Field, Member, Model, ParamKind, Presence, Range, Scalar, Type, TypeDef, TypeKind,
};

const SHARED: &str = "shared";

/// The files.
pub(super) fn emit(model: &Model) -> Vec<(String, TokenStream)> {
    let areas = areas(model);
    let uses = uses(model, &areas);
    let modules: BTreeSet<&str> = areas.values().map(String::as_str).collect();
    let mut files = vec![("types.rs".to_owned(), root(model, &modules))];
    for module in modules {
        let defs = model
            .types
            .values()
            .filter(|def| areas[&def.name] == module);
        let foreign: BTreeSet<&str> = defs
            .clone()
            .flat_map(below)
            .filter(|name| areas.get(*name).is_some_and(|area| area != module))
            .collect();
        let items: TokenStream = defs
            .map(|def| item(model, def, uses.get(&def.name)))
            .collect();
        let title = match module {
            SHARED => header("Types that several groups of operations use."),
            _ => header(&format!("Types of the operations in module `{module}`.")),
        };
        let imports = imports(&items, foreign);
        files.push((format!("types/{module}.rs"), quote!(#title #imports #items)));
    }
    files
}

fn root(model: &Model, modules: &BTreeSet<&str>) -> TokenStream {
    let title = header("Every type of the API, in the union of all versions.");
    let modules: Vec<_> = modules.iter().map(|module| ident(module)).collect();
    let empty = model.types.values().any(uses_empty).then(|| {
        quote! {
            /// An object without fields, whose being there says enough.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
            pub struct Empty {}
        }
    });
    let serde = empty.is_some().then(|| {
        quote!(
            use serde::{Deserialize, Serialize};
        )
    });
    quote! {
        #title
        //!
        //! A field that is no `Option` is always sent. `None` is `null` or left
        //! out, whichever the field's key says; so are zero values where Go's
        //! `omitempty` drops them.

        #(mod #modules;)*

        #serde

        #(pub use #modules::*;)*

        #empty

        /// Whether Go's `omitempty` would leave a field out.
        fn nothing<T: Default + PartialEq>(value: &Option<T>) -> bool {
            value.as_ref().is_none_or(|value| *value == T::default())
        }
    }
}

fn uses_empty(def: &TypeDef) -> bool {
    match &def.kind {
        TypeKind::Struct { fields, .. } => fields.iter().any(|field| field.ty == Type::Empty),
        _ => false,
    }
}

/// The module of every type: that of the only group that uses it, or the
/// shared one.
fn areas(model: &Model) -> BTreeMap<String, String> {
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for group in &model.groups {
        let mut open: Vec<&str> = group
            .operations
            .iter()
            .flat_map(|o| o.types())
            .flat_map(Type::names)
            .collect();
        let mut done = BTreeSet::new();
        while let Some(name) = open.pop() {
            if !done.insert(name) {
                continue;
            }
            users.entry(name).or_default().insert(&group.module);
            if let Some(def) = model.types.get(name) {
                open.extend(below(def));
            }
        }
    }
    let area = |name: &String| match users.get(name.as_str()) {
        Some(only) if only.len() == 1 => only.iter().copied().collect(),
        _ => SHARED.to_owned(),
    };
    model
        .types
        .keys()
        .map(|name| (name.clone(), area(name)))
        .collect()
}

fn below(def: &TypeDef) -> Vec<&str> {
    match &def.kind {
        TypeKind::Struct { fields, bases } => {
            let fields = fields.iter().flat_map(|field| field.ty.names());
            fields.chain(bases.iter().map(String::as_str)).collect()
        }
        TypeKind::Alias(ty) => ty.names(),
        TypeKind::TextEnum(_) | TypeKind::NumberEnum(_) => Vec::new(),
    }
}

/// Where each type is met first: the sentence for those that have none.
fn uses(model: &Model, areas: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut uses = BTreeMap::new();
    for operation in model.operations() {
        let route = format!("`{} {}`", operation.method, operation.path);
        let body = match &operation.body {
            Body::Json { ty, .. } => Some(ty),
            _ => None,
        };
        let asked = |ty: &Type| {
            operation
                .query
                .iter()
                .any(|param| matches!(&param.kind, ParamKind::Json(known) if known == ty))
        };
        for ty in operation.types() {
            let role = match ty {
                ty if Some(ty) == body => "What is sent to",
                ty if asked(ty) => "In the query of",
                _ => "What answers",
            };
            for name in ty.names() {
                uses.entry(name.to_owned())
                    .or_insert_with(|| format!("{role} {route}."));
            }
        }
    }
    for (name, def) in &model.types {
        if let TypeKind::Struct { fields, .. } = &def.kind {
            for field in fields {
                for inner in field.ty.names() {
                    let link = if areas.get(inner) == areas.get(name) {
                        format!("[`{name}`]")
                    } else {
                        format!("[`{name}`](super::{name})")
                    };
                    uses.entry(inner.to_owned())
                        .or_insert_with(|| format!("`{}` of {link}.", field.wire));
                }
            }
        }
    }
    uses
}

fn item(model: &Model, def: &TypeDef, used: Option<&String>) -> TokenStream {
    let name = ident(&def.name);
    let says = match (def.says.as_str(), used) {
        ("", Some(used)) => used.clone(),
        ("", None) => format!("`{}`.", def.name),
        (says, _) => says.to_owned(),
    };
    let says = doc(&says);
    match &def.kind {
        TypeKind::Struct { fields, bases } => {
            let body = fields.iter().map(field);
            let parts = bases.iter().map(|base| part(model, &def.name, base));
            quote! {
                #says
                #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
                #[serde(default)]
                pub struct #name {
                    #(#body)*
                }
                #(#parts)*
            }
        }
        TypeKind::TextEnum(members) => text_enum(&def.name, &says, members),
        TypeKind::NumberEnum(members) => number_enum(&def.name, &says, members),
        TypeKind::Alias(ty) => {
            let rust = rust_type(ty);
            quote! {
                #says
                pub type #name = #rust;
            }
        }
    }
}

/// The conversion to a type whose fields this one repeats. Their presence and
/// range may differ.
fn part(model: &Model, name: &str, base: &str) -> TokenStream {
    let fields_of = |name: &str| match model.types.get(name).map(|def| &def.kind) {
        Some(TypeKind::Struct { fields, .. }) => fields.as_slice(),
        _ => &[],
    };
    let whole = fields_of(name);
    let fields = fields_of(base).iter().map(|field| {
        let name = ident(&field.rust);
        let is_option = whole
            .iter()
            .any(|other| other.rust == field.rust && other.is_option());
        match (is_option, field.is_option()) {
            (true, false) => quote!(#name: whole.#name.unwrap_or_default(),),
            (false, true) => quote!(#name: Some(whole.#name),),
            _ => quote!(#name: whole.#name,),
        }
    });
    let (name, base) = (ident(name), ident(base));
    quote! {
        impl From<#name> for #base {
            fn from(whole: #name) -> #base {
                #base { #(#fields)* }
            }
        }
    }
}

fn field(field: &Field) -> TokenStream {
    let says = doc(&sentence(field));
    let (wire, name) = (&field.wire, ident(&field.rust));
    let inner = rust_type(&field.ty);
    let skip = match field.presence {
        Presence::Omit => quote!(, skip_serializing_if = "super::nothing"),
        Presence::Unset => quote!(, skip_serializing_if = "Option::is_none"),
        _ if field.is_gated() => quote!(, skip_serializing_if = "Gated::is_lacking"),
        _ if field.range.is_bounded() => quote!(, skip_serializing_if = "Option::is_none"),
        Presence::Always | Presence::Null => quote!(),
    };
    let rust = if field.is_gated() {
        quote!(Gated<#inner>)
    } else if field.is_option() {
        quote!(Option<#inner>)
    } else {
        inner
    };
    quote! {
        #says
        #[serde(rename = #wire #skip)]
        pub #name: #rust,
    }
}

/// What a field's documentation says: the key, then what else is known.
fn sentence(field: &Field) -> String {
    let mut text = format!("`{}`", field.wire);
    if let Some(says) = &field.says {
        text.push_str(&format!(": {says}"));
    }
    let unit = match &field.ty {
        Type::Scalar(Scalar::UnixSeconds) => ", in seconds since 1970",
        Type::Scalar(Scalar::Nanoseconds) => ", in nanoseconds",
        _ => "",
    };
    text.push_str(unit);
    text.push_str(&ranged(&field.range));
    match field.presence {
        Presence::Null if !field.range.is_bounded() || field.is_gated() => {
            text.push_str(", `null` if there is none")
        }
        Presence::Null | Presence::Always => {}
        Presence::Omit | Presence::Unset => text.push_str(", left out if there is none"),
    }
    text.push('.');
    text
}

fn ranged(range: &Range) -> String {
    if range.is_bounded() {
        format!(", {range}")
    } else {
        String::new()
    }
}

fn text_enum(name: &str, says: &TokenStream, members: &[Member<String>]) -> TokenStream {
    let name = ident(name);
    let variants: Vec<_> = members.iter().map(|member| ident(&member.rust)).collect();
    let wires: Vec<_> = members.iter().map(|member| member.wire.as_str()).collect();
    let docs = members.iter().map(|member| match member.wire.as_str() {
        "" => doc("The empty text."),
        wire => doc(&format!("`{wire}`{}.", ranged(&member.range))),
    });
    quote! {
        #says
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum #name {
            #(#docs #variants,)*
            /// Any other text, kept as it is; the zero value is the empty one.
            Other(Box<str>),
        }

        impl #name {
            /// The text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    #(#name::#variants => #wires,)*
                    #name::Other(text) => text,
                }
            }
        }

        impl From<&str> for #name {
            fn from(text: &str) -> #name {
                match text {
                    #(#wires => #name::#variants,)*
                    _ => #name::Other(text.into()),
                }
            }
        }

        impl From<String> for #name {
            fn from(text: String) -> #name {
                #name::from(text.as_str())
            }
        }

        impl From<#name> for String {
            fn from(value: #name) -> String {
                value.as_str().to_owned()
            }
        }

        impl Default for #name {
            fn default() -> #name {
                #name::from("")
            }
        }
    }
}

fn number_enum(name: &str, says: &TokenStream, members: &[Member<i64>]) -> TokenStream {
    let name = ident(name);
    let variants: Vec<_> = members.iter().map(|member| ident(&member.rust)).collect();
    let wires: Vec<_> = members
        .iter()
        .map(|member| Literal::i64_unsuffixed(member.wire))
        .collect();
    let docs = members
        .iter()
        .map(|member| doc(&format!("`{}`{}.", member.wire, ranged(&member.range))));
    quote! {
        #says
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "i64", into = "i64")]
        pub enum #name {
            #(#docs #variants,)*
            /// Any other number, kept as it is.
            Other(i64),
        }

        impl From<i64> for #name {
            fn from(number: i64) -> #name {
                match number {
                    #(#wires => #name::#variants,)*
                    _ => #name::Other(number),
                }
            }
        }

        impl From<#name> for i64 {
            fn from(value: #name) -> i64 {
                match value {
                    #(#name::#variants => #wires,)*
                    #name::Other(number) => number,
                }
            }
        }

        impl Default for #name {
            fn default() -> #name {
                #name::from(0)
            }
        }
    }
}

/// A type as the files below `types/` write it.
fn rust_type(ty: &Type) -> TokenStream {
    match ty {
        Type::Bool => quote!(bool),
        Type::Int(kind) => {
            let name = ident(kind.name());
            quote!(#name)
        }
        Type::Float => quote!(f64),
        Type::Text => quote!(String),
        Type::Scalar(scalar) => {
            let name = ident(scalar.name());
            quote!(#name)
        }
        Type::Any => quote!(Value),
        Type::Empty => quote!(Empty),
        Type::List(inner) => {
            let inner = rust_type(inner);
            quote!(Vec<#inner>)
        }
        Type::Array(inner, length) => {
            let inner = rust_type(inner);
            let length = Literal::usize_unsuffixed(*length);
            quote!([#inner; #length])
        }
        Type::Map(inner) => {
            let inner = rust_type(inner);
            quote!(BTreeMap<String, #inner>)
        }
        Type::Nullable(inner) => {
            let inner = rust_type(inner);
            quote!(Option<#inner>)
        }
        Type::Named(name) => {
            let name = ident(name);
            quote!(#name)
        }
    }
}

/// `use` lines for what the items mention.
fn imports(items: &TokenStream, foreign: BTreeSet<&str>) -> TokenStream {
    let mut words = BTreeSet::new();
    collect(items.clone(), &mut words);
    let has = |word: &str| words.contains(word);
    let map = has("BTreeMap").then(|| {
        quote!(
            use std::collections::BTreeMap;
        )
    });
    let value = has("Value").then(|| {
        quote!(
            use serde_json::Value;
        )
    });
    let scalars: Vec<_> = Scalar::ALL
        .iter()
        .filter(|scalar| has(scalar.name()))
        .map(|scalar| ident(scalar.name()))
        .collect();
    let scalars = (!scalars.is_empty()).then(|| quote!(use crate::scalar::{#(#scalars),*};));
    let empty = Some("Empty").filter(|name| has(name));
    let others: Vec<_> = foreign.into_iter().chain(empty).map(ident).collect();
    let others = (!others.is_empty()).then(|| quote!(use super::{#(#others),*};));
    let gated = has("Gated").then(|| {
        quote!(
            use crate::gated::Gated;
        )
    });
    quote! {
        #map
        use serde::{Deserialize, Serialize};
        #value
        #others
        #gated
        #scalars
    }
}

fn collect(tokens: TokenStream, words: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Group(group) => collect(group.stream(), words),
            proc_macro2::TokenTree::Ident(word) => {
                words.insert(word.to_string());
            }
            _ => {}
        }
    }
}
