//! Clocks and samples.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// Fewest samples of a question, however slow it is.
const FEWEST: u64 = 5;
/// Most samples of a question, however fast it is.
const MOST: u64 = 5_000;

/// Processor seconds of this process so far.
pub fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default().as_secs_f64()
}

/// Processor seconds of this thread so far.
pub fn thread_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default().as_secs_f64()
}

/// Processor seconds of the children this process has waited for (proc(5), stat fields 16 and 17).
pub fn children_cpu_seconds() -> Result<f64> {
    Ok(ticks(&std::fs::read_to_string("/proc/self/stat")?, 13))
}

/// Seconds of user and system time from two fields of a stat file, the first at `place` after the program's name.
pub fn ticks(stat: &str, place: usize) -> f64 {
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 =
        fields.split_whitespace().skip(place).take(2).map(|field| field.parse().unwrap_or(0u64)).sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// What is known after asking one question over and over.
#[derive(Debug, Clone)]
pub struct Samples<A> {
    /// The answers in the order asked, with their times in seconds.
    pub answers: Vec<(A, f64)>,
}

impl<A> Samples<A> {
    /// Asks with the values of the numbers 0, 1, 2, … for `seconds`, after two questions that do not count. Only
    /// asking is timed.
    pub fn take<V>(
        seconds: f64,
        values: impl Fn(u64) -> V,
        mut ask: impl FnMut(&V) -> Result<A>,
    ) -> Result<Self> {
        for number in 0..2 {
            ask(&values(u64::MAX - number))?;
        }
        let begin = Instant::now();
        let mut answers = Vec::new();
        for number in 0..MOST {
            let values = values(number);
            let start = Instant::now();
            let answer = ask(&values)?;
            answers.push((answer, start.elapsed().as_secs_f64()));
            if begin.elapsed().as_secs_f64() > seconds && number + 1 >= FEWEST {
                break;
            }
        }
        Ok(Samples { answers })
    }

    /// The time below which `share` (0 to 1) of the answers came, in seconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let times: Vec<f64> = self.answers.iter().map(|(_, time)| *time).collect();
        quantile(&times, share)
    }
}

/// The value below which `share` (0 to 1) of `values` are.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
