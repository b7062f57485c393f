//! IPv6 beside IPv4.

use std::net::Ipv6Addr;

use super::*;
use crate::ipam::Subnet;

fn open(name: &str, v4: &str, v6: &str) -> Bridge {
    with(name, v4, v6, |_| {})
}

fn with(name: &str, v4: &str, v6: &str, change: impl FnOnce(&mut Settings)) -> Bridge {
    let mut settings = Settings {
        address: Some(v4.parse().unwrap()),
        v6: Some(Subnet::new(v6.parse::<IpNet>().unwrap())),
        ..Settings::new(name)
    };
    change(&mut settings);
    Bridge::with(settings).unwrap()
}

/// A port of both kinds, on all addresses of the host.
fn publish_both(port: u16) -> Request {
    let any = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    Request {
        host_ips: any.to_vec(),
        ..publish(port, Protocol::Tcp)
    }
}

fn v6(text: &str, port: u16) -> SocketAddr {
    SocketAddr::new(text.parse().unwrap(), port)
}

/// An address of the host on a link that is none of ours.
fn host_address(text: &str) {
    let mut links = Links::open().unwrap();
    links.ensure_bridge("elsewhere").unwrap();
    let index = link::index("elsewhere").unwrap();
    links.add_address(index, text.parse().unwrap()).unwrap();
}

#[test]
fn containers_have_both_kinds() {
    on_a_host(|| {
        let bridge = open("ls0", "10.9.0.1/24", "fd00:9::1/64");
        let (one, two) = (Container::start(), Container::start());
        let first = bridge
            .attach("aaaa", one.pid(), &[], &End::default())
            .unwrap();
        let asked = End {
            address6: Some("fd00:9::77".parse().unwrap()),
            ..End::default()
        };
        let second = bridge.attach("bbbb", two.pid(), &[], &asked).unwrap();
        let own = first.v6.unwrap();
        assert_eq!(own.address.to_string(), "fd00:9::2");
        assert_eq!(
            (own.prefix, own.gateway.to_string().as_str()),
            (64, "fd00:9::1")
        );
        assert_eq!(second.v6.unwrap().address.to_string(), "fd00:9::77");
        two.serve(v6("::", 80));
        let server = v6("fd00:9::77", 80);
        assert_eq!(one.inside(|| ask(server).unwrap()), "fd00:9::2");
        assert_eq!(ask(server).unwrap(), "fd00:9::1", "from the host");
        one.inside(|| {
            let routes = std::fs::read_to_string("/proc/thread-self/net/ipv6_route").unwrap();
            let gateway = "fd000009000000000000000000000001";
            assert!(routes.contains(gateway), "{routes}");
        });
        let taken = bridge.attach("cccc", Container::start().pid(), &[], &asked);
        assert!(matches!(taken, Err(Error::AddressTaken)), "{taken:?}");
    });
}

#[test]
fn a_port_is_reached_by_either_kind() {
    on_a_host(|| {
        host_address("2001:db8::10/64");
        let bridge = open("ls0", "10.9.0.1/24", "fd00:9::1/64");
        let other = open("ls1", "10.8.0.1/24", "fd00:8::1/64");
        let (server, client) = (Container::start(), Container::start());
        let ports = bridge.reserve("aaaa", &[publish_both(80)]).unwrap();
        assert_eq!(ports.len(), 2);
        let port = ports[0].host_port;
        assert_eq!(port, ports[1].host_port);
        let end = bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        other
            .attach("bbbb", client.pid(), &[], &End::default())
            .unwrap();
        server.serve(v6("::", 80));
        assert!(reaches(localhost(port)), "IPv4");
        assert!(reaches(v6("2001:db8::10", port)), "from the host");
        // By the loopback no packet leaves it: who holds the port answers.
        assert!(is_kept_from(v6("::1", port)));
        let holder = TcpListener::bind("[::1]:0").unwrap();
        assert!(reaches(holder.local_addr().unwrap()));
        assert!(
            client.inside(|| reaches(v6("2001:db8::10", port))),
            "from another network"
        );
        assert!(
            server.inside(|| reaches(v6("2001:db8::10", port))),
            "from itself"
        );
        let own = SocketAddr::new(end.v6.unwrap().address.into(), 80);
        assert!(
            client.inside(|| is_kept_from(own)),
            "but not by its own address"
        );
        bridge.detach("aaaa").unwrap();
        assert!(is_kept_from(v6("2001:db8::10", port)));
    });
}

