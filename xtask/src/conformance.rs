//! `cargo xtask conformance …`: builds the judge and hands it every argument.

use crate::TaskResult;
use crate::exec;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The judge's own arguments: `--endpoint unix:///…`, `--api 1.35`, filters
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn run(args: Args) -> TaskResult {
    let mut args = args.args;
    let has = |word: &str| args.iter().any(|arg| arg.contains(word));
    let is_ours = has("longshored");
    // An engine of the run's own has registries beside it: not its own kin, so
    // that neither is judged by what both took for right.
    if has("--start") && !has("registry") {
        let stranger = match is_ours {
            true => "docker-registry",
            false => "longshore-registry",
        };
        args.extend(["--start-registry", stranger].map(str::to_owned));
    }
    // The judge takes the programs that lie beside it, however old.
    for (word, package) in [
        ("longshored", "longshore-daemon"),
        ("longshore-registry", "longshore-registry"),
    ] {
        if args.iter().any(|arg| arg.contains(word)) {
            exec::check(exec::cargo().args(["build", "--quiet", "--package", package]))?;
        }
    }
    exec::check(
        exec::cargo()
            .args(["run", "--quiet", "--package", "longshore-conformance", "--"])
            .args(args),
    )
}
