//! What a row of the table is: how it is measured, in which unit, and the bars
//! that this engine must clear.

use super::engine::Engine;

/// Measures a subject once.
pub(super) type Probe<'a> = Box<dyn FnMut() -> Result<Sample, String> + 'a>;

/// One row.
pub(super) struct Row {
    /// For `--only`.
    pub(super) name: &'static str,
    /// What is measured, in a few words.
    pub(super) what: &'static str,
    pub(super) unit: Unit,
    pub(super) bars: &'static [Bar],
    /// Measured rounds unless somebody wants another number.
    pub(super) rounds: usize,
    /// Rounds before the first measured one.
    pub(super) warm_up: usize,
    /// Whether the bare system calls can be measured beside the engines.
    pub(super) floor: bool,
    /// Whether containers are needed, and with them an image.
    pub(super) containers: bool,
    /// Makes all that is not to be measured; the probe takes it away when dropped.
    pub(super) prepare: for<'a> fn(&'a Engine) -> Result<Probe<'a>, String>,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// In the unit of the row.
    pub(super) value: f64,
    /// Milliseconds of processor time of the engine for one request, in rows
    /// where the client may be the limit.
    pub(super) cpu: Option<f64>,
    /// The engine's peak of memory meanwhile in megabytes, in rows that watch it.
    pub(super) peak: Option<f64>,
}

/// Units, and with them what is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Less is better.
    Milliseconds,
    /// Less is better; 1,000,000 bytes.
    Megabytes,
    /// More is better; 1,000,000 bytes.
    MegabytesPerSecond,
    /// More is better.
    PerSecond,
}

/// What this engine must reach.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bar {
    /// So many times better than dockerd.
    Dockerd(f64),
    /// The same; the processor time a request counts as well as the rate, since
    /// the client may be the limit.
    DockerdOrCpu(f64),
    /// At most so many times the bare floor.
    Floor(f64),
    /// At most so much.
    AtMost(f64),
    /// A peak of memory of at most so many times dockerd's.
    PeakOfDockerd(f64),
}

impl From<f64> for Sample {
    fn from(value: f64) -> Self {
        Self {
            value,
            cpu: None,
            peak: None,
        }
    }
}

impl Sample {
    /// The same with the engine's peak of memory in megabytes.
    pub(super) fn with_peak(self, megabytes: f64) -> Self {
        Self {
            peak: Some(megabytes),
            ..self
        }
    }
}

impl Unit {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::MegabytesPerSecond => "MB/s",
            Self::PerSecond => "/s",
        }
    }

    /// How many times better `ours` is than `theirs`.
    pub(super) fn times_better(self, ours: f64, theirs: f64) -> f64 {
        match self {
            Self::Milliseconds | Self::Megabytes => theirs / ours,
            Self::MegabytesPerSecond | Self::PerSecond => ours / theirs,
        }
    }
}
