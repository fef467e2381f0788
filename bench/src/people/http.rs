//! The same questions through the network: signed requests over eight connections that stay open, to a server in a
//! process of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use super::{Answer, Page, Question, Values, questions::Source};
use crate::measure::{Samples, quantile};
use crate::report::HttpRow;
use crate::server::{Client, EIAM, Server, unwrap};
use crate::{Options, Result};

/// Connections, each with a thread of its own.
pub const CONNECTIONS: usize = 8;
/// Most answers of a question that are compared.
const COMPARED: u64 = 200;

/// Measures every question; the first answers of each must be those of `known`.
pub fn run(
    options: &Options,
    server: &Server,
    known: &[(Question, Samples<Answer>)],
) -> Result<Vec<HttpRow>> {
    let source = Source::new(options.people);
    let clients: Vec<Client> = (0..CONNECTIONS).map(|_| server.client()).collect();
    let mut rows = Vec::new();
    for (question, known) in known {
        let asking = Asking { question: *question, people: options.people, source: &source };
        let compared = asking.compare(clients.first().ok_or("no client")?, known)?;
        rows.push(asking.measure(&clients, server, options.seconds, compared)?);
    }
    Ok(rows)
}

struct Asking<'a> {
    question: Question,
    people: u64,
    source: &'a Source,
}

impl Asking<'_> {
    fn ask(&self, client: &Client, number: u64) -> Result<Vec<u8>> {
        let request = request(self.question, &self.source.values(number), self.people);
        client.send(EIAM, "ListUsers", &serde_json::to_vec(&request)?)
    }

    /// How many of the known answers it gave, if all are the same.
    fn compare(&self, client: &Client, known: &Samples<Answer>) -> Result<usize> {
        let mut compared = 0;
        for (number, (known, _)) in (0..COMPARED).zip(&known.answers) {
            let given = read(self.question, &self.ask(client, number)?)?;
            if given != *known {
                return Err(format!(
                    "{:?} number {number}: {given:?} by HTTP, {known:?} there",
                    self.question
                )
                .into());
            }
            compared += 1;
        }
        Ok(compared)
    }

    fn measure(&self, clients: &[Client], server: &Server, seconds: f64, compared: usize) -> Result<HttpRow> {
        let next = AtomicU64::new(0);
        let (begin, cpu) = (Instant::now(), server.cpu_seconds()?);
        let times = std::thread::scope(|scope| {
            let threads: Vec<_> = clients
                .iter()
                .map(|client| scope.spawn(|| self.work(client, &next, begin, seconds)))
                .collect();
            let joined = threads.into_iter().map(|t| t.join().map_err(|_| "a client panicked")?);
            joined.collect::<Result<Vec<Vec<f64>>>>()
        })?;
        let (wall, cpu) = (begin.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);
        let times = times.concat();
        Ok(HttpRow {
            question: format!("{:?}", self.question),
            text: self.question.text(),
            per_second: times.len() as f64 / wall,
            p50: quantile(&times, 0.5),
            p99: quantile(&times, 0.99),
            server_cpu: cpu / times.len() as f64,
            compared,
        })
    }

    fn work(&self, client: &Client, next: &AtomicU64, begin: Instant, seconds: f64) -> Result<Vec<f64>> {
        let mut times = Vec::new();
        while begin.elapsed().as_secs_f64() < seconds {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let start = Instant::now();
            let answer = self.ask(client, number)?;
            times.push(start.elapsed().as_secs_f64());
            if answer.starts_with(b"{\"Response\":{\"Error\"") {
                return Err(String::from_utf8_lossy(&answer).into_owned().into());
            }
        }
        Ok(times)
    }
}

/// The question as a request of ListUsers.
fn request(question: Question, values: &Values, people: u64) -> Value {
    let condition: serde_json::Map<_, _> = question
        .condition(values)
        .into_iter()
        .map(|(member, value)| (member.to_owned(), value.into()))
        .collect();
    let (key, order) = question.sort();
    let (offset, limit) = question.page(people);
    json!({
        "SearchCondition": condition, "Sort": { "SortKey": key, "SortOrder": order },
        "Offset": offset, "Limit": limit, "IncludeTotal": question.wants_total(),
    })
}

fn read(question: Question, bytes: &[u8]) -> Result<Answer> {
    let answer = unwrap(bytes)?;
    let mut page = Page::default();
    for person in answer["UserList"].as_array().ok_or("no UserList")? {
        page.push(person["UserId"].as_str().ok_or("no UserId")?);
    }
    let total = answer["TotalCount"].as_u64();
    if question.wants_total() != total.is_some() { Err("TotalCount".into()) } else { Ok(page.end(total)) }
}
