//! The bridge on the real kernel. Each test is a host of its own: a network
//! namespace with a bridge, and containers in further namespaces.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};

use super::*;
use crate::ports::Protocol;

const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a test on a thread in a network namespace of its own.
fn on_a_host(test: impl FnOnce() + Send) {
    assert!(
        rustix::process::geteuid().is_root(),
        "network namespaces need root: run the tests as root"
    );
    std::thread::scope(|scope| {
        let host = scope.spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            Links::open().unwrap().set_up(1).unwrap();
            test();
        });
        if let Err(panic) = host.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// A process that holds a network namespace, as a container's init does.
struct Container(Child);

impl Container {
    fn start() -> Self {
        let container = Self::without_loopback();
        container.inside(|| Links::open().unwrap().set_up(1).unwrap());
        container
    }

    fn without_loopback() -> Self {
        let child = std::thread::scope(|scope| {
            let spawn = scope.spawn(|| {
                unshare(CloneFlags::CLONE_NEWNET).unwrap();
                Command::new("sleep").arg("1000").spawn().unwrap()
            });
            spawn.join().unwrap()
        });
        Self(child)
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    fn namespace(&self) -> OwnedFd {
        netns::of_process(self.pid()).unwrap()
    }

    fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        netns::inside(&self.namespace(), || Ok(work())).unwrap()
    }

    /// A server in the container: answers each connection with the peer's
    /// address.
    fn serve_tcp(&self, port: u16) {
        let listener = self.inside(|| TcpListener::bind(("0.0.0.0", port)).unwrap());
        std::thread::spawn(move || {
            while let Ok((mut stream, peer)) = listener.accept() {
                let _ = write!(stream, "{}", peer.ip());
            }
        });
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn ask(address: impl Into<SocketAddr>) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address.into(), Duration::from_secs(2))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn publish(port: u16, protocol: Protocol) -> Request {
    Request {
        port,
        protocol,
        host_ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        host_ports: None,
    }
}

#[test]
fn containers_reach_the_gateway_and_each_other() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let (one, two) = (Container::start(), Container::start());
        let first = bridge.attach("aaaa", one.pid(), &[]).unwrap();
        let second = bridge.attach("bbbb", two.pid(), &[]).unwrap();
        assert_eq!(first.address.to_string(), "10.9.0.2");
        assert_eq!(first.mac, "02:42:0a:09:00:02");
        assert_eq!(
            (first.prefix, first.gateway.to_string().as_str()),
            (24, "10.9.0.1")
        );
        two.serve_tcp(80);
        assert_eq!(
            one.inside(|| ask((second.address, 80)).unwrap()),
            "10.9.0.2"
        );
        // From the host itself, by the container's own address.
        assert_eq!(ask((second.address, 80)).unwrap(), "10.9.0.1");
    });
}

#[test]
fn a_published_port_answers_from_everywhere() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let server = Container::start();
        let ports = bridge
            .reserve("aaaa", &[publish(80, Protocol::Tcp)])
            .unwrap();
        bridge.attach("aaaa", server.pid(), &ports).unwrap();
        server.serve_tcp(80);
        let port = ports[0].host_port;
        let localhost = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        assert_eq!(ask(localhost).unwrap(), "10.9.0.1", "the host's localhost");
        let own = SocketAddr::from((bridge.address().addr(), port));
        assert!(ask(own).is_ok(), "the host's own address");
        let other = Container::start();
        bridge.attach("bbbb", other.pid(), &[]).unwrap();
        assert!(
            other.inside(|| ask(own)).is_ok(),
            "another container, by the host's address"
        );
        assert!(
            server.inside(|| ask(own)).is_ok(),
            "the container itself, by the host's address"
        );

        bridge.detach("aaaa").unwrap();
        assert!(ask(localhost).is_err(), "after the end nobody answers");
        assert_eq!(
            bridge
                .reserve(
                    "cccc",
                    &[Request {
                        host_ports: Some(port..=port),
                        ..publish(80, Protocol::Tcp)
                    }]
                )
                .unwrap()[0]
                .host_port,
            port,
            "the port is free again"
        );
    });
}

