//! Query structs: one for each operation that has parameters, with a function
//! that reads it.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::traits::{doc, ident, rust_type, version};
use crate::model::{Operation, Param, ParamKind, Range};

/// The struct's name.
pub(super) fn name(operation: &Operation) -> Ident {
    format_ident!("{}Query", operation.id)
}

/// The struct and its reader.
pub(super) fn emit(operation: &Operation) -> TokenStream {
    let name = name(operation);
    let title = doc(&format!(
        "The query of `{} {}`.",
        operation.method, operation.path
    ));
    let fields = operation.query.iter().map(|param| {
        let field = ident(&param.rust);
        let rust = rust(param);
        let says = says(param);
        quote! {
            #says
            pub #field: #rust,
        }
    });
    let values = operation.query.iter().map(|param| {
        let field = ident(&param.rust);
        let value = gated(param);
        quote!(#field: #value,)
    });
    let version = if operation.query.iter().any(|param| param.range.is_bounded()) {
        quote!(version)
    } else {
        quote!(_version)
    };
    let (derive, default) = defaults(operation);
    quote! {
        #title
        #[derive(Clone, Debug, #derive PartialEq)]
        pub struct #name {
            #(#fields)*
        }

        #default

        impl #name {
            /// Reads the parameters that the version has. A value that cannot
            /// be read is 400.
            pub fn decode(
                params: &Params<'_>,
                #version: ApiVersion,
            ) -> Result<#name, ApiError> {
                Ok(#name {
                    #(#values)*
                })
            }
        }
    }
}

/// `Default` can be derived unless a boolean starts as true.
fn defaults(operation: &Operation) -> (TokenStream, TokenStream) {
    let starts_true = |param: &Param| param.kind == ParamKind::DockerBool { default: true };
    if !operation.query.iter().any(starts_true) {
        return (quote!(Default,), TokenStream::new());
    }
    let name = name(operation);
    let values = operation.query.iter().map(|param| {
        let field = ident(&param.rust);
        let value = absent(param);
        quote!(#field: #value,)
    });
    let default = quote! {
        impl Default for #name {
            fn default() -> #name {
                #name { #(#values)* }
            }
        }
    };
    (TokenStream::new(), default)
}

fn rust(param: &Param) -> TokenStream {
    match &param.kind {
        ParamKind::DockerBool { .. } | ParamKind::GoBool => quote!(bool),
        ParamKind::Integer if param.required => quote!(i64),
        ParamKind::Integer | ParamKind::LenientInteger => quote!(Option<i64>),
        ParamKind::Text if param.required => quote!(String),
        ParamKind::Text => quote!(Option<String>),
        ParamKind::List => quote!(Vec<String>),
        ParamKind::Time => quote!(Option<Timestamp>),
        ParamKind::Filters => quote!(Filters),
        ParamKind::Json(ty) => {
            let rust = rust_type(ty);
            quote!(Option<#rust>)
        }
    }
}

fn read(param: &Param) -> TokenStream {
    let wire = &param.wire;
    match &param.kind {
        ParamKind::DockerBool { default } => quote!(params.flag(#wire, #default)),
        ParamKind::GoBool => quote!(params.strict_flag(#wire)?),
        ParamKind::Integer if param.required => quote!(params.required_integer(#wire)?),
        ParamKind::Integer => quote!(params.integer(#wire)?),
        ParamKind::LenientInteger => quote!(params.lenient_integer(#wire)),
        ParamKind::Text if param.required => quote!(params.required_text(#wire)),
        ParamKind::Text => quote!(params.text(#wire)),
        ParamKind::List => quote!(params.list(#wire)),
        ParamKind::Time => quote!(params.time(#wire)?),
        ParamKind::Filters => quote!(params.filters(#wire)?),
        ParamKind::Json(_) => quote!(params.json(#wire)?),
    }
}

/// The value of a parameter that is not there.
fn absent(param: &Param) -> TokenStream {
    match &param.kind {
        ParamKind::DockerBool { default } => quote!(#default),
        ParamKind::GoBool => quote!(false),
        ParamKind::Integer if param.required => quote!(0),
        ParamKind::Text if param.required => quote!(String::new()),
        ParamKind::List => quote!(Vec::new()),
        ParamKind::Filters => quote!(Filters::default()),
        ParamKind::Integer
        | ParamKind::LenientInteger
        | ParamKind::Text
        | ParamKind::Time
        | ParamKind::Json(_) => quote!(None),
    }
}

fn gated(param: &Param) -> TokenStream {
    let read = read(param);
    match condition(param.range) {
        None => read,
        Some(condition) => {
            let absent = absent(param);
            quote!(if #condition { #read } else { #absent })
        }
    }
}

fn condition(range: Range) -> Option<TokenStream> {
    let since = range.since.map(version);
    let until = range.until.map(version);
    match (since, until) {
        (None, None) => None,
        (Some(since), None) => Some(quote!(version >= #since)),
        (None, Some(until)) => Some(quote!(version <= #until)),
        (Some(since), Some(until)) => Some(quote!((#since..=#until).contains(&version))),
    }
}

fn says(param: &Param) -> TokenStream {
    let what = match &param.kind {
        ParamKind::DockerBool { default: true } => "a boolean, true when absent",
        ParamKind::DockerBool { default: false } => "a boolean",
        ParamKind::GoBool => "a boolean in Go's spellings",
        ParamKind::Integer if param.required => "a number, which has to be there",
        ParamKind::Integer => "a number",
        ParamKind::LenientInteger => "a number; what is none counts as absent",
        ParamKind::Text if param.required => "a text, empty when absent",
        ParamKind::Text => "a text",
        ParamKind::List => "texts; the parameter may be repeated",
        ParamKind::Time => "a time, in seconds since the epoch with a fraction",
        ParamKind::Filters => "which ones are meant",
        ParamKind::Json(_) => "a value in JSON",
    };
    let mut text = format!("`{}`: {what}", param.wire);
    if param.range.is_bounded() {
        text.push_str(&format!(" ({})", param.range));
    }
    text.push('.');
    if let Some(says) = &param.says {
        text.push(' ');
        text.push_str(says);
    }
    doc(&text)
}
