// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `container`.

use super::{
    ContainerConfig, EndpointSettings, GraphDriverData, HealthConfig, Isolation, Mount, MountPoint,
    Ulimit,
};
use crate::gated::Gated;
use crate::scalar::{EmptyMap, StrList, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `SecondaryIPAddresses` of [`NetworkSettings`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// `Addr`.
    #[serde(rename = "Addr")]
    pub addr: String,
    /// `PrefixLen`.
    #[serde(rename = "PrefixLen")]
    pub prefix_len: i64,
}

/// One counter of one block device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlkioStatEntry {
    /// `major`.
    #[serde(rename = "major")]
    pub major: u64,
    /// `minor`.
    #[serde(rename = "minor")]
    pub minor: u64,
    /// `op`.
    #[serde(rename = "op")]
    pub op: String,
    /// `value`.
    #[serde(rename = "value")]
    pub value: u64,
}

/// `blkio_stats` of [`ContainerStats`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlkioStats {
    /// `io_service_bytes_recursive`, `null` if there is none.
    #[serde(rename = "io_service_bytes_recursive")]
    pub io_service_bytes_recursive: Option<Vec<BlkioStatEntry>>,
    /// `io_serviced_recursive`, `null` if there is none.
    #[serde(rename = "io_serviced_recursive")]
    pub io_serviced_recursive: Option<Vec<BlkioStatEntry>>,
    /// `io_queue_recursive`, `null` if there is none.
    #[serde(rename = "io_queue_recursive")]
    pub io_queue_recursive: Option<Vec<BlkioStatEntry>>,
    /// `io_service_time_recursive`, `null` if there is none.
    #[serde(rename = "io_service_time_recursive")]
    pub io_service_time_recursive: Option<Vec<BlkioStatEntry>>,
    /// `io_wait_time_recursive`, `null` if there is none.
    #[serde(rename = "io_wait_time_recursive")]
    pub io_wait_time_recursive: Option<Vec<BlkioStatEntry>>,
    /// `io_merged_recursive`, `null` if there is none.
    #[serde(rename = "io_merged_recursive")]
    pub io_merged_recursive: Option<Vec<BlkioStatEntry>>,
    /// `io_time_recursive`, `null` if there is none.
    #[serde(rename = "io_time_recursive")]
    pub io_time_recursive: Option<Vec<BlkioStatEntry>>,
    /// `sectors_recursive`, `null` if there is none.
    #[serde(rename = "sectors_recursive")]
    pub sectors_recursive: Option<Vec<BlkioStatEntry>>,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
pub enum ChangeKind {
    /// `0`.
    Modified,
    /// `1`.
    Added,
    /// `2`.
    Deleted,
    /// Any other number, kept as it is.
    Other(i64),
}

impl From<i64> for ChangeKind {
    fn from(number: i64) -> ChangeKind {
        match number {
            0 => ChangeKind::Modified,
            1 => ChangeKind::Added,
            2 => ChangeKind::Deleted,
            _ => ChangeKind::Other(number),
        }
    }
}

impl From<ChangeKind> for i64 {
    fn from(value: ChangeKind) -> i64 {
        match value {
            ChangeKind::Modified => 0,
            ChangeKind::Added => 1,
            ChangeKind::Deleted => 2,
            ChangeKind::Other(number) => number,
        }
    }
}

impl Default for ChangeKind {
    fn default() -> ChangeKind {
        ChangeKind::from(0)
    }
}

/// A container to be made: its configuration, the host's part, its networks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerCreateRequest {
    /// `Hostname`.
    #[serde(rename = "Hostname")]
    pub hostname: String,
    /// `Domainname`.
    #[serde(rename = "Domainname")]
    pub domainname: String,
    /// `User`.
    #[serde(rename = "User")]
    pub user: String,
    /// `AttachStdin`.
    #[serde(rename = "AttachStdin")]
    pub attach_stdin: bool,
    /// `AttachStdout`.
    #[serde(rename = "AttachStdout")]
    pub attach_stdout: bool,
    /// `AttachStderr`.
    #[serde(rename = "AttachStderr")]
    pub attach_stderr: bool,
    /// `ExposedPorts`: `80/tcp`, left out if there is none.
    #[serde(rename = "ExposedPorts", skip_serializing_if = "super::nothing")]
    pub exposed_ports: Option<EmptyMap>,
    /// `Tty`.
    #[serde(rename = "Tty")]
    pub tty: bool,
    /// `OpenStdin`.
    #[serde(rename = "OpenStdin")]
    pub open_stdin: bool,
    /// `StdinOnce`.
    #[serde(rename = "StdinOnce")]
    pub stdin_once: bool,
    /// `Env`: `NAME=value`; a name alone removes it, `null` if there is none.
    #[serde(rename = "Env")]
    pub env: Option<Vec<String>>,
    /// `Cmd`, `null` if there is none.
    #[serde(rename = "Cmd")]
    pub cmd: Option<StrList>,
    /// `Healthcheck`, left out if there is none.
    #[serde(rename = "Healthcheck", skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthConfig>,
    /// `ArgsEscaped`, left out if there is none.
    #[serde(rename = "ArgsEscaped", skip_serializing_if = "super::nothing")]
    pub args_escaped: Option<bool>,
    /// `Image`.
    #[serde(rename = "Image")]
    pub image: String,
    /// `Volumes`, `null` if there is none.
    #[serde(rename = "Volumes")]
    pub volumes: Option<EmptyMap>,
    /// `WorkingDir`.
    #[serde(rename = "WorkingDir")]
    pub working_dir: String,
    /// `Entrypoint`, `null` if there is none.
    #[serde(rename = "Entrypoint")]
    pub entrypoint: Option<StrList>,
    /// `NetworkDisabled`, left out if there is none.
    #[serde(rename = "NetworkDisabled", skip_serializing_if = "super::nothing")]
    pub network_disabled: Option<bool>,
    /// `MacAddress`, left out if there is none.
    #[serde(rename = "MacAddress", skip_serializing_if = "super::nothing")]
    pub mac_address: Option<String>,
    /// `OnBuild`, `null` if there is none.
    #[serde(rename = "OnBuild")]
    pub on_build: Option<Vec<String>>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `StopSignal`, left out if there is none.
    #[serde(rename = "StopSignal", skip_serializing_if = "super::nothing")]
    pub stop_signal: Option<String>,
    /// `StopTimeout`: seconds between the stop signal and the kill, left out if there is none.
    #[serde(rename = "StopTimeout", skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<i64>,
    /// `Shell`, left out if there is none.
    #[serde(rename = "Shell", skip_serializing_if = "super::nothing")]
    pub shell: Option<StrList>,
    /// `HostConfig`, `null` if there is none.
    #[serde(rename = "HostConfig")]
    pub host_config: Option<HostConfig>,
    /// `NetworkingConfig`, `null` if there is none.
    #[serde(rename = "NetworkingConfig")]
    pub networking_config: Option<NetworkingConfig>,
}

