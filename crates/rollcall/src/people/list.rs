//! `rollcall people list` and `show`.

use clap::Args;
use serde_json::json;

use super::change::Who;
use crate::{
    accounts::Order,
    client::{Client, EIAM},
    error::{CliError, Context},
    filters::{Condition, search_condition},
    output::table::{Column, Format, plain, print, print_one},
    paging::{Extent, Page},
};

const COLUMNS: [Column; 8] = [
    plain("USER NAME", "UserName"),
    plain("DISPLAY NAME", "DisplayName"),
    plain("STATUS", "Status"),
    plain("PHONE", "Phone"),
    plain("E-MAIL", "Email"),
    plain("CREATED", "CreationTime"),
    plain("LAST LOGIN", "LastLoginTime"),
    plain("ID", "UserId"),
];

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only people that match all of these
    #[arg(long, value_name = "NAME=VALUE")]
    filter: Vec<Condition>,
    /// Sort by UserName, DisplayName, Phone, Email, Status, CreationTime, LastUpdateTime or LastLoginTime
    #[arg(long, default_value = "UserName", value_name = "KEY")]
    by: String,
    /// Direction
    #[arg(long, value_enum, default_value = "asc")]
    order: Order,
    #[command(flatten)]
    extent: Extent,
    /// How to show the list
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    who: Who,
    /// How to show it
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Lists people.
pub fn list(client: &Client, args: &List) -> Result<(), CliError> {
    let condition = search_condition(&args.filter)?;
    let order = match args.order {
        Order::Asc => "ASC",
        Order::Desc => "DESC",
    };
    let rows = args.extent.fetch(|offset, limit| {
        let request = json!({
            "SearchCondition": condition,
            "Sort": {"SortKey": args.by, "SortOrder": order},
            "Offset": offset,
            "Limit": limit,
            "IncludeTotal": true,
        });
        Ok(Page::take(client.call(EIAM, "ListUsers", &request)?, "UserList", "TotalCount"))
    });
    print(args.format, &COLUMNS, &rows.doing("could not list people")?)
}

/// Shows one person.
pub fn show(client: &Client, args: &Show) -> Result<(), CliError> {
    let answer = client
        .call(EIAM, "DescribeUserInfo", &args.who.parameters())
        .doing(format!("could not show {}", args.who))?;
    print_one(args.format, &answer)
}
