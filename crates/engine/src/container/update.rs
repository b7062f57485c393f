//! Changing the limits and the restart policy of a container: all of it or
//! nothing, also while it runs.

use longshore_api::types::{ContainerUpdateRequest, HostConfig};
use longshore_runtime::spec::Resources;

use crate::container::plan::abilities::Abilities;
use crate::container::plan::limits::{self, Moment};
use crate::container::plan::{Plan, resources};
use crate::container::record::Record;
use crate::container::restart::RestartPolicy;
use crate::container::state::Phase;
use crate::error::{Error, Result};

/// A checked wish for change. What is zero, empty or missing stays as it is.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    wanted: HostConfig,
}

/// A container as it is after a change.
pub(crate) struct Changed {
    /// What is kept.
    pub(crate) record: Record,
    /// What is done from now on.
    pub(crate) plan: Plan,
    /// What a running container's cgroup is told.
    pub(crate) live: Resources,
}

impl Change {
    /// Reads what the client wants; answers warnings along.
    pub(crate) fn parse(request: ContainerUpdateRequest) -> Result<(Change, Vec<String>)> {
        let mut wanted = HostConfig {
            cpu_shares: request.cpu_shares,
            memory: request.memory,
            blkio_weight: request.blkio_weight,
            cpu_period: request.cpu_period,
            cpu_quota: request.cpu_quota,
            cpu_realtime_period: request.cpu_realtime_period,
            cpu_realtime_runtime: request.cpu_realtime_runtime,
            cpuset_cpus: request.cpuset_cpus,
            cpuset_mems: request.cpuset_mems,
            kernel_memory: request.kernel_memory,
            memory_reservation: request.memory_reservation,
            memory_swap: request.memory_swap,
            memory_swappiness: request.memory_swappiness,
            nano_cpus: request.nano_cpus,
            oom_kill_disable: request.oom_kill_disable,
            // However a client says "no limit", it is shown as 0.
            pids_limit: request.pids_limit.map(|limit| limit.max(0)),
            cpu_percent: request.cpu_percent,
            restart_policy: request.restart_policy,
            ..HostConfig::default()
        };
        let policy = &wanted.restart_policy;
        if !policy.name.as_str().is_empty() {
            RestartPolicy::parse(policy.name.as_str(), policy.maximum_retry_count)?;
        }
        let warnings = limits::check(&mut wanted, Moment::Update, Abilities::current())?;
        Ok((Change { wanted }, warnings))
    }

    /// The container with the change, or why it cannot be.
    pub(crate) fn apply(&self, record: &Record, plan: &Plan, phase: Phase) -> Result<Changed> {
        let refuse = |text: &str| Err(cannot(&record.id, Error::conflict(text)));
        if matches!(phase, Phase::Removing | Phase::Dead | Phase::Removed) {
            return refuse("container is marked for removal and cannot be \"update\"");
        }
        let wanted = &self.wanted;
        let mut record_after = record.clone();
        let host = &mut record_after.host_config;
        if let Some(text) = conflict(wanted, host) {
            return refuse(text);
        }
        for (kept, given) in [
            (&mut host.blkio_weight, wanted.blkio_weight),
            (&mut host.cpu_shares, wanted.cpu_shares),
            (&mut host.nano_cpus, wanted.nano_cpus),
            (&mut host.cpu_period, wanted.cpu_period),
            (&mut host.cpu_quota, wanted.cpu_quota),
            (&mut host.cpu_realtime_period, wanted.cpu_realtime_period),
            (&mut host.cpu_realtime_runtime, wanted.cpu_realtime_runtime),
            (&mut host.memory, wanted.memory),
            (&mut host.memory_swap, wanted.memory_swap),
            (&mut host.memory_reservation, wanted.memory_reservation),
            (&mut host.kernel_memory, wanted.kernel_memory),
        ] {
            if given != 0 {
                *kept = given;
            }
        }
        for (kept, given) in [
            (&mut host.cpuset_cpus, &wanted.cpuset_cpus),
            (&mut host.cpuset_mems, &wanted.cpuset_mems),
        ] {
            if !given.is_empty() {
                kept.clone_from(given);
            }
        }
        host.pids_limit = wanted.pids_limit.or(host.pids_limit);
        if !wanted.restart_policy.name.as_str().is_empty() {
            host.restart_policy = wanted.restart_policy.clone();
        }
        let plan_after = Plan {
            resources: resources::parse(host),
            restart: RestartPolicy::parse(
                host.restart_policy.name.as_str(),
                host.restart_policy.maximum_retry_count,
            )?,
            ..plan.clone()
        };
        Ok(Changed {
            live: live(wanted, &plan_after.resources),
            record: record_after,
            plan: plan_after,
        })
    }
}