impl From<ContainerCreateRequest> for ContainerConfig {
    fn from(whole: ContainerCreateRequest) -> ContainerConfig {
        ContainerConfig {
            hostname: whole.hostname,
            domainname: whole.domainname,
            user: whole.user,
            attach_stdin: whole.attach_stdin,
            attach_stdout: whole.attach_stdout,
            attach_stderr: whole.attach_stderr,
            exposed_ports: whole.exposed_ports,
            tty: whole.tty,
            open_stdin: whole.open_stdin,
            stdin_once: whole.stdin_once,
            env: whole.env,
            cmd: whole.cmd,
            healthcheck: whole.healthcheck,
            args_escaped: whole.args_escaped,
            image: whole.image,
            volumes: whole.volumes,
            working_dir: whole.working_dir,
            entrypoint: whole.entrypoint,
            network_disabled: whole.network_disabled,
            mac_address: whole.mac_address,
            on_build: whole.on_build,
            labels: whole.labels,
            stop_signal: whole.stop_signal,
            stop_timeout: whole.stop_timeout,
            shell: whole.shell,
        }
    }
}

/// What answers `POST /containers/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerCreateResponse {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `Warnings`, `null` if there is none.
    #[serde(rename = "Warnings")]
    pub warnings: Option<Vec<String>>,
}

/// What answers `GET /containers/{id}/json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerInspectResponse {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `Created`.
    #[serde(rename = "Created")]
    pub created: Timestamp,
    /// `Path`.
    #[serde(rename = "Path")]
    pub path: String,
    /// `Args`, `null` if there is none.
    #[serde(rename = "Args")]
    pub args: Option<Vec<String>>,
    /// `State`, `null` if there is none.
    #[serde(rename = "State")]
    pub state: Option<ContainerState>,
    /// `Image`.
    #[serde(rename = "Image")]
    pub image: String,
    /// `ResolvConfPath`.
    #[serde(rename = "ResolvConfPath")]
    pub resolv_conf_path: String,
    /// `HostnamePath`.
    #[serde(rename = "HostnamePath")]
    pub hostname_path: String,
    /// `HostsPath`.
    #[serde(rename = "HostsPath")]
    pub hosts_path: String,
    /// `LogPath`.
    #[serde(rename = "LogPath")]
    pub log_path: String,
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `RestartCount`.
    #[serde(rename = "RestartCount")]
    pub restart_count: i64,
    /// `Driver`.
    #[serde(rename = "Driver")]
    pub driver: String,
    /// `Platform`.
    #[serde(rename = "Platform")]
    pub platform: String,
    /// `MountLabel`.
    #[serde(rename = "MountLabel")]
    pub mount_label: String,
    /// `ProcessLabel`.
    #[serde(rename = "ProcessLabel")]
    pub process_label: String,
    /// `AppArmorProfile`.
    #[serde(rename = "AppArmorProfile")]
    pub app_armor_profile: String,
    /// `ExecIDs`, `null` if there is none.
    #[serde(rename = "ExecIDs")]
    pub exec_ids: Option<Vec<String>>,
    /// `HostConfig`, `null` if there is none.
    #[serde(rename = "HostConfig")]
    pub host_config: Option<HostConfig>,
    /// `GraphDriver`.
    #[serde(rename = "GraphDriver")]
    pub graph_driver: GraphDriverData,
    /// `SizeRw`: bytes, left out if there is none.
    #[serde(rename = "SizeRw", skip_serializing_if = "Option::is_none")]
    pub size_rw: Option<i64>,
    /// `SizeRootFs`: bytes, left out if there is none.
    #[serde(rename = "SizeRootFs", skip_serializing_if = "Option::is_none")]
    pub size_root_fs: Option<i64>,
    /// `Mounts`, `null` if there is none.
    #[serde(rename = "Mounts")]
    pub mounts: Option<Vec<MountPoint>>,
    /// `Config`, `null` if there is none.
    #[serde(rename = "Config")]
    pub config: Option<ContainerConfig>,
    /// `NetworkSettings`, `null` if there is none.
    #[serde(rename = "NetworkSettings")]
    pub network_settings: Option<NetworkSettings>,
    /// `Node`, left out if there is none.
    #[serde(rename = "Node", skip_serializing_if = "Option::is_none")]
    pub node: Option<Value>,
}

/// What answers `POST /containers/prune`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerPruneResponse {
    /// `ContainersDeleted`, `null` if there is none.
    #[serde(rename = "ContainersDeleted")]
    pub containers_deleted: Option<Vec<String>>,
    /// `SpaceReclaimed`: bytes.
    #[serde(rename = "SpaceReclaimed")]
    pub space_reclaimed: i64,
}

/// What a container does, and how its last run ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// `Status`.
    #[serde(rename = "Status")]
    pub status: ContainerStateStatus,
    /// `Running`.
    #[serde(rename = "Running")]
    pub running: bool,
    /// `Paused`.
    #[serde(rename = "Paused")]
    pub paused: bool,
    /// `Restarting`.
    #[serde(rename = "Restarting")]
    pub restarting: bool,
    /// `OOMKilled`.
    #[serde(rename = "OOMKilled")]
    pub oom_killed: bool,
    /// `Dead`.
    #[serde(rename = "Dead")]
    pub dead: bool,
    /// `Pid`.
    #[serde(rename = "Pid")]
    pub pid: i64,
    /// `ExitCode`.
    #[serde(rename = "ExitCode")]
    pub exit_code: i64,
    /// `Error`.
    #[serde(rename = "Error")]
    pub error: String,
    /// `StartedAt`.
    #[serde(rename = "StartedAt")]
    pub started_at: Timestamp,
    /// `FinishedAt`.
    #[serde(rename = "FinishedAt")]
    pub finished_at: Timestamp,
    /// `Health`, left out if there is none.
    #[serde(rename = "Health", skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// `Status` of [`ContainerState`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ContainerStateStatus {
    /// `created`.
    Created,
    /// `running`.
    Running,
    /// `paused`.
    Paused,
    /// `restarting`.
    Restarting,
    /// `removing`.
    Removing,
    /// `exited`.
    Exited,
    /// `dead`.
    Dead,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl ContainerStateStatus {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            ContainerStateStatus::Created => "created",
            ContainerStateStatus::Running => "running",
            ContainerStateStatus::Paused => "paused",
            ContainerStateStatus::Restarting => "restarting",
            ContainerStateStatus::Removing => "removing",
            ContainerStateStatus::Exited => "exited",
            ContainerStateStatus::Dead => "dead",
            ContainerStateStatus::Other(text) => text,
        }
    }
}

impl From<&str> for ContainerStateStatus {
    fn from(text: &str) -> ContainerStateStatus {
        match text {
            "created" => ContainerStateStatus::Created,
            "running" => ContainerStateStatus::Running,
            "paused" => ContainerStateStatus::Paused,
            "restarting" => ContainerStateStatus::Restarting,
            "removing" => ContainerStateStatus::Removing,
            "exited" => ContainerStateStatus::Exited,
            "dead" => ContainerStateStatus::Dead,
            _ => ContainerStateStatus::Other(text.into()),
        }
    }
}

impl From<String> for ContainerStateStatus {
    fn from(text: String) -> ContainerStateStatus {
        ContainerStateStatus::from(text.as_str())
    }
}

impl From<ContainerStateStatus> for String {
    fn from(value: ContainerStateStatus) -> String {
        value.as_str().to_owned()
    }
}

