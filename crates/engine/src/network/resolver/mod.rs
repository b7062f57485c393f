//! Names, answered where containers ask for them: at 127.0.0.11 in each
//! container's own network namespace, from what the engine knows, and for the
//! rest from the name servers of the host.
//!
//! The sockets are opened inside the namespace and read here: a look-up is one
//! in a table of this process, whatever changes is known at once, and a
//! container costs two descriptors and no process. With the daemon the answers
//! go as well; the next one opens the sockets anew while it starts, before it
//! takes its first request. A helper that outlived the daemon would go on with
//! what was true when it was left alone, and be one more thing that can die.

mod answer;
mod forward;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use longshore_network::resolver::Sockets;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use self::answer::Decision;
use super::store::Network;
use crate::container::netfiles::Resolving;
use crate::container::plan::Plan;
use crate::error::{IoContext, Result};

/// The longest question: names and types fit by far.
const QUESTION: usize = 4096;
/// The longest answer that fits a datagram everywhere.
const DATAGRAM: usize = 512;
/// Questions of one container that are passed on at the same time.
const FORWARDED: usize = 64;
/// Connections of one container at the same time.
const CONNECTIONS: usize = 16;
/// How long a connection may say nothing.
const IDLE: Duration = Duration::from_secs(10);

/// Answers for all containers, by full id.
#[derive(Debug, Default)]
pub(super) struct Resolvers {
    inner: Mutex<HashMap<String, Resolver>>,
}

/// What answers one container; it ends with this.
#[derive(Debug)]
struct Resolver {
    scope: Arc<Scope>,
    tasks: [AbortHandle; 2],
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// A network that a container is on, and what it calls others there.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) network: Arc<Network>,
    pub(super) links: BTreeMap<String, String>,
}

/// What one container can ask for.
#[derive(Debug)]
pub(super) struct Scope {
    networks: RwLock<Vec<Seen>>,
    upstream: Upstream,
}

/// Name servers for what nobody here knows.
#[derive(Clone, Debug)]
pub(crate) enum Upstream {
    /// Those that the client named.
    Given(Vec<SocketAddr>),
    /// Those of the host, as they are when they are asked.
    Host,
}

impl Upstream {
    /// What a container's plan says.
    pub(crate) fn of(plan: &Plan) -> Upstream {
        match plan.dns.as_slice() {
            [] => Upstream::Host,
            given => Upstream::Given(addresses(given)),
        }
    }

    fn servers(&self) -> Vec<SocketAddr> {
        match self {
            Upstream::Given(servers) => servers.clone(),
            Upstream::Host => {
                let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
                addresses(&Resolving::of_host(&text).servers)
            }
        }
    }
}

fn addresses(servers: &[String]) -> Vec<SocketAddr> {
    let addresses = servers
        .iter()
        .filter_map(|text| text.parse::<IpAddr>().ok());
    addresses
        .map(|address| SocketAddr::new(address, 53))
        .collect()
}

impl Resolvers {
    /// Answers a container from now on, whose sockets these are.
    pub(super) fn serve(
        &self,
        owner: &str,
        sockets: Sockets,
        networks: Vec<Seen>,
        upstream: Upstream,
    ) -> Result<()> {
        let udp = UdpSocket::from_std(sockets.udp).context("sockets for names")?;
        let tcp = TcpListener::from_std(sockets.tcp).context("sockets for names")?;
        let scope = Arc::new(Scope {
            networks: RwLock::new(networks),
            upstream,
        });
        let tasks = [
            tokio::spawn(datagrams(Arc::new(udp), scope.clone())).abort_handle(),
            tokio::spawn(connections(tcp, scope.clone())).abort_handle(),
        ];
        let resolver = Resolver { scope, tasks };
        self.lock().insert(owner.to_owned(), resolver);
        Ok(())
    }

    /// A container is on these networks by now. Answers whether it asks here.
    pub(super) fn change(&self, owner: &str, change: impl FnOnce(&mut Vec<Seen>)) -> bool {
        let inner = self.lock();
        let Some(resolver) = inner.get(owner) else {
            return false;
        };
        let networks = &resolver.scope.networks;
        change(&mut networks.write().unwrap_or_else(PoisonError::into_inner));
        true
    }

