//! Go's `%q`: texts in double quotes, as dockerd's messages and histories have
//! them.

use std::fmt::Write;

/// A text in double quotes, with Go's escapes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            ' ' => out.push(' '),
            control if u32::from(control) < 0x80 && control.is_control() => {
                write!(out, "\\x{:02x}", u32::from(control)).ok();
            }
            hidden if !is_printable(hidden) && u32::from(hidden) > 0xffff => {
                write!(out, "\\U{:08x}", u32::from(hidden)).ok();
            }
            hidden if !is_printable(hidden) => {
                write!(out, "\\u{:04x}", u32::from(hidden)).ok();
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}

/// Whether Go shows a character as it is: no control, blank, formatting or
/// private one.
fn is_printable(character: char) -> bool {
    let formatting = matches!(
        character,
        '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..
    );
    !formatting && !character.is_control() && !character.is_whitespace()
}

/// A list of texts: `["a" "b"]`.
pub fn quote_list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    format!("[{}]", texts.join(" "))
}
