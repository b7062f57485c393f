//! `POST /build`, the classic builder: an area per matter, and what its cases
//! share.

use serde_json::{Value, json};

use super::images::{failure, fine, inspect::percent, look};
use crate::outcome::{Outcome, ensure};
use crate::session::{Answer, Session};

pub(super) mod cache;
pub(super) mod context;
pub(super) mod copy;
pub(super) mod dockerfile;
pub(super) mod query;
pub(super) mod stream;

/// What is sent: a Dockerfile and files beside it.
#[derive(Clone, Default)]
pub(super) struct Context(Vec<(String, Entry)>);

#[derive(Clone)]
enum Entry {
    File(u32, Vec<u8>),
    Directory,
    Link(String),
}

impl Context {
    /// Without a Dockerfile.
    pub(super) fn empty() -> Self {
        Self::default()
    }

    /// With a Dockerfile in which BASE is the judge's image, and UNIQUE what no
    /// other case has: the same steps are the same images, which a case removes
    /// at its end.
    pub(super) fn new(s: &Session, dockerfile: &str) -> Self {
        let text = dockerfile.replace("BASE", &s.target.run);
        let text = match text.contains("UNIQUE") {
            true => text.replace("UNIQUE", &s.name()),
            false => text,
        };
        Self::empty().file("Dockerfile", &text)
    }

    pub(super) fn file(self, name: &str, text: &str) -> Self {
        self.mode(0o644, name, text)
    }

    pub(super) fn mode(mut self, mode: u32, name: &str, text: &str) -> Self {
        let entry = Entry::File(mode, text.as_bytes().to_vec());
        self.0.push((name.to_owned(), entry));
        self
    }

    pub(super) fn bytes(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.0.push((name.to_owned(), Entry::File(0o644, bytes)));
        self
    }

    pub(super) fn directory(mut self, name: &str) -> Self {
        self.0.push((name.to_owned(), Entry::Directory));
        self
    }

    pub(super) fn link(mut self, name: &str, target: &str) -> Self {
        self.0
            .push((name.to_owned(), Entry::Link(target.to_owned())));
        self
    }

    /// The tar, whose files were changed at this time.
    pub(super) fn tar_of(&self, time: u64) -> Outcome<Vec<u8>> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, entry) in &self.0 {
            let mut header = tar::Header::new_gnu();
            header.set_mtime(time);
            match entry {
                Entry::File(mode, bytes) => {
                    header.set_mode(*mode);
                    header.set_size(bytes.len() as u64);
                    tar.append_data(&mut header, name, bytes.as_slice())?;
                }
                Entry::Directory => {
                    header.set_entry_type(tar::EntryType::Directory);
                    header.set_mode(0o755);
                    header.set_size(0);
                    tar.append_data(&mut header, name, std::io::empty())?;
                }
                Entry::Link(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.set_mode(0o777);
                    header.set_size(0);
                    tar.append_link(&mut header, name, target)?;
                }
            }
        }
        Ok(tar.into_inner()?)
    }

    pub(super) fn tar(&self) -> Outcome<Vec<u8>> {
        self.tar_of(1_500_000_000)
    }
}

/// Builds without a network; the query is added.
pub(super) fn build(s: &Session, context: &Context, query: &str) -> Outcome<Answer> {
    send(s, context.tar()?, query)
}

pub(super) fn send(s: &Session, body: Vec<u8>, query: &str) -> Outcome<Answer> {
    let path = format!("/build?networkmode=none{query}");
    let request = s.request("POST", &path);
    s.exchange(&request.body("application/x-tar", body))
}

/// A build that must do, and the image's ID.
pub(super) fn built(s: &Session, context: &Context, query: &str) -> Outcome<(String, Vec<Value>)> {
    finished(s, build(s, context, query)?)
}

pub(super) fn finished(s: &Session, answer: Answer) -> Outcome<(String, Vec<Value>)> {
    let lines = fine(answer)?;
    let mut ids = lines.iter().filter_map(|line| line["aux"]["ID"].as_str());
    let id = ids.next_back().ok_or("no aux with the ID")?.to_owned();
    ensure!(id.starts_with("sha256:") && id.len() == 71, "ID is {id}");
    s.owns_image(&id);
    Ok((id, lines))
}

/// The configuration of what a Dockerfile makes.
pub(super) fn config(s: &Session, dockerfile: &str) -> Outcome<Value> {
    let (id, _) = built(s, &Context::new(s, dockerfile), "")?;
    Ok(look(s, &id)?["Config"].clone())
}

/// The error in which a build ends.
pub(super) fn fails(s: &Session, context: &Context, query: &str) -> Outcome<String> {
    failure(build(s, context, query)?)
}

/// The text of all `stream` lines.
pub(super) fn text(lines: &[Value]) -> String {
    lines.iter().filter_map(|l| l["stream"].as_str()).collect()
}

/// What a program of an image writes.
pub(super) fn output(s: &Session, image: &str, command: &[&str]) -> Outcome<String> {
    let id = s.run(command, json!({"Image": image, "Entrypoint": []}))?;
    let code = s.wait(&id)?;
    let logs = s.get(&format!("/containers/{id}/logs?stdout=1&stderr=1"))?;
    let logs = crate::frames::split(&logs.expect(200)?.body)?;
    ensure!(code == 0, "{command:?} ended with {code}: {}", logs.stderr);
    Ok(logs.stdout)
}

/// A query parameter with JSON.
pub(super) fn parameter(name: &str, value: &Value) -> String {
    format!("&{name}={}", percent(&value.to_string()))
}
