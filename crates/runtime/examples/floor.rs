//! Runs the bare system calls of one container for each line it reads, and
//! answers the nanoseconds. The argument is a static program that does nothing.

use std::io::{BufRead, Write};
use std::path::Path;

use longshore_runtime::floor::Floor;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::args_os().nth(1).ok_or("no program given")?;
    let scratch = tempfile::tempdir()?;
    let floor = Floor::prepare(scratch.path(), Path::new(&program))?;
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        line?;
        writeln!(stdout, "{}", floor.run()?.as_nanos())?;
        stdout.flush()?;
    }
    Ok(())
}