    /// Nobody asks any more.
    pub(super) fn end(&self, owner: &str) {
        self.lock().remove(owner);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Resolver>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scope {
    /// The addresses of a name; none when it is nobody's here.
    fn resolve(&self, name: &str) -> Vec<IpAddr> {
        let networks = self.networks.read().unwrap_or_else(PoisonError::into_inner);
        let linked = networks.iter().filter_map(|seen| {
            let target = seen.links.get(name)?;
            Some(seen.network.names.resolve(target))
        });
        let named = networks.iter().map(|seen| seen.network.names.resolve(name));
        // With the network's name behind it.
        let whole = networks.iter().filter_map(|seen| {
            let network = seen.network.record.name.to_ascii_lowercase();
            let bare = name.strip_suffix(&network)?.strip_suffix('.')?;
            Some(seen.network.names.resolve(bare))
        });
        let mut found = linked.chain(named).chain(whole);
        found
            .find(|addresses| !addresses.is_empty())
            .unwrap_or_default()
    }

    /// Who has an address, with its network's name.
    fn name_of(&self, address: IpAddr) -> Option<String> {
        let networks = self.networks.read().unwrap_or_else(PoisonError::into_inner);
        networks.iter().find_map(|seen| {
            let name = seen.network.names.name_of(address)?;
            Some(format!("{name}.{}", seen.network.record.name))
        })
    }

    /// Name servers for the rest; none for a container without a way to other
    /// networks, which must not speak to them through the engine.
    fn servers(&self) -> Vec<SocketAddr> {
        let networks = self.networks.read().unwrap_or_else(PoisonError::into_inner);
        let leads_out = networks.iter().any(|seen| !seen.network.record.internal);
        drop(networks);
        match leads_out {
            true => self.upstream.servers(),
            false => Vec::new(),
        }
    }
}

async fn datagrams(socket: Arc<UdpSocket>, scope: Arc<Scope>) {
    let forwarded = Arc::new(Semaphore::new(FORWARDED));
    let mut buffer = vec![0; QUESTION];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            // An answer that found nobody comes back as an error of the next read.
            tokio::task::yield_now().await;
            continue;
        };
        let question = &buffer[..length];
        match answer::decide(question, &*scope, Some(DATAGRAM)) {
            Decision::Ignore => {}
            Decision::Answer(answer) => drop(socket.send_to(&answer, peer).await),
            Decision::Forward => {
                // Whoever asks too much at once asks again.
                let Ok(permit) = forwarded.clone().try_acquire_owned() else {
                    continue;
                };
                let (socket, scope, question) = (socket.clone(), scope.clone(), question.to_vec());
                tokio::spawn(async move {
                    let answer = match forward::by_datagram(&question, &scope.servers()).await {
                        Some(answer) => Some(answer),
                        None => answer::failure(&question),
                    };
                    if let Some(answer) = answer {
                        socket.send_to(&answer, peer).await.ok();
                    }
                    drop(permit);
                });
            }
        }
    }
}

async fn connections(listener: TcpListener, scope: Arc<Scope>) {
    let open = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = open.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let scope = scope.clone();
                tokio::spawn(async move {
                    // A client that leaves or says nonsense is left.
                    converse(stream, &scope).await.ok();
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a question was not taken");
                // Out of descriptors, most likely: others may give some back.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(mut stream: TcpStream, scope: &Scope) -> std::io::Result<()> {
    loop {
        let length = timeout(IDLE, stream.read_u16()).await??;
        let mut question = vec![0; usize::from(length)];
        timeout(IDLE, stream.read_exact(&mut question)).await??;
        let answer = match answer::decide(&question, scope, None) {
            Decision::Ignore => return Ok(()),
            Decision::Answer(answer) => Some(answer),
            Decision::Forward => match forward::by_connection(&question, &scope.servers()).await {
                Some(answer) => Some(answer),
                None => answer::failure(&question),
            },
        };
        let Some(answer) = answer else {
            return Ok(());
        };
        let length = u16::try_from(answer.len()).map_err(std::io::Error::other)?;
        let message = [&length.to_be_bytes()[..], &answer].concat();
        timeout(IDLE, stream.write_all(&message)).await??;
    }
}
