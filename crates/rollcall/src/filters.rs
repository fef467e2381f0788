//! `--filter Name=Value`: conditions on a command line, and the two forms the services want them in.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::error::CliError;

/// One condition as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    name: String,
    value: String,
}

impl FromStr for Condition {
    type Err = &'static str;

    /// Everything after the first `=` is the value, as it is.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("it has to look like Name=Value")?;
        if name.is_empty() || name.trim() != name {
            return Err("it has to look like Name=Value, without blanks around the name");
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// `Filters` of the account actions: conditions of one name are alternatives, names are joined by AND.
pub fn account_filters(conditions: &[Condition]) -> Value {
    let mut filters: Vec<(&str, Vec<&str>)> = Vec::new();
    for Condition { name, value } in conditions {
        match filters.iter_mut().find(|(n, _)| n == name) {
            Some((_, values)) => values.push(value),
            None => filters.push((name, vec![value])),
        }
    }
    filters.into_iter().map(|(name, values)| json!({"Name": name, "Values": values})).collect()
}

/// `SearchCondition` of the directory: one condition for each attribute, all joined by AND.
///
/// # Errors
/// When an attribute is named twice; the service has no place for a second condition.
pub fn search_condition(conditions: &[Condition]) -> Result<Value, CliError> {
    let mut members = Map::new();
    for Condition { name, value } in conditions {
        if members.insert(name.clone(), value.clone().into()).is_some() {
            return Err(CliError::usage(format!("--filter {name} is given twice"))
                .next("use a range, for example --filter 'CreationTime=[2026-01-01,2026-02-01}'"));
        }
    }
    Ok(members.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Vec<Condition> {
        texts.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn splits_at_the_first_sign() {
        assert_eq!(parse(&["A=b=c"]), [Condition { name: "A".into(), value: "b=c".into() }]);
        assert_eq!(parse(&["A="]), [Condition { name: "A".into(), value: String::new() }]);
        for bad in ["", "A", "=b", " A=b", "A =b"] {
            assert!(bad.parse::<Condition>().is_err(), "{bad}");
        }
    }

    #[test]
    fn same_names_are_alternatives_for_accounts_and_refused_for_people() {
        let both = parse(&["Name=root", "Status=1", "Name=admin"]);
        let expected =
            json!([{"Name": "Name", "Values": ["root", "admin"]}, {"Name": "Status", "Values": ["1"]}]);
        assert_eq!(account_filters(&both), expected);
        assert!(search_condition(&both).is_err());
        assert_eq!(search_condition(&parse(&["UserName=a*"])).unwrap(), json!({"UserName": "a*"}));
    }
}
