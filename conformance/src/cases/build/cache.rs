//! What a build takes from earlier ones.

use serde_json::{Value, json};

use super::{Context, built, finished, parameter, send, text};
use crate::cases::Level::Must;
use crate::cases::Row;
use crate::cases::images::fine;
use crate::cases::images::push::pushed;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "twice",
        "ImageBuild: the same image, Using cache; unless nocache",
        twice,
    ),
    (
        Must,
        "content-not-times",
        "ImageBuild: COPY goes by content, mode and owner, not by times",
        times,
    ),
    (
        Must,
        "content",
        "ImageBuild: another content is another layer, and all after it",
        content,
    ),
    (
        Must,
        "instruction",
        "ImageBuild: another instruction and all after it",
        instruction,
    ),
    (
        Must,
        "arguments",
        "ImageBuild: an argument that RUN sees",
        arguments,
    ),
    (
        Must,
        "other-parent",
        "ImageBuild: the same instruction on another parent",
        parent,
    ),
    (
        Must,
        "from-stage",
        "ImageBuild: COPY --from goes by content too",
        from_stage,
    ),
    (
        Must,
        "cachefrom",
        "ImageBuild cachefrom: steps of an image that was pulled",
        cache_from,
    ),
    (
        Must,
        "removed",
        "ImageBuild: what was removed is built anew",
        removed,
    ),
    (
        Must,
        "build-prune",
        "BuildPrune: null or ids, and a number",
        prune,
    ),
];

fn hits(lines: &[Value]) -> usize {
    text(lines).matches(" ---> Using cache\n").count()
}

fn twice(s: &Session) -> Outcome {
    let name = s.name();
    let text =
        format!("FROM BASE\nLABEL l={name}\nRUN echo a > /a\nCOPY f /f\nWORKDIR /w\nCMD [\"x\"]\n");
    let context = Context::new(s, &text).file("f", "1");
    let (first, lines) = built(s, &context, "")?;
    equal!(hits(&lines), 0, "steps from the cache");
    let (second, lines) = built(s, &context, "")?;
    equal!(hits(&lines), 5, "steps from the cache");
    equal!(second, first, "ID");
    ensure!(
        !super::text(&lines).contains("Running in"),
        "something ran: {}",
        super::text(&lines)
    );
    let (third, lines) = built(s, &context, "&nocache=1")?;
    equal!(hits(&lines), 0, "steps from the cache with nocache");
    ensure!(third != first, "nocache gives the same image");
    Ok(())
}

fn times(s: &Session) -> Outcome {
    let name = s.name();
    let context = Context::new(s, "FROM BASE\nCOPY . /d/\n")
        .file("f", &name)
        .directory("e")
        .file("e/g", "2");
    let (first, _) = finished(s, send(s, context.tar_of(1_000_000_000)?, "")?)?;
    let (second, lines) = finished(s, send(s, context.tar_of(1_600_000_000)?, "")?)?;
    equal!(hits(&lines), 1, "steps from the cache");
    equal!(second, first, "ID");
    let other = Context::new(s, "FROM BASE\nCOPY . /d/\n")
        .mode(0o755, "f", &name)
        .directory("e")
        .file("e/g", "2");
    let (third, lines) = built(s, &other, "")?;
    equal!(hits(&lines), 0, "steps from the cache with another mode");
    ensure!(third != first, "another mode gives the same image");
    Ok(())
}

fn content(s: &Session) -> Outcome {
    let name = s.name();
    let dockerfile = format!("FROM BASE\nLABEL l={name}\nCOPY f /f\nRUN true\n");
    let context = Context::new(s, &dockerfile);
    built(s, &context.clone().file("f", "1"), "")?;
    let (_, lines) = built(s, &context.clone().file("f", "2"), "")?;
    equal!(hits(&lines), 1, "steps from the cache");
    // What is not copied does not count.
    let more = context.file("f", "2").file("unused", "x");
    let (_, lines) = built(s, &more, "")?;
    equal!(hits(&lines), 3, "steps from the cache with an unused file");
    Ok(())
}

