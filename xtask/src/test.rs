//! `cargo xtask test`: everything that must hold, cheapest first. Green here
//! means green anywhere.

use std::path::PathBuf;
use std::time::Instant;

use crate::TaskResult;
use crate::exec::{self, cargo, check};
use crate::vm;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Instead, run the container tests in a virtual machine that has only
    /// version 2 of cgroups
    #[arg(long)]
    vm: bool,
    /// With --vm, only the tests with this word in their names
    #[arg(long, requires = "vm")]
    only: Option<String>,
}

/// One named step and the command line that it is, after `cargo`.
struct Step {
    name: &'static str,
    args: &'static [&'static str],
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        args: &["fmt", "--all", "--check"],
    },
    Step {
        name: "tidy",
        args: &["xtask", "tidy"],
    },
    Step {
        name: "generated code is the spec's",
        args: &["xtask", "gen", "--check"],
    },
    Step {
        name: "lints",
        args: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ],
    },
    Step {
        name: "documentation",
        args: &["doc", "--workspace", "--no-deps"],
    },
    Step {
        name: "tests",
        args: &["test", "--workspace", "--no-fail-fast"],
    },
];

/// The steps that judge real engines, after all of the above.
const JUDGED: &[Step] = &[
    Step {
        name: "conformance of the reference, dockerd",
        args: &["xtask", "conformance", "--strict", "--start", "dockerd"],
    },
    Step {
        name: "conformance of this engine",
        args: &["xtask", "conformance", "--strict", "--start", "longshored"],
    },
    Step {
        name: "conformance of this registry",
        args: &[
            "xtask",
            "conformance",
            "--strict",
            "--registry-itself",
            "--start-registry",
            "longshore-registry",
        ],
    },
    Step {
        name: "conformance of the reference, docker-registry",
        args: &[
            "xtask",
            "conformance",
            "--registry-itself",
            "--start-registry",
            "docker-registry",
        ],
    },
];

pub(crate) fn run(args: Args) -> TaskResult {
    if args.vm {
        return vm::run(args.only.as_deref());
    }
    for step in STEPS {
        perform(step)?;
    }
    if exec::is_root() {
        for step in JUDGED {
            perform(step)?;
        }
        testcontainers()?;
        println!("\ntest: all of it holds");
    } else {
        println!(
            "\ntest: what needs no root holds. Not run: real containers, networks and \
             conformance, since namespaces, mounts and cgroups need root: sudo cargo xtask test"
        );
    }
    Ok(())
}

/// testcontainers, in a workspace of its own, on the engine as it was built.
fn testcontainers() -> TaskResult {
    const MANIFEST: &str = "crates/daemon/tests/testcontainers/Cargo.toml";
    println!("\n== testcontainers: cargo test --manifest-path {MANIFEST}");
    let begin = Instant::now();
    check(cargo().args(["fmt", "--check", "--manifest-path", MANIFEST]))?;
    let engine = exec::build("longshore-daemon", "longshored", false)?;
    let name = format!("longshore-testcontainers-{}.sock", std::process::id());
    let socket = std::env::temp_dir().join(name);
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| exec::root().join("target"), PathBuf::from);
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--locked", "--manifest-path", MANIFEST])
        .env("CARGO_TARGET_DIR", target)
        .env("LONGSHORED", engine)
        .env("DOCKER_HOST", format!("unix://{}", socket.display()));
    check(&mut command)?;
    println!("== testcontainers: {:.1} s", begin.elapsed().as_secs_f32());
    Ok(())
}

fn perform(step: &Step) -> TaskResult {
    println!("\n== {}: cargo {}", step.name, step.args.join(" "));
    let begin = Instant::now();
    let mut command = cargo();
    command.args(step.args);
    if step.name == "documentation" {
        command.env("RUSTDOCFLAGS", "--deny warnings");
    }
    check(&mut command)?;
    println!("== {}: {:.1} s", step.name, begin.elapsed().as_secs_f32());
    Ok(())
}
