//! The same questions through the network: signed requests over eight connections that stay open, to a server in a
//! process of its own; then some of them beside a bare handler that returns the same bytes.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Answer, Page, Question, Values, floor, questions::Source};
use crate::measure::{Samples, cpu_seconds};
use crate::report::{FloorRow, HttpRow, Load};
use crate::server::{Client, EIAM, Server, unwrap};
use crate::{Options, Result};

/// Connections, each with a thread of its own.
pub const CONNECTIONS: usize = 8;
/// Most answers of a question that are compared.
const COMPARED: u64 = 200;
/// Requests of a question that are made and signed before the clock starts; asked in a circle.
const PREPARED: u64 = 512;
/// Times the two sides take turns, so that both see the same machine.
const TURNS: u32 = 5;

/// Measures every question; the first answers of each must be those of `known`.
pub fn run(
    options: &Options,
    server: &Server,
    known: &[(Question, Samples<Answer>)],
) -> Result<Vec<HttpRow>> {
    let source = Source::new(options.people);
    let mut clients = clients(server);
    let mut rows = Vec::new();
    for (question, known) in known {
        let asking = Asking { question: *question, people: options.people, source: &source };
        let client = clients.first().ok_or("no client")?;
        let compared = asking.compare(client, known)?;
        let requests = asking.requests(client, "/")?;
        let load = load(&mut clients, server, &requests, options.seconds)?;
        rows.push(HttpRow { question: format!("{question:?}"), text: question.text(), load, compared });
    }
    Ok(rows)
}

/// Measures three questions and their mix beside the floor, in turns.
pub fn floor(options: &Options, server: &Server, data: &Path) -> Result<Vec<FloorRow>> {
    let source = Source::new(options.people);
    let asked = [Question::Q1, Question::Q3, Question::Q7];
    let askings = asked.map(|question| Asking { question, people: options.people, source: &source });
    let mut ours = clients(server);
    let client = ours.first().ok_or("no client")?;
    let answers = askings.iter().map(|asking| asking.ask(client, 0)).collect::<Result<Vec<_>>>()?;
    let floor = floor::start(&options.work, &data.join("credentials.toml"), &answers)?;
    let mut bare = clients(&floor);
    let mut parts = Vec::new();
    for (number, asking) in askings.iter().enumerate() {
        // The same path for both: it is not signed, and the real server takes any.
        let path = format!("/{number}");
        let of = |clients: &[Client]| asking.requests(clients.first().ok_or("no client")?, &path);
        parts.push((format!("{:?}", asking.question), [of(&ours)?, of(&bare)?]));
    }
    let mix = |side: usize| -> Vec<_> {
        let places = 0..PREPARED as usize;
        places
            .flat_map(|at| parts.iter().filter_map(move |(_, sides)| sides[side].get(at).cloned()))
            .collect()
    };
    parts.push(("mix".to_owned(), [mix(0), mix(1)]));
    let mut rows = Vec::new();
    for (question, [our_requests, bare_requests]) in parts {
        let (mut our, mut their) = (Load::default(), Load::default());
        for _ in 0..TURNS {
            let seconds = options.seconds / f64::from(TURNS);
            their.add(load(&mut bare, &floor, &bare_requests, seconds)?);
            our.add(load(&mut ours, server, &our_requests, seconds)?);
        }
        rows.push(FloorRow { question, ours: our, bare: their });
    }
    Ok(rows)
}

fn clients(server: &Server) -> Vec<Client> {
    (0..CONNECTIONS).map(|_| server.client()).collect()
}

struct Asking<'a> {
    question: Question,
    people: u64,
    source: &'a Source,
}

impl Asking<'_> {
    fn body(&self, number: u64) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(&request(self.question, &self.source.values(number), self.people))?)
    }

    fn ask(&self, client: &Client, number: u64) -> Result<Vec<u8>> {
        client.send(EIAM, "ListUsers", &self.body(number)?)
    }

    /// Signed requests, ready to be sent.
    fn requests(&self, client: &Client, path: &str) -> Result<Vec<Vec<u8>>> {
        (0..PREPARED).map(|number| client.prepare(path, EIAM, "ListUsers", &self.body(number)?)).collect()
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
}

/// Asks over all connections at once, as fast as answers come.
fn load(clients: &mut [Client], server: &Server, requests: &[Vec<u8>], seconds: f64) -> Result<Load> {
    let (begin, server_cpu, own_cpu) = (Instant::now(), server.cpu_seconds()?, cpu_seconds());
    let step = requests.len() / CONNECTIONS;
    let times = std::thread::scope(|scope| {
        let threads: Vec<_> = (clients.iter_mut().enumerate())
            .map(|(place, client)| {
                let circle = requests.iter().cycle().skip(place * step);
                scope.spawn(move || work(client, circle, begin, seconds))
            })
            .collect();
        let joined = threads.into_iter().map(|t| t.join().map_err(|_| "a client panicked")?);
        joined.collect::<Result<Vec<Vec<f64>>>>()
    })?
    .concat();
    let wall = begin.elapsed().as_secs_f64();
    Ok(Load {
        times,
        wall,
        server_cpu: server.cpu_seconds()? - server_cpu,
        client_cpu: cpu_seconds() - own_cpu,
    })
}

fn work<'a>(
    client: &mut Client,
    requests: impl Iterator<Item = &'a Vec<u8>>,
    begin: Instant,
    seconds: f64,
) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for request in requests {
        let start = Instant::now();
        if start.duration_since(begin).as_secs_f64() >= seconds {
            break;
        }
        client.exchange(request, |answer| {
            if answer.starts_with(b"{\"Response\":{\"UserList\":") {
                return Ok(());
            }
            Err(String::from_utf8_lossy(answer).into_owned().into())
        })?;
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(times)
}

/// The question as a request of ListUsers.
pub fn request(question: Question, values: &Values, people: u64) -> Value {
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
