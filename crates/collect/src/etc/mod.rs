//! Parsers of the account files below /etc: bytes in, rows and notes out. They never fail: a line that makes no sense
//! is noted with its number and left out. Opening files and joining rows into accounts do not belong here.

pub mod group;
pub mod hash;
pub mod host;
pub mod lines;
pub mod login_defs;
pub mod passwd;
pub mod shadow;
pub mod sources;

pub use lines::{Notes, Parsed};