impl Default for ContainerStateStatus {
    fn default() -> ContainerStateStatus {
        ContainerStateStatus::from("")
    }
}

/// A measurement of what a container uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerStats {
    /// `read`.
    #[serde(rename = "read")]
    pub read: Timestamp,
    /// `preread`.
    #[serde(rename = "preread")]
    pub preread: Timestamp,
    /// `pids_stats`.
    #[serde(rename = "pids_stats")]
    pub pids_stats: PidsStats,
    /// `blkio_stats`.
    #[serde(rename = "blkio_stats")]
    pub blkio_stats: BlkioStats,
    /// `num_procs`.
    #[serde(rename = "num_procs")]
    pub num_procs: u32,
    /// `storage_stats`.
    #[serde(rename = "storage_stats")]
    pub storage_stats: StorageStats,
    /// `cpu_stats`.
    #[serde(rename = "cpu_stats")]
    pub cpu_stats: CpuStats,
    /// `precpu_stats`.
    #[serde(rename = "precpu_stats")]
    pub precpu_stats: CpuStats,
    /// `memory_stats`.
    #[serde(rename = "memory_stats")]
    pub memory_stats: MemoryStats,
    /// `name`, left out if there is none.
    #[serde(rename = "name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `id`, left out if there is none.
    #[serde(rename = "id", skip_serializing_if = "super::nothing")]
    pub id: Option<String>,
    /// `networks`, left out if there is none.
    #[serde(rename = "networks", skip_serializing_if = "super::nothing")]
    pub networks: Option<BTreeMap<String, NetworkStats>>,
}

/// What answers `GET /containers/{id}/top`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerTopResponse {
    /// `Titles`, `null` if there is none.
    #[serde(rename = "Titles")]
    pub titles: Option<Vec<String>>,
    /// `Processes`, `null` if there is none.
    #[serde(rename = "Processes")]
    pub processes: Option<Vec<Vec<String>>>,
}

/// What is sent to `POST /containers/{id}/update`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerUpdateRequest {
    /// `CpuShares`: relative weight.
    #[serde(rename = "CpuShares")]
    pub cpu_shares: i64,
    /// `Memory`: bytes.
    #[serde(rename = "Memory")]
    pub memory: i64,
    /// `CgroupParent`.
    #[serde(rename = "CgroupParent")]
    pub cgroup_parent: String,
    /// `BlkioWeight`: 10 to 1000, 0 is none.
    #[serde(rename = "BlkioWeight")]
    pub blkio_weight: i64,
    /// `BlkioWeightDevice`, `null` if there is none.
    #[serde(rename = "BlkioWeightDevice")]
    pub blkio_weight_device: Option<Vec<WeightDevice>>,
    /// `BlkioDeviceReadBps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceReadBps")]
    pub blkio_device_read_bps: Option<Vec<ThrottleDevice>>,
    /// `BlkioDeviceWriteBps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceWriteBps")]
    pub blkio_device_write_bps: Option<Vec<ThrottleDevice>>,
    /// `BlkioDeviceReadIOps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceReadIOps")]
    pub blkio_device_read_iops: Option<Vec<ThrottleDevice>>,
    /// `BlkioDeviceWriteIOps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceWriteIOps")]
    pub blkio_device_write_iops: Option<Vec<ThrottleDevice>>,
    /// `CpuPeriod`: microseconds.
    #[serde(rename = "CpuPeriod")]
    pub cpu_period: i64,
    /// `CpuQuota`: microseconds in each period.
    #[serde(rename = "CpuQuota")]
    pub cpu_quota: i64,
    /// `CpuRealtimePeriod`: microseconds.
    #[serde(rename = "CpuRealtimePeriod")]
    pub cpu_realtime_period: i64,
    /// `CpuRealtimeRuntime`: microseconds.
    #[serde(rename = "CpuRealtimeRuntime")]
    pub cpu_realtime_runtime: i64,
    /// `CpusetCpus`.
    #[serde(rename = "CpusetCpus")]
    pub cpuset_cpus: String,
    /// `CpusetMems`.
    #[serde(rename = "CpusetMems")]
    pub cpuset_mems: String,
    /// `Devices`, `null` if there is none.
    #[serde(rename = "Devices")]
    pub devices: Option<Vec<DeviceMapping>>,
    /// `DeviceCgroupRules`, `null` if there is none.
    #[serde(rename = "DeviceCgroupRules")]
    pub device_cgroup_rules: Option<Vec<String>>,
    /// `DeviceRequests`, since 1.40, `null` if there is none.
    #[serde(rename = "DeviceRequests", skip_serializing_if = "Gated::is_lacking")]
    pub device_requests: Gated<Vec<DeviceRequest>>,
    /// `KernelMemory`: bytes.
    #[serde(rename = "KernelMemory")]
    pub kernel_memory: i64,
    /// `KernelMemoryTCP`: bytes, since 1.40.
    #[serde(rename = "KernelMemoryTCP", skip_serializing_if = "Option::is_none")]
    pub kernel_memory_tcp: Option<i64>,
    /// `MemoryReservation`: bytes.
    #[serde(rename = "MemoryReservation")]
    pub memory_reservation: i64,
    /// `MemorySwap`: bytes of memory and swap together, -1 is no limit.
    #[serde(rename = "MemorySwap")]
    pub memory_swap: i64,
    /// `MemorySwappiness`: 0 to 100, `null` if there is none.
    #[serde(rename = "MemorySwappiness")]
    pub memory_swappiness: Option<i64>,
    /// `NanoCpus`: billionths of a CPU.
    #[serde(rename = "NanoCpus")]
    pub nano_cpus: i64,
    /// `OomKillDisable`, `null` if there is none.
    #[serde(rename = "OomKillDisable")]
    pub oom_kill_disable: Option<bool>,
    /// `PidsLimit`: 0 and -1 are no limit, since 1.40.
    #[serde(rename = "PidsLimit", skip_serializing_if = "Option::is_none")]
    pub pids_limit: Option<i64>,
    /// `Ulimits`, `null` if there is none.
    #[serde(rename = "Ulimits")]
    pub ulimits: Option<Vec<Ulimit>>,
    /// `CpuCount`.
    #[serde(rename = "CpuCount")]
    pub cpu_count: i64,
    /// `CpuPercent`.
    #[serde(rename = "CpuPercent")]
    pub cpu_percent: i64,
    /// `IOMaximumIOps`.
    #[serde(rename = "IOMaximumIOps")]
    pub io_maximum_iops: i64,
    /// `IOMaximumBandwidth`: bytes per second.
    #[serde(rename = "IOMaximumBandwidth")]
    pub io_maximum_bandwidth: i64,
    /// `DiskQuota`, until 1.39.
    #[serde(rename = "DiskQuota", skip_serializing_if = "Option::is_none")]
    pub disk_quota: Option<i64>,
    /// `RestartPolicy`.
    #[serde(rename = "RestartPolicy")]
    pub restart_policy: RestartPolicy,
}

