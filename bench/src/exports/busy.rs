//! What other requests feel of an export: the same question over and over, without one and while one is written.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::{finished, submit};
use crate::measure::quantile;
use crate::server::{CWP, Client, Server};
use crate::{Options, Result};

/// Between two questions: they are to be those of a server that has time.
const PAUSE: Duration = Duration::from_millis(2);

/// Median and 99th percentile of the question in seconds.
#[derive(Debug, Serialize)]
pub struct Busy {
    /// Without an export.
    pub idle: (f64, f64),
    /// While exports are written.
    pub busy: (f64, f64),
    /// Questions asked meanwhile.
    pub asked: usize,
}

/// Measures both.
pub fn run(options: &Options, server: &Server, request: &Value) -> Result<Busy> {
    let (client, other) = (server.client(), server.client());
    let until = Instant::now() + Duration::from_secs_f64(options.seconds.max(1.0) * 2.0);
    let idle = ask(&client, || Ok(Instant::now() < until))?;
    // As many as there are workers.
    let tasks = [submit(&other, request)?, submit(&other, request)?];
    let mut look = Instant::now();
    let busy = ask(&client, || {
        if look.elapsed() < 10 * PAUSE {
            return Ok(true);
        }
        look = Instant::now();
        Ok(!(finished(&other, &tasks[0])? && finished(&other, &tasks[1])?))
    })?;
    let times = |values: &[f64]| (quantile(values, 0.5), quantile(values, 0.99));
    Ok(Busy { idle: times(&idle), busy: times(&busy), asked: busy.len() })
}

fn ask(client: &Client, mut goes_on: impl FnMut() -> Result<bool>) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    while goes_on()? {
        let begin = Instant::now();
        let request =
            json!({ "By": "LoginTime", "Order": "desc", "Limit": 20, "Offset": times.len() % 1000 });
        client.call(CWP, "DescribeAssetUserList", &request)?;
        times.push(begin.elapsed().as_secs_f64());
        std::thread::sleep(PAUSE);
    }
    Ok(times)
}
