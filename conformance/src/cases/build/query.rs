//! The parameters of a build.

use base64::Engine as _;
use serde_json::json;

use super::{Context, build, built, fails, finished, output, parameter, text};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::cases::images::push::{credentials, pushed};
use crate::cases::images::remote::Made;
use crate::cases::images::{fine, imported, look};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "names",
        "ImageBuild t: many, with and without a tag",
        names,
    ),
    (
        Must,
        "dockerfile",
        "ImageBuild dockerfile: another place in the context",
        dockerfile,
    ),
    (Must, "labels", "ImageBuild labels: a last LABEL", labels),
    (
        Must,
        "buildargs",
        "ImageBuild buildargs: ARG, its default, what needs none, null",
        arguments,
    ),
    (
        Must,
        "target",
        "ImageBuild target: by name in any case, and nothing beyond it",
        target,
    ),
    (
        Must,
        "limits",
        "ImageBuild memory, cpu…: of the containers that run",
        limits,
    ),
    (
        Must,
        "hosts-and-shm",
        "ImageBuild extrahosts, shmsize",
        hosts,
    ),
    (
        Must,
        "network-mode",
        "ImageBuild networkmode: that of the containers",
        network,
    ),
    (
        Must,
        "pull",
        "ImageBuild pull: the newest base, though one is here; podman#17778",
        pull,
    ),
    (
        Must,
        "from-a-registry",
        "ImageBuild: FROM pulls what is not here, and tells",
        from_registry,
    ),
    (
        Must,
        "registry-config",
        "ImageBuild: X-Registry-Config has a password for FROM",
        registry_config,
    ),
    (
        Must,
        "empty-values",
        "clients: platform=, target=, an empty remote",
        empty,
    ),
    (
        Quirk,
        "content-type",
        "podman#11022: the Content-Type does not matter",
        content_type,
    ),
    (
        Must,
        "version-2",
        "ImageBuild version=2 without a session, or with a builder that has none: an error in either way",
        version,
    ),
];

fn names(s: &Session) -> Outcome {
    let name = s.name();
    let context = Context::new(s, "FROM BASE\nCMD [\"UNIQUE\"]\n");
    let query = format!("&t={name}&t={name}:b&t={name}:b&t=docker.io/library/{name}:c");
    let (id, lines) = built(s, &context, &query)?;
    equal!(
        look(s, &id)?["RepoTags"],
        json!([
            format!("{name}:b"),
            format!("{name}:c"),
            format!("{name}:latest")
        ]),
        "RepoTags"
    );
    let said = text(&lines);
    ensure!(
        said.contains(&format!(
            "Successfully tagged {name}:latest\nSuccessfully tagged {name}:b\n"
        )),
        "{said}"
    );
    Ok(())
}

fn dockerfile(s: &Session) -> Outcome {
    let base = &s.target.run;
    let context = Context::new(s, "FROM BASE\nENV A=root\n")
        .directory("d")
        .file("d/Other", &format!("FROM {base}\nENV A=other\n"));
    for (query, want) in [
        ("", "root"),
        ("&dockerfile=", "root"),
        ("&dockerfile=Dockerfile", "root"),
        ("&dockerfile=d/Other", "other"),
        ("&dockerfile=./d/Other", "other"),
        ("&dockerfile=/d/Other", "other"),
    ] {
        let (id, _) = built(s, &context, query)?;
        let env = look(s, &id)?["Config"]["Env"].to_string();
        ensure!(env.contains(&format!("A={want}")), "{query:?}: {env}");
    }
    // In small letters, where the other is not there.
    let small = Context::empty().file("dockerfile", &format!("FROM {base}\nENV A=small\n"));
    built(s, &small, "")?;
    Ok(())
}

fn labels(s: &Session) -> Outcome {
    let labels = parameter("labels", &json!({"c": "d", "a": "e"}));
    let context = Context::new(s, "FROM BASE\nLABEL a=b\n");
    let (id, lines) = built(s, &context, &labels)?;
    equal!(
        look(s, &id)?["Config"]["Labels"],
        json!({"a": "e", "c": "d"}),
        "Labels"
    );
    let said = text(&lines);
    ensure!(
        said.contains(" : LABEL a=e\n") && said.contains(" : LABEL c=d\n"),
        "{said}"
    );
    Ok(())
}

