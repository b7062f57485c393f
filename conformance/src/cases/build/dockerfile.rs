//! Instructions, and what an image has of them. What is no Dockerfile is in
//! `refusals.yaml`.

use serde_json::{Value, json};

use super::{Context, built, config, fails, output, text};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::cases::images::look;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "configuration",
        "Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR, STOPSIGNAL, SHELL",
        configuration,
    ),
    (
        Must,
        "cmd-and-entrypoint",
        "Dockerfile: ENTRYPOINT takes away the CMD of the base",
        entrypoint,
    ),
    (
        Must,
        "env",
        "Dockerfile: ENV in both forms, one after another, quoted",
        env,
    ),
    (
        Must,
        "variables",
        "Dockerfile: $x, ${x:-y}, ${x:+y}, escapes, and where they count",
        variables,
    ),
    (
        Must,
        "workdir",
        "Dockerfile: WORKDIR relative, with variables, and made",
        workdir,
    ),
    (
        Must,
        "healthcheck",
        "Dockerfile: HEALTHCHECK with options, NONE",
        healthcheck,
    ),
    (
        Must,
        "shell",
        "Dockerfile: SHELL is what shell forms are run by",
        shell,
    ),
    (
        Must,
        "user-and-run",
        "Dockerfile: RUN as USER, in WORKDIR, with ENV and ARG",
        run,
    ),
    (
        Must,
        "onbuild",
        "Dockerfile: ONBUILD waits for the next FROM",
        onbuild,
    ),
    (
        Must,
        "arg-before-from",
        "Dockerfile: ARG before FROM is for FROM, until declared again",
        arg_before_from,
    ),
    (
        Must,
        "from-stage",
        "Dockerfile: FROM an earlier stage",
        from_stage,
    ),
    (
        Must,
        "volume-is-sealed",
        "Dockerfile: what RUN writes into a VOLUME is gone",
        volume,
    ),
    (
        Must,
        "directives",
        "Dockerfile: escape; comments; joined lines; a BOM",
        directives,
    ),
    (
        Quirk,
        "maintainer",
        "Dockerfile: MAINTAINER is the author",
        maintainer,
    ),
    (
        Quirk,
        "shell-form-of-half-a-list",
        "Dockerfile: a list that is none is a line for the shell",
        half_list,
    ),
    (
        Must,
        "scratch",
        "Dockerfile: FROM scratch is empty, and alone makes nothing",
        scratch,
    ),
    (
        Must,
        "values",
        "Dockerfile: bad ports, signals, names are told at their step",
        values,
    ),
    (
        Must,
        "metadata-costs-no-layer",
        "ImageInspect: only RUN, COPY, ADD and WORKDIR make layers",
        layers,
    ),
];

fn configuration(s: &Session) -> Outcome {
    let config = config(
        s,
        "FROM BASE\nENV A=b\nLABEL k=v \"two words\"=\"a b\"\nEXPOSE 80 53/udp 90-91\nUSER 1:2\n\
         VOLUME /v\nVOLUME [\"/w x\", \"/y\"]\nWORKDIR /d\nSTOPSIGNAL SIGUSR1\nENTRYPOINT [\"e\", \"f\"]\n\
         CMD c d\nSHELL [\"/s\", \"-x\"]\nONBUILD RUN x\nONBUILD COPY a b\n",
    )?;
    let want = json!({
        "Labels": {"k": "v", "two words": "a b"},
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}, "90/tcp": {}, "91/tcp": {}},
        "User": "1:2",
        "Volumes": {"/v": {}, "/w x": {}, "/y": {}},
        "WorkingDir": "/d",
        "StopSignal": "SIGUSR1",
        "Entrypoint": ["e", "f"],
        "Cmd": ["/bin/sh", "-c", "c d"],
        "Shell": ["/s", "-x"],
        "OnBuild": ["RUN x", "COPY a b"],
    });
    for (key, value) in want.as_object().into_iter().flatten() {
        equal!(config.get(key), Some(value), "Config.{key}");
    }
    Ok(())
}

