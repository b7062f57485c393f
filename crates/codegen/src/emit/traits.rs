//! Traits: one file for each group, with the trait, the queries of its
//! operations and the answers that need a type of their own.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::queries;
use crate::model::{Answer, Body, Content, Group, HeaderKind, Model, Operation, Type, Version};

/// The files `<group>.rs`.
pub(super) fn emit(model: &Model) -> Vec<(String, TokenStream)> {
    let file = |group: &Group| (format!("{}.rs", group.module), group_file(group));
    model.groups.iter().map(file).collect()
}

fn group_file(group: &Group) -> TokenStream {
    let title = header(&format!("The operations of group {}.", group.name));
    let name = ident(&group.name);
    let says = doc(&group.says);
    let methods = own_operations(group).map(method);
    let answers = own_operations(group).filter_map(answer_type);
    let queries = own_operations(group)
        .filter(|operation| !operation.query.is_empty())
        .map(queries::emit);
    let items = quote! {
        #says
        ///
        /// Every method has a body that answers 501. Implement those that you
        /// serve, as `async fn`.
        pub trait #name: Send + Sync + 'static {
            #(#methods)*
        }

        #(#answers)*

        #(#queries)*
    };
    let imports = imports(&items);
    quote! {
        #title

        #imports

        #items
    }
}

/// The operations that are methods.
pub(super) fn own_operations(group: &Group) -> impl Iterator<Item = &Operation> {
    group
        .operations
        .iter()
        .filter(|operation| operation.head_of.is_none())
}