fn instruction(s: &Session) -> Outcome {
    let name = s.name();
    let dockerfile = |middle: &str| {
        let text = format!("FROM BASE\nLABEL l={name}\nENV A={middle}\nENV B=1\n");
        Context::new(s, &text)
    };
    built(s, &dockerfile("1"), "")?;
    let (_, lines) = built(s, &dockerfile("2"), "")?;
    equal!(hits(&lines), 1, "steps from the cache");
    let commented = Context::new(
        s,
        &format!("# a comment\nfrom BASE\nlabel l={name}\n\nENV \\\n A=2\nENV B=1\n"),
    );
    let (_, lines) = built(s, &commented, "")?;
    equal!(hits(&lines), 3, "steps from the cache in another writing");
    Ok(())
}

fn arguments(s: &Session) -> Outcome {
    let name = s.name();
    let text = format!("FROM BASE\nLABEL l={name}\nARG A\nRUN echo $A > /a\n");
    let context = Context::new(s, &text);
    let with = |value: &str| parameter("buildargs", &json!({"A": value}));
    built(s, &context, &with("1"))?;
    let (_, lines) = built(s, &context, &with("1"))?;
    equal!(hits(&lines), 3, "steps from the cache");
    let (id, lines) = built(s, &context, &with("2"))?;
    ensure!(
        super::text(&lines).contains("Running in"),
        "RUN with another argument is from the cache"
    );
    equal!(super::output(s, &id, &["cat", "/a"])?, "2\n", "the file");
    Ok(())
}

fn parent(s: &Session) -> Outcome {
    let name = s.name();
    for label in ["1", "2"] {
        let text = format!("FROM BASE\nLABEL l={name}{label}\nRUN true\n");
        let (_, lines) = built(s, &Context::new(s, &text), "")?;
        equal!(hits(&lines), 0, "steps from the cache");
    }
    Ok(())
}

fn from_stage(s: &Session) -> Outcome {
    let name = s.name();
    let dockerfile = |label: &str, content: &str| {
        let text = format!(
            "FROM BASE AS one\nLABEL l={label}\nRUN write /f {content}\n\
             FROM scratch\nLABEL l={name}\nCOPY --from=one /f /f\n"
        );
        Context::new(s, &text)
    };
    let (first, _) = built(s, &dockerfile("1", "same"), "")?;
    let (second, _) = built(s, &dockerfile("2", "same"), "")?;
    equal!(second, first, "ID with the same file of another stage");
    let (third, _) = built(s, &dockerfile("2", "other"), "")?;
    ensure!(third != first, "another file gives the same image");
    Ok(())
}

fn cache_from(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let text = format!("FROM BASE\nLABEL l={name}\nRUN echo a > /a\nCMD [\"x\"]\n");
    let context = Context::new(s, &text);
    let (first, _) = built(s, &context, &format!("&t={name}:cache"))?;
    pushed(s, &format!("{name}:cache"))?;
    s.call("DELETE", &format!("/images/{first}?force=1"))?
        .expect(200)?;
    fine(s.post(&format!("/images/create?fromImage={name}&tag=cache"))?)?;
    let sources = parameter(
        "cachefrom",
        &json!([format!("{name}:cache"), "nosuch:image"]),
    );
    let (second, lines) = built(s, &context, &sources)?;
    equal!(hits(&lines), 3, "steps from the image");
    equal!(second, first, "ID");
    Ok(())
}

fn removed(s: &Session) -> Outcome {
    let name = s.name();
    let context = Context::new(s, &format!("FROM BASE\nLABEL l={name}\nENV A=1\n"));
    let (first, _) = built(s, &context, "")?;
    s.call("DELETE", &format!("/images/{first}"))?.expect(200)?;
    let (second, lines) = built(s, &context, "")?;
    equal!(hits(&lines), 0, "steps from the cache");
    ensure!(second != first, "the time of the build is in the image");
    Ok(())
}

fn prune(s: &Session) -> Outcome {
    // Only what is older than this run: builds go on beside this.
    for more in ["", "&all=1", "&keep-storage=1000000000"] {
        let path = format!("/build/prune?filters=%7B%22until%22%3A%5B%221000h%22%5D%7D{more}");
        let gone = s.post(&path)?.expect(200)?.json()?;
        ensure!(
            gone["SpaceReclaimed"].is_u64()
                && (gone["CachesDeleted"].is_null() || gone["CachesDeleted"].is_array()),
            "the answer is {gone}"
        );
    }
    Ok(())
}
