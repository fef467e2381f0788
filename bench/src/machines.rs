//! What a console asks about machines, of a server that has all hosts.

use serde::Serialize;
use serde_json::{Value, json};

use crate::measure::Samples;
use crate::report::{duration, grouped, table};
use crate::server::{Api, CWP, Client, ROLLCALL, Server};
use crate::{Options, Result, load};

/// A question with the time until its answer, and what it costs the server, in seconds.
#[derive(Debug, Serialize)]
pub struct Row {
    text: &'static str,
    p50: f64,
    p99: f64,
    server_cpu: f64,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Machines {
    hosts: u64,
    rows: Vec<Row>,
}

struct Question {
    text: &'static str,
    api: Api,
    action: &'static str,
    params: fn(middle: u64, turn: u64, uuid: &str) -> Value,
}

const fn cwp(text: &'static str, action: &'static str, params: fn(u64, u64, &str) -> Value) -> Question {
    Question { text, api: CWP, action, params }
}

const QUESTIONS: [Question; 14] = [
    Question {
        text: "hosts by name, first page",
        api: ROLLCALL,
        action: "ListHosts",
        params: |_, _, _| json!({"Limit": 100}),
    },
    Question {
        text: "hosts by name, from the middle",
        api: ROLLCALL,
        action: "ListHosts",
        params: |middle, turn, _| json!({"Limit": 100, "Offset": middle + turn % 100}),
    },
    Question {
        text: "hosts with a part of a name or address",
        api: ROLLCALL,
        action: "ListHosts",
        params: |_, turn, _| json!({"Limit": 100, "Keyword": format!("db-0{:02}", turn % 100)}),
    },
    cwp("machines, first page", "DescribeMachines", |_, _, _| machines(0, None)),
    cwp("machines, from the middle", "DescribeMachines", |middle, turn, _| {
        machines(middle + turn % 100, None)
    }),
    cwp("machines by keyword", "DescribeMachines", |_, turn, _| {
        machines(0, Some(("Keywords", format!("db-0{:02}", turn % 100))))
    }),
    cwp("machines by system", "DescribeMachines", |_, _, _| {
        machines(0, Some(("Os", "Ubuntu 22.04.4 LTS".into())))
    }),
    cwp("machines out of contact", "DescribeMachines", |_, _, _| {
        machines(0, Some(("AgentStatus", "OFFLINE".into())))
    }),
    cwp("one machine", "DescribeMachineInfo", |_, _, uuid| json!({"Uuid": uuid})),
    cwp(
        "history of one machine",
        "DescribeHistoryAccounts",
        |_, _, uuid| json!({"Uuid": uuid, "Limit": 100}),
    ),
    cwp("how many, by state", "DescribeGeneralStat", |_, _, _| json!({})),
    cwp("operating systems there are", "DescribeMachineOsList", |_, _, _| json!({})),
    cwp("resources, first page", "DescribeAssetMachineList", |_, _, _| json!({"Limit": 100})),
    cwp(
        "names of accounts by how many hosts have them",
        "DescribeAccountStatistics",
        |_, _, _| json!({"Limit": 100}),
    ),
];

fn machines(offset: u64, filter: Option<(&str, String)>) -> Value {
    let filters: Vec<_> =
        filter.into_iter().map(|(name, value)| json!({"Name": name, "Values": [value]})).collect();
    json!({"MachineType": "Other", "MachineRegion": "ap-others", "Limit": 100, "Offset": offset, "Filters": filters})
}

/// Asks each for its time.
pub fn run(options: &Options, server: &Server) -> Result<Machines> {
    let (client, hosts) = (server.client(), load::hosts(options));
    let known = client.call(ROLLCALL, "ListHosts", &json!({"Limit": 1, "Offset": hosts / 3}))?;
    if known["Total"] != hosts {
        return Err(format!("there are {} hosts, not {hosts}", known["Total"]).into());
    }
    let uuid = known["Hosts"][0]["Uuid"].as_str().ok_or("no host")?;
    let ask = |question| ask(options, server, &client, question, hosts / 2, uuid);
    Ok(Machines { hosts, rows: QUESTIONS.iter().map(ask).collect::<Result<_>>()? })
}

fn ask(
    options: &Options,
    server: &Server,
    client: &Client,
    question: &Question,
    middle: u64,
    uuid: &str,
) -> Result<Row> {
    let before = server.cpu_seconds()?;
    let samples = Samples::take(
        options.seconds,
        |number| (question.params)(middle, number, uuid),
        |params| client.call(question.api, question.action, params).map(drop),
    )?;
    // Two more are asked than are counted.
    let server_cpu = (server.cpu_seconds()? - before) / (samples.answers.len() + 2) as f64;
    Ok(Row { text: question.text, p50: samples.quantile(0.5), p99: samples.quantile(0.99), server_cpu })
}

impl Machines {
    /// As a table of the document.
    pub fn markdown(&self) -> String {
        let cells = |row: &Row| {
            vec![row.text.to_owned(), duration(row.p50), duration(row.p99), duration(row.server_cpu)]
        };
        let rows: Vec<_> = self.rows.iter().map(cells).collect();
        let head = ["pages of 100, signed HTTP", "p50", "p99", "server CPU each"];
        format!(
            "\nWhat is asked about {} machines, one question at a time:\n\n{}",
            grouped(self.hosts),
            table(&head, &rows)
        )
    }
}
