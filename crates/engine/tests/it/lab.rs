//! An engine for one test: its own roots, an image made of the host's static
//! busybox, and nothing left afterwards.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use longshore_api::filters::Filters;
use longshore_engine::Engine;
use longshore_engine::config::EngineConfig;
use longshore_engine::container::create::CreateRequest;
use longshore_engine::container::list::ListQuery;
use longshore_engine::image::ImportRequest;
use longshore_runtime::zygote::Zygote;
use tempfile::TempDir;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) type Outcome = Result<(), Failed>;
pub(crate) type Test = fn(Lab) -> Pin<Box<dyn Future<Output = Outcome> + Send>>;

static ZYGOTE: OnceLock<Arc<Zygote>> = OnceLock::new();

/// Sets the zygote that all tests share.
pub(crate) fn provide(zygote: Zygote) {
    ZYGOTE.set(Arc::new(zygote)).ok();
}

/// Runs a test and takes its containers away, however it ended.
pub(crate) fn run(test: Test) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        let lab = Lab::new().await?;
        let cleaner = lab.clone();
        let outcome = match tokio::time::timeout(PATIENCE * 2, tokio::spawn(test(lab))).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => Err(panic.to_string().into()),
            Err(_) => Err("the test took too long".into()),
        };
        let cleaned = cleaner.clean().await;
        outcome.and(cleaned)
    })
}

#[derive(Clone)]
pub(crate) struct Lab {
    pub(crate) engine: Engine,
    pub(crate) dir: Arc<TempDir>,
}

impl Lab {
    async fn new() -> Result<Lab, Failed> {
        let dir = Arc::new(TempDir::new()?);
        let engine = open(&dir, None).await?;
        let lab = Lab { engine, dir };
        lab.import("box").await?;
        Ok(lab)
    }

    /// A lab with a bridge of its own, which `clean` takes away.
    pub(crate) async fn with_bridge(name: &str, bip: &str) -> Result<Lab, Failed> {
        let dir = Arc::new(TempDir::new()?);
        let engine = open(&dir, Some((name, bip))).await?;
        let lab = Lab { engine, dir };
        lab.import("box").await?;
        Ok(lab)
    }

    /// Works on an engine that then ends as if it had been killed: its tasks
    /// vanish wherever they are. Returns the directory it worked on.
    pub(crate) async fn first_life<F>(
        work: impl FnOnce(Lab) -> F + Send + 'static,
    ) -> Result<Arc<TempDir>, Failed>
    where
        F: Future<Output = Outcome> + Send,
    {
        a_life(Lab::new(), work).await
    }

    /// As [`Lab::first_life`], on what an earlier one has left.
    pub(crate) async fn next_life<F>(
        dir: Arc<TempDir>,
        work: impl FnOnce(Lab) -> F + Send + 'static,
    ) -> Result<Arc<TempDir>, Failed>
    where
        F: Future<Output = Outcome> + Send,
    {
        a_life(Lab::second_life(dir), work).await
    }

