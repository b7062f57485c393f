//! Texts for people: ages, and commands on one line.

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
    fn arguments_with_spaces_are_quoted() {
        let args = ["-c".to_owned(), "echo hi".to_owned()];
        assert_eq!(command_line("sh", &args), "sh -c 'echo hi'");
        assert_eq!(command_line("true", &[]), "true");
    }
}
