//! Go's durations: `1m30s`, and how Go writes them.

use crate::quote::quote;

/// Nanoseconds of a text like `1h15m30.5s`; the error has Go's words.
pub fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(invalid());
        }
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale: i128 = match unit {
            "" => return Err(format!("time: missing unit in duration {}", quote(text))),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            unknown => {
                let (unit, text) = (quote(unknown), quote(text));
                return Err(format!("time: unknown unit {unit} in duration {text}"));
            }
        };
        // More digits than these cannot be seen in the result.
        let whole: i128 = match whole {
            "" => 0,
            digits if digits.len() > 20 => return Err(invalid()),
            digits => digits.parse().map_err(|_| invalid())?,
        };
        let fraction = &fraction[..fraction.len().min(18)];
        let mut parts = 0;
        if !fraction.is_empty() {
            let digits: i128 = fraction.parse().map_err(|_| invalid())?;
            parts = digits * scale / 10_i128.pow(fraction.len() as u32);
        }
        total += whole * scale + parts;
        if total > i128::from(i64::MAX) {
            return Err(invalid());
        }
        rest = after;
    }
    let total = i64::try_from(total).map_err(|_| invalid())?;
    Ok(if negative { -total } else { total })
}

/// A duration as Go writes it: `1m30s`, `500ms`, `0s`.
pub fn format(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let all = nanoseconds.unsigned_abs();
    let decimal = |number: u64, scale: u64| {
        let (whole, part) = (number / scale, number % scale);
        let width = scale.ilog10() as usize;
        let part = format!("{part:0width$}");
        match part.trim_end_matches('0') {
            "" => whole.to_string(),
            part => format!("{whole}.{part}"),
        }
    };
    let text = match all {
        0 => "0s".to_owned(),
        1..=999 => format!("{all}ns"),
        1_000..=999_999 => format!("{}µs", decimal(all, 1_000)),
        1_000_000..=999_999_999 => format!("{}ms", decimal(all, 1_000_000)),
        _ => {
            let second = 1_000_000_000;
            let (hours, minutes) = (all / (3600 * second), all / (60 * second) % 60);
            let seconds = decimal(all % (60 * second), second);
            match (hours, minutes) {
                (0, 0) => format!("{seconds}s"),
                (0, _) => format!("{minutes}m{seconds}s"),
                _ => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{text}")
}
