//! `POST /images/create?fromSrc=`.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{event_names, fine, imported, layer, look};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;
use crate::stub::Told;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "import",
        "ImageCreate fromSrc: changes, message, lines ending CR LF",
        import,
    ),
    (
        Must,
        "without-a-name",
        "ImageCreate fromSrc: no repo, no name, whatever the tag",
        nameless,
    ),
    (
        Must,
        "again",
        "ImageCreate fromSrc: the name moves to the newer",
        again,
    ),
    (
        Must,
        "bad-changes",
        "ImageCreate fromSrc: bad changes are 400",
        bad_changes,
    ),
    (Must, "gzip", "ImageCreate fromSrc: a packed tar", |s| {
        packed(s, GZIP)
    }),
    (Must, "bzip2", "ImageCreate fromSrc: a packed tar", |s| {
        packed(s, BZIP2)
    }),
    (Must, "xz", "ImageCreate fromSrc: a packed tar", |s| {
        packed(s, XZ)
    }),
    (
        Must,
        "zstd",
        "ImageCreate fromSrc: a packed tar, since 23.0",
        |s| packed(s, ZSTD),
    ),
    (
        Must,
        "url",
        "ImageCreate fromSrc: a URL, with or without http://",
        url,
    ),
    (
        Must,
        "url-refused",
        "ImageCreate fromSrc: what the server says comes before the stream",
        url_refused,
    ),
    (
        Must,
        "nonsense",
        "ImageCreate fromSrc: what is no tar is an error",
        nonsense,
    ),
    (
        Quirk,
        "empty",
        "ImageCreate fromSrc: an empty body is an empty layer",
        empty,
    ),
    (Must, "event", "SystemEvents: import, after tag", event),
];

/// The same tar of a file with "packed" in it.
const GZIP: &str = "H4sIAAAAAAACA0vLzElloDEwAAIzExMwDQToNBCYMxgaGxobGRiZm4DEDQ1MDIwZFAwY6ABKi0sSixQUGIry80vwqSMkP0RBQWJydmoKF8MoGAWjYOQBACPFysAABgAA";
const BZIP2: &str = "QlpoOTFBWSZTWeAPOfwAAC97hMkQAEBAAH2AAARvLN4AAACASCAAVDVGTQaNDQwaI/VBoU8p6Q0GgBkE9IJ8TsQAjfAPibCJkELVKpoikHMAZqBJZMuoUFjBq+sX5qFXw7RCiVgLAtdYsBLLh+LuSKcKEhwB5z+A";
const XZ: &str = "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4AX/AEtdADMaSda2OCGvAe5uBXM7wPyAztG47Rc54CAiARhidA9jGeBkbXNZY7+Z5jREwWjXEBxZk0Lc0WC3TrXmnb9BaqNGh5sgyA5oNJUoAAAAXOQbkAmNBtMAAWeADAAAABXklC2xxGf7AgAAAAAEWVo=";
pub(super) const ZSTD: &str = "KLUv/WQABVUCAILDCxCg7dx0ft4BwP/pjVd/Zm4KBiixY56lc9Cq0Mg4ffX4Ptz/FnExwggu9y65U1sqCiCQmwf1K36OxhiA9gekOWZOMCjAeKJvHGPMQA==";

/// The digest of that tar.
pub(super) const DIFF_ID: &str =
    "sha256:ec41ec55899fa754190d8607fb6db2d45bee1e7becd0e1125f6ce7164550cb0c";

fn import(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(
        s,
        &name,
        "&tag=one&message=hello%20there&changes=ENV%20A%3Db&changes=CMD%20%5B%22x%22%5D",
    )?;
    let seen = look(s, &format!("{name}:one"))?;
    equal!(seen["Id"], id, "Id");
    equal!(seen["Comment"], "hello there", "Comment");
    equal!(seen["Config"]["Env"], json!(["A=b"]), "Env");
    equal!(seen["Config"]["Cmd"], json!(["x"]), "Cmd");
    Ok(())
}

fn nameless(s: &Session) -> Outcome {
    let id = imported(s, "", "&tag=one:two")?;
    let seen = look(s, &id)?;
    equal!(seen["RepoTags"], json!([]), "RepoTags");
    equal!(seen["Comment"], "Imported from -", "Comment");
    Ok(())
}

fn again(s: &Session) -> Outcome {
    let name = s.name();
    let first = imported(s, &name, "")?;
    let second = imported(s, &name, "&message=newer")?;
    ensure!(first != second, "the time of the import is in the image");
    equal!(look(s, &name)?["Id"], second, "Id of the name");
    let (first, second) = (look(s, &first)?, look(s, &second)?);
    equal!(first["RepoTags"], json!([]), "RepoTags of the older");
    equal!(
        first["RootFS"]["Layers"],
        second["RootFS"]["Layers"],
        "their only layer"
    );
    Ok(())
}

