//! `/networks`: addresses, as they are asked for, shown and given.

use serde_json::{Value, json};

use super::manage::{make, run_on, shown, text};
use super::needs_bridge;
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "range",
        "NetworkCreate: a range, a gateway and addresses that are others'",
        range,
    ),
    (
        Must,
        "defaults",
        "NetworkCreate: subnets that nobody asked for do not overlap",
        defaults,
    ),
    (
        Quirk,
        "as-sent",
        "NetworkInspect: IPAM is shown as it was sent",
        as_sent,
    ),
    (
        Must,
        "full",
        "ContainerStart: a network without a free address",
        full,
    ),
    (
        Quirk,
        "refused",
        "NetworkCreate: addresses that cannot be had",
        refused,
    ),
    (
        Must,
        "kept",
        "ContainerStart: an address that was asked for stays",
        kept,
    ),
];

fn config(parts: Value) -> Value {
    json!({"IPAM": {"Config": parts}})
}

fn address(s: &Session, container: &str, network: &str) -> Outcome<String> {
    let seen = s.inspect(container)?;
    let own = &seen["NetworkSettings"]["Networks"][network]["IPAddress"];
    Ok(text(own).to_owned())
}

fn range(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let part = json!({
        "Subnet": "10.234.0.0/16",
        "IPRange": "10.234.5.0/24",
        "Gateway": "10.234.5.254",
        "AuxiliaryAddresses": {"router": "10.234.5.1", "printer": "10.234.5.2"},
    });
    let ipam = json!({"Driver": "default", "Config": [part], "Options": {"some": "thing"}});
    let (name, _) = make(s, json!({"IPAM": ipam}))?;
    equal!(shown(s, &name)?["IPAM"], ipam, "IPAM");
    let mut given = Vec::new();
    for _ in 0..3 {
        let id = run_on(s, &name, json!({}))?;
        let own = s.inspect(&id)?["NetworkSettings"]["Networks"][&name].clone();
        equal!(own["Gateway"], "10.234.5.254", "Gateway");
        equal!(own["IPPrefixLen"], 16, "IPPrefixLen");
        given.push(text(&own["IPAddress"]).to_owned());
    }
    equal!(
        given,
        ["10.234.5.0", "10.234.5.3", "10.234.5.4"],
        "addresses"
    );
    Ok(())
}

fn defaults(s: &Session) -> Outcome {
    let mut subnets = Vec::new();
    for ipam in [
        json!(null),
        json!({}),
        json!({"Driver": "default", "Config": []}),
    ] {
        let (name, _) = make(s, json!({"IPAM": ipam}))?;
        let config = shown(s, &name)?["IPAM"]["Config"].clone();
        let (subnet, gateway) = (text(&config[0]["Subnet"]), text(&config[0]["Gateway"]));
        let begin = subnet.split_once(".0/").map(|(begin, _)| begin);
        ensure!(
            begin.is_some_and(|begin| gateway == format!("{begin}.1")),
            "Config is {config}"
        );
        subnets.push(subnet.to_owned());
    }
    subnets.sort();
    subnets.dedup();
    equal!(subnets.len(), 3, "different subnets");
    Ok(())
}

fn as_sent(s: &Session) -> Outcome {
    for ipam in [
        json!({"Driver": "default", "Options": null, "Config": [{"Subnet": "10.232.64.5/24"}]}),
        json!({"Driver": "default", "Options": {}, "Config": [
            {"Subnet": "10.232.65.0/24", "IPRange": "10.232.65.128/25"}]}),
    ] {
        let (name, _) = make(s, json!({"IPAM": ipam}))?;
        equal!(shown(s, &name)?["IPAM"], ipam, "IPAM");
    }
    Ok(())
}

fn full(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (name, _) = make(s, config(json!([{"Subnet": "10.232.66.0/30"}])))?;
    let id = run_on(s, &name, json!({}))?;
    equal!(address(s, &id, &name)?, "10.232.66.2", "the only address");
    let other = s.create(
        &["sleep", "60"],
        json!({"HostConfig": {"NetworkMode": name}}),
    )?;
    let start = format!("/containers/{other}/start");
    s.post(&start)?
        .expect_text("no available IPv4 addresses on this network's address pools")?;
    s.call("DELETE", &format!("/containers/{id}?force=1"))?
        .expect(204)?;
    s.post(&start)?.expect(204)?;
    Ok(())
}

