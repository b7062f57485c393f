//! COPY and ADD.

use serde_json::json;

use super::{Context, built, fails, output};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::cases::images::{imported, layer, look};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;
use crate::stub::Told;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "places",
        "COPY: files and directories, to files and directories",
        places,
    ),
    (Must, "globs", "COPY: patterns", globs),
    (
        Must,
        "lists",
        "COPY: the JSON form, for blanks in names",
        json_form,
    ),
    (
        Must,
        "refusals",
        "COPY: what is not there, many to a file",
        refusals,
    ),
    (
        Must,
        "owner",
        "COPY --chown: numbers, and names of the image; root without",
        owner,
    ),
    (
        Must,
        "mode-and-time",
        "COPY: mode and time of the file stay",
        mode_and_time,
    ),
    (Must, "links", "COPY: links are copied as links", links),
    (
        Must,
        "through-links-of-the-image",
        "COPY: to where a link in the image leads, inside the image",
        through_links,
    ),
    (
        Must,
        "from",
        "COPY --from: a stage by name or number, an image",
        from,
    ),
    (
        Must,
        "add-unpacks",
        "ADD: a local archive is unpacked, a remote one is not",
        unpacks,
    ),
    (
        Must,
        "add-url",
        "ADD: a URL, named by its path, mode 600",
        url,
    ),
    (
        Quirk,
        "variables",
        "COPY: variables in sources and destination",
        variables,
    ),
    (
        Quirk,
        "chmod",
        "COPY --chmod: needs BuildKit, or is done",
        chmod,
    ),
];

fn places(s: &Session) -> Outcome {
    let context = Context::new(
        s,
        "FROM BASE\nCOPY f /one\nCOPY f /dir/\nCOPY f g /many/\nCOPY d /tree\nCOPY d/ /tree2/\n\
         COPY d g /both/\nWORKDIR /w\nCOPY f rel\nCOPY f ./\nCOPY . /all/\nCOPY f /tree/\n",
    )
    .file("f", "F")
    .file("g", "G")
    .directory("d")
    .file("d/h", "H")
    .directory("d/e")
    .file("d/e/i", "I");
    let (id, _) = built(s, &context, "")?;
    for (path, want) in [
        ("/one", "F"),
        ("/dir/f", "F"),
        ("/many/f", "F"),
        ("/many/g", "G"),
        ("/tree/h", "H"),
        ("/tree/e/i", "I"),
        ("/tree/f", "F"),
        ("/tree2/e/i", "I"),
        ("/both/h", "H"),
        ("/both/g", "G"),
        ("/w/rel", "F"),
        ("/w/f", "F"),
        ("/all/d/e/i", "I"),
        ("/all/Dockerfile", ""),
    ] {
        let seen = output(s, &id, &["cat", path])?;
        if !want.is_empty() {
            equal!(seen, want, "{path}");
        }
    }
    Ok(())
}

fn globs(s: &Session) -> Outcome {
    let context = Context::new(
        s,
        "FROM BASE\nCOPY *.txt /a/\nCOPY f?.md /b/\nCOPY d*/x /c/\nCOPY [fg]1.md /d/\nCOPY z[^a] /f/\n",
    )
    .file("one.txt", "")
    .file("two.txt", "")
    .file("f1.md", "")
    .file("f22.md", "")
    .file("g1.md", "")
    .directory("d1")
    .file("d1/x", "1")
    .directory("d2")
    .file("d2/y", "2")
    .file("za", "")
    .file("zb", "");
    let (id, _) = built(s, &context, "")?;
    for (place, want) in [
        ("/a", "one.txt\ntwo.txt\n"),
        ("/b", "f1.md\n"),
        ("/c", "x\n"),
        ("/d", "f1.md\ng1.md\n"),
        ("/f", "zb\n"),
    ] {
        equal!(output(s, &id, &["ls", place])?, want, "files in {place}");
    }
    Ok(())
}

fn json_form(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nCOPY [\"a b\", \"c\", \"/d e/\"]\n")
        .file("a b", "")
        .file("c", "");
    let (id, _) = built(s, &context, "")?;
    equal!(output(s, &id, &["ls", "/d e"])?, "a b\nc\n", "files");
    Ok(())
}

