//! Where a build's files come from.

use std::io::Write;

use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Context, build, built, fails, finished, output, send};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::cases::images::inspect::percent;
use crate::cases::images::look;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;
use crate::stub::Told;

pub(in crate::cases) const ROWS: &[Row] = &[
    (Must, "gzip", "ImageBuild: a packed context", gzip),
    (Must, "bzip2", "ImageBuild: a packed context", |s| {
        packed(s, BZIP2)
    }),
    (Must, "xz", "ImageBuild: a packed context", |s| {
        packed(s, XZ)
    }),
    (
        Quirk,
        "not-ignored",
        "ImageBuild: what .dockerignore names is the client's to leave out",
        not_ignored,
    ),
    (
        Must,
        "ignored-dockerfile",
        "ImageBuild: a Dockerfile that is ignored is read all the same, and not copied",
        ignored_dockerfile,
    ),
    (
        Must,
        "outside",
        "ImageBuild: no way out of the context, whatever it links to",
        outside,
    ),
    (
        Must,
        "remote-tar",
        "ImageBuild remote: a tar from afar",
        remote_tar,
    ),
    (
        Must,
        "remote-dockerfile",
        "ImageBuild remote: a Dockerfile from afar",
        remote_dockerfile,
    ),
    (
        Must,
        "remote-refused",
        "ImageBuild remote: 404, nobody there, no URL",
        remote_refused,
    ),
    (
        Quirk,
        "dockerfile-alone",
        "ImageBuild: the body must be a tar",
        no_tar,
    ),
];

/// A context with `Dockerfile`: FROM scratch, COPY Dockerfile /.
const BZIP2: &str = "QlpoOTFBWSZTWVJYnDgAADBfgcoQQAD9gA0C0SBrbJ5AIAAICCAAdBqEaBoDIDTQDNINEamQNAAaAAMW/GYDEBAL4c0LJCAMvNYkfc4NqOMwGKUAHrAXIhgQwTLxpPPQidZVxa7ZG6nHJp4AiBBIfAHBB4KTsMipMY3mN+LuSKcKEgpLE4cA";
const XZ: &str = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Af/AGNdACIbyGbcCWThplxBwkI3RQOJbBbt0m0mJS1uq9MmyRAirw1TEgJeO2aHCj0VWvrfITPsZuXS5mRAzVwRFOiXaGVMrIHPaQnc0TTWIho4+AYvUsrn3DRB5NMp1u2kmit7G3MAAAAArTnOVJPKTA4AAX+AEAAAAMSM3tixxGf7AgAAAAAEWVo=";

fn gzip(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nCOPY f /f\n").file("f", "packed");
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&context.tar()?)?;
    let (id, _) = finished(s, send(s, encoder.finish()?, "")?)?;
    equal!(output(s, &id, &["cat", "/f"])?, "packed", "the file");
    Ok(())
}

fn packed(s: &Session, bytes: &str) -> Outcome {
    let bytes = base64::engine::general_purpose::STANDARD.decode(bytes);
    let bytes = bytes.map_err(|e| e.to_string())?;
    let label = super::parameter("labels", &serde_json::json!({"l": s.name()}));
    let (id, _) = finished(s, send(s, bytes, &label)?)?;
    equal!(look(s, &id)?["Size"], 32, "Size");
    Ok(())
}

fn not_ignored(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nCOPY . /all\nCOPY a.log /\n")
        .file(".dockerignore", "*.log\n")
        .file("a.log", "");
    let (id, _) = built(s, &context, "")?;
    let seen = output(s, &id, &["ls", "/all"])?;
    equal!(seen, ".dockerignore\nDockerfile\na.log\n", "files");
    Ok(())
}

fn ignored_dockerfile(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nCOPY . /all\n")
        .file(".dockerignore", "Dockerfile\n.dockerignore\n")
        .file("f", "");
    let (id, _) = built(s, &context, "")?;
    equal!(output(s, &id, &["ls", "/all"])?, "f\n", "files");
    Ok(())
}

fn outside(s: &Session) -> Outcome {
    for source in ["../f", "d/../../f", "../../etc/hostname"] {
        let text = format!("FROM BASE\nCOPY {source} /x\n");
        let said = fails(s, &Context::new(s, &text).file("f", ""), "")?;
        ensure!(said.contains("COPY failed: "), "{source}: {said:?}");
    }
    // A link is copied for what it says, and leads nowhere on the way.
    let context = Context::new(s, "FROM BASE\nCOPY link/passwd /stolen\n").link("link", "/etc");
    let said = fails(s, &context, "")?;
    ensure!(said.contains("COPY failed: "), "{said:?}");
    let context = Context::new(s, "FROM BASE\nCOPY up/etc/passwd /stolen\n")
        .link("up", "../../../../../../../..");
    let said = fails(s, &context, "")?;
    ensure!(said.contains("COPY failed: "), "{said:?}");
    Ok(())
}

fn remote(s: &Session, url: &str) -> Outcome<crate::session::Answer> {
    let path = format!("/build?networkmode=none&remote={}", percent(url));
    s.post(&path)
}

fn remote_tar(s: &Session) -> Outcome {
    let name = s.name();
    let context = Context::new(s, "FROM BASE\nCOPY f /f\n").file("f", &name);
    let tar = context.tar()?;
    let stub = s.stub(move |asked| match asked.path.as_str() {
        "/c.tar" => Told::new(200, "application/x-tar", tar.clone()),
        _ => Told::missing(),
    })?;
    let answer = remote(s, &format!("http://{}/c.tar", stub.address))?;
    let (id, _) = finished(s, answer)?;
    equal!(output(s, &id, &["cat", "/f"])?, name, "the file");
    Ok(())
}

fn remote_dockerfile(s: &Session) -> Outcome {
    let text = format!("FROM {}\nCMD [\"from afar\"]\n", s.target.run);
    let stub = s.stub(move |_| Told::new(200, "text/plain", text.clone()))?;
    let answer = remote(s, &format!("http://{}/any/name", stub.address))?;
    let (id, _) = finished(s, answer)?;
    equal!(
        look(s, &id)?["Config"]["Cmd"],
        serde_json::json!(["from afar"]),
        "Cmd"
    );
    Ok(())
}

fn remote_refused(s: &Session) -> Outcome {
    let stub = s.stub(|_| Told::missing())?;
    let answer = remote(s, &format!("http://{}/x", stub.address))?;
    ensure!(answer.head.status >= 400, "{}", answer.text());
    answer.expect_text("status 404")?;
    let answer = remote(s, "http://127.0.0.1:1/x")?;
    answer.expect_text("error downloading remote context http://127.0.0.1:1/x")?;
    remote(s, "nosuch")?
        .expect_mistake(&s.target)?
        .expect_text("remoteURL (nosuch) could not be recognized as URL")?;
    Ok(())
}

fn no_tar(s: &Session) -> Outcome {
    let answer = send(s, b"FROM scratch\n".to_vec(), "")?;
    ensure!(answer.head.status >= 400, "{}", answer.text());
    let context = Context::empty().file("other", "x");
    let answer = build(s, &context, "")?;
    ensure!(answer.head.status >= 400, "{}", answer.text());
    answer.expect_text("Cannot locate specified Dockerfile: Dockerfile")?;
    Ok(())
}
