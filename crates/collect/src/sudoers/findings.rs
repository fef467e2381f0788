//! What sudo would complain about or ignore, with file and line: evidence beside the rights.

use std::sync::Arc;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The entry does not follow the grammar; sudo 1.9 and later skips it and goes on.
    Syntax,
    /// The alias has a definition already; the first one counts.
    AliasRedefined,
    /// An included file is not there.
    Missing,
    /// The reader has no right to the file.
    Denied,
    /// The file is larger than the reader's limit.
    TooLarge,
    /// Not a regular file.
    NotRegular,
    /// The system failed to read it.
    Failed,
    /// Not owned by root, or writable by group or others: ignored by sudo and here.
    Insecure,
    /// Includes nested deeper than 128 levels, or too many files or bytes in all.
    TooMuch,
    /// Rights may also come from a source that is not read (LDAP, SSSD, another plugin).
    OtherSource,
}

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// File it is about.
    pub file: Arc<str>,
    /// Line, from 1; 0 when it is about the whole file.
    pub line: u32,
    /// What is wrong.
    pub problem: Problem,
    /// What exactly, in English.
    pub detail: String,
}