fn arguments(s: &Session) -> Outcome {
    let context = Context::new(
        s,
        "ARG IMAGE\nARG TAG=nosuch\nFROM ${IMAGE}:$TAG\nARG A=default\nARG B=default\nARG C\nARG N=default\n\
         RUN echo \"$A-$B-$C-$N-$HTTP_PROXY-$TAG-\" > /seen\nENV D=$A\n",
    );
    let arguments = parameter(
        "buildargs",
        &json!({"IMAGE": s.target.run, "TAG": "latest", "B": "given", "HTTP_PROXY": "p", "N": null}),
    );
    let (id, _) = built(s, &context, &arguments)?;
    let seen = output(s, &id, &["cat", "/seen"])?;
    equal!(seen, "default-given--default-p--\n", "what RUN sees");
    let config = look(s, &id)?["Config"].clone();
    let env = config["Env"].to_string();
    ensure!(
        env.contains("D=default") && !env.contains("given") && !env.contains("PROXY"),
        "Env is {env}"
    );
    Ok(())
}

fn target(s: &Session) -> Outcome {
    let context = Context::new(
        s,
        "FROM BASE AS one\nENV S=1\nFROM BASE AS Two\nENV S=2\nFROM BASE\nRUN exit 1\n",
    );
    for (target, steps, want) in [("one", 2, "S=1"), ("two", 4, "S=2")] {
        let (id, lines) = built(s, &context, &format!("&target={target}"))?;
        let env = look(s, &id)?["Config"]["Env"].to_string();
        ensure!(env.contains(want), "{target}: {env}");
        let said = text(&lines);
        ensure!(
            said.contains(&format!("Step {steps}/{steps} : ENV {want}\n")),
            "{target}: {said}"
        );
    }
    build(s, &context, "&target=nosuch")?
        .expect_error(400, "failed to reach build target nosuch in Dockerfile")?;
    Ok(())
}

/// The container that a failed RUN leaves.
fn failed_container(s: &Session, query: &str) -> Outcome<serde_json::Value> {
    let context = Context::new(s, "FROM BASE\nRUN exit 1\n");
    let answer = build(s, &context, query)?.expect(200)?;
    let said = text(&crate::cases::images::lines(&answer)?);
    let id = said.split("Running in ").nth(1).and_then(|r| r.get(..12));
    let id = id.ok_or_else(|| format!("nothing ran: {}", answer.text()))?;
    let seen = s.inspect(id)?;
    s.call("DELETE", &format!("/containers/{id}?force=1"))?
        .expect(204)?;
    Ok(seen["HostConfig"].clone())
}

fn limits(s: &Session) -> Outcome {
    let seen = failed_container(
        s,
        "&memory=67108864&memswap=134217728&cpushares=500&cpuperiod=50000&cpuquota=25000\
         &cpusetcpus=0&ulimits=%5B%7B%22Name%22%3A%22nofile%22%2C%22Hard%22%3A99%2C%22Soft%22%3A88%7D%5D",
    )?;
    for (field, want) in [
        ("Memory", json!(67_108_864)),
        ("MemorySwap", json!(134_217_728)),
        ("CpuShares", json!(500)),
        ("CpuPeriod", json!(50_000)),
        ("CpuQuota", json!(25_000)),
        ("CpusetCpus", json!("0")),
        (
            "Ulimits",
            json!([{"Name": "nofile", "Hard": 99, "Soft": 88}]),
        ),
    ] {
        equal!(seen[field], want, "{field}");
    }
    let context = Context::new(s, "FROM BASE\nRUN true\n");
    let said = fails(s, &context, "&memory=1&nocache=1")?;
    ensure!(
        said.contains("Minimum memory limit allowed is 6MB"),
        "{said:?}"
    );
    Ok(())
}

fn hosts(s: &Session) -> Outcome {
    let seen = failed_container(
        s,
        "&extrahosts=a%3A1.2.3.4&extrahosts=b%3A5.6.7.8&shmsize=1048576",
    )?;
    equal!(seen["ShmSize"], 1_048_576, "ShmSize");
    equal!(
        seen["ExtraHosts"],
        json!(["a:1.2.3.4", "b:5.6.7.8"]),
        "ExtraHosts"
    );
    Ok(())
}

fn network(s: &Session) -> Outcome {
    let path = "/build?networkmode=host&forcerm=1&nocache=1";
    let context = Context::new(s, "FROM BASE\nRUN true\n");
    let request = s.request("POST", path);
    let request = request.body("application/x-tar", context.tar()?);
    finished(s, s.exchange(&request)?)?;
    let path = "/build?networkmode=nosuch&forcerm=1&nocache=1";
    let request = s.request("POST", path);
    let request = request.body("application/x-tar", context.tar()?);
    let said = crate::cases::images::failure(s.exchange(&request)?)?;
    ensure!(said.contains("network nosuch not found"), "{said:?}");
    equal!(
        failed_container(s, "")?["NetworkMode"],
        "none",
        "NetworkMode"
    );
    Ok(())
}