#[test]
fn both_tables_are_put_back_and_taken_away() {
    on_a_host(|| {
        let bridge = open("ls0", "10.9.0.1/24", "fd00:9::1/64");
        let server = Container::start();
        let ports = bridge.reserve("aaaa", &[publish_both(80)]).unwrap();
        bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        server.serve(v6("::", 80));
        let published = v6("fd00:9::1", ports[0].host_port);
        assert!(reaches(published));
        for family in Family::BOTH {
            (bridge.state().tables.remove(family, "longshore-ls0")).unwrap();
            assert!(bridge.repair().unwrap());
            assert!(reaches(published) && reaches(localhost(ports[0].host_port)));
        }
        bridge.detach("aaaa").unwrap();
        bridge.close().unwrap();
        let mut tables = Tables::open().unwrap();
        for family in Family::BOTH {
            assert!(!tables.exists(family, "longshore-ls0").unwrap());
        }
    });
}

#[test]
fn what_leaves_goes_by_the_hosts_address() {
    on_a_host(|| {
        let bridge = open("ls0", "10.9.0.1/24", "fd00:9::1/64");
        // A host beyond: on a bridge whose table says nothing.
        let outside = open("ls1", "10.8.0.1/24", "fd00:8::1/64");
        let (inner, server) = (Container::start(), Container::start());
        bridge
            .attach("aaaa", inner.pid(), &[], &End::default())
            .unwrap();
        outside
            .attach("bbbb", server.pid(), &[], &End::default())
            .unwrap();
        server.serve(v6("::", 80));
        for family in Family::BOTH {
            let mut state = outside.state();
            state.tables.remove(family, "longshore-ls1").unwrap();
        }
        let seen = inner.inside(|| ask(v6("fd00:8::2", 80)).unwrap());
        assert_eq!(seen, "fd00:8::1");
    });
}

#[test]
fn an_internal_bridge_has_no_way_out_by_ipv6() {
    on_a_host(|| {
        let inside = with("ls0", "10.9.0.1/24", "fd00:9::1/64", |settings| {
            settings.internal = true;
        });
        let outside = open("ls1", "10.8.0.1/24", "fd00:8::1/64");
        let (one, other) = (Container::start(), Container::start());
        inside
            .attach("aaaa", one.pid(), &[], &End::default())
            .unwrap();
        outside
            .attach("bbbb", other.pid(), &[], &End::default())
            .unwrap();
        other.serve(v6("::", 80));
        one.inside(|| {
            let gateway = "fd00:9::1".parse().unwrap();
            // A route of its own making does not help.
            Links::open().unwrap().add_default_route(gateway).unwrap();
        });
        for family in Family::BOTH {
            let mut state = outside.state();
            state.tables.remove(family, "longshore-ls1").unwrap();
        }
        assert!(one.inside(|| is_kept_from(v6("fd00:8::2", 80))));
    });
}

#[test]
fn a_host_that_hears_routers_goes_on_to() {
    on_a_host(|| {
        host_address("2001:db8::10/64");
        let setting = "ipv6/conf/elsewhere/accept_ra";
        assert!(sysctl::is(setting, "1").unwrap());
        sysctl::set("ipv6/conf/all/forwarding", "0").unwrap();
        let _bridge = open("ls0", "10.9.0.1/24", "fd00:9::1/64");
        assert!(sysctl::is("ipv6/conf/all/forwarding", "1").unwrap());
        assert!(sysctl::is(setting, "2").unwrap());
    });
}

#[test]
fn a_bridge_without_an_address_of_its_own() {
    on_a_host(|| {
        let bridge = with("ls0", "10.9.0.1/24", "fd00:9::1/64", |settings| {
            settings.inhibit_v4 = true;
        });
        let (one, two) = (Container::start(), Container::start());
        let end = bridge
            .attach("aaaa", one.pid(), &[], &End::default())
            .unwrap();
        bridge
            .attach("bbbb", two.pid(), &[], &End::default())
            .unwrap();
        one.serve_tcp(80);
        assert_eq!(end.address.to_string(), "10.9.0.2");
        assert!(two.inside(|| reaches((end.address, 80))));
        let addresses = Links::open().unwrap().addresses(Family::V4).unwrap();
        let has = addresses.iter().any(|(at, _)| *at == bridge.index);
        assert!(!has, "{addresses:?}");
    });
}
