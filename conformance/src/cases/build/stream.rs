//! What a build tells.

use serde_json::{Value, json};

use super::{Context, build, built, fails, text};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::cases::images::{event_names, failure, lines, look, short};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "lines",
        "ImageBuild: Step, Running in, Removing, the short IDs, aux, Successfully",
        steps,
    ),
    (
        Must,
        "output",
        "ImageBuild: what goes to stderr is red",
        output,
    ),
    (
        Must,
        "stages",
        "ImageBuild: aux at the end of each stage",
        stages,
    ),
    (
        Must,
        "quiet",
        "ImageBuild q: the ID and nothing else",
        quiet,
    ),
    (
        Must,
        "failed-command",
        "ImageBuild: errorDetail with the code; podman#16360",
        failed,
    ),
    (
        Must,
        "no-such-program",
        "ImageBuild: a program that is not there",
        no_program,
    ),
    (
        Must,
        "nothing-is-left",
        "ImageBuild: no container after success, one after failure unless forcerm",
        left,
    ),
    (
        Must,
        "nothing-is-named",
        "ImageBuild: a failed build takes no name",
        unnamed,
    ),
    (
        Must,
        "history",
        "ImageHistory: what each instruction is written as",
        history,
    ),
    (
        Must,
        "image",
        "ImageInspect: parents, Container and ContainerConfig of what was built",
        image,
    ),
    (
        Must,
        "intermediates",
        "ImageList: only with all",
        intermediates,
    ),
    (Quirk, "event", "SystemEvents: tag of each name", event),
    (
        Must,
        "warnings",
        "ImageBuild: build arguments that nobody asked for",
        warnings,
    ),
];

/// The `stream` texts, with ID for what is one.
fn plain(lines: &[Value]) -> Vec<String> {
    let texts = lines.iter().filter_map(|l| l["stream"].as_str());
    texts.map(hide).collect()
}

fn hide(text: &str) -> String {
    let is_id = |word: &str| word.len() == 12 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let bare = word.trim_end();
        match is_id(bare) {
            true => word.replace(bare, "ID"),
            false => word.to_owned(),
        }
    });
    words.collect()
}

fn steps(s: &Session) -> Outcome {
    let name = s.name();
    let text = "FROM BASE\nRUN echo out\nCOPY f /f\nENV A=b\nCMD [\"x\"]\n";
    let context = Context::new(s, text).file("f", &name);
    let query = format!("&nocache=1&t={name}:one&t={name}:two");
    let (id, lines) = built(s, &context, &query)?;
    let from = hide(&format!("Step 1/5 : FROM {}", s.target.run));
    let one = format!("Successfully tagged {name}:one\n");
    let two = format!("Successfully tagged {name}:two\n");
    let want = [
        &from,
        "\n",
        " ---> ID\n",
        "Step 2/5 : RUN echo out",
        "\n",
        " ---> Running in ID\n",
        "out\n",
        "Removing intermediate container ID\n",
        " ---> ID\n",
        "Step 3/5 : COPY f /f",
        "\n",
        " ---> ID\n",
        "Step 4/5 : ENV A=b",
        "\n",
        " ---> Running in ID\n",
        "Removing intermediate container ID\n",
        " ---> ID\n",
        "Step 5/5 : CMD [\"x\"]",
        "\n",
        " ---> Running in ID\n",
        "Removing intermediate container ID\n",
        " ---> ID\n",
        "Successfully built ID\n",
        &one,
        &two,
    ];
    equal!(plain(&lines), want, "stream");
    let base = look(s, &s.target.run)?["Id"].clone();
    let base = short(base.as_str().unwrap_or_default()).to_owned();
    equal!(lines[2]["stream"], format!(" ---> {base}\n"), "the base");
    equal!(lines.len(), want.len() + 1, "lines");
    let aux = &lines[lines.len() - 4..lines.len() - 2];
    equal!(aux[0], json!({"aux": {"ID": id}}), "the line with aux");
    equal!(
        aux[1]["stream"],
        format!("Successfully built {}\n", short(&id)),
        "the line after it"
    );
    Ok(())
}

fn output(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nRUN lines 1\n");
    let (_, lines) = built(s, &context, "&nocache=1")?;
    let mut told = plain(&lines);
    told.sort();
    for want in ["out 1\n", "\u{1b}[91merr 1\n\u{1b}[0m"] {
        ensure!(told.iter().any(|t| t == want), "no {want:?} in {told:?}");
    }
    Ok(())
}

fn stages(s: &Session) -> Outcome {
    let context = Context::new(
        s,
        "FROM BASE AS one\nENV A=1\nFROM scratch\nCOPY --from=one /etc/marker /m\n",
    );
    let (id, lines) = built(s, &context, "")?;
    let ids: Vec<&str> = lines
        .iter()
        .filter_map(|l| l["aux"]["ID"].as_str())
        .collect();
    equal!(ids.len(), 2, "lines with aux");
    equal!(ids[1], id, "the last of them");
    s.owns_image(ids[0]);
    let said = text(&lines);
    ensure!(
        said.contains("Step 3/4 : FROM scratch\n ---> \nStep 4/4"),
        "scratch has no ID: {said}"
    );
    equal!(look(s, &id)?["Size"], "conformance\n".len(), "Size");
    Ok(())
}

