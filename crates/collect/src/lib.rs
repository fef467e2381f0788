//! Reads the accounts of a host off its root directory: pure parsers beside thin readers. The result is raw facts
//! with evidence (`model::facts`); verdicts are drawn elsewhere. Nothing here touches the network, runs a program,
//! asks a name service or lets a password hash out.

mod access;
mod account_files;
mod addresses;
pub mod config_files;
pub mod etc;
pub mod home;
pub mod keys;
mod last_login;
pub mod logins;
mod machine;
pub mod patience;
pub mod root;
mod scan;
mod shell;
pub mod sshd;
pub mod sudoers;
mod text;

pub use access::{key_fact, sudo_facts, sudo_section};
pub use scan::{Options, scan, scan_noting};
pub use shell::is_interactive;
