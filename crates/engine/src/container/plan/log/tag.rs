//! The `tag` option: a Go template over what is known of a container.
//!
//! Of the language there are fields, with blanks and trim marks around them; what
//! else a template may have in Go is refused.

use crate::container::record::Record;
use crate::error::Result;

use super::options::at_start;

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Id,
    FullId,
    Name,
    FullName,
    ImageId,
    ImageFullId,
    ImageName,
    Command,
    DaemonName,
}

/// What templates and log servers say of a container.
pub(super) struct Facts<'a> {
    pub(super) record: &'a Record,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Template> {
        let wrong = |what: String| at_start(&format!("template: log-tag:1: {what}"));
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (action, after) = after
                .split_once("}}")
                .ok_or_else(|| wrong("unclosed action".into()))?;
            let (action, before) = match action.strip_prefix("- ") {
                Some(action) => (action, before.trim_end()),
                None => (action, before),
            };
            let (action, after) = match action.strip_suffix(" -") {
                Some(action) => (action, after.trim_start()),
                None => (action, after),
            };
            let action = action.trim();
            let field = Field::parse(action)
                .ok_or_else(|| wrong(format!("can't evaluate <{action}>: no such field")))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Field(field));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Template(parts))
    }

    pub(super) fn expand(&self, facts: &Facts<'_>) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Field(field) => facts.get(*field),
        });
        parts.collect()
    }
}

impl Field {
    fn parse(action: &str) -> Option<Field> {
        Some(match action {
            ".ID" => Field::Id,
            ".FullID" | ".ContainerID" => Field::FullId,
            ".Name" => Field::Name,
            ".FullName" | ".ContainerName" => Field::FullName,
            ".ImageID" => Field::ImageId,
            ".ImageFullID" | ".ContainerImageID" => Field::ImageFullId,
            ".ImageName" | ".ContainerImageName" => Field::ImageName,
            ".Command" => Field::Command,
            ".DaemonName" => Field::DaemonName,
            _ => return None,
        })
    }
}

impl Facts<'_> {
    pub(super) fn short_id(&self) -> &str {
        self.record.id.get(..12).unwrap_or(&self.record.id)
    }

    pub(super) fn command(&self) -> String {
        let config = &self.record.config;
        let words = [&config.entrypoint, &config.cmd];
        let words = words.into_iter().flatten().flat_map(|list| list.0.iter());
        words.cloned().collect::<Vec<String>>().join(" ")
    }

    fn get(&self, field: Field) -> String {
        let record = self.record;
        match field {
            Field::Id => self.short_id().to_owned(),
            Field::FullId => record.id.clone(),
            Field::Name => record.name.clone(),
            Field::FullName => format!("/{}", record.name),
            Field::ImageId => record.image.chars().take(12).collect(),
            Field::ImageFullId => record.image.clone(),
            Field::ImageName => record.config.image.clone(),
            Field::Command => self.command(),
            Field::DaemonName => "docker".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use longshore_api::scalar::StrList;

    use super::*;

    #[test]
    fn fields_between_text() {
        let record = Record::new(
            "0123456789abcdef".into(),
            "web".into(),
            "sha256:fedcba9876".into(),
            longshore_api::types::ContainerConfig {
                image: "app:1".into(),
                cmd: Some(StrList(vec!["run".into(), "it".into()])),
                ..Default::default()
            },
            Default::default(),
            BTreeMap::new(),
        );
        let expand = |text| {
            let template = Template::parse(text).expect(text);
            template.expand(&Facts { record: &record })
        };
        assert_eq!(expand("plain"), "plain");
        assert_eq!(
            expand("{{.ImageName}}/{{ .Name }}/{{.ID}}"),
            "app:1/web/0123456789ab"
        );
        assert_eq!(expand("a {{- .FullName -}} b"), "a/webb");
        assert_eq!(expand("{{.ImageID}} {{.Command}}"), "sha256:fedcb run it");
    }

    #[test]
    fn what_is_no_field_is_refused() {
        for bad in ["{{", "{{.Foo}}", "{{if .ID}}x{{end}}"] {
            let error = Template::parse(bad).expect_err(bad);
            assert!(
                error.message.contains("template: log-tag:1: "),
                "{}",
                error.message
            );
        }
    }
}
