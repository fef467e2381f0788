//! The tokens of a sudoers file, as sudo's own grammar names them. How they are recognised is in `lex`.

/// Which set of names an alias line defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AliasKind {
    /// `User_Alias`.
    User,
    /// `Host_Alias`.
    Host,
    /// `Cmnd_Alias` and `Cmd_Alias`.
    Command,
    /// `Runas_Alias`.
    Runas,
}

/// Whom a `Defaults` line binds to, by its punctuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Generic,
    User,
    Runas,
    Host,
    Command,
}

/// `NAME=value` options in front of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opt {
    Cwd,
    Chroot,
    Timeout,
    NotBefore,
    NotAfter,
    Role,
    Type,
    AppArmor,
}

/// Command tags, each with its `NO` form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    NoPasswd(bool),
    NoExec(bool),
    SetEnv(bool),
    /// Logging, mail, intercept and follow tags: no effect on what is permitted.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Newline,
    Eof,
    Word(String),
    Group(String),
    Netgroup(String),
    Alias(String),
    Net(String),
    All,
    Command {
        path: String,
        args: Option<String>,
    },
    DefaultName(String),
    Tag(Tag),
    Opt(Opt),
    /// `sha224` to `sha512`; the number of digest bytes.
    DigestKind(usize),
    Digest(String),
    Defaults(Scope),
    AliasLine(AliasKind),
    Include,
    IncludeDir,
    /// `, : = ! ( )` and, in Defaults, `+` and `-` for `+=` and `-=`.
    Sign(u8),
    /// The scanner refused the text; says why.
    Bad(&'static str),
}