impl From<ContainerUpdateRequest> for Resources {
    fn from(whole: ContainerUpdateRequest) -> Resources {
        Resources {
            cpu_shares: whole.cpu_shares,
            memory: whole.memory,
            cgroup_parent: whole.cgroup_parent,
            blkio_weight: whole.blkio_weight,
            blkio_weight_device: whole.blkio_weight_device,
            blkio_device_read_bps: whole.blkio_device_read_bps,
            blkio_device_write_bps: whole.blkio_device_write_bps,
            blkio_device_read_iops: whole.blkio_device_read_iops,
            blkio_device_write_iops: whole.blkio_device_write_iops,
            cpu_period: whole.cpu_period,
            cpu_quota: whole.cpu_quota,
            cpu_realtime_period: whole.cpu_realtime_period,
            cpu_realtime_runtime: whole.cpu_realtime_runtime,
            cpuset_cpus: whole.cpuset_cpus,
            cpuset_mems: whole.cpuset_mems,
            devices: whole.devices,
            device_cgroup_rules: whole.device_cgroup_rules,
            device_requests: whole.device_requests,
            kernel_memory: whole.kernel_memory,
            kernel_memory_tcp: whole.kernel_memory_tcp,
            memory_reservation: whole.memory_reservation,
            memory_swap: whole.memory_swap,
            memory_swappiness: whole.memory_swappiness,
            nano_cpus: whole.nano_cpus,
            oom_kill_disable: whole.oom_kill_disable,
            pids_limit: whole.pids_limit,
            ulimits: whole.ulimits,
            cpu_count: whole.cpu_count,
            cpu_percent: whole.cpu_percent,
            io_maximum_iops: whole.io_maximum_iops,
            io_maximum_bandwidth: whole.io_maximum_bandwidth,
            disk_quota: whole.disk_quota,
        }
    }
}

/// What answers `POST /containers/{id}/update`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerUpdateResponse {
    /// `Warnings`, `null` if there is none.
    #[serde(rename = "Warnings")]
    pub warnings: Option<Vec<String>>,
}

/// `Error` of [`ContainerWaitResponse`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerWaitExitError {
    /// `Message`.
    #[serde(rename = "Message")]
    pub message: String,
}

/// What answers `POST /containers/{id}/wait`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerWaitResponse {
    /// `StatusCode`.
    #[serde(rename = "StatusCode")]
    pub status_code: i64,
    /// `Error`, `null` if there is none.
    #[serde(rename = "Error")]
    pub error: Option<ContainerWaitExitError>,
}

/// `cpu_stats` of [`ContainerStats`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CpuStats {
    /// `cpu_usage`.
    #[serde(rename = "cpu_usage")]
    pub cpu_usage: CpuUsage,
    /// `system_cpu_usage`, left out if there is none.
    #[serde(rename = "system_cpu_usage", skip_serializing_if = "super::nothing")]
    pub system_cpu_usage: Option<u64>,
    /// `online_cpus`, left out if there is none.
    #[serde(rename = "online_cpus", skip_serializing_if = "super::nothing")]
    pub online_cpus: Option<u32>,
    /// `throttling_data`.
    #[serde(rename = "throttling_data")]
    pub throttling_data: ThrottlingData,
}

/// `cpu_usage` of [`CpuStats`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CpuUsage {
    /// `total_usage`.
    #[serde(rename = "total_usage")]
    pub total_usage: u64,
    /// `percpu_usage`, left out if there is none.
    #[serde(rename = "percpu_usage", skip_serializing_if = "super::nothing")]
    pub percpu_usage: Option<Vec<u64>>,
    /// `usage_in_kernelmode`.
    #[serde(rename = "usage_in_kernelmode")]
    pub usage_in_kernelmode: u64,
    /// `usage_in_usermode`.
    #[serde(rename = "usage_in_usermode")]
    pub usage_in_usermode: u64,
}

/// A device of the host and where it is in the container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceMapping {
    /// `PathOnHost`.
    #[serde(rename = "PathOnHost")]
    pub path_on_host: String,
    /// `PathInContainer`.
    #[serde(rename = "PathInContainer")]
    pub path_in_container: String,
    /// `CgroupPermissions`.
    #[serde(rename = "CgroupPermissions")]
    pub cgroup_permissions: String,
}

/// Devices asked for by driver and ability.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceRequest {
    /// `Driver`.
    #[serde(rename = "Driver")]
    pub driver: String,
    /// `Count`.
    #[serde(rename = "Count")]
    pub count: i64,
    /// `DeviceIDs`, `null` if there is none.
    #[serde(rename = "DeviceIDs")]
    pub device_ids: Option<Vec<String>>,
    /// `Capabilities`, `null` if there is none.
    #[serde(rename = "Capabilities")]
    pub capabilities: Option<Vec<Vec<String>>>,
    /// `Options`, `null` if there is none.
    #[serde(rename = "Options")]
    pub options: Option<BTreeMap<String, String>>,
}

/// A file that differs from the image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilesystemChange {
    /// `Path`.
    #[serde(rename = "Path")]
    pub path: String,
    /// `Kind`.
    #[serde(rename = "Kind")]
    pub kind: ChangeKind,
}

/// `Health` of [`ContainerState`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// `Status`.
    #[serde(rename = "Status")]
    pub status: HealthStatus,
    /// `FailingStreak`.
    #[serde(rename = "FailingStreak")]
    pub failing_streak: i64,
    /// `Log`, `null` if there is none.
    #[serde(rename = "Log")]
    pub log: Option<Vec<HealthcheckResult>>,
}

/// `Status` of [`Health`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum HealthStatus {
    /// `none`.
    None,
    /// `starting`.
    Starting,
    /// `healthy`.
    Healthy,
    /// `unhealthy`.
    Unhealthy,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl HealthStatus {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            HealthStatus::None => "none",
            HealthStatus::Starting => "starting",
            HealthStatus::Healthy => "healthy",
            HealthStatus::Unhealthy => "unhealthy",
            HealthStatus::Other(text) => text,
        }
    }
}

impl From<&str> for HealthStatus {
    fn from(text: &str) -> HealthStatus {
        match text {
            "none" => HealthStatus::None,
            "starting" => HealthStatus::Starting,
            "healthy" => HealthStatus::Healthy,
            "unhealthy" => HealthStatus::Unhealthy,
            _ => HealthStatus::Other(text.into()),
        }
    }
}

impl From<String> for HealthStatus {
    fn from(text: String) -> HealthStatus {
        HealthStatus::from(text.as_str())
    }
}

impl From<HealthStatus> for String {
    fn from(value: HealthStatus) -> String {
        value.as_str().to_owned()
    }
}

impl Default for HealthStatus {
    fn default() -> HealthStatus {
        HealthStatus::from("")
    }
}

/// `Log` of [`Health`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthcheckResult {
    /// `Start`.
    #[serde(rename = "Start")]
    pub start: Timestamp,
    /// `End`.
    #[serde(rename = "End")]
    pub end: Timestamp,
    /// `ExitCode`.
    #[serde(rename = "ExitCode")]
    pub exit_code: i64,
    /// `Output`.
    #[serde(rename = "Output")]
    pub output: String,
}

