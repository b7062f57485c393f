//! Attach, exec and terminals: the streams of processes through the shim.

use std::io::{Read as _, Write as _};

use libtest_mimic::{Failed, Trial};
use longshore_runtime::channel::{
    Event, ExecRequest, FailureKind, Message, Reply, Request, Streams, receive,
};
use longshore_runtime::spec::{ConsoleSize, ProcessSpec};

use crate::fixture::Fixture;
use crate::life::wait_for_log;
use crate::supervised::{ALL, Supervised, ask, read_to_end, send_input};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("streams::attached_before_start", attached_before_start),
        Trial::test("streams::frames", frames),
        Trial::test("streams::stdin_to_the_end", stdin_to_the_end),
        Trial::test(
            "streams::stdin_of_several_clients",
            stdin_of_several_clients,
        ),
        Trial::test("streams::nothing_is_lost_to_a_slow_reader", slow_reader),
        Trial::test("streams::a_stalled_client_stops_nobody", stalled_client),
        Trial::test("streams::terminal_and_its_size", terminal_and_its_size),
        Trial::test("streams::exec_output_and_code", exec_output_and_code),
        Trial::test("streams::exec_stdin", exec_stdin),
        Trial::test("streams::exec_terminal", exec_terminal),
        Trial::test(
            "streams::exec_waits_for_its_client",
            exec_waits_for_its_client,
        ),
        Trial::test("streams::exec_failures", exec_failures),
        Trial::test(
            "streams::execs_end_with_the_container",
            execs_end_with_the_container,
        ),
        Trial::test("streams::many_execs", many_execs),
    ]
}

const OUTPUT: Streams = Streams {
    stdin: false,
    stdout: true,
    stderr: true,
    from_log: false,
    raw: false,
};

fn attached_before_start() -> Result<(), Failed> {
    let container = Supervised::shell("echo first");
    let one = container.attach(ALL);
    let two = container.attach(ALL);
    container.start();
    assert_eq!(read_to_end(&one), b"first\n");
    assert_eq!(read_to_end(&two), b"first\n");
    assert_eq!(container.wait().exit_code, 0);
    Ok(())
}

fn frames() -> Result<(), Failed> {
    let container = Supervised::shell("echo out; sleep 0.1; echo err >&2");
    let both = container.attach(OUTPUT);
    let errors = container.attach(Streams {
        stdout: false,
        ..OUTPUT
    });
    container.start();
    assert_eq!(
        read_to_end(&both),
        b"\x01\0\0\0\0\0\0\x04out\n\x02\0\0\0\0\0\0\x04err\n"
    );
    assert_eq!(read_to_end(&errors), b"\x02\0\0\0\0\0\0\x04err\n");
    Ok(())
}

fn with_stdin(script: &str, once: bool) -> Fixture {
    let mut fixture = Fixture::shell(script);
    fixture.spec.stdin.open = true;
    fixture.spec.stdin.once = once;
    fixture
}

