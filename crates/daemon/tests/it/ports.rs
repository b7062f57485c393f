//! Ports of the host, which belong to whoever binds them first.

use std::collections::HashSet;
use std::thread;

use crate::harness::Daemon;

/// Two daemons know nothing of each other, look for free ports in the same
/// order, and must not be stopped by what the other took a moment ago.
#[test]
fn daemons_that_choose_at_once_find_different_ports() {
    const EACH: usize = 12;
    let daemons = [Daemon::with_bridge(), Daemon::with_bridge()];
    for daemon in &daemons {
        daemon.import_busybox();
    }
    thread::scope(|scope| {
        for daemon in &daemons {
            for _ in 0..EACH {
                let publish = ["-p", "127.0.0.1::80", "-p", "127.0.0.1::81/udp"];
                let run = ["run", "-d", "busybox", "sleep", "1000"];
                let args = [&run[..2], &publish, &run[2..]].concat();
                scope.spawn(move || daemon.docker(&args));
            }
        }
    });
    let mut taken = HashSet::new();
    for daemon in &daemons {
        let ports = daemon.docker(&["ps", "--format", "{{.Ports}}"]);
        for port in ports.split([',', '\n']).map(str::trim) {
            let (host, container) = port.split_once("->").unwrap();
            let protocol = container.split_once('/').unwrap().1;
            assert!(taken.insert(format!("{host}/{protocol}")), "twice: {port}");
        }
    }
    assert_eq!(taken.len(), daemons.len() * EACH * 2);
}
