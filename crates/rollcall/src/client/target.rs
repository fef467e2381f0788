//! Which server, which key, which data directory: options, then environment, then what a server left in its
//! data directory, then the defaults.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Client, http::is_loopback};
use crate::{error::CliError, output::file};

/// Port a server listens on unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:9321";
const CREDENTIALS_FILE: &str = "credentials.toml";
const ENDPOINT_FILE: &str = "endpoint";

/// Options every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server and key")]
pub struct Target {
    /// Data directory of the server on this machine; its address and first key are read from there
    /// [default: $XDG_DATA_HOME/rollcall or ~/.local/share/rollcall]
    #[arg(long, global = true, env = "ROLLCALL_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address of the server [default: of the server running on the data directory, else http://127.0.0.1:9321]
    #[arg(long, global = true, env = "ROLLCALL_ENDPOINT", value_name = "URL")]
    endpoint: Option<String>,
    /// Certificate (PEM) the server's certificate is checked against, instead of the public ones
    #[arg(long, global = true, env = "ROLLCALL_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Where a server is.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// Certificates to trust instead of the public ones.
    pub ca: Option<PathBuf>,
}

/// An API key. Its secrets cannot be printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Credentials {
    /// SecretId.
    #[serde(alias = "secret_id")]
    pub secret_id: String,
    #[serde(alias = "secret_key")]
    secret_key: String,
    #[serde(alias = "token", default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Target {
    /// The data directory.
    ///
    /// # Errors
    /// When none is given and there is no home directory.
    pub fn data_dir(&self) -> Result<PathBuf, CliError> {
        if let Some(dir) = self.data_dir.as_ref().filter(|d| !d.as_os_str().is_empty()) {
            return Ok(dir.clone());
        }
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .map(|base| base.join("rollcall"))
            .ok_or_else(|| {
                CliError::usage("there is no home directory").next("name a data directory with --data-dir")
            })
    }

    /// Whether the user named a server, so that a data directory is not looked at for one.
    pub fn names_a_server(&self) -> bool {
        self.named_endpoint().is_some()
    }

    /// Whether the server that holds the data directory has left its address there.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn server_is_up(&self) -> Result<bool, CliError> {
        Ok(read_endpoint(&self.data_dir()?)?.is_some())
    }

    fn named_endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref().map(str::trim).filter(|e| !e.is_empty())
    }

    /// A client of the server these options mean.
    ///
    /// # Errors
    /// When there is no key or the address cannot be used.
    pub fn client(&self) -> Result<Client, CliError> {
        Ok(Client::new(&self.endpoint()?, self.credentials()?)?)
    }

    /// A client of the server running on the data directory, with that directory's key.
    ///
    /// # Errors
    /// When the directory has no key, or another server's key would be used.
    pub fn local_client(&self) -> Result<Client, CliError> {
        let credentials = match Credentials::load(&self.data_dir()?)? {
            Some(credentials) => credentials,
            None => self.credentials()?,
        };
        Ok(Client::new(&self.endpoint()?, credentials)?)
    }

    fn endpoint(&self) -> Result<Endpoint, CliError> {
        let url = match self.named_endpoint() {
            Some(url) => url.to_owned(),
            None => read_endpoint(&self.data_dir()?)?.unwrap_or_else(|| format!("http://{DEFAULT_LISTEN}")),
        };
        refuse_plain_http(&url)?;
        Ok(Endpoint { url, ca: self.ca.clone() })
    }

    fn credentials(&self) -> Result<Credentials, CliError> {
        if let Some(from_env) = Credentials::from_env()? {
            return Ok(from_env);
        }
        let dir = self.data_dir()?;
        Credentials::load(&dir)?.ok_or_else(|| {
            CliError::new(format!("there is no key to sign with (no {})", dir.join(CREDENTIALS_FILE).display())).next(
                "set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or name the server's data directory with --data-dir",
            )
        })
    }
}

/// Only the signature protects the key on plain HTTP; the answer, people's data, is open to everyone on the way.
fn refuse_plain_http(url: &str) -> Result<(), CliError> {
    let Some(rest) = url.strip_prefix("http://") else { return Ok(()) };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = if authority.starts_with('[') {
        authority.split_inclusive(']').next().unwrap_or_default()
    } else {
        authority.split(':').next().unwrap_or_default()
    };
    if !is_loopback(host) {
        crate::output::note(
            "warning: plain HTTP; everyone on the way can read the answers (use https:// and --ca)",
        );
    }
    Ok(())
}