fn method(operation: &Operation) -> TokenStream {
    let name = ident(&operation.rust);
    let id = ident(&operation.id);
    let says = doc(&operation.says);
    let mut path = format!("`{} {}`", operation.method, operation.path);
    if operation.range.is_bounded() {
        path.push_str(&format!(", {}", operation.range));
    }
    let path = doc(&path);
    let arguments = arguments(operation);
    let answer = answer_name(operation);
    quote! {
        #says
        ///
        #path
        fn #name(
            &self,
            #(#arguments),*
        ) -> impl Future<Output = Result<#answer, ApiError>> + Send {
            async { Err(not_implemented(Operation::#id)) }
        }
    }
}

fn arguments(operation: &Operation) -> Vec<TokenStream> {
    typed_arguments(operation)
        .into_iter()
        .map(|(name, rust)| {
            let unused = format_ident!("_{}", name);
            quote!(#unused: #rust)
        })
        .collect()
}

/// The arguments of an operation's method in their order: context, names in
/// the path, query, headers, body.
pub(super) fn typed_arguments(operation: &Operation) -> Vec<(String, TokenStream)> {
    let mut arguments = vec![("cx".to_owned(), quote!(Context))];
    for param in &operation.path_params {
        arguments.push((param.rust.clone(), quote!(String)));
    }
    if !operation.query.is_empty() {
        let query = queries::name(operation);
        arguments.push(("query".to_owned(), quote!(#query)));
    }
    for header in &operation.headers {
        let rust = match header.kind {
            HeaderKind::RegistryAuth { .. } => quote!(RegistryAuth),
            HeaderKind::RegistryConfig => quote!(RegistryConfig),
            HeaderKind::Text => quote!(Option<String>),
        };
        arguments.push((header.rust.clone(), rust));
    }
    match &operation.body {
        Body::None | Body::Refused => {}
        Body::Json { ty, .. } => arguments.push(("body".to_owned(), rust_type(ty))),
        Body::Bytes => arguments.push(("body".to_owned(), quote!(ByteStream))),
    }
    arguments
}

/// What a method returns on success.
pub(super) fn answer_name(operation: &Operation) -> TokenStream {
    match operation.answers.as_slice() {
        [] => quote!(()),
        [answer] if answer.headers.is_empty() => content(carries(answer)),
        _ => {
            let name = response(operation);
            quote!(#name)
        }
    }
}

/// The name of a type made for the answers of one operation.
pub(super) fn response(operation: &Operation) -> Ident {
    format_ident!("{}Response", operation.id)
}

/// What an answer carries; these statuses have no body, whatever a document
/// says.
pub(super) fn carries(answer: &Answer) -> &Content {
    match answer.status {
        204 | 304 => &Content::Empty,
        _ => &answer.content,
    }
}

/// The variant of an answer among several.
pub(super) fn variant(answer: &Answer) -> Ident {
    ident(match (answer.status, carries(answer)) {
        (_, Content::Hijack | Content::Websocket | Content::Http2) => "Hijacked",
        (201, _) => "Created",
        (204, _) => "NoContent",
        (304, _) => "NotModified",
        (_, Content::Empty) => "Empty",
        _ => "Body",
    })
}

/// The answers that are told apart: a hijacked connection decides by itself
/// between 101 and 200.
pub(super) fn distinct_answers(operation: &Operation) -> Vec<&Answer> {
    let mut answers: Vec<&Answer> = Vec::new();
    for answer in &operation.answers {
        if !answers
            .iter()
            .any(|other| variant(other) == variant(answer))
        {
            answers.push(answer);
        }
    }
    answers
}

fn content(content: &Content) -> TokenStream {
    match content {
        Content::Empty => quote!(()),
        Content::Text => quote!(Text),
        Content::Json(ty) => rust_type(ty),
        Content::Deferred(ty) => {
            let rust = rust_type(ty);
            quote!(Deferred<#rust>)
        }
        Content::Lines(ty) => {
            let rust = rust_type(ty);
            quote!(JsonLines<#rust>)
        }
        Content::OneOrLines(ty) => {
            let rust = rust_type(ty);
            quote!(OneOrLines<#rust>)
        }
        Content::Logs => quote!(LogStream),
        Content::Bytes(_) => quote!(ByteStream),
        Content::Hijack | Content::Websocket | Content::Http2 => quote!(Hijack),
    }
}

/// The struct or enum that some operations need for their answers.
fn answer_type(operation: &Operation) -> Option<TokenStream> {
    let name = response(operation);
    let route = format!("{} {}", operation.method, operation.path);
    match operation.answers.as_slice() {
        [] => None,
        [answer] if answer.headers.is_empty() => None,
        [answer] => {
            let title = doc(&format!("The answer of `{route}`: headers and body."));
            let headers = answer.headers.iter().map(|header| {
                let field = ident(&header.rust);
                let says = doc(&format!("The header `{}`.", header.wire));
                quote! {
                    #says
                    pub #field: String,
                }
            });
            let body = (*carries(answer) != Content::Empty).then(|| {
                let rust = content(carries(answer));
                quote! {
                    /// The body.
                    pub body: #rust,
                }
            });
            Some(quote! {
                #title
                #[derive(Debug)]
                pub struct #name {
                    #(#headers)*
                    #body
                }
            })
        }
        _ => {
            let title = doc(&format!("How `{route}` can succeed."));
            let variants = distinct_answers(operation).into_iter().map(|answer| {
                let variant = variant(answer);
                let says = doc(&match carries(answer) {
                    Content::Hijack => "The connection leaves HTTP.".to_owned(),
                    _ => format!("Status {}.", answer.status),
                });
                let fields = (*carries(answer) != Content::Empty).then(|| {
                    let rust = content(carries(answer));
                    quote!((#rust))
                });
                quote! {
                    #says
                    #variant #fields,
                }
            });
            Some(quote! {
                #title
                #[derive(Debug)]
                pub enum #name {
                    #(#variants)*
                }
            })
        }
    }
}

/// A type as these files write it: named ones behind their module, for some
/// traits are called like a type.
pub(super) fn rust_type(ty: &Type) -> TokenStream {
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
        Type::Any => quote!(serde_json::Value),
        Type::Empty => quote!(types::Empty),
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
            quote!(types::#name)
        }
    }
}

/// A line of documentation.
pub(super) fn doc(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote!(#[doc = #text])
}

/// A line of documentation of the whole file.
pub(super) fn header(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote!(#![doc = #text])
}

/// `ApiVersion::new(1, 37)`.
pub(super) fn version(version: Version) -> TokenStream {
    let major = Literal::u32_unsuffixed(version.major);
    let minor = Literal::u32_unsuffixed(version.minor);
    quote!(ApiVersion::new(#major, #minor))
}

/// An identifier, raw if it is a keyword.
pub(super) fn ident(name: &str) -> Ident {
    let name = name.strip_prefix("r#").unwrap_or(name);
    syn::parse_str(name).unwrap_or_else(|_| Ident::new_raw(name, Span::call_site()))
}

/// `use` lines for what the items mention.
pub(super) fn imports(items: &TokenStream) -> TokenStream {
    const ELSEWHERE: [(&str, &[&str]); 14] = [
        (
            "crate::body",
            &["ByteStream", "Deferred", "Hijack", "JsonLines"],
        ),
        ("crate::body", &["LogStream", "OneOrLines", "Text"]),
        ("crate::context", &["Context"]),
        ("crate::error", &["ApiError"]),
        ("crate::filters", &["Filters"]),
        ("crate::generated", &["types"]),
        (
            "crate::generated::routes",
            &["Operation", "not_implemented"],
        ),
        ("crate::query", &["Params"]),
        ("crate::registry_auth", &["RegistryAuth", "RegistryConfig"]),
        (
            "crate::scalar",
            &["Base64", "EmptyMap", "GoFloat32", "Nanoseconds"],
        ),
        ("crate::scalar", &["StrList", "Timestamp", "UnixSeconds"]),
        ("crate::version", &["ApiVersion"]),
        ("serde_json", &[]),
        ("std::collections", &["BTreeMap"]),
    ];
    let mut mentioned = BTreeSet::new();
    collect(items.clone(), &mut mentioned);
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, names) in ELSEWHERE {
        for name in names.iter().filter(|name| mentioned.contains(**name)) {
            uses.entry(path).or_default().insert(name);
        }
    }
    let lines = uses.into_iter().map(|(path, names)| {
        let path: syn::Path = syn::parse_str(path).expect("the paths above are paths");
        let names: Vec<Ident> = names.into_iter().map(ident).collect();
        match names.as_slice() {
            [name] => quote!(use #path::#name;),
            names => quote!(use #path::{#(#names),*};),
        }
    });
    quote!(#(#lines)*)
}

/// Identifiers that stand alone or at the front of a path.
fn collect(tokens: TokenStream, mentioned: &mut BTreeSet<String>) {
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                collect(group.stream(), mentioned);
                colons = 0;
            }
            TokenTree::Ident(ident) => {
                if colons < 2 {
                    mentioned.insert(ident.to_string());
                }
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            _ => colons = 0,
        }
    }
}
