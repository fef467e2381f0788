//! Made-up data. Every value is a pure function of an index, so that loaders and load generators agree without
//! sharing files, and two runs measure the same thing.

use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;

use crate::Result;

mod accounts;
mod fleet;
mod names;
mod people;

pub use fleet::{ACCOUNTS, Fleet};
pub use people::{People, time};

/// Part of the names of what is kept between runs: grows whenever the data or its storage changes.
pub const EDITION: u32 = 1;
/// 2016-01-01, where all history begins (seconds since the epoch).
pub const BEGIN: i64 = 1_451_606_400;
/// 2026-01-01, where it ends.
pub const END: i64 = 1_767_225_600;
/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// The random numbers of one thing: each `salt` has its own.
#[derive(Clone, Copy)]
pub struct Draw(u64);

impl Draw {
    /// The numbers of thing number `index` of a kind.
    pub fn new(kind: u64, index: u64) -> Self {
        Draw(mix(mix(kind).wrapping_add(index)))
    }

    /// 64 random bits.
    pub fn bits(self, salt: u64) -> u64 {
        mix(self.0 ^ salt.wrapping_mul(0xA24B_AED4_963E_E407))
    }

    /// A number below `limit`, which is not 0.
    pub fn below(self, salt: u64, limit: u64) -> u64 {
        self.bits(salt) % limit.max(1)
    }

    /// True in `percent` of 100 cases.
    pub fn chance(self, salt: u64, percent: u64) -> bool {
        self.below(salt, 100) < percent
    }

    /// A number from `low` up to but not including `high`.
    pub fn between(self, salt: u64, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).max(1).unsigned_abs();
        low + i64::try_from(self.below(salt, span)).unwrap_or(0)
    }

    /// One of `choices`, which are not none.
    pub fn pick<T>(self, salt: u64, choices: &[T]) -> &T {
        &choices[usize::try_from(self.below(salt, choices.len() as u64)).unwrap_or(0)]
    }

    /// A UUID of version 4.
    pub fn uuid(self, salt: u64) -> uuid::Uuid {
        let bits = u128::from(self.bits(salt)) << 64 | u128::from(self.bits(salt | 1 << 40));
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

/// splitmix64: each bit of the result depends on each bit of the input.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Writes `count` people as CSV.
pub fn write_people(count: u64, path: &Path) -> Result<()> {
    let people = People::new();
    let mut out = output(path)?;
    writeln!(out, "{}", people::CSV_HEADER)?;
    for index in 0..count {
        writeln!(out, "{}", people::csv_line(&people.person(index)))?;
    }
    Ok(out.flush()?)
}

/// Writes the reports of `hosts` hosts as JSON lines.
pub fn write_fleet(hosts: u64, path: &Path) -> Result<()> {
    let fleet = Fleet::new();
    let mut out = output(path)?;
    for index in 0..hosts {
        serde_json::to_writer(&mut out, &fleet.report(index))?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn output(path: &Path) -> Result<BufWriter<Box<dyn Write>>> {
    let out: Box<dyn Write> =
        if path == Path::new("-") { Box::new(stdout().lock()) } else { Box::new(File::create(path)?) };
    Ok(BufWriter::with_capacity(1 << 20, out))
}
