//! Dockerfiles that are refused, with the words that dockerd 20.10 has for each
//! (ours add the place and what was expected).

use longshore_dockerfile::instruction::Dockerfile;

/// The file and dockerd's whole answer.
const CASES: &[(&str, &str)] = &[
    ("", "the Dockerfile (Dockerfile) cannot be empty"),
    (
        "# x\n",
        "failed to parse Dockerfile: file with no instructions",
    ),
    (
        "FOO\n",
        "dockerfile parse error line 1: unknown instruction: FOO",
    ),
    (
        "FROM scratch\nFOO x\n",
        "dockerfile parse error line 2: unknown instruction: FOO",
    ),
    (
        "FROM scratch\n\\\n\\\n",
        "dockerfile parse error line 2: unknown instruction: ",
    ),
    ("RUN x", "no build stage in current context"),
    (
        "FROM scratch AS 1x",
        "dockerfile parse error line 1: invalid name for build stage: \"1x\", name can't start with a number or contain symbols",
    ),
    (
        "FROM",
        "dockerfile parse error line 1: FROM requires either one or three arguments",
    ),
    (
        "FROM a b",
        "dockerfile parse error line 1: FROM requires either one or three arguments",
    ),
    (
        "FROM scratch AS a b",
        "dockerfile parse error line 1: FROM requires either one or three arguments",
    ),
    (
        "FROM scratch\nFROM",
        "dockerfile parse error line 2: FROM requires either one or three arguments",
    ),
    (
        "FROM --platform scratch",
        "dockerfile parse error line 1: Missing a value on flag: platform",
    ),
    (
        "FROM --foo=x scratch",
        "dockerfile parse error line 1: Unknown flag: foo",
    ),
    (
        "# escape=x\nFROM scratch",
        "failed to parse Dockerfile: invalid escape token 'x' does not match ` or \\",
    ),
    (
        "# escape=`\n# escape=`\nFROM scratch",
        "failed to parse Dockerfile: only one escape parser directive can be used",
    ),
    (
        "FROM scratch\nENV a b\\\\\nc d",
        "dockerfile parse error line 3: unknown instruction: C",
    ),
    (
        "\n# escape=`\nFROM scratch\nENV a b`\nc d",
        "dockerfile parse error line 5: unknown instruction: C",
    ),
    (
        "# a\n# escape=`\nFROM scratch\nENV a b`\nc d",
        "dockerfile parse error line 5: unknown instruction: C",
    ),
    (
        "FROM scratch\nENV a",
        "failed to parse Dockerfile: ENV must have two arguments",
    ),
    (
        "FROM scratch\nENV \"a",
        "failed to parse Dockerfile: ENV must have two arguments",
    ),
    (
        "FROM scratch\nENV a=b c",
        "failed to parse Dockerfile: Syntax error - can't find = in \"c\". Must be of the form: name=value",
    ),
    (
        "FROM scratch\nLABEL k=${x y}",
        "failed to parse Dockerfile: Syntax error - can't find = in \"y}\". Must be of the form: name=value",
    ),
    (
        "FROM scratch\nENV",
        "dockerfile parse error line 2: ENV requires at least one argument",
    ),
    (
        "ENV \\\n",
        "dockerfile parse error line 1: ENV requires at least one argument",
    ),
    (
        "FROM scratch\nLABEL =a",
        "dockerfile parse error line 2: LABEL names can not be blank",
    ),
    (
        "ARG\nFROM scratch",
        "dockerfile parse error line 1: ARG requires at least one argument",
    ),
    (
        "ARG =x\nFROM scratch",
        "dockerfile parse error line 1: ARG names can not be blank",
    ),
    (
        "FROM scratch\nARG =x",
        "dockerfile parse error line 2: ARG names can not be blank",
    ),
    (
        "FROM scratch\nCOPY",
        "dockerfile parse error line 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined",
    ),
    (
        "FROM scratch\nCOPY [\"a\"]",
        "dockerfile parse error line 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined",
    ),
    (
        "FROM scratch\nCOPY [\"a\",1]",
        "failed to parse Dockerfile: when using JSON array syntax, arrays must be comprised of strings only",
    ),
    (
        "FROM scratch\nCOPY --foo a b",
        "dockerfile parse error line 2: Unknown flag: foo",
    ),
    (
        "FROM scratch\nCOPY --chown a b",
        "dockerfile parse error line 2: Missing a value on flag: chown",
    ),
    (
        "FROM scratch\nCOPY --from=x --from=y a b",
        "dockerfile parse error line 2: Duplicate flag specified: from",
    ),
    (
        "FROM scratch\nADD --from=x a b",
        "dockerfile parse error line 2: Unknown flag: from",
    ),
    (
        "FROM scratch\nRUN --network=none x",
        "dockerfile parse error line 2: Unknown flag: network",
    ),
    (
        "FROM scratch\nRUN --security=insecure x",
        "dockerfile parse error line 2: Unknown flag: security",
    ),
    (
        "FROM scratch\nRUN --foo x",
        "dockerfile parse error line 2: Unknown flag: foo",
    ),
    (
        "FROM scratch\nRUN --mount",
        "dockerfile parse error line 2: Missing a value on flag: mount",
    ),
    (
        "FROM scratch\nRUN [1]",
        "failed to parse Dockerfile: when using JSON array syntax, arrays must be comprised of strings only",
    ),
    (
        "FROM scratch\nCMD [\"a\", 1]",
        "failed to parse Dockerfile: when using JSON array syntax, arrays must be comprised of strings only",
    ),
    (
        "FROM scratch\nCMD --foo x",
        "dockerfile parse error line 2: Unknown flag: foo",
    ),
    (
        "FROM scratch\nENTRYPOINT --foo x",
        "dockerfile parse error line 2: Unknown flag: foo",
    ),
    (
        "FROM scratch\nENV --foo=x a b",
        "dockerfile parse error line 2: Unknown flag: foo",
    ),
    (
        "FROM scratch\nUSER --x y",
        "dockerfile parse error line 2: Unknown flag: x",
    ),
    (
        "FROM scratch\nWORKDIR --x y",
        "dockerfile parse error line 2: Unknown flag: x",
    ),
    (
        "FROM scratch\nUSER",
        "dockerfile parse error line 2: USER requires exactly one argument",
    ),
    (
        "FROM scratch\nWORKDIR",
        "dockerfile parse error line 2: WORKDIR requires exactly one argument",
    ),
    (
        "FROM scratch\nSTOPSIGNAL",
        "dockerfile parse error line 2: STOPSIGNAL requires exactly one argument",
    ),
    (
        "FROM scratch\nMAINTAINER",
        "dockerfile parse error line 2: MAINTAINER requires exactly one argument",
    ),
    (
        "FROM scratch\nEXPOSE",
        "dockerfile parse error line 2: EXPOSE requires at least one argument",
    ),
    (
        "FROM scratch\nVOLUME",
        "dockerfile parse error line 2: VOLUME requires at least one argument",
    ),
    (
        "FROM scratch\nVOLUME []",
        "dockerfile parse error line 2: VOLUME requires at least one argument",
    ),
    (
        "FROM scratch\nVOLUME [\"\"]",
        "dockerfile parse error line 2: VOLUME specified can not be an empty string",
    ),
    (
        "FROM scratch\nSHELL a",
        "dockerfile parse error line 2: SHELL requires the arguments to be in JSON form",
    ),
    (
        "FROM scratch\nSHELL []",
        "dockerfile parse error line 2: SHELL requires at least one argument",
    ),
    (
        "FROM scratch\nSHELL [1]",
        "failed to parse Dockerfile: when using JSON array syntax, arrays must be comprised of strings only",
    ),
    (
        "FROM scratch\nONBUILD",
        "dockerfile parse error line 2: ONBUILD requires at least one argument",
    ),
    (
        "FROM scratch\nONBUILD FROM x",
        "dockerfile parse error line 2: FROM isn't allowed as an ONBUILD trigger",
    ),
    (
        "FROM scratch\nONBUILD FROM",
        "dockerfile parse error line 2: FROM isn't allowed as an ONBUILD trigger",
    ),
    (
        "FROM scratch\nONBUILD maintainer x",
        "dockerfile parse error line 2: MAINTAINER isn't allowed as an ONBUILD trigger",
    ),
    (
        "FROM scratch\nONBUILD ONBUILD RUN x",
        "dockerfile parse error line 2: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    ),
    (
        "FROM scratch\nONBUILD ENV a",
        "failed to parse Dockerfile: ENV must have two arguments",
    ),
    (
        "FROM scratch\nONBUILD CMD [1]",
        "failed to parse Dockerfile: when using JSON array syntax, arrays must be comprised of strings only",
    ),
    (
        "FROM scratch\nHEALTHCHECK",
        "dockerfile parse error line 2: HEALTHCHECK requires at least one argument",
    ),
    (
        "FROM scratch\nHEALTHCHECK NONE x",
        "dockerfile parse error line 2: HEALTHCHECK NONE takes no arguments",
    ),
    (
        "FROM scratch\nHEALTHCHECK CMD",
        "dockerfile parse error line 2: Missing command after HEALTHCHECK CMD",
    ),
    (
        "FROM scratch\nHEALTHCHECK CMD []",
        "dockerfile parse error line 2: Missing command after HEALTHCHECK CMD",
    ),
    (
        "FROM scratch\nHEALTHCHECK FOO x",
        "dockerfile parse error line 2: Unknown type \"FOO\" in HEALTHCHECK (try CMD)",
    ),
    (
        "FROM scratch\nHEALTHCHECK cmd [1]",
        "failed to parse Dockerfile: when using JSON array syntax, arrays must be comprised of strings only",
    ),
    (
        "FROM scratch\nHEALTHCHECK --interval=1 CMD x",
        "dockerfile parse error line 2: time: missing unit in duration \"1\"",
    ),
    (
        "FROM scratch\nHEALTHCHECK --interval=1us CMD x",
        "dockerfile parse error line 2: Interval \"interval\" cannot be less than 1ms",
    ),
    (
        "FROM scratch\nHEALTHCHECK --interval=0 CMD x",
        "dockerfile parse error line 2: Interval \"interval\" cannot be less than 1ms",
    ),
    (
        "FROM scratch\nHEALTHCHECK --interval=-1s CMD x",
        "dockerfile parse error line 2: Interval \"interval\" cannot be less than 1ms",
    ),
    (
        "FROM scratch\nHEALTHCHECK --retries=x CMD x",
        "dockerfile parse error line 2: strconv.ParseInt: parsing \"x\": invalid syntax",
    ),
    (
        "FROM scratch\nHEALTHCHECK --retries=-1 CMD x",
        "dockerfile parse error line 2: --retries must be at least 1 (not -1)",
    ),
    (
        "FROM scratch\nHEALTHCHECK --interval=5s --interval=6s CMD x",
        "dockerfile parse error line 2: Duplicate flag specified: interval",
    ),
    (
        "FROM scratch\nHEALTHCHECK --interval CMD x",
        "dockerfile parse error line 2: Missing a value on flag: interval",
    ),
];

#[test]
fn refusals_begin_with_dockerd_s_words() {
    let mut wrong = Vec::new();
    for (text, expected) in CASES {
        let said = match Dockerfile::parse(text.as_bytes()) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        let rest = said.strip_prefix(expected);
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" (line ")) {
            wrong.push(format!(
                "{text:?}\n  dockerd: {expected}\n  ours:    {said}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
