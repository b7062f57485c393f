//! A test double and its cases: something that implements every trait and
//! notes what arrived, and for each operation a request with a value for every
//! parameter, and what the typed query must then hold.

use proc_macro2::TokenStream;
use quote::quote;

use super::queries;
use super::routes::gate;
use super::traits::{
    answer_name, ident, imports, own_operations, response, rust_type, typed_arguments, version,
};
use crate::model::{Body, Group, HeaderKind, Model, Operation, Param, ParamKind, Range, Type};

/// The file `recorder.rs`.
pub(super) fn emit(model: &Model) -> Vec<(String, TokenStream)> {
    let impls = model
        .groups
        .iter()
        .map(|group| implementation(model, group));
    let cases = model.groups.iter().flat_map(|group| {
        group
            .operations
            .iter()
            .map(move |operation| case(group, operation))
    });
    let mounts = model.groups.iter().map(|group| {
        let module = ident(&group.module);
        quote!(.#module(Arc::clone(recorder)))
    });
    let uses = model.groups.iter().map(uses);
    let items = quote! {
        /// Mounts the recorder for every group.
        pub(crate) fn mount(router: Router, recorder: &Arc<Recorder>) -> Router {
            router #(#mounts)*
        }

        #(#impls)*

        /// A request for each operation.
        pub(crate) static CASES: &[Case] = &[#(#cases),*];
    };
    let imports = imports(&items);
    let file = quote! {
        //! Implements every trait to note what arrived; a request for each
        //! operation.

        use std::sync::Arc;

        #imports
        #(#uses)*
        use crate::server::Router;
        use crate::server::walk::{Case, Parameter, Payload, Recorder, Seen, recorded};

        #items
    };
    vec![("recorder.rs".to_owned(), file)]
}

fn uses(group: &Group) -> TokenStream {
    let module = ident(&group.module);
    let name = ident(&group.name);
    let mut names = vec![quote!(#name)];
    for operation in own_operations(group) {
        if !operation.query.is_empty() {
            let query = queries::name(operation);
            names.push(quote!(#query));
        }
        let response = response(operation);
        if response == answer_name(operation).to_string() {
            names.push(quote!(#response));
        }
    }
    quote!(use crate::generated::#module::{#(#names),*};)
}

fn implementation(model: &Model, group: &Group) -> TokenStream {
    let name = ident(&group.name);
    let methods = own_operations(group).map(|operation| method(model, operation));
    quote! {
        impl #name for Recorder {
            #(#methods)*
        }
    }
}

fn method(model: &Model, operation: &Operation) -> TokenStream {
    let name = ident(&operation.rust);
    let id = ident(&operation.id);
    let answer = answer_name(operation);
    let arguments = typed_arguments(operation).into_iter().map(|(name, rust)| {
        let name = ident(&name);
        quote!(#name: #rust)
    });
    let names = operation.path_params.iter().map(|param| ident(&param.rust));
    let query = operation.query.iter().map(|param| {
        let wire = &param.wire;
        let field = ident(&param.rust);
        quote!((#wire, format!("{:?}", query.#field)))
    });
    let headers = operation.headers.iter().map(|header| {
        let wire = &header.wire;
        let name = ident(&header.rust);
        match header.kind {
            HeaderKind::Text => quote!((#wire, format!("{:?}", #name))),
            HeaderKind::RegistryAuth { .. } => quote!((#wire, #name.username)),
            HeaderKind::RegistryConfig => quote!((#wire, #name.0.len().to_string())),
        }
    });
    let body = match &operation.body {
        Body::None | Body::Refused => quote!(Payload::None),
        Body::Bytes => quote!(Payload::Bytes(body.collect().await?.len())),
        Body::Json { ty, .. } => {
            let rust = rust_type(ty);
            if model.is_gated(ty) {
                let gate = gate(model, ty, quote!(empty));
                quote!(Payload::Json({
                    let version = cx.version;
                    let mut empty = <#rust>::default();
                    #gate
                    body == empty
                }))
            } else {
                quote!(Payload::Json(body == <#rust>::default()))
            }
        }
    };
    quote! {
        async fn #name(&self, #(#arguments),*) -> Result<#answer, ApiError> {
            self.note(Seen {
                operation: Operation::#id,
                version: cx.version,
                names: vec![#(#names),*],
                query: vec![#(#query),*],
                headers: vec![#(#headers),*],
                body: #body,
            });
            Err(recorded())
        }
    }
}

fn case(group: &Group, operation: &Operation) -> TokenStream {
    let served = operation
        .head_of
        .as_ref()
        .and_then(|id| group.operations.iter().find(|other| other.id == *id))
        .unwrap_or(operation);
    let id = ident(&operation.id);
    let served_id = ident(&served.id);
    let method = &operation.method;
    let path = &operation.path;
    let (since, until) = bounds(operation.range);
    let query = served.query.iter().map(parameter);
    let headers = served.headers.iter().map(|header| {
        let wire = &header.wire;
        let (value, seen) = match header.kind {
            HeaderKind::Text => ("some text", "Some(\"some text\")"),
            // {"username":"me"}
            HeaderKind::RegistryAuth { .. } => ("eyJ1c2VybmFtZSI6Im1lIn0=", "me"),
            // {"r.example":{}}
            HeaderKind::RegistryConfig => ("eyJyLmV4YW1wbGUiOnt9fQ==", "1"),
        };
        quote!((#wire, #value, #seen))
    });
    let (text, body) = match &served.body {
        Body::None | Body::Refused => ("", quote!(Payload::None)),
        Body::Bytes => ("12345", quote!(Payload::Bytes(5))),
        Body::Json { ty, .. } => (empty_json(ty), quote!(Payload::Json(true))),
    };
    let greedy = served.path_params.iter().any(|param| param.greedy);
    quote! {
        Case {
            operation: Operation::#id,
            served_by: Operation::#served_id,
            method: #method,
            path: #path,
            greedy: #greedy,
            since: #since,
            until: #until,
            query: &[#(#query),*],
            headers: &[#(#headers),*],
            text: #text,
            body: #body,
        }
    }
}

fn parameter(param: &Param) -> TokenStream {
    let wire = &param.wire;
    let (since, until) = bounds(param.range);
    let (value, seen, absent) = sample(param);
    let bad = bad(&param.kind);
    quote! {
        Parameter {
            wire: #wire,
            since: #since,
            until: #until,
            value: #value,
            seen: #seen,
            absent: #absent,
            bad: #bad,
        }
    }
}

/// A value that is refused, if there is one.
fn bad(kind: &ParamKind) -> TokenStream {
    match kind {
        ParamKind::GoBool | ParamKind::Integer | ParamKind::Time | ParamKind::Filters => {
            quote!(Some("x"))
        }
        ParamKind::Json(_) => quote!(Some("%7B")),
        ParamKind::DockerBool { .. }
        | ParamKind::LenientInteger
        | ParamKind::Text
        | ParamKind::List => quote!(None),
    }
}

/// A value as it stands in a query, how the typed query shows it, and what
/// that shows without it.
fn sample(param: &Param) -> (&'static str, &'static str, &'static str) {
    match &param.kind {
        ParamKind::DockerBool { default: false } => ("True", "true", "false"),
        ParamKind::DockerBool { default: true } => ("no", "false", "true"),
        ParamKind::GoBool => ("T", "true", "false"),
        ParamKind::Integer if param.required => ("7", "7", "0"),
        ParamKind::Integer | ParamKind::LenientInteger => ("7", "Some(7)", "None"),
        ParamKind::Text if param.required => ("a%20b", "\"a b\"", "\"\""),
        ParamKind::Text => ("a%20b", "Some(\"a b\")", "None"),
        ParamKind::List => ("a,b", "[\"a,b\"]", "[]"),
        ParamKind::Time => ("1.5", "Some(1970-01-01T00:00:01.5Z)", "None"),
        ParamKind::Filters => (
            "%7B%22a%22:[%22b%22]%7D",
            "Filters({\"a\": {\"b\"}})",
            "Filters({})",
        ),
        ParamKind::Json(Type::List(_)) => ("[]", "Some([])", "None"),
        ParamKind::Json(_) => ("%7B%7D", "Some({})", "None"),
    }
}

/// JSON that reads as a type's default.
fn empty_json(ty: &Type) -> &'static str {
    match ty {
        Type::List(_) => "[]",
        Type::Text => "\"\"",
        _ => "{}",
    }
}

fn bounds(range: Range) -> (TokenStream, TokenStream) {
    let bound = |bound: Option<crate::model::Version>| match bound.map(version) {
        Some(version) => quote!(Some(#version)),
        None => quote!(None),
    };
    (bound(range.since), bound(range.until))
}
