//! Handlers of the workforce directory, service `eiam`. One file for each noun and verb.

pub mod users;
