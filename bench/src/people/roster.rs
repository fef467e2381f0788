//! The roster with the same people, in process: conditions read as the server reads them, then the search, then
//! every attribute of every row.

use std::sync::Arc;
use std::time::Instant;

use search::eiam::{Member, conditions, sort};
use search::{Filter, Query};

use super::{Answer, Page, Peer, Question, Values};
use crate::Result;
use crate::generate;

/// People in memory.
pub struct Roster {
    people: Arc<roster::People>,
    count: u64,
}

impl Roster {
    /// Makes the people and lays them out.
    pub fn new(count: u64) -> Self {
        let made = generate::People::new();
        let mut all = roster::PeopleLoading::default();
        (0..count).for_each(|index| all.push(&made.person(index)));
        let begin = Instant::now();
        let people = roster::People::loaded(all);
        eprintln!("{count} people laid out in {:.1} s", begin.elapsed().as_secs_f64());
        Roster { people: Arc::new(people), count }
    }
}

impl Roster {
    /// The people themselves.
    pub fn people(&self) -> Arc<roster::People> {
        Arc::clone(&self.people)
    }

    /// The total of a question, and how many rows its page has.
    pub fn count(&self, query: &Query) -> (usize, usize) {
        let page = self.people.snapshot().search(query);
        (page.total.unwrap_or(0), page.rows.len())
    }
}

impl Peer for Roster {
    fn ask(&mut self, question: Question, values: &Values) -> Result<Answer> {
        let (offset, limit) = question.page(self.count);
        let (key, order) = question.sort();
        let query = Query {
            filter: filter(question, values)?,
            sort: sort(key, order)?,
            offset: usize::try_from(offset)?,
            limit: usize::try_from(limit)?,
            total: question.wants_total(),
        };
        let snapshot = self.people.snapshot();
        let found = snapshot.search(&query);
        let mut page = Page::default();
        let mut read = 0;
        for person in found.rows.chunks(64).flat_map(|rows| snapshot.page(rows)) {
            page.push(person.id);
            read += person.user_name.len() + person.display_name.len() + person.org_node.len();
            let optional = [person.phone, person.email, person.description];
            read += optional.into_iter().flatten().map(str::len).sum::<usize>();
            std::hint::black_box((person.status, person.created, person.updated, person.last_login));
        }
        std::hint::black_box(read);
        Ok(page.end(found.total.map(|total| total as u64)))
    }
}

fn filter(question: Question, values: &Values) -> Result<Filter> {
    let Some((name, value)) = question.condition(values) else { return Ok(Filter::All) };
    let member = Member::ALL.into_iter().find(|member| member.name() == name).ok_or("no such member")?;
    Ok(conditions([(member, value.as_str())])?)
}