fn refusals(s: &Session) -> Outcome {
    for (instruction, text) in [
        (
            "COPY nosuch /x",
            "COPY failed: file not found in build context or excluded by .dockerignore: stat nosuch: file does not exist",
        ),
        (
            "ADD nosuch /x",
            "ADD failed: file not found in build context or excluded by .dockerignore: stat nosuch: file does not exist",
        ),
        (
            "COPY *.none /",
            "COPY failed: no source files were specified",
        ),
        (
            "COPY f g /x",
            "When using COPY with more than one source file, the destination must be a directory and end with a /",
        ),
        (
            "ADD f g /x",
            "When using ADD with more than one source file, the destination must be a directory and end with a /",
        ),
        (
            "COPY ../f /x",
            "COPY failed: forbidden path outside the build context: ../f ()",
        ),
        ("COPY --from=9 f /x", "invalid from flag value 9"),
        ("ADD http://127.0.0.1:1/f /x", "connection refused"),
    ] {
        let context = Context::new(s, &format!("FROM BASE\n{instruction}\n"));
        let context = context.file("f", "").file("g", "");
        let answer = super::build(s, &context, "")?;
        let said = match answer.head.status {
            200 => crate::cases::images::failure(answer)?,
            _ => answer.text(),
        };
        ensure!(said.contains(text), "{instruction}: {said:?}");
    }
    Ok(())
}

/// `mode uid:gid time` of a file, as the archive of a container has them.
fn facts(s: &Session, image: &str, path: &str) -> Outcome<(u32, u64, u64, u64)> {
    let id = s.create(&["x"], json!({"Image": image}))?;
    let archive = s
        .get(&format!("/containers/{id}/archive?path={path}"))?
        .expect(200)?;
    let mut tar = tar::Archive::new(archive.body.as_slice());
    let entry = tar.entries()?.next().ok_or("an empty archive")??;
    let header = entry.header();
    Ok((
        header.mode()? & 0o7777,
        header.uid()?,
        header.gid()?,
        header.mtime()?,
    ))
}

fn owner(s: &Session) -> Outcome {
    let context = Context::new(
        s,
        "FROM BASE\nUSER 5\nCOPY f /root\nCOPY --chown=3:4 f /numbers\nCOPY --chown=6 f /one\n\
         COPY --chown=learner:learners f /names\nCOPY --chown=7:8 d /dir/\nADD --chown=9:10 f /add\n",
    )
    .file("f", "")
    .directory("d")
    .file("d/f", "");
    let (id, _) = built(s, &context, "")?;
    for (path, uid, gid) in [
        ("/root", 0, 0),
        ("/numbers", 3, 4),
        ("/one", 6, 6),
        ("/names", 1000, 2000),
        ("/dir", 7, 8),
        ("/dir/f", 7, 8),
        ("/add", 9, 10),
    ] {
        let (_, user, group, _) = facts(s, &id, path)?;
        equal!((user, group), (uid, gid), "owner of {path}");
    }
    // A name alone is that of a group too.
    for name in ["nobodyhere", "learner", "0:nobodyhere"] {
        let text = format!("FROM BASE\nCOPY --chown={name} f /f\n");
        let said = fails(s, &Context::new(s, &text).file("f", ""), "")?;
        ensure!(
            said.contains("unable to convert uid/gid chown string to host mapping"),
            "{said:?}"
        );
    }
    Ok(())
}

fn mode_and_time(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nCOPY x y /d/\n")
        .mode(0o751, "x", "")
        .mode(0o600, "y", "");
    let (id, _) = built(s, &context, "")?;
    for (path, want) in [("/d/x", 0o751), ("/d/y", 0o600)] {
        let (mode, _, _, time) = facts(s, &id, path)?;
        equal!(mode, want, "mode of {path}");
        equal!(time, 1_500_000_000, "time of {path}");
    }
    let (mode, uid, gid, _) = facts(s, &id, "/d")?;
    equal!(
        (mode, uid, gid),
        (0o755, 0, 0),
        "the directory that was made"
    );
    Ok(())
}

fn links(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nCOPY d /d\n")
        .directory("d")
        .file("d/f", "F")
        .link("d/l", "f")
        .link("d/out", "/etc/marker");
    let (id, _) = built(s, &context, "")?;
    equal!(output(s, &id, &["cat", "/d/l"])?, "F", "through the link");
    equal!(
        output(s, &id, &["cat", "/d/out"])?,
        "conformance\n",
        "a link to the image's file"
    );
    Ok(())
}

fn through_links(s: &Session) -> Outcome {
    let name = s.name();
    let context = Context::new(
        s,
        "FROM scratch\nADD links.tar /\nCOPY f /link/\nCOPY f /up/g\n",
    )
    .file("f", &name);
    let mut tar = tar::Builder::new(Vec::new());
    for (path, target) in [("link", "/real"), ("up", "../../../../real")] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_mode(0o777);
        header.set_size(0);
        tar.append_link(&mut header, path, target)?;
    }
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(0o755);
    header.set_size(0);
    tar.append_data(&mut header, "real", std::io::empty())?;
    let context = context.bytes("links.tar", tar.into_inner()?);
    let (id, _) = built(s, &context, "")?;
    for path in ["/real/f", "/real/g"] {
        facts(s, &id, path)?;
    }
    Ok(())
}

