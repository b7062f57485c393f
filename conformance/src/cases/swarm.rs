//! The swarm family of an engine that is in no swarm: always 503, never 404.

use serde_json::json;

use super::Level::Must;
use super::Row;
use crate::outcome::Outcome;
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (Must, "lists", "swarm: 503 on all lists", lists),
    (Must, "objects", "swarm: 503 on single objects", objects),
    (Must, "leave", "SwarmLeave: 503 when in none", leave),
];

const TEXT: &str = "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.";

fn lists(s: &Session) -> Outcome {
    for path in [
        "/swarm",
        "/nodes",
        "/services",
        "/tasks",
        "/secrets",
        "/configs",
    ] {
        s.get(path)?.expect_error(503, TEXT)?;
    }
    Ok(())
}

fn objects(s: &Session) -> Outcome {
    for path in [
        "/nodes/x",
        "/services/x",
        "/tasks/x",
        "/secrets/x",
        "/configs/x",
    ] {
        s.get(path)?.expect_error(503, TEXT)?;
    }
    let spec = json!({"Name": "x", "TaskTemplate": {"ContainerSpec": {"Image": "x"}}});
    s.post_json("/services/create", &spec)?
        .expect_error(503, TEXT)?;
    Ok(())
}

fn leave(s: &Session) -> Outcome {
    s.post("/swarm/leave")?
        .expect_error(503, "This node is not part of a swarm")?;
    Ok(())
}
