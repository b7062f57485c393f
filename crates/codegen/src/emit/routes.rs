//! The route table, and the glue between requests and traits.
//!
//! `routes.rs` lists operations, groups and paths and knows no server;
//! `serve/<group>.rs` decodes, calls the trait and encodes.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::queries;
use super::traits::{
    carries, distinct_answers, doc, header, ident, own_operations, response, rust_type,
    typed_arguments, variant, version,
};
use crate::model::{Answer, Body, Content, Group, HeaderKind, Model, Operation, Type, TypeKind};

/// The files `routes.rs`, `serve.rs` and `serve/<group>.rs`.
pub(super) fn emit(model: &Model) -> Vec<(String, TokenStream)> {
    let mut files = vec![
        ("routes.rs".to_owned(), table(model)),
        ("serve.rs".to_owned(), serve(model)),
    ];
    for group in &model.groups {
        files.push((format!("serve/{}.rs", group.module), glue(model, group)));
    }
    files
}

fn table(model: &Model) -> TokenStream {
    let tags: Vec<Ident> = model.groups.iter().map(|g| ident(&g.name)).collect();
    let tag_docs = model.groups.iter().map(|group| doc(&group.says));
    let tag_count = Literal::usize_unsuffixed(tags.len());
    let operations: Vec<&Operation> = model.operations().collect();
    let ids: Vec<Ident> = operations.iter().map(|o| ident(&o.id)).collect();
    let names = operations.iter().map(|operation| &operation.id);
    let docs = operations
        .iter()
        .map(|operation| doc(&format!("`{} {}`", operation.method, operation.path)));
    let count = Literal::usize_unsuffixed(ids.len());
    let of_tag = model.groups.iter().map(|group| {
        let tag = ident(&group.name);
        let ids = group
            .operations
            .iter()
            .map(|operation| ident(&operation.id));
        quote!(#(Operation::#ids)|* => Tag::#tag,)
    });
    let newest = version(
        model
            .newest()
            .unwrap_or(crate::model::Version { major: 0, minor: 0 }),
    );
    let versions: Vec<TokenStream> = model.versions.iter().map(|v| version(*v)).collect();
    let version_count = Literal::usize_unsuffixed(versions.len());
    let (routes, arms) = routes(&operations);
    let route_count = Literal::usize_unsuffixed(routes.len());
    quote! {
        //! Every operation, its group and its path.

        use http::Method;

        use crate::error::ApiError;
        use crate::route::{Name, Pattern, Route};
        use crate::version::ApiVersion;

        /// The newest version with a document.
        pub const NEWEST: ApiVersion = #newest;

        /// All versions with a document, oldest first.
        pub const VERSIONS: [ApiVersion; #version_count] = [#(#versions),*];

        /// A group of operations.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Tag {
            #(
                #tag_docs
                #tags,
            )*
        }

        impl Tag {
            /// All groups.
            pub const ALL: [Tag; #tag_count] = [#(Tag::#tags),*];
        }

        /// An operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            #(
                #docs
                #ids,
            )*
        }

        impl Operation {
            /// All operations.
            pub const ALL: [Operation; #count] = [#(Operation::#ids),*];

            /// The document's name for it.
            pub const fn id(self) -> &'static str {
                match self {
                    #(Operation::#ids => #names,)*
                }
            }

            /// The group it belongs to.
            pub const fn tag(self) -> Tag {
                match self {
                    #(#of_tag)*
                }
            }
        }

        /// Every route, by the first part of its path; within it in the order
        /// in which they are tried.
        pub static ROUTES: [Route; #route_count] = [#(#routes),*];

        /// The route of a path, and the name in it.
        pub fn find<'p>(method: &Method, path: &'p str) -> Option<(&'static Route, &'p str)> {
            let first = path.strip_prefix('/')?.split('/').next()?;
            let candidates = match first {
                #(#arms)*
                _ => return None,
            };
            candidates
                .iter()
                .filter(|route| route.method == *method)
                .find_map(|route| Some((route, route.path.find(path)?)))
        }

        /// The answer of an operation that nobody implements.
        pub(crate) fn not_implemented(operation: Operation) -> ApiError {
            ApiError::not_implemented(format!(
                "{} is not implemented by this server",
                operation.id()
            ))
        }
    }
}

