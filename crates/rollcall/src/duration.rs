//! Lengths of time on the command line: `90`, `90s`, `15m`, `12h`, `7d`.

use std::{str::FromStr, time::Duration};

/// A length of time; a bare number is seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length(pub Duration);

impl FromStr for Length {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "it has to look like 90, 90s, 15m, 12h or 7d";
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match text.strip_prefix(digits) {
            Some("" | "s") => 1,
            Some("m") => 60,
            Some("h") => 3600,
            Some("d") => 86_400,
            _ => return Err(FORM),
        };
        let count: u64 = digits.parse().map_err(|_| FORM)?;
        let seconds = count.checked_mul(unit).filter(|s| (1..=3_155_760_000).contains(s));
        seconds
            .map(|s| Length(Duration::from_secs(s)))
            .ok_or("it has to be between a second and a hundred years")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("15m", 900), ("12h", 43_200), ("7d", 604_800)] {
            assert_eq!(text.parse(), Ok(Length(Duration::from_secs(seconds))), "{text}");
        }
        for bad in
            ["", "0", "-1", "1w", "h", "1.5h", "1 h", "99999999999999999999", "99999999999999999d", "1é"]
        {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
    }
}
