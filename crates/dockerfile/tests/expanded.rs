//! Words with variables, each with what dockerd 20.10 made of it, seen in a
//! label or in its refusal.

use longshore_dockerfile::expand::{word, words};

/// The environment of all cases.
fn env() -> Vec<String> {
    ["x=1", "e=", "y=a b"].map(str::to_owned).to_vec()
}

const CASES: &[(&str, Result<&str, &str>)] = &[
    ("$x", Ok("1")),
    ("${x}", Ok("1")),
    ("${x}y", Ok("1y")),
    ("$xy", Ok("")),
    ("$", Ok("$")),
    ("$$", Ok("")),
    ("$1", Ok("")),
    ("$12a", Ok("a")),
    ("${1}", Ok("")),
    ("$?", Ok("")),
    ("$@", Ok("")),
    ("a$", Ok("a$")),
    ("${", Err("syntax error: missing '}'")),
    ("${}", Err("syntax error: bad substitution")),
    ("${:x}", Err("syntax error: bad substitution")),
    ("${{x}", Err("syntax error: bad substitution")),
    ("${x:-y}", Ok("1")),
    ("${e:-y}", Ok("y")),
    ("${u:-y}", Ok("y")),
    ("${x:+y}", Ok("y")),
    ("${e:+y}", Ok("")),
    ("${u?err}", Err("u: err")),
    ("${u:?err}", Err("u: err")),
    ("${u:?}", Err("u: is not allowed to be unset")),
    ("${u?}", Err("u: is not allowed to be unset")),
    ("${e:?err}", Err("e: err")),
    ("${e?err}", Ok("")),
    ("${x?err}", Ok("1")),
    ("${x:?err}", Ok("1")),
    ("${x:}", Err("syntax error: missing '}'")),
    ("${x:", Err("syntax error: missing '}'")),
    ("${x:-", Err("syntax error: missing '}'")),
    ("${x:*y}", Err("unsupported modifier (*) in substitution")),
    ("${u:=y}", Err("unsupported modifier (=) in substitution")),
    ("${x#y}", Err("missing ':' in substitution")),
    ("${x/y}", Err("missing ':' in substitution")),
    ("${u:-$x}", Ok("1")),
    ("${u:-${u:-z}}", Ok("z")),
    ("${u:-\"a b\"}", Ok("a b")),
    ("${u:-'a}b'}", Ok("a}b")),
    ("\\$x", Ok("$x")),
    ("\\\\$x", Ok("\\1")),
    ("'$x'", Ok("$x")),
    ("\"$x\"", Ok("1")),
    ("\"\\$x\"", Ok("$x")),
    ("\"\\a\\\\\"", Ok("\\a\\")),
    ("'a\\'", Ok("a\\")),
    (
        "'a",
        Err("unexpected end of statement while looking for matching single-quote"),
    ),
    (
        "\"a",
        Err("unexpected end of statement while looking for matching double-quote"),
    ),
    (
        "\"$",
        Err("unexpected end of statement while looking for matching double-quote"),
    ),
    ("a\\", Ok("a")),
    ("a\"b\"'c'd", Ok("abcd")),
    ("é$é", Ok("é")),
    ("$é", Ok("")),
    ("${u:-a\\}b}", Ok("a}b")),
    ("$(x)", Ok("$(x)")),
    ("`x`", Ok("`x`")),
    ("${x:-a}b${y}", Ok("1ba b")),
    ("\"${u:-\"q\"}\"", Ok("q")),
    ("$_x", Ok("")),
    ("$x-y", Ok("1-y")),
    ("${-}", Ok("")),
    ("a\\nb", Ok("anb")),
];

/// What newer builders know and 20.10 refuses.
const NEWER: &[(&str, Result<&str, &str>)] = &[
    ("${e-y}", Ok("")),
    ("${u-y}", Ok("y")),
    ("${e+y}", Ok("y")),
    ("${u+y}", Ok("")),
    ("${x+y}", Ok("y")),
    ("${x", Err("syntax error: missing '}'")),
];

#[test]
fn words_become_what_dockerd_makes_of_them() {
    let mut wrong = Vec::new();
    for (text, expected) in CASES.iter().chain(NEWER) {
        let made = word(text, &env(), '\\').map_err(|error| error.to_string());
        let expected = match expected {
            Ok(made) => Ok((*made).to_owned()),
            Err(reason) => {
                let shown = longshore_dockerfile::quote::quote(text);
                Err(format!("failed to process {shown}: {reason}"))
            }
        };
        if made != expected {
            wrong.push(format!("{text}: {made:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ports_are_cut_where_no_quotes_hold_them_together() {
    for (text, expected) in [
        ("$y", &["a", "b"][..]),
        ("${y}", &["a", "b"]),
        ("\"$y\"", &["a b"]),
        ("$u", &[]),
        ("$e", &[]),
        ("a$y", &["aa", "b"]),
        ("''", &[""]),
    ] {
        assert_eq!(words(text, &env(), '\\').unwrap(), expected, "{text}");
    }
}

#[test]
fn a_backtick_can_be_the_escape_character() {
    assert_eq!(word("c:\\x`$x", &env(), '`').unwrap(), "c:\\x$x");
}

#[test]
fn deep_and_long_texts_are_refused_in_time() {
    let deep = "${u:-".repeat(20_000) + &"}".repeat(20_000);
    let error = word(&deep, &env(), '\\').unwrap_err().to_string();
    assert!(error.ends_with("nested too deeply"), "{error}");
    let long = vec![format!("x={}", "y".repeat(1 << 20))];
    let error = word(&"$x".repeat(100_000), &long, '\\').unwrap_err();
    assert!(error.to_string().ends_with("too long"));
}
