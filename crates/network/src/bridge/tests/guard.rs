//! What is kept out.

use super::*;
use crate::nft::{Chain, Hook, Table};

#[test]
fn a_container_does_not_reach_the_host_s_loopback() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        // Without a loopback of its own, the container's packets for 127.0.0.2
        // go to the gateway.
        let container = Container::without_loopback();
        bridge
            .attach("aaaa", container.pid(), &[], &End::default())
            .unwrap();
        let secret = TcpListener::bind("127.0.0.2:0").unwrap();
        let address = secret.local_addr().unwrap();
        container.inside(|| sysctl::set("ipv4/conf/eth0/route_localnet", "1").unwrap());
        assert!(
            container.inside(|| is_kept_from(address)),
            "the table keeps it out"
        );
        bridge
            .state()
            .tables
            .remove(Family::V4, "longshore-ls0")
            .unwrap();
        assert!(container.inside(|| reaches(address)), "nothing else does");
    });
}

#[test]
fn containers_of_another_bridge_come_by_published_ports_only() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let other = Bridge::open("ls1", Some("10.8.0.1/24")).unwrap();
        let (server, client) = (Container::start(), Container::start());
        let ports = bridge
            .reserve("aaaa", &[publish(80, Protocol::Tcp)])
            .unwrap();
        let endpoint = bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        other
            .attach("bbbb", client.pid(), &[], &End::default())
            .unwrap();
        server.serve_tcp(80);
        server.serve_tcp(81);
        let direct = |port| SocketAddr::from((endpoint.address, port));
        for port in [80, 81] {
            assert!(
                client.inside(|| is_kept_from(direct(port))),
                "not by its own address"
            );
        }
        let by_host = SocketAddr::from((bridge.address().addr(), ports[0].host_port));
        assert!(client.inside(|| reaches(by_host)), "by the host's");
        bridge
            .state()
            .tables
            .remove(Family::V4, "longshore-ls0")
            .unwrap();
        assert!(
            client.inside(|| reaches(direct(81))),
            "nothing else keeps it out"
        );
    });
}

#[test]
fn a_neighbour_does_not_reach_ports_of_the_host_s_loopback() {
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
        // A neighbour on a link that no table guards.
        let other = Bridge::open("ls1", Some("10.8.0.1/24")).unwrap();
        let neighbour = Container::without_loopback();
        other
            .attach("bbbb", neighbour.pid(), &[], &End::default())
            .unwrap();
        other
            .state()
            .tables
            .remove(Family::V4, "longshore-ls1")
            .unwrap();
        let address = localhost(ports[0].host_port);
        assert!(reaches(address), "the host itself does");
        assert!(neighbour.inside(|| {
            sysctl::set("ipv4/conf/eth0/route_localnet", "1").unwrap();
            is_kept_from(address)
        }));
    });
}

#[test]
fn a_host_that_was_no_router_does_not_become_one() {
    on_a_host(|| {
        sysctl::set("ipv4/ip_forward", "0").unwrap();
        // Two networks of the host, made as bridges are, and without tables.
        let (left, right) = (Container::start(), Container::start());
        let networks: Vec<Bridge> = [("left", "10.1.0.1/24"), ("right", "10.2.0.1/24")]
            .map(|(name, address)| Bridge::open(name, Some(address)).unwrap())
            .into();
        networks[0]
            .attach("left", left.pid(), &[], &End::default())
            .unwrap();
        let end = networks[1]
            .attach("right", right.pid(), &[], &End::default())
            .unwrap();
        right.serve_tcp(80);
        for table in ["longshore-left", "longshore-right", rules::UNROUTED] {
            networks[0]
                .state()
                .tables
                .remove(Family::V4, table)
                .unwrap();
        }
        let crosses = || left.inside(|| reaches((end.address, 80)));
        let is_cut_off = || left.inside(|| is_kept_from((end.address, 80)));
        assert!(crosses(), "a router");
        sysctl::set("ipv4/ip_forward", "0").unwrap();
        assert!(is_cut_off(), "no router");

        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        assert!(sysctl::is("ipv4/ip_forward", "1").unwrap());
        assert!(is_cut_off(), "still none between these two");
        let server = Container::start();
        let ports = bridge
            .reserve("aaaa", &[publish(80, Protocol::Tcp)])
            .unwrap();
        bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        server.serve_tcp(80);
        let published = SocketAddr::from(([10, 1, 0, 1], ports[0].host_port));
        assert!(left.inside(|| reaches(published)), "but one to containers");

        bridge
            .state()
            .tables
            .remove(Family::V4, rules::UNROUTED)
            .unwrap();
        assert!(crosses(), "the table is what keeps it");
        bridge.repair().unwrap();
        assert!(is_cut_off(), "and it is put back");
    });
}

#[test]
fn chains_of_others_that_drop_are_named() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        assert_eq!(bridge.warnings().unwrap(), [""; 0]);
        let firewall = Table {
            family: Family::V4,
            name: "firewall".to_owned(),
            sets: Vec::new(),
            chains: [(Hook::Forward, "forward"), (Hook::Output, "output")]
                .map(|(hook, name)| Chain {
                    name,
                    kind: "filter",
                    hook,
                    priority: 0,
                    drops: true,
                    rules: Vec::new(),
                })
                .into(),
        };
        bridge.state().tables.replace(&firewall).unwrap();
        let warnings = bridge.warnings().unwrap();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("chain ip firewall forward drops"));
        assert!(warnings[0].contains("goes to ls0"));
    });
}