fn quiet(s: &Session) -> Outcome {
    let name = s.name();
    let context = Context::new(s, "FROM BASE\nRUN echo out\n");
    let answer = build(s, &context, &format!("&q=1&t={name}"))?.expect(200)?;
    let id = look(s, &name)?["Id"].as_str().unwrap_or("").to_owned();
    s.owns_image(&id);
    equal!(
        Value::from(lines(&answer)?),
        json!([{"stream": format!("{id}\n")}]),
        "all lines"
    );
    // What goes wrong is told all the same.
    let context = Context::new(s, "FROM BASE\nRUN exit 3\n");
    let said = fails(s, &context, "&q=1")?;
    ensure!(said.contains("non-zero code: 3"), "{said:?}");
    Ok(())
}

fn failed(s: &Session) -> Outcome {
    for (command, shown) in [
        ("RUN exit 7", "/bin/sh -c exit 7"),
        ("RUN [\"exit\", \"7\"]", "exit 7"),
    ] {
        let context = Context::new(s, &format!("FROM BASE\n{command}\n"));
        let answer = build(s, &context, "&forcerm=1")?;
        let last = lines(&answer)?.last().cloned().unwrap_or_default();
        let text = format!("The command '{shown}' returned a non-zero code: 7");
        equal!(
            last,
            json!({"errorDetail": {"code": 7, "message": text}, "error": text}),
            "the last line"
        );
    }
    Ok(())
}

fn no_program(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nRUN [\"nosuchprogram\"]\n");
    let answer = build(s, &context, "&forcerm=1")?;
    let last = lines(&answer)?.last().cloned().unwrap_or_default();
    equal!(last["errorDetail"].get("code"), None, "code");
    let said = failure(answer)?;
    ensure!(
        said.contains("exec: \"nosuchprogram\": executable file not found in $PATH"),
        "{said:?}"
    );
    Ok(())
}

/// Is a container there whose ID begins like this?
fn is_there(s: &Session, short: &str) -> Outcome<bool> {
    let answer = s.get(&format!("/containers/{short}/json"))?;
    Ok(answer.head.status == 200)
}

fn left(s: &Session) -> Outcome {
    let running = |said: &str| -> Outcome<String> {
        let rest = said.split(" ---> Running in ").nth(1);
        let id = rest.and_then(|rest| rest.get(..12));
        Ok(id.ok_or("no line Running in")?.to_owned())
    };
    for (instruction, query, stays) in [
        ("RUN true", "&nocache=1", false),
        ("RUN true", "&nocache=1&rm=0", true),
        ("RUN true", "&nocache=1&rm=false&forcerm=true", false),
        ("RUN exit 1", "", true),
        ("RUN exit 1", "&forcerm=1", false),
        ("RUN exit 1", "&rm=0", true),
    ] {
        let context = Context::new(s, &format!("FROM BASE\n{instruction}\n"));
        let answer = build(s, &context, query)?.expect(200)?;
        let lines = lines(&answer)?;
        if let Some(id) = lines.iter().find_map(|l| l["aux"]["ID"].as_str()) {
            s.owns_image(id);
        }
        let container = running(&text(&lines))?;
        equal!(
            is_there(s, &container)?,
            stays,
            "{instruction} {query}: a container"
        );
        if stays {
            s.call("DELETE", &format!("/containers/{container}?force=1"))?
                .expect(204)?;
        }
    }
    Ok(())
}

fn unnamed(s: &Session) -> Outcome {
    let name = s.name();
    let context = Context::new(s, "FROM BASE\nRUN exit 1\n");
    fails(s, &context, &format!("&forcerm=1&t={name}"))?;
    s.get(&format!("/images/{name}/json"))?.expect(404)?;
    Ok(())
}

