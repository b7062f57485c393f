//! Times and durations, as Go's `time` package prints and reads them.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant with the offset it is shown in, in Go's RFC3339Nano form: up to
/// nine fractional digits, trailing zeros cut, `Z` for UTC.
///
/// The default is Go's zero time, `0001-01-01T00:00:00Z`, which stands for
/// "never". Comparison is by instant, the offset does not count.
///
/// ```
/// use longshore_api::scalar::Timestamp;
/// let at: Timestamp = "2020-01-02T03:04:05.500000000+01:00".parse().unwrap();
/// assert_eq!(at.to_string(), "2020-01-02T03:04:05.5+01:00");
/// assert_eq!(Timestamp::default().to_string(), "0001-01-01T00:00:00Z");
/// ```
#[derive(Clone, Copy)]
pub struct Timestamp {
    instant: jiff::Timestamp,
    offset: Offset,
}

impl Timestamp {
    /// Seconds from Go's zero time to the Unix epoch, negated.
    const ZERO_SECONDS: i64 = -62_135_596_800;

    /// The present, in UTC.
    pub fn now() -> Timestamp {
        Timestamp::utc(jiff::Timestamp::now())
    }

    /// Seconds and nanoseconds since the Unix epoch, in UTC. Instants outside
    /// the years -9999 to 9999 are clamped.
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Timestamp {
        let clamped = if seconds < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        let nanoseconds = i32::try_from(nanoseconds).unwrap_or(999_999_999);
        Timestamp::utc(jiff::Timestamp::new(seconds, nanoseconds).unwrap_or(clamped))
    }

    /// The same instant, shown with another offset from UTC in seconds.
    /// Offsets beyond 25 hours leave it in UTC.
    #[must_use]
    pub fn with_offset(self, seconds: i32) -> Timestamp {
        Timestamp {
            offset: Offset::from_seconds(seconds).unwrap_or(Offset::UTC),
            ..self
        }
    }

    /// Whether this is Go's zero time, "never".
    pub fn is_zero(self) -> bool {
        self.instant.as_second() == Self::ZERO_SECONDS && self.instant.subsec_nanosecond() == 0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub fn unix_seconds(self) -> i64 {
        self.unix_nanoseconds().div_euclid(1_000_000_000) as i64
    }

    /// Nanoseconds since the Unix epoch.
    pub fn unix_nanoseconds(self) -> i128 {
        self.instant.as_nanosecond()
    }

    /// Time from `earlier` to `self`, zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        let nanoseconds = self.unix_nanoseconds() - earlier.unix_nanoseconds();
        Duration::from_nanos(u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX))
    }

    fn utc(instant: jiff::Timestamp) -> Timestamp {
        Timestamp {
            instant,
            offset: Offset::UTC,
        }
    }
}

impl Default for Timestamp {
    fn default() -> Timestamp {
        Timestamp::from_unix(Self::ZERO_SECONDS, 0)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Timestamp::from_unix(
                i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
                after.subsec_nanos(),
            ),
            Err(before) => {
                let nanoseconds = -i128::try_from(before.duration().as_nanos()).unwrap_or(0);
                Timestamp::utc(
                    jiff::Timestamp::from_nanosecond(nanoseconds).unwrap_or(jiff::Timestamp::MIN),
                )
            }
        }
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Timestamp) -> bool {
        self.instant == other.instant
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Timestamp) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Timestamp) -> std::cmp::Ordering {
        self.instant.cmp(&other.instant)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.offset.to_datetime(self.instant);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            shown.year(),
            shown.month(),
            shown.day(),
            shown.hour(),
            shown.minute(),
            shown.second()
        )?;
        let mut fraction = shown.subsec_nanosecond();
        if fraction != 0 {
            let mut width = 9;
            while fraction % 10 == 0 {
                fraction /= 10;
                width -= 1;
            }
            write!(f, ".{fraction:0width$}")?;
        }
        match self.offset.seconds() {
            0 => f.write_str("Z"),
            offset => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.abs() / 60;
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

/// The text is not an RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTimestamp(String);

impl fmt::Display for InvalidTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "parsing time {:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse",
            self.0
        )
    }
}

