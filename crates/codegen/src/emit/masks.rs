//! Masks: `gate(version)` for the types that hold a field some version lacks.

use proc_macro2::TokenStream;
use quote::quote;

use super::traits::{doc, header, ident, version};
use crate::model::{Field, Model, Type, TypeKind};

/// The file `masks.rs`.
pub(super) fn emit(model: &Model) -> TokenStream {
    let title =
        header("What a version lacks is taken out of a value, on the way in and on the way out.");
    let impls = model.gated.iter().filter_map(|name| {
        let TypeKind::Struct { fields, .. } = &model.types.get(name)?.kind else {
            return None;
        };
        let bounds = fields
            .iter()
            .filter(|field| field.range.is_bounded())
            .map(bound);
        let below = fields
            .iter()
            .filter(|field| field.range.is_bounded() || !field.ty.names().is_empty())
            .filter(|field| model.is_gated(&field.ty))
            .map(|field| {
                let name = ident(&field.rust);
                let place = if field.is_gated() {
                    quote!(&mut *self.#name)
                } else {
                    quote!(&mut self.#name)
                };
                descend(&field.ty, field.is_option(), place, &quote!(self.#name))
            });
        let says = doc("Takes out what the version lacks.");
        let name = ident(name);
        Some(quote! {
            impl #name {
                #says
                pub fn gate(&mut self, version: ApiVersion) {
                    #(#below)*
                    #(#bounds)*
                }
            }
        })
    });
    let impls: Vec<_> = impls.collect();
    let gated = model.gated.iter().any(|name| has_gated(model, name));
    let gated = gated.then(|| {
        quote!(
            use crate::gated::Gated;
        )
    });
    let names = model.gated.iter().map(|name| ident(name));
    let uses = (!model.gated.is_empty()).then(|| {
        quote! {
            use super::types::{#(#names),*};
            #gated
            use crate::version::ApiVersion;
        }
    });
    quote!(#title #uses #(#impls)*)
}

fn has_gated(model: &Model, name: &str) -> bool {
    match model.types.get(name).map(|def| &def.kind) {
        Some(TypeKind::Struct { fields, .. }) => fields.iter().any(Field::is_gated),
        _ => false,
    }
}

fn bound(field: &Field) -> TokenStream {
    let name = ident(&field.rust);
    let since = field.range.since.map(|since| {
        let since = version(since);
        quote!(version < #since)
    });
    let until = field.range.until.map(|until| {
        let until = version(until);
        quote!(version > #until)
    });
    let outside = match (since, until) {
        (Some(since), Some(until)) => quote!(#since || #until),
        (since, until) => quote!(#since #until),
    };
    let nothing = if field.is_gated() {
        quote!(Gated::lacking())
    } else {
        quote!(None)
    };
    quote! {
        if #outside {
            self.#name = #nothing;
        }
    }
}

/// The calls on what is inside: `place` is borrowed, `path` names it.
fn descend(ty: &Type, option: bool, place: TokenStream, path: &TokenStream) -> TokenStream {
    if option {
        let inner = inside(ty, &quote!(inner));
        return quote! {
            if let Some(inner) = #place {
                #inner
            }
        };
    }
    match ty {
        Type::Named(_) => quote!(#path.gate(version);),
        Type::List(item) | Type::Array(item, _) => {
            let inner = inside(item, &quote!(item));
            quote!(for item in #place { #inner })
        }
        Type::Map(item) => {
            let inner = inside(item, &quote!(item));
            quote!(for item in #path.values_mut() { #inner })
        }
        Type::Nullable(inner) => descend(inner, true, place, path),
        _ => TokenStream::new(),
    }
}

/// The same for a variable that is a mutable borrow already.
fn inside(ty: &Type, name: &TokenStream) -> TokenStream {
    match ty {
        Type::Named(_) => quote!(#name.gate(version);),
        Type::List(item) | Type::Array(item, _) => {
            let inner = inside(item, &quote!(item));
            quote!(for item in #name { #inner })
        }
        Type::Map(item) => {
            let inner = inside(item, &quote!(item));
            quote!(for item in #name.values_mut() { #inner })
        }
        Type::Nullable(item) => {
            let inner = inside(item, &quote!(inner));
            quote!(if let Some(inner) = #name { #inner })
        }
        _ => TokenStream::new(),
    }
}
