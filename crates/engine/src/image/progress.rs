//! The bars that clients draw: `[====>   ]  1.5MB/3MB`.

/// Half as many signs as there are per cent.
const WIDTH: u64 = 50;

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
            format!(
                "[{}>{}] {:>8}/{}",
                "=".repeat(done),
                " ".repeat(left),
                human(current),
                human(total)
            )
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