impl std::error::Error for InvalidTimestamp {}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Reads RFC 3339 with any number of fractional digits (beyond nine they
    /// are cut).
    fn from_str(text: &str) -> Result<Timestamp, InvalidTimestamp> {
        parse(text.as_bytes()).ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let (fixed, mut rest) = text.split_at_checked(19)?;
    for (at, separator) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if fixed[at] != separator {
            return None;
        }
    }
    let part = |range: std::ops::Range<usize>| digits(&fixed[range]);
    let mut fraction = 0;
    if let Some(b'.') = rest.first() {
        rest = &rest[1..];
        let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if length == 0 {
            return None;
        }
        let kept = length.min(9);
        fraction = digits(&rest[..kept])? * 10_i32.pow(9 - kept as u32);
        rest = &rest[length..];
    }
    let date = Date::new(
        part(0..4)? as i16,
        i8::try_from(part(5..7)?).ok()?,
        i8::try_from(part(8..10)?).ok()?,
    )
    .ok()?;
    let time = Time::new(
        i8::try_from(part(11..13)?).ok()?,
        i8::try_from(part(14..16)?).ok()?,
        i8::try_from(part(17..19)?).ok()?,
        fraction,
    )
    .ok()?;
    let offset = match rest {
        b"Z" => Offset::UTC,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            Offset::from_seconds(if *sign == b'-' { -seconds } else { seconds }).ok()?
        }
        _ => return None,
    };
    let instant = offset.to_timestamp(DateTime::from_parts(date, time)).ok()?;
    Some(Timestamp { instant, offset })
}

/// At most nine ASCII digits as a number.
fn digits(text: &[u8]) -> Option<i32> {
    text.iter().try_fold(0_i32, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i32::from(byte - b'0'))
    })
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    /// An empty string is the zero time: some fields are plain strings in Go
    /// and empty when unset.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                if text.is_empty() {
                    return Ok(Timestamp::default());
                }
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Whole seconds since the Unix epoch, an integer on the wire.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixSeconds(pub i64);

impl From<Timestamp> for UnixSeconds {
    fn from(time: Timestamp) -> UnixSeconds {
        UnixSeconds(time.unix_seconds())
    }
}

/// A duration in nanoseconds, an integer on the wire. Negative values have a
/// meaning in some fields.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Nanoseconds(pub i64);

impl From<Duration> for Nanoseconds {
    /// Saturates at 292 years.
    fn from(duration: Duration) -> Nanoseconds {
        Nanoseconds(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_go_does() {
        let cases = [
            (0, 0, "1970-01-01T00:00:00Z"),
            (1, 500_000_000, "1970-01-01T00:00:01.5Z"),
            (1, 1, "1970-01-01T00:00:01.000000001Z"),
            (1_577_934_245, 123_450_000, "2020-01-02T03:04:05.12345Z"),
            (-1, 0, "1969-12-31T23:59:59Z"),
        ];
        for (seconds, nanoseconds, text) in cases {
            let time = Timestamp::from_unix(seconds, nanoseconds);
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse::<Timestamp>().unwrap(), time);
            assert_eq!(time.unix_seconds(), seconds);
        }
        let time = Timestamp::from_unix(0, 0).with_offset(-5400);
        assert_eq!(time.to_string(), "1969-12-31T22:30:00-01:30");
    }

    #[test]
    fn zero_time_is_never() {
        assert!(Timestamp::default().is_zero());
        let read: Timestamp = serde_json::from_str("\"0001-01-01T00:00:00Z\"").unwrap();
        assert!(read.is_zero());
        assert_eq!(serde_json::from_str::<Timestamp>("\"\"").unwrap(), read);
        assert!(!Timestamp::now().is_zero());
    }

    #[test]
    fn keeps_nanoseconds_and_offset() {
        for text in [
            "2026-11-21T06:05:04.123456789+02:00",
            "2026-11-21T06:05:04-07:00",
            "9999-12-30T21:59:59.999999999Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        let cut: Timestamp = "2026-01-01T00:00:00.1234567899Z".parse().unwrap();
        assert_eq!(cut.to_string(), "2026-01-01T00:00:00.123456789Z");
    }

    #[test]
    fn refuses_what_is_not_a_time() {
        for bad in [
            "",
            "2026",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00+99:00",
            "２０26-01-01T00:00:00Z",
            "-026-01-01T00:00:00Z",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn out_of_range_is_clamped() {
        assert!(Timestamp::from_unix(i64::MAX, 0) > Timestamp::now());
        assert!(Timestamp::from_unix(i64::MIN, 0) < Timestamp::default());
        assert_eq!(
            Timestamp::now().since(Timestamp::from_unix(i64::MAX, 0)),
            Duration::ZERO
        );
    }

    #[test]
    fn system_time_converts() {
        let time = UNIX_EPOCH + Duration::new(5, 6);
        assert_eq!(Timestamp::from(time), Timestamp::from_unix(5, 6));
        let before = UNIX_EPOCH - Duration::new(1, 500_000_000);
        assert_eq!(
            Timestamp::from(before).to_string(),
            "1969-12-31T23:59:58.5Z"
        );
    }
}
