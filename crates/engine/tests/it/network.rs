//! The default bridge: address, names, published ports.

use std::collections::BTreeMap;
use std::time::Duration;

use longshore_api::filters::Filters;
use longshore_api::types::PortBinding;
use longshore_engine::container::list::ListQuery;
use longshore_engine::container::wait::WaitCondition;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::lab::{Lab, Outcome, PATIENCE, Test, request};
use crate::lifecycle::log_of;

pub(crate) fn tests() -> Vec<(&'static str, Test)> {
    vec![("a_published_port_leads_into_the_container", |_| {
        Box::pin(published())
    })]
}

async fn published() -> Outcome {
    let bridge = format!("lst{}", std::process::id() % 100_000);
    let lab = Lab::with_bridge(&bridge, "10.213.77.1/24").await?;
    let outcome = serve(&lab).await;
    outcome.and(lab.clean().await)
}

async fn serve(lab: &Lab) -> Outcome {
    let containers = lab.engine.containers();
    let command = ["sh", "-c", "while true; do echo hello | nc -l -p 80; done"];
    let mut wanted = request("web", &command);
    let host = wanted.host_config.get_or_insert_default();
    host.network_mode.clear();
    let binding = PortBinding::default();
    host.port_bindings = Some(BTreeMap::from([("80/tcp".to_owned(), Some(vec![binding]))]));
    containers.create(wanted).await?;
    containers.start("web").await?;
    let settings = containers.inspect("web", false).await?.network_settings;
    let settings = settings.ok_or("no settings")?;
    assert_eq!(settings.ip_address, "10.213.77.2");
    assert_eq!(settings.gateway, "10.213.77.1");
    let ports = settings.ports.ok_or("no ports")?;
    let bound = ports["80/tcp"].as_ref().ok_or("not published")?;
    let port: u16 = bound[0].host_port.parse()?;
    let listed = containers
        .list(&ListQuery::default(), &Filters::default())
        .await?;
    let shown = listed[0].ports.as_ref().ok_or("no ports")?;
    assert_eq!(shown[0].public_port, Some(port));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut text = String::new();
    while text != "hello\n" && tokio::time::Instant::now() < deadline {
        text.clear();
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
            stream.read_to_string(&mut text).await.ok();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(text, "hello\n");
    // The same port cannot be had twice.
    let mut second = request("second", &["true"]);
    let host = second.host_config.get_or_insert_default();
    host.network_mode.clear();
    let binding = PortBinding {
        host_port: port.to_string(),
        ..PortBinding::default()
    };
    host.port_bindings = Some(BTreeMap::from([("80/tcp".to_owned(), Some(vec![binding]))]));
    containers.create(second).await?;
    let error = containers
        .start("second")
        .await
        .expect_err("the port is taken");
    assert!(
        error.message.ends_with("failed: port is already allocated"),
        "{error}"
    );
    let mut third = request("third", &["cat", "/etc/hosts", "/etc/resolv.conf"]);
    third
        .host_config
        .get_or_insert_default()
        .network_mode
        .clear();
    let id = containers.create(third).await?.id;
    let waiting = containers.wait("third", WaitCondition::NextExit)?;
    containers.start("third").await?;
    waiting.outcome().await;
    let text = log_of(lab, "third").await?;
    assert!(
        text.contains(&format!("10.213.77.3\t{}", &id[..12])),
        "{text}"
    );
    assert!(text.contains("nameserver "), "{text}");
    Ok(())
}
