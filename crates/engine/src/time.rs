//! Times on records are `jiff` timestamps; a thing that never happened has
//! none. This module turns them into the wire's texts and numbers.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
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

/// Reads a moment as the filter `until` has it: a duration of Go before `now`
/// (`1h30m`), a date, with or without a time and a zone (without it is UTC), or
/// seconds since the epoch.
pub(crate) fn parse_moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    if text != "0"
        && let Some(ago) = parse_duration(text)
    {
        return now.checked_sub(ago).ok();
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let local = text.parse::<DateTime>().ok().or_else(|| {
        let date = text.strip_suffix(['Z', 'z']).unwrap_or(text);
        Some(date.parse::<Date>().ok()?.to_datetime(Time::midnight()))
    });
    match local {
        Some(local) => Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp()),
        None => parse_unix(text),
    }
}

/// Reads a duration of Go: `300ms`, `-1.5h`, `1h30m`.
fn parse_duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, next) = after.split_at(end.unwrap_or(after.len()));
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = next;
    }
    SignedDuration::try_from_secs_f64(if negative { -seconds } else { seconds }).ok()
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

    #[test]
    fn moments() {
        let now = Timestamp::from_second(1_000_000_000).expect("a time");
        let at = |text: &str| parse_moment(text, now).map(|time| time.as_second());
        assert_eq!(at("1h30m"), Some(1_000_000_000 - 5400));
        assert_eq!(at("-1.5h"), Some(1_000_000_000 + 5400));
        assert_eq!(at("1000ms"), Some(999_999_999));
        assert_eq!(at("2020-01-01"), Some(1_577_836_800));
        assert_eq!(at("2020-01-01Z"), Some(1_577_836_800));
        assert_eq!(at("2020-01-01T00:00"), Some(1_577_836_800));
        assert_eq!(at("2020-01-01T01:00:00+01:00"), Some(1_577_836_800));
        assert_eq!(at("2020-01-01T00:00:00.5Z"), Some(1_577_836_800));
        assert_eq!(at("1577836800.5"), Some(1_577_836_800));
        assert_eq!(at("0"), Some(0));
        for bad in ["", "x", "1x", "h", "1h-", "2020-13-01", "."] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }
}
