//! `rollcall people`: the workforce directory.

mod batch;
mod change;
mod check;
pub mod columns;
mod export;
mod import;
mod list;
mod send;
mod source;

use clap::Subcommand;

use crate::{client::Target, error::CliError};

/// Commands for people.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List people
    #[command(after_help = "\
Conditions: text finds it anywhere, \"text\" the whole value, text* the beginning, [a,b] {a,b} ranges with
and without their ends, * for no end. Attributes: UserName, Phone, Email, Status, CreationTime,
LastUpdateTime, Keyword.

Examples:
  rollcall people list --filter 'UserName=ali*' --filter Status=FREEZE
  rollcall people list --filter 'CreationTime=[2026-01-01,*]' --by CreationTime --order desc --format csv")]
    List(list::List),
    /// Show one person
    #[command(after_help = "Example:\n  rollcall people show ann.lee")]
    Show(list::Show),
    /// Create a person
    #[command(after_help = "\
Without --password-file a first password is made up, shown once, and has to be changed at the first login.

Example:
  rollcall people create ann.lee --display-name 'Ann Lee' --email ann.lee@corp.example")]
    Create(change::Create),
    /// Change a person
    #[command(after_help = "Example:\n  rollcall people update ann.lee --phone +86-13800138000")]
    Update(change::Update),
    /// Delete people
    #[command(after_help = "Example:\n  rollcall people delete ann.lee bob")]
    Delete(change::Delete),
    /// Freeze a person: the account stays and cannot be used
    #[command(after_help = "Example:\n  rollcall people freeze ann.lee")]
    Freeze(change::Who),
    /// Make a frozen person normal again
    #[command(after_help = "Example:\n  rollcall people unfreeze ann.lee")]
    Unfreeze(change::Who),
    /// Create and update many people from a CSV file
    #[command(after_help = "\
The first line names the columns: UserName and any of UserId, DisplayName, Phone, Email, Status,
Description, CreationTime, LastUpdateTime, LastLoginTime, in any order. People are recognised by UserName;
empty cells change nothing. The whole file is checked before anything is written; exit code 3 means that it
has problems. Run again after an interruption, it goes on where it stopped.

Example:
  rollcall people import people.csv --dry-run")]
    Import(import::Import),
    /// Write all people into a CSV file that `people import` reads
    #[command(after_help = "\
Cells are written as they are, so that they can be read back: import the file into a spreadsheet as text.

Example:
  rollcall people export -o people.csv")]
    Export(export::Export),
}

/// Runs a command.
pub fn run(target: &Target, command: Command) -> Result<(), CliError> {
    match command {
        Command::List(args) => list::list(&target.client()?, &args),
        Command::Show(args) => list::show(&target.client()?, &args),
        Command::Create(args) => change::create(&target.client()?, &args),
        Command::Update(args) => change::update(&target.client()?, &args),
        Command::Delete(args) => change::delete(&target.client()?, &args),
        Command::Freeze(who) => change::set_status(&target.client()?, &who, "FREEZE"),
        Command::Unfreeze(who) => change::set_status(&target.client()?, &who, "NORMAL"),
        Command::Import(args) => import::run(|| target.client(), &args),
        Command::Export(args) => export::run(&target.client()?, &args),
    }
}
