//! `--scale`: what one more costs when there are many already. Containers are
//! created up to a thousand, on twenty networks, two hundred of them running; at
//! each point four costs are measured, and they should not grow.
//!
//! ```text
//! population grows ─▶ list, create, connect, look-up ─▶ JSON ─▶ plot (SVG)
//! ```

mod look_up;
mod plot;
mod population;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::engine::{self, Engine};
use super::interrupt;
use crate::TaskResult;

use look_up::Asker;
use population::Population;

/// How many containers there are at each point.
const POINTS: &[usize] = &[10, 50, 100, 200, 500, 1000];

/// Of which so many run.
const RUNNING: usize = 200;

/// On so many networks.
const NETWORKS: usize = 20;

/// An engine that takes longer than this to come to the next point stays where
/// it is.
const PATIENCE: Duration = Duration::from_secs(900);

/// How often each cost is measured at each point.
const SAMPLES: usize = 9;
const LOOK_UPS: usize = 100;

/// What is measured, in milliseconds.
struct Cost {
    name: &'static str,
    what: &'static str,
}

const COSTS: [Cost; 4] = [
    Cost {
        name: "list",
        what: "list of all containers, for each of them",
    },
    Cost {
        name: "create",
        what: "create a container",
    },
    Cost {
        name: "connect",
        what: "connect a running container to a network",
    },
    Cost {
        name: "look-up",
        what: "look up a container's name in another",
    },
];

/// One engine's costs at the points that it reached, in milliseconds.
struct Curve {
    name: &'static str,
    points: Vec<(usize, [f64; COSTS.len()])>,
    /// Why there are no more.
    stopped: Option<String>,
}

/// Measures all engines, in turns, and writes both files.
pub(super) fn run(engines: &[Engine], json: &Path, svg: &Path) -> TaskResult {
    let mut curves = Vec::new();
    let mut populations = Vec::new();
    for engine in engines {
        populations.push(Population::new(engine)?);
        curves.push(Curve {
            name: engine.name(),
            points: Vec::new(),
            stopped: None,
        });
    }
    for count in POINTS {
        for (curve, population) in curves.iter_mut().zip(&mut populations) {
            if curve.stopped.is_some() {
                continue;
            }
            eprintln!("{}: {count} containers", curve.name);
            match point(population, *count) {
                Ok(costs) => curve.points.push((*count, costs)),
                Err(problem) => {
                    eprintln!("{}: {count} containers: {problem}", curve.name);
                    curve.stopped = Some(format!("{count} containers: {problem}"));
                }
            }
            interrupt::check()?;
        }
    }
    table(&curves);
    write(json, &format!("{:#}\n", of_curves(&curves)))?;
    write(svg, &plot::draw(&curves))?;
    println!("all points: {}\nplot: {}", json.display(), svg.display());
    Ok(())
}

/// Grows to `count` containers and measures each cost.
fn point(population: &mut Population<'_>, count: usize) -> Result<[f64; COSTS.len()], String> {
    population.grow(count, RUNNING.min(count), Instant::now() + PATIENCE)?;
    let list = median(SAMPLES, || population.list())? / population.len() as f64;
    let create = median(SAMPLES, || population.create_one_more())?;
    let connect = median(SAMPLES, || population.connect())?;
    let (client, name) = population.pair()?;
    let asker = Asker::inside(client)?;
    let look_up = median(LOOK_UPS, || asker.ask(&name))?;
    Ok([list, create, connect, look_up])
}

/// The median of `count` measurements in milliseconds, after one that is not
/// counted.
fn median(
    count: usize,
    mut measure: impl FnMut() -> Result<Duration, String>,
) -> Result<f64, String> {
    measure()?;
    let mut times = Vec::new();
    for _ in 0..count {
        interrupt::check()?;
        times.push(measure()?);
    }
    times.sort();
    let middle = times.get(times.len() / 2).ok_or("nothing was measured")?;
    Ok(middle.as_secs_f64() * 1e3)
}

fn table(curves: &[Curve]) {
    for (index, cost) in COSTS.iter().enumerate() {
        println!("{}: {}, in ms", cost.name, cost.what);
        print!("{:<14}", "containers");
        POINTS.iter().for_each(|count| print!("{count:>10}"));
        println!();
        for curve in curves {
            print!("{:<14}", curve.name);
            for count in POINTS {
                let found = curve.points.iter().find(|(at, _)| at == count);
                match found {
                    Some((_, costs)) => print!("{:>10.4}", costs[index]),
                    None => print!("{:>10}", "-"),
                }
            }
            println!();
        }
        println!();
    }
    for curve in curves {
        if let Some(stopped) = &curve.stopped {
            println!("{} stopped at {stopped}", curve.name);
        }
    }
}

fn of_curves(curves: &[Curve]) -> Value {
    let point = |(count, costs): &(usize, [f64; COSTS.len()])| {
        let mut point = json!({ "containers": count });
        for (cost, value) in COSTS.iter().zip(costs) {
            point[cost.name] = json!(value);
        }
        point
    };
    let curve = |curve: &Curve| {
        json!({
            "name": curve.name,
            "points": curve.points.iter().map(point).collect::<Vec<_>>(),
            "stopped": curve.stopped,
        })
    };
    json!({
        "unit": "ms",
        "running": RUNNING,
        "networks": NETWORKS,
        "curves": curves.iter().map(curve).collect::<Vec<_>>(),
    })
}

fn write(path: &Path, text: &str) -> TaskResult {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// A request with a JSON body, which must succeed.
fn post(client: &mut crate::http::Client, path: &str, body: &Value) -> Result<Value, String> {
    let body = body.to_string();
    let answer = client.call("POST", path, "application/json", body.as_bytes())?;
    engine::json_or_empty(answer).map_err(|e| format!("{path}: {e}"))
}
