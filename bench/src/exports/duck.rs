//! DuckDB as a peer: the rows in a table of its own, written as CSV by `COPY`, with all its threads.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::{Cost, python, reader, table};
use crate::measure::children_cpu_seconds;
use crate::{Options, Result};

/// What is installed.
const PACKAGE: &str = "duckdb==1.4.1";

const PROGRAM: &str = "import duckdb, sys
connection = duckdb.connect(sys.argv[1])
connection.execute('set enable_progress_bar = false')
connection.execute(sys.argv[2])";

/// A database with the rows.
pub struct Duck {
    python: PathBuf,
    database: PathBuf,
}

impl Duck {
    /// Loads a CSV file; `None` where DuckDB cannot be installed, which is told.
    pub fn load(options: &Options, file: &Path) -> Result<Option<Self>> {
        let Some(python) = python::with(options, PACKAGE) else { return Ok(None) };
        let database = options.work.join("accounts.duckdb");
        table::remove(&database)?;
        let duck = Duck { python, database };
        let column = |name: &str| {
            let kind = if table::NUMBERS.contains(&name) { "INTEGER" } else { "VARCHAR" };
            format!("'{name}': '{kind}'")
        };
        let columns: Vec<String> = reader(file)?.headers()?.iter().map(column).collect();
        duck.run(&format!(
            "create table accounts as select * from read_csv('{}', header = true, auto_detect = false, \
             delim = ',', quote = '\"', escape = '\"', columns = {{{}}})",
            file.display(),
            columns.join(", ")
        ))?;
        Ok(Some(duck))
    }

    /// Writes what a query finds.
    pub fn write(&self, sql: &str, target: &Path) -> Result<Cost> {
        let (begin, cpu) = (Instant::now(), children_cpu_seconds()?);
        self.run(&format!("copy ({sql}) to '{}' (format csv, header true)", target.display()))?;
        Ok((begin.elapsed().as_secs_f64(), children_cpu_seconds()? - cpu))
    }

    fn run(&self, sql: &str) -> Result<()> {
        let status =
            Command::new(&self.python).args(["-c", PROGRAM]).arg(&self.database).arg(sql).status()?;
        if status.success() { Ok(()) } else { Err(format!("DuckDB: {status}").into()) }
    }
}
