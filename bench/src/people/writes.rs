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
use crate::measure::{cpu_seconds, quantile};
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
    let begin = (Instant::now(), cpu_seconds());
    writer.merge();
    println!(
        "a last merge: {:.2} s, {:.2} processor seconds",
        begin.0.elapsed().as_secs_f64(),
        cpu_seconds() - begin.1
    );
    Ok(())
}

/// Asks all questions in turn, over and over.
fn ask(roster: &mut Roster, source: &Source, seconds: f64) -> Result<Vec<Vec<f64>>> {
    let begin = Instant::now();
    let mut times = vec![Vec::new(); Question::ALL.len()];
    for number in 0.. {
        let values = source.values(number);
        for (question, times) in Question::ALL.into_iter().zip(&mut times) {
            let start = Instant::now();
            roster.ask(question, &values)?;
            times.push(start.elapsed().as_secs_f64());
        }
        if begin.elapsed().as_secs_f64() > seconds {
            break;
        }
    }
    Ok(times)
}

fn report(state: &str, times: &[Vec<f64>]) {
    let all: Vec<f64> = times.iter().flatten().copied().collect();
    let of = |times: &[f64]| [0.5, 0.99, 1.0].map(|share| quantile(times, share) * 1e6);
    let [half, most, worst] = of(&all);
    println!("{state}: {} questions, p50 {half:.0} µs, p99 {most:.0} µs, longest {worst:.0} µs", all.len());
    for (question, times) in Question::ALL.into_iter().zip(times) {
        let [half, most, worst] = of(times);
        println!("  {question:?}: p50 {half:.0} µs, p99 {most:.0} µs, longest {worst:.0} µs");
    }
}

/// Puts changed people, and one new one in ten, each in a change of its own.
fn write(people: &roster::People, count: u64, done: &AtomicBool, written: &AtomicU64) -> Vec<f64> {
    let made = People::new();
    let (begin, mut times) = (Instant::now(), Vec::new());
    for number in 0_u32.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
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
        times.push(start.elapsed().as_secs_f64());
        written.fetch_add(1, Ordering::Relaxed);
        thread::sleep((PAUSE * (number + 1)).saturating_sub(begin.elapsed()));
    }
    times
}
