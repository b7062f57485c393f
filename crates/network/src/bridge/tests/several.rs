//! Containers on more than one bridge, and bridges that are not ordinary.

use super::*;

fn with(name: &str, address: &str, change: impl FnOnce(&mut Settings)) -> Bridge {
    let mut settings = Settings {
        address: Some(address.parse().unwrap()),
        ..Settings::new(name)
    };
    change(&mut settings);
    Bridge::with(settings).unwrap()
}

fn second() -> End {
    End {
        device: "eth1".to_owned(),
        is_default: false,
        ..End::default()
    }
}

#[test]
fn the_way_to_elsewhere_and_the_ports_move() {
    on_a_host(|| {
        let one = with("ls0", "10.9.0.1/24", |_| {});
        let two = with("ls1", "10.8.0.1/24", |_| {});
        let server = Container::start();
        let ports = one.reserve("aaaa", &[publish(80, Protocol::Tcp)]).unwrap();
        let pid = server.pid();
        one.attach("aaaa", pid, &ports, &End::default()).unwrap();
        two.attach("aaaa", pid, &[], &second()).unwrap();
        server.serve_tcp(80);
        let published = localhost(ports[0].host_port);
        assert!(ask(published).is_ok(), "by the first");
        one.unplug("aaaa").unwrap();
        assert!(is_kept_from(published), "by none");
        let end = two.take_over("aaaa", pid, &ports).unwrap();
        assert_eq!(end.ports, ports);
        assert!(ask(published).is_ok(), "by the second");
        server.inside(|| {
            let routes = std::fs::read_to_string("/proc/thread-self/net/route").unwrap();
            let default = routes.lines().find(|line| line.contains("eth1\t00000000"));
            assert!(default.is_some(), "{routes}");
        });
        one.close().unwrap();
        assert!(link::index("ls0").is_err(), "nobody is on it any more");
    });
}

#[test]
fn an_internal_bridge_has_no_way_out_or_in() {
    on_a_host(|| {
        let inside = with("ls0", "10.9.0.1/24", |settings| settings.internal = true);
        let outside = with("ls1", "10.8.0.1/24", |_| {});
        let (one, two, other) = (Container::start(), Container::start(), Container::start());
        let end = inside
            .attach("aaaa", one.pid(), &[], &End::default())
            .unwrap();
        inside
            .attach("bbbb", two.pid(), &[], &End::default())
            .unwrap();
        outside
            .attach("cccc", other.pid(), &[], &End::default())
            .unwrap();
        other.serve_tcp(80);
        one.serve_tcp(80);
        let server = SocketAddr::from((end.address, 80));
        assert!(two.inside(|| reaches(server)), "together");
        assert!(other.inside(|| is_kept_from(server)), "from another bridge");
        // Without the guard the chain of its own still keeps it apart, both ways.
        assert!(one.inside(|| is_kept_from(SocketAddr::from(([10, 8, 0, 2], 80)))));
    });
}

#[test]
fn containers_that_shall_not_reach_each_other_do_not() {
    on_a_host(|| {
        let quiet = with("ls0", "10.9.0.1/24", |settings| settings.icc = false);
        let (one, two) = (Container::start(), Container::start());
        let end = quiet
            .attach("aaaa", one.pid(), &[], &End::default())
            .unwrap();
        quiet
            .attach("bbbb", two.pid(), &[], &End::default())
            .unwrap();
        one.serve_tcp(80);
        let direct = SocketAddr::from((end.address, 80));
        assert!(reaches(direct), "the host does");
        assert!(two.inside(|| is_kept_from(direct)), "another does not");
    });
}

#[test]
fn settings_reach_the_devices() {
    on_a_host(|| {
        let small = with("ls0", "10.9.0.1/24", |settings| {
            settings.mtu = Some(1400);
            settings.range = Some("10.9.0.128/25".parse().unwrap());
            settings.reserved = vec![Ipv4Addr::new(10, 9, 0, 129)];
        });
        let container = Container::start();
        let asked = End {
            device: "net0".to_owned(),
            ..End::default()
        };
        let end = small.attach("aaaa", container.pid(), &[], &asked).unwrap();
        assert_eq!(end.address.to_string(), "10.9.0.128");
        let mtu = |name: &str| {
            // The thread's own view: a mounted /sys shows another namespace's.
            let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
            rustix::net::netdevice::name_to_index(&socket, name)
                .map(drop)
                .unwrap();
            let links = Links::open().unwrap().list().unwrap();
            links.iter().find(|link| link.name == name).unwrap().mtu
        };
        assert_eq!(mtu("ls0"), 1400);
        assert_eq!(container.inside(|| mtu("net0")), 1400);
        let other = Container::start();
        let end = small
            .attach("bbbb", other.pid(), &[], &End::default())
            .unwrap();
        assert_eq!(
            end.address.to_string(),
            "10.9.0.130",
            "a reserved one is left out"
        );
        let bold = End {
            address: Some(Ipv4Addr::new(10, 9, 0, 128)),
            ..End::default()
        };
        let third = Container::start();
        let error = small.attach("cccc", third.pid(), &[], &bold).unwrap_err();
        assert!(matches!(error, Error::AddressTaken), "{error}");
    });
}

#[test]
fn questions_for_names_come_by_port_53() {
    on_a_host(|| {
        let container = Container::start();
        // A name server of the container's own has the port on all addresses.
        let own = container.inside(|| UdpSocket::bind("0.0.0.0:53").unwrap());
        for _ in 0..2 {
            // A second time, as after a restart, takes the first one's place.
            let sockets = crate::resolver::open(container.pid()).unwrap();
            sockets.udp.set_nonblocking(false).unwrap();
            let server = std::thread::spawn(move || {
                let mut buffer = [0; 16];
                let (length, peer) = sockets.udp.recv_from(&mut buffer).unwrap();
                sockets.udp.send_to(&buffer[..length], peer).unwrap();
                sockets.tcp.set_nonblocking(false).unwrap();
                let (mut stream, _) = sockets.tcp.accept().unwrap();
                stream.write_all(b"name").unwrap();
            });
            container.inside(|| {
                let client = UdpSocket::bind("0.0.0.0:0").unwrap();
                client.set_read_timeout(Some(PATIENCE)).unwrap();
                let place = (crate::resolver::ADDRESS, 53);
                client.send_to(b"who", place).unwrap();
                let mut buffer = [0; 16];
                let (length, peer) = client.recv_from(&mut buffer).unwrap();
                assert_eq!(&buffer[..length], b"who");
                assert_eq!(peer, SocketAddr::from(place), "as if from port 53");
                assert_eq!(ask(place).unwrap(), "name");
            });
            server.join().unwrap();
        }
        drop(own);
    });
}
