//! Keys and tenants are managed through the server that runs on a data directory, or, when none does, in the
//! directory itself. This file decides which.

use std::{path::Path, thread::sleep, time::Duration};

use service::{
    OpenError,
    offline::{MadeKey, Offline, OfflineError},
};
use store::DirError;

use crate::{
    client::{Client, Credentials, Target},
    error::CliError,
    output::note,
};

/// How a command reaches the keys and tenants.
pub enum Access {
    /// Through a server.
    Server(Client),
    /// In the data directory, which this process holds.
    Directory(Offline),
}

/// Chooses: a server that was named, else the data directory, else the server that holds it.
pub fn open(target: &Target) -> Result<Access, CliError> {
    if target.names_a_server() {
        return target.client().map(Access::Server);
    }
    let dir = target.data_dir()?;
    // Another local command holds the directory for a moment only; a server, once up, leaves its address there.
    for _ in 0..30 {
        match open_directory(&dir) {
            Ok(offline) => return Ok(Access::Directory(offline)),
            Err(OfflineError::Open(OpenError::Dir(DirError::InUse(_)))) if !target.server_is_up()? => {
                sleep(Duration::from_millis(100));
            }
            Err(OfflineError::Open(OpenError::Dir(DirError::InUse(_)))) => break,
            Err(error) => return Err(failed(&error)),
        }
    }
    target.local_client().map(Access::Server)
}

/// Opens a data directory that no server holds. A new one gets its first admin key into `credentials.toml`.
fn open_directory(dir: &Path) -> Result<Offline, OfflineError> {
    let offline = Offline::open(dir)?;
    if let Some(key) = offline.take_first_key() {
        save_first_key(dir, &key.secret_id, &key.secret_key);
    }
    Ok(offline)
}

/// Leaves the first key of a new installation in its directory. A failure is told and not fatal: another key can
/// be made at any time by whoever may read the directory.
pub fn save_first_key(dir: &Path, secret_id: &str, secret_key: &str) {
    match Credentials::new(secret_id, secret_key, None).save(dir) {
        Ok(()) => {
            note(&format!("new installation; its first admin key is in {}/credentials.toml", dir.display()))
        }
        Err(error) => error.next("make a key with `rollcall keys create --role admin --name first`").report(),
    }
}

/// Makes sure that `dir` has a key in `credentials.toml`: a new installation's first one, or one made for `name`.
///
/// # Errors
/// When the directory is in use or cannot be written.
pub fn ensure_credentials(dir: &Path, name: &str) -> Result<Credentials, CliError> {
    if let Some(credentials) = Credentials::load(dir)? {
        return Ok(credentials);
    }
    let offline = open_directory(dir).map_err(|e| failed(&e))?;
    if let Some(credentials) = Credentials::load(dir)? {
        return Ok(credentials);
    }
    let made = offline
        .create_key(service::DEFAULT_TENANT, name, model::Role::Admin, None)
        .map_err(|e| failed(&e))?;
    let credentials = Credentials::new(&made.secret_id, &made.secret_key, None);
    credentials.save(dir)?;
    Ok(credentials)
}

/// A failure of the local way, in the program's one form.
pub fn failed(error: &OfflineError) -> CliError {
    match error {
        OfflineError::Open(error) => open_failed(error),
        error => CliError::of(error),
    }
}

/// A data directory that does not open, in the program's one form.
pub fn open_failed(error: &OpenError) -> CliError {
    let failure = CliError::of(error);
    match error {
        OpenError::Dir(DirError::InUse(_)) => failure.next("or name another directory with --data-dir"),
        OpenError::Dir(_) => failure.next("name a directory you may write with --data-dir"),
        _ => failure,
    }
}

/// The parts of a made key as the service's own action answers them.
pub fn made_key(key: &MadeKey) -> serde_json::Value {
    let expires = key.expires.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    serde_json::json!({
        "SecretId": key.secret_id,
        "SecretKey": key.secret_key.as_str(),
        "Token": key.token.as_ref().map(|token| token.as_str()),
        "ExpirationTime": expires.map(time),
    })
}

/// A time as the service prints it: `2026-01-31T09:44:07.182+0000`.
pub fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_look_like_the_service_s() {
        let at = jiff::Timestamp::from_millisecond(1_610_531_047_182).unwrap();
        assert_eq!(super::time(at), "2021-01-13T09:44:07.182+0000");
    }
}
