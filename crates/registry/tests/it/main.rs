//! The registry over raw HTTP and with the clients that people use.
//!
//! Classes of vulnerabilities of registries, and the test for each:
//!
//! | class | what went wrong elsewhere | test |
//! | --- | --- | --- |
//! | CVE-2021-41190 and its family | one document, two readings | `manifests::a_document_with_two_readings_is_none` |
//! | CVE-2021-21285 | an odd manifest panics | `manifests::mutated_manifests_are_refused_and_nothing_breaks` |
//! | CVE-2017-11468 | a body without end as a manifest | `lies::a_manifest_without_end_is_cut_off` |
//! | CVE-2023-2253 | any `n` of a list | `lists::absurd_pages_are_bounded` |
//! | CVE-2024-3727 | digests in paths | `lies::names_and_digests_never_become_paths` |
//! | CVE-2020-15157 | `urls` of layers | `manifests::a_layer_of_elsewhere_is_not_fetched` |
//! | CVE-2025-24976 | a token brings its own key | `tokens::a_token_that_brings_its_key_is_refused` |
//! | CVE-2026-35172 | a deleted blob is still served | `blobs::what_is_deleted_is_gone_at_once` |
//! | CVE-2026-41888 | deletion of tags past the settings | `lists::a_read_only_registry_changes_nothing` |
//! | slow and endless bodies | one client holds up the others | `lies::a_client_that_falls_silent_holds_nobody_up` |
//! | readers that stop | memory held for them | `lies::a_client_that_takes_nothing_is_dropped` |
//! | wrong digests, short bodies | half content becomes visible | `lies::what_is_not_what_it_says_leaves_nothing` |
//! | death in the middle of a push | the same | `survive::sigkill_leaves_nothing_half_visible` |

mod auth;
mod blobs;
mod client;
mod docker;
mod garbage;
mod harness;
mod legacy;
mod lies;
mod lists;
mod manifests;
mod program;
mod skopeo;
mod survive;
mod tokens;
mod uploads;
