//! What each action does: one handler for each, one file for each noun (`eiam`, `cwp`, `rollcall`), on top of the
//! store that remembers and the rosters that answer. Knows neither HTTP nor SQL.

mod as_of;
mod call;
mod caller;
pub mod checks;
pub mod clock;
mod contacts;
mod cwp;
mod directory;
mod dispatch;
mod eiam;
mod errors;
mod exports;
mod fleet;
mod housekeeping;
mod ids;
mod keyring;
mod labels;
mod observer;
pub mod offline;
mod packages;
mod paging;
mod readers;
mod rollcall;
mod scans;
mod secrets;
mod service;
mod times;

pub use call::call;
pub use caller::Caller;
pub use clock::Clock;
pub use exports::Download;
pub use keyring::{Keyring, LiveKey};
pub use packages::Packages;
pub use service::{DEFAULT_TENANT, FirstKey, Gauges, OpenError, Service, Settings};
pub use wire::Body;
