//! `cargo xtask actions`: every action with its roles and its handler.

use std::process::ExitCode;

use crate::contract::{Contract, Error};

/// Prints the list.
pub fn run() -> Result<ExitCode, Error> {
    print!("{}", list(&Contract::load()?));
    Ok(ExitCode::SUCCESS)
}

fn list(contract: &Contract) -> String {
    let all = || contract.services.iter().flat_map(|service| &service.actions);
    let name_width = all().map(|(name, _)| name.len()).max().unwrap_or(0);
    let roles_width = all().map(|(_, action)| action.roles.join(",").len()).max().unwrap_or(0);
    let mut out = String::new();
    for service in &contract.services {
        out.push_str(&format!("{} {}\n", service.service, service.version));
        for (name, action) in &service.actions {
            let roles = action.roles.join(",");
            let handler = action.handler.as_deref().unwrap_or("MISSING");
            out.push_str(&format!("  {name:name_width$}  {roles:roles_width$}  {handler}\n"));
        }
        let answered = service.actions.values().filter(|action| action.handler.is_some()).count();
        out.push_str(&format!("  {answered} of {} answered\n\n", service.actions.len()));
    }
    let answered = all().filter(|(_, action)| action.handler.is_some()).count();
    out.push_str(&format!("{answered} of {} answered in all\n", all().count()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_start_in_one_column() {
        let text = list(&Contract::load().unwrap());
        let columns: Vec<_> = text
            .lines()
            .filter_map(|line| {
                line.find("users::list").or_else(|| line.find("exports::poll")).or(line.find("MISSING"))
            })
            .collect();
        assert!(columns.len() > 2 && columns.iter().all(|column| *column == columns[0]), "{text}");
    }
}
