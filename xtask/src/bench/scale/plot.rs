//! The curves as a picture: a panel for each cost, both axes logarithmic. It
//! brings its own paper, so that it can be read on a light page and on a dark one.

use std::fmt::Write as _;

use super::{COSTS, Curve, NETWORKS, POINTS, RUNNING};

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 632.0;

/// The paper of a panel, and where its axes are on that.
const PANEL: (f64, f64) = (420.0, 270.0);
const LEFT: f64 = 64.0;
const TOP: f64 = 34.0;
const PLOT: (f64, f64) = (332.0, 184.0);

/// Where the panels begin, below the title.
const HEAD: f64 = 76.0;
const MARGIN: f64 = 16.0;

const STYLE: &str = "\
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328; }
.title { font-size: 17px; font-weight: 600; } .cost { font-weight: 600; }
.small { font-size: 11.5px; fill: #59636e; }
.paper { fill: #ffffff; } .grid { stroke: #d1d9e0; stroke-width: 1; fill: none; }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
.longshored { stroke: #0969da; } .dockerd { stroke: #bc4c00; stroke-dasharray: 7 4; }
.before { stroke: #8250df; stroke-dasharray: 2 4; }
.dot { stroke: none; } .dot.longshored { fill: #0969da; } .dot.dockerd { fill: #bc4c00; }
.dot.before { fill: #8250df; }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc; } .small { fill: #9198a1; } .paper { fill: #0d1117; }
.grid { stroke: #3d444d; } .longshored { stroke: #4493f8; } .dockerd { stroke: #f0883e; }
.before { stroke: #ab7df8; } .dot.longshored { fill: #4493f8; } .dot.dockerd { fill: #f0883e; }
.dot.before { fill: #ab7df8; } }
";

/// A logarithmic axis between two decades.
#[derive(Clone, Copy)]
struct Axis {
    low: i32,
    high: i32,
}

impl Axis {
    /// The decades around all values.
    fn around(values: impl Iterator<Item = f64>) -> Self {
        let mut axis: Option<Self> = None;
        for value in values.filter(|value| *value > 0.0) {
            let (low, high) = (value.log10().floor() as i32, value.log10().ceil() as i32);
            let known = axis.get_or_insert(Self { low, high });
            known.low = known.low.min(low);
            known.high = known.high.max(high);
        }
        let mut axis = axis.unwrap_or(Self { low: 0, high: 1 });
        axis.high = axis.high.max(axis.low + 1);
        axis
    }

    /// Where a value is, from 0 to 1.
    fn place(self, value: f64) -> f64 {
        (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low)
    }

    fn decades(self) -> impl Iterator<Item = f64> {
        (self.low..=self.high).map(|decade| 10_f64.powi(decade))
    }
}

/// The whole picture.
pub(super) fn draw(curves: &[Curve]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\">\n<title>What one more container \
         costs</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"8\"/>\n"
    );
    text(
        &mut svg,
        (MARGIN + 8.0, 34.0),
        "title",
        "start",
        "What one more costs",
    );
    let words = format!(
        "by number of containers: up to {RUNNING} run, on {NETWORKS} networks; both axes are \
         logarithmic"
    );
    text(&mut svg, (MARGIN + 8.0, 56.0), "small", "start", &words);
    legend(&mut svg, curves);
    for index in 0..COSTS.len() {
        let (column, row) = ((index % 2) as f64, (index / 2) as f64);
        let x = MARGIN + column * (PANEL.0 + 8.0);
        let y = HEAD + row * (PANEL.1 + 8.0);
        panel(&mut svg, (x, y), index, curves);
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String, curves: &[Curve]) {
    let mut x = WIDTH - MARGIN - 130.0 * curves.len() as f64;
    for curve in curves {
        let name = curve.name;
        line(svg, name, &[(x, 30.0), (x + 34.0, 30.0)]);
        text(svg, (x + 42.0, 34.5), "", "start", name);
        x += 130.0;
    }
}

fn panel(svg: &mut String, (x, y): (f64, f64), index: usize, curves: &[Curve]) {
    let cost = &COSTS[index];
    let across = Axis::around(POINTS.iter().map(|count| *count as f64));
    let values = curves
        .iter()
        .flat_map(|curve| curve.points.iter().map(|(_, costs)| costs[index]));
    let up = Axis::around(values);
    let (left, top) = (x + LEFT, y + TOP);
    let bottom = top + PLOT.1;
    let at = |count: f64, value: f64| {
        (
            left + across.place(count) * PLOT.0,
            bottom - up.place(value) * PLOT.1,
        )
    };
    text(svg, (left, y + 20.0), "cost", "start", cost.what);
    for value in up.decades() {
        let (_, place) = at(1.0, value);
        grid(svg, (left, place), (left + PLOT.0, place));
        text(
            svg,
            (left - 8.0, place + 4.0),
            "small",
            "end",
            &duration(value),
        );
    }
    for count in POINTS {
        let (place, _) = at(*count as f64, 1.0);
        grid(svg, (place, top), (place, bottom));
        let label = count.to_string();
        text(svg, (place, bottom + 18.0), "small", "middle", &label);
    }
    for curve in curves {
        let points: Vec<_> = curve
            .points
            .iter()
            .map(|(count, costs)| at(*count as f64, costs[index]))
            .collect();
        line(svg, curve.name, &points);
        for (x, y) in points {
            let _ = writeln!(
                svg,
                "<circle class=\"dot {}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.2\"/>",
                curve.name
            );
        }
    }
}

/// A time in its own unit, given in milliseconds.
fn duration(value: f64) -> String {
    // Decades are not exact as floating point numbers.
    let shown = |value: f64, unit: &str| format!("{} {unit}", (value * 100.0).round() / 100.0);
    match value {
        _ if value >= 999.0 => shown(value / 1e3, "s"),
        _ if value >= 0.999 => shown(value, "ms"),
        _ => shown(value * 1e3, "µs"),
    }
}

// Writing to memory cannot fail.

fn text(svg: &mut String, (x, y): (f64, f64), class: &str, anchor: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

fn grid(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        svg,
        "<path class=\"grid\" d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\"/>"
    );
}

fn line(svg: &mut String, name: &str, points: &[(f64, f64)]) {
    let path: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let _ = writeln!(
        svg,
        "<polyline class=\"line {name}\" points=\"{}\"/>",
        path.join(" ")
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_hold_all_values() {
        let axis = Axis::around([0.02, 3.0, 700.0].into_iter());
        assert_eq!((axis.low, axis.high), (-2, 3));
        assert_eq!(axis.place(0.01), 0.0);
        assert_eq!(axis.place(1000.0), 1.0);
        let flat = Axis::around([1.0, 1.0].into_iter());
        assert_eq!((flat.low, flat.high), (0, 1));
    }

    #[test]
    fn times_have_their_units() {
        let all: Vec<String> = [0.01, 0.1, 1.0, 100.0, 1000.0].map(duration).into();
        assert_eq!(all, ["10 µs", "100 µs", "1 ms", "100 ms", "1 s"]);
    }

    #[test]
    fn every_point_is_in_the_picture() {
        let curve = |name, factor: f64| Curve {
            name,
            points: POINTS
                .iter()
                .map(|count| (*count, [factor * 0.01, factor, factor * 9.0, factor * 0.04]))
                .collect(),
            stopped: None,
        };
        let svg = draw(&[curve("longshored", 1.0), curve("dockerd", 30.0)]);
        let dots = svg.matches("<circle").count();
        assert_eq!(dots, 2 * COSTS.len() * POINTS.len());
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"));
    }
}
