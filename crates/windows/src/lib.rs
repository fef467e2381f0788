//! The accounts of a Windows host: read offline from its registry hives, or live from its own interfaces. The result
//! is raw facts with evidence (`model::facts`); verdicts are drawn elsewhere. Nothing here touches the network, and
//! nothing here reads the entries that hold password hashes.
#![cfg_attr(not(windows), forbid(unsafe_code))]

mod account;
mod bytes;
mod groups;
pub mod hive;
pub mod live;
pub mod offline;
mod report;
pub mod sam;
mod sid;
pub mod software;
pub mod system;
mod text;
mod time;

pub use account::{Account, Flags, Policy, State};
pub use groups::Groups;
pub use sid::Sid;
pub use text::Name;
