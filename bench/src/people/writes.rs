//! Questions while people change: a thread puts people a thousand times a second, another asks, and merges come and
//! go. Compared with the same questions on a directory at rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use roster::PersonChange;

use super::questions::Source;
use super::roster::Roster;
use super::{Peer, Question};
use crate::generate::{Draw, People};
use crate::measure::{cpu_seconds, quantile, thread_cpu_seconds};
use crate::{Options, Result};

/// Time between two writes.
const PAUSE: Duration = Duration::from_millis(1);

/// Measures both, and prints.
pub fn run(options: &Options) -> Result<()> {
    let mut roster = Roster::new(options.people);
    let source = Source::new(options.people);
    let seconds = options.seconds * 10.0;
    report("at rest", &ask(&mut roster, &source, seconds)?);
    let (done, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let writer = roster.people();
    let before = cpu_seconds();
    let (times, writes) = thread::scope(|scope| {
        let write = scope.spawn(|| write(&writer, options.people, &done, &written));
        let times = ask(&mut roster, &source, seconds);
        done.store(true, Ordering::Relaxed);
        (times, write.join())
    });
    report("with writes", &times?);
    let writes = writes.map_err(|_| "the writer panicked")?;
    println!(
        "{} writes: p50 {:.1} µs, p99 {:.1} µs, longest {:.1} ms; {:.1} processor seconds in {seconds:.0} s",
        written.load(Ordering::Relaxed),
        quantile(&writes, 0.5) * 1e6,
        quantile(&writes, 0.99) * 1e6,
        quantile(&writes, 1.0) * 1e3,
        cpu_seconds() - before,
    );
    measure_merge(&writer, options.people);
    Ok(())
}

/// What one merge of few changes takes, with all memory given back.
fn measure_merge(people: &roster::People, count: u64) {
    let changes = u32::try_from(count / 1000).unwrap_or(u32::MAX);
    // Those in the background come first.
    while people.unmerged() > 0 {
        people.merge();
        thread::sleep(PAUSE);
    }
    put(people, count, 1..=changes, |_| {});
    let begin = (Instant::now(), thread_cpu_seconds());
    people.merge();
    let (wall, cpu) = (begin.0.elapsed().as_secs_f64(), thread_cpu_seconds() - begin.1);
    println!("a merge of {changes} changes: {wall:.2} s, {cpu:.2} processor seconds");
}

/// Asks all questions in turn, over and over.
fn ask(roster: &mut Roster, source: &Source, seconds: f64) -> Result<Vec<Vec<(f64, f64)>>> {
    let begin = Instant::now();
    let mut times = vec![Vec::new(); Question::ALL.len()];
    for number in 0.. {
        let values = source.values(number);
        for (question, times) in Question::ALL.into_iter().zip(&mut times) {
            let start = (Instant::now(), thread_cpu_seconds());
            roster.ask(question, &values)?;
            times.push((start.0.elapsed().as_secs_f64(), thread_cpu_seconds() - start.1));
        }
        if begin.elapsed().as_secs_f64() > seconds {
            break;
        }
    }
    Ok(times)
}

fn report(state: &str, times: &[Vec<(f64, f64)>]) {
    let all: Vec<(f64, f64)> = times.iter().flatten().copied().collect();
    println!("{state}: {} questions, {}", all.len(), quantiles(&all));
    for (question, times) in Question::ALL.into_iter().zip(times) {
        println!("  {question:?}: {}", quantiles(times));
    }
}

fn quantiles(times: &[(f64, f64)]) -> String {
    let of = |times: Vec<f64>| [0.5, 0.99, 1.0].map(|share| quantile(&times, share) * 1e6);
    let [half, most, worst] = of(times.iter().map(|(wall, _)| *wall).collect());
    let [half_cpu, most_cpu, _] = of(times.iter().map(|(_, cpu)| *cpu).collect());
    format!(
        "p50 {half:.0} µs, p99 {most:.0} µs, longest {worst:.0} µs; processor p50 {half_cpu:.0}, p99 {most_cpu:.0}"
    )
}

/// Puts changed people, and one new one in ten, each in a change of its own.
fn write(people: &roster::People, count: u64, done: &AtomicBool, written: &AtomicU64) -> Vec<f64> {
    let (begin, mut times) = (Instant::now(), Vec::new());
    let numbers = (0..).take_while(|_| !done.load(Ordering::Relaxed));
    put(people, count, numbers, |took| {
        times.push(took);
        let number = written.fetch_add(1, Ordering::Relaxed) + 1;
        let due = PAUSE * u32::try_from(number).unwrap_or(u32::MAX);
        thread::sleep(due.saturating_sub(begin.elapsed()));
    });
    times
}

/// Puts people by number, and tells what each took in seconds.
fn put(people: &roster::People, count: u64, numbers: impl Iterator<Item = u32>, mut told: impl FnMut(f64)) {
    let made = People::new();
    for number in numbers {
        let draw = Draw::new(13, u64::from(number));
        let person = match number % 10 {
            0 => made.person((count + u64::from(number)).min(10_000_000)),
            _ => {
                let mut person = made.person(draw.below(1, count));
                person.updated += i64::from(number);
                person
            }
        };
        let change = [PersonChange::Put(Arc::new(person))];
        let start = Instant::now();
        people.apply(&change);
        told(start.elapsed().as_secs_f64());
    }
}