fn refused(s: &Session) -> Outcome {
    // A subnet that was refused once may stay taken on dockerd.
    for (number, part, message) in [
        (
            70,
            json!({"Gateway": "10.232.70.0"}),
            "failed to allocate gateway (10.232.70.0): Address already in use",
        ),
        (
            71,
            json!({"Gateway": "10.232.71.255"}),
            "failed to allocate gateway (10.232.71.255): Address already in use",
        ),
        (
            72,
            json!({"Subnet": "10.232.72.0/31"}),
            "failed to allocate gateway (): No available addresses on this pool",
        ),
        (
            73,
            json!({"IPRange": "bad"}),
            "failed to parse pool request for address space \"LocalDefault\" pool \
             \"10.232.73.0/24\" subpool \"bad\": Invalid Address SubPool",
        ),
        (
            74,
            json!({"AuxiliaryAddresses": {"a": "bad"}}),
            "non parsable secondary ip address (a:bad) passed for network",
        ),
        (
            75,
            json!({"AuxiliaryAddresses": {"a": "10.99.0.1"}}),
            "auxiliary address: (a:10.99.0.1) must belong to the master pool: 10.232.75.0/24",
        ),
        (
            76,
            json!({"AuxiliaryAddresses": {"a": "10.232.76.1"}}),
            "failed to allocate secondary ip address (a:10.232.76.1): Address already in use",
        ),
        (
            77,
            json!({"AuxiliaryAddresses": {"a": "10.232.77.0"}}),
            "failed to allocate secondary ip address (a:10.232.77.0): Address already in use",
        ),
        (78, json!({"Subnet": ""}), "invalid CIDR address: "),
        (
            79,
            json!({"Subnet": "10.232.79.0/33"}),
            "Invalid subnet 10.232.79.0/33 : invalid CIDR address: 10.232.79.0/33",
        ),
    ] {
        let mut whole = json!({"Subnet": format!("10.232.{number}.0/24")});
        for (key, value) in part.as_object().into_iter().flatten() {
            whole[key] = value.clone();
        }
        let mut body = config(json!([whole]));
        body["Name"] = json!(s.name());
        s.post_json("/networks/create", &body)?
            .expect_text(message)?;
    }
    let body = json!({"Name": s.name(), "IPAM": {"Driver": "null"}});
    s.post_json("/networks/create", &body)?
        .expect_error(500, "ipv4 pool is empty")?;
    Ok(())
}

fn kept(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (name, _) = make(s, config(json!([{"Subnet": "10.232.80.0/24"}])))?;
    let id = run_on(s, &name, json!({}))?;
    let connect = format!("/networks/{name}/connect");
    s.post_json(
        &format!("/networks/{name}/disconnect"),
        &json!({"Container": id}),
    )?
    .expect(200)?;
    for (given, message) in [
        (
            "10.99.1.1",
            "Invalid address 10.99.1.1: It does not belong to any of this network's subnets",
        ),
        ("10.232.80.1", "Address already in use"),
        ("10.232.80.0", "Address already in use"),
        ("10.232.80.255", "Address already in use"),
        ("bad", "Invalid IPv4 address: bad"),
    ] {
        let end = json!({"IPAMConfig": {"IPv4Address": given}});
        s.post_json(&connect, &json!({"Container": id, "EndpointConfig": end}))?
            .expect_text(message)?;
    }
    let end = json!({"IPAMConfig": {"IPv4Address": "10.232.80.80"}});
    s.post_json(&connect, &json!({"Container": id, "EndpointConfig": end}))?
        .expect(200)?;
    equal!(address(s, &id, &name)?, "10.232.80.80", "at once");
    s.post(&format!("/containers/{id}/restart?t=0"))?
        .expect(204)?;
    equal!(address(s, &id, &name)?, "10.232.80.80", "after a restart");
    Ok(())
}