/// How a container is tied to its host: limits, mounts, ports, privileges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostConfig {
    /// `CpuShares`: relative weight.
    #[serde(rename = "CpuShares")]
    pub cpu_shares: i64,
    /// `Memory`: bytes.
    #[serde(rename = "Memory")]
    pub memory: i64,
    /// `CgroupParent`.
    #[serde(rename = "CgroupParent")]
    pub cgroup_parent: String,
    /// `BlkioWeight`: 10 to 1000, 0 is none.
    #[serde(rename = "BlkioWeight")]
    pub blkio_weight: i64,
    /// `BlkioWeightDevice`, `null` if there is none.
    #[serde(rename = "BlkioWeightDevice")]
    pub blkio_weight_device: Option<Vec<WeightDevice>>,
    /// `BlkioDeviceReadBps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceReadBps")]
    pub blkio_device_read_bps: Option<Vec<ThrottleDevice>>,
    /// `BlkioDeviceWriteBps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceWriteBps")]
    pub blkio_device_write_bps: Option<Vec<ThrottleDevice>>,
    /// `BlkioDeviceReadIOps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceReadIOps")]
    pub blkio_device_read_iops: Option<Vec<ThrottleDevice>>,
    /// `BlkioDeviceWriteIOps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceWriteIOps")]
    pub blkio_device_write_iops: Option<Vec<ThrottleDevice>>,
    /// `CpuPeriod`: microseconds.
    #[serde(rename = "CpuPeriod")]
    pub cpu_period: i64,
    /// `CpuQuota`: microseconds in each period.
    #[serde(rename = "CpuQuota")]
    pub cpu_quota: i64,
    /// `CpuRealtimePeriod`: microseconds.
    #[serde(rename = "CpuRealtimePeriod")]
    pub cpu_realtime_period: i64,
    /// `CpuRealtimeRuntime`: microseconds.
    #[serde(rename = "CpuRealtimeRuntime")]
    pub cpu_realtime_runtime: i64,
    /// `CpusetCpus`.
    #[serde(rename = "CpusetCpus")]
    pub cpuset_cpus: String,
    /// `CpusetMems`.
    #[serde(rename = "CpusetMems")]
    pub cpuset_mems: String,
    /// `Devices`, `null` if there is none.
    #[serde(rename = "Devices")]
    pub devices: Option<Vec<DeviceMapping>>,
    /// `DeviceCgroupRules`, `null` if there is none.
    #[serde(rename = "DeviceCgroupRules")]
    pub device_cgroup_rules: Option<Vec<String>>,
    /// `DeviceRequests`, since 1.40, `null` if there is none.
    #[serde(rename = "DeviceRequests", skip_serializing_if = "Gated::is_lacking")]
    pub device_requests: Gated<Vec<DeviceRequest>>,
    /// `KernelMemory`: bytes.
    #[serde(rename = "KernelMemory")]
    pub kernel_memory: i64,
    /// `KernelMemoryTCP`: bytes, since 1.40.
    #[serde(rename = "KernelMemoryTCP", skip_serializing_if = "Option::is_none")]
    pub kernel_memory_tcp: Option<i64>,
    /// `MemoryReservation`: bytes.
    #[serde(rename = "MemoryReservation")]
    pub memory_reservation: i64,
    /// `MemorySwap`: bytes of memory and swap together, -1 is no limit.
    #[serde(rename = "MemorySwap")]
    pub memory_swap: i64,
    /// `MemorySwappiness`: 0 to 100, `null` if there is none.
    #[serde(rename = "MemorySwappiness")]
    pub memory_swappiness: Option<i64>,
    /// `NanoCpus`: billionths of a CPU.
    #[serde(rename = "NanoCpus")]
    pub nano_cpus: i64,
    /// `OomKillDisable`, `null` if there is none.
    #[serde(rename = "OomKillDisable")]
    pub oom_kill_disable: Option<bool>,
    /// `PidsLimit`: 0 and -1 are no limit, `null` if there is none.
    #[serde(rename = "PidsLimit")]
    pub pids_limit: Option<i64>,
    /// `Ulimits`, `null` if there is none.
    #[serde(rename = "Ulimits")]
    pub ulimits: Option<Vec<Ulimit>>,
    /// `CpuCount`.
    #[serde(rename = "CpuCount")]
    pub cpu_count: i64,
    /// `CpuPercent`.
    #[serde(rename = "CpuPercent")]
    pub cpu_percent: i64,
    /// `IOMaximumIOps`.
    #[serde(rename = "IOMaximumIOps")]
    pub io_maximum_iops: i64,
    /// `IOMaximumBandwidth`: bytes per second.
    #[serde(rename = "IOMaximumBandwidth")]
    pub io_maximum_bandwidth: i64,
    /// `DiskQuota`, until 1.39.
    #[serde(rename = "DiskQuota", skip_serializing_if = "Option::is_none")]
    pub disk_quota: Option<i64>,
    /// `Binds`: `source:target[:options]`, `null` if there is none.
    #[serde(rename = "Binds")]
    pub binds: Option<Vec<String>>,
    /// `ContainerIDFile`.
    #[serde(rename = "ContainerIDFile")]
    pub container_id_file: String,
    /// `LogConfig`.
    #[serde(rename = "LogConfig")]
    pub log_config: LogConfig,
    /// `NetworkMode`.
    #[serde(rename = "NetworkMode")]
    pub network_mode: String,
    /// `PortBindings`, `null` if there is none.
    #[serde(rename = "PortBindings")]
    pub port_bindings: Option<BTreeMap<String, Option<Vec<PortBinding>>>>,
    /// `RestartPolicy`.
    #[serde(rename = "RestartPolicy")]
    pub restart_policy: RestartPolicy,
    /// `AutoRemove`.
    #[serde(rename = "AutoRemove")]
    pub auto_remove: bool,
    /// `VolumeDriver`.
    #[serde(rename = "VolumeDriver")]
    pub volume_driver: String,
    /// `VolumesFrom`, `null` if there is none.
    #[serde(rename = "VolumesFrom")]
    pub volumes_from: Option<Vec<String>>,
    /// `Mounts`, left out if there is none.
    #[serde(rename = "Mounts", skip_serializing_if = "super::nothing")]
    pub mounts: Option<Vec<Mount>>,
    /// `Capabilities`, since 1.40, until 1.40, left out if there is none.
    #[serde(rename = "Capabilities", skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// `CapAdd`, `null` if there is none.
    #[serde(rename = "CapAdd")]
    pub cap_add: Option<Vec<String>>,
    /// `CapDrop`, `null` if there is none.
    #[serde(rename = "CapDrop")]
    pub cap_drop: Option<Vec<String>>,
    /// `Dns`, `null` if there is none.
    #[serde(rename = "Dns")]
    pub dns: Option<Vec<String>>,
    /// `DnsOptions`, `null` if there is none.
    #[serde(rename = "DnsOptions")]
    pub dns_options: Option<Vec<String>>,
    /// `DnsSearch`, `null` if there is none.
    #[serde(rename = "DnsSearch")]
    pub dns_search: Option<Vec<String>>,
    /// `ExtraHosts`, `null` if there is none.
    #[serde(rename = "ExtraHosts")]
    pub extra_hosts: Option<Vec<String>>,
    /// `GroupAdd`, `null` if there is none.
    #[serde(rename = "GroupAdd")]
    pub group_add: Option<Vec<String>>,
    /// `IpcMode`.
    #[serde(rename = "IpcMode")]
    pub ipc_mode: String,
    /// `Cgroup`.
    #[serde(rename = "Cgroup")]
    pub cgroup: String,
    /// `Links`, `null` if there is none.
    #[serde(rename = "Links")]
    pub links: Option<Vec<String>>,
    /// `OomScoreAdj`.
    #[serde(rename = "OomScoreAdj")]
    pub oom_score_adj: i64,
    /// `PidMode`.
    #[serde(rename = "PidMode")]
    pub pid_mode: String,
    /// `Privileged`.
    #[serde(rename = "Privileged")]
    pub privileged: bool,
    /// `PublishAllPorts`.
    #[serde(rename = "PublishAllPorts")]
    pub publish_all_ports: bool,
    /// `ReadonlyRootfs`.
    #[serde(rename = "ReadonlyRootfs")]
    pub readonly_rootfs: bool,
    /// `SecurityOpt`, `null` if there is none.
    #[serde(rename = "SecurityOpt")]
    pub security_opt: Option<Vec<String>>,
    /// `StorageOpt`, left out if there is none.
    #[serde(rename = "StorageOpt", skip_serializing_if = "super::nothing")]
    pub storage_opt: Option<BTreeMap<String, String>>,
    /// `Tmpfs`, left out if there is none.
    #[serde(rename = "Tmpfs", skip_serializing_if = "super::nothing")]
    pub tmpfs: Option<BTreeMap<String, String>>,
    /// `UTSMode`.
    #[serde(rename = "UTSMode")]
    pub uts_mode: String,
    /// `UsernsMode`.
    #[serde(rename = "UsernsMode")]
    pub userns_mode: String,
    /// `ShmSize`: bytes; 0 is the default.
    #[serde(rename = "ShmSize")]
    pub shm_size: i64,
    /// `Sysctls`, left out if there is none.
    #[serde(rename = "Sysctls", skip_serializing_if = "super::nothing")]
    pub sysctls: Option<BTreeMap<String, String>>,
    /// `Runtime`, left out if there is none.
    #[serde(rename = "Runtime", skip_serializing_if = "super::nothing")]
    pub runtime: Option<String>,
    /// `ConsoleSize`: height and width.
    #[serde(rename = "ConsoleSize")]
    pub console_size: [i64; 2],
    /// `Isolation`.
    #[serde(rename = "Isolation")]
    pub isolation: Isolation,
    /// `MaskedPaths`, since 1.38, `null` if there is none.
    #[serde(rename = "MaskedPaths", skip_serializing_if = "Gated::is_lacking")]
    pub masked_paths: Gated<Vec<String>>,
    /// `ReadonlyPaths`, since 1.38, `null` if there is none.
    #[serde(rename = "ReadonlyPaths", skip_serializing_if = "Gated::is_lacking")]
    pub readonly_paths: Gated<Vec<String>>,
    /// `Init`, left out if there is none.
    #[serde(rename = "Init", skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
}

