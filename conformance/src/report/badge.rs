//! A badge: what share of the judged cases the engine does right.

use super::{Report, escape};

/// The height, and about what one letter takes.
const HEIGHT: usize = 20;
const LETTER: usize = 7;

pub(super) fn write(report: &Report) -> String {
    let counts = report.counts;
    let label = format!("Engine API {}", report.target.judged.join(", "));
    let label = match report.target.judged.as_slice() {
        [first, .., last] => format!("Engine API {first}–{last}"),
        _ => label,
    };
    let right = format!("{} of {}", counts.right(), counts.judged());
    let colour = match (counts.right(), counts.judged()) {
        (_, 0) => "#6e7781",
        (right, all) if right == all => "#1a7f37",
        (right, all) if right * 10 >= all * 9 => "#9a6700",
        _ => "#cf222e",
    };
    let left = label.chars().count() * LETTER + 10;
    let width = left + right.chars().count() * LETTER + 10;
    let text = |x: usize, text: &str| {
        format!(
            "<text x=\"{x}\" y=\"14\" text-anchor=\"middle\">{}</text>",
            escape(text)
        )
    };
    let (first, second) = (text(left / 2, &label), text((left + width) / 2, &right));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{HEIGHT}\" \
         role=\"img\" aria-label=\"{label}: {right}\">\n\
         <clipPath id=\"r\"><rect width=\"{width}\" height=\"{HEIGHT}\" rx=\"3\"/></clipPath>\n\
         <g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"{HEIGHT}\" fill=\"#444c56\"/>\
         <rect x=\"{left}\" width=\"{}\" height=\"{HEIGHT}\" fill=\"{colour}\"/></g>\n\
         <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
         {first}{second}</g>\n</svg>\n",
        width - left
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Verdict, sample};
    use super::*;

    #[test]
    fn only_all_right_is_green() {
        let good = write(&sample(&[("a.b", Verdict::Pass, "")]));
        assert!(good.contains("1 of 1") && good.contains("#1a7f37"));
        let bad = write(&sample(&[("a.b", Verdict::KnownFailure, "x")]));
        assert!(bad.contains("0 of 1") && bad.contains("#cf222e"));
    }
}
