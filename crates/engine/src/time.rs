//! Times on records are `jiff` timestamps; a thing that never happened has
//! none. This module turns them into the wire's texts and numbers.

use jiff::Timestamp;
use longshore_api::scalar::Timestamp as WireTime;

/// A time as the API's types have it; "never" is Go's zero time.
pub(crate) fn wire(time: Option<Timestamp>) -> WireTime {
    match time {
        None => WireTime::default(),
        Some(time) => {
            // Both parts have the same sign; before 1970 a second is borrowed.
            let nanos = time.as_nanosecond();
            let second = nanos.div_euclid(1_000_000_000);
            let rest = nanos.rem_euclid(1_000_000_000);
            WireTime::from_unix(
                i64::try_from(second).unwrap_or(i64::MAX),
                u32::try_from(rest).unwrap_or(0),
            )
        }
    }
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
    fn times_of_the_wire() {
        let text = |nanos| wire(Timestamp::from_nanosecond(nanos).ok()).to_string();
        assert_eq!(text(1_577_934_245_120_000_000), "2020-01-02T03:04:05.12Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(wire(None).to_string(), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn fractions_are_padded_to_nanoseconds() {
        assert_eq!(parse_unix("12.5"), Timestamp::new(12, 500_000_000).ok());
        assert_eq!(parse_unix("12"), Timestamp::new(12, 0).ok());
        assert_eq!(parse_unix("12.0000000001"), None);
        assert_eq!(parse_unix("yesterday"), None);
    }
}
