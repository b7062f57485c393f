//! Lines of progress, as pull and push tell them, and the bars that clients
//! draw: `[====>   ]  1.5MB/3MB`.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

/// How often one thing may tell how far it is.
pub(crate) const PACE: Duration = Duration::from_millis(100);

/// Lines that may wait for a slow client.
const WAITING: usize = 64;

/// Half as many signs as there are per cent.
const WIDTH: u64 = 50;

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgressLine {
    /// What it is about: a layer, a tag; empty for all.
    pub id: String,
    /// What happens, or a message.
    pub status: String,
    /// How far it is; messages have none.
    pub amount: Option<Amount>,
    /// What is meant for programs.
    pub aux: Option<Value>,
}

/// How much of how much, in bytes; zeroes are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// So much is done.
    pub current: u64,
    /// Of so much.
    pub total: u64,
}

/// Where lines of progress go. Nobody is disturbed by a reader that has left.
#[derive(Clone, Debug)]
pub struct Progress(mpsc::Sender<ProgressLine>);

impl Progress {
    /// Somebody who tells, and what is told.
    pub fn channel() -> (Self, mpsc::Receiver<ProgressLine>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// A line that is no measure of anything.
    pub(crate) async fn message(&self, id: &str, text: impl Into<String>) {
        self.tell(ProgressLine {
            id: id.to_owned(),
            status: text.into(),
            ..ProgressLine::default()
        })
        .await;
    }

    /// What happens to a part.
    pub(crate) async fn update(&self, id: &str, action: impl Into<String>) {
        self.amount(id, action, Amount::default()).await;
    }

    /// What happens to a part, and how far that is.
    pub(crate) async fn amount(&self, id: &str, action: impl Into<String>, amount: Amount) {
        self.tell(ProgressLine {
            id: id.to_owned(),
            status: action.into(),
            amount: Some(amount),
            aux: None,
        })
        .await;
    }

    pub(crate) async fn tell(&self, line: ProgressLine) {
        self.0.send(line).await.ok();
    }
}

impl Amount {
    /// See [`bar`].
    pub fn bar(self) -> String {
        bar(self.current, self.total)
    }
}

/// How far something of `total` bytes has come, as dockerd shows it. Without a
/// total only the bytes so far.
pub fn bar(current: u64, total: u64) -> String {
    match (current, total) {
        (0, 0) => String::new(),
        (_, 0) => format!("{:>8}", human(current)),
        _ => {
            let part = u128::from(current) * u128::from(WIDTH) / u128::from(total);
            let done = usize::try_from(part.min(u128::from(WIDTH))).unwrap_or_default();
            let left = WIDTH as usize - done;
            let bar = format!("[{}>{}] ", "=".repeat(done), " ".repeat(left));
            match current > total {
                // Whoever announced the total was wrong.
                true => format!("{bar}{:>8}", human(current)),
                false => format!("{bar}{:>8}/{}", human(current), human(total)),
            }
        }
    }
}

/// Bytes for people, in powers of 1000 with four digits.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let before = (value.max(1.0).log10() as usize) + 1;
    let text = format!("{value:.*}", 4_usize.saturating_sub(before));
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_dockerd_s() {
        let seen = bar(32_768, 1_986_560);
        let wanted = "[>                                                  ]  32.77kB/1.987MB";
        assert_eq!(seen, wanted);
        let seen = bar(1_986_560, 1_986_560);
        let wanted = "[==================================================>]  1.987MB/1.987MB";
        assert_eq!(seen, wanted);
        assert_eq!(bar(0, 0), "");
        assert_eq!(bar(1000, 0), "     1kB");
        assert!(bar(5, 2).starts_with("[=================================================="));
    }

    #[test]
    fn sizes_have_four_digits() {
        for (bytes, text) in [
            (0, "0B"),
            (999, "999B"),
            (1_500_000, "1.5MB"),
            (12_345_678, "12.35MB"),
            (123_456_789_000, "123.5GB"),
            (u64::MAX, "18.45EB"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }
}