fn stdin_to_the_end() -> Result<(), Failed> {
    let mut fixture = with_stdin("", true);
    fixture.spec.process.args = vec!["cat".into()];
    let container = Supervised::launch(fixture);
    let client = container.attach(ALL);
    container.start();
    // More than all pipes and sockets on the way hold together.
    let sent: Vec<u8> = (0..4_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let received = std::thread::scope(|scope| {
        let reading = scope.spawn(|| read_to_end(&client));
        send_input(&client, &sent);
        reading.join().expect("reader")
    });
    assert!(
        received == sent,
        "{} of {} bytes",
        received.len(),
        sent.len()
    );
    assert_eq!(container.wait().exit_code, 0);

    // A shell that is fed its script by a pipe says all before the connection ends.
    let mut fixture = with_stdin("", true);
    fixture.spec.process.args = vec!["sh".into()];
    let container = Supervised::launch(fixture);
    let client = container.attach(ALL);
    container.start();
    send_input(&client, b"echo one; echo two >&2; echo three; exit 5\n");
    assert_eq!(read_to_end(&client).len(), "one\ntwo\nthree\n".len());
    assert_eq!(container.wait().exit_code, 5);
    Ok(())
}

fn stdin_of_several_clients() -> Result<(), Failed> {
    let container = Supervised::launch(with_stdin("while read x; do echo got $x; done", false));
    container.start();
    send_input(&container.attach(ALL), b"one\n");
    wait_for_log(&container, "got one");
    // Without "once" the end of one client is not the end of the input.
    send_input(&container.attach(ALL), b"two\n");
    wait_for_log(&container, "got two");
    assert_eq!(container.ask(&Request::KillAll), Reply::Done);
    assert_eq!(container.wait().exit_code, 137);
    Ok(())
}

/// 32 MB of numbered lines.
const MUCH: &str =
    "i=0; while [ $i -lt 4000 ]; do echo $i; i=$((i+1)); head -c 8000 /dev/zero; done";
const MUCH_BYTES: usize = 4000 * 8000 + 10 + 90 * 2 + 900 * 3 + 3000 * 4 + 4000;

fn slow_reader() -> Result<(), Failed> {
    let container = Supervised::shell(MUCH);
    let client = container.attach(ALL);
    container.start();
    // The client reads nothing until the container has ended.
    assert_eq!(container.wait().exit_code, 0);
    assert_eq!(read_to_end(&client).len(), MUCH_BYTES);
    Ok(())
}

fn stalled_client() -> Result<(), Failed> {
    let container = Supervised::shell(MUCH);
    let _stalled: Vec<_> = (0..3).map(|_| container.attach(ALL)).collect();
    let reading = container.attach(ALL);
    container.start();
    assert_eq!(read_to_end(&reading).len(), MUCH_BYTES);
    assert_eq!(container.wait().exit_code, 0);
    Ok(())
}

fn terminal_and_its_size() -> Result<(), Failed> {
    let mut fixture = with_stdin("tty; stty size; read x; stty size; echo said $x", true);
    fixture.spec.process.tty = true;
    fixture.spec.process.console_size = Some(ConsoleSize { rows: 11, cols: 22 });
    let container = Supervised::launch(fixture);
    let client = container.attach(ALL);
    container.start();
    wait_for_log(&container, "11 22");
    let size = ConsoleSize { rows: 33, cols: 44 };
    assert_eq!(
        container.ask(&Request::Resize { exec: None, size }),
        Reply::Done
    );
    (&client).write_all(b"hello\n")?;
    let text = String::from_utf8(read_to_end(&client))?;
    assert_eq!(
        text,
        "/dev/pts/0\r\n11 22\r\nhello\r\n33 44\r\nsaid hello\r\n"
    );
    assert_eq!(container.wait().exit_code, 0);
    assert_eq!(container.log(), text);
    Ok(())
}

fn exec_output_and_code() -> Result<(), Failed> {
    let container = Supervised::run("sleep 1000");
    let stream = container.exec(
        "e1",
        "echo out; sleep 0.1; echo err >&2; exit 9",
        false,
        OUTPUT,
    );
    assert_eq!(
        read_to_end(&stream),
        b"\x01\0\0\0\0\0\0\x04out\n\x02\0\0\0\0\0\0\x04err\n"
    );
    let ended = loop {
        if let Event::ExecExited(state) = container.event() {
            break state;
        }
    };
    assert_eq!((ended.id.as_str(), ended.exit_code), ("e1", Some(9)));
    assert_eq!(container.state().execs, [ended]);
    assert_eq!(
        container.log(),
        "",
        "an exec's output is not the container's"
    );
    Ok(())
}

fn exec_stdin() -> Result<(), Failed> {
    let container = Supervised::run("sleep 1000");
    let stream = container.exec("cat", "cat; echo end", false, ALL);
    send_input(&stream, b"through\n");
    assert_eq!(read_to_end(&stream), b"through\nend\n");
    Ok(())
}

fn exec_terminal() -> Result<(), Failed> {
    let container = Supervised::run("sleep 1000");
    let mut stream = container.exec("t", "stty size; read x; stty size", true, ALL);
    let mut first = [0; 5];
    stream.read_exact(&mut first)?;
    let size = ConsoleSize { rows: 5, cols: 6 };
    let resize = Request::Resize {
        exec: Some("t".into()),
        size,
    };
    assert_eq!(container.ask(&resize), Reply::Done);
    stream.write_all(b"\n")?;
    let text = [first.to_vec(), read_to_end(&stream)].concat();
    assert_eq!(String::from_utf8(text)?, "3 4\r\n\r\n5 6\r\n");
    Ok(())
}

fn exec_waits_for_its_client() -> Result<(), Failed> {
    let container = Supervised::run("sleep 1000");
    let stream = container.exec("big", MUCH, false, ALL);
    // The shim has stopped reading by now; nothing is lost for it.
    assert_eq!(container.state().execs[0].exit_code, None);
    assert_eq!(read_to_end(&stream).len(), MUCH_BYTES);
    Ok(())
}

fn exec_failures() -> Result<(), Failed> {
    let container = Supervised::run("sleep 1000");
    let mut request = ExecRequest {
        id: "x".into(),
        process: ProcessSpec {
            args: vec!["no-such-program".into()],
            ..container.fixture.spec.process.clone()
        },
        streams: OUTPUT,
    };
    let refused =
        |request: &ExecRequest| match container.ask(&Request::Exec(Box::new(request.clone()))) {
            Reply::Refused(failure) => failure,
            other => panic!("not refused: {other:?}"),
        };
    let failure = refused(&request);
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(
        failure.message.starts_with("OCI runtime exec failed: "),
        "{failure}"
    );

    request.process.args = vec!["/etc/passwd".into()];
    assert_eq!(refused(&request).kind, FailureKind::PermissionDenied);

    let signal = Request::Signal {
        signal: 15,
        exec: Some("x".into()),
    };
    let Reply::Refused(failure) = container.ask(&signal) else {
        return Err("a failed exec is none".into());
    };
    assert_eq!(failure.kind, FailureKind::NoSuchExec);

    // A refusal leaves the connection one of messages.
    let socket = container.connect();
    ask(&socket, &Request::Exec(Box::new(request)));
    assert!(matches!(ask(&socket, &Request::State), Reply::State(_)));
    Ok(())
}

fn execs_end_with_the_container() -> Result<(), Failed> {
    let container = Supervised::run("sleep 1000");
    let stream = container.exec("e", "echo up; sleep 1000", false, ALL);
    let mut up = [0; 3];
    (&stream).read_exact(&mut up)?;
    let kill = Request::Signal {
        signal: 9,
        exec: None,
    };
    assert_eq!(container.ask(&kill), Reply::Done);
    assert_eq!(read_to_end(&stream), b"");
    let mut exec_code = None;
    let watch = container.watch();
    while let Some(Message::Event(event)) = receive(watch)? {
        if let Event::ExecExited(state) = event {
            exec_code = state.exit_code;
        }
    }
    assert_eq!(exec_code, Some(137));
    Ok(())
}

fn many_execs() -> Result<(), Failed> {
    let container = Supervised::run("sleep 1000");
    let streams: Vec<_> = (0..20)
        .map(|number| container.exec(&number.to_string(), &format!("echo {number}"), false, ALL))
        .collect();
    for (number, stream) in streams.iter().enumerate() {
        assert_eq!(read_to_end(stream), format!("{number}\n").as_bytes());
    }
    let mut codes = Vec::new();
    while codes.len() < 20 {
        if let Event::ExecExited(state) = container.event() {
            codes.push(state.exit_code);
        }
    }
    assert_eq!(codes, [Some(0); 20]);
    Ok(())
}