    /// The engine that comes after one that was killed.
    pub(crate) async fn second_life(dir: Arc<TempDir>) -> Result<Lab, Failed> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match open(&dir, None).await {
                Ok(engine) => return Ok(Lab { engine, dir }),
                // The first one is still vanishing.
                Err(error) if Instant::now() < deadline && is_held(&error) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Imports the static busybox under a name.
    pub(crate) async fn import(&self, name: &str) -> Result<String, Failed> {
        let mut tar = tar::Builder::new(Vec::new());
        tar.append_path_with_name("/bin/busybox", "bin/busybox")?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        for tool in [
            "sh", "true", "false", "sleep", "echo", "cat", "id", "env", "ls", "stty",
        ] {
            tar.append_link(&mut header, format!("bin/{tool}"), "busybox")?;
        }
        let request = ImportRequest {
            repo: name.into(),
            changes: vec!["CMD [\"sh\"]".into(), "LABEL made=here".into()],
            source: "-".into(),
            ..ImportRequest::default()
        };
        let reader = std::io::Cursor::new(tar.into_inner()?);
        Ok(self.engine.images().import(reader, request).await?)
    }

    /// Creates a container without a network.
    pub(crate) async fn create(&self, name: &str, command: &[&str]) -> Result<String, Failed> {
        let created = self
            .engine
            .containers()
            .create(request(name, command))
            .await?;
        Ok(created.id)
    }

    /// Removes all containers and checks that nothing of them is left.
    pub(crate) async fn clean(&self) -> Outcome {
        let containers = self.engine.containers();
        let all = ListQuery {
            all: true,
            ..ListQuery::default()
        };
        for summary in containers.list(&all, &Filters::default()).await? {
            containers.remove(&summary.id, true).await.ok();
        }
        let left = containers.list(&all, &Filters::default()).await?;
        if !left.is_empty() {
            return Err(format!("{} containers could not be removed", left.len()).into());
        }
        for place in ["data/containers", "run/containers", "data/trash"] {
            let path: PathBuf = self.dir.path().join(place);
            let deadline = Instant::now() + PATIENCE;
            while let Some(entry) = std::fs::read_dir(&path)?.next() {
                if Instant::now() > deadline {
                    return Err(format!("left over: {}", entry?.path().display()).into());
                }
                // Files are unlinked in the background, which tells nobody.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(self.engine.close().await?)
    }
}

async fn a_life<F>(
    lab: impl Future<Output = Result<Lab, Failed>> + Send + 'static,
    work: impl FnOnce(Lab) -> F + Send + 'static,
) -> Result<Arc<TempDir>, Failed>
where
    F: Future<Output = Outcome> + Send,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let life = runtime.spawn(async move {
        let lab = lab.await?;
        let dir = lab.dir.clone();
        work(lab).await.map(|()| dir)
    });
    let outcome = life.await;
    runtime.shutdown_background();
    outcome?
}

/// Opens an engine on the roots of a test.
pub(crate) async fn open(dir: &TempDir, bridge: Option<(&str, &str)>) -> Result<Engine, Failed> {
    let zygote = ZYGOTE.get().ok_or("no zygote")?.clone();
    let config = EngineConfig {
        data_root: dir.path().join("data"),
        exec_root: dir.path().join("run"),
        cgroup_parent: format!("/{}", cgroup_parent()),
        bridge: bridge.map(|(name, _)| name.to_owned()),
        address_pools: Vec::new(),
        bip: bridge.map(|(_, bip)| bip.to_owned()),
        bridge_v6: None,
        seccomp: Default::default(),
        log_driver: "json-file".into(),
        log_opts: Default::default(),
        userns: None,
        cdi_spec_dirs: Vec::new(),
        registries: longshore_engine::config::RegistryConfig::default(),
        labels: Vec::new(),
        open_addresses: Vec::new(),
        debug: false,
        version: "0.0.0-test".into(),
    };
    let (engine, _) = Engine::open(config, zygote).await?;
    Ok(engine)
}

fn cgroup_parent() -> String {
    format!("longshore-test-{}", std::process::id())
}

/// Takes the parent of the tests' cgroups away, in version 1 from each tree.
pub(crate) fn remove_cgroups() {
    let name = cgroup_parent();
    let root = PathBuf::from("/sys/fs/cgroup");
    std::fs::remove_dir(root.join(&name)).ok();
    for tree in std::fs::read_dir(&root).into_iter().flatten().flatten() {
        std::fs::remove_dir(tree.path().join(&name)).ok();
    }
}

fn is_held(error: &Failed) -> bool {
    error
        .message()
        .is_some_and(|text| text.contains("is in use by the engine"))
}

/// A request for a container without a network.
pub(crate) fn request(name: &str, command: &[&str]) -> CreateRequest {
    let mut request = CreateRequest {
        name: Some(name.into()),
        ..CreateRequest::default()
    };
    let config = request.config.get_or_insert_default();
    config.image = "box".into();
    config.cmd = Some(command.iter().copied().collect());
    request.host_config.get_or_insert_default().network_mode = "none".into();
    request
}
