//! Known ways out of containers, tried. Each class of published mistakes has a
//! test here or elsewhere that makes the attempt on a real container.
//!
//! | class (an example of it) | tests |
//! | --- | --- |
//! | source of a mask replaced (CVE-2025-31133) | [`paths::masks_are_not_of_the_image`], [`races::masks_while_dev_is_exchanged`] |
//! | console or terminal replaced (CVE-2025-52565) | [`races::a_terminal_while_links_are_exchanged`], `basics::a_terminal_is_the_containers_own`, [`execs::terminals_that_are_none`] |
//! | writes to procfs redirected (CVE-2025-52881) | [`paths::a_faked_procfs`], `apparmor` (unit) |
//! | mounts over or links in place of procfs (CVE-2019-16884, CVE-2023-27561, CVE-2026-41579) | `refusals::mounts_over_procfs`, `refusals::links_in_place_of_kernel_file_systems` |
//! | mount target exchanged (CVE-2021-30465) | [`races::mount_targets_while_they_are_exchanged`] |
//! | files made on the host on the way to a target (CVE-2024-45310) | the same |
//! | an exec's working directory outside of the root | [`execs::working_directories_that_lead_out`], [`execs::working_directories_that_vanish`] |
//! | working directory or special file as link (CVE-2025-9566, CVE-2024-9341) | [`paths::working_directories_and_files_through_links`] |
//! | procfs and sysfs writable (CVE-2015-3630, CVE-2018-10892) | [`paths::nothing_of_the_machine_is_writable`], `isolation::masks_and_read_only_paths` |
//! | leaked descriptors (CVE-2024-21626) | `refusals::working_directories_through_descriptors`, `isolation::descriptors_and_environment`, [`execs::an_exec_has_its_streams_and_nothing_else`], [`births::an_exec_has_nothing_of_the_hosts`] |
//! | the runtime's binary overwritten (CVE-2019-5736) | `attacks` of the daemon |
//! | a process entered before it is set up (CVE-2016-9962) | [`births::an_exec_has_nothing_of_the_hosts`], [`births::an_init_among_others_has_nothing_of_the_hosts`], `attacks` of the daemon |
//! | release_agent, core_pattern, uevent_helper, binfmt_misc (CVE-2022-0492) | [`kernel::helpers_of_the_host_are_out_of_reach`] |
//! | user namespaces inside (CVE-2022-0185) | [`kernel::calls_that_attacks_begin_with`] |
//! | io_uring, keyctl, bpf, userfaultfd, handles of files | [`kernel::calls_that_attacks_begin_with`], `seccomp::compile` (unit) |
//! | socket families with a history (CVE-2026-31431) | [`kernel::socket_families`] |
//! | raw devices (GHSA-g54h-m393-cpwq) | [`kernel::devices_that_were_not_given`], `isolation::device_access` |
//! | supplementary groups (CVE-2022-36109) | [`identity::the_primary_group_denies`] |
//! | inheritable capabilities (CVE-2022-24769) | `isolation::privileges_of_root`, `isolation::privileges_when_privileged` |
//! | an exec with more than the container (CVE-2025-27612) | `basics::exec_joins_the_container` |
//! | a first process with more than the program (`--init`) | [`identity::the_first_process_has_no_more_than_the_program`] |
//! | numbers taken for names, ids that wrap (CVE-2016-3697, CVE-2024-40635) | `user` (unit), [`identity::ids_that_wrap`] |
//! | account files that block or exhaust (CVE-2024-9676, CVE-2026-47262) | [`identity::odd_account_files`], [`execs::account_files_that_block`] |
//! | lengths that overflow (CVE-2021-43784) | `refusals::strings_of_any_length` |
//! | values that smuggle others (CVE-2022-0811) | [`kernel::values_of_parameters`] |
//! | keys of the caller | `reference::default_container_is_dockerds` |
//! | input pushed into the caller's terminal | `basics::a_terminal_is_the_containers_own` |

mod births;
mod execs;
mod identity;
mod kernel;
mod paths;
mod races;

pub(crate) use births::{WATCHER_ROLE, watch};
pub(crate) use kernel::{ROLE, attack};

pub(crate) fn trials() -> Vec<libtest_mimic::Trial> {
    [
        births::trials(),
        execs::trials(),
        identity::trials(),
        kernel::trials(),
        paths::trials(),
        races::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
