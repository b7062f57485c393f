//! The containers and networks of one engine, more and more of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{NETWORKS, post};
use crate::bench::engine::{self, Containers, Engine, IMAGE};
use crate::bench::interrupt;

const LIST: &str = "/v1.40/containers/json?all=1";

/// They go when this is dropped, networks last.
pub(super) struct Population<'a> {
    containers: Containers<'a>,
    networks: Networks<'a>,
    running: usize,
}

/// Ids of networks.
struct Networks<'a> {
    engine: &'a Engine,
    ids: Vec<String>,
}

impl Drop for Networks<'_> {
    fn drop(&mut self) {
        let Ok(mut client) = self.engine.client() else {
            return;
        };
        for id in &self.ids {
            let path = format!("/v1.40/networks/{id}");
            let gone = client.call("DELETE", &path, "", b"");
            if let Err(problem) = gone.and_then(engine::json_or_empty) {
                eprintln!("{}: clean up: {problem}", self.engine.name());
            }
        }
    }
}

impl<'a> Population<'a> {
    /// The networks, with nobody on them.
    pub(super) fn new(engine: &'a Engine) -> Result<Self, String> {
        let mut population = Self {
            containers: engine.containers()?,
            networks: Networks {
                engine,
                ids: Vec::new(),
            },
            running: 0,
        };
        for number in 0..NETWORKS {
            let body = json!({
                "Name": network(number),
                "IPAM": { "Config": [{ "Subnet": format!("10.77.{number}.0/24") }] },
            });
            let client = &mut population.containers.client;
            let made = post(client, "/v1.40/networks/create", &body)?;
            let id = made["Id"].as_str().ok_or("network: no Id")?;
            population.networks.ids.push(id.to_owned());
        }
        Ok(population)
    }

    /// How many containers there are.
    pub(super) fn len(&self) -> usize {
        self.containers.ids.len()
    }

    /// Creates containers until there are `count`, and starts them until so many
    /// run.
    pub(super) fn grow(
        &mut self,
        count: usize,
        running: usize,
        end: Instant,
    ) -> Result<(), String> {
        while self.len() < count {
            in_time(end)?;
            let number = self.len();
            let path = format!("/v1.40/containers/create?name={}", container(number));
            let client = &mut self.containers.client;
            let made = post(client, &path, &body(number))?;
            let id = made["Id"].as_str().ok_or("create: no Id")?;
            self.containers.ids.push(id.to_owned());
        }
        while self.running < running {
            in_time(end)?;
            let id = self.containers.ids[self.running].clone();
            engine::start(&mut self.containers.client, &id)?;
            self.running += 1;
        }
        Ok(())
    }

    /// The time of one list of all.
    pub(super) fn list(&mut self) -> Result<Duration, String> {
        let begin = Instant::now();
        let (status, _) = self.containers.client.count("GET", LIST)?;
        let time = begin.elapsed();
        match status {
            200 => Ok(time),
            _ => Err(format!("{LIST}: {status}")),
        }
    }

    /// The time of one more container's creation; it goes again.
    pub(super) fn create_one_more(&mut self) -> Result<Duration, String> {
        let number = self.len();
        let client = &mut self.containers.client;
        let begin = Instant::now();
        let made = post(client, "/v1.40/containers/create", &body(number))?;
        let time = begin.elapsed();
        let id = made["Id"].as_str().ok_or("create: no Id")?;
        let gone = client.call("DELETE", &format!("/v1.40/containers/{id}"), "", b"")?;
        engine::json_or_empty(gone)?;
        Ok(time)
    }

    /// The time in which a running container is connected to another network; it
    /// is disconnected again.
    pub(super) fn connect(&mut self) -> Result<Duration, String> {
        let last = self.running.checked_sub(1).ok_or("nothing runs")?;
        let on = json!({ "Container": self.containers.ids[last] });
        let path = format!("/v1.40/networks/{}", network(last / 2 + 1));
        let client = &mut self.containers.client;
        let begin = Instant::now();
        post(client, &format!("{path}/connect"), &on)?;
        let time = begin.elapsed();
        post(client, &format!("{path}/disconnect"), &on)?;
        Ok(time)
    }

    /// The process id of the first container, and the name of the newest that
    /// runs on the same network.
    pub(super) fn pair(&mut self) -> Result<(i32, String), String> {
        let path = format!("/v1.40/containers/{}/json", self.containers.ids[0]);
        let client = &mut self.containers.client;
        let seen = engine::json_or_empty(client.call("GET", &path, "", b"")?)?;
        let pid = seen["State"]["Pid"]
            .as_i64()
            .and_then(|pid| pid.try_into().ok());
        let pid = pid.filter(|pid| *pid > 0).ok_or("the first does not run")?;
        let rounds = self.running.saturating_sub(2) / (2 * NETWORKS);
        Ok((pid, container(rounds * 2 * NETWORKS + 1)))
    }
}

fn in_time(end: Instant) -> Result<(), String> {
    interrupt::check()?;
    match Instant::now() < end {
        true => Ok(()),
        false => Err("not reached in time".to_owned()),
    }
}

/// Networks come again and again.
fn network(number: usize) -> String {
    format!("scale-net-{}", number % NETWORKS)
}

fn container(number: usize) -> String {
    format!("scale-{number}")
}

fn body(number: usize) -> Value {
    json!({
        "Image": IMAGE,
        "Cmd": ["sleep", "1000000"],
        // Two by two, so that nobody is ever alone.
        "HostConfig": { "NetworkMode": network(number / 2) },
    })
}
