//! What is done again, and what is not.

use super::{Answer, Put, build, context, plain};
use crate::harness::Daemon;
use crate::registries::Registry;

/// How many steps were found.
fn hits(answer: &Answer) -> usize {
    answer.text().matches(" ---> Using cache").count()
}

#[test]
fn contents_count_and_times_do_not() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let dockerfile = "FROM busybox\nCOPY d /d/\nRUN true\n";
    let with = |content: &str, mode: u32, name: &str| {
        context(&[
            ("Dockerfile", Put::File(dockerfile, 0o644)),
            ("d", Put::Directory),
            (&format!("d/{name}"), Put::File(content, mode)),
        ])
    };
    let first = build(&daemon, "", &with("1", 0o644, "f"));
    assert_eq!(hits(&first), 0, "{first:#?}");
    // Another time, in the same archive.
    let mut later = tar::Builder::new(Vec::new());
    let known = with("1", 0o644, "f");
    let mut archive = tar::Archive::new(&known[..]);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut header = entry.header().clone();
        header.set_mtime(2_000_000);
        header.set_cksum();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        later.append(&header, &content[..]).unwrap();
    }
    let again = build(&daemon, "", &later.into_inner().unwrap());
    assert_eq!((hits(&again), again.image()), (2, first.image()));
    for changed in [
        with("2", 0o644, "f"),
        with("1", 0o755, "f"),
        with("1", 0o644, "g"),
    ] {
        let answer = build(&daemon, "", &changed);
        assert_eq!(hits(&answer), 0, "{answer:#?}");
    }
    // What was there first is there still, unless nobody wants it.
    assert_eq!(hits(&build(&daemon, "", &with("1", 0o644, "f"))), 2);
    assert_eq!(
        hits(&build(&daemon, "nocache=1", &with("1", 0o644, "f"))),
        0
    );
}

#[test]
fn arguments_count_from_where_they_are_declared() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let context = plain(
        "FROM busybox\nRUN echo before\nARG A=1\nRUN echo $A\nARG http_proxy\n",
        &[],
    );
    let of = |args: &str| hits(&build(&daemon, &format!("buildargs={args}"), &context));
    assert_eq!(of("{}"), 0);
    assert_eq!(of("{}"), 4);
    assert_eq!(of(r#"{"A":"1"}"#), 4);
    assert_eq!(of(r#"{"A":"2"}"#), 2);
    assert_eq!(of(r#"{"A":"2"}"#), 4);
    assert_eq!(of(r#"{"A":null}"#), 4);
    // A command with a proxy is another one than without; which, does not count.
    assert_eq!(of(r#"{"HTTPS_PROXY":"x"}"#), 0);
    assert_eq!(of(r#"{"HTTPS_PROXY":"y"}"#), 4);
}

#[test]
fn once_a_step_is_new_all_behind_it_are() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let first = build(
        &daemon,
        "",
        &plain("FROM busybox\nENV a=1\nENV b=1\nENV c=1\n", &[]),
    );
    let image = first.image();
    let second = build(
        &daemon,
        "",
        &plain("FROM busybox\nENV a=1\nENV b=2\nENV c=1\n", &[]),
    );
    assert_eq!(hits(&second), 1);
    assert_ne!(second.image(), image);
    // Among several the newest counts.
    let context = plain("FROM busybox\nENV a=1\nENV b=1\nENV c=1\n", &[]);
    let newer = build(&daemon, "nocache=1", &context).image();
    assert_eq!(build(&daemon, "", &context).image(), newer);
}

/// An image that came in an archive has its steps in its history.
#[test]
fn steps_are_taken_from_an_image_that_was_loaded() {
    let maker = Daemon::start();
    maker.import_busybox();
    let dockerfile = "FROM busybox\nRUN date +%s%N > /when\nENV a=1\nRUN cat /when > /then\n";
    let made = build(&maker, "t=made", &plain(dockerfile, &[])).image();
    let archive = maker.path().join("made.tar");
    let archive = archive.to_str().unwrap();
    maker.docker(&["save", "-o", archive, "made", "busybox"]);

    let daemon = Daemon::start();
    daemon.docker(&["load", "-i", archive]);
    let context = plain(dockerfile, &[]);
    let taken = build(&daemon, r#"cachefrom=["made"]"#, &context);
    assert_eq!(
        (hits(&taken), taken.image()),
        (3, made.clone()),
        "{taken:#?}"
    );
    // The same as far as it goes, then something else.
    let longer = format!("{dockerfile}RUN true\n");
    let longer = build(&daemon, r#"cachefrom=["made"]"#, &plain(&longer, &[]));
    assert_eq!(hits(&longer), 3, "{longer:#?}");
    let other = dockerfile.replace("a=1", "a=2");
    let other = build(&daemon, r#"cachefrom=["made"]"#, &plain(&other, &[]));
    assert_eq!(hits(&other), 1, "{other:#?}");
    // Images that are named and not there are nothing to take from, and what
    // this machine has of its own does not count then.
    let none = build(&daemon, r#"cachefrom=["nobody"]"#, &context);
    assert_eq!(hits(&none), 0, "{none:#?}");
}

#[test]
fn stages_that_begin_alike_do_their_steps_once() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let dockerfile = "FROM busybox AS a\nRUN date +%s%N > /when\nRUN touch /a\n\
                      FROM busybox AS b\nRUN date +%s%N > /when\nRUN touch /b\n\
                      FROM scratch\nCOPY --from=a /when /a\nCOPY --from=b /when /b\n";
    let answer = build(&daemon, "", &plain(dockerfile, &[]));
    assert_eq!(hits(&answer), 1, "{answer:#?}");
    // Without a cache each has its own.
    let answer = build(&daemon, "nocache=1", &plain(dockerfile, &[]));
    assert_eq!(hits(&answer), 0, "{answer:#?}");
}

/// The way of machines that keep nothing: each build begins with what the one
/// before pushed.
#[test]
fn steps_are_taken_from_an_image_of_a_registry() {
    let registry = Registry::ours();
    let name = format!("{}/made:1", registry.host);
    let maker = Daemon::start();
    maker.import_busybox();
    maker.docker(&["tag", "busybox", &format!("{}/busybox", registry.host)]);
    maker.docker(&["push", &format!("{}/busybox", registry.host)]);
    let dockerfile = format!(
        "FROM {}/busybox\nRUN date +%s%N > /when\nCOPY f /f\nRUN cat /when > /then\n",
        registry.host
    );
    let context = plain(&dockerfile, &[("f", "x")]);
    let made = build(&maker, &format!("t={name}"), &context).image();
    maker.docker(&["push", &name]);

    let daemon = Daemon::start();
    daemon.docker(&["pull", &name]);
    let taken = build(&daemon, &format!(r#"cachefrom=["{name}"]"#), &context);
    assert_eq!((hits(&taken), taken.image()), (3, made), "{taken:#?}");
    let other = plain(&dockerfile, &[("f", "y")]);
    let other = build(&daemon, &format!(r#"cachefrom=["{name}"]"#), &other);
    assert_eq!(hits(&other), 1, "{other:#?}");
}
