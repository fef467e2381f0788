//! `rollcall call`: any action of any service, as the SDKs would call it.

use std::io::Read;

use serde_json::Value;

use crate::{
    client::{Api, CWP, EIAM, OWN, Target},
    error::{CliError, Context},
    output::emit,
};

const EXAMPLE: &str = "\
Examples:
  rollcall call eiam ListUsers '{\"SearchCondition\":{\"UserName\":\"ali*\"},\"IncludeTotal\":true}'
  echo '{\"Limit\":1}' | rollcall call cwp DescribeAssetUserList -";

/// Call any action of any service and print the answer.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Args {
    /// Service
    #[arg(value_parser = ["eiam", "cwp", "rollcall"])]
    service: String,
    /// Action, for example ListUsers
    action: String,
    /// Parameters as a JSON object; `-` reads them from the standard input
    #[arg(default_value = "{}", value_name = "JSON")]
    parameters: String,
}

/// Runs the command.
pub fn run(target: &Target, args: &Args) -> Result<(), CliError> {
    let parameters = read(&args.parameters)?;
    let answer = target.client()?.call(api(&args.service), &args.action, &parameters).doing(&args.action)?;
    emit(format!("{answer:#}\n").as_bytes())
}

fn api(service: &str) -> Api {
    match service {
        "cwp" => CWP,
        "rollcall" => OWN,
        _ => EIAM,
    }
}

fn read(argument: &str) -> Result<Value, CliError> {
    let mut text = argument.to_owned();
    if argument == "-" {
        text.clear();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.map_err(|e| CliError::io("could not read the standard input", &e))?;
    }
    let value: Value = serde_json::from_str(&text)
        .map_err(|e| CliError::usage(format!("the parameters are not JSON: {e}")))?;
    if value.is_object() { Ok(value) } else { Err(CliError::usage("the parameters are not a JSON object")) }
}