#[test]
fn a_published_udp_port_answers() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let server = Container::start();
        let ports = bridge
            .reserve("aaaa", &[publish(53, Protocol::Udp)])
            .unwrap();
        bridge.attach("aaaa", server.pid(), &ports).unwrap();
        let inside = server.inside(|| UdpSocket::bind("0.0.0.0:53").unwrap());
        std::thread::spawn(move || {
            let mut buffer = [0; 64];
            while let Ok((length, peer)) = inside.recv_from(&mut buffer) {
                let _ = inside.send_to(&buffer[..length], peer);
            }
        });
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(2)))
            .unwrap();
        client.connect(("127.0.0.1", ports[0].host_port)).unwrap();
        client.send(b"echo").unwrap();
        let mut buffer = [0; 64];
        assert_eq!(client.recv(&mut buffer).unwrap(), 4);
    });
}

#[test]
fn a_container_does_not_reach_the_host_s_loopback() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        // Without a loopback of its own, the container's packets for 127.0.0.2
        // go to the gateway.
        let container = Container::without_loopback();
        bridge.attach("aaaa", container.pid(), &[]).unwrap();
        let secret = TcpListener::bind("127.0.0.2:0").unwrap();
        let address = secret.local_addr().unwrap();
        let knock = || {
            container.inside(|| {
                sysctl::set("ipv4/conf/eth0/route_localnet", "1").unwrap();
                TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
            })
        };
        assert!(!knock(), "the table keeps it out");
        nft::remove("longshore-ls0").unwrap();
        assert!(knock(), "nothing else does");
    });
}

#[test]
fn a_restart_takes_endpoints_over() {
    on_a_host(|| {
        let server = Container::start();
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let ports = bridge
            .reserve("aaaa", &[publish(80, Protocol::Tcp)])
            .unwrap();
        let endpoint = bridge.attach("aaaa", server.pid(), &ports).unwrap();
        server.serve_tcp(80);
        drop(bridge);

        // The next daemon has forgotten the address and finds it on the bridge.
        let bridge = Bridge::open("ls0", None).unwrap();
        assert_eq!(bridge.address().to_string(), "10.9.0.1/24");
        bridge.restore([("aaaa".to_owned(), endpoint)]).unwrap();
        assert!(ask((Ipv4Addr::LOCALHOST, ports[0].host_port)).is_ok());
        let next = Container::start();
        let second = bridge.attach("bbbb", next.pid(), &[]).unwrap();
        assert_eq!(
            second.address.to_string(),
            "10.9.0.3",
            "the first address is taken"
        );
        let again = bridge.reserve(
            "cccc",
            &[Request {
                host_ports: Some(ports[0].host_port..=ports[0].host_port),
                ..publish(80, Protocol::Tcp)
            }],
        );
        assert!(again.is_err(), "the first port is taken");
    });
}

#[test]
fn a_flushed_table_is_put_back() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        assert!(!bridge.repair().unwrap());
        nft::remove("longshore-ls0").unwrap();
        assert!(bridge.repair().unwrap());
        assert!(nft::exists("longshore-ls0").unwrap());
    });
}

#[test]
fn nothing_is_left() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let container = Container::start();
        bridge.attach("aaaa", container.pid(), &[]).unwrap();
        assert!(link::index("vethaaaa").is_ok());
        bridge.close().unwrap();
        assert!(link::index("ls0").is_ok(), "a bridge with containers stays");
        drop(container);
        let begin = Instant::now();
        while link::index("vethaaaa").is_ok() {
            assert!(
                begin.elapsed() < PATIENCE,
                "the pair goes with its namespace"
            );
            std::thread::yield_now();
        }
        bridge.detach("aaaa").unwrap();
        bridge.close().unwrap();
        assert!(link::index("ls0").is_err());
        assert!(!nft::exists("longshore-ls0").unwrap());
    });
}

#[test]
fn a_failed_attach_leaves_nothing() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/29")).unwrap();
        assert!(bridge.attach("gone", i32::MAX, &[]).is_err());
        // A namespace that has an eth0 already refuses the second one.
        let container = Container::start();
        bridge.attach("aaaa", container.pid(), &[]).unwrap();
        assert!(bridge.attach("bbbb", container.pid(), &[]).is_err());
        assert!(link::index("vethbbbb").is_err());
        let state = bridge.state();
        assert_eq!(state.endpoints.len(), 1);
    });
}