/// The error of an update that came to nothing.
pub(crate) fn cannot(id: &str, error: Error) -> Error {
    error.prefixed(&format!("Cannot update container {id}: "))
}

/// What contradicts the limits that are already there.
fn conflict(wanted: &HostConfig, host: &HostConfig) -> Option<&'static str> {
    if wanted.nano_cpus > 0 && host.cpu_period > 0 {
        return Some(
            "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set",
        );
    }
    if wanted.nano_cpus > 0 && host.cpu_quota > 0 {
        return Some(
            "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set",
        );
    }
    if wanted.cpu_period > 0 && host.nano_cpus > 0 {
        return Some(
            "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set",
        );
    }
    if wanted.cpu_quota > 0 && host.nano_cpus > 0 {
        return Some(
            "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set",
        );
    }
    if wanted.memory != 0 && wanted.memory > host.memory_swap && wanted.memory_swap == 0 {
        return Some(
            "Memory limit should be smaller than already set memoryswap limit, update the \
             memoryswap at the same time",
        );
    }
    let policy = wanted.restart_policy.name.as_str();
    if host.auto_remove && !matches!(policy, "" | "no") {
        return Some(
            "Restart policy cannot be updated because AutoRemove is enabled for the container",
        );
    }
    None
}

/// The limits to be written now: those that change, with those that the kernel
/// takes only together.
fn live(wanted: &HostConfig, all: &Resources) -> Resources {
    let memory = wanted.memory != 0 || wanted.memory_swap != 0;
    let cpu = wanted.nano_cpus != 0 || wanted.cpu_period != 0 || wanted.cpu_quota != 0;
    let realtime = wanted.cpu_realtime_period != 0 || wanted.cpu_realtime_runtime != 0;
    Resources {
        memory: all.memory.filter(|_| memory),
        memory_swap: all.memory_swap.filter(|_| memory),
        memory_reservation: Some(wanted.memory_reservation).filter(|limit| *limit != 0),
        kernel_memory: all.kernel_memory.filter(|_| wanted.kernel_memory != 0),
        cpu_shares: all.cpu_shares.filter(|_| wanted.cpu_shares != 0),
        cpu_period: all.cpu_period.filter(|_| cpu),
        cpu_quota: all.cpu_quota.filter(|_| cpu),
        cpu_realtime_period: all.cpu_realtime_period.filter(|_| realtime),
        cpu_realtime_runtime: all.cpu_realtime_runtime.filter(|_| realtime),
        cpuset_cpus: Some(wanted.cpuset_cpus.clone()).filter(|list| !list.is_empty()),
        cpuset_mems: Some(wanted.cpuset_mems.clone()).filter(|list| !list.is_empty()),
        pids_limit: wanted.pids_limit,
        blkio_weight: all.blkio_weight.filter(|_| wanted.blkio_weight != 0),
        ..Resources::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_written_and_what_belongs_together_together() {
        let all = Resources {
            memory: Some(100),
            memory_swap: Some(200),
            cpu_shares: Some(512),
            ..Resources::default()
        };
        let wanted = HostConfig {
            memory_swap: 200,
            pids_limit: Some(0),
            ..HostConfig::default()
        };
        let expected = Resources {
            memory: Some(100),
            memory_swap: Some(200),
            pids_limit: Some(0),
            ..Resources::default()
        };
        assert_eq!(live(&wanted, &all), expected);
    }

    #[test]
    fn contradictions_are_dockerds() {
        let now = HostConfig {
            nano_cpus: 1,
            memory_swap: 100,
            auto_remove: true,
            ..HostConfig::default()
        };
        let told = |change: fn(&mut HostConfig)| {
            let mut wanted = HostConfig::default();
            change(&mut wanted);
            conflict(&wanted, &now).unwrap_or_default()
        };
        assert!(told(|wanted| wanted.cpu_period = 5).contains("CPU Period cannot be updated"));
        assert!(told(|wanted| wanted.memory = 101).contains("update the memoryswap"));
        assert!(told(|wanted| wanted.restart_policy.name = "always".into()).contains("AutoRemove"));
        assert_eq!(told(|wanted| wanted.restart_policy.name = "no".into()), "");
        assert_eq!(
            told(|wanted| (wanted.memory, wanted.memory_swap) = (300, 400)),
            ""
        );
    }
}
