//! Texts for people: ages, durations, and commands on one line.

use std::time::Duration;

/// The age of something, as in `Up 5 minutes`.
///
/// Steps: below a second, seconds, minutes, hours (up to 48), days (up to 14),
/// weeks (up to 60 days), months (up to two years), years.
pub(crate) fn duration(seconds: f64) -> String {
    const HOUR: u64 = 3600;
    // A clock that was set back must not print a negative age.
    let whole = if seconds > 0.0 { seconds as u64 } else { 0 };
    let minutes = whole / 60;
    // Hours are rounded: 1 h 40 min is "2 hours".
    let hours = (whole + HOUR / 2) / HOUR;
    if whole < 1 {
        "Less than a second".into()
    } else if whole == 1 {
        "1 second".into()
    } else if whole < 60 {
        format!("{whole} seconds")
    } else if minutes == 1 {
        "About a minute".into()
    } else if minutes < 60 {
        format!("{minutes} minutes")
    } else if hours == 1 {
        "About an hour".into()
    } else if hours < 48 {
        format!("{hours} hours")
    } else if hours < 24 * 14 {
        format!("{} days", hours / 24)
    } else if hours < 24 * 60 {
        format!("{} weeks", hours / 24 / 7)
    } else if hours < 24 * 365 * 2 {
        format!("{} months", hours / 24 / 30)
    } else {
        format!("{} years", whole / HOUR / 24 / 365)
    }
}

/// A duration as Go prints it: `1.5s`, `2m0s`, `300ms`.
pub(crate) fn go_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let decimal = |unit: u128, name: &str| {
        let (whole, rest) = (nanos / unit, nanos % unit);
        let digits = unit.ilog10() as usize;
        let fraction = format!("{rest:0digits$}");
        match fraction.trim_end_matches('0') {
            "" => format!("{whole}{name}"),
            fraction => format!("{whole}.{fraction}{name}"),
        }
    };
    match nanos {
        0 => "0s".into(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => decimal(1_000, "µs"),
        1_000_000..1_000_000_000 => decimal(1_000_000, "ms"),
        _ => {
            let minutes = duration.as_secs() / 60;
            let rest = nanos - u128::from(minutes) * 60_000_000_000;
            let rest = Duration::from_nanos(u64::try_from(rest).unwrap_or(0));
            let (whole, part) = (rest.as_secs(), rest.subsec_nanos());
            let fraction = format!("{part:09}");
            let seconds = match fraction.trim_end_matches('0') {
                "" => format!("{whole}s"),
                fraction => format!("{whole}.{fraction}s"),
            };
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

/// Program and arguments as one line; an argument with a space stands in
/// single quotes.
pub(crate) fn command_line(path: &str, args: &[String]) -> String {
    let mut line = path.to_owned();
    for arg in args {
        line.push(' ');
        if arg.contains(' ') {
            line.push('\'');
            line.push_str(arg);
            line.push('\'');
        } else {
            line.push_str(arg);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let minute = 60.0;
        let hour = 60.0 * minute;
        let day = 24.0 * hour;
        let cases = [
            (-5.0, "Less than a second"),
            (0.9, "Less than a second"),
            (1.2, "1 second"),
            (59.9, "59 seconds"),
            (minute, "About a minute"),
            (1.9 * minute, "About a minute"),
            (2.0 * minute, "2 minutes"),
            (59.0 * minute, "59 minutes"),
            (60.0 * minute, "About an hour"),
            (89.0 * minute, "About an hour"),
            (91.0 * minute, "2 hours"),
            (47.0 * hour, "47 hours"),
            (48.0 * hour, "2 days"),
            (13.9 * day, "13 days"),
            (14.0 * day, "2 weeks"),
            (59.0 * day, "8 weeks"),
            (60.0 * day, "2 months"),
            (729.0 * day, "24 months"),
            (730.0 * day, "2 years"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn durations_of_go() {
        for (nanos, text) in [
            (0, "0s"),
            (7, "7ns"),
            (1_500, "1.5µs"),
            (300_000_000, "300ms"),
            (1_500_000_000, "1.5s"),
            (30_000_000_000, "30s"),
            (120_000_000_000, "2m0s"),
            (3_661_250_000_000, "1h1m1.25s"),
        ] {
            assert_eq!(go_duration(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn arguments_with_spaces_are_quoted() {
        let args = ["-c".to_owned(), "echo hi".to_owned()];
        assert_eq!(command_line("sh", &args), "sh -c 'echo hi'");
        assert_eq!(command_line("true", &[]), "true");
    }
}
