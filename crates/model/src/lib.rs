//! The nouns of Rollcall and the pure rules between them: people, hosts, accounts, keys, tasks; what a host
//! reported (`facts`) and the functions that turn facts and a day into states (`rules`, `account`).
//! Knows neither wire names nor SQL nor clocks: a day or an instant always comes in as an argument.

pub mod account;
pub mod agent;
pub mod credential;
pub mod facts;
pub mod host;
pub mod label;
pub mod org;
pub mod person;
pub mod resources;
pub mod rows;
pub mod rules;
pub mod task;
pub mod tenant;

pub use account::{Account, AccountView, LoginType, PasswordStatus, States, Uid, UserType};
pub use agent::{Agent, AgentState, EnrolmentToken, Scan, ScanState};
pub use credential::{Credential, KeyState, Role};
pub use host::{Contact, Host, HostEntry, HostRecord, HostState};
pub use label::{ClearedHost, HostDay, HostTag, Labels, Tag, TagsChanged};
pub use org::OrgNode;
pub use person::{Person, PersonPatch, PersonStatus};
pub use resources::{Resources, Usage};
pub use task::{ExportFormat, ExportTask, TaskState};
pub use tenant::{Tenant, TenantId};

/// Milliseconds since the UNIX epoch, UTC.
pub type Millis = i64;
/// Days since 1970-01-01, UTC: the unit of shadow(5).
pub type Day = i32;
