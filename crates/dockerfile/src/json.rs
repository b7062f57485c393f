//! The JSON form of an instruction: `["program", "argument"]`.

use serde_json::Value;

/// What the beginning of a text is as JSON.
pub(crate) enum Form {
    /// A list of texts; as in dockerd, whatever follows it is ignored.
    List(Vec<String>),
    /// A list that holds something else.
    Mixed,
    /// No list.
    Plain,
}

pub(crate) fn form(text: &str) -> Form {
    let text = text.trim_start();
    if !text.starts_with('[') {
        return Form::Plain;
    }
    let first = serde_json::Deserializer::from_str(text)
        .into_iter::<Vec<Value>>()
        .next();
    let Some(Ok(values)) = first else {
        return Form::Plain;
    };
    let words: Option<Vec<String>> = values
        .into_iter()
        .map(|value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
        .collect();
    words.map_or(Form::Mixed, Form::List)
}

pub(crate) fn is_list(text: &str) -> bool {
    matches!(form(text), Form::List(_))
}
