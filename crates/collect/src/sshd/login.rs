//! Whether an account can log in, and how: the settings in force, the lists, the password's class, the keys and the
//! shell put together. Day-dependent states (expiry) are not considered: they are laid over the answer later.
//! The tables behind it were tried with real logins against OpenSSH 9.2 with and without PAM.

use super::access::{Access, access};
use super::effective::{Effective, RootLogin};
use super::evaluate::{Evaluation, Subject};
use super::parse::Place;

/// Class of the password field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// A password can match.
    Usable,
    /// Starts with `!`: locked, whether or not a hash follows.
    Locked,
    /// `*` or anything else that no password matches, without being locked for sshd.
    NoPassword,
    /// Empty: no password needed where that is permitted.
    Empty,
    /// Could not be read.
    Unknown,
}

/// Keys that sshd would take for the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// None.
    None,
    /// At least one without a command of its own.
    Plain,
    /// Only keys with `command=`.
    OnlyForced,
    /// Could not be read.
    Unknown,
}

/// The login shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// Runs and allows work.
    Ok,
    /// Runs and says goodbye: `nologin`, `false`, `sync` and their like.
    Refuses,
    /// Missing or not executable: sshd itself refuses the login.
    Unusable,
    /// Not known.
    Unknown,
}

/// An answer about logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes from everywhere.
    Yes,
    /// No from everywhere.
    No,
    /// Depends on where the connection comes from.
    Conditional,
    /// A source that decides it could not be read.
    Unknown,
}

impl Answer {
    fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    /// Both are needed.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Conditional, _) | (_, Self::Conditional) => Self::Conditional,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// Either will do.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Conditional, _) | (_, Self::Conditional) => Self::Conditional,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::No, Self::No) => Self::No,
        }
    }

    /// The answers of two connections taken together.
    fn across(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (a, b) if a == b => a,
            _ => Self::Conditional,
        }
    }

    /// Whether it is yes from somewhere; `None` when unknown.
    pub fn possible(self) -> Option<bool> {
        match self {
            Self::Yes | Self::Conditional => Some(true),
            Self::No => Some(false),
            Self::Unknown => None,
        }
    }
}

/// How an account can authenticate to sshd, the shell aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// A password alone is enough.
    pub password: Answer,
    /// A key alone is enough.
    pub key: Answer,
    /// A key and a password together are enough (AuthenticationMethods).
    pub both_needed: Answer,
    /// Authentication succeeds in some way.
    pub authenticates: Answer,
    /// A session with the account's shell comes about.
    pub ssh_login: Answer,
    /// Lines that made an answer conditional or negative.
    pub because: Vec<Place>,
}

impl Login {
    /// The vendor's login type, given a usable shell: 0 none, 1 key, 2 password, 3 both; `None` when unknown. Where a
    /// key *and* a password are needed it is 1: no password gets in without the key.
    pub fn login_type(&self) -> Option<u16> {
        let password = self.password.possible()?;
        let key = self.key.or(self.both_needed).possible()?;
        Some(u16::from(key) + 2 * u16::from(password))
    }
}

/// Decides for an account; conditional blocks that lead to another answer make it conditional.
pub fn login(evaluation: &Evaluation, subject: Subject<'_>, hash: Hash, keys: Keys, shell: Shell) -> Login {
    let decide = |effective: &Effective| decide(effective, subject, hash, keys, shell);
    let neutral = decide(&evaluation.neutral);
    let mut result = neutral.clone();
    let conditional = evaluation.conditional.iter().map(|block| (&block.effective, Some(&block.place)));
    for (effective, place) in conditional.chain(evaluation.together.iter().map(|all| (all, None))) {
        let other = decide(effective);
        let same = |l: &Login| (l.password, l.key, l.both_needed, l.authenticates, l.ssh_login);
        if same(&other) != same(&neutral) {
            result.because.extend(place.cloned());
        }
        result.password = result.password.across(other.password);
        result.key = result.key.across(other.key);
        result.both_needed = result.both_needed.across(other.both_needed);
        result.authenticates = result.authenticates.across(other.authenticates);
        result.ssh_login = result.ssh_login.across(other.ssh_login);
    }
    if evaluation.truncated {
        let unsure = |answer: &mut Answer| *answer = answer.across(Answer::Unknown);
        [&mut result.password, &mut result.key, &mut result.authenticates, &mut result.ssh_login]
            .into_iter()
            .for_each(unsure);
    }
    result
}

/// Whether a password gets in at the console where no sshd is installed.
pub fn console_login(hash: Hash, shell: Shell) -> Answer {
    let password = match hash {
        // pam_unix lets an empty password in at the console (nullok).
        Hash::Usable | Hash::Empty => Answer::Yes,
        Hash::Locked | Hash::NoPassword => Answer::No,
        Hash::Unknown => Answer::Unknown,
    };
    password.and(shell_allows(shell))
}

