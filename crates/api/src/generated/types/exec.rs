// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `exec`.

use crate::scalar::Base64;
use serde::{Deserialize, Serialize};

/// What is sent to `POST /containers/{id}/exec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerExecRequest {
    /// `AttachStdin`.
    #[serde(rename = "AttachStdin")]
    pub attach_stdin: bool,
    /// `AttachStdout`.
    #[serde(rename = "AttachStdout")]
    pub attach_stdout: bool,
    /// `AttachStderr`.
    #[serde(rename = "AttachStderr")]
    pub attach_stderr: bool,
    /// `DetachKeys`.
    #[serde(rename = "DetachKeys")]
    pub detach_keys: String,
    /// `Tty`.
    #[serde(rename = "Tty")]
    pub tty: bool,
    /// `Env`, `null` if there is none.
    #[serde(rename = "Env")]
    pub env: Option<Vec<String>>,
    /// `Cmd`, `null` if there is none.
    #[serde(rename = "Cmd")]
    pub cmd: Option<Vec<String>>,
    /// `Privileged`.
    #[serde(rename = "Privileged")]
    pub privileged: bool,
    /// `User`.
    #[serde(rename = "User")]
    pub user: String,
    /// `WorkingDir`.
    #[serde(rename = "WorkingDir")]
    pub working_dir: String,
    /// `Detach`.
    #[serde(rename = "Detach")]
    pub detach: bool,
}

/// What answers `GET /exec/{id}/json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecInspectResponse {
    /// `CanRemove`.
    #[serde(rename = "CanRemove")]
    pub can_remove: bool,
    /// `DetachKeys`, `null` if there is none.
    #[serde(rename = "DetachKeys")]
    pub detach_keys: Option<Base64>,
    /// `ID`.
    #[serde(rename = "ID")]
    pub id: String,
    /// `Running`.
    #[serde(rename = "Running")]
    pub running: bool,
    /// `ExitCode`, `null` if there is none.
    #[serde(rename = "ExitCode")]
    pub exit_code: Option<i64>,
    /// `ProcessConfig`, `null` if there is none.
    #[serde(rename = "ProcessConfig")]
    pub process_config: Option<ProcessConfig>,
    /// `OpenStdin`.
    #[serde(rename = "OpenStdin")]
    pub open_stdin: bool,
    /// `OpenStderr`.
    #[serde(rename = "OpenStderr")]
    pub open_stderr: bool,
    /// `OpenStdout`.
    #[serde(rename = "OpenStdout")]
    pub open_stdout: bool,
    /// `ContainerID`.
    #[serde(rename = "ContainerID")]
    pub container_id: String,
    /// `Pid`.
    #[serde(rename = "Pid")]
    pub pid: i64,
}

/// What is sent to `POST /exec/{id}/start`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecStartRequest {
    /// `Detach`.
    #[serde(rename = "Detach")]
    pub detach: bool,
    /// `Tty`.
    #[serde(rename = "Tty")]
    pub tty: bool,
}

/// `ProcessConfig` of [`ExecInspectResponse`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessConfig {
    /// `privileged`, left out if there is none.
    #[serde(rename = "privileged", skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// `user`, left out if there is none.
    #[serde(rename = "user", skip_serializing_if = "super::nothing")]
    pub user: Option<String>,
    /// `tty`.
    #[serde(rename = "tty")]
    pub tty: bool,
    /// `entrypoint`.
    #[serde(rename = "entrypoint")]
    pub entrypoint: String,
    /// `arguments`, `null` if there is none.
    #[serde(rename = "arguments")]
    pub arguments: Option<Vec<String>>,
}
