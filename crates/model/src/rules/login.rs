//! Rules of logging in: which methods the SSH server, the password's class, the keys and the shell leave open.
//! Three-valued: `None` is unknown and survives unless something known decides.

use crate::{
    LoginType,
    facts::{AccountFacts, AuthorizedKey, HashClass, KeyFacts, PermitRoot, ShellFacts, SshFacts},
};

/// Which methods would authenticate an account that has not expired; `None` is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Methods {
    /// With a key (perhaps together with a password, where the server asks for both).
    pub key: Option<bool>,
    /// With a password and no key.
    pub password: Option<bool>,
}

impl Methods {
    const NONE: Methods = Methods { key: Some(false), password: Some(false) };
    const UNKNOWN: Methods = Methods { key: None, password: None };

    /// As the vendor's login type; unknown unless both are known.
    pub fn login_type(self) -> Option<LoginType> {
        Some(match (self.key?, self.password?) {
            (false, false) => LoginType::None,
            (true, false) => LoginType::Key,
            (false, true) => LoginType::Password,
            (true, true) => LoginType::Both,
        })
    }
}

/// What the account list shows.
pub(super) struct Outcome {
    pub login_type: Option<LoginType>,
    pub ssh_login: Option<bool>,
}

/// Login type and SSH login. A shell that refuses sessions leaves neither, although authentication may pass: see
/// [`auth_methods`] for that. Without an SSH server the login type is that of the console.
pub(super) fn outcome(facts: &AccountFacts, nologin: Option<bool>) -> Outcome {
    let shell = shell_allows(&facts.shell_facts);
    let kept_out = nologin == Some(true) && facts.uid != Some(0);
    if facts.ssh.installed == Some(false) {
        let password = has_password(facts).map(|usable| usable && shell && !kept_out);
        let console = Methods { key: Some(false), password };
        return Outcome { login_type: console.login_type(), ssh_login: Some(false) };
    }
    let mut methods = auth_methods(facts);
    if methods != Methods::UNKNOWN && (!shell || kept_out) {
        methods = Methods::NONE;
    }
    Outcome { login_type: methods.login_type(), ssh_login: or(methods.key, methods.password) }
}

/// Whether the shell lets somebody work: it exists, can be executed and is not made to refuse.
pub fn shell_allows(shell: &ShellFacts) -> bool {
    shell.interactive && (!shell.evidence.is_complete() || (shell.exists && shell.executable))
}

/// Which methods pass authentication over SSH, whatever the shell then does (port forwarding and sftp may still work).
/// Unknown as a whole when the configuration or the shadow row was not readable. sshd's own order: lock, shell,
/// allow and deny lists, root rule, then the methods.
pub fn auth_methods(facts: &AccountFacts) -> Methods {
    let ssh = &facts.ssh;
    if !ssh.evidence.is_complete() || ssh.installed.is_none() || facts.password.class == HashClass::Unknown {
        return Methods::UNKNOWN;
    }
    let shell = &facts.shell_facts;
    if shell.evidence.is_complete() && !(shell.exists && shell.executable) {
        return Methods::NONE;
    }
    let admitted = and(ssh.allowed.choice.possible(), unlocked(facts));
    let empty = facts.password.class == HashClass::Empty;
    let possible = Possible {
        key: and(admitted, key_possible(facts)),
        password: and(admitted, password_possible(facts)),
        interactive: and(admitted, kbd_interactive_possible(facts)),
        none: and(and(admitted, Some(empty)), password_matches(facts)),
    };
    combine(&ssh.auth_methods, &possible)
}

/// sshd without PAM refuses a locked account outright; with PAM a key still works.
fn unlocked(facts: &AccountFacts) -> Option<bool> {
    if facts.password.class.is_locked() { facts.ssh.use_pam } else { Some(true) }
}

