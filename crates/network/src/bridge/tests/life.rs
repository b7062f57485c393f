//! From open to close, and what a failure leaves.

use super::*;

#[test]
fn containers_reach_the_gateway_and_each_other() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let (one, two) = (Container::start(), Container::start());
        let first = bridge
            .attach("aaaa", one.pid(), &[], &End::default())
            .unwrap();
        let second = bridge
            .attach("bbbb", two.pid(), &[], &End::default())
            .unwrap();
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
fn a_restart_takes_endpoints_over() {
    on_a_host(|| {
        let server = Container::start();
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let ports = bridge
            .reserve("aaaa", &[publish(80, Protocol::Tcp)])
            .unwrap();
        let endpoint = bridge
            .attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        server.serve_tcp(80);
        drop(bridge);

        // The next daemon has forgotten the address and finds it on the bridge.
        let bridge = Bridge::open("ls0", None).unwrap();
        assert_eq!(bridge.address().to_string(), "10.9.0.1/24");
        bridge.restore([("aaaa".to_owned(), endpoint)]).unwrap();
        assert!(ask((Ipv4Addr::LOCALHOST, ports[0].host_port)).is_ok());
        let next = Container::start();
        let second = bridge
            .attach("bbbb", next.pid(), &[], &End::default())
            .unwrap();
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
        bridge
            .state()
            .tables
            .remove(Family::V4, "longshore-ls0")
            .unwrap();
        assert!(bridge.repair().unwrap());
        assert!(
            bridge
                .state()
                .tables
                .exists(Family::V4, "longshore-ls0")
                .unwrap()
        );
        // What was removed on purpose stays away.
        bridge.close().unwrap();
        assert!(!bridge.repair().unwrap());
        assert!(
            !bridge
                .state()
                .tables
                .exists(Family::V4, "longshore-ls0")
                .unwrap()
        );
    });
}

#[test]
fn rules_that_are_gone_are_put_back_too() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        assert!(!bridge.repair().unwrap());
        // Somebody's table is none of ours, but a reason to look.
        let mut other = rules::table(&bridge.settings, bridge.net.into(), Vec::new());
        other.name = "other".to_owned();
        bridge.state().tables.replace(&other).unwrap();
        assert!(!bridge.repair().unwrap());
        let mut emptied = rules::table(&bridge.settings, bridge.net.into(), Vec::new());
        emptied.chains[0].rules.clear();
        bridge.state().tables.replace(&emptied).unwrap();
        assert!(bridge.repair().unwrap());
        assert!(!bridge.repair().unwrap());
        let whole = rules::table(&bridge.settings, bridge.net.into(), Vec::new());
        assert!(bridge.state().tables.is_whole(&whole).unwrap());
        assert!(bridge.state().tables.exists(Family::V4, "other").unwrap());
    });
}

#[test]
fn tables_go_with_their_bridges() {
    on_a_host(|| {
        let gone = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let kept = Bridge::open("ls1", Some("10.8.0.1/24")).unwrap();
        Links::open().unwrap().delete("ls0").unwrap();
        host::sweep().unwrap();
        let mut state = kept.state();
        assert!(!state.tables.exists(Family::V4, "longshore-ls0").unwrap());
        assert!(state.tables.exists(Family::V4, "longshore-ls1").unwrap());
        drop(gone);
    });
}

#[test]
fn one_at_a_time_chooses_a_subnet() {
    on_a_host(|| {
        // Daemons that begin at once, each with a file of its own.
        std::thread::scope(|scope| {
            let open = |number| {
                move || {
                    let _turn = host::turn().unwrap();
                    Bridge::open(&format!("ls{number}"), None).unwrap()
                }
            };
            let daemons: Vec<_> = (0..6).map(|number| scope.spawn(open(number))).collect();
            let bridges: Vec<Bridge> = daemons.into_iter().map(|d| d.join().unwrap()).collect();
            let mut nets: Vec<_> = bridges.iter().map(Bridge::address).collect();
            nets.sort();
            nets.dedup();
            assert_eq!(nets.len(), bridges.len(), "{nets:?}");
        });
    });
}

