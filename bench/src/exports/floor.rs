//! What writing the rows costs anybody: a plain program that has them in memory, already in order, and formats them as
//! CSV. No server, no filter, no order, no states to compute.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use rustc_hash::FxHashMap;

use super::{Cost, reader, table};
use crate::Result;
use crate::measure::cpu_seconds;

/// An empty cell.
const NONE: u32 = 1 << 31;
/// Bytes of one write.
const BUFFER: usize = 256 << 10;

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    /// Seconds since 1970 of a time as it is printed.
    Time,
}

/// Rows in memory: each cell is a number, a time, or the place of a text.
pub struct Floor {
    names: Vec<String>,
    kinds: Vec<Kind>,
    texts: Vec<String>,
    /// Cells of all rows, one row after the other.
    cells: Vec<u32>,
}

impl Floor {
    /// Reads the rows of a file, which costs nothing here.
    pub fn read(file: &Path) -> Result<Self> {
        let mut rows = reader(file)?;
        let names: Vec<String> = rows.headers()?.iter().map(str::to_owned).collect();
        let kind = |name: &String| match name.as_str() {
            name if table::NUMBERS.contains(&name) => Kind::Number,
            name if name.ends_with("Time") => Kind::Time,
            _ => Kind::Text,
        };
        let kinds: Vec<Kind> = names.iter().map(kind).collect();
        let (mut texts, mut places, mut cells) =
            (Vec::new(), FxHashMap::<String, u32>::default(), Vec::new());
        let mut record = csv::StringRecord::new();
        while rows.read_record(&mut record)? {
            for (field, kind) in record.iter().zip(&kinds) {
                let known = match kind {
                    _ if field.is_empty() => Some(NONE),
                    Kind::Number => Some(field.parse::<i32>()?.cast_unsigned()),
                    Kind::Time => Some(seconds(field)?),
                    Kind::Text => places.get(field).copied(),
                };
                let cell = known.unwrap_or_else(|| {
                    texts.push(field.to_owned());
                    places.insert(field.to_owned(), texts.len() as u32 - 1);
                    texts.len() as u32 - 1
                });
                cells.push(cell);
            }
        }
        Ok(Floor { names, kinds, texts, cells })
    }

    /// Writes and syncs the file.
    pub fn write(&self, target: &Path) -> Result<Cost> {
        let (begin, cpu) = (Instant::now(), cpu_seconds());
        let mut file = File::create(target)?;
        let mut out = Vec::with_capacity(BUFFER + 4096);
        out.extend_from_slice(b"\xEF\xBB\xBF");
        out.extend_from_slice(self.names.join(",").as_bytes());
        out.extend_from_slice(b"\r\n");
        for row in self.cells.chunks_exact(self.kinds.len()) {
            for (place, (cell, kind)) in row.iter().zip(&self.kinds).enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                self.push(&mut out, *cell, *kind);
            }
            out.extend_from_slice(b"\r\n");
            if out.len() >= BUFFER {
                file.write_all(&out)?;
                out.clear();
            }
        }
        file.write_all(&out)?;
        file.sync_all()?;
        Ok((begin.elapsed().as_secs_f64(), cpu_seconds() - cpu))
    }

    #[inline]
    fn push(&self, out: &mut Vec<u8>, cell: u32, kind: Kind) {
        match kind {
            _ if cell == NONE => {}
            Kind::Number => out.extend_from_slice(itoa::Buffer::new().format(cell.cast_signed()).as_bytes()),
            Kind::Time => push_time(out, cell),
            Kind::Text => push_text(out, &self.texts[cell as usize]),
        }
    }
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    let special = text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'));
    if special {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// `YYYY-MM-DD HH:MM:SS`; the date by Howard Hinnant's algorithm.
fn push_time(out: &mut Vec<u8>, at: u32) {
    let (days, second) = (at / 86_400 + 719_468, at % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let (month, day) = (if march < 10 { march + 3 } else { march - 9 }, of_year - (153 * march + 2) / 5 + 1);
    let year = era * 400 + year + u32::from(month <= 2);
    let mut text = *b"0000-00-00 00:00:00";
    let fields = [year / 100, year % 100, month, day, second / 3600, second / 60 % 60, second % 60];
    for (place, value) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(fields) {
        text[place] = b'0' + (value / 10) as u8;
        text[place + 1] = b'0' + (value % 10) as u8;
    }
    out.extend_from_slice(&text);
}

/// The instant of a printed time, as if it were UTC.
fn seconds(text: &str) -> Result<u32> {
    let time: jiff::civil::DateTime = text.replace(' ', "T").parse()?;
    Ok(u32::try_from(time.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_second())?)
}
