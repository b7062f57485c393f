//! Steps without files, each with the configuration and the history that
//! dockerd 20.10 made of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use longshore_dockerfile::apply::Applier;
use longshore_dockerfile::args::BuildArgs;
use longshore_dockerfile::instruction::{Dockerfile, Instruction};
use longshore_oci::config::RunConfig;

/// Runs a file of one stage as far as it goes without files; answers the
/// configuration as JSON, what is empty left out, and the last step's history.
fn built(text: &str) -> Result<(String, String), String> {
    let text = format!("FROM scratch\n{text}");
    let file = Dockerfile::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let mut args = BuildArgs::default();
    let mut config = RunConfig::default();
    let mut applier = Applier::default();
    let mut history = String::new();
    for step in &file.stages[0].instructions {
        let env = args.scope(config.env.as_deref().unwrap_or_default());
        let step = step
            .value
            .expand(&env, file.directives.escape)
            .map_err(|error| error.to_string())?;
        if let Instruction::Arg(declared) = &step {
            declared.iter().for_each(|arg| args.add(arg));
        }
        let said = applier.apply(&mut config, &step);
        history = said.map_err(|error| error.to_string())?.unwrap_or_default();
    }
    let mut json = serde_json::to_value(&config).unwrap();
    let empty = |value: &serde_json::Value| {
        matches!(
            value,
            serde_json::Value::Null | serde_json::Value::Bool(false)
        ) || value == ""
    };
    json.as_object_mut()
        .unwrap()
        .retain(|_, value| !empty(value));
    Ok((json.to_string(), history))
}

