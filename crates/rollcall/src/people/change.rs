//! `rollcall people create`, `update`, `delete`, `freeze` and `unfreeze`.

use std::{fs, io::Read, path::PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::{
    client::{Client, EIAM, OWN},
    error::{CliError, Context},
    output::line,
};

/// One person, by name or by id.
#[derive(Debug, Args)]
pub struct Who {
    /// User name
    #[arg(required_unless_present = "id", conflicts_with = "id")]
    name: Option<String>,
    /// User id instead of the name
    #[arg(long)]
    id: Option<String>,
}

/// Attributes that can be given.
#[derive(Debug, Args)]
pub struct Attributes {
    /// Shown name
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// E-mail address
    #[arg(long)]
    email: Option<String>,
    /// Phone, for example +86-13800138000
    #[arg(long)]
    phone: Option<String>,
    /// Remark
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// When the account expires, ISO 8601
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// File whose first line is the password; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Options of `create`.
#[derive(Debug, Args)]
pub struct Create {
    /// User name
    name: String,
    #[command(flatten)]
    attributes: Attributes,
}

/// Options of `update`.
#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    attributes: Attributes,
}

/// Options of `delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// User names
    #[arg(required_unless_present = "id", value_name = "NAME")]
    names: Vec<String>,
    /// User id instead of a name
    #[arg(long)]
    id: Vec<String>,
}

impl Who {
    /// The two members that name a person.
    pub fn parameters(&self) -> Map<String, Value> {
        let mut members = Map::new();
        for (name, value) in [("UserName", &self.name), ("UserId", &self.id)] {
            members.extend(value.as_ref().map(|v| (name.to_owned(), v.clone().into())));
        }
        members
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name.as_deref().or(self.id.as_deref()).unwrap_or_default())
    }
}

impl Attributes {
    fn add_to(&self, members: &mut Map<String, Value>) -> Result<(), CliError> {
        for (name, value) in [
            ("DisplayName", &self.display_name),
            ("Email", &self.email),
            ("Phone", &self.phone),
            ("Description", &self.description),
            ("ExpirationTime", &self.expires),
        ] {
            members.extend(value.as_ref().map(|v| (name.to_owned(), v.clone().into())));
        }
        if let Some(path) = &self.password_file {
            members.insert("Password".into(), read_password(path)?.into());
        }
        Ok(())
    }
}

/// Creates a person.
pub fn create(client: &Client, args: &Create) -> Result<(), CliError> {
    let mut request = Map::from_iter([("UserName".to_owned(), Value::from(args.name.as_str()))]);
    args.attributes.add_to(&mut request)?;
    let mut made_up = None;
    if args.attributes.password_file.is_none() {
        let password = first_password()?;
        request.insert("Password".into(), password.as_str().into());
        request.insert("PwdNeedReset".into(), true.into());
        made_up = Some(password);
    }
    let answer =
        client.call(EIAM, "CreateUser", &request).doing(format!("could not create {}", args.name))?;
    let id = answer.get("UserId").and_then(Value::as_str).unwrap_or_default();
    line(&format!("created {} with id {id}", args.name))?;
    match made_up {
        Some(password) => line(&format!("first password, to be changed at the first login: {password}")),
        None => Ok(()),
    }
}

/// Changes a person.
pub fn update(client: &Client, args: &Update) -> Result<(), CliError> {
    let mut request = args.who.parameters();
    let named = request.len();
    args.attributes.add_to(&mut request)?;
    if request.len() == named {
        return Err(CliError::usage("there is nothing to change").next("see `rollcall people update --help`"));
    }
    client.call(EIAM, "ModifyUserInfo", &request).doing(format!("could not change {}", args.who))?;
    line(&format!("changed {}", args.who))
}

/// Deletes people one after the other, so that a failure names the one it is about.
pub fn delete(client: &Client, args: &Delete) -> Result<(), CliError> {
    let by_name = args.names.iter().map(|name| ("UserName", name));
    for (member, who) in by_name.chain(args.id.iter().map(|id| ("UserId", id))) {
        client.call(EIAM, "DeleteUser", &json!({ member: who })).doing(format!("could not delete {who}"))?;
        line(&format!("deleted {who}"))?;
    }
    Ok(())
}

/// Sets the state of a person.
pub fn set_status(client: &Client, who: &Who, status: &str) -> Result<(), CliError> {
    let mut request = who.parameters();
    request.insert("Status".into(), status.into());
    client.call(OWN, "ModifyUserStatus", &request).doing(format!("could not change {who}"))?;
    line(&format!("{who} is now {status}"))
}

fn read_password(path: &PathBuf) -> Result<String, CliError> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(4096).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(4096).read_to_string(&mut text))
    };
    read.map_err(|e| CliError::io(format!("could not read the password from {}", path.display()), &e))?;
    let password = text.lines().next().unwrap_or_default().to_owned();
    if password.is_empty() { Err(CliError::usage("the password is empty")) } else { Ok(password) }
}

/// Twenty characters out of 32 that cannot be mistaken for one another: 100 bits.
fn first_password() -> Result<String, CliError> {
    const SIGNS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).map_err(|e| CliError::new(format!("no random numbers: {e}")))?;
    Ok(bytes.iter().filter_map(|b| SIGNS.get(usize::from(b % 32))).map(|b| char::from(*b)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_passwords_are_long_and_differ() {
        let (a, b) = (first_password().unwrap(), first_password().unwrap());
        assert_eq!((a.len(), b.len()), (20, 20));
        assert_ne!(a, b);
    }
}
