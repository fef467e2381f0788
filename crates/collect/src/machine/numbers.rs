//! The small files of numbers: proc(5) meminfo, loadavg and stat, and the words of firmware.

use crate::text::text_lines;

/// Memory in bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total: Option<u64>,
    /// What new programs could get.
    pub available: Option<u64>,
}

/// Parses meminfo.
pub fn meminfo(bytes: &[u8]) -> Memory {
    let mut memory = Memory::default();
    for line in text_lines(bytes) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let slot = match key.trim() {
            "MemTotal" => &mut memory.total,
            "MemAvailable" => &mut memory.available,
            _ => continue,
        };
        // proc(5): always in kB, which are KiB.
        let number = value.trim().strip_suffix("kB").and_then(|number| number.trim().parse::<u64>().ok());
        *slot = number.and_then(|kib| kib.checked_mul(1024));
    }
    memory
}

/// The load averages of loadavg in hundredths.
pub fn loadavg(bytes: &[u8]) -> Option<[u32; 3]> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut words = text.split_ascii_whitespace().map(hundredths);
    Some([words.next()??, words.next()??, words.next()??])
}

/// `3.78` as 378; exactly two decimals, as the kernel prints it.
fn hundredths(word: &str) -> Option<u32> {
    let (whole, part) = word.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() != 2 {
        return None;
    }
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)
}

/// `btime` of stat: when the system was started, in seconds since the epoch.
pub fn booted(bytes: &[u8]) -> Option<i64> {
    let line = text_lines(bytes).find_map(|line| line.strip_prefix("btime ").map(str::to_owned))?;
    line.trim().parse().ok().filter(|at| *at > 0)
}

/// A word of the firmware; what boards say when nobody filled the field in is nothing.
pub fn firmware(bytes: &[u8]) -> String {
    const FILLERS: [&str; 8] = [
        "to be filled by o.e.m.",
        "default string",
        "system manufacturer",
        "system product name",
        "system serial number",
        "not specified",
        "none",
        "0",
    ];
    let text = String::from_utf8_lossy(bytes);
    let word = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if FILLERS.contains(&word.to_ascii_lowercase().as_str()) { String::new() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn memory() {
        let text =
            b"MemTotal:       16316412 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\nHugePages_Total: 0\n";
        let expected = Memory { total: Some(16_316_412 * 1024), available: Some(12_000_000 * 1024) };
        assert_eq!(meminfo(text), expected);
        assert_eq!(meminfo(b"MemTotal: 99999999999999999999 kB\nMemAvailable: 5\n"), Memory::default());
    }

    #[test]
    fn load() {
        assert_eq!(loadavg(b"3.78 2.71 12.94 4/124 13139\n"), Some([378, 271, 1294]));
        for bad in [
            "",
            "1.00 2.00",
            "1.0 2.00 3.00",
            "-1.00 2.00 3.00",
            "x",
            "+1.00 1.00 1.00",
            "99999999.00 1.00 1.00",
        ] {
            assert_eq!(loadavg(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn start() {
        assert_eq!(booted(b"cpu  1 2\nbtime 1795332883\nprocesses 1\n"), Some(1_795_332_883));
        assert_eq!((booted(b"btime -5\n"), booted(b"cpu 1\n")), (None, None));
    }

    #[test]
    fn fillers_are_nothing() {
        assert_eq!(firmware(b"QEMU\n"), "QEMU");
        assert_eq!(firmware(b"To Be Filled By O.E.M.\n"), "");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, text in "(MemTotal:|btime)? *[0-9.]{0,30}( kB)?") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                meminfo(bytes);
                loadavg(bytes);
                booted(bytes);
                firmware(bytes);
            }
        }

        #[test]
        fn loads_round_trip(whole in 0u32..1_000_000, part in 0u32..100) {
            let text = format!("{whole}.{part:02} 0.00 0.01 1/1 1");
            prop_assert_eq!(loadavg(text.as_bytes()), Some([whole * 100 + part, 0, 1]));
        }
    }
}
