//! A container starts, runs, ends, and leaves nothing behind.

use libtest_mimic::Trial;

use crate::fixture::Fixture;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("basics::echoes", echoes),
        Trial::test("basics::exit_code", exit_code),
    ]
}

fn echoes() -> Result<(), libtest_mimic::Failed> {
    let output = Fixture::shell("echo hello; id -u; pwd; echo $$").output();
    assert_eq!(output, "hello\n0\n/\n1\n");
    Ok(())
}

fn exit_code() -> Result<(), libtest_mimic::Failed> {
    let outcome = Fixture::shell("exit 42").run();
    assert_eq!(outcome.code, 42, "{outcome:?}");
    let outcome = Fixture::shell("kill -9 $$").run();
    assert_eq!(outcome.code, 0, "PID 1 cannot kill itself: {outcome:?}");
    Ok(())
}