fn history(s: &Session) -> Outcome {
    let context = Context::new(
        s,
        "FROM BASE\nRUN echo a > /a\nRUN [\"touch\", \"/b\"]\nCOPY f g /d/\nADD f /f\nENV A=b C=d\n\
         LABEL k=v\nEXPOSE 80\nUSER 1\nWORKDIR /w\nVOLUME /v\nENTRYPOINT x y\nCMD [\"z\"]\n\
         STOPSIGNAL 9\nONBUILD RUN x\nARG P=1\nMAINTAINER me\nHEALTHCHECK NONE\nSHELL [\"/s\"]\n",
    );
    let context = context.file("f", "1").file("g", "2");
    let (id, _) = built(s, &context, "")?;
    let all = s
        .get(&format!("/images/{id}/history"))?
        .expect(200)?
        .json()?;
    let all = all.as_array().cloned().unwrap_or_default();
    let commands: Vec<&str> = all
        .iter()
        .rev()
        .filter_map(|entry| entry["CreatedBy"].as_str())
        .collect();
    let want = [
        "",
        "/bin/sh -c echo a > /a",
        "touch /b",
        "/bin/sh -c #(nop) COPY multi:* in /d/ ",
        "/bin/sh -c #(nop) ADD file:* in /f ",
        "/bin/sh -c #(nop)  ENV A=b C=d",
        "/bin/sh -c #(nop)  LABEL k=v",
        "/bin/sh -c #(nop)  EXPOSE 80",
        "/bin/sh -c #(nop)  USER 1",
        "/bin/sh -c #(nop) WORKDIR /w",
        "/bin/sh -c #(nop)  VOLUME [/v]",
        "/bin/sh -c #(nop)  ENTRYPOINT [\"/bin/sh\" \"-c\" \"x y\"]",
        "/bin/sh -c #(nop)  CMD [\"z\"]",
        "/bin/sh -c #(nop)  STOPSIGNAL 9",
        "/bin/sh -c #(nop)  ONBUILD RUN x",
        "/bin/sh -c #(nop)  ARG P=1",
        "/bin/sh -c #(nop)  MAINTAINER me",
        "/bin/sh -c #(nop)  HEALTHCHECK &{[\"NONE\"] \"0s\" \"0s\" \"0s\" '\\x00'}",
        "/s #(nop)  SHELL [/s]",
    ];
    equal!(commands.len(), want.len(), "entries in {commands:?}");
    for (got, want) in commands.iter().zip(want) {
        let fits = match want.split_once('*') {
            Some((before, after)) => {
                got.starts_with(before)
                    && got.ends_with(after)
                    && got.len() == before.len() + 64 + after.len()
            }
            None => *got == want,
        };
        ensure!(fits, "CreatedBy is {got:?}, expected {want:?}");
    }
    let sizes: Vec<i64> = all
        .iter()
        .rev()
        .filter_map(|e| e["Size"].as_i64())
        .collect();
    equal!(sizes[1..5], [2, 0, 2, 1], "Size of the steps with files");
    ensure!(
        sizes[5..].iter().all(|n| *n == 0),
        "Size of the others: {sizes:?}"
    );
    equal!(all[0]["Id"], id, "Id of the newest");
    ensure!(
        all[1]["Id"]
            .as_str()
            .is_some_and(|i| i.starts_with("sha256:")),
        "Id of its parent: {}",
        all[1]
    );
    Ok(())
}

fn image(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nLABEL k=v\nCMD [\"x\"]\n");
    let (id, _) = built(s, &context, "")?;
    let seen = look(s, &id)?;
    let parent = seen["Parent"].as_str().unwrap_or_default();
    let base = look(s, &s.target.run)?;
    equal!(
        look(s, parent)?["Parent"],
        base["Id"],
        "Parent of the parent"
    );
    equal!(seen["RootFS"], base["RootFS"], "RootFS without a new layer");
    equal!(seen["Config"]["Image"], parent, "Config.Image");
    equal!(seen["Config"]["Hostname"], "", "Config.Hostname");
    equal!(
        seen["ContainerConfig"]["Cmd"],
        json!(["/bin/sh", "-c", "#(nop) ", "CMD [\"x\"]"]),
        "ContainerConfig.Cmd"
    );
    equal!(
        seen["Container"].as_str().map(str::len),
        Some(64),
        "length of Container"
    );
    equal!(seen["Comment"], "", "Comment");
    Ok(())
}

fn intermediates(s: &Session) -> Outcome {
    let label = s.name();
    let text = format!("FROM BASE\nLABEL {label}=x\nENV A=1\nENV A=2\n");
    let (id, _) = built(s, &Context::new(s, &text), "")?;
    let list = |query: &str| -> Outcome<Vec<String>> {
        let filters = json!({"label": [label]});
        let filters = crate::cases::events::escape(&filters);
        let all = s
            .get(&format!("/images/json?filters={filters}{query}"))?
            .expect(200)?
            .json()?;
        let all = all.as_array().into_iter().flatten();
        Ok(all
            .filter_map(|i| i["Id"].as_str().map(str::to_owned))
            .collect())
    };
    equal!(list("")?, [id.as_str()], "images with the label");
    equal!(list("&all=1")?.len(), 3, "with all");
    Ok(())
}

fn event(s: &Session) -> Outcome {
    let name = s.name();
    let context = Context::new(s, "FROM BASE\nCMD [\"UNIQUE\"]\n").file("x", &name);
    let query = format!("&t={name}:a&t={name}:b");
    let (id, _) = built(s, &context, &query)?;
    s.until("two tag events", || {
        let names = event_names(s, "tag", &id);
        Ok((names == [format!("{name}:a"), format!("{name}:b")]).then_some(()))
    })
}

fn warnings(s: &Session) -> Outcome {
    let arguments = super::parameter("buildargs", &json!({"X": "1", "Y": "2"}));
    let context = Context::new(s, "FROM BASE\nARG X\nENV Z=$X\n");
    let (_, lines) = built(s, &context, &arguments)?;
    let said = text(&lines);
    ensure!(
        said.contains("[Warning] One or more build-args [Y] were not consumed\nSuccessfully built"),
        "{said}"
    );
    Ok(())
}
