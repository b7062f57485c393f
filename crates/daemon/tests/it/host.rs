//! A host of a test's own: a network namespace, whose rules, routes and settings
//! are nobody else's, with a loopback device and nothing more.

use std::process::{Child, Command, Output};

use crate::harness::{text, wait_for};

/// The namespace; it goes with this.
pub(crate) struct Host(Child);

impl Host {
    pub(crate) fn new() -> Host {
        // The loopback is up before the program is there.
        let up = "ip link set lo up && exec sleep 100000";
        let child = Command::new("unshare")
            .args(["--net", "sh", "-c", up])
            .spawn()
            .expect("unshare, of util-linux");
        let host = Host(child);
        let sleeps = format!("/proc/{}/comm", host.0.id());
        wait_for("a host", || {
            let name = std::fs::read_to_string(&sleeps).unwrap_or_default();
            (name.trim() == "sleep").then_some(())
        });
        host
    }

    /// A program that runs there.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net=/proc/{}/ns/net", self.0.id()))
            .arg(program);
        command
    }

    /// What a program there says, and how it ends.
    pub(crate) fn try_run(&self, line: &[&str]) -> Output {
        self.command(line[0]).args(&line[1..]).output().unwrap()
    }

    /// What a program there says; it must succeed.
    pub(crate) fn run(&self, line: &[&str]) -> String {
        let output = self.try_run(line);
        let said = text(&output.stderr);
        assert!(output.status.success(), "{line:?}: {said}");
        text(&output.stdout)
    }

    /// What a server says to whom connects from there; empty if nobody does.
    pub(crate) fn ask(&self, address: &str, port: u16) -> String {
        let port = port.to_string();
        let ask = ["timeout", "5", "busybox", "nc", "-w", "5", address, &port];
        text(&self.try_run(&ask).stdout)
    }

    /// Waits until a server there says this.
    pub(crate) fn hears(&self, address: &str, port: u16, words: &str) {
        wait_for(&format!("{words} from {address}:{port}"), || {
            (self.ask(address, port) == words).then_some(())
        });
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
