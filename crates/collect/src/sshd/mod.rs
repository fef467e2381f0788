//! What sshd would let an account do, from the text of sshd_config: the parser with includes and Match blocks, the
//! keywords in force for an account when nothing is known of the connection, the blocks that would change them, and
//! the decision over allow lists, passwords and keys. Pure: files come through [`crate::config_files::Files`].
//! Reading keys is `crate::keys`. Sources: sshd_config(5), OpenSSH's servconf.c, auth.c and match.c.

mod access;
mod effective;
mod evaluate;
mod glob;
mod login;
mod parse;
mod pattern;
#[cfg(test)]
mod tests;
mod words;

pub use access::{Access, access};
pub use effective::{Effective, Listed, RootLogin, Version};
pub use evaluate::{Conditional, Connection, Evaluation, MAX_BLOCKS, Subject, evaluate, evaluate_for};
pub use login::{Answer, Hash, Keys, Login, Shell, console_login, login};
pub use parse::{Config, Finding, MAX_BYTES, MAX_DEPTH, MAX_FILES, MAX_FINDINGS, Place, Problem, load};
