// Written by `cargo xtask gen`. Do not edit.

//! What a version lacks is taken out of a value, on the way in and on the way out.

use super::types::{
    BuildPruneResponse, ClusterInfo, Config, ConfigReference, ConfigSpec, ContainerCreateRequest,
    ContainerInspectResponse, ContainerSpec, ContainerSpecPrivileges, ContainerUpdateRequest,
    CredentialSpec, HostConfig, Mount, MountBindOptions, Placement, Plugin, PluginConfig,
    PluginConfigInterface, Resources, Secret, SecretSpec, Service, ServiceSpec, Swarm, SwarmInfo,
    SwarmInitRequest, SystemDataUsageResponse, SystemInfo, Task, TaskSpec,
};
use crate::gated::Gated;
use crate::version::ApiVersion;

impl BuildPruneResponse {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 39) {
            self.caches_deleted = Gated::lacking();
        }
    }
}

impl ClusterInfo {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 40) {
            self.data_path_port = None;
        }
        if version < ApiVersion::new(1, 39) {
            self.default_addr_pool = Gated::lacking();
        }
        if version < ApiVersion::new(1, 39) {
            self.subnet_size = None;
        }
    }
}

impl Config {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        self.spec.gate(version);
    }
}

impl ConfigReference {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 40) {
            self.runtime = None;
        }
    }
}

impl ConfigSpec {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 37) {
            self.templating = None;
        }
    }
}

impl ContainerCreateRequest {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if let Some(inner) = &mut self.host_config {
            inner.gate(version);
        }
    }
}

impl ContainerInspectResponse {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if let Some(inner) = &mut self.host_config {
            inner.gate(version);
        }
    }
}

impl ContainerSpec {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if let Some(inner) = &mut self.privileges {
            inner.gate(version);
        }
        if let Some(inner) = &mut self.mounts {
            for item in inner {
                item.gate(version);
            }
        }
        if let Some(inner) = &mut self.configs {
            for item in inner {
                item.gate(version);
            }
        }
        if version < ApiVersion::new(1, 38) {
            self.init = None;
        }
        if version < ApiVersion::new(1, 40) {
            self.sysctls = None;
        }
    }
}

impl ContainerSpecPrivileges {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if let Some(inner) = &mut self.credential_spec {
            inner.gate(version);
        }
    }
}

impl ContainerUpdateRequest {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 40) {
            self.device_requests = Gated::lacking();
        }
        if version < ApiVersion::new(1, 40) {
            self.kernel_memory_tcp = None;
        }
        if version < ApiVersion::new(1, 40) {
            self.pids_limit = None;
        }
        if version > ApiVersion::new(1, 39) {
            self.disk_quota = None;
        }
    }
}

impl CredentialSpec {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 40) {
            self.config = None;
        }
    }
}

impl HostConfig {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if let Some(inner) = &mut self.mounts {
            for item in inner {
                item.gate(version);
            }
        }
        if version < ApiVersion::new(1, 40) {
            self.device_requests = Gated::lacking();
        }
        if version < ApiVersion::new(1, 40) {
            self.kernel_memory_tcp = None;
        }
        if version > ApiVersion::new(1, 39) {
            self.disk_quota = None;
        }
        if version < ApiVersion::new(1, 40) || version > ApiVersion::new(1, 40) {
            self.capabilities = None;
        }
        if version < ApiVersion::new(1, 38) {
            self.masked_paths = Gated::lacking();
        }
        if version < ApiVersion::new(1, 38) {
            self.readonly_paths = Gated::lacking();
        }
    }
}

impl Mount {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if let Some(inner) = &mut self.bind_options {
            inner.gate(version);
        }
    }
}

impl MountBindOptions {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 40) {
            self.non_recursive = None;
        }
    }
}

impl Placement {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 40) {
            self.max_replicas = None;
        }
    }
}

impl Plugin {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        self.config.gate(version);
    }
}

impl PluginConfig {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        self.interface.gate(version);
    }
}

impl PluginConfigInterface {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 38) {
            self.protocol_scheme = None;
        }
    }
}

impl Resources {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 40) {
            self.device_requests = Gated::lacking();
        }
        if version < ApiVersion::new(1, 40) {
            self.kernel_memory_tcp = None;
        }
        if version > ApiVersion::new(1, 39) {
            self.disk_quota = None;
        }
    }
}

impl Secret {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        self.spec.gate(version);
    }
}

impl SecretSpec {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 37) {
            self.templating = None;
        }
    }
}

impl Service {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        self.spec.gate(version);
        if let Some(inner) = &mut self.previous_spec {
            inner.gate(version);
        }
    }
}

impl ServiceSpec {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        self.task_template.gate(version);
    }
}

impl Swarm {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 40) {
            self.data_path_port = None;
        }
        if version < ApiVersion::new(1, 39) {
            self.default_addr_pool = Gated::lacking();
        }
        if version < ApiVersion::new(1, 39) {
            self.subnet_size = None;
        }
    }
}

impl SwarmInfo {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if let Some(inner) = &mut self.cluster {
            inner.gate(version);
        }
    }
}

impl SwarmInitRequest {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 40) {
            self.data_path_port = None;
        }
        if version < ApiVersion::new(1, 39) {
            self.default_addr_pool = Gated::lacking();
        }
        if version < ApiVersion::new(1, 39) {
            self.subnet_size = None;
        }
    }
}

impl SystemDataUsageResponse {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if version < ApiVersion::new(1, 39) {
            self.build_cache = Gated::lacking();
        }
    }
}

impl SystemInfo {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        self.swarm.gate(version);
        if version < ApiVersion::new(1, 40) {
            self.kernel_memory_tcp = None;
        }
        if version < ApiVersion::new(1, 40) {
            self.pids_limit = None;
        }
        if version < ApiVersion::new(1, 39) {
            self.product_license = None;
        }
        if version < ApiVersion::new(1, 39) {
            self.warnings = Gated::lacking();
        }
    }
}

impl Task {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        self.spec.gate(version);
    }
}

impl TaskSpec {
    /// Takes out what the version lacks.
    pub fn gate(&mut self, version: ApiVersion) {
        if let Some(inner) = &mut self.container_spec {
            inner.gate(version);
        }
        if let Some(inner) = &mut self.placement {
            inner.gate(version);
        }
        if version < ApiVersion::new(1, 38) {
            self.network_attachment_spec = None;
        }
    }
}
