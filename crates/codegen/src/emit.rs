//! The model becomes files of Rust.

mod masks;
mod outline;
mod queries;
mod recorder;
mod routes;
mod traits;
mod types;

use proc_macro2::TokenStream;
use quote::quote;

use crate::Error;
use crate::model::Model;

const FIRST_LINE: &str = "// Written by `cargo xtask gen`. Do not edit.\n\n";

/// Every file by its path below `crates/api/src/generated/`.
pub fn files(model: &Model) -> Result<Vec<(String, String)>, Error> {
    let mut tokens: Vec<(String, TokenStream)> = types::emit(model);
    tokens.push(("masks.rs".to_owned(), masks::emit(model)));
    tokens.extend(traits::emit(model));
    tokens.extend(routes::emit(model));
    tokens.extend(recorder::emit(model));
    let told = |file: &str, error| Error::Rust {
        file: file.to_owned(),
        error,
    };
    let mut files = vec![("outline.txt".to_owned(), outline::emit(model))];
    for (file, tokens) in tokens {
        let text = print(tokens).map_err(|error| told(&file, error))?;
        files.push((file, format!("{FIRST_LINE}{text}")));
    }
    // Its header names the command itself, as a source file's header must.
    let text = print(root(model)).map_err(|error| told("mod.rs", error))?;
    files.push(("mod.rs".to_owned(), text));
    files.sort();
    Ok(files)
}

/// The module that holds all others.
fn root(model: &Model) -> TokenStream {
    let groups = model
        .groups
        .iter()
        .map(|group| traits::ident(&group.module));
    quote! {
        //! What the generator made of `spec/`. Written by `cargo xtask gen`, like
        //! every file below; do not edit.

        mod masks;
        #[cfg(all(test, feature = "server"))]
        pub(crate) mod recorder;
        pub mod routes;
        #[cfg(feature = "server")]
        mod serve;
        pub mod types;
        #(pub mod #groups;)*
    }
}

fn print(tokens: TokenStream) -> Result<String, syn::Error> {
    let file = syn::parse2(tokens)?;
    Ok(spaced(&prettyplease::unparse(&file)))
}

/// Empty lines where a reader expects them: between items, and between the
/// methods of one.
fn spaced(text: &str) -> String {
    let mut out = String::new();
    let mut before = "";
    for line in text.lines() {
        let is_use = |line: &str| {
            ["use ", "mod ", "pub use ", "pub mod "]
                .iter()
                .any(|word| line.starts_with(word))
        };
        let ends = before == "}"
            || before.ends_with("{}") && !before.starts_with(' ')
            || before == "    }"
            || before.ends_with("};") && !before.starts_with(' ');
        let starts = !line.trim_start().starts_with('}') && !line.is_empty();
        let nested = before == "    }"
            && !(line.starts_with("    ///")
                || line.starts_with("    fn ")
                || line.starts_with("    pub fn "));
        let imports = is_use(before) && !is_use(line);
        let header = before.starts_with("//!") && !line.starts_with("//!");
        if starts
            && (ends && !nested && !(is_use(line) && before.ends_with("};"))
                || imports && before.ends_with(';')
                || header)
            && !before.is_empty()
        {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        before = line;
    }
    out
}
