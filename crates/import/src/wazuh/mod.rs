//! Wazuh: the inventory of users, groups, systems and addresses, as its API prints it (`/syscollector/ID/users`) and
//! as its indexer keeps it (`wazuh-states-inventory-*`).

mod document;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::BufRead;

use model::facts::AccountFacts;
use serde_json::Value;

use crate::gather::Budget;
use crate::records::records;
use crate::values::{instant, text_at};
use crate::{Input, Made, Problems, ReadError};

use document::{Document, Kind};

/// What is gathered.
#[derive(Debug, Default)]
pub struct Gathered {
    agents: BTreeMap<String, Agent>,
    /// By search and number of documents it says it found: how many the files hold.
    searches: BTreeMap<(String, u64), u64>,
    budget: Budget,
}

/// What is gathered of one agent.
#[derive(Debug, Default)]
struct Agent {
    name: String,
    hostname: String,
    os: Os,
    /// By name, with the time of the document.
    users: BTreeMap<String, (i64, User)>,
    /// By number.
    groups: BTreeMap<u32, Group>,
    addresses: Vec<(String, String)>,
    /// Newest document, in milliseconds.
    at: i64,
}

#[derive(Debug, Default)]
struct Os {
    name: String,
    version: String,
    platform: String,
}

#[derive(Debug)]
struct Group {
    name: String,
    sid: Option<String>,
}

/// An account whose groups still lack the primary one's name.
#[derive(Debug)]
struct User {
    facts: AccountFacts,
    groups: Vec<String>,
    /// Whether shadow was read for it.
    shadow: bool,
    /// osquery's and Wazuh's word for where a Windows account is from.
    windows_type: Option<String>,
}

impl Gathered {
    /// Reads answers of the API or the indexer, or documents one by one.
    pub fn read(
        &mut self,
        input: &Input<'_>,
        reader: &mut dyn BufRead,
        problems: &mut dyn Problems,
    ) -> Result<(), ReadError> {
        records(reader, problems, &mut |value| self.record(&value, input))
    }

    /// How many agents there are.
    pub fn hosts(&self) -> usize {
        self.agents.len()
    }

    /// Their reports.
    pub fn into_hosts(self) -> Made {
        let short = self.searches.iter().find(|((_, total), held)| *held < total);
        let why = short.map(|((what, total), held)| {
            format!("a search found {total} documents ({what}) and the files hold {held} of them: raise its size or limit, or add the other pages")
        });
        Box::new(self.agents.into_iter().map(move |(key, agent)| {
            let report = why.clone().map_or_else(|| agent.report(&key), Err);
            (agent.name, report)
        }))
    }

    fn record(&mut self, value: &Value, input: &Input<'_>) -> Result<Result<(), String>, ReadError> {
        let items =
            |path: &[&str]| path.iter().try_fold(value, |at, name| at.get(name)).and_then(Value::as_array);
        let total =
            |path: &[&str]| path.iter().try_fold(value, |at, name| at.get(name)).and_then(Value::as_u64);
        let (found, list) = if let Some(list) = items(&["data", "affected_items"]) {
            (total(&["data", "total_affected_items"]), list)
        } else if let Some(list) = items(&["hits", "hits"]) {
            (total(&["hits", "total", "value"]).or_else(|| total(&["hits", "total"])), list)
        } else {
            return self.document(value, input);
        };
        if let (Some(found), Some(first)) = (found, list.first()) {
            let index = text_at(first, "_index").or_else(|| text_at(first, "agent_id"));
            let what = format!(
                "{} {}",
                Document(first).kind_name(),
                index.or(input.host.map(str::to_owned)).unwrap_or_default()
            );
            *self.searches.entry((what.trim().to_owned(), found)).or_default() += list.len() as u64;
        }
        let mut worst = Ok(());
        for item in list {
            if let Err(message) = self.document(item, input)? {
                worst = Err(message);
            }
        }
        Ok(worst)
    }

    fn document(&mut self, value: &Value, input: &Input<'_>) -> Result<Result<(), String>, ReadError> {
        let inner = value.get("_source").or_else(|| value.get("data")).unwrap_or(value);
        if !inner.is_object() {
            return Ok(Err("it is no JSON object".to_owned()));
        }
        let document = Document(inner);
        let Some(kind) = document.kind() else {
            // Lines between the documents of a bulk export, and other inventories.
            let other = ["index", "create", "agent", "wazuh", "scan", "scan_id"]
                .iter()
                .any(|name| inner.get(name).is_some());
            let message = "it is no document of the inventory of users, groups, system or networks";
            return Ok(if other { Ok(()) } else { Err(message.to_owned()) });
        };
        let Some((key, name)) = document.agent(input.host) else {
            return Ok(Err("the document names no agent: say which host it is of with --host".to_owned()));
        };
        self.budget.spend(document.texts())?;
        let agent = self.agents.entry(key).or_default();
        let at = document.changed().map_or(input.written, |seconds| seconds.saturating_mul(1000));
        agent.at = agent.at.max(at);
        agent.name = name;
        agent.about(&document);
        Ok(match kind {
            Kind::User => agent.user(&document, at),
            Kind::Group => agent.group(&document),
            Kind::Address => {
                agent.address(&document);
                Ok(())
            }
            Kind::System => Ok(()),
        })
    }
}

impl Agent {
    /// Takes what any document may say of the system.
    fn about(&mut self, document: &Document<'_>) {
        let set = |slot: &mut String, paths: &[&str]| {
            if let Some(text) = document.first(paths) {
                *slot = text;
            }
        };
        set(
            &mut self.hostname,
            &["host.hostname", "hostname", "agent.host.hostname", "wazuh.agent.host.hostname"],
        );
        set(
            &mut self.os.name,
            &["host.os.name", "os.name", "agent.host.os.name", "wazuh.agent.host.os.name"],
        );
        set(
            &mut self.os.version,
            &["host.os.version", "os.version", "agent.host.os.version", "wazuh.agent.host.os.version"],
        );
        set(
            &mut self.os.platform,
            &["host.os.platform", "os.platform", "agent.host.os.platform", "wazuh.agent.host.os.platform"],
        );
    }

    fn user(&mut self, document: &Document<'_>, at: i64) -> Result<(), String> {
        let user = document.user().ok_or("the user has no name")?;
        let newer = self.users.get(&user.facts.name).is_none_or(|(before, _)| at >= *before);
        if newer {
            self.users.insert(user.facts.name.clone(), (at, user));
        }
        Ok(())
    }

    fn group(&mut self, document: &Document<'_>) -> Result<(), String> {
        let name = document.first(&["group.name", "group_name"]).ok_or("the group has no name")?;
        let number = document.number_of(&["group.id", "group_id"]).ok_or("the group has no number")?;
        self.groups.insert(number, Group { name, sid: document.first(&["group.uuid", "group_uuid"]) });
        Ok(())
    }

    fn address(&mut self, document: &Document<'_>) {
        let ip = document.first(&["network.ip", "address", "network_ip"]);
        let interface =
            document.first(&["interface.name", "observer.ingress.interface.name", "iface", "network.name"]);
        if let Some(ip) = ip {
            self.addresses.push((ip, interface.unwrap_or_default()));
        }
    }
}

impl Document<'_> {
    /// When it changed, in seconds.
    fn changed(&self) -> Option<i64> {
        self.first(&["state.modified_at", "scan.time", "scan_time", "timestamp", "@timestamp"])
            .and_then(|text| instant(&text))
    }
}