fn shell_allows(shell: Shell) -> Answer {
    match shell {
        Shell::Ok => Answer::Yes,
        Shell::Refuses | Shell::Unusable => Answer::No,
        Shell::Unknown => Answer::Unknown,
    }
}

fn decide(effective: &Effective, subject: Subject<'_>, hash: Hash, keys: Keys, shell: Shell) -> Login {
    let mut because = Vec::new();
    let lists = match access(effective, subject) {
        Access::Yes(_) => Answer::Yes,
        Access::No(_, place) => {
            because.push(place);
            Answer::No
        }
        Access::Conditional(_, place) => {
            because.push(place);
            Answer::Conditional
        }
    };
    let entry = lists.and(unlocked(effective, hash)).and(runnable(effective, shell));
    let methods = Methods::of(effective, subject, hash, keys);
    let password = entry.and(methods.alone(&["password", "keyboard-interactive"]));
    let key = entry.and(methods.alone(&["publickey"]));
    let any = entry.and(methods.any());
    let both_needed = if password.or(key).possible() == Some(true) { Answer::No } else { any };
    Login { password, key, both_needed, authenticates: any, ssh_login: any.and(shell_allows(shell)), because }
}

/// Without PAM sshd itself turns locked accounts away, keys or not.
fn unlocked(effective: &Effective, hash: Hash) -> Answer {
    match hash {
        _ if effective.use_pam => Answer::Yes,
        Hash::Locked => Answer::No,
        Hash::Unknown => Answer::Unknown,
        _ => Answer::Yes,
    }
}

/// sshd wants the shell to exist and to be executable, unless it changes the root directory.
fn runnable(effective: &Effective, shell: Shell) -> Answer {
    match shell {
        _ if effective.chroot.is_some() => Answer::Yes,
        Shell::Unusable => Answer::No,
        Shell::Unknown => Answer::Unknown,
        Shell::Ok | Shell::Refuses => Answer::Yes,
    }
}

/// Which methods would succeed for the account.
struct Methods<'a> {
    alternatives: &'a [Vec<String>],
    password: Answer,
    kbd_interactive: Answer,
    key: Answer,
    other: Answer,
}

impl<'a> Methods<'a> {
    fn of(effective: &'a Effective, subject: Subject<'_>, hash: Hash, keys: Keys) -> Self {
        let root = subject.uid == 0;
        let secret = match hash {
            _ if root && effective.root_login != RootLogin::Yes => Answer::No,
            Hash::Usable => Answer::Yes,
            Hash::Empty => Answer::of(effective.permit_empty),
            Hash::Locked | Hash::NoPassword => Answer::No,
            Hash::Unknown => Answer::Unknown,
        };
        let forced_only = root && effective.root_login == RootLogin::ForcedCommandsOnly;
        // Keys from a program and certificates cannot be looked at here.
        let elsewhere = effective.keys_command.is_some() || effective.trusted_ca.is_some();
        let key = match keys {
            _ if root && effective.root_login == RootLogin::No => Answer::No,
            Keys::Plain if !forced_only => Answer::Yes,
            Keys::OnlyForced => Answer::Yes,
            Keys::Unknown => Answer::Unknown,
            Keys::None | Keys::Plain if elsewhere => Answer::Unknown,
            Keys::None | Keys::Plain => Answer::No,
        };
        let hidden = effective.hostbased || effective.gssapi;
        Self {
            alternatives: &effective.methods,
            password: Answer::of(effective.password).and(secret),
            kbd_interactive: Answer::of(effective.kbd_interactive && effective.use_pam).and(secret),
            key: Answer::of(effective.pubkey).and(key),
            other: if hidden { Answer::Unknown } else { Answer::No },
        }
    }

    fn method(&self, name: &str) -> Answer {
        // `keyboard-interactive:pam` names a device.
        match name.split(':').next().unwrap_or_default() {
            "password" => self.password,
            "keyboard-interactive" => self.kbd_interactive,
            "publickey" => self.key,
            _ => self.other,
        }
    }

    /// One of the named methods is enough by itself.
    fn alone(&self, names: &[&str]) -> Answer {
        let usable = |name: &&&str| {
            self.alternatives.is_empty()
                || self
                    .alternatives
                    .iter()
                    .any(|list| list.iter().all(|method| method.split(':').next() == Some(**name)))
        };
        names.iter().filter(usable).map(|name| self.method(name)).fold(Answer::No, Answer::or)
    }

    /// Some alternative succeeds.
    fn any(&self) -> Answer {
        if self.alternatives.is_empty() {
            return self.password.or(self.kbd_interactive).or(self.key);
        }
        let whole = |list: &Vec<String>| list.iter().map(|m| self.method(m)).fold(Answer::Yes, Answer::and);
        self.alternatives.iter().map(whole).fold(Answer::No, Answer::or)
    }
}
