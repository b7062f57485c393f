//! `/networks`: what can be made, found, joined, left and removed.

use serde_json::{Value, json};

use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::cases::events::escape;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::{Answer, Session};

use super::needs_bridge;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "create",
        "NetworkCreate: what was sent is shown",
        create,
    ),
    (
        Must,
        "predefined",
        "NetworkList, NetworkDelete: the three that are always there",
        predefined,
    ),
    (
        Must,
        "duplicate",
        "NetworkCreate: a name twice, with and without CheckDuplicate",
        duplicate,
    ),
    (
        Quirk,
        "refusals",
        "NetworkCreate: what cannot be made",
        refusals,
    ),
    (
        Quirk,
        "configuration",
        "NetworkCreate: ConfigOnly and ConfigFrom",
        configuration,
    ),
    (Must, "filters", "NetworkList: filters", filters),
    (
        Must,
        "prune",
        "NetworkPrune: what nobody uses, by label",
        prune,
    ),
    (
        Must,
        "members",
        "NetworkInspect, NetworkDelete: a network with a container",
        members,
    ),
    (
        Must,
        "address",
        "ContainerCreate: the address that was asked for",
        address,
    ),
    (
        Must,
        "live",
        "NetworkConnect, NetworkDisconnect: a running container",
        live,
    ),
    (
        Must,
        "stopped",
        "NetworkConnect, NetworkDisconnect: a container that does not run",
        stopped,
    ),
    (
        Quirk,
        "company",
        "NetworkConnect: networks that do not go together",
        company,
    ),
    (
        Must,
        "events",
        "SystemEvents: create, connect, disconnect, destroy",
        events,
    ),
];

/// Makes a network with a name of its own, and gives its name and id.
pub(super) fn make(s: &Session, more: Value) -> Outcome<(String, String)> {
    let mut body = json!({"Name": s.network_name()});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let made = s
        .post_json("/networks/create", &body)?
        .expect(201)?
        .json()?;
    equal!(made["Warning"], "", "Warning");
    Ok((text(&body["Name"]).to_owned(), text(&made["Id"]).to_owned()))
}