impl From<HostConfig> for Resources {
    fn from(whole: HostConfig) -> Resources {
        Resources {
            cpu_shares: whole.cpu_shares,
            memory: whole.memory,
            cgroup_parent: whole.cgroup_parent,
            blkio_weight: whole.blkio_weight,
            blkio_weight_device: whole.blkio_weight_device,
            blkio_device_read_bps: whole.blkio_device_read_bps,
            blkio_device_write_bps: whole.blkio_device_write_bps,
            blkio_device_read_iops: whole.blkio_device_read_iops,
            blkio_device_write_iops: whole.blkio_device_write_iops,
            cpu_period: whole.cpu_period,
            cpu_quota: whole.cpu_quota,
            cpu_realtime_period: whole.cpu_realtime_period,
            cpu_realtime_runtime: whole.cpu_realtime_runtime,
            cpuset_cpus: whole.cpuset_cpus,
            cpuset_mems: whole.cpuset_mems,
            devices: whole.devices,
            device_cgroup_rules: whole.device_cgroup_rules,
            device_requests: whole.device_requests,
            kernel_memory: whole.kernel_memory,
            kernel_memory_tcp: whole.kernel_memory_tcp,
            memory_reservation: whole.memory_reservation,
            memory_swap: whole.memory_swap,
            memory_swappiness: whole.memory_swappiness,
            nano_cpus: whole.nano_cpus,
            oom_kill_disable: whole.oom_kill_disable,
            pids_limit: whole.pids_limit,
            ulimits: whole.ulimits,
            cpu_count: whole.cpu_count,
            cpu_percent: whole.cpu_percent,
            io_maximum_iops: whole.io_maximum_iops,
            io_maximum_bandwidth: whole.io_maximum_bandwidth,
            disk_quota: whole.disk_quota,
        }
    }
}

/// Where the output of a container goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogConfig {
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: LogConfigType,
    /// `Config`, `null` if there is none.
    #[serde(rename = "Config")]
    pub config: Option<BTreeMap<String, String>>,
}

/// `Type` of [`LogConfig`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum LogConfigType {
    /// `json-file`.
    JsonFile,
    /// `syslog`.
    Syslog,
    /// `journald`.
    Journald,
    /// `gelf`.
    Gelf,
    /// `fluentd`.
    Fluentd,
    /// `awslogs`.
    Awslogs,
    /// `splunk`.
    Splunk,
    /// `etwlogs`.
    Etwlogs,
    /// `none`.
    None,
    /// `local`.
    Local,
    /// `gcplogs`.
    Gcplogs,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl LogConfigType {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            LogConfigType::JsonFile => "json-file",
            LogConfigType::Syslog => "syslog",
            LogConfigType::Journald => "journald",
            LogConfigType::Gelf => "gelf",
            LogConfigType::Fluentd => "fluentd",
            LogConfigType::Awslogs => "awslogs",
            LogConfigType::Splunk => "splunk",
            LogConfigType::Etwlogs => "etwlogs",
            LogConfigType::None => "none",
            LogConfigType::Local => "local",
            LogConfigType::Gcplogs => "gcplogs",
            LogConfigType::Other(text) => text,
        }
    }
}

impl From<&str> for LogConfigType {
    fn from(text: &str) -> LogConfigType {
        match text {
            "json-file" => LogConfigType::JsonFile,
            "syslog" => LogConfigType::Syslog,
            "journald" => LogConfigType::Journald,
            "gelf" => LogConfigType::Gelf,
            "fluentd" => LogConfigType::Fluentd,
            "awslogs" => LogConfigType::Awslogs,
            "splunk" => LogConfigType::Splunk,
            "etwlogs" => LogConfigType::Etwlogs,
            "none" => LogConfigType::None,
            "local" => LogConfigType::Local,
            "gcplogs" => LogConfigType::Gcplogs,
            _ => LogConfigType::Other(text.into()),
        }
    }
}

impl From<String> for LogConfigType {
    fn from(text: String) -> LogConfigType {
        LogConfigType::from(text.as_str())
    }
}

impl From<LogConfigType> for String {
    fn from(value: LogConfigType) -> String {
        value.as_str().to_owned()
    }
}

impl Default for LogConfigType {
    fn default() -> LogConfigType {
        LogConfigType::from("")
    }
}