fn entrypoint(s: &Session) -> Outcome {
    let seen = config(s, "FROM BASE\nENTRYPOINT [\"e\"]\n")?;
    equal!(seen["Cmd"], Value::Null, "Cmd of the base");
    let seen = config(s, "FROM BASE\nCMD [\"a\"]\nENTRYPOINT [\"e\"]\n")?;
    equal!(seen["Cmd"], json!(["a"]), "Cmd before it");
    let seen = config(s, "FROM BASE\nCMD [\"a\"]\nCMD [\"b\"]\n")?;
    equal!(seen["Cmd"], json!(["b"]), "the last CMD");
    let seen = config(s, "FROM BASE\nENTRYPOINT []\nCMD []\n")?;
    ensure!(
        seen["Cmd"] == json!([]) || seen["Cmd"].is_null(),
        "an empty CMD is {}",
        seen["Cmd"]
    );
    Ok(())
}

/// The environment that instructions gave, without PATH.
fn own_env(config: &Value) -> Vec<String> {
    let all = config["Env"].as_array().into_iter().flatten();
    let all = all.filter_map(|e| e.as_str().map(str::to_owned));
    all.filter(|e| !e.starts_with("PATH=")).collect()
}

fn env(s: &Session) -> Outcome {
    let seen = config(
        s,
        "FROM BASE\nENV A=1 B=\"two words\" C='single $A' D=a\\ b\nENV E the rest  of it\nENV A=3 F=$A\nENV G=\"$A\" H=\n",
    )?;
    equal!(
        own_env(&seen),
        [
            "A=3",
            "B=two words",
            "C=single $A",
            "D=a b",
            "E=the rest  of it",
            "F=1",
            "G=3",
            "H=",
        ],
        "Env"
    );
    Ok(())
}

fn variables(s: &Session) -> Outcome {
    let seen = config(
        s,
        "FROM BASE\nENV X=x EMPTY=\nENV A=${X} B=${X}y C=${NO:-d} D=${X:-d} E=${X:+p} F=${NO:+p} \
         G=\\$X H=${EMPTY:-d} I=$X$X J=${NO}end\nLABEL l=$X\nEXPOSE ${NO:-70}\nUSER $X\nVOLUME /$X\n\
         WORKDIR /$X\nSTOPSIGNAL ${NO:-9}\nCMD [\"$X\"]\nENTRYPOINT $X\n",
    )?;
    equal!(
        own_env(&seen)[2..],
        [
            "A=x", "B=xy", "C=d", "D=x", "E=p", "F=", "G=$X", "H=d", "I=xx", "J=end"
        ],
        "Env"
    );
    equal!(seen["Labels"], json!({"l": "x"}), "Labels");
    equal!(seen["ExposedPorts"], json!({"70/tcp": {}}), "ExposedPorts");
    equal!(seen["User"], "x", "User");
    equal!(seen["Volumes"], json!({"/x": {}}), "Volumes");
    equal!(seen["WorkingDir"], "/x", "WorkingDir");
    equal!(seen["StopSignal"], "9", "StopSignal");
    equal!(seen["Cmd"], json!(["$X"]), "Cmd");
    equal!(
        seen["Entrypoint"],
        json!(["/bin/sh", "-c", "$X"]),
        "Entrypoint"
    );
    Ok(())
}

fn workdir(s: &Session) -> Outcome {
    let text = "FROM BASE\nWORKDIR a\nWORKDIR b/../c\nENV D=d\nWORKDIR $D\nWORKDIR ./e/\n";
    let (id, _) = built(s, &Context::new(s, text), "")?;
    equal!(
        look(s, &id)?["Config"]["WorkingDir"],
        "/a/c/d/e",
        "WorkingDir"
    );
    equal!(output(s, &id, &["ls", "/a/c/d"])?, "e\n", "what was made");
    Ok(())
}