#[test]
fn nothing_is_left() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let container = Container::start();
        let end = bridge
            .attach("aaaa", container.pid(), &[], &End::default())
            .unwrap();
        assert!(link::index(&end.link).is_ok());
        bridge.close().unwrap();
        assert!(link::index("ls0").is_ok(), "a bridge with containers stays");
        drop(container);
        let begin = Instant::now();
        while link::index(&end.link).is_ok() {
            assert!(
                begin.elapsed() < PATIENCE,
                "the pair goes with its namespace"
            );
            std::thread::yield_now();
        }
        bridge.detach("aaaa").unwrap();
        bridge.close().unwrap();
        assert!(link::index("ls0").is_err());
        assert!(
            !bridge
                .state()
                .tables
                .exists(Family::V4, "longshore-ls0")
                .unwrap()
        );
    });
}

#[test]
fn a_failed_attach_leaves_nothing() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/29")).unwrap();
        assert!(
            bridge
                .attach("gone", i32::MAX, &[], &End::default())
                .is_err()
        );
        // A namespace that has an eth0 already refuses the second one.
        let container = Container::start();
        bridge
            .attach("aaaa", container.pid(), &[], &End::default())
            .unwrap();
        assert!(
            bridge
                .attach("bbbb", container.pid(), &[], &End::default())
                .is_err()
        );
        let links = Links::open().unwrap().list().unwrap();
        assert!(links.iter().all(|link| !link.name.starts_with("vethbbbb")));
        let state = bridge.state();
        assert_eq!(state.endpoints.len(), 1);
    });
}

#[test]
fn a_restarted_container_is_back_before_its_old_pair_is_gone() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let mut names = Vec::new();
        for _ in 0..10 {
            let container = Container::start();
            names.push(
                bridge
                    .attach("aaaa", container.pid(), &[], &End::default())
                    .unwrap()
                    .link,
            );
            drop(container);
            bridge.detach("aaaa").unwrap();
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 10);
        assert!(names.iter().all(|name| name.len() <= host::NAME_LENGTH));
    });
}

#[test]
fn a_container_is_attached_once() {
    on_a_host(|| {
        let bridge = Bridge::open("ls0", Some("10.9.0.1/24")).unwrap();
        let (one, two) = (Container::start(), Container::start());
        let first = bridge
            .attach("aaaa", one.pid(), &[], &End::default())
            .unwrap();
        let error = bridge
            .attach("aaaa", two.pid(), &[], &End::default())
            .unwrap_err();
        assert!(matches!(error, Error::Attached(_)), "{error}");
        one.serve_tcp(80);
        assert!(reaches((first.address, 80)), "the first is as it was");
    });
}

#[test]
fn a_bridge_gets_another_address_only_when_it_is_empty() {
    on_a_host(|| {
        let open = |address| Bridge::open("ls0", Some(address)).unwrap();
        let addresses = || -> Vec<String> {
            let index = link::index("ls0").unwrap();
            let all = Links::open().unwrap().addresses(Family::V4).unwrap();
            let of_bridge = all.iter().filter(|(at, _)| *at == index);
            of_bridge.map(|(_, net)| net.to_string()).collect()
        };
        open("10.9.0.1/24");
        let bridge = open("10.8.0.1/24");
        assert_eq!(addresses(), ["10.8.0.1/24"]);
        let container = Container::start();
        bridge
            .attach("aaaa", container.pid(), &[], &End::default())
            .unwrap();
        drop(bridge);
        assert_eq!(open("10.7.0.1/24").address().to_string(), "10.8.0.1/24");
        assert_eq!(addresses(), ["10.8.0.1/24"]);
    });
}

#[test]
fn what_is_no_bridge_is_not_taken() {
    on_a_host(|| {
        for name in ["", "..", "a/b", "a b", "sixteen-is-long-"] {
            let error = Bridge::open(name, None).unwrap_err();
            assert!(matches!(error, Error::Name(_)), "{error}");
        }
        let error = Bridge::open("lo", None).unwrap_err();
        assert!(error.to_string().starts_with("make the bridge lo:"));
        assert!(Bridge::open("ls0", Some("10.9.0.0/24")).is_err());
        assert!(link::index("ls0").is_err(), "nothing was made");
    });
}

#[test]
fn two_bridges_do_not_know_of_each_other() {
    on_a_host(|| {
        let one = Bridge::open("ls0", None).unwrap();
        let two = Bridge::open("ls1", None).unwrap();
        assert_ne!(one.address().trunc(), two.address().trunc());
        let server = Container::start();
        let ports = one.reserve("aaaa", &[publish(80, Protocol::Tcp)]).unwrap();
        one.attach("aaaa", server.pid(), &ports, &End::default())
            .unwrap();
        server.serve_tcp(80);
        two.close().unwrap();
        assert!(link::index("ls1").is_err());
        assert!(reaches(localhost(ports[0].host_port)));
    });
}