const CASES: &[(&str, &str, &str)] = &[
    (
        "CMD",
        r#"{"Cmd":["/bin/sh","-c"]}"#,
        r#"CMD ["/bin/sh" "-c"]"#,
    ),
    ("ENTRYPOINT", "{}", "ENTRYPOINT []"),
    ("CMD []", r#"{"Cmd":[]}"#, "CMD []"),
    ("ENTRYPOINT []", "{}", "ENTRYPOINT []"),
    (
        "CMD a  \"b\" c",
        r#"{"Cmd":["/bin/sh","-c","a  \"b\" c"]}"#,
        r#"CMD ["/bin/sh" "-c" "a  \"b\" c"]"#,
    ),
    (
        "CMD [\"a\",\"b\\né\u{200b}\\u0001\"] x",
        "{\"Cmd\":[\"a\",\"b\\né\u{200b}\\u0001\"]}",
        r#"CMD ["a" "b\né\u200b\x01"]"#,
    ),
    (
        "CMD [\"a\",]",
        r#"{"Cmd":["/bin/sh","-c","[\"a\",]"]}"#,
        r#"CMD ["/bin/sh" "-c" "[\"a\",]"]"#,
    ),
    (
        "CMD a\nENTRYPOINT b",
        r#"{"Cmd":["/bin/sh","-c","a"],"Entrypoint":["/bin/sh","-c","b"]}"#,
        r#"ENTRYPOINT ["/bin/sh" "-c" "b"]"#,
    ),
    (
        "CMD\nENTRYPOINT b",
        r#"{"Entrypoint":["/bin/sh","-c","b"]}"#,
        r#"ENTRYPOINT ["/bin/sh" "-c" "b"]"#,
    ),
    (
        "ENV a=b c=\"d e\"",
        r#"{"Env":["a=b","c=d e"]}"#,
        "ENV a=b c=d e",
    ),
    (
        "ENV a=b\nENV a=c b=$a",
        r#"{"Env":["a=c","b=b"]}"#,
        "ENV a=c b=b",
    ),
    ("ENV a  b  c", r#"{"Env":["a=b  c"]}"#, "ENV a=b  c"),
    ("ENV \"a b\"=c", r#"{"Env":["a b=c"]}"#, "ENV a b=c"),
    ("ENV a=b\\ c", r#"{"Env":["a=b c"]}"#, "ENV a=b c"),
    ("ENV 'a'b=c", r#"{"Env":["ab=c"]}"#, "ENV ab=c"),
    ("ENV a=\"b\\\nc\"", r#"{"Env":["a=bc"]}"#, "ENV a=bc"),
    (
        "ENV a b \\\n # no\n#more\n   c",
        r#"{"Env":["a=b    c"]}"#,
        "ENV a=b    c",
    ),
    (
        "ENV a b\r\nENV c d\\\r\ne",
        r#"{"Env":["a=b","c=de"]}"#,
        "ENV c=de",
    ),
    (
        "  # no\n\t ENV\t a   b  c  ",
        r#"{"Env":["a=b  c"]}"#,
        "ENV a=b  c",
    ),
    (
        "LABEL a=b \"c d\"='e f'",
        r#"{"Labels":{"a":"b","c d":"e f"}}"#,
        "LABEL a=b c d=e f",
    ),
    (
        "LABEL a=$x b=\\$y",
        r#"{"Labels":{"a":"","b":"$y"}}"#,
        "LABEL a= b=$y",
    ),
    ("LABEL x y z", r#"{"Labels":{"x":"y z"}}"#, "LABEL x=y z"),
    (
        "EXPOSE 80 53/UDP 8000-8002",
        r#"{"ExposedPorts":{"53/udp":{},"80/tcp":{},"8000/tcp":{},"8001/tcp":{},"8002/tcp":{}}}"#,
        "EXPOSE 53/UDP 80 8000-8002",
    ),
    (
        "EXPOSE 80:90",
        r#"{"ExposedPorts":{"90/tcp":{}}}"#,
        "EXPOSE 80:90",
    ),
    (
        "EXPOSE 80/",
        r#"{"ExposedPorts":{"80/tcp":{}}}"#,
        "EXPOSE 80/",
    ),
    (
        "ENV p=\"80 90\"\nEXPOSE $p",
        r#"{"ExposedPorts":{"80/tcp":{},"90/tcp":{}},"Env":["p=80 90"]}"#,
        "EXPOSE 80 90",
    ),
    (
        "VOLUME /a b",
        r#"{"Volumes":{"/a":{},"b":{}}}"#,
        "VOLUME [/a b]",
    ),
    (
        "VOLUME [\"/b\",\"/a\"]",
        r#"{"Volumes":{"/a":{},"/b":{}}}"#,
        "VOLUME [/b /a]",
    ),
    ("USER a b", r#"{"User":"a b"}"#, "USER a b"),
    ("USER \"x y\"", r#"{"User":"x y"}"#, "USER x y"),
    ("USER $x", "{}", "USER "),
    (
        "WORKDIR /a/../b/",
        r#"{"WorkingDir":"/a/../b/"}"#,
        "WORKDIR /a/../b/",
    ),
    (
        "WORKDIR a/../b\nWORKDIR c/",
        r#"{"WorkingDir":"/b/c"}"#,
        "WORKDIR /b/c",
    ),
    (
        "WORKDIR \"/a b\"",
        r#"{"WorkingDir":"/a b"}"#,
        "WORKDIR /a b",
    ),
    ("STOPSIGNAL 9", r#"{"StopSignal":"9"}"#, "STOPSIGNAL 9"),
    (
        "STOPSIGNAL sigterm",
        r#"{"StopSignal":"sigterm"}"#,
        "STOPSIGNAL sigterm",
    ),
    (
        "SHELL [\"a\",\"b c\"]\nCMD x",
        r#"{"Cmd":["a","b c","x"],"Shell":["a","b c"]}"#,
        r#"CMD ["a" "b c" "x"]"#,
    ),
    ("ONBUILD run x", r#"{"OnBuild":["run x"]}"#, "ONBUILD run x"),
    (
        "ONBUILD   COPY  a   b",
        r#"{"OnBuild":["COPY  a   b"]}"#,
        "ONBUILD COPY  a   b",
    ),
    (
        "ONBUILD RUN a \\\n  b",
        r#"{"OnBuild":["RUN a   b"]}"#,
        "ONBUILD RUN a   b",
    ),
    ("ONBUILD FOO x", r#"{"OnBuild":["FOO x"]}"#, "ONBUILD FOO x"),
    ("MAINTAINER a  b $c", "{}", "MAINTAINER a  b $c"),
    (
        "HEALTHCHECK --interval=1m30.5s --retries=3 CMD a  \"b\"",
        r#"{"Healthcheck":{"Test":["CMD-SHELL","a  \"b\""],"Interval":90500000000,"Retries":3}}"#,
        r#"HEALTHCHECK &{["CMD-SHELL" "a  \"b\""] "1m30.5s" "0s" "0s" '\x03'}"#,
    ),
    (
        "HEALTHCHECK NONE",
        r#"{"Healthcheck":{"Test":["NONE"]}}"#,
        r#"HEALTHCHECK &{["NONE"] "0s" "0s" "0s" '\x00'}"#,
    ),
    (
        "HEALTHCHECK --start-period=1h CMD [\"a\",\"b\"]",
        r#"{"Healthcheck":{"Test":["CMD","a","b"],"StartPeriod":3600000000000}}"#,
        r#"HEALTHCHECK &{["CMD" "a" "b"] "0s" "0s" "1h0m0s" '\x00'}"#,
    ),
    ("ARG a", "{}", "ARG a"),
    ("ARG a=b c d=\"e f\"", "{}", "ARG a=b c d=e f"),
    ("ARG a=b\nENV c=$a", r#"{"Env":["c=b"]}"#, "ENV c=b"),
    (
        "ARG a=b\nLABEL x=$a\nENV a=c\nLABEL y=$a",
        r#"{"Env":["a=c"],"Labels":{"x":"b","y":"c"}}"#,
        "LABEL y=c",
    ),
];

const REFUSED: &[(&str, &str)] = &[
    ("STOPSIGNAL FOO", "Invalid signal: FOO"),
    ("STOPSIGNAL 0", "Invalid signal: 0"),
    ("EXPOSE 80 x", "Invalid containerPort: x"),
    ("EXPOSE 99999", "Invalid containerPort: 99999"),
    ("EXPOSE 80-70", "Invalid containerPort: 80-70"),
    ("EXPOSE 1-70000", "Invalid containerPort: 1-70000"),
    ("EXPOSE 80/foo", "Invalid proto: foo"),
    ("EXPOSE /tcp", "No port specified: /tcp<empty>"),
    ("WORKDIR ''", "cannot normalize nothing"),
    (
        "VOLUME [\"/a b\"",
        "failed to process \"[\\\"/a\": unexpected end of statement while looking for matching double-quote",
    ),
];

#[test]
fn steps_leave_what_dockerd_s_do() {
    let mut wrong = Vec::new();
    for (text, config, history) in CASES {
        let expected = Ok(((*config).to_owned(), (*history).to_owned()));
        let made = built(text);
        if made != expected {
            wrong.push(format!(
                "{text:?}\n  dockerd: {expected:?}\n  ours:    {made:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrong_values_have_dockerd_s_words() {
    for (text, expected) in REFUSED {
        assert_eq!(built(text).unwrap_err(), *expected, "{text}");
    }
}

#[test]
fn what_doubles_from_line_to_line_ends() {
    let text = "ENV x=y\n".to_owned() + &"ENV x=$x$x$x$x\n".repeat(30);
    assert!(built(&text).unwrap_err().ends_with("too long"));
    let many = "ENV x0=".to_owned() + &"y".repeat(60_000) + "\n";
    let lines: Vec<String> = (1..200)
        .map(|number| format!("ENV x{number}=$x0$x0$x0$x0\n"))
        .collect();
    let error = built(&(many + &lines.concat())).unwrap_err();
    assert_eq!(error, "the environment would be too long");
}
