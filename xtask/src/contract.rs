//! The contract, `api/*.json`, as types, checked where the generated code relies on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Anything that stops a chore; shown to the person who ran it.
pub type Error = Box<dyn std::error::Error>;

/// Services with a file of their own, in the order of their modules.
pub const SERVICES: [&str; 3] = ["eiam", "cwp", "rollcall"];

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// All files together.
pub struct Contract {
    /// Services in the order of [`SERVICES`].
    pub services: Vec<Service>,
    /// Every error code of every file, texts included.
    pub codes: BTreeMap<String, ErrorCode>,
}

/// `api/common.json`.
#[derive(Deserialize)]
struct Common {
    parameters: Vec<String>,
    error_codes: BTreeMap<String, ErrorCode>,
}

/// One service.
#[derive(Deserialize)]
pub struct Service {
    /// Name in lower case.
    pub service: String,
    /// API version, `2021-04-20`.
    pub version: String,
    /// Actions by name.
    pub actions: BTreeMap<String, Action>,
    /// Structs by name.
    pub structs: BTreeMap<String, Struct>,
    /// Error codes by name.
    pub error_codes: BTreeMap<String, ErrorCode>,
}

/// One action.
#[derive(Deserialize)]
pub struct Action {
    /// One English sentence.
    pub summary: String,
    /// The same in Chinese.
    pub summary_zh: String,
    /// `read`, `write…` or `starts a task`.
    pub kind: String,
    /// Roles that may call it.
    pub roles: Vec<String>,
    /// Path of the handler below the service's module; absent when this server does not answer it.
    pub handler: Option<String>,
    /// `default` when only keys of the default tenant may call it.
    pub tenant: Option<String>,
    /// Parameters.
    pub request: Vec<Field>,
    /// Members of the answer.
    pub response: Vec<Field>,
    /// Its own error codes.
    pub error_codes: Vec<String>,
}

/// One struct.
#[derive(Deserialize)]
pub struct Struct {
    /// `requests`, `responses` or both.
    pub used_in: String,
    /// What it is.
    pub note: String,
    /// Members.
    pub fields: Vec<Field>,
}

/// One parameter or member.
#[derive(Deserialize)]
pub struct Field {
    /// Name on the wire.
    pub name: String,
    /// `string`, `integer`, `boolean`, `number` or `object`; a string may say its form in brackets.
    #[serde(rename = "type")]
    pub kind: String,
    /// `int64` or `uint64`.
    pub int_kind: Option<String>,
    /// Name of the struct of an object.
    #[serde(rename = "struct")]
    pub structure: Option<String>,
    /// Whether it is a list.
    pub list: bool,
    /// Requests: whether it has to be there.
    #[serde(default)]
    pub required: bool,
    /// Responses: whether it may be null.
    #[serde(default)]
    pub nullable: bool,
    /// Whether it must never be logged.
    #[serde(default)]
    pub secret: bool,
    /// What it is.
    pub note: String,
    /// Longest text, in characters.
    pub max_length: Option<u64>,
    /// Largest number.
    pub max: Option<u64>,
    /// Longest list.
    pub max_items: Option<u64>,
    /// Allowed values.
    #[serde(rename = "enum")]
    pub allowed: Option<Vec<serde_json::Value>>,
    /// Value when absent.
    pub default: Option<serde_json::Value>,
    /// Names to sort by.
    pub sort_keys: Option<Vec<String>>,
}

/// One error code.
#[derive(Deserialize, Clone, PartialEq)]
pub struct ErrorCode {
    /// When it is answered.
    pub meaning: String,
    /// English sentence.
    pub en: String,
    /// Chinese sentence.
    pub zh: String,
    /// English sentence with the parameter.
    pub en_field: Option<String>,
    /// Chinese sentence with the parameter.
    pub zh_field: Option<String>,
    /// Name in code, where the derived one would mislead.
    pub variant: Option<String>,
}

impl ErrorCode {
    fn same_texts(&self, other: &Self) -> bool {
        (&self.en, &self.zh, &self.en_field, &self.zh_field, &self.variant)
            == (&other.en, &other.zh, &other.en_field, &other.zh_field, &other.variant)
    }
}

impl Contract {
    /// Reads and checks all files.
    pub fn load() -> Result<Self, Error> {
        let common: Common = read("common")?;
        let mut codes = common.error_codes;
        let mut services = Vec::new();
        for name in SERVICES {
            let service: Service = read(name)?;
            if service.service != name {
                return Err(format!("api/{name}.json says its service is {}", service.service).into());
            }
            for (code, texts) in &service.error_codes {
                let known = codes.entry(code.clone()).or_insert_with(|| texts.clone());
                if !known.same_texts(texts) {
                    return Err(format!("api/{name}.json: {code} has other texts elsewhere").into());
                }
            }
            services.push(service);
        }
        let contract = Self { services, codes };
        for service in &contract.services {
            contract.check(service, &common.parameters)?;
        }
        Ok(contract)
    }

    fn check(&self, service: &Service, common: &[String]) -> Result<(), Error> {
        let place = format!("api/{}.json", service.service);
        for (name, action) in &service.actions {
            if let Some(code) = action.error_codes.iter().find(|code| !self.codes.contains_key(*code)) {
                return Err(format!("{place}: {name} names an unknown code {code}").into());
            }
            if let Some(field) = action.request.iter().find(|field| common.contains(&field.name)) {
                // Forms could not tell the two apart. `Token` and its kin may only be answered.
                let path = format!("{name}.{}", field.name);
                if !ALLOWED_CLASHES.contains(&path.as_str()) {
                    return Err(format!("{place}: {path} is also a common parameter").into());
                }
            }
            service.check_fields(name, &action.request)?;
            service.check_fields(name, &action.response)?;
        }
        for (name, structure) in &service.structs {
            service.check_fields(name, &structure.fields)?;
        }
        Ok(())
    }
}

/// Parameters that share their name with a common one: only reachable with signature version 3 bodies.
const ALLOWED_CLASHES: [&str; 2] = ["ModifyKeyStatus.SecretId", "DeleteKey.SecretId"];

impl Service {
    fn check_fields(&self, owner: &str, fields: &[Field]) -> Result<(), Error> {
        let mut names = BTreeSet::new();
        for field in fields {
            let path = format!("{}: {owner}.{}", self.service, field.name);
            if !names.insert(crate::generate::names::snake_case(&field.name)) {
                return Err(format!("{path} is named twice").into());
            }
            if let Some(structure) = &field.structure
                && !self.structs.contains_key(structure)
            {
                return Err(format!("{path} is of an unknown struct {structure}").into());
            }
        }
        Ok(())
    }
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> Result<T, Error> {
    let path = root().join("api").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}