/// The table's entries, and for each first part of a path its range in it.
fn routes(operations: &[&Operation]) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let mut parts: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        let first = operation.path.split('/').nth(1).unwrap_or_default();
        parts.entry(first).or_default().push(operation);
    }
    let mut routes = Vec::new();
    let mut arms = Vec::new();
    for (first, mut operations) in parts {
        // Paths without a name come first, then the more exact endings.
        operations.sort_by_key(|operation| {
            let (prefix, name, suffix) = split(operation);
            (name.is_some(), std::cmp::Reverse(suffix.len()), prefix)
        });
        let start = Literal::usize_unsuffixed(routes.len());
        routes.extend(operations.into_iter().map(route));
        let end = Literal::usize_unsuffixed(routes.len());
        arms.push(quote!(#first => &ROUTES[#start..#end],));
    }
    (routes, arms)
}

fn route(operation: &Operation) -> TokenStream {
    let id = ident(&operation.id);
    let method = ident(&operation.method);
    let path = match split(operation) {
        (path, None, _) => quote!(Pattern::exact(#path)),
        (prefix, Some(greedy), suffix) => {
            let name = ident(if greedy { "Greedy" } else { "Segment" });
            quote!(Pattern::named(#prefix, Name::#name, #suffix))
        }
    };
    let bound = |bound: Option<crate::model::Version>| match bound.map(version) {
        Some(version) => quote!(Some(#version)),
        None => quote!(None),
    };
    let since = bound(operation.range.since);
    let until = bound(operation.range.until);
    quote! {
        Route {
            operation: Operation::#id,
            method: Method::#method,
            path: #path,
            since: #since,
            until: #until,
        }
    }
}

/// What stands before the name, whether it is greedy, what stands behind.
fn split(operation: &Operation) -> (&str, Option<bool>, &str) {
    let path = operation.path.as_str();
    let named = path
        .split_once('{')
        .and_then(|(prefix, rest)| Some((prefix, rest.split_once('}')?.1)));
    match named {
        None => (path, None, ""),
        Some((prefix, suffix)) => {
            let greedy = operation.path_params.first().is_some_and(|p| p.greedy);
            (prefix, Some(greedy), suffix)
        }
    }
}

fn serve(model: &Model) -> TokenStream {
    let modules = model.groups.iter().map(|group| ident(&group.module));
    quote! {
        //! The glue between requests and traits, one file for each group.

        #(mod #modules;)*
    }
}

fn glue(model: &Model, group: &Group) -> TokenStream {
    let name = ident(&group.name);
    let module = ident(&group.module);
    let title = header(&format!("Serves whatever implements [`{}`].", group.name));
    let mounts = doc(&format!("Mounts the operations of group {}.", group.name));
    let arms: Vec<TokenStream> = group
        .operations
        .iter()
        .map(|operation| arm(model, group, operation))
        .collect();
    let changes_call = own_operations(group).any(|operation| {
        !operation.query.is_empty() || matches!(operation.body, Body::Json { .. } | Body::Bytes)
    });
    let call = if changes_call {
        quote!(mut call)
    } else {
        quote!(call)
    };
    let text = quote!(#(#arms)*).to_string();
    let mut own = vec![quote!(#name)];
    for operation in own_operations(group) {
        if !operation.query.is_empty() {
            let query = queries::name(operation);
            own.push(quote!(#query));
        }
        if distinct_answers(operation).len() > 1 {
            let response = response(operation);
            own.push(quote!(#response));
        }
    }
    let mut imports = vec![quote!(use crate::generated::#module::{#(#own),*};)];
    if text.contains("types ::") {
        imports.push(quote!(
            use crate::generated::types;
        ));
    }
    if text.contains("Upgrade ::") {
        imports.push(quote!(
            use crate::server::takeover::Upgrade;
        ));
    }
    if text.contains("StatusCode ::") {
        imports.push(quote!(
            use http::StatusCode;
        ));
    }
    let answer = if text.contains("Lines ::") {
        quote!(
            use crate::server::answer::{self, Lines};
        )
    } else {
        quote!(
            use crate::server::answer;
        )
    };
    quote! {
        #title

        use std::sync::Arc;

        #(#imports)*
        use crate::generated::routes::{Operation, Tag, not_implemented};
        use crate::server::Router;
        #answer
        use crate::server::request::Call;
        use crate::server::router::{Serve, Serving};

        impl Router {
            #mounts
            #[must_use]
            pub fn #module<T: #name>(self, api: Arc<T>) -> Router {
                self.mount(Tag::#name, Arc::new(Mounted(api)))
            }
        }

        struct Mounted<T>(Arc<T>);

        impl<T: #name> Serve for Mounted<T> {
            fn serve(&self, #call: Call) -> Serving {
                let api = Arc::clone(&self.0);
                match call.operation {
                    #(#arms)*
                    operation => Box::pin(async move { Err(not_implemented(operation)) }),
                }
            }
        }
    }
}

fn arm(model: &Model, group: &Group, operation: &Operation) -> TokenStream {
    let id = ident(&operation.id);
    let served = operation
        .head_of
        .as_ref()
        .and_then(|id| group.operations.iter().find(|other| other.id == *id));
    let body = match served {
        Some(served) => {
            let (steps, call) = request(model, served);
            quote! {
                #steps
                #call?;
                Ok(answer::empty(StatusCode::OK))
            }
        }
        None => {
            let (steps, call) = request(model, operation);
            let answers = answers(model, operation, &call);
            quote!(#steps #answers)
        }
    };
    quote! {
        Operation::#id => Box::pin(async move { #body }),
    }
}

/// The steps that decode a request, and the call of the method.
fn request(model: &Model, operation: &Operation) -> (TokenStream, TokenStream) {
    let mut steps = TokenStream::new();
    if operation.body == Body::Refused {
        steps.extend(quote!(call.no_body()?;));
    }
    if gates_request(model, operation) || gates_answer(model, operation) {
        steps.extend(quote!(let version = call.version();));
    }
    if gates_answer(model, operation) {
        steps.extend(quote!(let exact = call.exact;));
    }
    if operation
        .answers
        .iter()
        .any(|answer| *carries(answer) == Content::Logs)
    {
        steps.extend(quote!(let asked = call.version();));
    }
    for answer in &operation.answers {
        match carries(answer) {
            Content::Hijack => {
                steps.extend(quote!(let upgrade = Upgrade::stream(&call.headers, call.version());));
                break;
            }
            Content::Websocket => {
                steps.extend(quote!(let upgrade = Upgrade::websocket(&call.headers)?;));
                break;
            }
            Content::Http2 => {
                steps.extend(quote!(let upgrade = Upgrade::h2c(&call.headers)?;));
                break;
            }
            _ => {}
        }
    }
    if !operation.query.is_empty() {
        let query = queries::name(operation);
        steps.extend(quote!(let query = call.query(#query::decode).await?;));
    }
    for header in &operation.headers {
        let name = ident(&header.rust);
        let wire = header.wire.to_lowercase();
        let value = match header.kind {
            HeaderKind::RegistryAuth { required: false } => quote!(call.registry_auth(#wire)),
            HeaderKind::RegistryAuth { required: true } => {
                quote!(call.required_registry_auth(#wire).await?)
            }
            HeaderKind::RegistryConfig => quote!(call.registry_config(#wire)),
            HeaderKind::Text => quote!(call.header(#wire).map(str::to_owned)),
        };
        steps.extend(quote!(let #name = #value;));
    }
    match &operation.body {
        Body::None | Body::Refused => {}
        Body::Bytes => steps.extend(quote!(let body = call.bytes();)),
        Body::Json { ty, required } => {
            let rust = rust_type(ty);
            let read = if *required {
                quote!(call.json().await?)
            } else {
                quote!(call.json_or_default().await?)
            };
            if model.is_gated(ty) {
                let gate = gate(model, ty, quote!(body));
                steps.extend(quote! {
                    let mut body: #rust = #read;
                    #gate
                });
            } else {
                steps.extend(quote!(let body: #rust = #read;));
            }
        }
    }
    let name = ident(&operation.rust);
    let arguments = typed_arguments(operation).into_iter().map(|(argument, _)| {
        let is_path = operation.path_params.iter().any(|p| p.rust == argument);
        if argument == "cx" {
            quote!(call.context)
        } else if is_path {
            quote!(call.name)
        } else {
            let argument = format_ident!("{}", argument);
            quote!(#argument)
        }
    });
    (steps, quote!(api.#name(#(#arguments),*).await))
}

fn answers(model: &Model, operation: &Operation, call: &TokenStream) -> TokenStream {
    let several = distinct_answers(operation);
    if several.len() > 1 {
        let response = response(operation);
        let arms = several.into_iter().map(|answer| {
            let variant = variant(answer);
            let pattern = (*carries(answer) != Content::Empty).then(|| quote!((body)));
            let encoded = encode(model, answer);
            quote!(#response::#variant #pattern => #encoded,)
        });
        return quote! {
            Ok(match #call? {
                #(#arms)*
            })
        };
    }
    let empty = Answer {
        status: 200,
        content: Content::Empty,
        headers: Vec::new(),
    };
    let answer = operation.answers.first().unwrap_or(&empty);
    let encoded = encode(model, answer);
    if answer.headers.is_empty() {
        return if *carries(answer) == Content::Empty {
            quote!(#call?; Ok(#encoded))
        } else {
            let (binding, gate) = gated_body(model, answer);
            quote!(let #binding = #call?; #gate Ok(#encoded))
        };
    }
    let (binding, gate) = gated_body(model, answer);
    let body =
        (*carries(answer) != Content::Empty).then(|| quote!(let #binding = given.body; #gate));
    let headers = answer.headers.iter().map(|header| {
        let field = ident(&header.rust);
        let wire = header.wire.to_lowercase();
        quote!(answer::set_text_header(&mut answer, #wire, &given.#field);)
    });
    quote! {
        let given = #call?;
        #body
        let mut answer = #encoded;
        #(#headers)*
        Ok(answer)
    }
}

/// How an answer's value is bound, and the step that fits it to the version.
fn gated_body(model: &Model, answer: &Answer) -> (TokenStream, TokenStream) {
    match carries(answer) {
        Content::Json(ty) if model.is_gated(ty) => {
            let gate = gate(model, ty, quote!(body));
            (quote!(mut body), quote!(if exact { #gate }))
        }
        _ => (quote!(body), TokenStream::new()),
    }
}

fn encode(model: &Model, answer: &Answer) -> TokenStream {
    let status = status(answer.status);
    match carries(answer) {
        Content::Empty => quote!(answer::empty(#status)),
        Content::Text => quote!(answer::text(#status, body)),
        Content::Json(_) => quote!(answer::json(#status, &body)),
        Content::Deferred(ty) => {
            let gate = item_gate(model, ty);
            quote!(answer::deferred(body, #gate))
        }
        Content::Lines(ty) => {
            let style = if carries_errors(model, ty) {
                quote!(Lines::Progress)
            } else {
                quote!(Lines::Plain)
            };
            let gate = item_gate(model, ty);
            quote!(answer::lines(body, #style, #gate))
        }
        Content::OneOrLines(ty) => {
            let gate = item_gate(model, ty);
            quote!(answer::one_or_lines(body, #gate))
        }
        Content::Logs => quote!(answer::logs(body, asked)),
        Content::Bytes(media) => quote!(answer::bytes(body, #media)),
        Content::Hijack | Content::Websocket | Content::Http2 => {
            quote!(answer::hijack(body, upgrade))
        }
    }
}

/// Lines with a place for an error are lines of progress.
fn carries_errors(model: &Model, ty: &Type) -> bool {
    let Type::Named(name) = ty else { return false };
    match model.types.get(name).map(|def| &def.kind) {
        Some(TypeKind::Struct { fields, .. }) => fields.iter().any(|field| field.wire == "error"),
        Some(TypeKind::Alias(ty)) => carries_errors(model, ty),
        _ => false,
    }
}

fn gates_request(model: &Model, operation: &Operation) -> bool {
    matches!(&operation.body, Body::Json { ty, .. } if model.is_gated(ty))
}

fn gates_answer(model: &Model, operation: &Operation) -> bool {
    operation
        .answers
        .iter()
        .any(|answer| match carries(answer) {
            Content::Json(ty)
            | Content::Lines(ty)
            | Content::OneOrLines(ty)
            | Content::Deferred(ty) => model.is_gated(ty),
            _ => false,
        })
}

fn item_gate(model: &Model, ty: &Type) -> TokenStream {
    if !model.is_gated(ty) {
        return quote!(|_| {});
    }
    let gate = gate(model, ty, quote!(item));
    quote!(move |item| if exact { #gate })
}

/// Fits a value to `version`.
pub(super) fn gate(model: &Model, ty: &Type, value: TokenStream) -> TokenStream {
    match ty {
        Type::List(inner) | Type::Array(inner, _) | Type::Nullable(inner) => {
            let inner = gate(model, inner, quote!(item));
            quote!(for item in #value.iter_mut() { #inner })
        }
        Type::Map(inner) => {
            let inner = gate(model, inner, quote!(item));
            quote!(for item in #value.values_mut() { #inner })
        }
        Type::Named(name) => match model.types.get(name).map(|def| &def.kind) {
            Some(TypeKind::Alias(ty)) => gate(model, ty, value),
            _ => quote!(#value.gate(version);),
        },
        _ => TokenStream::new(),
    }
}

fn status(status: u16) -> TokenStream {
    let name = match status {
        200 => "OK",
        201 => "CREATED",
        204 => "NO_CONTENT",
        304 => "NOT_MODIFIED",
        _ => return quote!(StatusCode::OK),
    };
    let name = ident(name);
    quote!(StatusCode::#name)
}