/// What each method of sshd would do by itself; `None` unknown.
struct Possible {
    key: Option<bool>,
    password: Option<bool>,
    interactive: Option<bool>,
    none: Option<bool>,
}

impl Possible {
    /// All methods of one alternative of AuthenticationMethods, such as `publickey,keyboard-interactive:pam`.
    fn all_of(&self, list: &str) -> Option<bool> {
        let mut passes = Some(true);
        for method in method_names(list) {
            let possible = match method {
                "publickey" => self.key,
                "password" => self.password,
                "keyboard-interactive" => self.interactive,
                "none" => self.none,
                // Host keys and Kerberos cannot be judged from the account.
                _ => None,
            };
            passes = and(passes, possible);
        }
        passes
    }
}

fn method_names(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(|method| method.split(':').next().unwrap_or(method).trim())
}

/// Applies AuthenticationMethods. An alternative that needs a key counts as "key", even if it needs a password too:
/// then a password alone does not do.
fn combine(alternatives: &[String], possible: &Possible) -> Methods {
    if alternatives.is_empty() || alternatives.iter().any(|list| list.trim() == "any") {
        return Methods { key: possible.key, password: or(possible.password, possible.interactive) };
    }
    let mut methods = Methods::NONE;
    for list in alternatives {
        let passes = possible.all_of(list);
        if method_names(list).any(|method| method == "publickey") {
            methods.key = or(methods.key, passes);
        } else {
            methods.password = or(methods.password, passes);
        }
    }
    methods
}

fn has_password(facts: &AccountFacts) -> Option<bool> {
    match facts.password.class {
        HashClass::Unknown => None,
        class => Some(matches!(class, HashClass::Usable | HashClass::Empty)),
    }
}

/// Whether a password could match over the network: an empty one only if the server permits it.
fn password_matches(facts: &AccountFacts) -> Option<bool> {
    let matches = match facts.password.class {
        HashClass::Empty => facts.ssh.permit_empty.possible(),
        _ => has_password(facts),
    };
    let root_rule = match (facts.uid, facts.ssh.permit_root) {
        (Some(0), PermitRoot::Unknown) => None,
        (Some(0), rule) => Some(rule == PermitRoot::Yes),
        _ => Some(true),
    };
    and(matches, root_rule)
}

fn password_possible(facts: &AccountFacts) -> Option<bool> {
    and(facts.ssh.password.possible(), password_matches(facts))
}

/// Keyboard-interactive asks PAM; without PAM it has nobody to ask.
fn kbd_interactive_possible(facts: &AccountFacts) -> Option<bool> {
    and(and(facts.ssh.kbd_interactive.possible(), facts.ssh.use_pam), password_matches(facts))
}

fn key_possible(facts: &AccountFacts) -> Option<bool> {
    let ssh = &facts.ssh;
    let any = |key: &AuthorizedKey| key.effective;
    let forced = |key: &AuthorizedKey| key.effective && key.forced_command;
    let key = match (facts.uid, ssh.permit_root) {
        (Some(0), PermitRoot::No) => Some(false),
        (Some(0), PermitRoot::Unknown) => None,
        // A certificate may carry a forced command of its own, which nobody here can see.
        (Some(0), PermitRoot::ForcedCommandsOnly) => has_key(&facts.keys, ssh, forced, None),
        _ => has_key(&facts.keys, ssh, any, Some(true)),
    };
    and(ssh.pubkey.possible(), key)
}

fn has_key(
    keys: &KeyFacts,
    ssh: &SshFacts,
    counts: impl Fn(&AuthorizedKey) -> bool,
    certificate: Option<bool>,
) -> Option<bool> {
    if keys.keys.iter().any(counts) {
        return Some(true);
    }
    if ssh.trusted_ca {
        return certificate;
    }
    (keys.evidence.is_complete() && !ssh.keys_command).then_some(false)
}

fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    and(a.map(|a| !a), b.map(|b| !b)).map(|neither| !neither)
}
