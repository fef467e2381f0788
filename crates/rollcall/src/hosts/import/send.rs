//! Reports on their way to the server, many in one call.

use model::facts::HostReport;
use serde_json::{Value, json};

use crate::{
    client::{Client, OWN},
    error::{CliError, Context},
};

/// Reports a call may carry, and their size: half of what the server takes and less than the protocol's limit,
/// because a report travels as text inside JSON and grows by its quotes.
const BATCH_REPORTS: usize = 500;
const BATCH_BYTES: usize = 4 << 20;

/// A report the server, or a check before it, refused.
#[derive(Debug)]
pub struct Refused {
    /// Where the report is from.
    pub place: String,
    /// Why.
    pub why: String,
}

/// Where reports go.
pub trait Outlet {
    /// Takes the text of a report from a place; gives back what was refused meanwhile.
    fn text(&mut self, place: String, text: String) -> Result<Vec<Refused>, CliError>;

    /// The same for a report that has no text yet.
    fn report(&mut self, place: String, report: &HostReport) -> Result<Vec<Refused>, CliError> {
        let text = serde_json::to_string(report)
            .map_err(|e| CliError::new(format!("the report cannot be written: {e}")))?;
        self.text(place, text)
    }

    /// Ends a file or a source.
    fn flush(&mut self) -> Result<Vec<Refused>, CliError>;

    /// How many were sent.
    fn sent(&self) -> u64;

    /// How many problems there were in a source.
    fn left_out(&mut self, count: u64, what: &'static str);
}

/// Sends reports.
pub struct Sender<'a> {
    client: &'a Client,
    batch: Vec<(String, String)>,
    bytes: usize,
    taken: u64,
    left_out: Vec<(u64, &'static str)>,
}

impl<'a> Sender<'a> {
    /// A sender that has sent nothing.
    pub fn new(client: &'a Client) -> Self {
        Self { client, batch: Vec::new(), bytes: 0, taken: 0, left_out: Vec::new() }
    }

    /// What was done.
    pub fn summary(&self) -> String {
        let left_out: String = self
            .left_out
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!(", {n} {what} left out"))
            .collect();
        format!("{} reports taken in{left_out}", self.taken)
    }
}

impl Outlet for Sender<'_> {
    fn text(&mut self, place: String, text: String) -> Result<Vec<Refused>, CliError> {
        let full = self.batch.len() == BATCH_REPORTS || self.bytes + text.len() > BATCH_BYTES;
        let refused = if full { self.flush()? } else { Vec::new() };
        self.bytes += text.len();
        self.batch.push((place, text));
        Ok(refused)
    }

    fn flush(&mut self) -> Result<Vec<Refused>, CliError> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let reports: Vec<&str> = batch.iter().map(|(_, text)| text.as_str()).collect();
        let answer = self
            .client
            .call(OWN, "ReportHosts", &json!({"Reports": reports}))
            .doing(format!("could not send the reports ({} sent before)", self.taken))?;
        let results = answer.get("Results").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let bad = results.iter().filter(|r| r.get("Code").is_some_and(|c| !c.is_null()));
        let refused: Vec<Refused> = bad.map(|result| refusal(result, &batch)).collect();
        self.taken += (batch.len() - refused.len().min(batch.len())) as u64;
        Ok(refused)
    }

    fn sent(&self) -> u64 {
        self.taken
    }

    fn left_out(&mut self, count: u64, what: &'static str) {
        match self.left_out.iter_mut().find(|(_, same)| *same == what) {
            Some((before, _)) => *before += count,
            None => self.left_out.push((count, what)),
        }
    }
}

fn refusal(result: &Value, batch: &[(String, String)]) -> Refused {
    let index = result.get("Index").and_then(Value::as_u64).and_then(|i| usize::try_from(i).ok());
    let place = index.and_then(|i| batch.get(i)).map(|(place, _)| place.clone()).unwrap_or_default();
    let text = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
    Refused { place, why: format!("{} ({})", text("Message"), text("Code")) }
}