fn healthcheck(s: &Session) -> Outcome {
    let seen = config(
        s,
        "FROM BASE\nHEALTHCHECK --interval=5s --timeout=3s --start-period=1m --retries=4 CMD a b\n",
    )?;
    equal!(
        seen["Healthcheck"],
        json!({
            "Test": ["CMD-SHELL", "a b"],
            "Interval": 5_000_000_000_u64,
            "Timeout": 3_000_000_000_u64,
            "StartPeriod": 60_000_000_000_u64,
            "Retries": 4,
        }),
        "Healthcheck"
    );
    let seen = config(s, "FROM BASE\nHEALTHCHECK CMD [\"a\", \"b\"]\n")?;
    equal!(
        seen["Healthcheck"],
        json!({"Test": ["CMD", "a", "b"]}),
        "Healthcheck as a list"
    );
    let seen = config(s, "FROM BASE\nHEALTHCHECK NONE\n")?;
    equal!(seen["Healthcheck"], json!({"Test": ["NONE"]}), "NONE");
    Ok(())
}

fn shell(s: &Session) -> Outcome {
    let text = "FROM BASE\nSHELL [\"/bin/write\", \"/said\"]\nRUN a  b\nCMD c\n";
    let (id, _) = built(s, &Context::new(s, text), "")?;
    equal!(output(s, &id, &["cat", "/said"])?, "a  b", "what was run");
    equal!(
        look(s, &id)?["Config"]["Cmd"],
        json!(["/bin/write", "/said", "c"]),
        "Cmd"
    );
    Ok(())
}

fn run(s: &Session) -> Outcome {
    let text = "FROM BASE\nENV E=env\nARG A=arg\nRUN mkdir /open\nWORKDIR /tmp\n\
                RUN echo $E $A > seen\nUSER 1000\nRUN id\nRUN [\"ls\", \".\"]\n";
    let (id, lines) = built(s, &Context::new(s, text), "&nocache=1")?;
    equal!(
        output(s, &id, &["cat", "/tmp/seen"])?,
        "env arg\n",
        "the file"
    );
    let said = text_of(&lines);
    ensure!(
        said.contains("\n1000:0\n") || said.contains("\n1000:2000\n"),
        "{said}"
    );
    ensure!(said.contains("\nseen\n"), "{said}");
    Ok(())
}

fn text_of(lines: &[Value]) -> String {
    text(lines)
}

fn onbuild(s: &Session) -> Outcome {
    let base = s.name();
    let first = Context::new(
        s,
        "FROM BASE\nONBUILD RUN echo t > /trigger\nONBUILD ENV Z=1\n",
    );
    let (parent, _) = built(s, &first, &format!("&t={base}"))?;
    equal!(
        look(s, &parent)?["Config"]["OnBuild"],
        json!(["RUN echo t > /trigger", "ENV Z=1"]),
        "OnBuild"
    );
    let second = Context::empty().file("Dockerfile", &format!("FROM {base}\nENV Y=2\n"));
    let (id, lines) = built(s, &second, "&nocache=1")?;
    ensure!(
        text(&lines).contains("# Executing 2 build triggers\n"),
        "{}",
        text(&lines)
    );
    let seen = look(s, &id)?["Config"].clone();
    equal!(seen["OnBuild"], Value::Null, "OnBuild of the child");
    equal!(own_env(&seen), ["Z=1", "Y=2"], "Env");
    equal!(output(s, &id, &["cat", "/trigger"])?, "t\n", "the file");
    Ok(())
}

fn arg_before_from(s: &Session) -> Outcome {
    let text = format!(
        "ARG WHERE={}\nARG V=1\nFROM $WHERE\nENV A=[$V]\nARG V\nENV B=[$V]\nARG V=2\nENV C=[$V]\n",
        s.target.run
    );
    let seen = config(s, &text)?;
    equal!(own_env(&seen), ["A=[]", "B=[1]", "C=[2]"], "Env");
    Ok(())
}

fn from_stage(s: &Session) -> Outcome {
    let seen = config(
        s,
        "FROM BASE AS one\nENV A=1\nFROM one AS two\nENV B=2\nFROM two\nENV C=3\n",
    )?;
    equal!(own_env(&seen), ["A=1", "B=2", "C=3"], "Env");
    Ok(())
}