/// `memory_stats` of [`ContainerStats`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemoryStats {
    /// `usage`, left out if there is none.
    #[serde(rename = "usage", skip_serializing_if = "super::nothing")]
    pub usage: Option<u64>,
    /// `max_usage`, left out if there is none.
    #[serde(rename = "max_usage", skip_serializing_if = "super::nothing")]
    pub max_usage: Option<u64>,
    /// `stats`, left out if there is none.
    #[serde(rename = "stats", skip_serializing_if = "super::nothing")]
    pub stats: Option<BTreeMap<String, u64>>,
    /// `failcnt`, left out if there is none.
    #[serde(rename = "failcnt", skip_serializing_if = "super::nothing")]
    pub failcnt: Option<u64>,
    /// `limit`, left out if there is none.
    #[serde(rename = "limit", skip_serializing_if = "super::nothing")]
    pub limit: Option<u64>,
    /// `commitbytes`, left out if there is none.
    #[serde(rename = "commitbytes", skip_serializing_if = "super::nothing")]
    pub commitbytes: Option<u64>,
    /// `commitpeakbytes`, left out if there is none.
    #[serde(rename = "commitpeakbytes", skip_serializing_if = "super::nothing")]
    pub commitpeakbytes: Option<u64>,
    /// `privateworkingset`, left out if there is none.
    #[serde(rename = "privateworkingset", skip_serializing_if = "super::nothing")]
    pub privateworkingset: Option<u64>,
}

/// `NetworkSettings` of [`ContainerInspectResponse`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSettings {
    /// `Bridge`.
    #[serde(rename = "Bridge")]
    pub bridge: String,
    /// `SandboxID`.
    #[serde(rename = "SandboxID")]
    pub sandbox_id: String,
    /// `HairpinMode`.
    #[serde(rename = "HairpinMode")]
    pub hairpin_mode: bool,
    /// `LinkLocalIPv6Address`.
    #[serde(rename = "LinkLocalIPv6Address")]
    pub link_local_ipv6_address: String,
    /// `LinkLocalIPv6PrefixLen`.
    #[serde(rename = "LinkLocalIPv6PrefixLen")]
    pub link_local_ipv6_prefix_len: i64,
    /// `Ports`, `null` if there is none.
    #[serde(rename = "Ports")]
    pub ports: Option<BTreeMap<String, Option<Vec<PortBinding>>>>,
    /// `SandboxKey`.
    #[serde(rename = "SandboxKey")]
    pub sandbox_key: String,
    /// `SecondaryIPAddresses`, `null` if there is none.
    #[serde(rename = "SecondaryIPAddresses")]
    pub secondary_ip_addresses: Option<Vec<Address>>,
    /// `SecondaryIPv6Addresses`, `null` if there is none.
    #[serde(rename = "SecondaryIPv6Addresses")]
    pub secondary_ipv6_addresses: Option<Vec<Address>>,
    /// `EndpointID`.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// `Gateway`.
    #[serde(rename = "Gateway")]
    pub gateway: String,
    /// `GlobalIPv6Address`.
    #[serde(rename = "GlobalIPv6Address")]
    pub global_ipv6_address: String,
    /// `GlobalIPv6PrefixLen`.
    #[serde(rename = "GlobalIPv6PrefixLen")]
    pub global_ipv6_prefix_len: i64,
    /// `IPAddress`.
    #[serde(rename = "IPAddress")]
    pub ip_address: String,
    /// `IPPrefixLen`.
    #[serde(rename = "IPPrefixLen")]
    pub ip_prefix_len: i64,
    /// `IPv6Gateway`.
    #[serde(rename = "IPv6Gateway")]
    pub ipv6_gateway: String,
    /// `MacAddress`.
    #[serde(rename = "MacAddress")]
    pub mac_address: String,
    /// `Networks`, `null` if there is none.
    #[serde(rename = "Networks")]
    pub networks: Option<BTreeMap<String, EndpointSettings>>,
}

/// `networks` of [`ContainerStats`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkStats {
    /// `rx_bytes`.
    #[serde(rename = "rx_bytes")]
    pub rx_bytes: u64,
    /// `rx_packets`.
    #[serde(rename = "rx_packets")]
    pub rx_packets: u64,
    /// `rx_errors`.
    #[serde(rename = "rx_errors")]
    pub rx_errors: u64,
    /// `rx_dropped`.
    #[serde(rename = "rx_dropped")]
    pub rx_dropped: u64,
    /// `tx_bytes`.
    #[serde(rename = "tx_bytes")]
    pub tx_bytes: u64,
    /// `tx_packets`.
    #[serde(rename = "tx_packets")]
    pub tx_packets: u64,
    /// `tx_errors`.
    #[serde(rename = "tx_errors")]
    pub tx_errors: u64,
    /// `tx_dropped`.
    #[serde(rename = "tx_dropped")]
    pub tx_dropped: u64,
    /// `endpoint_id`, left out if there is none.
    #[serde(rename = "endpoint_id", skip_serializing_if = "super::nothing")]
    pub endpoint_id: Option<String>,
    /// `instance_id`, left out if there is none.
    #[serde(rename = "instance_id", skip_serializing_if = "super::nothing")]
    pub instance_id: Option<String>,
}

/// `NetworkingConfig` of [`ContainerCreateRequest`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkingConfig {
    /// `EndpointsConfig`, `null` if there is none.
    #[serde(rename = "EndpointsConfig")]
    pub endpoints_config: Option<BTreeMap<String, EndpointSettings>>,
}

/// `pids_stats` of [`ContainerStats`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PidsStats {
    /// `current`, left out if there is none.
    #[serde(rename = "current", skip_serializing_if = "super::nothing")]
    pub current: Option<u64>,
    /// `limit`, left out if there is none.
    #[serde(rename = "limit", skip_serializing_if = "super::nothing")]
    pub limit: Option<u64>,
}

/// An address and port of the host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortBinding {
    /// `HostIp`.
    #[serde(rename = "HostIp")]
    pub host_ip: String,
    /// `HostPort`.
    #[serde(rename = "HostPort")]
    pub host_port: String,
}