impl Credentials {
    /// A key from its parts.
    pub fn new(secret_id: &str, secret_key: &str, token: Option<&str>) -> Self {
        let token = token.filter(|t| !t.is_empty()).map(str::to_owned);
        Self { secret_id: secret_id.to_owned(), secret_key: secret_key.to_owned(), token }
    }

    /// The form the signer takes.
    pub fn signing_key(&self) -> tc3::v3::Key<'_> {
        tc3::v3::Key {
            secret_id: &self.secret_id,
            secret_key: &self.secret_key,
            token: self.token.as_deref(),
        }
    }

    /// The key in `DIR/credentials.toml`; `None` when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read or is not understood. The message never quotes it.
    pub fn load(dir: &Path) -> Result<Option<Self>, CliError> {
        let path = dir.join(CREDENTIALS_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(CliError::io(format!("could not read {}", path.display()), &e)),
        };
        // The parser's own message shows the line, which may hold the secret.
        let parsed = toml::from_str(&text);
        parsed.map(Some).map_err(|_| {
            CliError::new(format!("{} is not understood", path.display()))
                .next("it has to hold SecretId = \"…\" and SecretKey = \"…\" (and Token for a temporary key)")
        })
    }

    /// Writes `DIR/credentials.toml`, readable by its owner only.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), CliError> {
        let text =
            toml::to_string(self).map_err(|e| CliError::new(format!("could not write the key: {e}")))?;
        file::write(&dir.join(CREDENTIALS_FILE), text.as_bytes(), true)
    }

    fn from_env() -> Result<Option<Self>, CliError> {
        let get = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
        match (get("TENCENTCLOUD_SECRET_ID"), get("TENCENTCLOUD_SECRET_KEY")) {
            (Some(id), Some(key)) => Ok(Some(Self::new(&id, &key, get("TENCENTCLOUD_TOKEN").as_deref()))),
            (None, None) => Ok(None),
            _ => {
                Err(CliError::usage("only one of TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY is set")
                    .next("set both or neither"))
            }
        }
    }
}

/// What the server running on `dir` wrote; `None` when none is running.
fn read_endpoint(dir: &Path) -> Result<Option<String>, CliError> {
    let path = dir.join(ENDPOINT_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|t| !t.is_empty())),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(CliError::io(format!("could not read {}", path.display()), &e)),
    }
}

/// Leaves the address of a running server in its data directory, and takes it away again when dropped.
pub struct EndpointFile(PathBuf);

impl EndpointFile {
    /// Writes `DIR/endpoint`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(dir: &Path, url: &str) -> Result<Self, CliError> {
        let path = dir.join(ENDPOINT_FILE);
        file::write(&path, format!("{url}\n").as_bytes(), false)?;
        Ok(Self(path))
    }
}

impl Drop for EndpointFile {
    fn drop(&mut self) {
        // A file that stays only costs the next command a refused connection.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(dir: &Path, endpoint: Option<&str>) -> Target {
        Target { data_dir: Some(dir.to_owned()), endpoint: endpoint.map(str::to_owned), ca: None }
    }

    #[test]
    fn a_saved_key_is_private_and_comes_back() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        assert!(Credentials::load(dir.path()).unwrap().is_none());
        Credentials::new("AKID1", "s\"e", Some("tok")).save(dir.path()).unwrap();
        let back = Credentials::load(dir.path()).unwrap().unwrap();
        assert_eq!((back.secret_key.as_str(), back.token.as_deref()), ("s\"e", Some("tok")));
        let mode = fs::metadata(dir.path().join(CREDENTIALS_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_key_file_is_never_quoted() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(CREDENTIALS_FILE), "SecretKey = \"hunter2").unwrap();
        let error = Credentials::load(dir.path()).err().unwrap();
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn the_running_server_is_found() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(target(dir.path(), None).endpoint().unwrap().url, "http://127.0.0.1:9321");
        let left = EndpointFile::write(dir.path(), "http://127.0.0.1:4000").unwrap();
        assert_eq!(target(dir.path(), None).endpoint().unwrap().url, "http://127.0.0.1:4000");
        assert_eq!(target(dir.path(), Some("https://x")).endpoint().unwrap().url, "https://x");
        assert_eq!(target(dir.path(), Some(" ")).endpoint().unwrap().url, "http://127.0.0.1:4000");
        drop(left);
        assert_eq!(target(dir.path(), None).endpoint().unwrap().url, "http://127.0.0.1:9321");
    }
}