fn from(s: &Session) -> Outcome {
    let name = s.name();
    imported(s, &name, "")?;
    let text = format!(
        "FROM BASE AS First\nRUN write /made here\nFROM scratch\nCOPY --from=first /made /by-name\n\
         COPY --from=0 /made /by-number\nCOPY --from={name} /file /of-image\nCOPY --from=first /etc /etc\n"
    );
    let (id, _) = built(s, &Context::new(s, &text), "")?;
    for path in ["/by-name", "/by-number", "/of-image", "/etc/marker"] {
        facts(s, &id, path)?;
    }
    let size = 8 + name.len();
    let seen = look(s, &id)?["Size"].as_u64().unwrap_or_default();
    ensure!(seen > size as u64, "Size is {seen}");
    let context = Context::new(
        s,
        "FROM BASE AS a\nFROM scratch\nCOPY --from=a /nosuch /x\n",
    );
    let said = fails(s, &context, "")?;
    ensure!(
        said.starts_with("COPY failed: stat ") && said.contains("nosuch"),
        "{said:?}"
    );
    Ok(())
}

fn unpacks(s: &Session) -> Outcome {
    use std::io::Write;
    let tar = layer(&[("in", "unpacked")])?;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&tar)?;
    let packed = encoder.finish()?;
    let afar = tar.clone();
    let stub = s.stub(move |_| Told::new(200, "application/x-tar", afar.clone()))?;
    let text = format!(
        "FROM BASE\nADD a.tar /a/\nADD b.tgz /b\nCOPY a.tar /c/\nADD http://{}/r.tar /d/\nADD not.tar /e/\n",
        stub.address
    );
    let context = Context::new(s, &text)
        .bytes("a.tar", tar)
        .bytes("b.tgz", packed)
        .file("not.tar", "only called so");
    let (id, _) = built(s, &context, "")?;
    for (place, want) in [
        ("/a", "in\n"),
        ("/b", "in\n"),
        ("/c", "a.tar\n"),
        ("/d", "r.tar\n"),
        ("/e", "not.tar\n"),
    ] {
        equal!(output(s, &id, &["ls", place])?, want, "files in {place}");
    }
    equal!(output(s, &id, &["cat", "/a/in"])?, "unpacked", "the file");
    Ok(())
}

fn url(s: &Session) -> Outcome {
    let stub = s.stub(|asked| match asked.path.as_str() {
        "/p/name.txt?q=1" | "/p/name.txt" => Told::new(200, "text/plain", "from afar")
            .header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT"),
        _ => Told::missing(),
    })?;
    let text = format!(
        "FROM BASE\nADD http://{0}/p/name.txt /dir/\nADD http://{0}/p/name.txt /file\n",
        stub.address
    );
    let (id, _) = built(s, &Context::new(s, &text), "")?;
    for path in ["/dir/name.txt", "/file"] {
        equal!(output(s, &id, &["cat", path])?, "from afar", "{path}");
        let (mode, uid, gid, time) = facts(s, &id, path)?;
        equal!((mode, uid, gid), (0o600, 0, 0), "mode and owner of {path}");
        equal!(time, 1_445_412_480, "time of {path}");
    }
    let text = format!("FROM BASE\nADD http://{}/nosuch /x\n", stub.address);
    let said = fails(s, &Context::new(s, &text), "")?;
    ensure!(said.contains("404"), "{said:?}");
    Ok(())
}

fn variables(s: &Session) -> Outcome {
    let context = Context::new(
        s,
        "FROM BASE\nENV N=f D=/there\nARG A=g\nCOPY $N ${A} $D/\nCOPY ${X:-f} ${D}2/\\$x\n",
    )
    .file("f", "F")
    .file("g", "G");
    let (id, _) = built(s, &context, "")?;
    equal!(output(s, &id, &["ls", "/there"])?, "f\ng\n", "files");
    equal!(output(s, &id, &["ls", "/there2"])?, "$x\n", "files");
    Ok(())
}

fn chmod(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nCOPY --chmod=711 f /f\n").file("f", "");
    let answer = super::build(s, &context, "")?;
    if answer.text().contains("errorDetail") {
        let said = crate::cases::images::failure(answer)?;
        ensure!(
            said.contains("the --chmod option requires BuildKit"),
            "{said:?}"
        );
        return Ok(());
    }
    let (id, _) = super::finished(s, answer)?;
    equal!(facts(s, &id, "/f")?.0, 0o711, "mode");
    Ok(())
}
