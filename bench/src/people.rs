//! Questions to the directory: the same stream of questions to each side, every answer compared.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::measure::Samples;
use crate::report::PeopleRow;
use crate::{Options, Result};

pub mod conjunctions;
pub mod floor;
pub mod http;
pub mod mixed;
pub mod postgres;
mod questions;
mod roster;
mod sqlite;
pub mod writes;

pub use questions::{Question, Values};

/// What one question gave, boiled down for comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// All matches, where the question asks for them.
    pub total: Option<u64>,
    /// Rows of the page.
    pub rows: u64,
    /// Digest of the ids of the page in their order.
    pub page: u64,
}

/// Gathers a page.
#[derive(Default)]
pub struct Page {
    rows: u64,
    digest: FxHasher,
}

impl Page {
    /// Takes the next row's id.
    pub fn push(&mut self, id: &str) {
        self.rows += 1;
        self.digest.write(id.as_bytes());
    }

    /// The answer.
    pub fn end(self, total: Option<u64>) -> Answer {
        Answer { total, rows: self.rows, page: self.digest.finish() }
    }
}

/// Somebody who answers.
pub trait Peer {
    /// Answers one question with the given values.
    fn ask(&mut self, question: Question, values: &Values) -> Result<Answer>;
}

/// Rows of the report, and the answers for those who come later.
pub type Measured = (Vec<PeopleRow>, Vec<(Question, Samples<Answer>)>);

/// Measures every question on both sides.
pub fn run(options: &Options) -> Result<Measured> {
    let source = questions::Source::new(options.people);
    let mut theirs = sqlite::Sqlite::open(options)?;
    let mut ours = roster::Roster::new(options.people);
    let (mut rows, mut answers) = (Vec::new(), Vec::new());
    for question in Question::ALL {
        let theirs = sample(&mut theirs, &source, question, options.seconds)?;
        let ours = sample(&mut ours, &source, question, options.seconds)?;
        compare(question, &ours, &theirs)?;
        rows.push(PeopleRow::new(question, &ours, &theirs));
        answers.push((question, theirs));
    }
    Ok((rows, answers))
}

fn sample(
    peer: &mut dyn Peer,
    source: &questions::Source,
    question: Question,
    seconds: f64,
) -> Result<Samples<Answer>> {
    Samples::take(seconds, |number| source.values(number), |values| peer.ask(question, values))
}

/// Fails when the two sides differ in any answer both gave.
fn compare(question: Question, ours: &Samples<Answer>, theirs: &Samples<Answer>) -> Result<()> {
    for (number, ((our, _), (their, _))) in ours.answers.iter().zip(&theirs.answers).enumerate() {
        if our != their {
            return Err(format!("{question:?} number {number}: {our:?} here, {their:?} there").into());
        }
    }
    Ok(())
}