pub(super) fn shown(s: &Session, network: &str) -> Outcome<Value> {
    s.get(&format!("/networks/{network}"))?.expect(200)?.json()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Runs a container on a network.
pub(super) fn run_on(s: &Session, network: &str, more: Value) -> Outcome<String> {
    let mut body = json!({"HostConfig": {"NetworkMode": network}});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    s.run(&["sleep", "60"], body)
}

fn create(s: &Session) -> Outcome {
    let (name, id) = make(
        s,
        json!({
            "IPAM": {"Config": [{"Subnet": "10.231.4.0/24", "Gateway": "10.231.4.9"}]},
            "Labels": {"a": "b"},
            "Options": {"com.docker.network.driver.mtu": "1400", "some": "thing"},
            "Internal": true,
            "Attachable": true,
        }),
    )?;
    let seen = shown(s, &name)?;
    for (key, value) in [
        ("Name", json!(name)),
        ("Id", json!(id)),
        ("Scope", json!("local")),
        ("Driver", json!("bridge")),
        ("EnableIPv6", json!(false)),
        ("Internal", json!(true)),
        ("Attachable", json!(true)),
        ("Ingress", json!(false)),
        ("Containers", json!({})),
        ("Labels", json!({"a": "b"})),
        (
            "Options",
            json!({"com.docker.network.driver.mtu": "1400", "some": "thing"}),
        ),
    ] {
        equal!(seen[key], value, "{key}");
    }
    let config = json!([{"Subnet": "10.231.4.0/24", "Gateway": "10.231.4.9"}]);
    equal!(seen["IPAM"]["Config"], config, "IPAM.Config");
    equal!(seen["IPAM"]["Driver"], "default", "IPAM.Driver");
    equal!(
        shown(s, &id[..12])?["Id"],
        id.as_str(),
        "by the beginning of its id"
    );
    s.call("DELETE", &format!("/networks/{name}"))?
        .expect(204)?;
    s.get(&format!("/networks/{name}"))?
        .expect_error(404, &format!("network {name} not found"))?;
    Ok(())
}

fn predefined(s: &Session) -> Outcome {
    let listed = s.get("/networks")?.expect(200)?.json()?;
    for (name, driver) in [("host", "host"), ("none", "null")] {
        let found = listed
            .as_array()
            .into_iter()
            .flatten()
            .find(|n| n["Name"] == name);
        equal!(found.map(|n| text(&n["Driver"])), Some(driver), "{name}");
        s.call("DELETE", &format!("/networks/{name}"))?
            .expect_error(
                403,
                &format!("{name} is a pre-defined network and cannot be removed"),
            )?;
        s.post_json("/networks/create", &json!({"Name": name}))?
            .expect_error(
                403,
                &format!("operation is not permitted on predefined {name} network "),
            )?;
    }
    Ok(())
}

fn duplicate(s: &Session) -> Outcome {
    let (name, id) = make(s, json!({}))?;
    let checked = json!({"Name": name, "CheckDuplicate": true});
    s.post_json("/networks/create", &checked)?
        .expect_error(409, &format!("network with name {name} already exists"))?;
    let again = s.post_json("/networks/create", &json!({"Name": name}))?;
    let again = again.expect(201)?.json()?;
    let warning = format!("Network with name {name} (id : {id}) already exists");
    equal!(again["Warning"], warning.as_str(), "Warning");
    let ambiguous = format!("2 matches found based on name: network {name} is ambiguous");
    s.get(&format!("/networks/{name}"))?
        .expect_error(400, &ambiguous)?;
    s.call("DELETE", &format!("/networks/{}", text(&again["Id"])))?
        .expect(204)?;
    Ok(())
}

fn refusals(s: &Session) -> Outcome {
    make(
        s,
        json!({"IPAM": {"Config": [{"Subnet": "10.231.8.0/24"}]}}),
    )?;
    let subnet = |config: Value| json!({"IPAM": {"Config": [config]}});
    for (body, status, message) in [
        (
            subnet(json!({"Subnet": "10.231.8.128/25"})),
            403,
            "Pool overlaps with other one on this address space",
        ),
        (
            subnet(json!({"Subnet": "foo"})),
            500,
            "Invalid subnet foo : invalid CIDR address: foo",
        ),
        (
            subnet(json!({"Subnet": "10.231.9.0/24", "Gateway": "10.230.9.1"})),
            500,
            "failed to allocate gateway (10.230.9.1): Requested address is out of range",
        ),
        (
            subnet(json!({"Subnet": "10.231.9.0/24", "Gateway": "bad"})),
            500,
            "invalid gateway address bad in Ipam configuration",
        ),
        (
            json!({"IPAM": {"Config": [
                {"Subnet": "10.231.9.0/24"}, {"Subnet": "10.231.10.0/24"}]}}),
            403,
            "bridge driver doesn't support multiple subnets",
        ),
        (
            json!({"Driver": "nosuch"}),
            404,
            "plugin \"nosuch\" not found",
        ),
        (
            json!({"Driver": "host"}),
            403,
            "only one instance of \"host\" network is allowed",
        ),
        (
            json!({"IPAM": {"Driver": "nosuch"}}),
            404,
            "plugin \"nosuch\" not found",
        ),
        (
            json!({"Options": {"com.docker.network.bridge.enable_icc": "foo"}}),
            500,
            "failed to parse com.docker.network.bridge.enable_icc value: foo (strconv.ParseBool: \
             parsing \"foo\": invalid syntax)",
        ),
        (
            json!({"Scope": "swarm"}),
            403,
            "cannot create a swarm scoped network when swarm is not active",
        ),
        (
            json!({"Ingress": true}),
            403,
            "Ingress network can only be global scope network",
        ),
        (
            json!({"Ingress": true, "Scope": "swarm"}),
            403,
            "Ingress network can only be global scope network",
        ),
        (
            json!({"Scope": "global"}),
            500,
            "This node is not a swarm manager.",
        ),
        (
            json!({"ConfigFrom": {"Network": "nosuch"}}),
            404,
            "configuration network \"nosuch\" does not exist",
        ),
    ] {
        let mut body = body;
        body["Name"] = json!(s.name());
        s.post_json("/networks/create", &body)?
            .expect_error(status, message)?;
    }
    s.post_json("/networks/create", &json!({"Name": ""}))?
        .expect_error(500, "invalid name: ")?;
    Ok(())
}

fn configuration(s: &Session) -> Outcome {
    let config = json!({"Config": [{"Subnet": "10.231.12.0/24"}]});
    let (from, _) = make(
        s,
        json!({"ConfigOnly": true, "IPAM": config, "Labels": {"l": "1"}}),
    )?;
    let seen = shown(s, &from)?;
    equal!(seen["ConfigOnly"], true, "ConfigOnly");
    equal!(seen["Driver"], "null", "Driver");
    // The CLI sends what is empty as well.
    let (name, _) = make(
        s,
        json!({
            "ConfigFrom": {"Network": from},
            "IPAM": {"Driver": "default", "Options": {}, "Config": []},
            "Options": {},
            "Labels": {},
        }),
    )?;
    let seen = shown(s, &name)?;
    equal!(seen["ConfigFrom"]["Network"], from.as_str(), "ConfigFrom");
    equal!(seen["Labels"], json!({"l": "1"}), "Labels");
    equal!(seen["IPAM"]["Config"], config["Config"], "IPAM.Config");
    s.call("DELETE", &format!("/networks/{from}"))?
        .expect_error(
            403,
            &format!("error while removing network: configuration network {from:?} is in use"),
        )?;
    s.call("DELETE", &format!("/networks/{name}"))?
        .expect(204)?;
    let pruned = prune_of(s, &json!({"label": ["l=1"]}))?;
    equal!(
        pruned.expect(200)?.json()?,
        json!({"NetworksDeleted": null}),
        "nobody prunes a configuration"
    );
    shown(s, &from)?;
    Ok(())
}

fn filters(s: &Session) -> Outcome {
    let (name, id) = make(s, json!({"Labels": {"judged": s.name()}}))?;
    let names = |filters: Value| -> Outcome<Vec<String>> {
        let path = format!("/networks?filters={}", escape(&filters));
        let listed = s.get(&path)?.expect(200)?.json()?;
        let all = listed.as_array().cloned().unwrap_or_default();
        Ok(all.iter().map(|n| text(&n["Name"]).to_owned()).collect())
    };
    for filters in [
        json!({"name": [name]}),
        json!({"id": [id[..10]]}),
        json!({"label": ["judged"], "name": [name]}),
        json!({"type": ["custom"], "name": [name]}),
        json!({"dangling": ["true"], "name": [name]}),
        json!({"driver": ["bridge"], "scope": ["local"], "name": [name]}),
    ] {
        equal!(names(filters.clone())?, [name.as_str()], "{filters}");
    }
    let builtin = names(json!({"type": ["builtin"]}))?;
    ensure!(
        builtin.iter().any(|n| n == "host") && !builtin.contains(&name),
        "type=builtin: {builtin:?}"
    );
    equal!(
        names(json!({"driver": ["null"], "name": ["none"]}))?,
        ["none"],
        "driver"
    );
    let wrong = escape(&json!({"nosuch": ["x"]}));
    s.get(&format!("/networks?filters={wrong}"))?
        .expect_error(400, "Invalid filter 'nosuch'")?;
    Ok(())
}

fn prune(s: &Session) -> Outcome {
    let label = s.name();
    let (name, _) = make(s, json!({"Labels": {&label: "1"}}))?;
    let other = make(s, json!({}))?.0;
    let only = json!({"label": [label]});
    let pruned = prune_of(s, &only)?.expect(200)?.json()?;
    equal!(
        pruned,
        json!({"NetworksDeleted": [name]}),
        "what was pruned"
    );
    shown(s, &other)?;
    let pruned = prune_of(s, &only)?.expect(200)?.json()?;
    equal!(pruned, json!({"NetworksDeleted": null}), "a second time");
    Ok(())
}

/// Prunes. dockerd does one at a time, and refuses the others.
pub(super) fn prune_of(s: &Session, filters: &Value) -> Outcome<Answer> {
    let path = format!("/networks/prune?filters={}", escape(filters));
    s.until("its turn", || {
        let answer = s.post(&path)?;
        if answer.head.status == 409 {
            answer.expect_error(409, "a prune operation is already running")?;
            return Ok(None);
        }
        Ok(Some(answer))
    })
}

fn members(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (name, network) = make(s, json!({}))?;
    let id = run_on(s, &name, json!({}))?;
    let own = s.inspect(&id)?["NetworkSettings"]["Networks"][&name].clone();
    let seen = shown(s, &name)?["Containers"][&id].clone();
    equal!(own["NetworkID"], network.as_str(), "NetworkID");
    equal!(seen["EndpointID"], own["EndpointID"], "EndpointID");
    equal!(seen["MacAddress"], own["MacAddress"], "MacAddress");
    let whole = format!("{}/{}", text(&own["IPAddress"]), own["IPPrefixLen"]);
    equal!(seen["IPv4Address"], whole.as_str(), "IPv4Address");
    equal!(own["Aliases"], json!([id[..12]]), "Aliases");
    s.call("DELETE", &format!("/networks/{name}"))?
        .expect_error(
            403,
            &format!(
                "error while removing network: network {name} id {network} has active endpoints"
            ),
        )?;
    s.call("DELETE", &format!("/containers/{id}?force=1"))?
        .expect(204)?;
    equal!(
        shown(s, &name)?["Containers"],
        json!({}),
        "Containers afterwards"
    );
    s.call("DELETE", &format!("/networks/{name}"))?
        .expect(204)?;
    Ok(())
}

fn address(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let config = json!({"Config": [{"Subnet": "10.231.16.0/24"}]});
    let (chosen, _) = make(s, json!({"IPAM": config}))?;
    let (any, _) = make(s, json!({}))?;
    let asks = |network: &str, address: &str| {
        json!({
            "HostConfig": {"NetworkMode": network},
            "NetworkingConfig": {"EndpointsConfig": {network: {
                "IPAMConfig": {"IPv4Address": address}}}},
        })
    };
    let id = s.run(&["sleep", "60"], asks(&chosen, "10.231.16.77"))?;
    let own = s.inspect(&id)?["NetworkSettings"]["Networks"][&chosen].clone();
    equal!(own["IPAddress"], "10.231.16.77", "IPAddress");
    equal!(
        own["IPAMConfig"],
        json!({"IPv4Address": "10.231.16.77"}),
        "IPAMConfig"
    );
    for (network, address, status, message) in [
        (&chosen, "10.231.16.77", 403, "Address already in use"),
        (
            &any,
            "172.18.0.9",
            400,
            "user specified IP address is supported only when connecting to networks with user \
             configured subnets",
        ),
    ] {
        let id = s.create(&["sleep", "60"], asks(network, address))?;
        s.post(&format!("/containers/{id}/start"))?
            .expect_error(status, message)?;
    }
    let id = s.create(&["true"], json!({"HostConfig": {"NetworkMode": "nosuch"}}))?;
    s.post(&format!("/containers/{id}/start"))?
        .expect_error(404, "network nosuch not found")?;
    Ok(())
}

fn live(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (first, _) = make(s, json!({}))?;
    let (second, _) = make(s, json!({}))?;
    let id = run_on(s, &first, json!({}))?;
    let connect = format!("/networks/{second}/connect");
    let body = json!({"Container": id, "EndpointConfig": {"Aliases": ["also"]}});
    s.post_json(&connect, &body)?.expect(200)?;
    let networks = s.inspect(&id)?["NetworkSettings"]["Networks"].clone();
    let joined = &networks[&second];
    equal!(joined["Aliases"], json!(["also", id[..12]]), "Aliases");
    ensure!(
        !text(&joined["IPAddress"]).is_empty(),
        "IPAddress: {joined}"
    );
    ensure!(networks[&first].is_object(), "Networks: {networks}");
    let name = s.inspect(&id)?["Name"].clone();
    let name = text(&name).trim_start_matches('/').to_owned();
    s.post_json(&connect, &body)?.expect_error(
        403,
        &format!("endpoint with name {name} already exists in network {second}"),
    )?;
    let body = json!({"Container": id});
    let disconnect = format!("/networks/{second}/disconnect");
    s.post_json(&disconnect, &body)?.expect(200)?;
    ensure!(
        s.inspect(&id)?["NetworkSettings"]["Networks"][&second].is_null(),
        "it is still there"
    );
    s.post_json(&disconnect, &body)?.expect_error(
        500,
        &format!("container {id} is not connected to network {second}"),
    )?;
    s.post_json(&connect, &json!({"Container": "nosuch"}))?
        .expect_error(404, "No such container: nosuch")?;
    s.post_json("/networks/nosuch/connect", &body)?
        .expect_error(404, "network nosuch not found")?;
    Ok(())
}

fn stopped(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (first, _) = make(s, json!({}))?;
    let (second, _) = make(s, json!({}))?;
    let id = s.create(
        &["sleep", "60"],
        json!({"HostConfig": {"NetworkMode": first}}),
    )?;
    let body = json!({"Container": id});
    s.post_json(&format!("/networks/{second}/connect"), &body)?
        .expect(200)?;
    s.post_json(&format!("/networks/{first}/disconnect"), &body)?
        .expect(200)?;
    s.post_json(&format!("/networks/{first}/disconnect"), &body)?
        .expect_error(
            500,
            &format!("container {id} is not connected to the network {first}"),
        )?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    let seen = s.inspect(&id)?;
    let networks = &seen["NetworkSettings"]["Networks"];
    equal!(
        networks.as_object().map(serde_json::Map::len),
        Some(1),
        "how many"
    );
    ensure!(
        !text(&networks[&second]["IPAddress"]).is_empty(),
        "Networks: {networks}"
    );
    equal!(
        seen["HostConfig"]["NetworkMode"],
        first.as_str(),
        "NetworkMode"
    );
    Ok(())
}

fn company(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (name, _) = make(
        s,
        json!({"IPAM": {"Config": [{"Subnet": "10.231.20.0/24"}]}}),
    )?;
    let on = run_on(s, &name, json!({}))?;
    let host = run_on(s, "host", json!({}))?;
    let alone = run_on(s, "none", json!({}))?;
    let private = "container cannot be connected to multiple networks with one of the networks in \
                   private (none) mode";
    let shared = "container cannot be disconnected from host network or connected to host network";
    for (network, container, message) in [
        ("none", &on, private),
        ("host", &on, shared),
        (&name, &alone, private),
        (
            &name,
            &host,
            "container sharing network namespace with another container or host cannot be \
             connected to any other network",
        ),
    ] {
        let body = json!({"Container": container});
        s.post_json(&format!("/networks/{network}/connect"), &body)?
            .expect_error(400, message)?;
    }
    s.post_json("/networks/host/disconnect", &json!({"Container": host}))?
        .expect_error(400, shared)?;
    for (settings, message) in [
        (
            json!({"IPAMConfig": {"IPv4Address": "172.17.0.99"}}),
            "user specified IP address is supported on user defined networks only",
        ),
        (
            json!({"Aliases": ["a"]}),
            "network-scoped alias is supported only for containers in user defined networks",
        ),
    ] {
        let body = json!({"Container": on, "EndpointConfig": settings});
        s.post_json("/networks/bridge/connect", &body)?
            .expect_error(400, message)?;
    }
    Ok(())
}

fn events(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (name, network) = make(s, json!({}))?;
    let id = run_on(s, &name, json!({}))?;
    s.call("DELETE", &format!("/containers/{id}?force=1"))?
        .expect(204)?;
    s.call("DELETE", &format!("/networks/{name}"))?
        .expect(204)?;
    let seen = s.until("the event destroy", || {
        let seen = s.target.memory.of("network", &network);
        let ended = seen.iter().any(|e| e["Action"] == "destroy");
        Ok(ended.then_some(seen))
    })?;
    let actions: Vec<&str> = seen.iter().map(|e| text(&e["Action"])).collect();
    equal!(
        actions,
        ["create", "connect", "disconnect", "destroy"],
        "actions"
    );
    for event in &seen {
        let attributes = &event["Actor"]["Attributes"];
        equal!(attributes["name"], name.as_str(), "name");
        equal!(attributes["type"], "bridge", "type");
    }
    let connected = &seen[1]["Actor"]["Attributes"]["container"];
    equal!(*connected, id.as_str(), "container");
    Ok(())
}
