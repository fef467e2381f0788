//! `cargo xtask bench`: builds the server and the benches for release, then runs the benches. What is measured and
//! how is the business of the `bench` package.

use std::process::{Command, ExitCode};

/// What to measure; all of it is handed on.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Options of `bench run`, such as `--quick`, `--people N`, `--only people`; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds and runs; the exit code says whether all answers were right.
pub fn run(options: &Options) -> Result<ExitCode, String> {
    let root = crate::contract::root();
    let cargo = |arguments: &[&str]| {
        let status = Command::new(env!("CARGO")).current_dir(&root).args(arguments).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("cargo {}: {status}", arguments.join(" "))),
            Err(error) => Err(format!("cargo cannot be run: {error}")),
        }
    };
    cargo(&["build", "--release", "--locked", "--package", "rollcall", "--package", "bench"])?;
    let mut arguments = vec!["run", "--release", "--locked", "--quiet", "--package", "bench", "--", "run"];
    arguments.extend(options.arguments.iter().map(String::as_str));
    cargo(&arguments)?;
    if options.arguments.is_empty() {
        // Reports of hosts and new people, written through the service.
        let writes =
            ["run", "--release", "--locked", "--quiet", "--package", "service", "--example", "writes"];
        cargo(&[&writes[..], &["--", "4000", "4000"]].concat())?;
    }
    Ok(ExitCode::SUCCESS)
}
