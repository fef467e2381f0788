//! Bar charts as SVG: a few labelled groups of bars over a logarithmic axis, light and dark pages alike.

use std::fmt::Write;

/// A chart; all values are above 0.
pub struct Chart<'a> {
    /// What is shown.
    pub title: &'a str,
    /// Names of the bars of a group, at most four.
    pub series: &'a [&'a str],
    /// Label and values of each group, one value for each of the series; `None` was not measured.
    pub groups: Vec<(String, Vec<Option<f64>>)>,
    /// How a value is printed.
    pub print: fn(f64) -> String,
}

const COLOURS: [&str; 4] = ["#2563eb", "#d97706", "#64748b", "#059669"];
const LEFT: f64 = 250.0;
const WIDTH: f64 = 560.0;
const BAR: f64 = 13.0;
const GAP: f64 = 10.0;
const HEAD: f64 = 62.0;

impl Chart<'_> {
    /// The chart as an SVG document.
    pub fn svg(&self) -> String {
        let group = BAR * self.series.len() as f64 + GAP;
        let height = HEAD + group * self.groups.len() as f64 + GAP;
        let width = LEFT + WIDTH + 110.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
             font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"bold\">{}</text>\n",
            escaped(self.title)
        );
        for (place, name) in self.series.iter().enumerate() {
            let x = 12.0 + 150.0 * place as f64;
            line(
                &mut svg,
                format_args!(
                    "<rect x=\"{x}\" y=\"34\" width=\"10\" height=\"10\" fill=\"{}\"/>",
                    colour(place)
                ),
            );
            line(&mut svg, format_args!("<text x=\"{}\" y=\"43\">{}</text>", x + 15.0, escaped(name)));
        }
        let (low, high) = self.range();
        for (row, (label, values)) in self.groups.iter().enumerate() {
            let top = HEAD + group * row as f64;
            let middle = top + BAR * self.series.len() as f64 / 2.0 + 4.0;
            line(
                &mut svg,
                format_args!(
                    "<text x=\"{}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>",
                    LEFT - 8.0,
                    escaped(label)
                ),
            );
            for (place, value) in values.iter().enumerate() {
                let Some(value) = value else { continue };
                let y = top + BAR * place as f64;
                let length = ((value / low).log10() / (high / low).log10() * WIDTH).max(1.0);
                line(
                    &mut svg,
                    format_args!(
                        "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
                        BAR - 2.0,
                        colour(place)
                    ),
                );
                line(
                    &mut svg,
                    format_args!(
                        "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                        LEFT + length + 5.0,
                        y + BAR - 3.5,
                        (self.print)(*value)
                    ),
                );
            }
        }
        svg + "</svg>\n"
    }

    /// Powers of ten around all values.
    fn range(&self) -> (f64, f64) {
        let values = || self.groups.iter().flat_map(|(_, values)| values.iter().flatten().copied());
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(0.0, f64::max);
        if low > high {
            (1.0, 10.0)
        } else {
            (10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil()))
        }
    }
}

fn colour(place: usize) -> &'static str {
    COLOURS[place % COLOURS.len()]
}

fn line(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _written = writeln!(svg, "{text}");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_bars_are_greater_values() {
        let groups = vec![
            ("a & b".to_owned(), vec![Some(1.0), Some(100.0)]),
            ("c".to_owned(), vec![None, Some(10.0)]),
        ];
        let print = |value: f64| format!("{value}");
        let svg = Chart { title: "t", series: &["ours", "theirs"], groups, print }.svg();
        let width = |value: &str| svg.lines().take_while(|l| !l.contains(value)).last().map(str::to_owned);
        assert!(width(">100<").is_some_and(|bar| bar.contains("width=\"560.0\"")), "{svg}");
        assert!(width(">10<").is_some_and(|bar| bar.contains("width=\"280.0\"")), "{svg}");
        assert!(svg.contains("a &amp; b") && svg.ends_with("</svg>\n"));
    }
}