fn bad_changes(s: &Session) -> Outcome {
    let path = format!(
        "/images/create?fromSrc=-&repo={}&changes=FROM%20x",
        s.name()
    );
    let body = layer(&[("file", "x")])?;
    let request = s.request("POST", &path).body("application/x-tar", body);
    s.exchange(&request)?
        .expect_error(400, "from is not a valid change command")?;
    Ok(())
}

fn packed(s: &Session, bytes: &str) -> Outcome {
    let bytes = base64::engine::general_purpose::STANDARD.decode(bytes);
    let bytes = bytes.map_err(|e| e.to_string())?;
    let name = s.name();
    let path = format!("/images/create?fromSrc=-&repo={name}");
    let request = s.request("POST", &path).body("application/x-tar", bytes);
    let lines = fine(s.exchange(&request)?)?;
    let id = lines[0]["status"].as_str().unwrap_or_default();
    s.owns_image(id);
    equal!(look(s, id)?["Size"], "packed\n".len(), "Size");
    let made = s.create(&["x"], json!({"Image": name}))?;
    let archive = s
        .get(&format!("/containers/{made}/archive?path=/file"))?
        .expect(200)?;
    ensure!(archive.text().contains("packed\n"), "the file has no text");
    Ok(())
}

fn url(s: &Session) -> Outcome {
    let tar = layer(&[("file", "from afar")])?;
    let stub = s.stub(move |asked| match asked.path.as_str() {
        "/a/rootfs.tar" => Told::new(200, "application/x-tar", tar.clone()),
        _ => Told::missing(),
    })?;
    for scheme in ["http://", ""] {
        let name = s.name();
        let source = format!("{scheme}{}/a/rootfs.tar", stub.address);
        let path = format!("/images/create?fromSrc={source}&repo={name}");
        let lines = fine(s.post(&path)?)?;
        let url = format!("http://{}/a/rootfs.tar", stub.address);
        equal!(
            lines[0]["status"],
            format!("Downloading from {url}"),
            "the first line"
        );
        equal!(lines[1]["status"], "Importing", "the second line");
        let progress = &lines[1]["progressDetail"];
        ensure!(
            progress["total"].is_u64() && progress["current"].is_u64(),
            "progressDetail is {progress}"
        );
        let id = lines
            .last()
            .and_then(|l| l["status"].as_str())
            .unwrap_or("");
        s.owns_image(id);
        let seen = look(s, &name)?;
        equal!(seen["Id"], id, "Id");
        equal!(seen["Comment"], format!("Imported from {url}"), "Comment");
        equal!(seen["Size"], "from afar".len(), "Size");
    }
    Ok(())
}

fn url_refused(s: &Session) -> Outcome {
    let stub = s.stub(|_| Told::new(404, "text/plain", "nothing here"))?;
    let url = format!("http://{}/x", stub.address);
    s.post(&format!("/images/create?fromSrc={url}&repo={}", s.name()))?
        .expect_error(404, &format!("failed to GET {url} with status 404"))?;
    s.post("/images/create?fromSrc=http://127.0.0.1:1/x")?
        .expect_error(500, "connection refused")?;
    Ok(())
}

fn nonsense(s: &Session) -> Outcome {
    let name = s.name();
    let path = format!("/images/create?fromSrc=-&repo={name}");
    let request = s.request("POST", &path);
    let answer = s.exchange(&request.body("application/x-tar", "nonsense"))?;
    let told = answer.head.status >= 400 || answer.text().contains("errorDetail");
    ensure!(told, "nonsense was imported: {}", answer.text());
    s.get(&format!("/images/{name}/json"))?.expect(404)?;
    Ok(())
}

fn empty(s: &Session) -> Outcome {
    let name = s.name();
    let path = format!("/images/create?fromSrc=-&repo={name}");
    let lines = fine(s.post(&path)?)?;
    s.owns_image(lines[0]["status"].as_str().unwrap_or_default());
    let seen = look(s, &name)?;
    equal!(seen["Size"], 0, "Size");
    // The SHA-256 of nothing, or of the two empty blocks that end a tar.
    ensure!(seen["RootFS"]["Layers"][0].is_string(), "no layer");
    Ok(())
}

fn event(s: &Session) -> Outcome {
    let id = imported(s, &s.name(), "")?;
    let names = s.until("the event import", || {
        let names = event_names(s, "import", &id);
        Ok((!names.is_empty()).then_some(names))
    })?;
    equal!(names, [id.as_str()], "names");
    let actions = s.target.memory.of("image", &id);
    let actions: Vec<&Value> = actions.iter().map(|event| &event["Action"]).collect();
    equal!(actions, ["tag", "import"], "actions");
    Ok(())
}
