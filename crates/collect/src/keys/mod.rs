//! The text of authorized_keys: lines, options and public keys, and whether sshd would take each of them at an
//! instant. Reading files, StrictModes and where the files lie do not belong here. A line sshd would skip is kept as
//! a bad line or as a key with the reason, never guessed into a key. Sources: sshd(8) AUTHORIZED_KEYS FILE FORMAT,
//! OpenSSH's auth2-pubkeyfile.c, auth-options.c and sshkey.c.

mod blob;
mod line;
mod options;
#[cfg(test)]
mod tests;
mod time;

pub use blob::{Blob, BlobError, MAX_BLOB};
pub use line::{AuthorizedKeys, BadLine, Key, MAX_KEYS, MAX_LINE, parse};
pub use options::Options;
