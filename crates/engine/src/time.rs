//! Times on records are `jiff` timestamps; a thing that never happened has
//! none. This module turns them into the wire's texts and numbers.

use jiff::Timestamp;

/// Go's zero time, which stands for "never".
pub const ZERO: &str = "0001-01-01T00:00:00Z";

/// RFC 3339 in UTC with up to nine fractional digits, trailing zeros cut.
pub fn rfc3339(time: Option<Timestamp>) -> String {
    let Some(time) = time else {
        return ZERO.into();
    };
    let nanos = time.subsec_nanosecond();
    let whole = time.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    if nanos == 0 {
        return format!("{whole}Z");
    }
    let fraction = format!("{nanos:09}");
    format!("{whole}.{}Z", fraction.trim_end_matches('0'))
}

/// Nanoseconds since the epoch, saturating (the year 2262 is far).
pub fn unix_nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// Seconds from `earlier` until now; negative when the clock was set back.
pub fn seconds_since(earlier: Timestamp) -> f64 {
    Timestamp::now().duration_since(earlier).as_secs_f64()
}

/// Reads `seconds[.nanoseconds]` since the epoch; a short fraction is padded
/// on the right to nine digits.
pub fn parse_unix(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = seconds.parse().ok()?;
    let nanos: i32 = if fraction.is_empty() {
        0
    } else if fraction.len() <= 9 && fraction.bytes().all(|b| b.is_ascii_digit()) {
        format!("{fraction:0<9}").parse().ok()?
    } else {
        return None;
    };
    Timestamp::new(seconds, nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_cuts_trailing_zeros() {
        let at = |nanos| Timestamp::new(1_577_934_245, nanos).ok();
        assert_eq!(rfc3339(at(123_456_789)), "2020-01-02T03:04:05.123456789Z");
        assert_eq!(rfc3339(at(120_000_000)), "2020-01-02T03:04:05.12Z");
        assert_eq!(rfc3339(at(0)), "2020-01-02T03:04:05Z");
        assert_eq!(rfc3339(None), ZERO);
    }

    #[test]
    fn fractions_are_padded_to_nanoseconds() {
        assert_eq!(parse_unix("12.5"), Timestamp::new(12, 500_000_000).ok());
        assert_eq!(parse_unix("12"), Timestamp::new(12, 0).ok());
        assert_eq!(parse_unix("12.0000000001"), None);
        assert_eq!(parse_unix("yesterday"), None);
    }
}
