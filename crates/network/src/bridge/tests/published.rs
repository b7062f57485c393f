//! Published ports.

use super::*;

#[test]
fn a_published_port_answers_from_everywhere() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let server = Container::start();
        let ports = bridge
            .reserve("aaaa", &[publish(80, Protocol::Tcp)])
            .unwrap();
        bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        server.serve_tcp(80);
        let port = ports[0].host_port;
        let localhost = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        assert_eq!(ask(localhost).unwrap(), "10.9.0.1", "the host's localhost");
        let own = SocketAddr::from((bridge.address().addr(), port));
        assert!(ask(own).is_ok(), "the host's own address");
        let other = Container::start();
        bridge
            .attach("bbbb", other.pid(), &[], &End::default())
            .unwrap();
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
        bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
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
fn a_port_of_one_address_answers_there_only() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let server = Container::start();
        let on_localhost = Request {
            host_ips: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            ..publish(80, Protocol::Tcp)
        };
        let ports = bridge.reserve("aaaa", &[on_localhost]).unwrap();
        bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        server.serve_tcp(80);
        let port = ports[0].host_port;
        assert!(reaches(localhost(port)));
        assert!(is_kept_from((bridge.address().addr(), port)));
        assert!(server.inside(|| is_kept_from((Ipv4Addr::new(10, 9, 0, 1), port))));
    });
}

#[test]
fn thousands_of_ports_are_one_transaction() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let server = Container::start();
        server.serve_tcp(80);
        let ports: Vec<Binding> = (10_000..20_000)
            .map(|host_port| Binding {
                port: 80,
                protocol: Protocol::Tcp,
                host_ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                host_port,
            })
            .collect();
        let endpoint = bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        assert!(reaches(localhost(10_000)) && reaches(localhost(19_999)));
        drop(bridge);
        let bridge = Bridge::open("ls0", None).unwrap();
        bridge.restore([("aaaa".to_owned(), endpoint)]).unwrap();
        assert!(reaches(localhost(10_000)) && reaches(localhost(19_999)));
        bridge.detach("aaaa").unwrap();
        assert!(is_kept_from(localhost(10_000)) && is_kept_from(localhost(19_999)));
    });
}

#[test]
fn ports_go_on_between_two_daemons() {
    on_a_host(|| {
        let server = Container::start();
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let ports = bridge
            .reserve("aaaa", &[publish(80, Protocol::Tcp)])
            .unwrap();
        bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        server.serve_tcp(80);
        let address = localhost(ports[0].host_port);
        drop(bridge);
        assert!(reaches(address), "without a daemon");
        let bridge = Bridge::open("ls0", None).unwrap();
        assert!(reaches(address), "before the next has read its records");
        bridge.restore([]).unwrap();
        assert!(is_kept_from(address), "nobody has recorded it");
    });
}

#[test]
fn ports_are_published_in_a_table_that_was_removed() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let (one, two) = (Container::start(), Container::start());
        let reserve = |owner| {
            bridge
                .reserve(owner, &[publish(80, Protocol::Tcp)])
                .unwrap()
        };
        let (first, second) = (reserve("aaaa"), reserve("bbbb"));
        bridge
            .attach("aaaa", one.pid(), &first, &End::default())
            .unwrap();
        one.serve_tcp(80);
        two.serve_tcp(80);
        bridge
            .state()
            .tables
            .remove(Family::V4, "longshore-ls0")
            .unwrap();
        bridge
            .attach("bbbb", two.pid(), &second, &End::default())
            .unwrap();
        assert!(reaches(localhost(first[0].host_port)));
        assert!(reaches(localhost(second[0].host_port)));
        bridge
            .state()
            .tables
            .remove(Family::V4, "longshore-ls0")
            .unwrap();
        bridge.detach("aaaa").unwrap();
        assert!(is_kept_from(localhost(first[0].host_port)));
        assert!(reaches(localhost(second[0].host_port)));
    });
}

/// Sends until an answer comes that is as wanted.
fn hears(client: &UdpSocket, wanted: &[u8]) {
    eventually("the answer of the container", || {
        // Refusals of earlier datagrams are reported here.
        let _ = client.send(b"?");
        let mut buffer = [0; 64];
        matches!(client.recv(&mut buffer), Ok(length) if buffer[..length] == *wanted)
    });
}

#[test]
fn a_udp_client_from_before_reaches_the_container_and_its_successor() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let ports = bridge
            .reserve("aaaa", &[publish(53, Protocol::Udp)])
            .unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        client.connect(localhost(ports[0].host_port)).unwrap();
        client.send(b"?").unwrap();
        assert!(client.recv(&mut [0; 64]).is_err(), "nobody is there yet");

        let first = Container::start();
        first.serve_udp(53, b"first");
        bridge
            .attach("aaaa", first.pid(), &ports, &End::default())
            .unwrap();
        hears(&client, b"first");

        bridge.detach("aaaa").unwrap();
        let second = Container::start();
        second.serve_udp(53, b"second");
        let ports = bridge.reserve("bbbb", &[exactly(ports[0])]).unwrap();
        bridge
            .attach("bbbb", second.pid(), &ports, &End::default())
            .unwrap();
        hears(&client, b"second");
    });
}