fn pull(s: &Session) -> Outcome {
    let registry = s.registry()?;
    let name = s.name();
    let old = Made::docker(&[&[("old", &name)]])?;
    let new = Made::docker(&[&[("new", &name)]])?;
    old.put(s, registry, &name, "latest")?;
    fine(s.post(&format!(
        "/images/create?fromImage={registry}/{name}&tag=latest"
    ))?)?;
    s.owns_image(&old.id);
    new.put(s, registry, &name, "latest")?;
    let text = format!("FROM {registry}/{name}\nLABEL l={name}\n");
    let context = Context::empty().file("Dockerfile", &text);
    let first =
        |id: &str| Ok::<_, crate::outcome::Stop>(look(s, id)?["RootFS"]["Layers"][0].clone());
    let (id, _) = built(s, &context, "")?;
    equal!(first(&id)?, first(&old.id)?, "the layer without pull");
    let (id, lines) = built(s, &context, "&pull=1")?;
    s.owns_image(&new.id);
    equal!(first(&id)?, first(&new.id)?, "the layer with pull");
    let pulled = lines
        .iter()
        .any(|l| l["status"] == format!("Pulling from {name}"));
    ensure!(pulled, "no line of the pull");
    Ok(())
}

fn from_registry(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let base = imported(s, &name, "&tag=one&changes=ENV%20A%3Db")?;
    pushed(s, &format!("{name}:one"))?;
    s.call("DELETE", &format!("/images/{base}?force=1"))?
        .expect(200)?;
    let text = format!("FROM {name}:one\nCMD [\"x\"]\n");
    let context = Context::empty().file("Dockerfile", &text);
    let (id, lines) = built(s, &context, "")?;
    equal!(look(s, &id)?["Parent"], base, "Parent");
    let last = format!("Status: Downloaded newer image for {name}:one");
    ensure!(
        lines.iter().any(|line| line["status"] == last),
        "no line {last:?}"
    );
    equal!(
        look(s, &format!("{name}:one"))?["Id"],
        base,
        "the base has its name"
    );
    let text = format!("FROM {name}:nosuch\n");
    let said = fails(s, &Context::empty().file("Dockerfile", &text), "")?;
    ensure!(
        said.contains(&format!("manifest for {name}:nosuch not found")),
        "{said:?}"
    );
    Ok(())
}

fn registry_config(s: &Session) -> Outcome {
    let private = s.private_registry()?;
    let name = format!("{}/{}", private.address, s.name());
    let base = imported(s, &name, "")?;
    let path = format!("/images/{name}/push?tag=latest");
    let auth = credentials(&private.user, &private.password);
    let request = s.request("POST", &path).header("X-Registry-Auth", &auth);
    fine(s.exchange(&request)?)?;
    s.call("DELETE", &format!("/images/{base}?force=1"))?
        .expect(200)?;
    let text = format!("FROM {name}\nCMD [\"x\"]\n");
    let context = Context::empty().file("Dockerfile", &text);
    let said = fails(s, &context, "")?;
    ensure!(said.contains("no basic auth credentials"), "{said:?}");
    let config = json!({
        &private.address: {"username": private.user, "password": private.password},
        "elsewhere:1": {"username": "x", "password": "y"},
    });
    let config = base64::engine::general_purpose::URL_SAFE.encode(config.to_string());
    let request = s.request("POST", "/build?networkmode=none");
    let request = request.header("X-Registry-Config", &config);
    let request = request.body("application/x-tar", context.tar()?);
    let (id, _) = finished(s, s.exchange(&request)?)?;
    equal!(look(s, &id)?["Parent"], base, "Parent");
    Ok(())
}

fn empty(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nCMD [\"UNIQUE\"]\n");
    let query = "&platform=&target=&remote=&t=&buildargs=&labels=&cachefrom=&ulimits=&q=false\
                 &squash=0&nocache=False&pull=false&memory=0&outputs=&version=1&isolation=";
    built(s, &context, query)?;
    let null = "&buildargs=null&labels=null&cachefrom=null&ulimits=null";
    built(s, &context, null)?;
    let empty = "&buildargs=%7B%7D&labels=%7B%7D&cachefrom=%5B%5D&ulimits=%5B%5D";
    built(s, &context, empty)?;
    Ok(())
}

fn content_type(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM BASE\nCMD [\"UNIQUE\"]\n");
    for kind in [
        "application/tar",
        "application/octet-stream",
        "text/plain",
        "application/json",
    ] {
        let request = s.request("POST", "/build?networkmode=none");
        finished(s, s.exchange(&request.body(kind, context.tar()?))?)?;
    }
    Ok(())
}

fn version(s: &Session) -> Outcome {
    let context = Context::new(s, "FROM scratch\nCOPY nosuch /\n");
    let answer = build(s, &context, "&version=2")?;
    let told = answer.head.status >= 400 || answer.text().contains("errorDetail");
    ensure!(told, "version 2 built what is not there: {}", answer.text());
    build(s, &context, "&version=3")?
        .expect_mistake(&s.target)?
        .expect_text("version")?;
    Ok(())
}
