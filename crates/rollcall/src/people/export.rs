//! `rollcall people export`: everybody, in the form `people import` reads, sorted by user name.
//! The list is paged while others change it, so pages overlap: rows known from the page before show where the
//! next one goes on, and nobody is written twice.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    path::PathBuf,
};

use clap::Args;
use serde_json::{Value, json};

use super::columns::Column;
use crate::{
    client::{Client, EIAM},
    error::{CliError, Context},
    filters::{Condition, search_condition},
    output::{
        file::AtomicFile,
        line,
        progress::{Unit, bar},
        table::text,
    },
    paging::{PAGE, Page},
};

/// Rows of the page before that are fetched again.
const OVERLAP: u64 = 5;
/// How often the place may be looked for before giving up.
const SEARCHES: u32 = 50;

/// Options of `people export`.
#[derive(Debug, Args)]
pub struct Export {
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Only people that match, as for `people list`
    #[arg(long, value_name = "NAME=VALUE")]
    filter: Vec<Condition>,
}

/// Runs the command.
pub fn run(client: &Client, args: &Export) -> Result<(), CliError> {
    let condition = search_condition(&args.filter)?;
    let mut pages = Pages::default();
    let mut writer = csv::WriterBuilder::new().from_writer(AtomicFile::create(&args.output, false)?);
    let failed = |e: csv::Error| CliError::new(format!("could not write {}: {e}", args.output.display()));
    writer.write_record(Column::ALL.map(Column::name)).map_err(failed)?;
    let progress = bar("exporting", Unit::Rows, Some(0));
    while let Some(offset) = pages.next {
        let page = fetch(client, &condition, offset).doing("could not export people")?;
        progress.set_length(page.total);
        for person in pages.take(page)? {
            let cells = Column::ALL.map(|c| text(person.get(c.name()).unwrap_or(&Value::Null)));
            writer.write_record(cells).map_err(failed)?;
        }
        progress.set_position(pages.written);
    }
    let file = writer
        .into_inner()
        .map_err(|e| CliError::io(format!("could not write {}", args.output.display()), e.error()))?;
    file.finish()?;
    progress.finish_and_clear();
    line(&format!("{} people written to {}", pages.written, args.output.display()))
}

fn fetch(client: &Client, condition: &Value, offset: u64) -> Result<Page, crate::client::CallError> {
    let request = json!({
        "SearchCondition": condition,
        "ExpectedFields": Column::ALL.map(Column::name),
        "Sort": {"SortKey": "UserName", "SortOrder": "ASC"},
        "Offset": offset,
        "Limit": PAGE,
        "IncludeTotal": true,
    });
    Ok(Page::take(client.call(EIAM, "ListUsers", &request)?, "UserList", "TotalCount"))
}

/// Where the export is.
struct Pages {
    /// Offset of the page to fetch; `None` at the end.
    next: Option<u64>,
    /// Hashes of the ids written. Keyed, 64 bits: 8 bytes a person instead of its id.
    seen: HashSet<u64>,
    hasher: RandomState,
    /// Ids of the last rows written.
    recent: Vec<u64>,
    /// Rows written.
    written: u64,
    searches: u32,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            next: Some(0),
            seen: HashSet::new(),
            hasher: RandomState::new(),
            recent: Vec::new(),
            written: 0,
            searches: 0,
        }
    }
}

impl Pages {
    /// The rows of a page that have not been written yet; decides which page comes next.
    fn take(&mut self, page: Page) -> Result<Vec<Value>, CliError> {
        let offset = self.next.unwrap_or(0);
        let ids: Vec<u64> = page.rows.iter().map(|p| self.hash(p)).collect();
        let known = ids.iter().rposition(|id| self.recent.contains(id));
        if known.is_none() && offset > 0 {
            // People before this page went away: the place is further up.
            self.searches += 1;
            if self.searches > SEARCHES {
                return Err(CliError::new("the directory changes faster than it can be exported")
                    .next("try again when no import is running"));
            }
            self.next = Some(offset.saturating_sub(PAGE - OVERLAP));
            return Ok(Vec::new());
        }
        let full = ids.len() as u64 >= PAGE;
        self.next = full.then(|| offset + PAGE - OVERLAP);
        let tail = ids.len().saturating_sub(usize::try_from(OVERLAP).unwrap_or(usize::MAX));
        self.recent = ids.get(tail..).unwrap_or_default().to_vec();
        let start = known.map_or(0, |at| at + 1);
        let fresh = page.rows.into_iter().zip(ids).skip(start);
        let rows: Vec<Value> = fresh.filter_map(|(row, id)| self.seen.insert(id).then_some(row)).collect();
        self.written += rows.len() as u64;
        Ok(rows)
    }

    fn hash(&self, person: &Value) -> u64 {
        self.hasher.hash_one(person.get("UserId").and_then(Value::as_str).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exports `people` while `change` alters them between pages.
    fn export(mut people: Vec<u32>, mut change: impl FnMut(usize, &mut Vec<u32>)) -> Vec<u32> {
        let mut pages = Pages::default();
        let mut out = Vec::new();
        let mut calls = 0;
        while let Some(offset) = pages.next {
            let from = usize::try_from(offset).unwrap().min(people.len());
            let rows = people[from..].iter().take(100).map(|n| json!({"UserId": n.to_string()})).collect();
            let total = people.len() as u64;
            for row in pages.take(Page { rows, total }).unwrap() {
                out.push(row["UserId"].as_str().unwrap().parse().unwrap());
            }
            calls += 1;
            change(calls, &mut people);
        }
        out
    }

    #[test]
    fn everybody_once() {
        for n in [0, 1, 99, 100, 101, 195, 196, 1000] {
            let people: Vec<u32> = (0..n).collect();
            assert_eq!(export(people.clone(), |_, _| {}), people);
        }
    }

    #[test]
    fn nobody_is_lost_or_doubled_while_people_come_and_go() {
        let people: Vec<u32> = (1000..2000).collect();
        let came = export(people.clone(), |call, all| {
            all.splice(0..0, [call as u32 * 2, call as u32 * 2 + 1]).for_each(drop)
        });
        assert_eq!(came, people);
        let went = export(people.clone(), |_, all| drop(all.drain(0..3)));
        assert_eq!(went.len(), 1000);
        let many = export(people.clone(), |call, all| {
            if call == 3 {
                drop(all.drain(0..150))
            }
        });
        assert_eq!(many, people);
    }
}
