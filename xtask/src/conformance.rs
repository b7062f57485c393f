//! `cargo xtask conformance …`: builds the judge and hands it every argument.

use crate::TaskResult;
use crate::exec;

/// The registry that engines are judged beside.
const REGISTRY: &str = "docker-registry";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The judge's own arguments: `--endpoint unix:///…`, `--api 1.35`, filters
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn run(args: Args) -> TaskResult {
    // The judge takes the engine that lies beside it, however old.
    if args.args.iter().any(|arg| arg.contains("longshored")) {
        let build = ["build", "--quiet", "--package", "longshore-daemon"];
        exec::check(exec::cargo().args(build))?;
    }
    let mut args = args.args;
    // An engine of the run's own has registries of its own beside it.
    let is = |word: &str| args.iter().any(|arg| arg.starts_with(word));
    if is("--start") && !is("--start-registry") {
        args.extend(["--start-registry".to_owned(), REGISTRY.to_owned()]);
    }
    exec::check(
        exec::cargo()
            .args(["run", "--quiet", "--package", "longshore-conformance", "--"])
            .args(args),
    )
}