/// Limits for a container, for create and update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// `CpuShares`: relative weight.
    #[serde(rename = "CpuShares")]
    pub cpu_shares: i64,
    /// `Memory`: bytes.
    #[serde(rename = "Memory")]
    pub memory: i64,
    /// `CgroupParent`.
    #[serde(rename = "CgroupParent")]
    pub cgroup_parent: String,
    /// `BlkioWeight`: 10 to 1000, 0 is none.
    #[serde(rename = "BlkioWeight")]
    pub blkio_weight: i64,
    /// `BlkioWeightDevice`, `null` if there is none.
    #[serde(rename = "BlkioWeightDevice")]
    pub blkio_weight_device: Option<Vec<WeightDevice>>,
    /// `BlkioDeviceReadBps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceReadBps")]
    pub blkio_device_read_bps: Option<Vec<ThrottleDevice>>,
    /// `BlkioDeviceWriteBps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceWriteBps")]
    pub blkio_device_write_bps: Option<Vec<ThrottleDevice>>,
    /// `BlkioDeviceReadIOps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceReadIOps")]
    pub blkio_device_read_iops: Option<Vec<ThrottleDevice>>,
    /// `BlkioDeviceWriteIOps`, `null` if there is none.
    #[serde(rename = "BlkioDeviceWriteIOps")]
    pub blkio_device_write_iops: Option<Vec<ThrottleDevice>>,
    /// `CpuPeriod`: microseconds.
    #[serde(rename = "CpuPeriod")]
    pub cpu_period: i64,
    /// `CpuQuota`: microseconds in each period.
    #[serde(rename = "CpuQuota")]
    pub cpu_quota: i64,
    /// `CpuRealtimePeriod`: microseconds.
    #[serde(rename = "CpuRealtimePeriod")]
    pub cpu_realtime_period: i64,
    /// `CpuRealtimeRuntime`: microseconds.
    #[serde(rename = "CpuRealtimeRuntime")]
    pub cpu_realtime_runtime: i64,
    /// `CpusetCpus`.
    #[serde(rename = "CpusetCpus")]
    pub cpuset_cpus: String,
    /// `CpusetMems`.
    #[serde(rename = "CpusetMems")]
    pub cpuset_mems: String,
    /// `Devices`, `null` if there is none.
    #[serde(rename = "Devices")]
    pub devices: Option<Vec<DeviceMapping>>,
    /// `DeviceCgroupRules`, `null` if there is none.
    #[serde(rename = "DeviceCgroupRules")]
    pub device_cgroup_rules: Option<Vec<String>>,
    /// `DeviceRequests`, since 1.40, `null` if there is none.
    #[serde(rename = "DeviceRequests", skip_serializing_if = "Gated::is_lacking")]
    pub device_requests: Gated<Vec<DeviceRequest>>,
    /// `KernelMemory`: bytes.
    #[serde(rename = "KernelMemory")]
    pub kernel_memory: i64,
    /// `KernelMemoryTCP`: bytes, since 1.40.
    #[serde(rename = "KernelMemoryTCP", skip_serializing_if = "Option::is_none")]
    pub kernel_memory_tcp: Option<i64>,
    /// `MemoryReservation`: bytes.
    #[serde(rename = "MemoryReservation")]
    pub memory_reservation: i64,
    /// `MemorySwap`: bytes of memory and swap together, -1 is no limit.
    #[serde(rename = "MemorySwap")]
    pub memory_swap: i64,
    /// `MemorySwappiness`: 0 to 100, `null` if there is none.
    #[serde(rename = "MemorySwappiness")]
    pub memory_swappiness: Option<i64>,
    /// `NanoCpus`: billionths of a CPU.
    #[serde(rename = "NanoCpus")]
    pub nano_cpus: i64,
    /// `OomKillDisable`, `null` if there is none.
    #[serde(rename = "OomKillDisable")]
    pub oom_kill_disable: Option<bool>,
    /// `PidsLimit`: 0 and -1 are no limit, `null` if there is none.
    #[serde(rename = "PidsLimit")]
    pub pids_limit: Option<i64>,
    /// `Ulimits`, `null` if there is none.
    #[serde(rename = "Ulimits")]
    pub ulimits: Option<Vec<Ulimit>>,
    /// `CpuCount`.
    #[serde(rename = "CpuCount")]
    pub cpu_count: i64,
    /// `CpuPercent`.
    #[serde(rename = "CpuPercent")]
    pub cpu_percent: i64,
    /// `IOMaximumIOps`.
    #[serde(rename = "IOMaximumIOps")]
    pub io_maximum_iops: i64,
    /// `IOMaximumBandwidth`: bytes per second.
    #[serde(rename = "IOMaximumBandwidth")]
    pub io_maximum_bandwidth: i64,
    /// `DiskQuota`, until 1.39.
    #[serde(rename = "DiskQuota", skip_serializing_if = "Option::is_none")]
    pub disk_quota: Option<i64>,
}

/// When a container that ended is started again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestartPolicy {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: RestartPolicyName,
    /// `MaximumRetryCount`.
    #[serde(rename = "MaximumRetryCount")]
    pub maximum_retry_count: i64,
}

/// `Name` of [`RestartPolicy`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum RestartPolicyName {
    /// The empty text.
    Unset,
    /// `no`.
    No,
    /// `always`.
    Always,
    /// `unless-stopped`.
    UnlessStopped,
    /// `on-failure`.
    OnFailure,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl RestartPolicyName {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            RestartPolicyName::Unset => "",
            RestartPolicyName::No => "no",
            RestartPolicyName::Always => "always",
            RestartPolicyName::UnlessStopped => "unless-stopped",
            RestartPolicyName::OnFailure => "on-failure",
            RestartPolicyName::Other(text) => text,
        }
    }
}

impl From<&str> for RestartPolicyName {
    fn from(text: &str) -> RestartPolicyName {
        match text {
            "" => RestartPolicyName::Unset,
            "no" => RestartPolicyName::No,
            "always" => RestartPolicyName::Always,
            "unless-stopped" => RestartPolicyName::UnlessStopped,
            "on-failure" => RestartPolicyName::OnFailure,
            _ => RestartPolicyName::Other(text.into()),
        }
    }
}

impl From<String> for RestartPolicyName {
    fn from(text: String) -> RestartPolicyName {
        RestartPolicyName::from(text.as_str())
    }
}

impl From<RestartPolicyName> for String {
    fn from(value: RestartPolicyName) -> String {
        value.as_str().to_owned()
    }
}

impl Default for RestartPolicyName {
    fn default() -> RestartPolicyName {
        RestartPolicyName::from("")
    }
}

/// `storage_stats` of [`ContainerStats`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StorageStats {
    /// `read_count_normalized`, left out if there is none.
    #[serde(
        rename = "read_count_normalized",
        skip_serializing_if = "super::nothing"
    )]
    pub read_count_normalized: Option<u64>,
    /// `read_size_bytes`, left out if there is none.
    #[serde(rename = "read_size_bytes", skip_serializing_if = "super::nothing")]
    pub read_size_bytes: Option<u64>,
    /// `write_count_normalized`, left out if there is none.
    #[serde(
        rename = "write_count_normalized",
        skip_serializing_if = "super::nothing"
    )]
    pub write_count_normalized: Option<u64>,
    /// `write_size_bytes`, left out if there is none.
    #[serde(rename = "write_size_bytes", skip_serializing_if = "super::nothing")]
    pub write_size_bytes: Option<u64>,
}

/// A limit for one block device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThrottleDevice {
    /// `Path`.
    #[serde(rename = "Path")]
    pub path: String,
    /// `Rate`.
    #[serde(rename = "Rate")]
    pub rate: i64,
}

/// `throttling_data` of [`CpuStats`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThrottlingData {
    /// `periods`.
    #[serde(rename = "periods")]
    pub periods: u64,
    /// `throttled_periods`.
    #[serde(rename = "throttled_periods")]
    pub throttled_periods: u64,
    /// `throttled_time`.
    #[serde(rename = "throttled_time")]
    pub throttled_time: u64,
}

/// The share of one block device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WeightDevice {
    /// `Path`.
    #[serde(rename = "Path")]
    pub path: String,
    /// `Weight`.
    #[serde(rename = "Weight")]
    pub weight: i64,
}
