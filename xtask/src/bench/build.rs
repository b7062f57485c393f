//! Builds of ten steps: three commands, two copies, the rest words. Cold is
//! without the cache, cached is with every step in it.

use std::time::Instant;

use super::engine::Engine;
use super::row::{Bar, Probe, Row, Unit};
use crate::http::Client;

const NAME: &str = "bench-build";

const DOCKERFILE: &str = r#"FROM box
ENV MODE=bench
WORKDIR /app
COPY small /app/small
RUN ["touch", "/app/one"]
COPY tree /app/tree/
RUN ["mkdir", "/app/two"]
LABEL made=here
RUN ["touch", "/app/three"]
CMD ["ls", "/app"]
"#;

/// Files of the copied directory, and the length of each in bytes.
const TREE: (usize, usize) = (20, 10_000);

/// Every step is done.
pub(super) const COLD: Row = Row {
    name: "build-cold",
    what: "build of ten steps, nothing cached",
    unit: Unit::Milliseconds,
    bars: &[Bar::Dockerd(15.0)],
    rounds: 10,
    warm_up: 2,
    floor: false,
    containers: true,
    prepare: |engine| prepare(engine, "nocache=1"),
};

/// Every step is found.
pub(super) const CACHED: Row = Row {
    name: "build-cached",
    what: "the same, all cached",
    bars: &[Bar::Dockerd(10.0)],
    rounds: 30,
    prepare: |engine| prepare(engine, "nocache=0"),
    ..COLD
};

/// What builds leave, removed when it is dropped.
struct Built<'a> {
    engine: &'a Engine,
    client: Client,
}

impl Drop for Built<'_> {
    fn drop(&mut self) {
        // The connection may be in the middle of an answer.
        if let Ok(mut client) = self.engine.client() {
            let path = format!("/v1.40/images/{NAME}:latest?force=1");
            // The engine goes soon, with all that is left in it.
            let _ = client.call("DELETE", &path, "", b"");
            let _ = client.call("POST", "/v1.40/images/prune", "", b"");
        }
    }
}

fn prepare<'a>(engine: &'a Engine, query: &str) -> Result<Probe<'a>, String> {
    let context = context().map_err(|error| format!("context: {error}"))?;
    let path = format!("/v1.40/build?t={NAME}&{query}");
    let client = engine.client()?;
    let mut built = Built { engine, client };
    Ok(Box::new(move || {
        let begin = Instant::now();
        let call = built
            .client
            .call("POST", &path, "application/x-tar", &context);
        let (status, answer) = call?;
        let took = begin.elapsed();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        match status == 200 && answer.contains("Successfully tagged") {
            true => Ok((took.as_secs_f64() * 1e3).into()),
            false => Err(format!("{status}: {answer}")),
        }
    }))
}

fn context() -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |path: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content)
    };
    add("Dockerfile", DOCKERFILE.as_bytes())?;
    add("small", b"small\n")?;
    let (count, length) = TREE;
    for number in 0..count {
        let content = vec![b'a' + (number % 26) as u8; length];
        add(&format!("tree/{number}"), &content)?;
    }
    archive.into_inner()
}
