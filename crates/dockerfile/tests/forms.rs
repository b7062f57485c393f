//! Forms that dockerd 20.10 has no table for: heredocs, directives, places of
//! errors; and the arguments of stages.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use longshore_dockerfile::args::BuildArgs;
use longshore_dockerfile::instruction::{
    Arg, Command, Dockerfile, Instruction, Located, Source, Span,
};
use longshore_dockerfile::parse;

fn parsed(text: &str) -> Dockerfile {
    Dockerfile::parse(text.as_bytes()).unwrap()
}

/// The only step behind `FROM`.
fn step(text: &str) -> Located<Instruction> {
    let mut file = parsed(&format!("FROM scratch\n{text}"));
    assert_eq!(file.stages[0].instructions.len(), 1, "{text}");
    file.stages[0].instructions.remove(0)
}

fn shell(text: &str) -> String {
    match step(text).value {
        Instruction::Run(run) => match run.command {
            Command::Shell(text) => text,
            Command::Exec(words) => panic!("{words:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_heredoc_alone_is_the_script() {
    assert_eq!(shell("RUN <<EOF\na\n  b\n\n# c\nEOF\n"), "a\n  b\n\n# c\n");
    assert_eq!(shell("RUN <<-EOF\n\ta\n\t\tb\n\tEOF\n"), "a\nb\n");
    assert_eq!(shell("RUN <<'E O'\na $b\nE O\n"), "a $b\n");
}

#[test]
fn with_a_command_the_shell_reads_it() {
    assert_eq!(
        shell("RUN cat <<EOF >/x && tr a b <<B\none\nEOF\ntwo\nB\n"),
        "cat <<EOF >/x && tr a b <<B\none\nEOF\ntwo\nB\n"
    );
    let two = step("RUN cat 3<<EOF\none\nEOF");
    assert_eq!(two.original, "RUN cat 3<<EOF");
    assert_eq!((two.span.line, two.span.last_line), (2, 4));
}

#[test]
fn shifts_and_here_strings_are_no_heredocs() {
    for text in [
        "RUN echo $((1 <<2))",
        "RUN cat <<<x",
        "RUN echo \"<<EOF\"",
        "RUN [\"cat\", \"<<EOF\"]",
        "RUN echo a<<EOF",
        "CMD cat <<EOF",
        "ENV a=<<EOF",
    ] {
        assert_eq!(step(text).original, text);
    }
}

#[test]
fn files_can_stand_in_the_dockerfile() {
    let Instruction::Copy(copy) =
        step("COPY --chmod=755 <<run.sh <<\"raw\" file /dir/\necho $HOME\nrun.sh\n$raw\nraw\n")
            .value
            .expand(&["HOME=/root".to_owned()], '\\')
            .unwrap()
    else {
        panic!("no COPY")
    };
    let shown: Vec<(String, String)> = copy
        .sources
        .iter()
        .map(|source| match source {
            Source::Path(path) => (path.clone(), String::new()),
            Source::Heredoc(file) => (file.name.clone(), file.content.clone()),
        })
        .collect();
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let expected = [
        pair("run.sh", "echo /root\n"),
        pair("raw", "$raw\n"),
        pair("file", ""),
    ];
    assert_eq!(shown, expected);
    assert_eq!(copy.destination, "/dir/");
    assert_eq!(copy.chmod.as_deref(), Some("755"));
}

#[test]
fn triggers_keep_their_heredocs() {
    let Instruction::OnBuild(text) = step("ONBUILD RUN <<EOF\necho a\nEOF\n").value else {
        panic!("no ONBUILD")
    };
    let Instruction::Run(run) = parse::trigger(&text).unwrap().value else {
        panic!("no RUN")
    };
    assert_eq!(run.command, Command::Shell("echo a\n".to_owned()));
    assert!(parse::trigger("RUN a\nRUN b").is_err());
    assert!(parse::trigger("").is_err());
}

#[test]
fn directives_stand_at_the_top() {
    let file = parsed("# syntax=docker/dockerfile:1\n#check = skip=all\n# ESCAPE=`\nFROM a`\nb\n");
    assert_eq!(
        file.directives.syntax.as_deref(),
        Some("docker/dockerfile:1")
    );
    assert_eq!(file.directives.check.as_deref(), Some("skip=all"));
    assert_eq!(file.directives.escape, '`');
    assert_eq!(file.stages[0].from.value.image, "ab");
    let late = parsed("# a comment\n# escape=`\nFROM a\n");
    assert_eq!(late.directives.escape, '\\');
    let marked = parsed("\u{feff}FROM a\nENV a b");
    assert_eq!(marked.stages[0].from.value.image, "a");
}

#[test]
fn empty_continued_lines_are_warned_of() {
    let file = parsed("FROM a\nENV a b\\\n\n\nc");
    assert_eq!(
        file.warnings,
        [
            "[WARNING]: Empty continuation line found in:\n    ENV a bc",
            "[WARNING]: Empty continuation lines will become errors in a future release.",
        ]
    );
}

#[test]
fn places_are_lines_and_columns_of_the_file() {
    let file = parsed("\n# é\n  FROM a\n\n\tRUN x \\\n  y\n");
    let at = |line, column, last_line| Span {
        line,
        column,
        last_line,
    };
    assert_eq!(file.stages[0].from.span, at(3, 3, 3));
    assert_eq!(file.stages[0].instructions[0].span, at(5, 2, 6));
    for (text, line, column) in [
        ("FROM a\n  FOO x", 2, 3),
        ("FROM a\nENV a=é \\\n  b=c d", 3, 7),
        ("FROM a\nCOPY --from=x \\\n  --nope=y a b", 3, 3),
        ("FROM a\nCMD [1]", 2, 5),
        ("FROM a\nRUN cat \\\n <<EOF\nx", 3, 2),
        ("FROM a b", 1, 6),
    ] {
        let error = Dockerfile::parse(text.as_bytes()).unwrap_err();
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{text}: {error}"
        );
    }
}

#[test]
fn arguments_are_those_of_their_stage() {
    let arg = |name: &str, value: Option<&str>| Arg {
        name: name.to_owned(),
        value: value.map(str::to_owned),
    };
    let given = BTreeMap::from([
        ("given".to_owned(), Some("1".to_owned())),
        ("nothing".to_owned(), None),
        ("unused".to_owned(), Some("u".to_owned())),
        ("http_proxy".to_owned(), Some("p".to_owned())),
    ]);
    let mut meta = BuildArgs::new(given);
    meta.add_meta(&arg("given", Some("0")));
    meta.add_meta(&arg("base", Some("b")));
    assert_eq!(meta.for_from(), ["base=b", "given=1", "http_proxy=p"]);
    let mut stage = meta.for_stage();
    assert_eq!(stage.beyond(&[]), ["http_proxy=p"]);
    stage.add(&arg("given", None));
    stage.add(&arg("base", None));
    stage.add(&arg("nothing", Some("n")));
    stage.add(&arg("absent", None));
    let env = ["base=env".to_owned()];
    assert_eq!(stage.beyond(&env), ["given=1", "http_proxy=p", "nothing=n"]);
    assert_eq!(stage.scope(&env)[0], "base=env");
    assert_eq!(meta.for_stage().beyond(&[]), ["http_proxy=p"]);
    meta.merge_used(&stage);
    assert_eq!(meta.unused(), ["unused"]);
}