fn volume(s: &Session) -> Outcome {
    let text = "FROM BASE\nRUN mkdir /v\nRUN write /v/before x\nVOLUME /v\nRUN write /v/after x\n";
    let (id, _) = built(s, &Context::new(s, text), "")?;
    equal!(output(s, &id, &["ls", "/v"])?, "before\n", "files");
    Ok(())
}

fn directives(s: &Session) -> Outcome {
    let seen = config(
        s,
        "# escape=`\n\nFROM BASE\nENV A=a` b `\n  B=\\n\n  # in between\nENV C=c\n",
    )?;
    equal!(own_env(&seen), ["A=a b", "B=\\n", "C=c"], "Env with escape");
    let seen = config(
        s,
        "# syntax=docker/dockerfile:1\nFROM BASE\nENV A=1 \\\n# comment\n\n  B=2\n   ENV   C=3\nenv D=4\n",
    )?;
    equal!(own_env(&seen), ["A=1", "B=2", "C=3", "D=4"], "Env");
    let seen = config(s, "\u{feff}FROM BASE\r\nENV A=1 \\\r\n B=2\r\n")?;
    equal!(own_env(&seen), ["A=1", "B=2"], "Env with a BOM and CR LF");
    Ok(())
}

fn maintainer(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nMAINTAINER me  and you\n");
    let (id, _) = built(s, &context, "")?;
    equal!(look(s, &id)?["Author"], "me  and you", "Author");
    Ok(())
}

fn half_list(s: &Session) -> Outcome {
    let seen = config(s, "FROM BASE\nCMD [\"a]\n")?;
    equal!(seen["Cmd"], json!(["/bin/sh", "-c", "[\"a]"]), "Cmd");
    let seen = config(s, "FROM BASE\nCMD ['a']\n")?;
    equal!(seen["Cmd"], json!(["/bin/sh", "-c", "['a']"]), "Cmd");
    Ok(())
}

fn scratch(s: &Session) -> Outcome {
    let label = s.name();
    let (id, lines) = built(
        s,
        &Context::new(s, &format!("FROM scratch\nLABEL {label}=1\n")),
        "",
    )?;
    let seen = look(s, &id)?;
    equal!(seen["Size"], 0, "Size");
    equal!(seen["Parent"], "", "Parent");
    ensure!(
        text(&lines).starts_with("Step 1/2 : FROM scratch\n ---> \n"),
        "{}",
        text(&lines)
    );
    let said = fails(s, &Context::new(s, "FROM scratch\n"), "")?;
    equal!(
        said,
        "No image was generated. Is your Dockerfile empty?",
        "the error"
    );
    Ok(())
}

fn values(s: &Session) -> Outcome {
    for (instruction, text) in [
        ("EXPOSE x", "Invalid containerPort: x"),
        ("STOPSIGNAL nope", "Invalid signal: nope"),
        ("ENV $NO=y", "invalid environment variable: =y"),
        (
            "RUN --mount=type=cache,target=/x true",
            "the --mount option requires BuildKit",
        ),
    ] {
        let context = Context::new(s, &format!("FROM BASE\n{instruction}\n"));
        let said = fails(s, &context, "&forcerm=1")?;
        ensure!(said.contains(text), "{instruction}: {said:?}");
    }
    Ok(())
}

fn layers(s: &Session) -> Outcome {
    let text = "FROM BASE\nENV A=1\nRUN write /a 1\nLABEL k=v\nCOPY Dockerfile /b\nCMD [\"x\"]\nWORKDIR /new\nUSER 1\n";
    let (id, _) = built(s, &Context::new(s, text), "")?;
    let count = |id: &str| -> Outcome<usize> {
        let layers = look(s, id)?["RootFS"]["Layers"].clone();
        Ok(layers.as_array().map_or(0, Vec::len))
    };
    equal!(count(&id)?, count(&s.target.run)? + 3, "layers");
    Ok(())
}
